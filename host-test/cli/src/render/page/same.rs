//! People of one full name, some created and some removed by the plan: they stand together, because
//! they may be the same person.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::same_name::{Others, SameName, advice};
use super::people::Person;
use super::table;
use host_test::retool::types::Dialect;
use host_test::text::printable;

/// The id of the section.
pub(super) const PLACE: &str = "same-person";

pub(super) fn section(
    same_names: &[SameName<'_>],
    people: &[Person<'_>],
    dialect: Dialect,
    refused: bool,
) -> Markup {
    let by_address: BTreeMap<&str, &Person<'_>> =
        people.iter().map(|person| (person.email, person)).collect();
    let number: usize = same_names.iter().map(|set| set.people().count()).sum();
    html! {
        @if !same_names.is_empty() {
            section.people.same id=(PLACE) {
                h2 {
                    (if refused { "Withheld: may be the same person " } else { "May be the same person " })
                    span.count { (number) }
                }
                p.hint { (advice(dialect)) }
                @for set in same_names {
                    @let rows = html! {
                        @for (email, others) in set.people() {
                            @if let Some(person) = by_address.get(email) {
                                (table::row(person, Some(others)))
                            }
                        }
                    };
                    div.together { (table::table(rows)) }
                }
            }
        }
    }
}

/// Renders a link to the section, for the head of the page.
pub(super) fn link(number: usize) -> Markup {
    html! {
        @if number > 0 {
            p.doubt {
                a href={ "#" (PLACE) } {
                    (number) " of the people to be created or removed may be the same people under new addresses"
                }
            }
        }
    }
}

/// Renders who may be the same person.
pub(super) fn note(others: Others<'_>) -> Markup {
    let (named, more) = others.named();
    html! {
        b.badge {
            "may be the same person as "
            @for (at, email) in named.iter().enumerate() {
                @if at > 0 { ", " }
                bdi { (printable(email)) }
            }
            @if more > 0 { " and " (more) " more" }
        }
    }
}
