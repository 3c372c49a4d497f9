//! Ids that look like paths: each stays one segment of the path, or is refused.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::synchronization::{Step, StepKind, StepOutcome};
use host_test::retool::types::{Dialect, FieldChange, GroupId, UserId};
use mock_retool::User;
use retool_lifecycle::domain;
use retool_lifecycle::sync::digest;
use serde_json::json;

use super::fault::{always, answer};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, written};
use crate::support::{
    World, arrival, by_email, changing, departure, done, email_of, entry, failed, memberships,
    named, new_member, removing, roster, roster_of,
};

/// Ids, and the segment that each must be on the wire.
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

/// Ids that would be swallowed as a segment.
const REFUSED: [&str; 3] = ["", ".", ".."];

fn step(world: &World, kind: StepKind, user: &str) -> Step {
    let change = |field: &str, after: &str| {
        vec![FieldChange { field: field.into(), before: None, after: Some(after.into()) }]
    };
    Step {
        kind,
        organisation: world.mock.base_url(),
        dialect: Dialect::V1,
        minimum_admins: 2,
        required_admins: Vec::new(),
        email: Some(JOAN.into()),
        user: Some(UserId::V1(user.into())),
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
            StepKind::AddMember => membership(user, false),
            StepKind::RemoveMember => membership(user, true),
            _ => String::new(),
        },
    }
}

/// What a step that changes a membership of Support is planned on.
fn membership(user: &str, is_in: bool) -> String {
    let group = domain::GroupId { kind: domain::GroupIdKind::Rest, value: "5".into() };
    let user = domain::UserId { dialect: domain::Dialect::V1, value: user.into() };
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

#[tokio::test]
async fn the_id_of_a_step_stays_one_segment() {
    let world = World::acme().await;
    let before = world.mock.state();
    for (id, segment) in ODD {
        for kind in KINDS {
            // Whatever comes of it, nobody else is touched.
            world.tenant.apply_step(&step(&world, kind, id)).await.expect("an answer").ok();
            let requests = world.mock.requests();
            let read = requests.first().expect("a request");
            assert_eq!(read.path, format!("/api/v1/users/{segment}"), "{id:?} {kind:?}");
            assert_eq!((read.method.as_str(), read.query.as_str()), ("GET", ""), "{id:?}");
            assert_eq!(world.writes(), [], "{id:?} {kind:?}");
            world.mock.clear_requests();
        }
    }
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn an_id_that_is_no_segment_is_refused_before_anything_is_sent() {
    let world = World::acme().await;
    for id in REFUSED {
        for kind in KINDS {
            let (case, detail) = failed(world.tenant.apply_step(&step(&world, kind, id)).await);
            assert_eq!(case, "permanent invalid-input", "{id:?} {kind:?}");
            assert_eq!(detail.field.as_deref(), Some("step.user"), "{id:?} {kind:?}");
        }
    }
    assert_eq!(world.requests(), [""; 0]);
}

#[tokio::test]
async fn an_expected_id_is_compared_and_never_followed() {
    let world = World::acme().await;
    for id in ODD.map(|(id, _)| id).into_iter().chain(REFUSED) {
        let mut gone = departure(JOAN, DeprovisionMode::Delete);
        gone.expected_id = Some(UserId::V1(id.into()));
        let (case, detail) = failed(world.tenant.deprovision(&gone).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"), "{id:?}");
        assert_eq!(world.requests(), ["GET /api/v1/users"], "{id:?}");
    }
    assert!(world.has(JOAN));
}

/// An id is of the API that issued it: no other stands in for it, even where the text is the
/// same.
#[tokio::test]
async fn an_id_of_another_api_is_nobodys() {
    let world = World::acme().await;
    let before = world.mock.state();
    let id = world.id_of(JOAN);
    for id in [UserId::V2(id.clone()), UserId::Scim(id)] {
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

/// A server may have such ids; people who have them are treated like any others.
#[tokio::test]
async fn people_with_odd_ids_are_reached_and_nobody_else() {
    for (id, segment) in ODD {
        // axum, which the mock is built on, takes no line breaks in a path.
        if id.contains('\n') {
            continue;
        }
        let world = World::acme().await;
        world.shape(JOAN, |joan| joan.id = id.into());
        let mut change = arrival(JOAN);
        change.first_name = Some("Joanna".into());
        change.groups = memberships([named("Finance")]);
        done(world.tenant.provision(&change).await);
        let joan = world.person(JOAN);
        assert_eq!(joan.first_name.as_deref(), Some("Joanna"), "{id}");
        assert_eq!(world.members_of("Finance"), [JOAN], "{id}");
        let paths: Vec<_> = world.writes().into_iter().map(|write| write.path).collect();
        assert_eq!(
            paths,
            [format!("/api/v1/users/{segment}"), "/api/v1/groups/6/members".to_owned()],
            "{id}"
        );

        let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        done(world.tenant.deprovision(&strip).await);
        let last = world.writes().pop().expect("a write");
        assert!(last.path.ends_with(&format!("/members/{segment}")), "{id}: {}", last.path);
        done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
        assert!(!world.has(JOAN), "{id}");
        for other in [ADA, GRACE, KEN] {
            assert!(world.has(other), "{id}: {other}");
        }
    }
}

/// A server that gives out an id that is no segment can't make the component write elsewhere.
#[tokio::test]
async fn people_whose_id_is_no_segment_are_left_alone() {
    for id in REFUSED {
        let world = World::acme().await;
        world.shape(JOAN, |joan| joan.id = id.into());
        let before = world.mock.state();
        for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
            failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        }
        assert_eq!(world.writes(), [], "{id:?}");
        assert_eq!(world.mock.state(), before, "{id:?}");

        // Nor does one such record cost the others anything.
        let mut request = roster_of(&world.mock);
        request.roster.push(entry("new@acme.example"));
        for person in &mut request.roster {
            person.first_name = Some("Renamed".into());
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(!report.complete, "{id:?}");
        assert_eq!(world.person(ADA).first_name.as_deref(), Some("Renamed"));
        assert!(!written(&report.writes).iter().any(|write| write.contains(JOAN)), "{id:?}");
    }
}

/// Asks for everything that leads to a group's path.
async fn ask_for_support(world: &World) {
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
    // Whatever comes of it, it is an answer.
    tenant.provision(&joining).await.expect("an answer").ok();
    tenant.change_group(&change).await.expect("an answer").ok();
    tenant.remove_group(&removal).await.expect("an answer").ok();
    tenant.sync(&roster(vec![grace])).await.expect("an answer").ok();
}

#[tokio::test]
async fn the_id_of_a_group_stays_one_segment() {
    for (id, segment) in ODD {
        let world = World::acme().await;
        let before = world.mock.state();
        let groups = json!({"groups": [{"id": id, "name": "Support"}]}).to_string();
        // Also in place of what is below the list's path, so that no more than that is asked.
        world.mock.inject(always("GET", "/api/v1/groups", answer(&groups)));
        ask_for_support(&world).await;
        let base = "/api/v1/groups/";
        let paths: Vec<_> = world.mock.requests().into_iter().map(|request| request.path).collect();
        let below: Vec<_> = paths.iter().filter_map(|path| path.strip_prefix(base)).collect();
        assert!(!below.is_empty(), "{id}: nothing was asked of the group");
        for rest in below {
            let first = rest.split('/').next();
            assert_eq!(first, Some(segment), "{id:?}: {rest}");
        }
        let others = paths.iter().filter(|path| !path.starts_with("/api/v1/groups"));
        for path in others {
            assert!(path.starts_with("/api/v1/users"), "{id:?}: {path}");
        }
        assert_eq!(world.mock.state(), before, "{id:?}");
    }
}

#[tokio::test]
async fn a_group_whose_id_is_no_segment_is_left_alone() {
    for id in REFUSED {
        let world = World::acme().await;
        let before = world.mock.state();
        let groups = json!({"groups": [{"id": id, "name": "Support"}]}).to_string();
        world.mock.inject(always("GET", "/api/v1/groups", answer(&groups)));
        ask_for_support(&world).await;
        assert_eq!(world.writes(), [], "{id:?}");
        assert_eq!(world.mock.state(), before, "{id:?}");
    }
}

/// Addresses go into the query, where `+` and `&` have a meaning of their own.
#[tokio::test]
async fn an_address_stays_one_value_of_the_query() {
    let world = World::acme().await;
    for email in
        ["a+b&c=d@acme.example", "o'brien@acme.example", "100%25@acme.example", "ü@x.example"]
    {
        world.mock.edit(|acme| {
            acme.create_user(User::new(email)).expect("a new address");
        });
        let found = done(world.tenant.find_user(&by_email(email)).await).expect("somebody");
        assert_eq!(found.email.as_deref(), Some(email));
        assert_eq!(world.requests(), ["GET /api/v1/users"], "{email}: more than one look");
    }
}

/// The same step, with the id that the plan gave, does its work.
#[tokio::test]
async fn the_ids_of_a_plan_are_taken() {
    let world = World::acme().await;
    let mut request = roster_of(&world.mock);
    let joan = request.roster.iter_mut().find(|person| email_of(person) == JOAN);
    joan.expect("on the roster").first_name = Some("Joanna".into());
    let plan = done(world.tenant.plan_sync(&request).await);
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(done(world.tenant.apply_step(step).await).outcome, StepOutcome::Applied);
}
