//! Many people into one group with as few requests as the dialect allows.

use host_test::retool::synchronization::{PersonOutcome, RosterEntry, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{LoggedRequest, Options};
use serde_json::Value;

use crate::support::{World, done, entry, memberships, named, roster};

over_every_dialect!(one_who_is_refused_keeps_nobody_else_out);

/// An organisation of so many people, of whom the first administers Everybody, and the roster
/// that puts all of them into it.
async fn everybody(dialect: Dialect, people: usize) -> (World, SyncRequest) {
    let options = Options { users: people, groups: 0, ..Options::default() };
    let mut world = World::with(options).await;
    world.tenant = world.over(dialect);
    world.mock.edit(|acme| {
        let id = acme.create_group(mock_retool::Group::new("Everybody")).id;
        let first = acme.users[0].id.clone();
        acme.join_as(id, &[(first, true)]).expect("a person");
    });
    let state = world.mock.state();
    let in_it = |user: &mock_retool::User| RosterEntry {
        groups: memberships([named("Everybody")]),
        ..entry(&user.email)
    };
    let mut request = roster(state.users.iter().map(in_it).collect());
    request.policy.re_enable_disabled = false;
    world.mock.edit(|acme| acme.users.iter_mut().for_each(|user| user.is_disabled = false));
    (world, request)
}

/// How many people each request that adds some adds.
fn added(writes: &[LoggedRequest]) -> Vec<usize> {
    let people = |write: &LoggedRequest| {
        let members = &write.body["members"];
        let operation = &write.body["Operations"][0]["value"];
        members.as_array().or(operation.as_array()).map_or(1, Vec::len)
    };
    writes.iter().map(people).collect()
}

#[tokio::test]
async fn five_hundred_join_with_one_request_over_v2() {
    let (world, request) = everybody(Dialect::V2, 501).await;
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    let group = world.group("Everybody").id;
    assert_eq!(world.mock.state().members(group).count(), 501);
    let writes = world.writes();
    assert_eq!(added(&writes), [500]);
    assert_eq!((&*writes[0].method, &*writes[0].path), ("POST", "/api/v2/groups/4/members"));
    let members = writes[0].body["members"].as_array().expect("members");
    assert!(members.iter().all(|member| member["is_group_admin"] == Value::Bool(false)));
    let state = world.mock.state();
    let first = state.members(group).next().expect("the first");
    assert!(first.is_group_admin, "who was in it stays as they were");
    // Two lists, the invitations, the group before and after, and the report on each is right.
    assert!(world.requests().len() <= 8);
    assert_eq!(report.writes.len(), 500);
    let updated = report.people.iter().filter(|person| person.outcome == PersonOutcome::Updated);
    assert_eq!(updated.count(), 500);

    let again = done(world.tenant.sync(&request).await);
    assert!(again.writes.is_empty() && world.writes().is_empty());
}

#[tokio::test]
async fn hundreds_join_a_hundred_at_a_time_over_scim() {
    let (world, request) = everybody(Dialect::Scim, 251).await;
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(added(&world.writes()), [100, 100, 50]);
    assert_eq!(world.mock.state().members(world.group("Everybody").id).count(), 251);
    assert_eq!(report.writes.len(), 250);
}

/// Somebody goes between the plan and the addition: a request for all of them is refused whole.
async fn one_who_is_refused_keeps_nobody_else_out(dialect: Dialect) {
    let (world, request) = everybody(dialect, 12).await;
    let gone = world.mock.state().users[5].clone();
    let (id, email) = (gone.id, gone.email);
    let first = match dialect {
        Dialect::V1 => format!("POST {}/members", world.group_path("Everybody")),
        _ => format!("GET {}", world.group_path("Everybody")),
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
    assert_eq!(world.mock.state().members(world.group("Everybody").id).count(), 11);
}
