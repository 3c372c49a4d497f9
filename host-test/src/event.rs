//! Events: lines of the component's log that are meant for the host, and what the host adds to
//! them. It shows them in words, and gives their values to whoever wants to know.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::net::Failure as FailureReason;
use crate::text::is_shown;

/// A callback that gets each event while the call is still running.
pub type EventSink = Arc<dyn Fn(&Event) + Send + Sync>;

/// What the lines begin with that this host can read: the name of the format and its version.
const VERSION: &str = "event/1 ";

/// What is reported of a running call. `Display` is the line that the log has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// How far a task is.
    Progress(Progress),
    /// Where the time of the call went. Only with `RETOOL_PROFILE=1`.
    Profile(Profile),
    /// A request got no response. The host reports this: the component does not learn the reason.
    RequestFailed(RequestFailure),
}

/// How far a task is. Its texts have only characters that [may be shown](crate::text::is_shown).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// The task, e.g. `listing`.
    pub task: String,
    /// What the task is about, e.g. `users`.
    pub what: Option<String>,
    /// How much is done.
    pub done: u64,
    /// How much there is to do, if that is known. It is at least `done`.
    pub total: Option<u64>,
    /// What is counted, e.g. `pages`.
    pub unit: Option<String>,
}

/// How long the phases of a call took in which the component computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Checking and converting the parameters.
    pub parameters: Duration,
    /// Decoding answers.
    pub decoding: Duration,
    /// Planning.
    pub planning: Duration,
    /// Converting the result.
    pub result: Duration,
}

/// Why a request got no response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestFailure {
    /// The origin that the request was for.
    pub origin: String,
    /// The reason. Its text is one of a few of the host, and has none of a server, a proxy or a
    /// library.
    pub reason: FailureReason,
}

/// The JSON of an event. Fields that are not known here are ignored.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Json {
    Progress(Progress),
    Profile { parameters_us: u64, decoding_us: u64, planning_us: u64, result_us: u64 },
}

impl Event {
    /// Reads a line of the log. Returns `None` if it is not an event, or an event of a version or
    /// a type that is not known here.
    pub fn read(line: &str) -> Option<Event> {
        let json = line.strip_prefix(VERSION)?;
        match serde_json::from_str(json).ok()? {
            Json::Progress(progress) => progress.is_valid().then_some(Event::Progress(progress)),
            Json::Profile { parameters_us, decoding_us, planning_us, result_us } => {
                Some(Event::Profile(Profile {
                    parameters: Duration::from_micros(parameters_us),
                    decoding: Duration::from_micros(decoding_us),
                    planning: Duration::from_micros(planning_us),
                    result: Duration::from_micros(result_us),
                }))
            }
        }
    }
}

impl Progress {
    fn is_valid(&self) -> bool {
        let texts = [Some(&self.task), self.what.as_ref(), self.unit.as_ref()];
        texts.into_iter().flatten().all(|text| text.chars().all(is_shown))
            && self.total.is_none_or(|total| self.done <= total)
    }
}

impl Profile {
    pub(crate) fn add(&mut self, other: &Profile) {
        let add = |sum: &mut Duration, more| *sum = sum.saturating_add(more);
        add(&mut self.parameters, other.parameters);
        add(&mut self.decoding, other.decoding);
        add(&mut self.planning, other.planning);
        add(&mut self.result, other.result);
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Progress(progress) => progress.fmt(f),
            Event::Profile(profile) => profile.fmt(f),
            Event::RequestFailed(failure) => write!(f, "host: {failure}"),
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { task, what, done, total, unit } = self;
        f.write_str(task)?;
        if let Some(what) = what {
            write!(f, " {what}")?;
        }
        write!(f, ": {done}")?;
        if let Some(total) = total {
            write!(f, " of {total}")?;
        }
        match unit {
            Some(unit) => write!(f, " {unit}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RequestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a request to {} failed: {}", self.origin, self.reason)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "profile: parameters {} us, decoding {} us, planning {} us, result {} us",
            self.parameters.as_micros(),
            self.decoding.as_micros(),
            self.planning.as_micros(),
            self.result.as_micros()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each event, followed by its words. The component's test reads the same file.
    const EXAMPLES: &str = include_str!("../../tests/events/v1.txt");

    #[test]
    fn each_event_is_read_as_in_the_examples_that_the_component_writes() {
        let lines: Vec<&str> = EXAMPLES.lines().filter(|line| !line.is_empty()).collect();
        let mut events = Vec::new();
        for example in lines.chunks(2) {
            let [line, words] = *example else { panic!("an event without words: {example:?}") };
            let event = Event::read(line).expect(line);
            assert_eq!(event.to_string(), words);
            events.push(event);
        }
        let progress = |task: &str, what: Option<&str>, done, total, unit: Option<&str>| {
            let text = |text: &str| text.to_owned();
            let (what, unit) = (what.map(text), unit.map(text));
            Event::Progress(Progress { task: task.to_owned(), what, done, total, unit })
        };
        assert_eq!(
            events,
            [
                progress("listing", Some("users"), 3, Some(24), Some("pages")),
                progress("listing", Some("groups"), 50, None, None),
                progress("applying", None, 25, Some(200), Some("steps")),
                Event::Profile(Profile {
                    parameters: Duration::from_millis(1),
                    decoding: Duration::from_millis(5),
                    planning: Duration::from_millis(2),
                    result: Duration::from_micros(500),
                }),
            ]
        );
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let line = r#"event/1 {"new":[{}],"type":"progress","task":"x","done":1,"more":null}"#;
        let event = Event::read(line).expect("an event");
        assert_eq!(event.to_string(), "x: 1");
    }

    #[test]
    fn all_other_lines_are_no_events() {
        let deep = format!("event/1 {}", "[".repeat(100_000));
        for line in [
            "",
            "applying: 25 of 200 steps",
            r#"{"type":"progress","task":"x","done":1}"#,
            r#"event/2 {"type":"progress","task":"x","done":1}"#,
            r#"event/11 {"type":"progress","task":"x","done":1}"#,
            r#"event/1 {"type":"new","task":"x","done":1}"#,
            r#"event/1 {"type":"progress","task":"x"}"#,
            r#"event/1 {"type":"progress","task":"x","done":-1}"#,
            r#"event/1 {"type":"progress","task":"x","done":9,"total":3}"#,
            r#"event/1 {"type":"progress","task":"x","done":1} {}"#,
            // Characters that may not be shown.
            r#"event/1 {"type":"progress","task":"a\u001b[31m","done":1}"#,
            r#"event/1 {"type":"progress","task":"x","done":1,"what":"\u202e"}"#,
            r#"event/1 {"type":"progress","task":"x","done":1,"unit":"\n"}"#,
            r#"event/1 {"type":"profile","parameters_us":1}"#,
            // Only the host reports these.
            r#"event/1 {"type":"request-failed","origin":"https://x","reason":"x"}"#,
            "host: a request to https://x failed: x",
            "event/1",
            "event/1 ",
            &deep,
        ] {
            assert_eq!(Event::read(line), None, "{line}");
        }
    }
}
