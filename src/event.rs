//! Events: lines of the log that a host reads, instead of text for people.

use alloc::format;
use alloc::string::String;

use serde::Serialize;

use crate::ser::to_json;

/// What each event begins with: the name of the format and its version. A new field or type leaves
/// the version as it is, because readers ignore what they don't know.
const VERSION: &str = "event/1";

/// An event. As a line, it is the version, a space, and one JSON object.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// How far a task is.
    Progress(Progress),
    /// Where the time of a call went.
    Profile(Profile),
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Progress {
    /// The task: `listing` or `applying`.
    pub task: &'static str,
    /// What is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<&'static str>,
    /// How much is done.
    pub done: usize,
    /// How much there is to do, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// What is counted, if it is not what is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
}

/// How long the phases of a call took, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Profile {
    /// Checking and converting the parameters.
    pub parameters_us: u64,
    /// Decoding responses.
    pub decoding_us: u64,
    /// Comparing the current state with the wanted one.
    pub planning_us: u64,
    /// Converting the result.
    pub result_us: u64,
}

impl Event {
    /// Returns the event as a line of the log, without a line end.
    pub fn line(&self) -> String {
        format!("{VERSION} {}", to_json(self))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// The host's test reads the same file.
    const EXAMPLES: &str = include_str!("../tests/events/v1.txt");

    #[test]
    fn each_event_is_written_as_in_the_examples_that_the_host_reads() {
        let events = [
            Event::Progress(Progress {
                task: "listing",
                what: Some("users"),
                done: 3,
                total: Some(24),
                unit: Some("pages"),
            }),
            Event::Progress(Progress {
                task: "listing",
                what: Some("groups"),
                done: 50,
                ..Progress::default()
            }),
            Event::Progress(Progress {
                task: "applying",
                done: 25,
                total: Some(200),
                unit: Some("steps"),
                ..Progress::default()
            }),
            Event::Profile(Profile {
                parameters_us: 1000,
                decoding_us: 5000,
                planning_us: 2000,
                result_us: 500,
            }),
        ];
        let examples = EXAMPLES.lines().filter(|line| line.starts_with("event/"));
        let examples: Vec<&str> = examples.collect();
        assert_eq!(events.map(|event| event.line()).as_slice(), examples);
    }

    #[test]
    fn an_event_is_one_line_whatever_is_listed() {
        let what = Some("a\nb\"");
        let event = Event::Progress(Progress { task: "listing", what, ..Progress::default() });
        assert_eq!(
            event.line(),
            r#"event/1 {"type":"progress","task":"listing","what":"a\nb\"","done":0}"#
        );
    }
}
