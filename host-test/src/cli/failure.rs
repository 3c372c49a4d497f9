//! Why a command ended without its result.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Exit;
use crate::answer::error_case;
use crate::error::HostError;
use crate::json;
use crate::render;
use crate::retool::types::{Error, ErrorKind};
use crate::roster::RosterError;
use crate::text::printable;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments or the environment are wrong.
    Usage(anyhow::Error),
    /// The roster is wrong.
    Roster { path: PathBuf, error: RosterError },
    /// The component's own error, and the place of a bad field in the user's files.
    Component { error: Box<Error>, place: Option<String> },
    /// The component could not be run, or was stopped.
    Host(HostError),
    /// Interrupted by the user while it was writing.
    Interrupted,
    /// The command succeeded, but its result could not be printed.
    Unprinted { error: anyhow::Error, writes: usize },
    /// A person was removed, but their record could not be written to the file.
    Unrecorded(anyhow::Error),
    /// A deprovision that failed when something may already have been written, and the file with
    /// the record of the person from before.
    Recorded { failure: Box<Failure>, path: PathBuf },
    /// Any other error of this machine.
    Other(anyhow::Error),
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

/// Codes of errors in the arguments or the environment, which are found before any request.
const USAGE_CODES: [&str; 6] = [
    "base-url-invalid",
    "https-required",
    "setting-invalid",
    "token-invalid",
    "token-missing",
    "variable-refused",
];

/// The contract's case for a failure of the host that runs the component.
const EXECUTION_FAILED: &str = "execution-failed";

/// The message of an interruption.
const INTERRUPTED: &str =
    "interrupted; what was written is not known; run it again: it does what is left";

impl Failure {
    /// Adds the number of writes that the command made.
    pub(crate) fn after(self, made: usize) -> Failure {
        match self {
            Failure::Unprinted { error, writes: _ } => Failure::Unprinted { error, writes: made },
            other => other,
        }
    }

    /// Returns whether the command may have written something before it failed.
    pub(crate) fn may_have_written(&self) -> bool {
        match self {
            Failure::Component { error, place: _ } => {
                let (_, detail) = error_case(error);
                detail.is_none_or(|detail| !detail.writes.is_empty())
            }
            Failure::Host(error) => error.may_have_written(),
            Failure::Interrupted | Failure::Unrecorded(_) => true,
            Failure::Unprinted { error: _, writes } => *writes > 0,
            Failure::Recorded { failure, path: _ } => failure.may_have_written(),
            Failure::Usage(_) | Failure::Roster { .. } | Failure::Other(_) => false,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Usage(_) | Failure::Roster { .. } => Exit::Usage,
            Failure::Interrupted => Exit::Interrupted,
            Failure::Recorded { failure, path: _ } => failure.exit(),
            Failure::Unprinted { writes: 1.., .. } | Failure::Unrecorded(_) => Exit::Partly,
            Failure::Component { error, .. } => {
                let (_, detail) = error_case(error);
                // Check this first: the exit code must show that something was written.
                if detail.is_some_and(|detail| !detail.writes.is_empty()) {
                    return Exit::Partly;
                }
                match &**error {
                    Error::Permanent(detail) => match detail.kind {
                        ErrorKind::InvalidInput => Exit::Usage,
                        ErrorKind::Denied if USAGE_CODES.contains(&detail.code.as_str()) => {
                            Exit::Usage
                        }
                        ErrorKind::Refused => Exit::Refused,
                        _ => Exit::Failed,
                    },
                    Error::Transient(_) | Error::ExecutionFailed => Exit::Failed,
                }
            }
            Failure::Host(_) | Failure::Unprinted { .. } | Failure::Other(_) => Exit::Failed,
        }
    }

    /// Returns the failure as text for people.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Usage(error) | Failure::Unrecorded(error) | Failure::Other(error) => {
                line(&printable(&chain(error)))
            }
            Failure::Roster { path, error } => line(&format!(
                "{}, {}",
                printable(&path.to_string_lossy()),
                printable(&error.to_string())
            )),
            Failure::Component { error, place } => {
                let (_, detail) = error_case(error);
                let records = detail.map(|detail| render::tombstones(&detail.tombstones));
                render::error(error, place.as_deref()) + &records.unwrap_or_default()
            }
            Failure::Host(error) => render::host_error(error),
            Failure::Interrupted => format!("{INTERRUPTED}\n"),
            Failure::Unprinted { error, writes } => line(&printable(&unprinted(error, *writes))),
            Failure::Recorded { failure, path } => {
                let failure = match &**failure {
                    // The error's records are not printed: the record is in the file.
                    Failure::Component { error, place } => render::error(error, place.as_deref()),
                    other => other.text(),
                };
                failure + &render::recorded(path)
            }
        }
    }

    /// Returns the failure as JSON for scripts, in the form of the contract's errors: `{"error":
    /// {"permanent": {"kind": …, "code": …, "message": …, …}}}`. The command's own cases are
    /// `usage` and `execution-failed`.
    pub(crate) fn json(&self) -> Value {
        let (case, value) = self.case();
        json!({ "error": { case: value } })
    }

    /// Returns the name of the case and its value, which has at least `code` and `message`.
    fn case(&self) -> (&'static str, Value) {
        match self {
            Failure::Usage(error) => ("usage", simple("usage", &chain(error))),
            Failure::Roster { path, error } => {
                let mut value = simple("roster", &error.message);
                value["file"] = path.to_string_lossy().into();
                value["line"] = error.line.into();
                value["column"] = error.column.into();
                ("usage", value)
            }
            Failure::Component { error, place } => component(error, place.as_deref()),
            Failure::Host(error) => (EXECUTION_FAILED, simple(error.code(), &error.to_string())),
            Failure::Interrupted => (EXECUTION_FAILED, simple("interrupted", INTERRUPTED)),
            Failure::Unprinted { error, writes } => {
                (EXECUTION_FAILED, simple("unprinted", &unprinted(error, *writes)))
            }
            Failure::Unrecorded(error) | Failure::Other(error) => {
                (EXECUTION_FAILED, simple("host", &chain(error)))
            }
            Failure::Recorded { failure, path } => {
                let (case, mut value) = failure.case();
                value["tombstone_file"] = path.to_string_lossy().into();
                (case, value)
            }
        }
    }
}

/// Formats an error as one line for people.
fn line(what: &str) -> String {
    format!("{} {what}\n", render::alarm("error:"))
}

/// Formats an error with its causes.
fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

fn unprinted(error: &anyhow::Error, writes: usize) -> String {
    let written = match writes {
        0 => "nothing was written".to_owned(),
        1 => "1 write was made before".to_owned(),
        writes => format!("{writes} writes were made before"),
    };
    format!("the result could not be printed: {error:#}; {written}")
}

fn simple(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

fn component(error: &Error, place: Option<&str>) -> (&'static str, Value) {
    let (case, detail) = error_case(error);
    let mut value = detail
        .and_then(|detail| json::value(detail).ok())
        .unwrap_or_else(|| simple(case, "the component gives no details"));
    if let Some(hint) = detail.and_then(render::for_error) {
        value["hint"] = hint.into();
    }
    if let Some(place) = place {
        value["place"] = place.into();
    }
    (case, value)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::render::plain;
    use crate::retool::types::{ErrorDetail, WriteKind};
    use crate::testing::{detail, tombstone, written};

    #[test]
    fn each_kind_of_failure_has_its_exit_code() {
        let plain = |kind| ErrorDetail { kind, ..detail("code", "It failed.") };
        let writing = |kind| ErrorDetail {
            writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
            ..plain(kind)
        };
        let exit = |error: Error| Failure::from(error).exit();
        assert_eq!(exit(Error::Permanent(plain(ErrorKind::Denied))), Exit::Failed);
        assert_eq!(exit(Error::Transient(plain(ErrorKind::Unavailable))), Exit::Failed);
        assert_eq!(exit(Error::Permanent(plain(ErrorKind::InvalidInput))), Exit::Usage);
        assert_eq!(exit(Error::Permanent(plain(ErrorKind::Refused))), Exit::Refused);
        assert_eq!(exit(Error::Permanent(writing(ErrorKind::Refused))), Exit::Partly);
        assert_eq!(exit(Error::Transient(writing(ErrorKind::Unavailable))), Exit::Partly);
        assert_eq!(exit(Error::ExecutionFailed), Exit::Failed);
        assert_eq!(Failure::Usage(anyhow!("bad")).exit(), Exit::Usage);
        assert_eq!(Failure::Interrupted.exit() as u8, 130);
        for code in USAGE_CODES {
            let denied = ErrorDetail { code: code.to_owned(), ..plain(ErrorKind::Denied) };
            assert_eq!(exit(Error::Permanent(denied)), Exit::Usage);
        }
    }

    #[test]
    fn an_unprintable_result_exits_with_4_after_a_write() {
        let unprinted = || Failure::Unprinted { error: anyhow!("broken pipe"), writes: 0 };
        assert_eq!(unprinted().exit(), Exit::Failed);
        let written = unprinted().after(2);
        assert_eq!(written.exit(), Exit::Partly);
        assert_eq!(
            plain(&written.text()),
            "error: the result could not be printed: broken pipe; 2 writes were made before\n"
        );
    }

    #[test]
    fn control_characters_in_a_path_are_escaped() {
        let failure = Failure::Usage(anyhow!("a\u{1b}[2K.csv could not be read"));
        assert_eq!(plain(&failure.text()), "error: a\\u{1b}[2K.csv could not be read\n");
    }

    #[test]
    fn an_error_as_json_has_the_form_of_the_contract() {
        let failure = Failure::from(Error::Permanent(ErrorDetail {
            kind: ErrorKind::Refused,
            writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
            ..detail("guard-tripped", "Too many.")
        }));
        let error = failure.json()["error"]["permanent"].take();
        assert_eq!(error["kind"], "refused");
        assert_eq!(error["code"], "guard-tripped");
        assert_eq!(error["writes"][0]["kind"], "user-created");
    }

    #[test]
    fn the_records_of_a_failed_call_are_printed_unless_they_are_in_a_file() {
        let error = || {
            let tombstones = vec![tombstone("ada@x.com")];
            Failure::from(Error::Permanent(ErrorDetail {
                tombstones,
                ..detail("scope-missing", "The token lacks groups:write.")
            }))
        };
        assert!(error().text().contains("\"recorded_at\": "), "{}", error().text());
        let recorded =
            Failure::Recorded { failure: Box::new(error()), path: "ada.json".into() }.text();
        assert!(!recorded.contains("recorded_at") && recorded.contains("ada.json"), "{recorded}");
    }

    #[test]
    fn every_error_as_json_is_an_object_of_its_case_with_code_and_message() {
        let failures = [
            Failure::Usage(anyhow!("bad")),
            Error::ExecutionFailed.into(),
            Error::Transient(detail("server-error", "It failed.")).into(),
            HostError::Setup { message: "bad".to_owned() }.into(),
            Failure::Other(anyhow!("bad")),
            Failure::Recorded { failure: Box::new(Failure::Interrupted), path: "ada.json".into() },
        ];
        for failure in failures {
            let document = failure.json();
            let error = document["error"].as_object().expect("an object");
            assert_eq!(error.len(), 1, "{document}");
            for (value, key) in
                error.values().flat_map(|value| [(value, "code"), (value, "message")])
            {
                assert!(value[key].is_string(), "{key} of {document}");
            }
        }
    }

    #[test]
    fn a_roster_error_as_json_has_file_line_and_column() {
        let failure = Failure::Roster {
            path: "people.csv".into(),
            error: RosterError { line: 3, column: 2, message: "bad".to_owned() },
        };
        assert_eq!(
            failure.json(),
            json!({"error": {"usage": {
                "code": "roster", "message": "bad",
                "file": "people.csv", "line": 3, "column": 2,
            }}})
        );
        assert_eq!(plain(&failure.text()), "error: people.csv, line 3, column 2: bad\n");
    }
}
