//! Tables of people: who, what changes, which groups.

use std::collections::HashSet;

use maud::{Markup, html};

use super::super::same_name::Others;
use super::super::words;
use super::people::{Action, Person};
use super::same;
use host_test::retool::types::{FieldChange, User};
use host_test::text::printable;

/// How many people are in a table. More of them are folded, so that a browser opens a long page at
/// once and a link lands where it points to.
const MOST: usize = 200;

/// Renders people, in several tables if they are many.
pub(super) fn tables(people: &[&Person<'_>]) -> Markup {
    let rows = |people: &[&Person<'_>]| {
        html! { @for person in people { (row(person, None)) } }
    };
    folded(people, |person| person.email, |people| table(rows(people)))
}

/// Renders items in one table, or in several that are folded except for the first. `name` says what
/// an item is called in the line of a folded table.
pub(super) fn folded<T>(
    items: &[T],
    name: impl Fn(&T) -> &str,
    table: impl Fn(&[T]) -> Markup,
) -> Markup {
    html! {
        @if items.len() <= MOST { (table(items)) }
        @else {
            @for (at, items) in items.chunks(MOST).enumerate() {
                details open[at == 0] {
                    summary {
                        @if let [first, .., last] = items {
                            bdi { (printable(name(first))) } " to " bdi { (printable(name(last))) }
                        } @else if let [only] = items {
                            bdi { (printable(name(only))) }
                        }
                        " " span.count { (items.len()) }
                    }
                    (table(items))
                }
            }
        }
    }
}

/// Renders a table with these rows.
pub(super) fn table(rows: Markup) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    th scope="col" { "Person" }
                    th scope="col" { "Changes" }
                    th scope="col" { "Groups" }
                }
            }
            tbody { (rows) }
        }
    }
}

/// Renders a person. `others` are those who may be the same one.
pub(super) fn row(person: &Person<'_>, others: Option<Others<'_>>) -> Markup {
    let Person { email, action, changes, joins, leaves, record, last_active } = person;
    html! {
        tr {
            th {
                bdi { (printable(email)) }
                @if let Some(name) = record.and_then(full_name) { small { (name) } }
                @if person.is_removed() && let Some(last_active) = last_active {
                    small { (last_seen(last_active.as_deref())) }
                }
                @if let Some(others) = others { (same::note(others)) }
                @match person.administers() {
                    Some(true) => b.badge { "becomes an administrator" },
                    Some(false) => b.badge { "no longer an administrator" },
                    None => {},
                }
            }
            td {
                @for change in changes { (self::change(change, *action == Action::Create)) }
            }
            td {
                (memberships(joins, leaves))
                @if person.is_removed() && let Some(record) = record { (staying(record, leaves)) }
            }
        }
    }
}

/// Renders the change of a field. Where the account is new, there is no former value.
pub(super) fn change(change: &FieldChange, is_new: bool) -> Markup {
    let FieldChange { field, before, after } = change;
    html! {
        div {
            (words::field_name(field)) " "
            @if let Some(before) = before { del { (value(before)) } " → " }
            @else if !is_new { i { "(none)" } " → " }
            @match after {
                Some(after) => ins { (value(after)) },
                None => i { "(none)" },
            }
        }
    }
}

fn value(value: &str) -> Markup {
    html! { @if value.is_empty() { i { "(empty)" } } @else { (printable(value)) } }
}

/// Renders the groups that a person joins and leaves.
pub(super) fn memberships(joins: &[String], leaves: &[String]) -> Markup {
    html! {
        @if !joins.is_empty() {
            div { "joins" @for group in joins { " " ins { (printable(group)) } } }
        }
        @if !leaves.is_empty() {
            div { "leaves" @for group in leaves { " " del { (printable(group)) } } }
        }
    }
}

/// Renders the other groups of a person who is removed.
fn staying(record: &User, leaves: &[String]) -> Markup {
    let groups = record.groups.iter().flatten().map(words::group);
    let leaves: HashSet<&str> = leaves.iter().map(String::as_str).collect();
    let others: Vec<String> = groups.filter(|group| !leaves.contains(&**group)).collect();
    html! { @for group in &others { bdi.chip { (group) } " " } }
}

fn full_name(record: &User) -> Option<String> {
    let names = [&record.first_name, &record.last_name].map(|name| name.as_deref());
    let names: Vec<&str> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| printable(&names.join(" ")).into_owned())
}

/// Renders the day, which is enough to decide.
fn last_seen(last_active: Option<&str>) -> Markup {
    html! {
        @match last_active {
            Some(time) => { "last active " (printable(time.split('T').next().unwrap_or(time))) },
            None => "last active: not known",
        }
    }
}
