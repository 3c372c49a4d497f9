use super::super::style::plain;
use super::*;
use crate::testing::{self, change, guard, step};
use host_test::retool::synchronization::{Guard, SeatChange};
use host_test::retool::types::Dialect;
use host_test::retool::types::{GroupId, UserId, UserType};

fn plan(plan: &Plan) -> String {
    plain(&super::plan(plan, Form::Whole))
}

fn empty() -> Plan {
    testing::plan()
}

fn steps() -> Vec<Step> {
    let member =
        |kind, email, group: &str| Step { group_name: Some(group.to_owned()), ..step(kind, email) };
    vec![
        Step { group_name: Some("Data".to_owned()), ..step(StepKind::CreateGroup, "") },
        Step {
            changes: vec![change("first-name", None, "Ada"), change("user-type", None, "default")],
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
            SeatChange { user_type: UserType::EndUser, before: 7, added: 0, removed: 0, after: 7 },
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
fn a_renamed_person_is_one_line_with_both_addresses() {
    let email = |before, after| change("email", Some(before), after);
    let text = plan(&Plan {
        steps: vec![
            Step {
                changes: vec![
                    email("ada.byron@x.com", "ada.king@x.com"),
                    change("last-name", Some("Byron"), "King"),
                ],
                ..step(StepKind::RenameUser, "ada.king@x.com")
            },
            Step {
                changes: vec![
                    email("eve@x.com", "eve@y.com"),
                    change("disabled", Some("true"), "false"),
                ],
                ..step(StepKind::RenameUser, "eve@y.com")
            },
            // An account without an address gets one.
            Step {
                changes: vec![change("email", None, "zoe@x.com")],
                ..step(StepKind::RenameUser, "zoe@x.com")
            },
            Step {
                group_name: Some("Data".to_owned()),
                ..step(StepKind::AddMember, "ada.king@x.com")
            },
        ],
        ..empty()
    });
    assert_eq!(
        text,
        "\
To be done:

People
  ~ ada.byron@x.com -> ada.king@x.com  rename
      last name: \"Byron\" -> \"King\"
      groups: +Data
  ~ eve@x.com -> eve@y.com  rename, enable
  ~ zoe@x.com  rename
      email: (none) -> \"zoe@x.com\"

Total: 0 to create, 0 to update, 3 to rename, 1 to enable, 0 to disable, 0 to delete, \
1 membership to add and 0 to remove; 0 unchanged, 0 left alone

Plan 3f2a (v1)
"
    );
}

#[test]
fn created_and_removed_people_of_one_name_stand_together() {
    let id = |id: &str| UserId::V1(id.to_owned());
    let mut old = testing::tombstone("byron@x.com");
    old.user.id = id("7");
    old.user.first_name = Some("ada".to_owned());
    old.user.last_name = Some("King".to_owned());
    let mut doubtful = Plan {
        steps: vec![
            Step {
                changes: vec![
                    change("first-name", None, "Ada"),
                    change("last-name", None, "King "),
                ],
                ..step(StepKind::CreateUser, "king@x.com")
            },
            step(StepKind::CreateUser, "cy@x.com"),
            Step { user: Some(id("7")), ..step(StepKind::DisableUser, "byron@x.com") },
            Step { user: Some(id("8")), ..step(StepKind::DisableUser, "dan@x.com") },
        ],
        tombstones: vec![old, testing::tombstone("dan@x.com")],
        ..empty()
    };
    let text = plan(&doubtful);
    let (shown, _) = text.split_once("\nTotal").expect("totals");
    assert_eq!(
        shown,
        "\
To be done:

May be the same person
  + king@x.com  create
      first name: \"Ada\"
      last name: \"King \"
      may be the same person as byron@x.com
  - byron@x.com  disable
      may be the same person as king@x.com
  If they are the same person, name the former address on the roster (column `former emails`) and \
plan again: the account is then renamed, and keeps its id, memberships and history. `provision \
--former-email EMAIL` does this for one person.

People
  + cy@x.com  create
  - dan@x.com  disable
"
    );
    doubtful.dialect = Dialect::V2;
    let text = plan(&doubtful);
    assert!(
        text.contains("change the address of the account in Retool, as /api/v2 can't"),
        "{text}"
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
