//! Printing: results go to stdout, everything else to stderr.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;
use super::log::{self, Level, LogFormat};
use crate::escaped::Escaped;
use crate::exit::Exit;
use host_test::json;
use host_test::text::printable_painted;

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
        self.document(result)
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
        print_json(&json::named_with(result, "counts", &counts))
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
    pub(crate) fn document<T: Serialize + ?Sized>(self, document: &T) -> Result<(), Failure> {
        print_json(&json::named(document))
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

/// Prints values of the contract, each as a line of JSON.
pub(crate) fn print_json_lines<T: Serialize>(values: &[T]) -> Result<(), Failure> {
    let mut stdout = Escaped::new(io::stdout().lock());
    for value in values {
        written(serde_json::to_writer(&mut stdout, &json::named(value)))?;
        printed(stdout.write_all(b"\n"))?;
    }
    printed(stdout.flush())
}

fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    write_json(io::stdout().lock(), document)
}

/// Writes JSON. Characters that may not be shown are escaped in it. Nothing has all of it at once: a
/// document may be much larger than what it is made of.
fn write_json(stdout: impl Write, document: &impl Serialize) -> Result<(), Failure> {
    let mut stdout = Escaped::new(stdout);
    written(serde_json::to_writer_pretty(&mut stdout, document))?;
    printed(stdout.write_all(b"\n").and_then(|()| stdout.flush()))
}

fn written(result: serde_json::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.is_io() => printed(Err(error.into())),
        result => Ok(result.context("the result could not be written")?),
    }
}

/// Prints the text. Keeps its colours on a terminal unless `NO_COLOR` is set, and everywhere if
/// `CLICOLOR_FORCE` is set; removes them otherwise. Characters that may not be shown are escaped.
pub(crate) fn print_painted(text: &str) -> Result<(), Failure> {
    print_to(anstream::stdout().lock(), &printable_painted(text))
}

fn print_to(mut stdout: impl Write, text: &str) -> Result<(), Failure> {
    printed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn printed(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| Failure::Unprinted {
        error: error.into(),
        writes: 0,
        records: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use serde::Serializer;
    use serde_json::json;

    use super::*;

    /// Counts the bytes that it takes, and takes no more than some.
    struct Counting {
        taken: Rc<Cell<usize>>,
        most: usize,
    }

    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.taken.set(self.taken.get() + bytes.len());
            if self.taken.get() > self.most {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A text that checks how much of what came before it is not yet written.
    struct Item {
        before: usize,
        taken: Rc<Cell<usize>>,
    }

    impl Serialize for Item {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            assert!(self.before < self.taken.get() + (128 << 10), "{}", self.before);
            serializer.serialize_str(&"n".repeat(1000))
        }
    }

    #[derive(Serialize)]
    struct Listing {
        users: Vec<Item>,
        complete: bool,
    }

    fn listing(taken: &Rc<Cell<usize>>) -> Listing {
        let item = |at: usize| Item { before: at * 1000, taken: taken.clone() };
        Listing { users: (0..2000).map(item).collect(), complete: true }
    }

    #[test]
    fn a_document_is_written_while_it_is_made() {
        for counts in [None, Some(json!({"people": 1}))] {
            let taken = Rc::new(Cell::new(0));
            let listing = listing(&taken);
            let writer = Counting { taken: taken.clone(), most: usize::MAX };
            match &counts {
                Some(counts) => write_json(writer, &json::named_with(&listing, "counts", counts)),
                None => write_json(writer, &json::named(&listing)),
            }
            .expect("a document");
            assert!(taken.get() > 2_000_000);
        }
    }

    #[test]
    fn a_document_that_is_not_taken_whole_is_not_printed() {
        for most in [0, 100_000] {
            let taken = Rc::new(Cell::new(0));
            let listing = listing(&taken);
            let failure = write_json(Counting { taken, most }, &json::named(&listing));
            let failure = failure.expect_err("a full disk");
            assert!(failure.distrusts_stdout(), "{failure:?}");
            assert!(failure.text().contains("the result could not be printed"), "{failure:?}");
        }
    }
}
