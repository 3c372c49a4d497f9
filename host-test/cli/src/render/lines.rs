//! Headings with lines under them.

use super::style::{CHANGED, HEADING, painted};
use super::switches;
use super::words;
use host_test::retool::types::{GroupLink, Write};
use host_test::text::printable;

/// A heading with indented lines under it.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    pub(super) fn headed(heading: &str) -> Self {
        let mut lines = Lines::default();
        lines.heading(heading);
        lines
    }

    pub(super) fn heading(&mut self, heading: &str) {
        self.0 += &format!("{}\n", painted(HEADING, heading));
    }

    pub(super) fn line(&mut self, line: &str) {
        self.0 += &format!("  {line}\n");
    }

    pub(super) fn each(&mut self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.line(&line);
        }
    }

    pub(super) fn groups(&mut self, label: &str, groups: &[GroupLink]) {
        if !groups.is_empty() {
            let names: Vec<String> = groups.iter().map(words::group).collect();
            self.line(&format!("{label}: {}", names.join(", ")));
        }
    }

    pub(super) fn remaining(&mut self, remaining: &[String]) {
        self.each(remaining.iter().map(|what| {
            let what = switches::of_person(what, None);
            format!("{}: {}", painted(CHANGED, "still to do"), printable(&what))
        }));
    }

    pub(super) fn writes(&mut self, writes: &[Write]) {
        self.line(&words::count(writes.len(), "write", "writes"));
        self.each(writes.iter().map(|write| format!("  {}", words::write(write))));
    }

    pub(super) fn done(self) -> String {
        self.0
    }
}
