//! What each failure means: its exit code, its text and its JSON.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::codes::exit;
use super::{Failure, Kept};
use crate::exit::Exit;
use crate::render;
use crate::roster::{Refusal, RosterError};
use host_test::error_case;
use host_test::json;
use host_test::retool::types::Error;
use host_test::text::printable;

/// The contract's case for a failure of the host that runs the component.
const EXECUTION_FAILED: &str = "execution-failed";

/// What a failure means for the user and for scripts.
pub(super) struct Report {
    pub(super) exit: Exit,
    /// Whether the command may have written something before it failed.
    pub(super) may_have_written: bool,
    /// The case of the error as JSON, and its value, which has at least `code` and `message`.
    pub(super) case: &'static str,
    pub(super) value: Value,
    /// The failure as text for people.
    pub(super) text: String,
    /// The records of people who were removed, as text. Empty if they are somewhere else.
    pub(super) records: String,
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

impl Failure {
    /// The table: what each failure means.
    pub(super) fn report(&self) -> Report {
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
