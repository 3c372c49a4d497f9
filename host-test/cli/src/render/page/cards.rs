//! The parts of a page that a plan and a report share.

use maud::{Markup, html};

use super::super::words;
use super::table;
use host_test::retool::synchronization::{GuardReport, SeatChange};
use host_test::text::printable;

/// Renders the guards that have tripped.
pub(super) fn tripped(guards: &[GuardReport]) -> Markup {
    let tripped: Vec<_> = guards.iter().filter(|guard| guard.tripped).collect();
    html! {
        @if !tripped.is_empty() {
            section.card { h2 { "Guards that have tripped" } (guard_table(&tripped)) }
        }
    }
}

/// Renders the guards that have not tripped. There may be one for each group, so they are folded.
pub(super) fn passed(guards: &[GuardReport]) -> Markup {
    let passed: Vec<_> = guards.iter().filter(|guard| !guard.tripped).collect();
    html! {
        @if !passed.is_empty() {
            details.card {
                summary { (words::count(passed.len(), "guard has passed", "guards have passed")) }
                (guard_table(&passed))
            }
        }
    }
}

fn guard_table(guards: &[&GuardReport]) -> Markup {
    html! {
        table.guards {
            @for GuardReport { guard, subject, limit, actual, tripped, .. } in guards {
                @let (name, bound) = words::guard_name(*guard);
                tr.tripped[*tripped] {
                    td { @if *tripped { strong { "TRIPPED" } } @else { "ok" } }
                    td {
                        (name)
                        @if let Some(subject) = subject { " (" bdi { (printable(subject)) } ")" }
                    }
                    td { b { (actual) } ", " (bound) " " (limit) }
                }
            }
        }
    }
}

pub(super) fn seats(seats: &[SeatChange]) -> Markup {
    let changing = || seats.iter().filter(|seat| seat.added > 0 || seat.removed > 0);
    html! {
        section.card {
            h2 { "Seats" }
            @if changing().next().is_none() { p { "None is taken or freed." } }
            @else {
                table.seats {
                    thead {
                        tr {
                            @for heading in ["Seat", "Before", "Taken", "Freed", "After"] {
                                th scope="col" { (heading) }
                            }
                        }
                    }
                    @for SeatChange { user_type, before, added, removed, after } in changing() {
                        tr {
                            th scope="row" { (words::user_type(*user_type)) }
                            td { (before) }
                            td { @if *added > 0 { b.taken { "+" (added) } } }
                            td { @if *removed > 0 { b.freed { "−" (removed) } } }
                            td { b { (after) } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn list(heading: &str, texts: &[String]) -> Markup {
    html! {
        @if !texts.is_empty() {
            section.card {
                h2 { (heading) }
                ul { @for text in texts { li { bdi { (printable(text)) } } } }
            }
        }
    }
}

/// Renders a reason with the people that have it.
pub(super) fn reason(code: &str, message: &str, hint: Option<&str>, people: &[&str]) -> Markup {
    html! {
        div.reason {
            p { code { (printable(code)) } " " bdi { (printable(message)) } }
            @if let Some(hint) = hint { p.hint { (hint) } }
            (table::folded(people, |person| person, |people| html! {
                table.rows { tbody { @for person in people {
                    tr { th { bdi { (printable(person)) } } }
                } } }
            }))
        }
    }
}
