//! Renders where the time of calls went.

use std::fmt::Write;
use std::time::Duration;

use host_test::Timing;

/// Renders a table of the host's measurements and of the component's.
pub(crate) fn profile(timing: &Timing) -> String {
    let phases = [
        ("reading the parameters", timing.profile.parameters),
        ("decoding answers", timing.profile.decoding),
        ("planning", timing.profile.planning),
        ("writing the result", timing.profile.result),
    ];
    let mut table = String::from("where the time went:\n");
    let mut rest = timing.computing;
    row(&mut table, "making the instance", timing.instantiating);
    row(&mut table, "waiting for the network", timing.waiting);
    row(&mut table, "computing", timing.computing);
    for (what, spent) in phases {
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

#[cfg(test)]
mod tests {
    use super::*;
    use host_test::Event;

    #[test]
    fn phases_are_shown_and_the_remaining_time() {
        let line = "event/1 {\"type\":\"profile\",\"parameters_us\":2000,\"decoding_us\":10000,\
                    \"planning_us\":2000,\"result_us\":1000}";
        let Some(Event::Profile(profile)) = Event::read(line) else { panic!("{line}") };
        let timing = Timing {
            calls: 2,
            instantiating: Duration::from_micros(30),
            computing: Duration::from_millis(20),
            waiting: Duration::from_millis(100),
            profile,
        };
        let table = super::profile(&timing);
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
