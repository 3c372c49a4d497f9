//! Runs the command against a mock in this process.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use mock_retool::{Mock, Options};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A mock that serves while the command runs.
pub struct Server {
    pub mock: Mock,
    // It must be dropped after the mock, which it runs.
    _runtime: Runtime,
}

impl Server {
    pub fn start() -> Server {
        Server::with(Options::default())
    }

    pub fn with(options: Options) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mock = runtime.block_on(Mock::start(options)).expect("a mock");
        Server { mock, _runtime: runtime }
    }

    /// Runs the command with this server's address and token.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        run_with(
            arguments,
            &[
                ("RETOOL_BASE_URL", self.mock.base_url().as_str()),
                ("RETOOL_API_TOKEN", self.mock.token()),
            ],
        )
    }

    /// Returns the same command, for a test that runs it itself.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command
            .args(arguments)
            .env("RETOOL_BASE_URL", self.mock.base_url())
            .env("RETOOL_API_TOKEN", self.mock.token());
        command
    }

    /// Counts the requests that may have changed something.
    pub fn writes(&self) -> usize {
        let requests = self.mock.requests();
        requests.iter().filter(|request| request.is_write()).count()
    }

    /// Returns the person's account on the server.
    pub fn user(&self, email: &str) -> Option<mock_retool::User> {
        let state = self.mock.state();
        state.users.into_iter().find(|user| user.email == email)
    }

    /// Returns the addresses of enabled people who are not administrators.
    pub fn plain_people(&self) -> Vec<String> {
        let state = self.mock.state();
        let people = state.users.into_iter();
        people.filter(|user| !user.is_admin && !user.is_disabled).map(|user| user.email).collect()
    }
}

/// Runs the command without a server.
pub fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, &[])
}

pub fn run_with(arguments: &[&str], env: &[(&str, &str)]) -> Ran {
    let output = command()
        .args(arguments)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("the command");
    Ran::of(output)
}

/// Returns the command with an empty environment, except for the cache folder. The first command
/// compiles the component for all later ones.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retool-lifecycle"));
    command.env_clear().env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// The outcome of a run.
#[derive(Debug)]
pub struct Ran {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        Ran {
            exit: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Parses stdout as one JSON document; fails if there is anything else.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document: {error}\n{self:#?}"))
    }
}

/// A file that exists until it is dropped.
pub struct File {
    path: PathBuf,
    // Dropping the folder removes the file.
    _folder: TempDir,
}

impl File {
    pub fn new(name: &str, text: &str) -> File {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        File { path, _folder: folder }
    }

    pub fn path(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }
}
