//! Printing: results go to stdout, everything else to stderr.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;
use super::log::{self, Level, LogFormat};
use crate::exit::Exit;
use host_test::json;
use host_test::text::{printable_json, printable_painted};

/// How this run prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Output { json }
    }

    /// Returns whether stdout must be one JSON document.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result, either as JSON or as the text that `text` renders.
    pub(crate) fn result<T: Serialize>(
        self,
        result: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return print_painted(&text(result));
        }
        let value = json::value(result).context("the result could not be written")?;
        self.document(&value)
    }

    /// Prints a result that wrote something, with its numbers in the JSON.
    pub(crate) fn counted<T: Serialize>(
        self,
        result: &T,
        counts: Value,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return print_painted(&text(result));
        }
        let mut value = json::value(result).context("the result could not be written")?;
        value["counts"] = counts;
        self.document(&value)
    }

    /// Prints the result of a command that only reads, with its numbers in the JSON. It is no
    /// failure if the reader has read enough, as `head` does.
    pub(crate) fn read<T: Serialize>(
        self,
        result: &T,
        counts: Value,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match self.counted(result, counts, text) {
            Err(failure) if failure.is_closed_pipe() => Ok(()),
            printed => printed,
        }
    }

    /// Prints the one JSON document.
    pub(crate) fn document(self, value: &Value) -> Result<(), Failure> {
        print_json(&format!("{value:#}\n"))
    }

    /// Prints text, unless stdout is for JSON.
    pub(crate) fn say(self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        print_painted(&format!("{text}\n"))
    }

    /// Prints why there is no result, and returns the exit code.
    pub(crate) fn failure(self, failure: &Failure) -> Exit {
        if failure.is_closed_pipe() {
            return Exit::Done;
        }
        // The text also replaces a document that can't be printed, and the records of removed people
        // are in it.
        if !self.json || self.document(&failure.json()).is_err() || failure.distrusts_stdout() {
            return self.beside(failure);
        }
        failure.exit()
    }

    /// Prints on stderr alone what failed after the result was printed, because stdout already has
    /// its one document. Returns the exit code.
    pub(crate) fn beside(self, failure: &Failure) -> Exit {
        // If this fails, there is no way to report it.
        let _ = match log::format() {
            Some(LogFormat::Json) => {
                log::write(Level::Error, &failure.text(), Some(failure.json()))
            }
            _ => anstream::stderr().write_all(printable_painted(&failure.text()).as_bytes()),
        };
        failure.exit()
    }
}

/// Prints a script of this command unchanged.
pub(crate) fn print_script(script: &str) -> Result<(), Failure> {
    print_to(io::stdout().lock(), script)
}

/// Prints JSON. Characters that may not be shown are escaped in it.
pub(crate) fn print_json(json: &str) -> Result<(), Failure> {
    print_to(io::stdout().lock(), &printable_json(json))
}

/// Prints the text. Keeps its colours on a terminal unless `NO_COLOR` is set, and everywhere if
/// `CLICOLOR_FORCE` is set; removes them otherwise. Characters that may not be shown are escaped.
pub(crate) fn print_painted(text: &str) -> Result<(), Failure> {
    print_to(anstream::stdout().lock(), &printable_painted(text))
}

fn print_to(mut stdout: impl Write, text: &str) -> Result<(), Failure> {
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::Unprinted { error: error.into(), writes: 0, records: Vec::new() })
}
