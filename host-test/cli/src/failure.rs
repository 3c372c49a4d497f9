//! Why a command ended without its result.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::signal::Signal;
use crate::exit::Exit;
use crate::render;
use crate::roster::{Refusal, RosterError};
use host_test::HostError;
use host_test::error_case;
use host_test::json;
use host_test::retool::types::{Error, ErrorDetail, ErrorKind, Tombstone, Write};
use host_test::text::printable;

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

/// Codes of errors in the arguments or the environment, which are found before any request.
const USAGE_CODES: [&str; 6] = [
    "base-url-invalid",
    "https-required",
    "setting-invalid",
    "token-invalid",
    "token-missing",
    "variable-refused",
];

/// Codes of errors that are the same for everyone, beside [`USAGE_CODES`].
const ENDING_CODES: [&str; 6] = [
    "access-blocked",
    "base-url-wrong",
    "call-stopped",
    "dialect-unsupported",
    "redirected",
    "token-rejected",
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
        let switch = detail.and_then(|detail| render::switch_of_field(detail.field.as_deref()?));
        let place = place.or(switch.as_deref());
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
            Failure::Roster { path, refusal } => of_roster(path, refusal),
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
                    report.value["tombstones"] = values(records);
                }
                report
            }
            Failure::Unrecorded(error) => Report::new(Partly, true, host, &chain(error)),
            Failure::Other(error) => Report::new(Failed, false, host, &chain(error)),
            Failure::Recorded { failure, path, kept } => {
                let mut report = failure.report();
                let key = match kept {
                    Kept::File | Kept::FileInFolder => "tombstone_file",
                    Kept::Folder => "tombstones_folder",
                };
                report.value[key] = path.to_string_lossy().into();
                report.text += &render::recorded(path, *kept);
                // They are in the file.
                report.records.clear();
                report
            }
            Failure::After { failure, writes, records } => {
                let mut report = failure.report();
                report.exit = Partly;
                report.may_have_written = true;
                report.value["writes"] = values(writes);
                report.value["tombstones"] = values(records);
                report.text += &render::written_before(writes);
                report.records = render::tombstones(records);
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
                detail.is_none_or(|detail| {
                    USAGE_CODES.contains(&&*detail.code) || ENDING_CODES.contains(&&*detail.code)
                })
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

/// Reports the mistakes of a roster. The first one is also the error's own.
fn of_roster(path: &Path, refusal: &Refusal) -> Report {
    let Refusal { errors, more } = refusal;
    let place = |error: &RosterError| json!({"line": error.line, "column": error.column, "message": error.message});
    let mistakes: Vec<Value> = errors.iter().map(place).collect();
    let first = mistakes.first().cloned().unwrap_or_default();
    let message = errors.first().map_or("it is no roster", |error| &error.message);
    let mut report = Report::new(Exit::Usage, false, ("usage", "roster"), message);
    report.text = match &errors[..] {
        [error] => line(&format!("{}, {error}", path.display())),
        errors => {
            let count = errors.len() as u64 + more;
            let lines = errors.iter().map(|error| format!("  {}\n", printable(&error.to_string())));
            let more = Some(format!("  and {more} more\n")).filter(|_| *more > 0);
            line(&format!("{} has {count} mistakes:", path.display()))
                + &lines.chain(more).collect::<String>()
        }
    };
    report.value["file"] = path.to_string_lossy().into();
    report.value["line"] = first["line"].clone();
    report.value["column"] = first["column"].clone();
    report.value["mistakes"] = mistakes.into();
    report.value["more"] = (*more).into();
    report
}

/// Converts values of the contract to JSON.
fn values<T: Serialize>(values: &[T]) -> Value {
    values.iter().filter_map(|value| json::value(value).ok()).collect()
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

/// Returns the detail of an error, so that it can be rewritten in the user's terms.
fn error_detail_mut(error: &mut Error) -> Option<&mut ErrorDetail> {
    match error {
        Error::ExecutionFailed => None,
        Error::Permanent(detail) | Error::Transient(detail) => Some(detail),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::render::plain;
    use crate::testing::{detail, tombstone, written};
    use host_test::retool::types::{ErrorDetail, WriteKind};

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
            assert_eq!(Failure::Stopped { signal, failure }.exit().code(), code);
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
        let recorded = Failure::Recorded {
            failure: Box::new(error()),
            path: "ada.json".into(),
            kept: Kept::File,
        }
        .text();
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
                kept: Kept::File,
            },
            Failure::After {
                failure: Box::new(Failure::Other(anyhow!("bad"))),
                writes: Vec::new(),
                records: Vec::new(),
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
        let error = |line| RosterError { line, column: 2, message: "bad".to_owned() };
        let roster = |errors, more| Failure::Roster {
            path: "people.csv".into(),
            refusal: Refusal { errors, more },
        };
        let failure = roster(vec![error(3)], 0);
        assert_eq!(
            failure.json(),
            json!({"error": {"usage": {
                "code": "roster", "message": "bad",
                "file": "people.csv", "line": 3, "column": 2,
                "mistakes": [{"line": 3, "column": 2, "message": "bad"}], "more": 0,
            }}})
        );
        assert_eq!(plain(&failure.text()), "error: people.csv, line 3, column 2: bad\n");
        assert_eq!(
            plain(&roster(vec![error(3), error(4)], 5).text()),
            "error: people.csv has 7 mistakes:\n  line 3, column 2: bad\n  line 4, column 2: bad\n  \
             and 5 more\n"
        );
    }
}
