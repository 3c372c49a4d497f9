//! Adds many users to one group with as few requests as the dialect allows.

use host_test::retool::synchronization::{PersonOutcome, RosterEntry, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{LoggedRequest, Options};
use serde_json::Value;

use crate::support::{World, allow_growth, done, entry, memberships, named, roster};

over_every_dialect!(one_refused_user_does_not_keep_the_others_out);

/// Starts an organisation with this many users. The first administers the group Everyone.
/// Also returns a roster that adds all of them to the group.
async fn all_in_one_group(dialect: Dialect, people: usize) -> (World, SyncRequest) {
    let options = Options { users: people, groups: 0, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = world.over(dialect);
    world.mock.edit(|acme| {
        let id = acme.create_group(mock_retool::Group::new("Everyone")).id;
        let first = acme.users[0].id.clone();
        acme.join_as(id, &[(first, true)]).expect("a person");
    });
    let state = world.mock.state();
    let in_it = |user: &mock_retool::User| RosterEntry {
        groups: memberships([named("Everyone")]),
        ..entry(&user.email)
    };
    let mut request = roster(state.users.iter().map(in_it).collect());
    request.policy.re_enable_disabled = false;
    allow_growth(&mut request);
    world.mock.edit(|acme| acme.users.iter_mut().for_each(|user| user.is_disabled = false));
    (world, request)
}

/// Returns how many members each write request adds.
fn added(writes: &[LoggedRequest]) -> Vec<usize> {
    let people = |write: &LoggedRequest| {
        let members = &write.body["members"];
        let operation = &write.body["Operations"][0]["value"];
        members.as_array().or(operation.as_array()).map_or(1, Vec::len)
    };
    writes.iter().map(people).collect()
}

#[tokio::test]
async fn v2_adds_five_hundred_members_with_one_request() {
    let (world, request) = all_in_one_group(Dialect::V2, 501).await;
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    let group = world.group("Everyone").id;
    assert_eq!(world.mock.state().members(group).count(), 501);
    let writes = world.writes();
    assert_eq!(added(&writes), [500]);
    assert_eq!((&*writes[0].method, &*writes[0].path), ("POST", "/api/v2/groups/4/members"));
    let members = writes[0].body["members"].as_array().expect("members");
    assert!(members.iter().all(|member| member["is_group_admin"] == Value::Bool(false)));
    let state = world.mock.state();
    let first = state.members(group).next().expect("the first");
    assert!(first.is_group_admin, "the existing member stays a group administrator");
    // Two lists, the invitations, the group before and after.
    assert!(world.requests().len() <= 8);
    assert_eq!(report.writes.len(), 500);
    let updated = report.people.iter().filter(|person| person.outcome == PersonOutcome::Updated);
    assert_eq!(updated.count(), 500);

    let again = done(world.tenant.sync(&request).await);
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

#[tokio::test]
async fn scim_adds_a_hundred_members_at_once() {
    let (world, request) = all_in_one_group(Dialect::Scim, 251).await;
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(added(&world.writes()), [100, 100, 50]);
    assert_eq!(world.mock.state().members(world.group("Everyone").id).count(), 251);
    assert_eq!(report.writes.len(), 250);
}

/// A user is deleted between the plan and the addition. The server refuses the whole request then.
async fn one_refused_user_does_not_keep_the_others_out(dialect: Dialect) {
    let (world, request) = all_in_one_group(dialect, 12).await;
    let gone = world.mock.state().users[5].clone();
    let (id, email) = (gone.id, gone.email);
    let first = match dialect {
        Dialect::V1 => format!("POST {}/members", world.group_path("Everyone")),
        _ => format!("GET {}", world.group_path("Everyone")),
    };
    world.before(&first, move |acme| acme.delete_user(&id).expect("a person"));
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    for person in &report.people[..] {
        let state = world.mock.state();
        let is_first = Some(&state.users[0].email) == person.email.as_ref();
        let expected = match person.outcome {
            PersonOutcome::Failed => person.email.as_ref() == Some(&email),
            PersonOutcome::Unchanged => is_first,
            PersonOutcome::Updated => person.email.as_ref() != Some(&email) && !is_first,
            _ => false,
        };
        assert!(expected, "{person:?}");
    }
    assert_eq!(world.mock.state().members(world.group("Everyone").id).count(), 11);
}
