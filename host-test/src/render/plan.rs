//! Renders a plan as a diff to approve: the changes per person, then the totals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::hints;
use super::style::{ALARM, HEADING, diff_line, painted};
use super::words::{self, count, section};
use crate::retool::synchronization::{PersonRefusal, Plan, Step, StepKind};
use crate::text::printable;

/// Renders the plan. If a guard has tripped, renders the withheld steps.
pub(crate) fn plan(plan: &Plan) -> String {
    let Plan {
        digest,
        // These are for programs to compare.
        inputs_digest: _,
        organisation: _,
        dialect,
        span: _,
        policy: _,
        made_at: _,
        steps,
        withheld,
        // They may be as large as the organisation, so only `--json` prints them.
        tombstones: _,
        unchanged,
        refusals,
        seats,
        guards,
        limitations,
    } = plan;
    let refused = guards.iter().any(|guard| guard.tripped);
    let steps = if refused { withheld } else { steps };
    let tally = Tally::of(steps);

    let mut text = if refused {
        painted(ALARM, "REFUSED: a guard has tripped, and nothing may be applied. Withheld:")
    } else if !steps.is_empty() {
        painted(HEADING, "To be done:")
    } else if !refusals.is_empty() {
        painted(ALARM, &format!("Nothing can be done; {} left alone:", refusals.len()))
    } else {
        painted(HEADING, "Nothing to do.")
    };
    text.push('\n');
    text += &section("Groups", steps.iter().flat_map(group));
    text += &section("People", people(steps));
    text += &section("Left alone", refusals.iter().flat_map(refusal));
    text += &section("Limitations", limitations.iter().map(|text| printable(text).into_owned()));
    text += &format!(
        "\nTotal: {}; {unchanged} unchanged, {} left alone\n",
        tally.words(),
        refusals.len()
    );
    if let Some(seats) = words::seats(seats) {
        text += &format!("{seats}\n");
    }
    text += &section("Guards", guards.iter().flat_map(words::guard));
    text += &format!("\nPlan {} ({})\n", printable(digest), words::dialect(*dialect));
    text
}

/// Renders where the page with the plan is.
pub(crate) fn page_kept(path: &Path) -> String {
    format!("The page for the approver is {}\n", printable(&path.to_string_lossy()))
}

/// Renders where the plan is, and how to apply it.
pub(crate) fn plan_saved(path: &Path) -> String {
    format!(
        "The plan is in {}: `apply` takes it, with the digest above\n",
        printable(&path.to_string_lossy())
    )
}

fn group(step: &Step) -> Vec<String> {
    match step.kind {
        StepKind::CreateGroup => vec![diff_line('+', &format!("{}  create", group_of(step)))],
        StepKind::ChangeGroup => {
            let mut lines = vec![diff_line('~', &format!("{}  update", group_of(step)))];
            let changes = step.changes.iter();
            lines.extend(changes.map(|change| format!("    {}", words::change(change))));
            lines
        }
        _ => Vec::new(),
    }
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

fn refusal(refusal: &PersonRefusal) -> Vec<String> {
    let PersonRefusal { email, login, user, code, message } = refusal;
    let person = words::person(email.as_deref(), login.as_deref(), user.as_ref());
    let mut lines = vec![diff_line(
        '!',
        &format!("{}  {}: {}", printable(person), printable(code), printable(message)),
    )];
    lines.extend(hints::for_sync(code).map(|hint| format!("    {hint}")));
    lines
}

/// Renders the lines of each person in the steps, sorted by address.
fn people(steps: &[Step]) -> Vec<String> {
    let mut by_address: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        if !is_of_group(step) {
            by_address.entry(person_of(step)).or_default().push(step);
        }
    }
    by_address.into_iter().flat_map(|(email, steps)| person(email, &steps)).collect()
}

fn person(email: &str, steps: &[&Step]) -> Vec<String> {
    let mut sign = '~';
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
                details.extend(step.changes.iter().map(words::change));
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
    let mut lines = vec![diff_line(sign, &format!("{}  {}", printable(email), verbs.join(", ")))];
    lines.extend(details.into_iter().map(|detail| format!("    {detail}")));
    lines
}

/// The number of steps of each kind. `updated` is different: like in a report, it is the number of
/// people who are updated, even if only in their memberships.
#[derive(Default)]
pub(super) struct Tally {
    created: usize,
    enabled: usize,
    updated: usize,
    disabled: usize,
    deleted: usize,
    added: usize,
    removed: usize,
    groups: usize,
}

impl Tally {
    pub(super) fn of(steps: &[Step]) -> Tally {
        let mut tally = Tally::default();
        let mut updated = BTreeSet::new();
        let mut otherwise = BTreeSet::new();
        for step in steps {
            match step.kind {
                StepKind::CreateGroup | StepKind::ChangeGroup => {}
                StepKind::RenameUser
                | StepKind::UpdateUser
                | StepKind::ChangeAttributes
                | StepKind::AddMember
                | StepKind::ChangeMember
                | StepKind::RemoveMember => {
                    updated.insert(person_of(step));
                }
                StepKind::CreateUser
                | StepKind::InviteUser
                | StepKind::EnableUser
                | StepKind::CancelInvitation
                | StepKind::DisableUser
                | StepKind::DeleteUser => {
                    otherwise.insert(person_of(step));
                }
            }
            let counter = match step.kind {
                StepKind::CreateGroup => &mut tally.groups,
                StepKind::CreateUser | StepKind::InviteUser => &mut tally.created,
                StepKind::EnableUser => &mut tally.enabled,
                StepKind::ChangeGroup
                | StepKind::RenameUser
                | StepKind::UpdateUser
                | StepKind::ChangeAttributes
                | StepKind::ChangeMember
                | StepKind::CancelInvitation => continue,
                StepKind::AddMember => &mut tally.added,
                StepKind::RemoveMember => &mut tally.removed,
                StepKind::DisableUser => &mut tally.disabled,
                StepKind::DeleteUser => &mut tally.deleted,
            };
            *counter += 1;
        }
        tally.updated = updated.difference(&otherwise).count();
        tally
    }

    /// Returns how many memberships are added, and how many are removed.
    pub(super) fn memberships(&self) -> (usize, usize) {
        (self.added, self.removed)
    }

    fn words(&self) -> String {
        let Tally { created, enabled, updated, disabled, deleted, added, removed, groups } = self;
        let mut words = vec![format!("{created} to create"), format!("{updated} to update")];
        if *enabled > 0 {
            words.push(format!("{enabled} to enable"));
        }
        words.push(format!("{disabled} to disable"));
        words.push(format!("{deleted} to delete"));
        words.push(format!(
            "{} to add and {removed} to remove",
            count(*added, "membership", "memberships")
        ));
        if *groups > 0 {
            words.push(format!("{} to create", count(*groups, "group", "groups")));
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use crate::retool::synchronization::{Guard, SeatChange};
    use crate::retool::types::{GroupId, UserType};
    use crate::testing::{self, change, guard, step};

    fn plan(plan: &Plan) -> String {
        plain(&super::plan(plan))
    }

    fn empty() -> Plan {
        testing::plan()
    }

    fn steps() -> Vec<Step> {
        let member = |kind, email, group: &str| Step {
            group_name: Some(group.to_owned()),
            ..step(kind, email)
        };
        vec![
            Step { group_name: Some("Data".to_owned()), ..step(StepKind::CreateGroup, "") },
            Step {
                changes: vec![
                    change("first-name", None, "Ada"),
                    change("user-type", None, "default"),
                ],
                ..step(StepKind::CreateUser, "ada@x.com")
            },
            Step {
                changes: vec![
                    change("disabled", Some("true"), "false"),
                    change("user-type", Some("default"), "end-user"),
                ],
                ..step(StepKind::EnableUser, "eve@x.com")
            },
            Step {
                changes: vec![
                    change("last-name", Some("Byron"), "King"),
                    change("admin", Some("false"), "true"),
                ],
                ..step(StepKind::UpdateUser, "bob@x.com")
            },
            member(StepKind::AddMember, "ada@x.com", "Data"),
            member(StepKind::AddMember, "cy@x.com", "Data"),
            member(StepKind::AddMember, "cy@x.com", "Sales"),
            Step {
                group: Some(GroupId::Rest("7".to_owned())),
                ..step(StepKind::RemoveMember, "cy@x.com")
            },
            step(StepKind::DisableUser, "dan@x.com"),
            step(StepKind::DeleteUser, "zoe@x.com"),
        ]
    }

    #[test]
    fn a_plan_is_a_diff_per_person_followed_by_totals() {
        let text = plan(&Plan {
            steps: steps(),
            unchanged: 9,
            refusals: vec![PersonRefusal {
                code: "user-type-required".to_owned(),
                message: "A new person needs a user type.".to_owned(),
                ..testing::refusal("finn@x.com")
            }],
            seats: vec![
                SeatChange {
                    user_type: UserType::Default,
                    before: 40,
                    added: 1,
                    removed: 2,
                    after: 39,
                },
                SeatChange {
                    user_type: UserType::EndUser,
                    before: 7,
                    added: 0,
                    removed: 0,
                    after: 7,
                },
            ],
            guards: vec![guard(Guard::UserRemovals, None, 3, 2, false)],
            limitations: vec!["Sessions cannot be ended.".to_owned()],
            ..empty()
        });
        assert_eq!(
            text,
            "\
To be done:

Groups
  + Data  create

People
  + ada@x.com  create
      first name: \"Ada\"
      user type: default
      groups: +Data
  ~ bob@x.com  update
      last name: \"Byron\" -> \"King\"
      admin: false -> true
  ~ cy@x.com  update
      groups: +Data, +Sales, -#7
  - dan@x.com  disable
  ~ eve@x.com  enable
      user type: default -> end-user
  - zoe@x.com  delete

Left alone
  ! finn@x.com  user-type-required: A new person needs a user type.
      --default-user-type TYPE, or a user type on the roster, gives one

Limitations
  Sessions cannot be ended.

Total: 1 to create, 2 to update, 1 to enable, 1 to disable, 1 to delete, 3 memberships to add and \
1 to remove, 1 group to create; 9 unchanged, 1 left alone
Seats: default +1 -2 (40 -> 39)

Guards
  ok       user removals: 2, at most 3

Plan 3f2a (v1)
"
        );
    }

    #[test]
    fn a_refused_plan_shows_the_withheld_steps_and_the_guard() {
        let text = plan(&Plan {
            withheld: vec![step(StepKind::DisableUser, "dan@x.com")],
            guards: vec![
                guard(Guard::UserRemovals, None, 0, 1, true),
                guard(Guard::MemberRemovals, Some("Sales"), 3, 0, false),
            ],
            ..empty()
        });
        assert_eq!(
            text,
            "\
REFUSED: a guard has tripped, and nothing may be applied. Withheld:

People
  - dan@x.com  disable

Total: 0 to create, 0 to update, 1 to disable, 0 to delete, 0 memberships to add and 0 to remove; \
0 unchanged, 0 left alone

Guards
  TRIPPED  user removals: 1, at most 0. Too many.
           --max-user-removals-percent N or --max-user-removals-floor N raises the limit
  ok       member removals (Sales): 0, at most 3

Plan 3f2a (v1)
"
        );
    }

    #[test]
    fn a_converged_plan_says_that_there_is_nothing_to_do() {
        let text = plan(&Plan { unchanged: 12, ..empty() });
        assert_eq!(
            text,
            "\
Nothing to do.

Total: 0 to create, 0 to update, 0 to disable, 0 to delete, 0 memberships to add and 0 to remove; \
12 unchanged, 0 left alone

Plan 3f2a (v1)
"
        );
    }

    #[test]
    fn a_plan_with_only_refusals_does_not_say_nothing_to_do() {
        let text = plan(&Plan {
            refusals: vec![PersonRefusal { ..testing::refusal("eve@x.com") }],
            ..empty()
        });
        assert!(text.starts_with("Nothing can be done; 1 left alone:\n"), "{text}");
        assert!(text.contains("\n      --re-enable enables"), "{text}");
    }

    #[test]
    fn untrusted_text_cannot_start_a_new_line() {
        let nasty = "x\n  - boss@x.com  delete\u{1b}[1A";
        let text = plan(&Plan {
            digest: nasty.to_owned(),
            steps: vec![
                Step {
                    changes: vec![change(nasty, Some(nasty), nasty)],
                    ..step(StepKind::UpdateUser, nasty)
                },
                Step { group_name: Some(nasty.to_owned()), ..step(StepKind::AddMember, nasty) },
                Step {
                    group: Some(GroupId::Scim(nasty.to_owned())),
                    ..step(StepKind::CreateGroup, "")
                },
            ],
            refusals: vec![PersonRefusal {
                code: nasty.to_owned(),
                message: nasty.to_owned(),
                ..testing::refusal(nasty)
            }],
            guards: vec![guard(Guard::RequiredAdmins, Some(nasty), 1, 0, false)],
            limitations: vec![nasty.to_owned()],
            ..empty()
        });
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("  - ")), "{text}");
    }
}
