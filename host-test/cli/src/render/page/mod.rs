//! Renders a plan as a page for the approver, and a report as a page for whoever keeps it.

mod cards;
mod frame;
mod people;
mod policy;
mod report;
mod same;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::hints;
use super::plan::group_of;
use super::same_name::{self, same_names};
use super::tally::Tally;
use super::words;
use host_test::retool::synchronization::{GuardReport, PersonRefusal, Plan, Step, StepKind};
use host_test::text::printable;
use people::{Action, Person, people};
pub(crate) use report::{Applied, report_page};

/// What the page shows in addition to the plan.
pub(crate) struct About<'a> {
    /// The organisation.
    pub(crate) base_url: &'a str,
    /// The name of the roster's file.
    pub(crate) roster: &'a str,
    /// When the accounts that are removed were last active, by id. `None` if it was not read.
    pub(crate) last_active: Option<LastActive>,
}

/// When accounts were last active, by id; `None` for an account of which the server does not say it.
pub(crate) type LastActive = BTreeMap<String, Option<String>>;

/// Renders the page. If a guard has tripped, the page shows the withheld steps.
pub(crate) fn page(plan: &Plan, about: &About<'_>) -> String {
    let Plan {
        dialect,
        steps,
        withheld,
        tombstones,
        unchanged,
        refusals,
        seats,
        guards,
        limitations,
        ..
    } = plan;
    let refused = guards.iter().any(|guard| guard.tripped);
    let steps = if refused { withheld } else { steps };
    let people = people(steps, tombstones, about.last_active.as_ref());
    let same_names = same_names(steps, tombstones);
    let doubtful = same_name::everyone(&same_names);
    let groups: Vec<String> =
        steps.iter().filter(|step| step.kind == StepKind::CreateGroup).map(group_of).collect();
    let title =
        format!("{}Plan for {}", if refused { "REFUSED: " } else { "" }, printable(about.base_url));
    let body = html! {
        header {
            h1 { "Plan for " bdi { (printable(about.base_url)) } }
            p.facts {
                "Made " (printable(&plan.made_at)) " from " bdi { (printable(about.roster)) }
                ", through " (frame::api(*dialect)) "."
            }
            (verdict(plan, refused, steps.is_empty(), &people))
            (same::link(doubtful.len()))
            (frame::digest(&plan.digest))
        }
        main {
            (tally(steps, &people, &doubtful, *unchanged, refusals.len()))
            div.columns {
                (cards::tripped(guards))
                (cards::seats(seats))
                (administrators(&people))
                (cards::list("Limitations", limitations))
                (cards::list(if refused { "Groups that would be new" } else { "New groups" }, &groups))
                (cards::passed(guards))
                (policy::policy(plan))
            }
            (frame::search())
            (same::section(&same_names, &people, *dialect, refused))
            @for action in Action::ALL {
                (section(action, &people, &doubtful, refused))
            }
            (left_alone(refusals))
        }
        footer {
            "Applying it compares each person with this page, and leaves alone everyone "
            "who has changed since. " (frame::maker())
        }
    };
    frame::document(&title, &body)
}

/// Renders the summary of the plan.
fn verdict(plan: &Plan, refused: bool, nothing: bool, people: &[Person<'_>]) -> Markup {
    let tripped = plan.guards.iter().filter(|guard| guard.tripped);
    // One hint per guard: a guard may have tripped for many groups.
    let hints: BTreeSet<_> =
        tripped.clone().filter_map(|report| hints::for_guard(report.guard)).collect();
    html! {
        @if refused {
            div.verdict.refused role="alert" {
                p.headline { "Refused: nothing of this may be applied" }
                @for GuardReport { guard, subject, limit, actual, message, .. } in tripped {
                    @let (name, bound) = words::guard_name(*guard);
                    p {
                        strong {
                            "Guard tripped: " (name)
                            @if let Some(subject) = subject { " (" bdi { (printable(subject)) } ")" }
                            ": " (actual) ", " (bound) " " (limit) ". "
                        }
                        bdi { (printable(message)) }
                    }
                }
                @for hint in hints { p.hint { (hint) } }
            }
        } @else if nothing && plan.refusals.is_empty() {
            div.verdict { p.headline { "Nothing to do" } }
        } @else if nothing {
            div.verdict.doubtful {
                p.headline { "Nothing can be done: " (plan.refusals.len()) " left alone" }
            }
        } @else {
            div.verdict {
                p.headline { (words::count(people.len(), "person changes", "people change")) }
                p { "No guard has tripped." }
            }
        }
    }
}

/// Renders how many people there are for each action, as links to their sections.
fn tally(
    steps: &[Step],
    people: &[Person<'_>],
    doubtful: &BTreeSet<&str>,
    unchanged: u32,
    left_alone: usize,
) -> Markup {
    let (added, removed) = Tally::of(steps).memberships();
    html! {
        nav.tally aria-label="What happens to how many" {
            @for action in Action::ALL {
                @let (certain, shown_above) = of_action(action, people, doubtful);
                @let number = certain.len() + shown_above;
                @if number > 0 {
                    @let place = if certain.is_empty() { same::PLACE } else { action.verb() };
                    a.{ (action.verb()) } href={ "#" (place) } {
                        b { (number) } " " span { "to " (action.verb()) }
                    }
                }
            }
            @if left_alone > 0 {
                a.left href="#left-alone" { b { (left_alone) } " " span { "left alone" } }
            }
            div { b { (unchanged) } " " span { "unchanged" } }
            @if added + removed > 0 {
                div { b { "+" (added) " −" (removed) } " " span { "memberships" } }
            }
        }
    }
}

/// Renders who becomes or ceases to be an administrator. This is highlighted, because a wrong
/// roster must not give these rights.
fn administrators(people: &[Person<'_>]) -> Markup {
    let with = |becomes| people.iter().filter(move |person| person.administers() == Some(becomes));
    html! {
        @if with(true).chain(with(false)).next().is_some() {
            section.card.rights {
                h2 { "Administrators" }
                ul {
                    @for person in with(true) {
                        li { b { "becomes one: " } bdi { (printable(person.email)) } }
                    }
                    @for person in with(false) {
                        li { b { "no longer one: " } bdi { (printable(person.email)) } }
                    }
                }
            }
        }
    }
}

/// Returns the people of an action, and how many of them are not among these because they are shown
/// with others of their name.
fn of_action<'p, 'a>(
    action: Action,
    people: &'p [Person<'a>],
    doubtful: &BTreeSet<&str>,
) -> (Vec<&'p Person<'a>>, usize) {
    let mut matching: Vec<_> = people.iter().filter(|person| person.action == action).collect();
    let all = matching.len();
    matching.retain(|person| !doubtful.contains(person.email));
    let shown_above = all - matching.len();
    (matching, shown_above)
}

fn section(
    action: Action,
    people: &[Person<'_>],
    doubtful: &BTreeSet<&str>,
    refused: bool,
) -> Markup {
    let (matching, shown_above) = of_action(action, people, doubtful);
    let what = if refused { "Withheld: to " } else { "To " };
    html! {
        @if !matching.is_empty() {
            section.people.{ (action.verb()) } id=(action.verb()) {
                h2 {
                    (what) (action.verb()) " "
                    span.count {
                        (matching.len())
                        @if shown_above > 0 { ", and " (shown_above) " above" }
                    }
                }
                (table::tables(&matching))
            }
        }
    }
}

/// Renders the people who are left alone: each reason once, with the people that have it.
fn left_alone(refusals: &[PersonRefusal]) -> Markup {
    let mut reasons: BTreeMap<(&str, String), Vec<(&str, &str)>> = BTreeMap::new();
    for PersonRefusal { email, login, user, code, message } in refusals {
        let person = words::person(email.as_deref(), login.as_deref(), user.as_ref());
        let reason = (code.as_str(), words::about_anyone(message, person));
        reasons.entry(reason).or_default().push((person, message));
    }
    html! {
        @if !refusals.is_empty() {
            section.people.left id="left-alone" {
                h2 { "Left alone " span.count { (refusals.len()) } }
                @for ((code, message), people) in &reasons {
                    @let message = match &people[..] { [(_, own)] => own, _ => message.as_str() };
                    @let people: Vec<&str> = people.iter().map(|(person, _)| *person).collect();
                    (cards::reason(code, message, hints::for_sync(code), &people))
                }
            }
        }
    }
}
