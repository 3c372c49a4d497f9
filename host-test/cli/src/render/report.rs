//! The report of a sync, and of an approved plan that was applied.

use std::collections::HashMap;

use super::hints;
use super::sheet::{Entry, Form, Sheet};
use super::style::{ALARM, GOOD, HEADING};
use super::switches;
use super::words::{self, count};
use crate::joined::is_left;
use host_test::retool::synchronization::{
    PersonOutcome, PersonRefusal, PersonReport, Plan, SyncReport,
};
use host_test::retool::types::{ErrorDetail, FieldChange};
use host_test::text::printable;

/// What says how people should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The roster of a sync.
    Roster,
    /// A plan that was approved.
    Plan,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::Roster => "roster",
            Source::Plan => "plan",
        }
    }
}

/// Renders the report of a plan that was applied, or of a part of one.
pub(crate) fn report(report: &SyncReport, source: Source, plan: &Plan, form: Form) -> String {
    let mut text = synced(report, source, plan.unchanged as usize, &plan.refusals, form);
    if let Some(next) = report.next {
        text +=
            &format!("Not finished: repeat with --first {next} to apply the steps that follow.\n");
    }
    text
}

/// Renders a report. `unchanged` is how many people need no change and are not in it. `refusals` are
/// the plan's, which have codes.
pub(crate) fn synced(
    report: &SyncReport,
    source: Source,
    unchanged: usize,
    refusals: &[PersonRefusal],
    form: Form,
) -> String {
    let SyncReport {
        digest,
        organisation,
        dialect,
        people,
        groups_created,
        groups_failed,
        // They may be as large as the organisation, so only `--json` prints them.
        tombstones: _,
        seats,
        guards,
        limitations,
        next: _,
        complete: _,
        writes,
    } = report;
    let refusals = Refusals::new(refusals);
    let (tone, headline) = headline(report, source);
    let style = match tone {
        Tone::Good => GOOD,
        Tone::Plain => HEADING,
        Tone::Alarm => ALARM,
    };
    let created = groups_created.iter().map(|group| Entry {
        sign: '+',
        heading: format!("{}  created", words::group(group)),
        details: Vec::new(),
    });
    let sheet = Sheet {
        organisation,
        heading: (style, headline),
        groups: created.chain(groups_failed.iter().map(group_failure)).collect(),
        same_person: (Vec::new(), ""),
        people: people.iter().filter_map(|report| person(report, &refusals)).collect(),
        left_alone: Vec::new(),
        limitations: limitations
            .iter()
            .map(|text| printable(&switches::of_sync(text)).into_owned())
            .collect(),
        total: format!("{}; {}", tally(people, unchanged), count(writes.len(), "write", "writes")),
        seats: words::seats(seats),
        guards,
        plan: format!("{} ({})", printable(digest), words::dialect(*dialect)),
    };
    sheet.render(form)
}

/// The people that a plan leaves alone, by their names.
pub(super) struct Refusals<'a>(HashMap<Names<'a>, Vec<&'a PersonRefusal>>);

/// The address and the login of a person.
type Names<'a> = (Option<&'a str>, Option<&'a str>);

impl<'a> Refusals<'a> {
    pub(super) fn new(refusals: &'a [PersonRefusal]) -> Self {
        let mut by_name: HashMap<Names<'a>, Vec<&PersonRefusal>> = HashMap::new();
        for refusal in refusals {
            let names = (refusal.email.as_deref(), refusal.login.as_deref());
            by_name.entry(names).or_default().push(refusal);
        }
        Refusals(by_name)
    }

    /// Returns the switch that helps against the refusal of a report, by its code in the plan.
    pub(super) fn hint(&self, report: &PersonReport) -> Option<&'static str> {
        let text = report.refusal.as_deref()?;
        let names = (report.email.as_deref(), report.login.as_deref());
        let refusal = self.0.get(&names)?.iter().find(|of| text.contains(&of.message))?;
        hints::for_sync(&refusal.code)
    }
}

/// How a heading is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Plain,
    Alarm,
}

/// Says in one line whether all is as planned.
pub(super) fn headline(report: &SyncReport, source: Source) -> (Tone, String) {
    let SyncReport { people, groups_failed, next, complete, writes, .. } = report;
    let is_certain =
        !groups_failed.is_empty() || people.iter().any(|person| is_left(person.outcome));
    let has_held = source == Source::Plan && !people.is_empty();
    let source = source.name();
    match (complete, writes.is_empty()) {
        (false, _) if !is_certain => (
            Tone::Alarm,
            "NOT CERTAIN: the server's listing was incomplete. See the limitations.".to_owned(),
        ),
        (true, _) if next.is_some() => {
            (Tone::Good, format!("Done so far: everyone in this part is as the {source} says."))
        }
        (true, true) if has_held => {
            (Tone::Plain, "Nothing to do: every step of the plan holds already.".to_owned())
        }
        (true, true) => (Tone::Plain, format!("Nothing to do: everyone is as the {source} says.")),
        (true, false) => (Tone::Good, format!("Done: everyone is as the {source} says.")),
        (false, true) => (
            Tone::Alarm,
            format!("NOT DONE: nothing was written, and some people are not as the {source} says."),
        ),
        (false, false) => {
            (Tone::Alarm, format!("PARTLY DONE: some people are not as the {source} says."))
        }
    }
}

fn group_failure(detail: &ErrorDetail) -> Entry {
    let name = detail.subject.as_deref().unwrap_or("(a group)");
    Entry {
        sign: '!',
        heading: format!("{}  not created", printable(name)),
        details: failure_lines(detail),
    }
}

/// Renders what went wrong and which flag helps, as lines below that of the person or group.
pub(super) fn failure_lines(detail: &ErrorDetail) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {}",
        printable(&detail.code),
        printable(&switches::of_sync(&detail.message))
    )];
    lines.extend(hints::for_sync(&detail.code).map(str::to_owned));
    lines
}

pub(super) fn outcome(outcome: PersonOutcome) -> (char, &'static str) {
    match outcome {
        PersonOutcome::Created => ('+', "created"),
        PersonOutcome::Invited => ('+', "invited"),
        PersonOutcome::Renamed => ('~', "renamed"),
        PersonOutcome::Updated => ('~', "updated"),
        PersonOutcome::ReEnabled => ('~', "enabled"),
        PersonOutcome::Disabled => ('-', "disabled"),
        PersonOutcome::Deleted => ('-', "deleted"),
        PersonOutcome::Unchanged => ('=', "unchanged"),
        PersonOutcome::Refused => ('!', "left alone"),
        PersonOutcome::Stale => ('!', "stale"),
        PersonOutcome::Failed => ('!', "failed"),
        PersonOutcome::NotBegun => ('!', "not begun"),
    }
}

fn person(report: &PersonReport, refusals: &Refusals<'_>) -> Option<Entry> {
    let PersonReport {
        email,
        login,
        user,
        outcome: became,
        changes,
        groups_added,
        groups_changed,
        groups_removed,
        // The record has it.
        disabled_since: _,
        refusal,
        failure,
    } = report;
    if *became == PersonOutcome::Unchanged {
        return None;
    }
    let (sign, word) = outcome(*became);
    let is_renamed = *became == PersonOutcome::Renamed;
    let former = words::former_email(changes).filter(|_| is_renamed);
    let name = words::person(email.as_deref(), login.as_deref(), user.as_ref());
    let name = words::renamed(former, name);
    let is_new = matches!(became, PersonOutcome::Created | PersonOutcome::Invited);
    let set = if is_new { words::setting } else { words::change };
    let said = matches!(became, PersonOutcome::Disabled | PersonOutcome::ReEnabled);
    let is_in_heading = |change: &FieldChange| {
        said && words::is_said(change) || is_renamed && words::is_new_email(change)
    };
    let changes = changes.iter().filter(|change| !is_in_heading(change));
    let mut lines: Vec<String> = changes.map(set).collect();
    let groups: Vec<String> = groups_added
        .iter()
        .map(|group| format!("+{}", words::group(group)))
        .chain(groups_changed.iter().map(|group| format!("~{}", words::group(group))))
        .chain(groups_removed.iter().map(|group| format!("-{}", words::group(group))))
        .collect();
    if !groups.is_empty() {
        lines.push(format!("groups: {}", groups.join(", ")));
    }
    if let Some(refusal) = refusal {
        lines.push(printable(&switches::of_sync(refusal)).into_owned());
        lines.extend(refusals.hint(report).map(str::to_owned));
    }
    if let Some(failure) = failure {
        lines.extend(failure_lines(failure));
    }
    Some(Entry { sign, heading: format!("{name}  {word}"), details: lines })
}

/// Renders how many people had each outcome. Omits outcomes that no person had. `unchanged` more
/// people are not in the report.
fn tally(people: &[PersonReport], unchanged: usize) -> String {
    let all = [
        PersonOutcome::Created,
        PersonOutcome::Invited,
        PersonOutcome::Renamed,
        PersonOutcome::Updated,
        PersonOutcome::ReEnabled,
        PersonOutcome::Disabled,
        PersonOutcome::Deleted,
        PersonOutcome::Unchanged,
        PersonOutcome::Refused,
        PersonOutcome::Stale,
        PersonOutcome::Failed,
        PersonOutcome::NotBegun,
    ];
    let words: Vec<String> = all
        .into_iter()
        .filter_map(|kind| {
            let more = if kind == PersonOutcome::Unchanged { unchanged } else { 0 };
            let number = people.iter().filter(|person| person.outcome == kind).count() + more;
            (number > 0).then(|| format!("{number} {}", outcome(kind).1))
        })
        .collect();
    if words.is_empty() { "no people".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use crate::testing::{self, change, detail, group, guard, written};
    use host_test::retool::synchronization::{Guard, SeatChange};
    use host_test::retool::types::{UserType, WriteKind};

    fn report(report: &SyncReport) -> String {
        plain(&synced(report, Source::Roster, 0, &[], Form::Whole))
    }

    fn about(email: &str, outcome: PersonOutcome) -> PersonReport {
        PersonReport { email: Some(email.to_owned()), ..testing::person(outcome) }
    }

    fn empty() -> SyncReport {
        testing::report(Vec::new())
    }

    #[test]
    fn a_report_lists_everyone_who_changed_or_failed() {
        let text = report(&SyncReport {
            people: vec![
                PersonReport {
                    changes: vec![change("first-name", None, "Ada")],
                    groups_added: vec![group("Data")],
                    ..about("ada@x.com", PersonOutcome::Created)
                },
                PersonReport {
                    changes: vec![change("last-name", Some("B"), "C")],
                    groups_removed: vec![group("Sales")],
                    ..about("bob@x.com", PersonOutcome::Updated)
                },
                about("cy@x.com", PersonOutcome::Unchanged),
                PersonReport {
                    failure: Some(detail("server-error", "The server failed.\nTry again.")),
                    ..about("dan@x.com", PersonOutcome::Failed)
                },
                PersonReport {
                    refusal: Some("A new person needs a user type.".to_owned()),
                    ..about("eve@x.com", PersonOutcome::Refused)
                },
                PersonReport {
                    changes: vec![change("disabled", Some("false"), "true")],
                    ..about("fay@x.com", PersonOutcome::Disabled)
                },
                PersonReport {
                    changes: vec![
                        change("email", Some("gil@x.com"), "gil@y.com"),
                        change("disabled", Some("true"), "false"),
                    ],
                    ..about("gil@y.com", PersonOutcome::Renamed)
                },
                PersonReport {
                    changes: vec![change("email", Some("hal@x.com"), "hal@y.com")],
                    failure: Some(detail("server-error", "The server failed.")),
                    ..about("hal@y.com", PersonOutcome::Failed)
                },
            ],
            groups_created: vec![group("Data")],
            seats: vec![SeatChange {
                user_type: UserType::Default,
                before: 4,
                added: 1,
                removed: 0,
                after: 5,
            }],
            guards: vec![guard(Guard::MinimumAdmins, None, 2, 3, false)],
            complete: false,
            writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
            ..empty()
        });
        assert_eq!(
            text,
            "\
PARTLY DONE: some people are not as the roster says.

Groups
  + Data  created

People
  + ada@x.com  created
      first name: \"Ada\"
      groups: +Data
  ~ bob@x.com  updated
      last name: \"B\" -> \"C\"
      groups: -Sales
  ! dan@x.com  failed
      server-error: The server failed.\\nTry again.
  ! eve@x.com  left alone
      A new person needs a user type.
  - fay@x.com  disabled
  ~ gil@x.com -> gil@y.com  renamed
      disabled: true -> false
  ! hal@y.com  failed
      email: \"hal@x.com\" -> \"hal@y.com\"
      server-error: The server failed.

Total: 1 created, 1 renamed, 1 updated, 1 disabled, 1 unchanged, 1 left alone, 2 failed; 1 write
Seats: default +1 (4 -> 5)

Guards
  ok       administrators left: 3, at least 2

Plan 3f2a (v1)
"
        );
    }

    #[test]
    fn a_sync_that_wrote_nothing_and_is_not_complete_is_not_done() {
        let text = report(&SyncReport {
            complete: false,
            groups_failed: vec![ErrorDetail {
                subject: Some("Data\n".to_owned()),
                ..detail("scope-missing", "The token lacks groups:write.")
            }],
            ..empty()
        });
        assert_eq!(
            text,
            "\
NOT DONE: nothing was written, and some people are not as the roster says.

Groups
  ! Data\\n  not created
      scope-missing: The token lacks groups:write.

Total: no people; 0 writes

Plan 3f2a (v1)
"
        );
    }

    #[test]
    fn a_sync_with_nothing_to_do_says_so() {
        let text = report(&SyncReport {
            people: vec![about("cy@x.com", PersonOutcome::Unchanged)],
            ..empty()
        });
        assert_eq!(
            text,
            "\
Nothing to do: everyone is as the roster says.

Total: 1 unchanged; 0 writes

Plan 3f2a (v1)
"
        );
    }
}
