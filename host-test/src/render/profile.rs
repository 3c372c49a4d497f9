//! Renders where the time of calls went.

use std::fmt::Write;
use std::time::Duration;

use crate::timings::Timing;

/// The start of the log line in which the component reports its phases.
pub(crate) const LINE: &str = "profile: ";

/// The phases that the component reports: their names and descriptions.
const PHASES: [(&str, &str); 4] = [
    ("parameters", "reading the parameters"),
    ("decoding", "decoding answers"),
    ("planning", "planning"),
    ("result", "writing the result"),
];

/// Renders a table of the host's measurements and of those in the component's log.
pub(crate) fn profile<'a>(timing: &Timing, log: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<&str> = log.filter_map(|line| line.strip_prefix(LINE)).collect();
    let mut table = String::from("where the time went:\n");
    let mut rest = timing.computing;
    row(&mut table, "making the instance", timing.instantiating);
    row(&mut table, "waiting for the network", timing.waiting);
    row(&mut table, "computing", timing.computing);
    for (phase, what) in PHASES {
        let spent = lines.iter().map(|line| spent_in(line, phase)).sum();
        rest = rest.saturating_sub(spent);
        row(&mut table, &format!("  {what}"), spent);
    }
    row(&mut table, "  requests, and everything else", rest);
    table
}

fn row(table: &mut String, what: &str, took: Duration) {
    // Writing to a string can't fail.
    let _ = writeln!(table, "  {what:<34} {:>10.2} ms", took.as_secs_f64() * 1000.0);
}

/// Reads the time of a phase from a line that contains e.g. `decoding 345 us`.
fn spent_in(line: &str, phase: &str) -> Duration {
    let mut parts = line.split(", ").filter_map(|part| part.strip_prefix(phase));
    let number = parts.next().and_then(|rest| rest.trim().strip_suffix(" us"));
    Duration::from_micros(number.and_then(|number| number.parse().ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_summed_and_the_remaining_time_is_shown() {
        let timing = Timing {
            calls: 2,
            instantiating: Duration::from_micros(30),
            computing: Duration::from_millis(20),
            waiting: Duration::from_millis(100),
        };
        let log = [
            "GET something",
            "profile: parameters 1000 us, decoding 5000 us, planning 2000 us, result 500 us",
            "profile: parameters 1000 us, decoding 5000 us, planning 0 us, result 500 us",
        ];
        let table = profile(&timing, log.into_iter());
        for (what, ms) in [
            ("making the instance", "0.03 ms"),
            ("waiting for the network", "100.00 ms"),
            ("reading the parameters", "2.00 ms"),
            ("decoding answers", "10.00 ms"),
            ("planning", "2.00 ms"),
            ("writing the result", "1.00 ms"),
            ("everything else", "5.00 ms"),
        ] {
            let row = table.lines().find(|line| line.contains(what)).expect("a row");
            assert!(row.ends_with(&format!(" {ms}")), "{row}");
        }
    }
}
