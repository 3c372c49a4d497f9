//! Ids that look like paths. Each stays one path segment, or is refused.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::synchronization::{Step, StepKind, StepOutcome};
use host_test::retool::types::{Dialect, FieldChange, GroupId, UserId};
use mock_retool::User;
use retool_lifecycle::domain;
use retool_lifecycle::sync::digest;
use serde_json::{Value, json};

use super::dialect::{api, change_method, current_roster, new_entry};
use super::fault::{always, answer, once};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, written};
use crate::support::{
    World, arrival, by_email, changing, departure, done, email_of, entry, failed, memberships,
    named, new_member, removing, roster,
};

over_v2_and_v1!(
    the_id_of_a_step_stays_one_segment,
    an_id_that_is_no_segment_is_refused_before_anything_is_sent,
    an_expected_id_of_another_user_leads_nowhere_else,
    an_id_of_another_api_matches_no_user,
    people_with_odd_ids_are_changed_and_no_other_user,
    people_whose_id_is_no_segment_are_not_changed,
    the_id_of_a_group_stays_one_segment,
    a_group_whose_id_is_no_segment_is_not_changed,
    an_address_stays_one_value_of_the_query,
    the_ids_of_a_plan_are_accepted,
);

/// Ids, and the path segment for each.
const ODD: [(&str, &str); 12] = [
    ("../groups/1", "..%2Fgroups%2F1"),
    ("..\\groups\\1", "..%5Cgroups%5C1"),
    ("a b", "a%20b"),
    ("%2e%2e", "%252e%252e"),
    ("%2F", "%252F"),
    ("a?email=x", "a%3Femail%3Dx"),
    ("a#b", "a%23b"),
    ("a;b", "a%3Bb"),
    ("a\r\nHost: evil", "a%0D%0AHost%3A%20evil"),
    ("...", "..."),
    ("ü", "%C3%BC"),
    ("http://evil.example/", "http%3A%2F%2Fevil.example%2F"),
];

/// Ids that would be lost as a segment.
const REFUSED: [&str; 3] = ["", ".", ".."];

/// Returns a user's id in the tenant's dialect.
fn user_id(world: &World, id: &str) -> UserId {
    match world.dialect() {
        Dialect::V1 => UserId::V1(id.into()),
        _ => UserId::V2(id.into()),
    }
}

fn step(world: &World, kind: StepKind, user: &str) -> Step {
    let change = |field: &str, after: &str| {
        vec![FieldChange { field: field.into(), before: None, after: Some(after.into()) }]
    };
    Step {
        kind,
        organisation: world.mock.base_url(),
        dialect: world.dialect(),
        minimum_admins: 2,
        required_admins: Vec::new(),
        email: Some(JOAN.into()),
        user: Some(user_id(world, user)),
        group_name: Some("Support".into()),
        group: Some(GroupId::Rest("5".into())),
        group_admin: None,
        changes: match kind {
            StepKind::EnableUser => change("disabled", "false"),
            StepKind::UpdateUser => change("first-name", "Joanna"),
            StepKind::DisableUser => change("disabled", "true"),
            _ => Vec::new(),
        },
        precondition: match kind {
            StepKind::AddMember => membership(world.dialect(), user, false),
            StepKind::RemoveMember => membership(world.dialect(), user, true),
            _ => String::new(),
        },
    }
}

/// Returns the precondition of a step that changes a membership of Support.
fn membership(dialect: Dialect, user: &str, is_in: bool) -> String {
    let group = domain::GroupId { kind: domain::GroupIdKind::Rest, value: "5".into() };
    let dialect = if dialect == Dialect::V1 { domain::Dialect::V1 } else { domain::Dialect::V2 };
    let user = domain::UserId { dialect, value: user.into() };
    digest::membership(Some(&group), Some(&user), is_in)
}

const KINDS: [StepKind; 6] = [
    StepKind::EnableUser,
    StepKind::UpdateUser,
    StepKind::DisableUser,
    StepKind::DeleteUser,
    StepKind::AddMember,
    StepKind::RemoveMember,
];

async fn the_id_of_a_step_stays_one_segment(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let query = if dialect == Dialect::V1 { "" } else { "includeGroups=true" };
    let before = world.mock.state();
    for (id, segment) in ODD {
        for kind in KINDS {
            // Whatever the result is, no other user is changed.
            world.tenant.apply_step(&step(&world, kind, id)).await.expect("an answer").ok();
            let requests = world.mock.requests();
            let read = requests.first().expect("a request");
            assert_eq!(read.path, format!("{}/{segment}", world.users_path()), "{id:?} {kind:?}");
            assert_eq!((read.method.as_str(), read.query.as_str()), ("GET", query), "{id:?}");
            assert_eq!(world.writes(), [], "{id:?} {kind:?}");
            world.mock.clear_requests();
        }
    }
    assert_eq!(world.mock.state(), before);
}

async fn an_id_that_is_no_segment_is_refused_before_anything_is_sent(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for id in REFUSED {
        for kind in KINDS {
            let (case, detail) = failed(world.tenant.apply_step(&step(&world, kind, id)).await);
            assert_eq!(case, "permanent invalid-input", "{id:?} {kind:?}");
            assert_eq!(detail.field.as_deref(), Some("step.user"), "{id:?} {kind:?}");
        }
    }
    assert_eq!(world.requests(), [""; 0]);
}

async fn an_expected_id_of_another_user_leads_nowhere_else(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let expecting = |id| {
        let mut gone = departure(JOAN, DeprovisionMode::Delete);
        gone.expected_id = Some(user_id(&world, id));
        gone
    };
    let breaks_lines = |id: &&str| id.contains('\n');
    for id in REFUSED.into_iter().chain(ODD.map(|(id, _)| id).into_iter().filter(breaks_lines)) {
        let (case, detail) = failed(world.tenant.deprovision(&expecting(id)).await);
        assert_eq!(case, "permanent invalid-input", "{id:?}: {detail:?}");
        assert_eq!(detail.field.as_deref(), Some("request.expected-id"), "{id:?}");
        assert_eq!(world.requests(), [""; 0], "{id:?}");
    }
    for (id, _) in ODD.into_iter().filter(|(id, _)| !breaks_lines(id)) {
        let (case, detail) = failed(world.tenant.deprovision(&expecting(id)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"), "{id:?}");
        // The account with that id is read, to say whose it is. The id stays one segment.
        let read = format!("GET {}/", world.users_path());
        let requests = world.requests();
        assert_eq!(requests[0], format!("GET {}", world.users_path()), "{id:?}");
        let segment = requests[1..].iter().map(|request| request.strip_prefix(&read));
        assert!(segment.flatten().all(|segment| !segment.contains('/')), "{id:?}: {requests:?}");
        assert!(requests.len() <= 2 && world.writes().is_empty(), "{id:?}: {requests:?}");
    }
    assert!(!world.person(JOAN).is_disabled);
}

/// An id belongs to the API that issued it. The same text as an id of another API matches no one.
async fn an_id_of_another_api_matches_no_user(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let (UserId::V1(id) | UserId::V2(id) | UserId::Scim(id)) = world.user_id(JOAN);
    let other = match dialect {
        Dialect::V1 => UserId::V2(id.clone()),
        _ => UserId::V1(id.clone()),
    };
    for id in [other, UserId::Scim(id)] {
        let mut gone = departure(JOAN, DeprovisionMode::Delete);
        gone.expected_id = Some(id.clone());
        let (_, detail) = failed(world.tenant.deprovision(&gone).await);
        assert_eq!(detail.code, "wrong-person");
        world.mock.clear_requests();
        for kind in KINDS {
            let mut step = step(&world, kind, "");
            step.user = Some(id.clone());
            let (case, detail) = failed(world.tenant.apply_step(&step).await);
            assert_eq!(case, "permanent invalid-input", "{kind:?}");
            assert_eq!(detail.field.as_deref(), Some("step.user"), "{kind:?}");
        }
        assert_eq!(world.requests(), [""; 0]);
    }
    assert_eq!(world.mock.state(), before);
}

/// A server may have such ids. People who have them are treated like any others.
async fn people_with_odd_ids_are_changed_and_no_other_user(dialect: Dialect) {
    for (id, segment) in ODD {
        // The mock's HTTP library accepts no line breaks in a path.
        if id.contains('\n') {
            continue;
        }
        let segment = match dialect {
            Dialect::V1 => segment.to_owned(),
            _ => format!("user_{segment}"),
        };
        let world = World::acme_over(dialect).await;
        world.shape(JOAN, |joan| joan.id = id.into());
        let before = world.mock.state();
        let mut change = arrival(JOAN);
        change.first_name = Some("Joanna".into());
        change.groups = memberships([named("Finance")]);
        done(world.tenant.provision(&change).await);
        let joan = world.person(JOAN);
        assert_eq!(joan.first_name.as_deref(), Some("Joanna"), "{id}");
        assert_eq!(world.members_of("Finance"), [JOAN], "{id}");
        let writes = world.writes().into_iter();
        let writes: Vec<_> =
            writes.map(|write| format!("{} {}", write.method, write.path)).collect();
        let user_path = format!("{}/{segment}", world.users_path());
        assert_eq!(
            writes,
            [
                format!("{} {user_path}", change_method(dialect)),
                format!("POST {}/members", world.group_path("Finance")),
            ],
            "{id}"
        );

        let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        done(world.tenant.deprovision(&strip).await);
        let writes = world.writes();
        let removals: Vec<_> = writes
            .iter()
            .filter(|write| write.method == "DELETE")
            .map(|write| write.path.as_str())
            .collect();
        assert!(!removals.is_empty(), "{id}");
        let is_whole = |path: &&str| path.ends_with(&format!("/members/{segment}"));
        assert!(removals.iter().all(is_whole), "{id}: {removals:?}");
        // A deletion over `/api/v2` only disables.
        world.shape(JOAN, |joan| joan.is_disabled = false);
        done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
        let is_deletion = |write: &mock_retool::LoggedRequest| {
            write.method == "DELETE" && write.path == user_path
        };
        assert!(world.writes().iter().any(is_deletion), "{id}");
        match dialect {
            Dialect::V1 => assert!(!world.has(JOAN), "{id}"),
            _ => assert!(world.person(JOAN).is_disabled, "{id}"),
        }
        for other in [ADA, GRACE, KEN] {
            let before = before.user_by_email(other).expect("a user");
            assert_eq!(world.person(other), *before, "{id}: {other}");
        }
    }
}

/// Makes the server return this id for Joan, also in the next list of users.
fn give_joan_the_id(world: &World, id: &str) {
    if world.dialect() == Dialect::V1 {
        world.shape(JOAN, |joan| joan.id = id.into());
        return;
    }
    // The mock's ids of `/api/v2` begin with `user_`, so a fault returns the list.
    let state = world.mock.state();
    let record = |user: &User| -> Value {
        let id = if user.email == JOAN { id.to_owned() } else { user.sid() };
        json!({
            "id": id, "email": user.email, "first_name": user.first_name,
            "last_name": user.last_name, "active": !user.is_disabled, "is_admin": user.is_admin,
            "user_type": "default", "metadata": {},
        })
    };
    let users: Vec<_> = state.users.iter().map(record).collect();
    let list = json!({"success": true, "data": users, "total_count": users.len()});
    world.mock.inject(once("GET", world.users_path(), answer(&list.to_string())));
}

/// If a server returns an id that is no segment, the component must not write to another path.
async fn people_whose_id_is_no_segment_are_not_changed(dialect: Dialect) {
    for id in REFUSED {
        let world = World::acme_over(dialect).await;
        let mut request = current_roster(&world);
        give_joan_the_id(&world, id);
        let before = world.mock.state();
        for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
            world.mock.clear_faults();
            give_joan_the_id(&world, id);
            // The list contains other users too, so it is requested again without the filter.
            give_joan_the_id(&world, id);
            failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        }
        assert_eq!(world.writes(), [], "{id:?}");
        assert_eq!(world.mock.state(), before, "{id:?}");

        // One such record does not affect the other people.
        world.mock.clear_faults();
        give_joan_the_id(&world, id);
        request.roster.push(new_entry("new@acme.example"));
        for person in &mut request.roster {
            person.first_name = Some("Renamed".into());
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(!report.complete, "{id:?}");
        assert_eq!(world.person(ADA).first_name.as_deref(), Some("Renamed"));
        assert_eq!(world.person(JOAN).first_name.as_deref(), Some("joan"));
        assert!(!written(&report.writes).iter().any(|write| write.contains(JOAN)), "{id:?}");
    }
}

/// Makes every call that leads to a group's path.
async fn change_support(world: &World) {
    let tenant = &world.tenant;
    let mut joining = arrival(GRACE);
    joining.groups = memberships([named("Support")]);
    let change = ChangeGroupRequest {
        new_name: Some("Helpdesk".into()),
        add_members: vec![new_member(GRACE)],
        remove_members: vec![by_email(JOAN)],
        ..changing(named("Support"))
    };
    let removal = removing(named("Support"), true);
    let mut grace = entry(GRACE);
    grace.groups = memberships([named("Support")]);
    // Each call must return, whatever the result is.
    tenant.provision(&joining).await.expect("an answer").ok();
    tenant.change_group(&change).await.expect("an answer").ok();
    tenant.remove_group(&removal).await.expect("an answer").ok();
    tenant.sync(&roster(vec![grace])).await.expect("an answer").ok();
}

/// Makes the server return only Support, with this id. The fault also affects the paths below the
/// list's path, so that reads of the group fail.
fn give_support_the_id(world: &World, id: &str) {
    let groups = match world.dialect() {
        Dialect::V1 => json!({"groups": [{"id": id, "name": "Support"}]}),
        _ => json!({
            "success": true,
            "data": [{"id": id, "name": "Support", "members": []}],
            "total_count": 1,
        }),
    };
    world.mock.inject(always("GET", world.groups_path(), answer(&groups.to_string())));
}

async fn the_id_of_a_group_stays_one_segment(dialect: Dialect) {
    for (id, segment) in ODD {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        give_support_the_id(&world, id);
        change_support(&world).await;
        let base = format!("{}/", world.groups_path());
        let paths: Vec<_> = world.mock.requests().into_iter().map(|request| request.path).collect();
        let below: Vec<_> = paths.iter().filter_map(|path| path.strip_prefix(&base)).collect();
        assert!(!below.is_empty(), "{id}: no request for the group");
        for rest in below {
            let first = rest.split('/').next();
            assert_eq!(first, Some(segment), "{id:?}: {rest}");
        }
        let others = paths.iter().filter(|path| !path.starts_with(world.groups_path()));
        for path in others {
            // `users` and `user_invites`
            assert!(path.starts_with(&format!("{}user", api(dialect))), "{id:?}: {path}");
        }
        assert_eq!(world.mock.state(), before, "{id:?}");
    }
}

async fn a_group_whose_id_is_no_segment_is_not_changed(dialect: Dialect) {
    for id in REFUSED {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        give_support_the_id(&world, id);
        change_support(&world).await;
        assert_eq!(world.writes(), [], "{id:?}");
        assert_eq!(world.mock.state(), before, "{id:?}");
    }
}

/// Addresses are sent in the query, where `+` and `&` have a special meaning.
async fn an_address_stays_one_value_of_the_query(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    for email in
        ["a+b&c=d@acme.example", "o'brien@acme.example", "100%25@acme.example", "ü@x.example"]
    {
        world.mock.edit(|acme| {
            acme.create_user(User::new(email)).expect("a new address");
        });
        let found = done(world.tenant.find_user(&by_email(email)).await).expect("a user");
        assert_eq!(found.email.as_deref(), Some(email));
        let find = format!("GET {}", world.users_path());
        let finds = world.requests().into_iter().filter(|request| *request == find);
        assert_eq!(finds.count(), 1, "{email}: more than one lookup");
    }
}

/// A step with the id from the plan is applied.
async fn the_ids_of_a_plan_are_accepted(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = current_roster(&world);
    let joan = request.roster.iter_mut().find(|person| email_of(person) == JOAN);
    joan.expect("on the roster").first_name = Some("Joanna".into());
    let plan = done(world.tenant.plan_sync(&request).await);
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(done(world.tenant.apply_step(step).await).outcome, StepOutcome::Applied);
}
