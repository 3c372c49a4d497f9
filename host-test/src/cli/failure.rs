//! Why a command ended without its result.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Exit;
use crate::answer::error_case;
use crate::error::HostError;
use crate::json;
use crate::render;
use crate::retool::types::Error;
use crate::roster::RosterError;
use crate::text::shown;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments or the environment are wrong.
    Usage(String),
    /// The roster is wrong.
    Roster { path: PathBuf, error: RosterError },
    /// The component's own error, and where in the user's own files a bad field is.
    Component { error: Box<Error>, place: Option<String> },
    /// The component could not be run, or was stopped.
    Host(HostError),
    /// Interrupted by the user while it was writing.
    Interrupted,
    /// It is done, and what came of it could not be printed.
    Unprinted { message: String, writes: usize },
    /// Somebody was removed, and the record of them could not be kept where it was asked for.
    Unrecorded(String),
    /// A departure that failed once something may have been written, and the file with the
    /// record of the person from before it.
    Recorded { failure: Box<Failure>, path: PathBuf },
    /// Anything else about this machine.
    Other(String),
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

/// What is wrong with the arguments or the environment, and known before any request.
const USAGE_CODES: [&str; 6] = [
    "base-url-invalid",
    "https-required",
    "setting-invalid",
    "token-invalid",
    "token-missing",
    "variable-refused",
];

/// What an interruption comes to.
const INTERRUPTED: &str =
    "interrupted; what was written is not known; run it again: it does what is left";

impl Failure {
    /// The same, after so many writes of the command.
    pub(crate) fn after(self, made: usize) -> Failure {
        match self {
            Failure::Unprinted { message, writes: _ } => {
                Failure::Unprinted { message, writes: made }
            }
            other => other,
        }
    }

    /// Whether something may have been written before it.
    pub(crate) fn may_have_written(&self) -> bool {
        match self {
            Failure::Component { error, place: _ } => {
                let (_, detail) = error_case(error);
                detail.is_none_or(|detail| !detail.writes.is_empty())
            }
            Failure::Host(error) => error.may_have_written(),
            Failure::Interrupted | Failure::Unrecorded(_) => true,
            Failure::Unprinted { message: _, writes } => *writes > 0,
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
                // First, because whoever reads the code must know that something was done.
                if detail.is_some_and(|detail| !detail.writes.is_empty()) {
                    return Exit::Partly;
                }
                match &**error {
                    Error::PermanentInvalidInput(_) => Exit::Usage,
                    Error::PermanentDenied(detail)
                        if USAGE_CODES.contains(&detail.code.as_str()) =>
                    {
                        Exit::Usage
                    }
                    Error::PermanentRefused(_) => Exit::Refused,
                    _ => Exit::Failed,
                }
            }
            Failure::Host(_) | Failure::Unprinted { .. } | Failure::Other(_) => Exit::Failed,
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Usage(message) | Failure::Unrecorded(message) | Failure::Other(message) => {
                told(&shown(message))
            }
            Failure::Roster { path, error } => {
                told(&format!("{}, {}", shown(&path.to_string_lossy()), shown(&error.to_string())))
            }
            Failure::Component { error, place } => render::error(error, place.as_deref()),
            Failure::Host(error) => render::host_error(error),
            Failure::Interrupted => format!("{INTERRUPTED}\n"),
            Failure::Unprinted { message, writes } => told(&shown(&unprinted(message, *writes))),
            Failure::Recorded { failure, path } => failure.text() + &render::recorded(path),
        }
    }

    /// For scripts: `{"error": {"case": …, "code": …, "message": …, …}}`.
    pub(crate) fn json(&self) -> Value {
        let error = match self {
            Failure::Usage(message) => simple("usage", "usage", message),
            Failure::Roster { path, error } => {
                let mut value = simple("usage", "roster", &error.message);
                value["file"] = path.to_string_lossy().into();
                value["line"] = error.line.into();
                value["column"] = error.column.into();
                value
            }
            Failure::Component { error, place } => component(error, place.as_deref()),
            Failure::Host(error) => simple("execution-failed", error.code(), &error.to_string()),
            Failure::Interrupted => simple("execution-failed", "interrupted", INTERRUPTED),
            Failure::Unprinted { message, writes } => {
                simple("execution-failed", "unprinted", &unprinted(message, *writes))
            }
            Failure::Unrecorded(message) | Failure::Other(message) => {
                simple("execution-failed", "host", message)
            }
            Failure::Recorded { failure, path } => {
                let mut document = failure.json();
                document["error"]["tombstone_file"] = path.to_string_lossy().into();
                return document;
            }
        };
        json!({ "error": error })
    }
}

/// One line for people.
fn told(what: &str) -> String {
    format!("{} {what}\n", render::alarm("error:"))
}

fn unprinted(message: &str, writes: usize) -> String {
    let written = match writes {
        0 => "nothing was written".to_owned(),
        1 => "1 write was made before".to_owned(),
        writes => format!("{writes} writes were made before"),
    };
    format!("the result could not be printed: {message}; {written}")
}

fn simple(case: &str, code: &str, message: &str) -> Value {
    json!({ "case": case, "code": code, "message": message })
}

fn component(error: &Error, place: Option<&str>) -> Value {
    let (case, detail) = error_case(error);
    let mut value = detail
        .and_then(|detail| json::value(detail).ok())
        .unwrap_or_else(|| simple(case, case, "the component says no more"));
    value["case"] = case.into();
    if let Some(hint) = detail.and_then(render::for_error) {
        value["hint"] = hint.into();
    }
    if let Some(place) = place {
        value["place"] = place.into();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plain;
    use crate::render::samples::{detail, written};
    use crate::retool::types::{ErrorDetail, WriteKind};

    fn failure(error: fn(ErrorDetail) -> Error, detail: ErrorDetail) -> Failure {
        error(detail).into()
    }

    #[test]
    fn the_exit_code_tells_the_kinds_apart() {
        let plain = || detail("code", "It failed.");
        let writing = || ErrorDetail {
            writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
            ..plain()
        };
        let exit = |error, detail| failure(error, detail).exit();
        assert_eq!(exit(Error::PermanentDenied, plain()), Exit::Failed);
        assert_eq!(exit(Error::Unavailable, plain()), Exit::Failed);
        assert_eq!(exit(Error::PermanentInvalidInput, plain()), Exit::Usage);
        assert_eq!(exit(Error::PermanentRefused, plain()), Exit::Refused);
        assert_eq!(exit(Error::PermanentRefused, writing()), Exit::Partly);
        assert_eq!(exit(Error::Unavailable, writing()), Exit::Partly);
        assert_eq!(Failure::from(Error::ExecutionFailed).exit(), Exit::Failed);
        assert_eq!(Failure::Usage(String::new()).exit(), Exit::Usage);
        assert_eq!(Failure::Interrupted.exit() as u8, 130);
        for code in USAGE_CODES {
            assert_eq!(exit(Error::PermanentDenied, detail(code, "It is wrong.")), Exit::Usage);
        }
    }

    #[test]
    fn a_result_that_cannot_be_printed_is_4_after_a_write() {
        let unprinted = || Failure::Unprinted { message: "broken pipe".to_owned(), writes: 0 };
        assert_eq!(unprinted().exit(), Exit::Failed);
        let written = unprinted().after(2);
        assert_eq!(written.exit(), Exit::Partly);
        assert_eq!(
            plain(&written.text()),
            "error: the result could not be printed: broken pipe; 2 writes were made before\n"
        );
    }

    #[test]
    fn a_path_cannot_act_on_the_terminal() {
        let failure = Failure::Usage("a\u{1b}[2K.csv could not be read".to_owned());
        assert_eq!(plain(&failure.text()), "error: a\\u{1b}[2K.csv could not be read\n");
    }

    #[test]
    fn an_error_as_json_has_its_case_beside_the_detail() {
        let failure = failure(
            Error::PermanentRefused,
            ErrorDetail {
                writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
                ..detail("guard-tripped", "Too many.")
            },
        );
        let value = failure.json();
        assert_eq!(value["error"]["case"], "permanent-refused");
        assert_eq!(value["error"]["code"], "guard-tripped");
        assert_eq!(value["error"]["permanent"], true);
        assert_eq!(value["error"]["writes"][0]["kind"], "user-created");
    }

    #[test]
    fn every_error_as_json_has_case_code_and_message() {
        let failures = [
            Failure::Usage("bad".to_owned()),
            Error::ExecutionFailed.into(),
            Error::Unavailable(detail("server-error", "It failed.")).into(),
            HostError::Setup { message: "bad".to_owned() }.into(),
            Failure::Other("bad".to_owned()),
            Failure::Recorded { failure: Box::new(Failure::Interrupted), path: "ada.json".into() },
        ];
        for failure in failures {
            let value = failure.json();
            for key in ["case", "code", "message"] {
                assert!(value["error"][key].is_string(), "{key} of {value}");
            }
        }
    }

    #[test]
    fn a_roster_error_as_json_has_its_place() {
        let failure = Failure::Roster {
            path: "people.csv".into(),
            error: RosterError { line: 3, column: 2, message: "bad".to_owned() },
        };
        assert_eq!(
            failure.json(),
            json!({"error": {
                "case": "usage", "code": "roster", "message": "bad",
                "file": "people.csv", "line": 3, "column": 2,
            }})
        );
        assert_eq!(plain(&failure.text()), "error: people.csv, line 3, column 2: bad\n");
    }
}
