//! The lines of the log on stderr, and their format.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::SystemTime;

use clap::ValueEnum;
use host_test::text::printable_json;
use serde_json::{Value, json};

/// How a line of the log is written. Without a format it is only the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// The time, the level and the text.
    Text,
    /// An object with `time`, `level` and `message`, and with `error` if the command failed.
    Json,
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// The format is for the whole process.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// The name of the switch.
const SWITCH: &str = "--log-format";

/// Returns the format that these arguments ask for, whatever else is wrong with them.
pub(crate) fn format_in(arguments: impl IntoIterator<Item = OsString>) -> Option<LogFormat> {
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let value = match argument.to_str() {
            Some("--") => return None,
            Some(SWITCH) => arguments.next(),
            Some(text) => {
                let value = text.strip_prefix(SWITCH).and_then(|rest| rest.strip_prefix('='));
                value.map(OsString::from)
            }
            None => None,
        };
        let format = value.and_then(|value| LogFormat::from_str(value.to_str()?, false).ok());
        if format.is_some() {
            return format;
        }
    }
    None
}

/// Sets the format, before anything is logged.
pub(crate) fn set_format(format: Option<LogFormat>) {
    if let Some(format) = format {
        // Only the first one counts, and there is no other.
        let _ = FORMAT.set(format);
    }
}

pub(crate) fn format() -> Option<LogFormat> {
    FORMAT.get().copied()
}

/// Writes a line about what the command does.
pub(crate) fn note(text: &str) {
    // Failing to print it is no reason to stop.
    let _ = write(Level::Info, text, None);
}

/// Writes a line, with the error if there is one.
pub(crate) fn write(level: Level, text: &str, error: Option<Value>) -> io::Result<()> {
    let time = humantime::format_rfc3339_millis(SystemTime::now());
    io::stderr().write_all(line(format(), &time.to_string(), level, text, error).as_bytes())
}

fn line(
    format: Option<LogFormat>,
    time: &str,
    level: Level,
    text: &str,
    error: Option<Value>,
) -> String {
    let level = level.name();
    match format {
        None => format!("{text}\n"),
        Some(LogFormat::Text) => format!("{time} {level:<7} {text}\n"),
        Some(LogFormat::Json) => {
            let message = anstream::adapter::strip_str(text.trim_end()).to_string();
            let mut value = json!({ "time": time, "level": level, "message": message });
            if let Some(mut error) = error {
                value["error"] = error["error"].take();
            }
            printable_json(&format!("{value}\n")).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_among_arguments_that_can_not_be_parsed() {
        let format = |line: &[&str]| format_in(line.iter().map(OsString::from));
        assert_eq!(format(&["x", "--log-format", "json", "dance"]), Some(LogFormat::Json));
        assert_eq!(format(&["x", "sync", "--no", "--log-format=text"]), Some(LogFormat::Text));
        for line in [&["x", "--log-format=xml"][..], &["x", "--log-format"], &["x", "sync"]] {
            assert_eq!(format(line), None, "{line:?}");
        }
        assert_eq!(format(&["x", "group", "--", "--log-format=json"]), None);
    }

    #[test]
    fn a_line_has_its_time_and_level_in_both_formats() {
        let line = |format, error| line(format, "T", Level::Warning, "a \"b\"", error);
        assert_eq!(line(None, None), "a \"b\"\n");
        assert_eq!(line(Some(LogFormat::Text), None), "T warning a \"b\"\n");
        let error = json!({"error": {"usage": {}}});
        let value: Value =
            serde_json::from_str(&line(Some(LogFormat::Json), Some(error))).expect("JSON");
        let expected = json!({
            "time": "T", "level": "warning", "message": "a \"b\"", "error": {"usage": {}}
        });
        assert_eq!(value, expected);
    }
}
