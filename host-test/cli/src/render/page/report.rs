//! Renders the report of an applied plan as a page: who failed first, then what was done.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::report::{Refusals, Source, Tone, failure_lines, headline, outcome};
use super::super::{switches, words};
use super::{cards, frame, table};
use host_test::retool::synchronization::{PersonOutcome, PersonRefusal, PersonReport, SyncReport};
use host_test::retool::types::{ErrorDetail, GroupLink};
use host_test::text::printable;

/// What the page shows in addition to the report.
pub(crate) struct Applied<'a> {
    /// What says how people should be.
    pub(crate) source: Source,
    /// How many people need no change and are not in the report.
    pub(crate) unchanged: usize,
    /// The people that the plan leaves alone, with codes.
    pub(crate) refusals: &'a [PersonRefusal],
    /// When it ended, as text.
    pub(crate) ended_at: &'a str,
    /// Where the records for `restore` are.
    pub(crate) records: Option<String>,
}

/// The outcomes, those that need a look first.
const OUTCOMES: [PersonOutcome; 11] = [
    PersonOutcome::Failed,
    PersonOutcome::Stale,
    PersonOutcome::NotBegun,
    PersonOutcome::Refused,
    PersonOutcome::Deleted,
    PersonOutcome::Disabled,
    PersonOutcome::ReEnabled,
    PersonOutcome::Created,
    PersonOutcome::Invited,
    PersonOutcome::Renamed,
    PersonOutcome::Updated,
];

/// Returns the class of an outcome in the style, by which it has a colour.
fn class(outcome: PersonOutcome) -> &'static str {
    match outcome {
        PersonOutcome::Failed | PersonOutcome::Deleted => "delete",
        PersonOutcome::Disabled => "disable",
        PersonOutcome::Stale | PersonOutcome::NotBegun | PersonOutcome::Refused => "left",
        PersonOutcome::ReEnabled => "enable",
        PersonOutcome::Created | PersonOutcome::Invited => "create",
        PersonOutcome::Renamed => "rename",
        PersonOutcome::Updated | PersonOutcome::Unchanged => "update",
    }
}

/// Returns the id of an outcome's section.
fn place(outcome: PersonOutcome) -> String {
    self::outcome(outcome).1.replace(' ', "-")
}

/// Renders the page.
pub(crate) fn report_page(report: &SyncReport, about: &Applied<'_>) -> String {
    let SyncReport {
        digest,
        organisation,
        dialect,
        people,
        groups_created,
        groups_failed,
        tombstones: _,
        seats,
        guards,
        limitations,
        next: _,
        complete: _,
        writes: _,
    } = report;
    let mut by_outcome: BTreeMap<String, Vec<&PersonReport>> = BTreeMap::new();
    for person in people {
        by_outcome.entry(place(person.outcome)).or_default().push(person);
    }
    let of = |outcome| by_outcome.get(&place(outcome)).map_or(&[][..], Vec::as_slice);
    let unchanged = about.unchanged + of(PersonOutcome::Unchanged).len();
    let refusals = Refusals::new(about.refusals);
    let (tone, headline) = headline(report, about.source);
    let title = format!("Report for {}", printable(organisation));
    let created: Vec<String> = groups_created.iter().map(words::group).collect();
    let limitations: Vec<String> = limitations.iter().map(|text| switches::of_sync(text)).collect();
    let body = html! {
        header {
            h1 { "Report for " bdi { (printable(organisation)) } }
            p.facts { "Applied " (printable(about.ended_at)) ", through " (frame::api(*dialect)) "." }
            (verdict(report, tone, &headline, about))
            (frame::digest(digest))
        }
        main {
            (tally(&of, unchanged, report.writes.len()))
            div.columns {
                (failed_groups(groups_failed))
                (cards::seats(seats))
                (cards::list("New groups", &created))
                (cards::list("Limitations", &limitations))
                (cards::passed(guards))
            }
            (frame::search())
            @for outcome in OUTCOMES { (section(outcome, of(outcome), &refusals)) }
        }
        footer { (frame::maker()) }
    };
    frame::document(&title, &body)
}

fn verdict(report: &SyncReport, tone: Tone, headline: &str, about: &Applied<'_>) -> Markup {
    html! {
        div.verdict.refused[tone == Tone::Alarm] role=[(tone == Tone::Alarm).then_some("alert")] {
            p.headline { (headline) }
            @if let Some(next) = report.next {
                p { "Not finished: repeat with --first " (next) " to apply the steps that follow." }
            }
            @if let Some(records) = &about.records { p { (printable(records)) } }
        }
    }
}

fn tally<'a>(
    of: &impl Fn(PersonOutcome) -> &'a [&'a PersonReport],
    unchanged: usize,
    writes: usize,
) -> Markup {
    html! {
        nav.tally aria-label="What happened to how many" {
            @for outcome in OUTCOMES {
                @let number = of(outcome).len();
                @if number > 0 {
                    a.{ (class(outcome)) } href={ "#" (place(outcome)) } {
                        b { (number) } " " span { (self::outcome(outcome).1) }
                    }
                }
            }
            div { b { (unchanged) } " " span { "unchanged" } }
            div { b { (writes) } " " span { (if writes == 1 { "write" } else { "writes" }) } }
        }
    }
}

fn failed_groups(failed: &[ErrorDetail]) -> Markup {
    html! {
        @if !failed.is_empty() {
            section.card.rights {
                h2 { "Groups that were not created" }
                ul {
                    @for detail in failed {
                        li {
                            b { bdi { (printable(detail.subject.as_deref().unwrap_or("(a group)"))) } }
                            (failure(detail))
                        }
                    }
                }
            }
        }
    }
}

fn failure(detail: &ErrorDetail) -> Markup {
    html! { @for line in failure_lines(detail) { div { bdi { (line) } } } }
}

fn section(outcome: PersonOutcome, people: &[&PersonReport], refusals: &Refusals<'_>) -> Markup {
    let (_, word) = self::outcome(outcome);
    let heading = word[..1].to_uppercase() + &word[1..];
    html! {
        @if !people.is_empty() {
            section.people.{ (class(outcome)) } id=(place(outcome)) {
                h2 { (heading) " " span.count { (people.len()) } }
                (table::folded(people, |person| name(person), |people| table::table(html! {
                    @for person in people { (row(person, refusals)) }
                })))
            }
        }
    }
}

fn name(person: &PersonReport) -> &str {
    words::person(person.email.as_deref(), person.login.as_deref(), person.user.as_ref())
}

fn row(person: &PersonReport, refusals: &Refusals<'_>) -> Markup {
    let PersonReport {
        email: _,
        login: _,
        user: _,
        outcome,
        changes,
        groups_added,
        groups_changed,
        groups_removed,
        disabled_since: _,
        refusal,
        failure,
    } = person;
    let is_new = matches!(outcome, PersonOutcome::Created | PersonOutcome::Invited);
    let names = |groups: &[GroupLink]| groups.iter().map(words::group).collect::<Vec<_>>();
    html! {
        tr {
            th { bdi { (printable(name(person))) } }
            td {
                @if let Some(refusal) = refusal {
                    div { bdi { (printable(&switches::of_sync(refusal))) } }
                    @if let Some(hint) = refusals.hint(person) { div.hint { (hint) } }
                }
                @if let Some(failure) = failure { (self::failure(failure)) }
                @for change in changes.iter().filter(|change| !words::is_said(change)) {
                    (table::change(change, is_new))
                }
            }
            td {
                (table::memberships(&names(groups_added), &names(groups_removed)))
                @if !groups_changed.is_empty() {
                    div { "changed" @for group in names(groups_changed) { " " bdi.chip { (group) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, change, detail, group};

    fn about() -> Applied<'static> {
        Applied {
            source: Source::Plan,
            unchanged: 3,
            refusals: &[],
            ended_at: "2026-03-09T08:00:00Z",
            records: None,
        }
    }

    fn person(email: &str, outcome: PersonOutcome) -> PersonReport {
        PersonReport { email: Some(email.to_owned()), ..testing::person(outcome) }
    }

    fn report(people: Vec<PersonReport>, complete: bool) -> SyncReport {
        SyncReport { complete, ..testing::report(people) }
    }

    #[test]
    fn who_failed_stands_before_what_was_done_and_each_count_links_to_its_section() {
        let people = vec![
            PersonReport {
                changes: vec![change("first-name", None, "Ada")],
                groups_added: vec![group("Data")],
                ..person("ada@x.com", PersonOutcome::Created)
            },
            PersonReport {
                failure: Some(detail("server-error", "The server failed.")),
                ..person("bob@x.com", PersonOutcome::Failed)
            },
            person("cy@x.com", PersonOutcome::NotBegun),
        ];
        let page = report_page(&report(people, false), &about());
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}: {page}"));
        assert!(at("href=\"#failed\"") < at("href=\"#not-begun\""));
        assert!(at("href=\"#not-begun\"") < at("href=\"#created\""));
        assert!(
            at("id=\"failed\"") < at("id=\"not-begun\"")
                && at("id=\"not-begun\"") < at("id=\"created\"")
        );
        at("server-error: The server failed.");
        at("joins <ins>Data</ins>");
        at("role=\"alert\"><p class=\"headline\">NOT DONE: nothing was written");
        at("<b>3</b> <span>unchanged</span>");
    }

    #[test]
    fn text_of_the_server_is_never_markup() {
        let people = vec![PersonReport {
            failure: Some(detail("server-error", "<script>alert(1)</script>")),
            groups_removed: vec![group("<b>x</b>")],
            ..person("<i>@x.com", PersonOutcome::Failed)
        }];
        let page = report_page(&report(people, false), &about());
        assert!(
            page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;i&gt;@x.com"),
            "{page}"
        );
        assert!(page.contains("&lt;b&gt;x&lt;/b&gt;"), "{page}");
        assert_eq!(page.matches("<script>").count(), 1);
    }

    #[test]
    fn a_report_in_which_everything_held_is_no_alarm() {
        let page = report_page(
            &report(vec![person("ada@x.com", PersonOutcome::Unchanged)], true),
            &about(),
        );
        assert!(page.contains("Nothing to do: every step of the plan holds already."), "{page}");
        assert!(
            !page.contains("role=\"alert\"") && page.contains("<b>4</b> <span>unchanged</span>")
        );
    }
}
