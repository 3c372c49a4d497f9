//! The file of `--config`: switches as TOML. They are put before those of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, Parser};
use toml::{Table, Value};

use super::args::{Arguments, ConnectionArgs, RosterArgs, SyncArgs};
use super::failure::Failure;
use super::files;
use crate::guards::GuardArgs;

/// Why the arguments can't be used.
pub(crate) enum Error {
    Arguments(clap::Error),
    File(Failure),
}

/// Parses the command line, with the switches of the configuration file.
pub(crate) fn arguments(line: impl Iterator<Item = OsString>) -> Result<Arguments, Error> {
    let mut line: Vec<OsString> = line.collect();
    add_config(&mut line).map_err(|error| Error::File(Failure::Usage(error)))?;
    Arguments::try_parse_from(line).map_err(Error::Arguments)
}

/// Adds the switches of the file to the command line, after the name of the command; of
/// `groups add`, after `add`.
fn add_config(line: &mut Vec<OsString>) -> anyhow::Result<()> {
    // What is wrong with the arguments is reported when they are parsed with the file.
    let command = Arguments::command().ignore_errors(true);
    let Ok(given) = command.try_get_matches_from(&*line) else { return Ok(()) };
    let mut commands = Arguments::command();
    commands.build();
    let (mut given, mut known, mut at) = (&given, &commands, 0);
    while let Some((name, of_command)) = given.subcommand() {
        let Some(command) = known.find_subcommand(name) else { return Ok(()) };
        let Some(place) = line.iter().skip(at + 1).position(|argument| argument == name) else {
            return Ok(());
        };
        (given, known, at) = (of_command, command, at + 1 + place);
    }
    let path = given.try_get_one::<PathBuf>("config").ok().flatten();
    let Some(path) = path else { return Ok(()) };
    let bytes = files::read(path, files::MOST_BYTES)
        .with_context(|| format!("{} could not be read", path.display()))?;
    let switches = switches(&bytes, known, given)
        .with_context(|| format!("{} can't be used", path.display()))?;
    line.splice(at + 1..at + 1, switches.into_iter().map(OsString::from));
    Ok(())
}

/// The tables of the file. The keys of a table are switches without `--`.
const TABLES: [&str; 4] = ["connection", "roster", "policy", "guards"];

/// Switches that a file can't have: they are for one run, or name the file itself.
const NOT_IN_FILE: [&str; 4] = ["config", "expect", "verbose", "profile"];

/// Returns the table that a switch belongs to, and what it takes.
fn known_keys() -> Vec<(&'static str, Arg)> {
    let of = |table, command: Command| {
        let arguments: Vec<Arg> = command.get_arguments().cloned().collect();
        arguments.into_iter().map(move |argument| (table, argument))
    };
    let empty = || Command::new("");
    let mut keys: Vec<_> = of("connection", ConnectionArgs::augment_args(empty()))
        .chain(of("roster", RosterArgs::augment_args(empty())))
        .chain(of("guards", GuardArgs::augment_args(empty())))
        .collect();
    let is_other = |argument: &Arg| keys.iter().all(|(_, key)| key.get_id() != argument.get_id());
    let policy: Vec<_> = of("policy", SyncArgs::augment_args(empty()))
        .filter(|(_, argument)| is_other(argument))
        .collect();
    keys.extend(policy);
    keys.retain(|(_, key)| key.get_long().is_some_and(|long| !NOT_IN_FILE.contains(&long)));
    keys
}

/// Lists of people that the file and the command line have together: who protects one more person
/// does not mean to expose the others.
const ADDED_UP: [&str; 2] = ["protect", "require-admin"];

/// Returns the switches of a file that the command takes and that the command line does not have, or
/// contradict.
fn switches(bytes: &[u8], command: &Command, given: &ArgMatches) -> anyhow::Result<Vec<String>> {
    let keys = known_keys();
    let mut switches = Vec::new();
    for (table, content) in &parsed(bytes)? {
        check_secret(table)?;
        let Value::Table(content) = content else {
            bail!("`{table}` is in no table: the tables are {}", TABLES.join(", "));
        };
        if !TABLES.contains(&table.as_str()) {
            bail!("there is no table `{table}`: the tables are {}", TABLES.join(", "));
        }
        for (key, value) in content {
            check_secret(key)?;
            let find =
                |(of, known): &&(&str, Arg)| *of == table && known.get_long() == Some(key.as_str());
            let Some((_, argument)) = keys.iter().find(find) else {
                bail!("{}", unknown(table, key, &keys));
            };
            let values = values(argument, value).with_context(|| format!("{table}.{key}"))?;
            let id = argument.get_id().as_str();
            let Some(argument) = command.get_arguments().find(|known| known.get_id() == id) else {
                continue;
            };
            let adds_up = ADDED_UP.contains(&key.as_str());
            let counts =
                adds_up || !(is_given(given, id) || is_overruled(argument, command, given));
            if counts && !is_of_another(table, command) {
                let switch = |value: Option<String>| match value {
                    Some(value) => format!("--{key}={value}"),
                    None => format!("--{key}"),
                };
                switches.extend(values.into_iter().map(switch));
            }
        }
    }
    Ok(switches)
}

/// Returns whether an argument is given for this run, also by a variable of the environment.
fn is_given(given: &ArgMatches, id: &str) -> bool {
    let source = given.try_contains_id(id).ok().and_then(|_| given.value_source(id));
    matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

/// Returns whether another switch that is given for this run can't be together with this one.
fn is_overruled(argument: &Arg, command: &Command, given: &ArgMatches) -> bool {
    let conflict = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|with| with.get_id() == other.get_id())
    };
    let others = command.get_arguments().filter(|other| !other.is_global_set());
    let mut others = others.filter(|other| {
        other.get_id() != argument.get_id() && is_given(given, other.get_id().as_str())
    });
    // clap does not know that days to delete after need `--absent disable`.
    let absent = given.try_get_raw("absent").ok().flatten().and_then(Iterator::last);
    let is_alone = argument.get_long() == Some("delete-after-days")
        && is_given(given, "absent")
        && absent.is_some_and(|absent| absent != "disable");
    is_alone || others.any(|other| conflict(argument, other) || conflict(other, argument))
}

/// Returns whether a table is not for this command. `deprovision` has switches with the names of
/// guards, which mean something else.
fn is_of_another(table: &str, command: &Command) -> bool {
    table != "connection" && !["plan", "sync", "apply"].contains(&command.get_name())
}

/// Parses the file. An error has no text of the file: it may be a secret in the wrong place.
fn parsed(bytes: &[u8]) -> anyhow::Result<Table> {
    let text = std::str::from_utf8(bytes).map_err(|_| anyhow!("it is not UTF-8 text"))?;
    text.parse::<Table>().map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        anyhow!("line {line} is not TOML: {}", error.message())
    })
}

/// Refuses a key for a token or another secret.
fn check_secret(key: &str) -> anyhow::Result<()> {
    let name = key.to_lowercase();
    let is_secret = ["token", "secret", "password", "credential", "api-key", "api_key"]
        .iter()
        .any(|word| name.contains(word));
    if is_secret && !["token-file", "inject-credentials"].contains(&key) {
        bail!(
            "`{key}` looks like a secret, and this file must have none: put the token into a file of \
             its own and give `token-file` in [connection], or set RETOOL_API_TOKEN"
        );
    }
    Ok(())
}

/// Says that a key is not known, and where it belongs if it is that of another table.
fn unknown(table: &str, key: &str, keys: &[(&str, Arg)]) -> String {
    match keys.iter().find(|(_, known)| known.get_long() == Some(key)) {
        Some((other, _)) => format!("`{key}` belongs to [{other}], not to [{table}]"),
        None => {
            let of_table = keys.iter().filter(|(of, _)| *of == table);
            let names: Vec<_> = of_table.filter_map(|(_, known)| known.get_long()).collect();
            format!("[{table}] has no key `{key}`: its keys are {}", names.join(", "))
        }
    }
}

/// Returns the values of a switch, each as text; `None` for one that takes no value.
fn values(argument: &Arg, value: &Value) -> anyhow::Result<Vec<Option<String>>> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(Some(text.clone())),
        Value::Integer(number) => Ok(Some(number.to_string())),
        _ => Err(anyhow!("it must be a text or a whole number")),
    };
    match (argument.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(is_set)) => {
            Ok(if *is_set { vec![None] } else { Vec::new() })
        }
        (ArgAction::SetTrue, _) => Err(anyhow!("it must be true or false")),
        (ArgAction::Append, Value::Array(values)) => values.iter().map(one).collect(),
        (_, value) => Ok(vec![one(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str, line: &[&str]) -> anyhow::Result<Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("retool.toml");
        std::fs::write(&path, text).expect("a file");
        let config = format!("--config={}", path.display());
        let mut line: Vec<OsString> = line.iter().map(OsString::from).collect();
        line.push(config.into());
        let before = line.len();
        add_config(&mut line)?;
        let end = 2 + line.len() - before;
        Ok(line[2..end].iter().map(|switch| switch.to_string_lossy().into_owned()).collect())
    }

    const FILE: &str = "
        [connection]
        base-url = 'https://acme.retool.com'
        api = 'v2'
        [roster]
        map = ['Work email=email', 'Given=first name']
        [policy]
        absent = 'disable'
        create-missing-groups = true
        re-enable = false
        [guards]
        max-user-removals-floor = 2
        protect = ['boss@example.com']
    ";

    #[test]
    fn the_switches_of_the_file_are_added_and_those_of_the_command_line_count() {
        assert_eq!(
            added(FILE, &["x", "sync", "--api", "v1"]).expect("switches"),
            [
                "--base-url=https://acme.retool.com",
                "--max-user-removals-floor=2",
                "--protect=boss@example.com",
                "--absent=disable",
                "--create-missing-groups",
                "--map=Work email=email",
                "--map=Given=first name",
            ]
        );
        assert_eq!(
            added(FILE, &["x", "deprovision", "--email=a"]).expect("switches"),
            ["--api=v2", "--base-url=https://acme.retool.com"]
        );
    }

    #[test]
    fn people_who_are_protected_add_up_and_a_switch_overrules_what_contradicts_it() {
        let file = "
            [policy]
            absent = 'disable'
            delete-after-days = 30
            grace-file = 'grace.json'
            re-enable = true
            [guards]
            protect = ['boss@example.com']
            require-admin = ['root@example.com']
            minimum-admins = 3
        ";
        let line = ["x", "sync", "--protect=ada@example.com", "--minimum-admins=1"];
        let switches = added(file, &line).expect("switches");
        for added in ["--protect=boss@example.com", "--require-admin=root@example.com"] {
            assert!(switches.contains(&added.to_owned()), "{switches:?}");
        }
        assert!(!switches.contains(&"--minimum-admins=3".to_owned()), "{switches:?}");
        for (switch, key) in [
            ("--leave-disabled", "--re-enable"),
            ("--absent=keep", "--delete-after-days=30"),
            ("--absent=delete", "--delete-after-days=30"),
        ] {
            let without = added(file, &["x", "sync", switch]).expect("switches");
            assert!(!without.contains(&key.to_owned()), "{switch}: {without:?}");
            let with = added(file, &["x", "sync", "--absent=disable"]).expect("switches");
            assert!(with.contains(&key.to_owned()), "{with:?}");
        }
        let file = file.replace("re-enable", "leave-disabled");
        let without = added(&file, &["x", "sync", "--re-enable"]).expect("switches");
        assert!(!without.contains(&"--leave-disabled".to_owned()), "{without:?}");
    }

    #[test]
    fn the_file_counts_for_a_command_of_groups_too() {
        let line = ["x", "groups", "add", "add", "--email=a@x.com"];
        let mut words: Vec<OsString> = line.iter().map(OsString::from).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("retool.toml");
        words.push(format!("--config={}", path.display()).into());
        let missing = add_config(&mut words).expect_err("there is no file");
        assert!(format!("{missing:#}").contains("could not be read"), "{missing:#}");
        std::fs::write(&path, FILE).expect("a file");
        add_config(&mut words).expect("switches");
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        assert_eq!(
            words[..6],
            ["x", "groups", "add", "--api=v2", "--base-url=https://acme.retool.com", "add"]
        );
    }

    #[test]
    fn a_key_that_is_unknown_misplaced_or_secret_is_named() {
        for (text, why) in [
            ("[policy]\nabsence = 'disable'", "[policy] has no key `absence`"),
            ("[policy]\napi = 'v2'", "`api` belongs to [connection]"),
            ("[polices]\na = 1", "there is no table `polices`"),
            ("absent = 'keep'", "`absent` is in no table"),
            ("[connection]\ntoken = 'hunter2'", "`token` looks like a secret"),
            ("[connection]\nRETOOL_API_TOKEN = 'hunter2'", "looks like a secret"),
            ("[policy]\nno-create = 'yes'", "it must be true or false"),
            ("[connection]\napi = hunter2", "line 2 is not TOML"),
            ("[connection]\nconfig = 'x'", "[connection] has no key `config`"),
        ] {
            let error = format!("{:#}", added(text, &["x", "sync"]).expect_err(text));
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn without_a_file_or_with_wrong_arguments_nothing_is_added() {
        for line in [&["x"][..], &["x", "sync"], &["x", "nonsense"], &["x", "mock", "--port=1"]] {
            let mut words: Vec<OsString> = line.iter().map(OsString::from).collect();
            add_config(&mut words).expect("no file");
            assert_eq!(words.len(), line.len());
        }
    }
}
