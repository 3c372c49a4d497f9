//! The report of a sync, and of an approved plan that was applied.

use super::hints;
use super::style::{ALARM, GOOD, HEADING, diff_line, painted};
use super::words::{self, count, section};
use crate::retool::synchronization::{PersonOutcome, PersonReport, SyncReport};
use crate::retool::types::ErrorDetail;
use crate::text::printable;

/// Renders the report of a sync.
pub(crate) fn report(report: &SyncReport) -> String {
    whole(report, "roster")
}

/// Renders the report of a plan that was applied, or of a part of one.
pub(crate) fn applied(report: &SyncReport) -> String {
    let mut text = whole(report, "plan");
    if let Some(next) = report.next {
        text +=
            &format!("Not finished: repeat with --first {next} to apply the steps that follow.\n");
    }
    text
}

/// Renders a report. `source` is what says how people should be.
fn whole(report: &SyncReport, source: &str) -> String {
    let SyncReport {
        digest,
        organisation: _,
        dialect,
        people,
        groups_created,
        groups_failed,
        // They may be as large as the organisation, so only `--json` prints them.
        tombstones: _,
        seats,
        guards,
        limitations,
        next,
        complete,
        writes,
    } = report;
    let is_left = |person: &PersonReport| {
        matches!(
            person.outcome,
            PersonOutcome::Refused
                | PersonOutcome::Stale
                | PersonOutcome::Failed
                | PersonOutcome::NotBegun
        )
    };
    let is_certain = !groups_failed.is_empty() || people.iter().any(is_left);
    let mut text = match (complete, writes.is_empty()) {
        (false, _) if !is_certain => {
            painted(ALARM, "NOT CERTAIN: the server's listing was incomplete. See the limitations.")
        }
        (true, _) if next.is_some() => {
            painted(GOOD, &format!("Done so far: everyone in this part is as the {source} says."))
        }
        (true, true) => {
            painted(HEADING, &format!("Nothing to do: everyone is as the {source} says."))
        }
        (true, false) => painted(GOOD, &format!("Done: everyone is as the {source} says.")),
        (false, true) => painted(
            ALARM,
            &format!(
                "NOT DONE: nothing was written, and some people are not as the {source} says."
            ),
        ),
        (false, false) => {
            painted(ALARM, &format!("PARTLY DONE: some people are not as the {source} says."))
        }
    };
    text.push('\n');
    text += &section(
        "Groups",
        groups_created
            .iter()
            .map(|group| diff_line('+', &format!("{}  created", words::group(group))))
            .chain(groups_failed.iter().flat_map(group_failure)),
    );
    text += &section("People", people.iter().flat_map(person));
    text += &section("Limitations", limitations.iter().map(|text| printable(text).into_owned()));
    text += &format!("\nTotal: {}; {}\n", tally(people), count(writes.len(), "write", "writes"));
    if let Some(seats) = words::seats(seats) {
        text += &format!("{seats}\n");
    }
    text += &section("Guards", guards.iter().flat_map(words::guard));
    text += &format!("\nPlan {} ({})\n", printable(digest), words::dialect(*dialect));
    text
}

fn group_failure(detail: &ErrorDetail) -> Vec<String> {
    let name = detail.subject.as_deref().unwrap_or("(a group)");
    let mut lines = vec![diff_line('!', &format!("{}  not created", printable(name)))];
    lines.extend(failure_lines(detail));
    lines
}

/// Renders what went wrong and which flag helps, as lines below that of the person or group.
fn failure_lines(detail: &ErrorDetail) -> Vec<String> {
    let mut lines =
        vec![format!("    {}: {}", printable(&detail.code), printable(&detail.message))];
    lines.extend(hints::for_sync(&detail.code).map(|hint| format!("    {hint}")));
    lines
}

fn outcome(outcome: PersonOutcome) -> (char, &'static str) {
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

fn person(report: &PersonReport) -> Vec<String> {
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
        return Vec::new();
    }
    let (sign, word) = outcome(*became);
    let name = words::person(email.as_deref(), login.as_deref(), user.as_ref());
    let mut lines = vec![diff_line(sign, &format!("{}  {word}", printable(name)))];
    let is_new = matches!(became, PersonOutcome::Created | PersonOutcome::Invited);
    let set = if is_new { words::setting } else { words::change };
    let said = matches!(became, PersonOutcome::Disabled | PersonOutcome::ReEnabled);
    let changes = changes.iter().filter(|change| !(said && words::is_said(change)));
    lines.extend(changes.map(|change| format!("    {}", set(change))));
    let groups: Vec<String> = groups_added
        .iter()
        .map(|group| format!("+{}", words::group(group)))
        .chain(groups_changed.iter().map(|group| format!("~{}", words::group(group))))
        .chain(groups_removed.iter().map(|group| format!("-{}", words::group(group))))
        .collect();
    if !groups.is_empty() {
        lines.push(format!("    groups: {}", groups.join(", ")));
    }
    if let Some(refusal) = refusal {
        lines.push(format!("    {}", printable(refusal)));
    }
    if let Some(failure) = failure {
        lines.extend(failure_lines(failure));
    }
    lines
}

/// Renders how many people had each outcome. Omits outcomes that no person had.
fn tally(people: &[PersonReport]) -> String {
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
            let number = people.iter().filter(|person| person.outcome == kind).count();
            (number > 0).then(|| format!("{number} {}", outcome(kind).1))
        })
        .collect();
    if words.is_empty() { "no people".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use crate::retool::synchronization::{Guard, SeatChange};
    use crate::retool::types::{Dialect, UserType, WriteKind};
    use crate::testing::{change, detail, group, guard, written};

    fn report(report: &SyncReport) -> String {
        plain(&super::report(report))
    }

    fn about(email: &str, outcome: PersonOutcome) -> PersonReport {
        PersonReport {
            email: Some(email.to_owned()),
            login: None,
            user: None,
            outcome,
            changes: Vec::new(),
            groups_added: Vec::new(),
            groups_changed: Vec::new(),
            groups_removed: Vec::new(),
            disabled_since: None,
            refusal: None,
            failure: None,
        }
    }

    fn empty() -> SyncReport {
        SyncReport {
            digest: "3f2a".to_owned(),
            organisation: "https://acme.retool.com".to_owned(),
            dialect: Dialect::V1,
            people: Vec::new(),
            groups_created: Vec::new(),
            groups_failed: Vec::new(),
            tombstones: Vec::new(),
            seats: Vec::new(),
            guards: Vec::new(),
            limitations: Vec::new(),
            next: None,
            complete: true,
            writes: Vec::new(),
        }
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

Total: 1 created, 1 updated, 1 disabled, 1 unchanged, 1 left alone, 1 failed; 1 write
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
