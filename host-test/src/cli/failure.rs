//! Why a command ended without its result.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Exit;
use super::signals::Signal;
use crate::answer::{error_case, error_detail_mut};
use crate::error::HostError;
use crate::json;
use crate::render;
use crate::retool::types::{Error, ErrorDetail, ErrorKind, Tombstone};
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
    /// The command succeeded, but its result could not be printed. The records are those of people
    /// who were removed, if nothing else has them.
    Unprinted { error: anyhow::Error, writes: usize, records: Vec<Tombstone> },
    /// A person was removed, but their record could not be written to the file.
    Unrecorded(anyhow::Error),
    /// A deprovision that failed when something may already have been written, and the file with
    /// the record of the person from before.
    Recorded { failure: Box<Failure>, path: PathBuf },
    /// A signal came, and the command ended without its result.
    Stopped { signal: Signal, failure: Box<Failure> },
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

/// What a failure means for the user and for scripts.
struct Report {
    exit: Exit,
    /// Whether the command may have written something before it failed.
    may_have_written: bool,
    /// The case of the error as JSON, and its value, which has at least `code` and `message`.
    case: &'static str,
    value: Value,
    /// The failure as text for people.
    text: String,
    /// The records of people who were removed, as text. Empty if they are somewhere else.
    records: String,
}

impl Report {
    fn new(
        exit: Exit,
        may_have_written: bool,
        (case, code): (&'static str, &str),
        message: &str,
    ) -> Self {
        Report {
            exit,
            may_have_written,
            case,
            value: json!({ "code": code, "message": message }),
            text: line(message),
            records: String::new(),
        }
    }

    fn of_component(error: &Error, place: Option<&str>) -> Self {
        let (case, detail) = error_case(error);
        let mut report =
            Report::new(Exit::Failed, true, (case, case), "the component gives no details");
        report.text = render::error(error, place);
        let Some(detail) = detail else {
            return report;
        };
        report.exit = exit(error, detail);
        report.may_have_written = !detail.writes.is_empty();
        report.records = render::tombstones(&detail.tombstones);
        if let Ok(value) = json::value(detail) {
            report.value = value;
        }
        if let Some(hint) = render::for_error(detail) {
            report.value["hint"] = hint.into();
        }
        if let Some(place) = place {
            report.value["place"] = place.into();
        }
        report
    }
}

/// Returns the exit code for an error of the component.
fn exit(error: &Error, detail: &ErrorDetail) -> Exit {
    // Check this first: the exit code must show that something was written.
    if !detail.writes.is_empty() {
        return Exit::Partly;
    }
    match (error, detail.kind) {
        (Error::Permanent(_), ErrorKind::InvalidInput) => Exit::Usage,
        (Error::Permanent(_), ErrorKind::Denied) if USAGE_CODES.contains(&detail.code.as_str()) => {
            Exit::Usage
        }
        (Error::Permanent(_), ErrorKind::Refused) => Exit::Refused,
        _ => Exit::Failed,
    }
}

impl Failure {
    /// The table: what each failure means.
    fn report(&self) -> Report {
        use Exit::{Failed, Partly, Usage};
        let host = (EXECUTION_FAILED, "host");
        match self {
            Failure::Usage(error) => Report::new(Usage, false, ("usage", "usage"), &chain(error)),
            Failure::Roster { path, error } => {
                let mut report = Report::new(Usage, false, ("usage", "roster"), &error.message);
                report.text = line(&format!("{}, {error}", path.display()));
                report.value["file"] = path.to_string_lossy().into();
                report.value["line"] = error.line.into();
                report.value["column"] = error.column.into();
                report
            }
            Failure::Component { error, place } => Report::of_component(error, place.as_deref()),
            Failure::Host(error) => {
                let (wrote, code) = (error.may_have_written(), error.code());
                let case = (EXECUTION_FAILED, code);
                let text = render::host_error(error);
                Report { text, ..Report::new(Failed, wrote, case, &error.to_string()) }
            }
            Failure::Unprinted { error, writes, records } => {
                let exit = if *writes > 0 { Partly } else { Failed };
                let (case, message) = ((EXECUTION_FAILED, "unprinted"), unprinted(error, *writes));
                let mut report = Report::new(exit, *writes > 0, case, &message);
                report.records = render::tombstones(records);
                if !records.is_empty() {
                    let records = records.iter().filter_map(|record| json::value(record).ok());
                    report.value["tombstones"] = records.collect();
                }
                report
            }
            Failure::Unrecorded(error) => Report::new(Partly, true, host, &chain(error)),
            Failure::Other(error) => Report::new(Failed, false, host, &chain(error)),
            Failure::Recorded { failure, path } => {
                let mut report = failure.report();
                report.value["tombstone_file"] = path.to_string_lossy().into();
                report.text += &render::recorded(path);
                // They are in the file.
                report.records.clear();
                report
            }
            Failure::Stopped { signal, failure } => {
                let mut report = failure.report();
                report.value["signal"] = signal.name().into();
                Report { exit: signal.exit(), ..report }
            }
        }
    }

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

    /// Returns whether the command may have written something before it failed.
    pub(crate) fn may_have_written(&self) -> bool {
        self.report().may_have_written
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
            Failure::Stopped { failure, .. } | Failure::Recorded { failure, .. } => {
                failure.distrusts_stdout()
            }
            _ => false,
        }
    }

    /// Returns the failure as JSON for scripts, in the form of the contract's errors: `{"error":
    /// {"permanent": {"kind": …, "code": …, "message": …, …}}}`. The command's own cases are
    /// `usage` and `execution-failed`.
    pub(crate) fn json(&self) -> Value {
        let Report { case, value, .. } = self.report();
        json!({ "error": { case: value } })
    }
}

/// Formats an error as one line for people.
fn line(what: &str) -> String {
    format!("{} {}\n", render::alarm("error:"), printable(what))
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
        for (signal, code) in
            [(Signal::HangUp, 129), (Signal::Interrupt, 130), (Signal::Terminate, 143)]
        {
            let failure = Box::new(Failure::Usage(anyhow!("bad")));
            assert_eq!(Failure::Stopped { signal, failure }.exit() as u8, code);
        }
        for code in USAGE_CODES {
            let denied = ErrorDetail { code: code.to_owned(), ..plain(ErrorKind::Denied) };
            assert_eq!(exit(Error::Permanent(denied)), Exit::Usage);
        }
    }

    #[test]
    fn an_unprintable_result_exits_with_4_after_a_write_and_has_the_records() {
        let unprinted =
            || Failure::Unprinted { error: anyhow!("broken pipe"), writes: 0, records: Vec::new() };
        assert_eq!(unprinted().exit(), Exit::Failed);
        let recorded = unprinted().after(2, &[tombstone("ada@x.com")]);
        assert!(recorded.text().contains("\"recorded_at\": "), "{}", recorded.text());
        let error = &recorded.json()["error"]["execution-failed"];
        assert_eq!(error["tombstones"][0]["user"]["email"], "ada@x.com", "{error}");
        let written = unprinted().after(2, &[]);
        assert!(written.json()["error"]["execution-failed"].get("tombstones").is_none());
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
            Failure::Recorded {
                failure: Box::new(Failure::Other(anyhow!("bad"))),
                path: "ada.json".into(),
            },
            Failure::Stopped {
                signal: Signal::Terminate,
                failure: Box::new(Error::Transient(detail("call-stopped", "It failed.")).into()),
            },
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
