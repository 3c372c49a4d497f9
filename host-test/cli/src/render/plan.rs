//! Renders a plan as a diff to approve: the changes per person, then the totals.

use std::collections::BTreeMap;
use std::path::Path;

use super::hints;
use super::same_name::{self, Others, SameName, same_names};
use super::sheet::{Entry, Form, Sheet};
use super::style::{ALARM, HEADING};
use super::switches;
use super::tally::Tally;
use super::words;
use host_test::retool::synchronization::{PersonRefusal, Plan, Step, StepKind};
use host_test::text::printable;

/// Renders the plan. If a guard has tripped, renders the withheld steps.
pub(crate) fn plan(plan: &Plan, form: Form) -> String {
    let Plan {
        digest,
        // These are for programs to compare.
        inputs_digest: _,
        organisation,
        dialect,
        span: _,
        policy: _,
        made_at: _,
        steps,
        withheld,
        // They may be as large as the organisation, so only `--json` prints them. Here they give names.
        tombstones,
        unchanged,
        refusals,
        seats,
        guards,
        limitations,
    } = plan;
    let refused = guards.iter().any(|guard| guard.tripped);
    let steps = if refused { withheld } else { steps };
    let mut people = people(steps);
    let same_names = same_names(steps, tombstones);
    let doubtful = together(&same_names, &mut people);

    let heading = if refused {
        (ALARM, "REFUSED: a guard has tripped, and nothing may be applied. Withheld:".to_owned())
    } else if !steps.is_empty() {
        (HEADING, "To be done:".to_owned())
    } else if !refusals.is_empty() {
        (ALARM, format!("Nothing can be done; {} left alone:", refusals.len()))
    } else {
        (HEADING, "Nothing to do.".to_owned())
    };
    let sheet = Sheet {
        organisation,
        heading,
        groups: steps.iter().filter_map(group).collect(),
        same_person: (doubtful, same_name::advice(*dialect)),
        people: people.iter().map(|(email, steps)| person(email, steps)).collect(),
        left_alone: refusals.iter().map(refusal).collect(),
        limitations: limitations
            .iter()
            .map(|text| printable(&switches::of_sync(text)).into_owned())
            .collect(),
        total: format!(
            "{}; {unchanged} unchanged, {} left alone",
            Tally::of(steps).words(),
            refusals.len()
        ),
        seats: words::seats(seats),
        guards,
        plan: format!("{} ({})", printable(digest), words::dialect(*dialect)),
    };
    sheet.render(form)
}

/// Renders where the page with the plan is.
pub(crate) fn page_kept(path: &Path) -> String {
    format!("The page for the approver is {}\n", printable(&path.to_string_lossy()))
}

/// Renders where the page of a report is.
pub(crate) fn report_kept(path: &Path) -> String {
    format!("The report is the page {}\n", printable(&path.to_string_lossy()))
}

/// Renders where the plan is, and how to apply it.
pub(crate) fn plan_saved(path: &Path) -> String {
    format!(
        "The plan is in {}: `apply` takes it, with --approve and the digest above\n",
        printable(&path.to_string_lossy())
    )
}

fn group(step: &Step) -> Option<Entry> {
    let (sign, verb) = match step.kind {
        StepKind::CreateGroup => ('+', "create"),
        StepKind::ChangeGroup => ('~', "update"),
        _ => return None,
    };
    let changes = if sign == '~' { &step.changes[..] } else { &[] };
    Some(Entry {
        sign,
        heading: format!("{}  {verb}", group_of(step)),
        details: changes.iter().map(words::change).collect(),
    })
}

/// Returns whether a step is about a group only.
pub(super) fn is_of_group(step: &Step) -> bool {
    matches!(step.kind, StepKind::CreateGroup | StepKind::ChangeGroup)
}

/// Returns the name of the person that a step is about.
pub(super) fn person_of(step: &Step) -> &str {
    words::person(step.email.as_deref(), None, step.user.as_ref())
}

pub(super) fn group_of(step: &Step) -> String {
    words::named(step.group_name.as_deref(), step.group.as_ref())
}

fn refusal(refusal: &PersonRefusal) -> Entry {
    let PersonRefusal { email, login, user, code, message } = refusal;
    let person = words::person(email.as_deref(), login.as_deref(), user.as_ref());
    Entry {
        sign: '!',
        heading: format!(
            "{}  {}: {}",
            printable(person),
            printable(code),
            printable(&switches::of_sync(message))
        ),
        details: hints::for_sync(code).map(str::to_owned).into_iter().collect(),
    }
}

/// Returns the steps of each person.
fn people(steps: &[Step]) -> BTreeMap<&str, Vec<&Step>> {
    let mut by_address: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        if !is_of_group(step) {
            by_address.entry(person_of(step)).or_default().push(step);
        }
    }
    by_address
}

/// Takes those of one name out of the people, and returns them together.
fn together(same_names: &[SameName<'_>], people: &mut BTreeMap<&str, Vec<&Step>>) -> Vec<Entry> {
    let entry = |(email, others): (&str, Others<'_>)| {
        let steps = people.remove(email).unwrap_or_default();
        let mut entry = person(email, &steps);
        entry.details.push(format!("may be the same person as {}", self::others(others)));
        entry
    };
    same_names.iter().flat_map(SameName::people).map(entry).collect()
}

fn others(others: Others<'_>) -> String {
    let (named, more) = others.named();
    let named: Vec<_> = named.iter().map(|email| printable(email)).collect();
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn person(email: &str, steps: &[&Step]) -> Entry {
    let mut sign = '~';
    let mut former = None;
    let mut verbs = Vec::new();
    let mut details = Vec::new();
    let mut groups = Vec::new();
    for step in steps {
        match step.kind {
            StepKind::CreateGroup | StepKind::ChangeGroup => {}
            StepKind::CreateUser | StepKind::InviteUser => {
                sign = '+';
                verbs.push(if step.kind == StepKind::InviteUser { "invite" } else { "create" });
                details.extend(step.changes.iter().map(words::setting));
            }
            StepKind::EnableUser => {
                verbs.push("enable");
                let others = step.changes.iter().filter(|change| !words::is_said(change));
                details.extend(others.map(words::change));
            }
            StepKind::RenameUser => {
                verbs.push("rename");
                if words::enables(&step.changes) {
                    verbs.push("enable");
                }
                former = words::former_email(&step.changes);
                let shown = |change: &&_| !words::is_new_email(change) && !words::is_said(change);
                details.extend(step.changes.iter().filter(shown).map(words::change));
            }
            StepKind::UpdateUser | StepKind::ChangeAttributes => {
                if !verbs.contains(&"update") {
                    verbs.push("update");
                }
                details.extend(step.changes.iter().map(words::change));
            }
            StepKind::AddMember => groups.push(format!("+{}", group_of(step))),
            StepKind::ChangeMember => groups.push(format!("~{}", group_of(step))),
            StepKind::RemoveMember => groups.push(format!("-{}", group_of(step))),
            StepKind::CancelInvitation => {
                sign = '-';
                verbs.push("withdraw the invitation");
            }
            StepKind::DisableUser => {
                sign = '-';
                verbs.push("disable");
            }
            StepKind::DeleteUser => {
                sign = '-';
                verbs.push("delete");
            }
        }
    }
    if verbs.is_empty() {
        verbs.push("update");
    }
    if !groups.is_empty() {
        details.push(format!("groups: {}", groups.join(", ")));
    }
    let name = words::renamed(former, email);
    Entry { sign, heading: format!("{name}  {}", verbs.join(", ")), details }
}

#[cfg(test)]
mod tests;
