//! Why a command ended without its result.

mod codes;
mod report;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::signal::Signal;
use crate::exit::Exit;
use crate::roster::Refusal;
use host_test::HostError;
use host_test::error_case;
use host_test::retool::types::{Error, ErrorDetail, Tombstone, Write};
use report::Report;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments or the environment are wrong.
    Usage(anyhow::Error),
    /// The roster is wrong.
    Roster { path: PathBuf, refusal: Refusal },
    /// The component's own error, and the place of a bad field in the user's files.
    Component { error: Box<Error>, place: Option<String> },
    /// The component could not be run, or was stopped.
    Host(HostError),
    /// The command succeeded, but its result could not be printed. The records are those of people
    /// who were removed, if nothing else has them.
    Unprinted { error: anyhow::Error, writes: usize, records: Vec<Tombstone> },
    /// Something was written in Retool, and what the command keeps of it could not be stored: the
    /// record of a person, or since when people are disabled.
    Unrecorded(anyhow::Error),
    /// A command that failed when something may already have been written, and where the records
    /// from before are.
    Recorded { failure: Box<Failure>, path: PathBuf, kept: Kept },
    /// A call failed and does not say what calls before it wrote.
    After { failure: Box<Failure>, writes: Vec<Write>, records: Vec<Tombstone> },
    /// A signal came, and the command ended without its result.
    Stopped { signal: Signal, failure: Box<Failure> },
    /// Any other error of this machine.
    Other(anyhow::Error),
}

/// What has the records of people from before a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The file of `--tombstone`.
    File,
    /// A person's file in the folder of `--tombstones`.
    FileInFolder,
    /// The folder of `--tombstones`.
    Folder,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Other(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Component { error: Box::new(error), place: None }
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Failure::Host(error)
    }
}

impl Failure {
    /// Adds the number of writes that the command made, and the records of the people that it
    /// removed.
    pub(crate) fn after(self, made: usize, kept: &[Tombstone]) -> Failure {
        match self {
            Failure::Unprinted { error, .. } => {
                Failure::Unprinted { error, writes: made, records: kept.to_vec() }
            }
            other => other,
        }
    }

    /// Adds what calls before the failed one wrote, and the records of the people that they removed.
    pub(crate) fn preceded_by(
        self,
        mut writes: Vec<Write>,
        mut records: Vec<Tombstone>,
    ) -> Failure {
        if writes.is_empty() {
            return self;
        }
        let (mut error, place) = match self {
            Failure::Component { error, place } => (error, place),
            other => return Failure::After { failure: Box::new(other), writes, records },
        };
        let Some(detail) = error_detail_mut(&mut error) else {
            let failure = Box::new(Failure::Component { error, place });
            return Failure::After { failure, writes, records };
        };
        writes.append(&mut detail.writes);
        detail.writes = writes;
        // The first record of a person has the state before all writes.
        let is_new = |one: &Tombstone| records.iter().all(|other| other.user.id != one.user.id);
        let mut last: Vec<_> =
            detail.tombstones.iter().filter(|one| is_new(one)).cloned().collect();
        records.append(&mut last);
        detail.tombstones = records;
        Failure::Component { error, place }
    }

    /// Replaces the component's parameter in an error with what the user gave. `place` returns the
    /// place of a bad field in the user's files, and may change the error.
    pub(crate) fn located(self, place: impl FnOnce(&mut ErrorDetail) -> Option<String>) -> Failure {
        match self {
            Failure::Component { mut error, place: _ } => {
                let place = error_detail_mut(&mut error).and_then(place);
                Failure::Component { error, place }
            }
            other => other,
        }
    }

    /// Returns the records of people who were removed before it failed.
    pub(crate) fn tombstones(&self) -> &[Tombstone] {
        match self {
            Failure::Component { error, .. } => {
                error_case(error).1.map(|detail| detail.tombstones.as_slice()).unwrap_or_default()
            }
            Failure::Stopped { failure, .. } | Failure::Recorded { failure, .. } => {
                failure.tombstones()
            }
            Failure::After { records, .. } => records,
            _ => &[],
        }
    }

    /// Returns the writes that were made before it failed, as far as they are known.
    pub(crate) fn writes(&self) -> &[Write] {
        match self {
            Failure::Component { error, .. } => {
                error_case(error).1.map(|detail| detail.writes.as_slice()).unwrap_or_default()
            }
            Failure::Stopped { failure, .. } | Failure::Recorded { failure, .. } => {
                failure.writes()
            }
            Failure::After { writes, .. } => writes,
            _ => &[],
        }
    }

    /// Returns whether the command may have written something before it failed.
    pub(crate) fn may_have_written(&self) -> bool {
        self.report().may_have_written
    }

    /// Returns whether the same failure would follow for other people: the connection can't be used,
    /// the component can't be run, or a signal came.
    pub(crate) fn ends_a_run(&self) -> bool {
        match self {
            Failure::Component { error, .. } => {
                let detail = error_case(error).1;
                detail.is_none_or(codes::ends_a_run)
            }
            Failure::Recorded { failure, .. } | Failure::After { failure, .. } => {
                failure.ends_a_run()
            }
            Failure::Other(_) => false,
            Failure::Usage(_)
            | Failure::Roster { .. }
            | Failure::Host(_)
            | Failure::Unprinted { .. }
            | Failure::Unrecorded(_)
            | Failure::Stopped { .. } => true,
        }
    }

    /// Returns the code and the message.
    pub(crate) fn brief(&self) -> (String, String) {
        let Report { value, .. } = self.report();
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    pub(crate) fn exit(&self) -> Exit {
        self.report().exit
    }

    /// Returns the failure as text for people.
    pub(crate) fn text(&self) -> String {
        let Report { text, records, .. } = self.report();
        text + &records
    }

    /// Returns whether stdout did not take what was printed before. What it seems to take afterwards
    /// may be useless: it may already have the beginning of a document.
    pub(crate) fn distrusts_stdout(&self) -> bool {
        match self {
            Failure::Unprinted { .. } => true,
            Failure::Stopped { failure, .. }
            | Failure::Recorded { failure, .. }
            | Failure::After { failure, .. } => failure.distrusts_stdout(),
            _ => false,
        }
    }

    /// Returns whether only the reader of stdout has gone away, as `head` does, and nothing was
    /// written in Retool.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let is_broken = |error: &anyhow::Error| {
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            kind == Some(io::ErrorKind::BrokenPipe)
        };
        matches!(self, Failure::Unprinted { error, writes: 0, .. } if is_broken(error))
    }

    /// Returns the failure as JSON for scripts, in the form of the contract's errors: `{"error":
    /// {"permanent": {"kind": …, "code": …, "message": …, …}}}`. The command's own cases are
    /// `usage` and `execution-failed`.
    pub(crate) fn json(&self) -> Value {
        let Report { case, value, .. } = self.report();
        json!({ "error": { case: value } })
    }
}

/// Returns the detail of an error, so that it can be rewritten in the user's terms.
fn error_detail_mut(error: &mut Error) -> Option<&mut ErrorDetail> {
    match error {
        Error::ExecutionFailed => None,
        Error::Permanent(detail) | Error::Transient(detail) => Some(detail),
    }
}
