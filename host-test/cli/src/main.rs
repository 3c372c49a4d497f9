//! The command `retool-lifecycle`: arguments, the commands, and how results and errors are printed.

mod absence;
mod address;
mod apply;
mod args;
mod cache;
mod call;
mod changes;
mod completions;
mod config;
mod connection;
mod consent;
mod demo;
mod deprovision;
mod directory;
mod escaped;
mod exit;
mod export;
mod failure;
mod files;
mod form;
mod grace;
mod group_changes;
mod guards;
mod ids;
mod invite;
mod joined;
mod lock;
mod log;
mod output;
mod pace;
mod people;
mod person;
mod plan_file;
mod process;
mod progress;
mod record;
mod render;
mod restore;
mod roster;
mod serve;
mod signal;
mod signals;
mod slices;
mod sync;
#[cfg(test)]
mod testing;
mod token;
mod tombstones;
mod two_factor;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::error::ErrorKind;

use host_test::text::printable_painted;

use args::{Arguments, Command};
use exit::Exit;
use failure::Failure;
use output::Output;
use signals::in_order;

/// Runs the command with the arguments and the environment of this process.
///
/// Results go to stdout, logs and errors to stderr. With `--json`, stdout is exactly one JSON
/// document, even for an error; `changes` is the exception, and prints only its lines. The exit
/// codes: 0 done, 1 failed, 2 wrong usage or file, 3 refused by a guard, 4 partly done or with
/// people left alone, 129, 130 and 143 ended by a signal while writing.
fn main() -> ExitCode {
    process::prepare();
    // Before the arguments are parsed: what is wrong with them is reported in this format too.
    log::set_format(log::format_in(std::env::args_os()));
    let exit = match config::arguments(std::env::args_os()) {
        Ok(arguments) => {
            let output = Output::new(arguments.json);
            run(arguments, &output).unwrap_or_else(|failure| output.failure(&failure))
        }
        Err(config::Error::Arguments(error)) => refuse(&error),
        Err(config::Error::File(failure)) => Output::new(has_switch("--json")).failure(&failure),
    };
    match exit {
        // 2 says that there are changes.
        Exit::Usage if has_switch(form::DETAILED) => Exit::Failed.into(),
        exit => exit.into(),
    }
}

/// Returns whether there is this switch, also if the arguments could not be parsed.
fn has_switch(switch: &str) -> bool {
    std::env::args_os().any(|argument| argument == switch)
}

/// Prints the help or the version if they were requested, else the usage error.
fn refuse(error: &clap::Error) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let is_json = has_switch("--json");
    if (is_json || log::format() == Some(log::LogFormat::Json)) && !asked_for {
        let message = error.to_string();
        let message = message.trim_start_matches("error: ").trim_end().to_owned();
        return Output::new(is_json).failure(&Failure::Usage(anyhow::Error::msg(message)));
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
            Command::Demo(options) => demo::run(options.latency(), output).await,
            Command::Mock(options) => serve::run(options, output).await,
            Command::Check(connection) => connection::check(connection, output).await,
            Command::Users(options) => directory::users(options, output).await,
            Command::User(options) => directory::user(options, output).await,
            Command::Groups(options) => directory::groups(*options, output).await,
            Command::Group(options) => directory::group(options, output).await,
            Command::Export(options) => export::export(options, output).await,
            Command::Provision(options) => in_order(person::provision(*options, output)).await,
            Command::Invite(options) => in_order(invite::invite(options, output)).await,
            Command::ResetTwoFactor(options) => in_order(two_factor::reset(options, output)).await,
            Command::Deprovision(options) => {
                in_order(deprovision::deprovision(options, output)).await
            }
            Command::Restore(options) => in_order(restore::restore(options, output)).await,
            Command::Plan(options) => sync::plan(*options, output).await,
            Command::Show(options) => apply::show(&options, output).await,
            Command::Apply(options) => in_order(apply::apply(options, output)).await,
            Command::Sync(options) => in_order(sync::sync(*options, output)).await,
            Command::Changes(options) => changes::run(options).await,
            Command::Call(options) => in_order(call::call(options, output)).await,
            Command::Schema(options) => call::schema(&options, output),
            Command::Completions(options) => completions::print(options.shell),
        }
    })
}
