//! The command line: arguments, the commands, and how results and errors are printed.

mod apply;
mod args;
mod cache;
mod changes;
mod completions;
pub(crate) mod connection;
pub(crate) mod failure;
mod files;
pub(crate) mod guards;
mod lock;
pub(crate) mod output;
mod pace;
mod person;
pub(crate) mod progress;
mod record;
mod restore;
mod serve;
mod signals;
mod sync;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use clap::error::ErrorKind;

use args::Command;
use failure::Failure;
use output::Output;
use signals::in_order;

use crate::text::printable_painted;

pub(crate) use args::Arguments;

/// How a command ended: its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is done.
    Done = 0,
    /// It failed. Nothing was written; or the component was stopped, and it is not known what was
    /// written.
    Failed = 1,
    /// The arguments, the environment or an input file are wrong.
    Usage = 2,
    /// A guard refused it.
    Refused = 3,
    /// It is partly done, or a person was left alone.
    Partly = 4,
    /// Its terminal was closed (SIGHUP). As with the next two signals, it has printed what it had
    /// written by then. After a second signal it has not.
    HungUp = 129,
    /// It was interrupted (SIGINT).
    Interrupted = 130,
    /// It was terminated (SIGTERM).
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Runs the command with the arguments and the environment of this process.
///
/// Results go to stdout, logs and errors to stderr. With `--json`, stdout is exactly one JSON
/// document, even for an error; `changes` is the exception, and prints only its lines. The exit
/// codes: 0 done, 1 failed, 2 wrong usage or file, 3 refused by a guard, 4 partly done or with
/// people left alone, 129, 130 and 143 ended by a signal while writing.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error).into(),
    };
    let output = Output::new(arguments.json);
    let exit = match run(arguments, &output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    };
    exit.into()
}

/// Prints the help or the version if they were requested, else the usage error.
fn refuse(error: &clap::Error) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    // The arguments could not be parsed, so look for this one literally.
    let json = std::env::args_os().any(|argument| argument == "--json");
    if json && !asked_for {
        let message = error.to_string();
        let message = message.trim_start_matches("error: ").trim_end();
        return Output::new(true).failure(&Failure::Usage(anyhow::Error::msg(message.to_owned())));
    }
    // If the terminal is closed, there is no way to report that.
    let _ = match error.kind() {
        ErrorKind::DisplayVersion => io::stdout().write_all(version().as_bytes()),
        _ => print_usage(error),
    };
    if asked_for { Exit::Done } else { Exit::Usage }
}

/// Prints the help or a usage error, which may repeat an argument of the user.
fn print_usage(error: &clap::Error) -> io::Result<()> {
    let text = error.render().ansi().to_string();
    let text = printable_painted(&text);
    if error.use_stderr() {
        anstream::stderr().write_all(text.as_bytes())
    } else {
        anstream::stdout().write_all(text.as_bytes())
    }
}

/// Returns the versions of the command, of the component, and of the contract between them.
fn version() -> String {
    format!(
        "retool-lifecycle {}\ncomponent {}\ncontract {}\n",
        env!("CARGO_PKG_VERSION"),
        component::VERSION,
        component::CONTRACT
    )
}

fn run(arguments: Arguments, output: &Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    runtime.block_on(async {
        match arguments.command.unwrap_or_default() {
            Command::Demo(options) => crate::demo::run(options.latency(), output).await,
            Command::Mock(options) => serve::run(options, output).await,
            Command::Check(connection) => connection::check(connection, output).await,
            Command::Provision(options) => in_order(person::provision(*options, output)).await,
            Command::Deprovision(options) => in_order(person::deprovision(options, output)).await,
            Command::Restore(options) => in_order(restore::restore(options, output)).await,
            Command::Plan(options) => sync::plan(*options, output).await,
            Command::Show(options) => apply::show(&options, output).await,
            Command::Apply(options) => in_order(apply::apply(options, output)).await,
            Command::Sync(options) => in_order(sync::sync(*options, output)).await,
            Command::Changes(options) => changes::run(options).await,
            Command::Completions(options) => completions::print(options.shell),
        }
    })
}
