//! The examples in the help of every command, run against the mock.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use mock_retool::{Options, User, UserAttribute};
use tempfile::TempDir;

use crate::command::{Ran, Server, run};

/// The address in the examples, which stands for the mock's.
const URL: &str = "https://acme.retool.com";

/// Returns the names of the commands in a help, without `help` itself.
fn commands(of: &[&str]) -> Vec<String> {
    let help = run(&[of, &["--help"]].concat()).stdout;
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Returns the examples in the help of a command, each as one line.
fn examples(of: &[&str]) -> Vec<String> {
    let help = run(&[of, &["--help"]].concat()).stdout;
    let (_, list) = help.split_once("Example:\n").unwrap_or_else(|| panic!("{of:?}: {help}"));
    let list = list.replace("\\\n", " ");
    let lines = list.lines().take_while(|line| !line.is_empty());
    lines.map(|line| line.trim().to_owned()).collect()
}

/// A server, and a folder with the files that the examples name.
struct Setup {
    server: Server,
    folder: TempDir,
}

impl Setup {
    fn new() -> Setup {
        let server = Server::with(Options::default());
        server.mock.edit(|acme| {
            acme.attributes.push(UserAttribute::text("team"));
            for email in ["ada@example.com", "grace@example.com", "boss@example.com"] {
                let draft = User { is_admin: email.starts_with("boss"), ..User::new(email) };
                acme.add_user(draft).expect("a new address");
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file");
        };
        write("leavers.txt", "# leavers\nada@example.com\ngrace@example.com\n");
        write("employees.csv", "Work email,Status,Office\nada@example.com,Active,Paris\n");
        fs::create_dir_all(folder.path().join(".local/share/bash-completion/completions"))
            .expect("a folder");
        let exports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../roster/tests/exports");
        fs::copy(exports.join("entra.csv"), folder.path().join("users.csv")).expect("a file");
        Setup { server, folder }
    }

    fn command(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_retool-lifecycle"));
        let path = program.parent().expect("a folder").to_str().expect("UTF-8");
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", format!("{path}:/usr/bin:/bin"))
            .env("HOME", self.folder.path())
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("RETOOL_API_TOKEN", self.server.mock.token());
        command
    }

    fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(line).output().expect("a shell"))
    }

    /// Returns what the example does against the mock: with its address and token, without a log
    /// about which API it speaks, and once where it would go on.
    fn here(&self, example: &str) -> String {
        let line =
            example.replace(URL, &self.server.mock.base_url()).replace("RETOOL_API_TOKEN=...", "");
        let line = if line.contains(" changes ") { format!("{line} --once") } else { line };
        if !line.contains("--approve ") {
            return line;
        }
        let plan = fs::read(self.folder.path().join("plan.json")).expect("the plan");
        let plan: serde_json::Value = serde_json::from_slice(&plan).expect("JSON");
        line.replace("3f2a...", plan["digest"].as_str().expect("a digest"))
    }

    /// Makes what an example needs that it does not make itself.
    fn prepare(&self, command: &str, example: &str) {
        let write = |name: &str, text: &str| {
            fs::write(self.folder.path().join(name), text).expect("a file");
        };
        if example.contains("people.csv") && !example.contains("> people.csv") {
            let everyone = self.server.mock.state().users.into_iter();
            let everyone = everyone.filter(|user| !user.is_disabled);
            let lines: String = everyone.map(|user| user.email + "\n").collect();
            write("people.csv", &format!("email\n{lines}"));
        }
        let url = self.server.mock.base_url();
        let made = match command {
            "restore" if example.contains("ada.json") => {
                format!("deprovision --base-url {url} --email ada@example.com --tombstone ada.json")
            }
            "restore" => format!(
                "deprovision --base-url {url} --emails-from leavers.txt --tombstones leavers"
            ),
            "show" => format!("plan --base-url {url} --roster people.csv --out plan.json"),
            _ => return,
        };
        write("people.csv", "email\nada@example.com\n");
        let ran = self.run(&format!("retool-lifecycle {made}"));
        assert_eq!(ran.exit, 0, "{ran:#?}");
    }
}

/// Runs all examples of a command in one folder, in their order.
fn check(names: &[&str]) {
    let examples = examples(names);
    assert!(!examples.is_empty(), "{names:?}");
    let setup = Setup::new();
    for example in examples {
        let is_own = example.contains("retool-lifecycle ");
        assert!(is_own, "{names:?}: {example}");
        setup.prepare(names[0], &example);
        let line = setup.here(&example);
        if names == ["mock"] {
            serves(&setup, &line);
            continue;
        }
        let ran = setup.run(&line);
        assert_eq!(ran.exit, 0, "{line}\n{ran:#?}");
    }
}

/// Starts the mock of the example, reads its first line, and ends it.
fn serves(setup: &Setup, line: &str) {
    use std::io::{BufRead, BufReader};
    let line = format!("exec {}", line.replace("--port 8080", "--port 0"));
    let mut command = setup.command(&line);
    let mut mock = command.stdout(Stdio::piped()).spawn().expect("a shell");
    let mut first = String::new();
    let stdout = mock.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut first).expect("a line");
    mock.kill().expect("an end");
    mock.wait().expect("an end");
    assert!(first.contains("http://127.0.0.1:"), "{first}");
}

#[test]
fn every_example_in_the_help_works() {
    let mut checked = 0;
    for name in commands(&[]) {
        check(&[&name]);
        checked += 1;
        for sub in commands(&[&name]) {
            check(&[&name, &sub]);
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}
