//! The results of `deprovision` and `restore` for many people, and of their dry runs.

use std::path::Path;

use super::error::written_before;
use super::lines::Lines;
use super::person::{deprovision_outcome, recorded, tombstones_of};
use super::switches;
use super::words::{self, count};
use crate::deprovision::{Outcome, Person};
use crate::failure::{Failure, Kept};
use host_test::retool::lifecycle::{
    DeprovisionOutcome, DeprovisionPlan, RestoreOutcome, RestoreResult,
};
use host_test::retool::types::Tombstone;
use host_test::text::printable;

/// Renders one line per person, a summary, and the records that no file has.
pub(crate) fn deprovisioned(people: &[Person], records: &[Tombstone]) -> String {
    let mut text = String::new();
    let (mut done, mut failed, mut left) = (0, 0, 0);
    for person in people {
        let what = match &person.outcome {
            Outcome::Done(result) => {
                done += 1;
                deprovision_outcome(result.outcome).to_owned()
            }
            Outcome::Failed(failure) => {
                failed += 1;
                format!("failed: {}", brief(failure))
            }
            Outcome::NotBegun => {
                left += 1;
                "not begun".to_owned()
            }
        };
        text += &format!("{}: {what}\n", printable(&person.email));
        if let Outcome::Failed(failure) = &person.outcome {
            text += &left_by(person, failure);
        }
    }
    let remaining = people.iter().filter_map(|person| match &person.outcome {
        Outcome::Done(result) => Some((&person.email, &result.remaining)),
        _ => None,
    });
    for (email, remaining) in remaining {
        for what in remaining {
            let what = switches::of_person(what, None);
            text += &format!("still to do: {}: {}\n", printable(email), printable(&what));
        }
    }
    text += &format!(
        "\n{}: {done} done, {failed} failed, {left} not begun; {}\n",
        count(people.len(), "person", "people"),
        count(people.iter().map(|person| person.writes().len()).sum(), "write", "writes")
    );
    let folder = people.iter().find_map(|person| person.file.as_deref()?.parent());
    if let Some(folder) = folder {
        text += &kept_in(folder);
    }
    text + &tombstones_of(
        records,
        "The records, of which `restore` needs each in a file of its own",
    )
}

/// Renders what was written for a person before the failure, and where the record is.
fn left_by(person: &Person, failure: &Failure) -> String {
    let mut text = match person.writes() {
        [] if failure.may_have_written() => "  written  what was written is not known\n".to_owned(),
        writes => written_before(writes),
    };
    if let Some(file) = &person.file {
        text += &recorded(file, Kept::FileInFolder);
    }
    text
}

fn kept_in(folder: &Path) -> String {
    let folder = printable(&folder.to_string_lossy()).into_owned();
    format!(
        "the records are in {folder}; `restore --tombstone {folder}` restores everyone who has one \
         there, also from other runs\n"
    )
}

/// Renders a failure in one line.
fn brief(failure: &Failure) -> String {
    let (code, message) = failure.brief();
    format!("{} ({})", printable(&switches::of_person(&message, None)), printable(&code))
}

/// Renders what `deprovision` would do to one person.
pub(crate) fn deprovision_plan(email: &str, plan: &DeprovisionPlan) -> String {
    let DeprovisionPlan {
        outcome,
        tombstone: _,
        groups_to_remove,
        invitations_to_cancel,
        deletion_due,
        remaining,
    } = plan;
    let what = match outcome {
        DeprovisionOutcome::Deleted => "would be deleted for good",
        DeprovisionOutcome::Deactivated => "would be disabled",
        DeprovisionOutcome::AlreadyDeactivated => "is disabled already",
        DeprovisionOutcome::AlreadyGone => "is not in Retool, nothing to do",
    };
    let mut text = Lines::headed(&format!("{}: {what}", printable(email)));
    text.groups("would be removed from", groups_to_remove);
    if *invitations_to_cancel > 0 {
        let invitations = count(*invitations_to_cancel as usize, "invitation", "invitations");
        text.line(&format!("{invitations} would be withdrawn"));
    }
    if let Some(due) = deletion_due {
        text.line(&format!("may be deleted from {} on", printable(due)));
    }
    text.remaining(remaining);
    text.line("nothing was written");
    text.done()
}

/// Renders what `deprovision` would do to many people.
pub(crate) fn deprovision_plans(people: &[(String, Result<DeprovisionPlan, Failure>)]) -> String {
    let mut text = String::new();
    for (email, plan) in people {
        text += &match plan {
            Ok(plan) => deprovision_plan(email, plan).replace("  nothing was written\n", ""),
            Err(failure) => format!("{}: would fail: {}\n", printable(email), brief(failure)),
        };
    }
    let failed = people.iter().filter(|(_, plan)| plan.is_err()).count();
    let all = count(people.len(), "person", "people");
    text + &format!("\n{all}: {failed} would fail; nothing was written\n")
}

/// Renders one line per restored person, what is left to do, and a summary.
pub(crate) fn restored(result: &RestoreResult) -> String {
    let RestoreResult { people, complete: _, writes } = result;
    let mut text = String::new();
    let mut notes = Vec::new();
    for person in people {
        let name = words::person(person.email.as_deref(), None, Some(&person.id));
        let name = printable(name);
        let what = match &person.failure {
            Some(failure) => {
                let message = switches::of_person(&failure.message, failure.field.as_deref());
                format!("failed: {} ({})", printable(&message), printable(&failure.code))
            }
            None => super::person::restore_outcome(person.outcome).to_owned(),
        };
        text += &format!("{name}: {what}\n");
        let not_restored = person.not_restored.iter();
        notes.extend(
            not_restored.map(|what| format!("not restored: {name}: {}\n", printable(what))),
        );
    }
    text += &notes.concat();
    let failed = people.iter().filter(|person| person.outcome == RestoreOutcome::Failed).count();
    text + &format!(
        "\n{}: {} restored, {failed} failed; {}\n",
        count(people.len(), "person", "people"),
        people.len() - failed,
        count(writes.len(), "write", "writes")
    )
}
