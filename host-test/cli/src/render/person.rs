//! The results of the commands for one person.

use std::path::Path;

use super::lines::Lines;
use super::switches;
use super::words;
use crate::failure::Kept;
use host_test::json;
use host_test::retool::lifecycle::{
    DeprovisionOutcome, DeprovisionResult, ProvisionOutcome, ProvisionResult, ResetTwoFactorResult,
    RestoreOutcome, RestoreReport, RestoreResult,
};
use host_test::retool::types::Tombstone;
use host_test::text::{printable, printable_json, quoted};

pub(crate) fn provision(result: &ProvisionResult) -> String {
    let ProvisionResult {
        outcome,
        user,
        changes,
        differences,
        groups_added,
        groups_kept,
        groups_created,
        invitation_sent,
        remaining,
        writes,
    } = result;
    let (what, is_new) = match outcome {
        ProvisionOutcome::Created => ("created", true),
        ProvisionOutcome::Invited => ("invited", true),
        ProvisionOutcome::Renamed => ("renamed", false),
        ProvisionOutcome::ReEnabled => ("enabled again", false),
        ProvisionOutcome::Updated => ("updated", false),
        ProvisionOutcome::Unchanged => ("unchanged", false),
    };
    let is_renamed = *outcome == ProvisionOutcome::Renamed;
    let former = words::former_email(changes).filter(|_| is_renamed);
    let name = words::renamed(former, user.email.as_deref().unwrap_or("(no address)"));
    let mut text = Lines::headed(&format!("{name}: {what} (id {})", words::user_id(&user.id)));
    let set = if is_new { words::setting } else { words::change };
    let shown = |change: &&_| !(is_renamed && words::is_new_email(change));
    text.each(changes.iter().filter(shown).map(set));
    text.each(differences.iter().map(|difference| {
        let before = difference.before.as_deref();
        format!(
            "left as it is: {} is {}, not {}",
            printable(&difference.field).replace('-', " "),
            before.map_or("not set".to_owned(), quoted),
            difference.after.as_deref().map_or("not set".to_owned(), quoted)
        )
    }));
    text.groups("groups created", groups_created);
    text.groups("added to", groups_added);
    text.groups("already in", groups_kept);
    if *invitation_sent {
        text.line("an invitation was sent");
    }
    text.remaining(remaining);
    text.writes(writes);
    text.done()
}

pub(crate) fn deprovision(email: &str, result: &DeprovisionResult) -> String {
    let DeprovisionResult {
        outcome,
        tombstone,
        groups_removed,
        deletion_due,
        disabled_since,
        remaining,
        writes,
    } = result;
    let what = deprovision_outcome(*outcome);
    let mut text = Lines::headed(&format!("{}: {what}", printable(email)));
    text.groups("removed from", groups_removed);
    if let Some(since) = disabled_since {
        text.line(&format!("disabled since {}", printable(since)));
    }
    if let Some(due) = deletion_due {
        text.line(&format!("may be deleted from {} on", printable(due)));
    }
    if let Some(tombstone) = tombstone {
        text.line(&format!("record made at {}", printable(&tombstone.recorded_at)));
    }
    text.remaining(remaining);
    text.writes(writes);
    text.done()
}

pub(super) fn deprovision_outcome(outcome: DeprovisionOutcome) -> &'static str {
    match outcome {
        DeprovisionOutcome::Deleted => "deleted for good",
        DeprovisionOutcome::Deactivated => "disabled",
        DeprovisionOutcome::AlreadyDeactivated => "disabled already",
        DeprovisionOutcome::AlreadyGone => "not in Retool, nothing to do",
    }
}

pub(crate) fn restore(result: &RestoreResult) -> String {
    let RestoreResult { people, complete: _, writes } = result;
    let mut text = Lines::default();
    for person in people {
        restored(&mut text, person);
    }
    text.writes(writes);
    text.done()
}

pub(super) fn restore_outcome(outcome: RestoreOutcome) -> &'static str {
    match outcome {
        RestoreOutcome::ReEnabled => "enabled again",
        RestoreOutcome::ReCreated => "created again",
        RestoreOutcome::Invited => "invited",
        RestoreOutcome::Updated => "updated",
        RestoreOutcome::Unchanged => "unchanged",
        RestoreOutcome::Failed => "failed",
    }
}

fn restored(text: &mut Lines, report: &RestoreReport) {
    let RestoreReport {
        email,
        id,
        outcome,
        user,
        groups_added,
        not_restored,
        invitation_sent,
        failure,
    } = report;
    let (email, id) = match user {
        Some(user) => (&user.email, &user.id),
        None => (email, id),
    };
    let email = words::address(email.as_deref());
    let what = restore_outcome(*outcome);
    text.heading(&format!("{email}: {what} (id {})", words::user_id(id)));
    if let Some(failure) = failure {
        let message = switches::of_person(&failure.message, failure.field.as_deref());
        text.line(&format!("{}: {}", printable(&failure.code), printable(&message)));
    }
    text.groups("added to", groups_added);
    text.each(not_restored.iter().map(|what| format!("not restored: {}", printable(what))));
    if *invitation_sent {
        text.line("an invitation was sent");
        text.line(&format!("still to do: {email} must accept the invitation that Retool sent."));
    }
    if !not_restored.is_empty() {
        text.line("still to do: Give back by hand what was not restored and is still needed.");
    }
}

pub(crate) fn two_factor_reset(result: &ResetTwoFactorResult) -> String {
    let ResetTwoFactorResult { user, writes } = result;
    let name = words::person(user.email.as_deref(), user.login.as_deref(), Some(&user.id));
    let id = words::user_id(&user.id);
    let mut text =
        Lines::headed(&format!("{}: the second factor was reset (id {id})", printable(name)));
    text.line("at the next login, the person sets it up again");
    text.writes(writes);
    text.done()
}

/// Renders where the record of a person is.
pub(crate) fn kept(path: &Path) -> String {
    format!("  the record is in {}\n", printable(&path.to_string_lossy()))
}

/// Renders where the records from before a failed run are, and what to do for another try.
pub(crate) fn recorded(path: &Path, kept: Kept) -> String {
    let (label, what) = match kept {
        Kept::File => (
            "record",
            "the person's state before the change; leave --tombstone out when you run it again",
        ),
        Kept::FileInFolder => (
            "record",
            "the person's state before the change; run it again with the same --tombstones",
        ),
        Kept::Folder => {
            ("records", "the people's state before the changes; `restore` reads each file")
        }
    };
    format!("  {label:<9}{} has {what}\n", printable(&path.to_string_lossy()))
}

/// Renders where the records of the changed people are.
pub(crate) fn kept_in(folder: &Path, count: usize) -> String {
    if count == 0 {
        return String::new();
    }
    format!(
        "The records of {} are in {}; `restore` reads each file\n",
        words::count(count, "person", "people"),
        printable(&folder.to_string_lossy())
    )
}

/// Renders the record of a person as JSON, so that the caller can store it.
pub(crate) fn tombstone(tombstone: &Tombstone) -> String {
    format!(
        "\nThe record, which `restore` needs (--tombstone FILE keeps it in a file):\n{}\n",
        record(tombstone)
    )
}

/// Renders the records of the people that a call removed before it failed; empty if there are none.
pub(crate) fn tombstones(tombstones: &[Tombstone]) -> String {
    let heading = "The records of the people who were removed before the failure; `restore` needs \
                   each in a file of its own";
    tombstones_of(tombstones, heading)
}

/// Renders records under a heading; empty if there are none.
pub(super) fn tombstones_of(tombstones: &[Tombstone], heading: &str) -> String {
    if tombstones.is_empty() {
        return String::new();
    }
    let records: String =
        tombstones.iter().map(|tombstone| format!("{}\n", record(tombstone))).collect();
    format!("\n{heading}:\n{records}")
}

fn record(tombstone: &Tombstone) -> String {
    match json::value(tombstone) {
        Ok(record) => printable_json(&format!("{record:#}")).into_owned(),
        // This can't happen: a record has only strings and numbers.
        Err(error) => format!("The record could not be written as JSON: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use crate::testing::{change, group, user, written};
    use host_test::retool::types::{Certainty, Write, WriteKind};

    #[test]
    fn a_provision_result_lists_everything_that_was_done() {
        let text = provision(&ProvisionResult {
            outcome: ProvisionOutcome::Created,
            user: user("ada@x.com"),
            changes: vec![change("first-name", None, "Ada")],
            differences: Vec::new(),
            groups_added: vec![group("Sales"), group("Data")],
            groups_kept: Vec::new(),
            groups_created: vec![group("Data")],
            invitation_sent: true,
            remaining: vec!["Accept the invitation.".to_owned()],
            writes: vec![
                written(WriteKind::UserCreated, "ada@x.com", None),
                Write {
                    certainty: Certainty::Unknown,
                    ..written(WriteKind::MemberAdded, "ada@x.com", Some("Sales"))
                },
            ],
        });
        assert_eq!(
            plain(&text),
            "\
ada@x.com: created (id id-1)
  first name: \"Ada\"
  groups created: Data
  added to: Sales, Data
  an invitation was sent
  still to do: Accept the invitation.
  2 writes
    user created: ada@x.com
    member added: ada@x.com to Sales (the reply was lost: it may have taken effect)
"
        );
    }

    #[test]
    fn a_renamed_person_is_shown_with_both_addresses() {
        let text = provision(&ProvisionResult {
            outcome: ProvisionOutcome::Renamed,
            user: user("ada@y.com"),
            changes: vec![
                change("email", Some("ada@x.com"), "ada@y.com"),
                change("last-name", Some("Byron"), "King"),
            ],
            differences: Vec::new(),
            groups_added: Vec::new(),
            groups_kept: Vec::new(),
            groups_created: Vec::new(),
            invitation_sent: false,
            remaining: Vec::new(),
            writes: vec![written(WriteKind::UserRenamed, "ada@y.com", None)],
        });
        assert_eq!(
            plain(&text),
            "\
ada@x.com -> ada@y.com: renamed (id id-1)
  last name: \"Byron\" -> \"King\"
  1 write
    user renamed: ada@y.com
"
        );
    }

    #[test]
    fn a_provision_result_lists_differences_that_were_not_changed() {
        let text = provision(&ProvisionResult {
            outcome: ProvisionOutcome::Unchanged,
            user: user("ada@x.com"),
            changes: Vec::new(),
            differences: vec![
                change("last-name", Some("Byron"), "King"),
                change("first-name", None, "Ada"),
            ],
            groups_added: Vec::new(),
            groups_kept: vec![group("Sales")],
            groups_created: Vec::new(),
            invitation_sent: false,
            remaining: Vec::new(),
            writes: Vec::new(),
        });
        assert_eq!(
            plain(&text),
            "\
ada@x.com: unchanged (id id-1)
  left as it is: last name is \"Byron\", not \"King\"
  left as it is: first name is not set, not \"Ada\"
  already in: Sales
  0 writes
"
        );
    }

    #[test]
    fn a_deprovision_result_lists_what_was_done_and_when_deletion_is_due() {
        let text = deprovision(
            "ada@x.com",
            &DeprovisionResult {
                outcome: DeprovisionOutcome::Deactivated,
                tombstone: Some(Tombstone {
                    base_url: "http://127.0.0.1".to_owned(),
                    user: user("ada@x.com"),
                    raw: Some("{}".to_owned()),
                    disabled_since: None,
                    recorded_at: "2026-01-02T03:04:05Z".to_owned(),
                }),
                groups_removed: vec![group("Sales")],
                deletion_due: Some("2026-02-01T00:00:00Z".to_owned()),
                disabled_since: Some("2026-01-02T03:04:00Z".to_owned()),
                remaining: Vec::new(),
                writes: vec![written(WriteKind::UserDisabled, "ada@x.com", None)],
            },
        );
        assert_eq!(
            plain(&text),
            "\
ada@x.com: disabled
  removed from: Sales
  disabled since 2026-01-02T03:04:00Z
  may be deleted from 2026-02-01T00:00:00Z on
  record made at 2026-01-02T03:04:05Z
  1 write
    user disabled: ada@x.com
"
        );
    }
}
