//! Memberships of groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, SyncRequest,
};
use host_test::retool::types::{Dialect, UserId};
use mock_retool::{Fault, FaultKind, Group, Hook, Organisation};

use super::{in_groups, newcomer, of, outcomes};
use crate::support::acme::{ADA, FINANCE, GRACE, JOAN, KEN, NEW, SUPPORT, link, written};
use crate::support::{
    World, allow_growth, by_email, done, entry, failed, membership, named, numbered, roster,
};

/// Joan should be in Finance only, and Grace in none of the named groups.
fn request(memberships: MembershipPolicy) -> SyncRequest {
    let mut request =
        roster(vec![in_groups(JOAN, &["Finance"]), in_groups(ADA, &["Support"]), entry(GRACE)]);
    request.policy.memberships = memberships;
    request
}

#[tokio::test]
async fn leave_does_not_read_groups() {
    let world = World::acme().await;
    let mut request = request(MembershipPolicy::Leave);
    request.roster[0].groups.push(membership(named("Legal")));
    request.policy.create_missing_groups = false;
    let before = world.mock.state();
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(world.mock.state(), before);
    assert_eq!(world.requests(), ["GET /api/v2/user_invites", "GET /api/v2/users"]);
}

#[tokio::test]
async fn add_adds_members_and_removes_none() {
    let world = World::acme().await;
    let mut request = request(MembershipPolicy::Add);
    request.policy.managed_groups = vec![named("Engineering")];
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(written(&report.writes), ["member-added joan@acme.example [Finance]"]);
    assert_eq!(of(&report, JOAN).groups_added, [link(FINANCE, "Finance")]);
    assert_eq!(world.groups_of(JOAN), ["Finance", "Support", "viewer"]);
    assert_eq!(world.members_of("Engineering"), [ADA, GRACE]);
}

#[tokio::test]
async fn exact_removes_users_on_the_roster_from_other_named_groups() {
    let world = World::acme().await;
    let report = done(world.tenant.sync(&request(MembershipPolicy::Exact)).await);
    // Support is named for Ada. No entry names Engineering or viewer.
    assert_eq!(
        written(&report.writes),
        ["member-added joan@acme.example [Finance]", "member-removed joan@acme.example [Support]",]
    );
    let joan = of(&report, JOAN);
    assert_eq!(joan.groups_added, [link(FINANCE, "Finance")]);
    assert_eq!(joan.groups_removed, [link(SUPPORT, "Support")]);
    assert_eq!(world.groups_of(JOAN), ["Finance", "viewer"]);
    assert_eq!(world.members_of("Support"), [ADA, KEN], "Ken is not on the roster");
    assert_eq!(world.members_of("Engineering"), [ADA, GRACE]);
}

#[tokio::test]
async fn managed_groups_count_as_named() {
    let world = World::acme().await;
    let mut request = request(MembershipPolicy::Exact);
    request.policy.managed_groups = vec![numbered(4), numbered(3)];
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert!(world.members_of("Engineering").is_empty());
    assert_eq!(world.groups_of(JOAN), ["Finance"]);
    assert_eq!(world.groups_of(ADA), ["Support", "admin"]);
}

#[tokio::test]
async fn protected_people_keep_their_memberships() {
    let world = World::acme().await;
    let mut request = request(MembershipPolicy::Exact);
    request.policy.guards.protected_people = vec![by_email(JOAN)];
    let report = done(world.tenant.sync(&request).await);
    assert!(outcomes(&report).contains(&"joan@acme.example: refused".to_owned()));
    assert_eq!(world.groups_of(JOAN), ["Finance", "Support", "viewer"]);
}

#[tokio::test]
async fn disabled_absent_people_keep_their_memberships() {
    let world = World::acme().await;
    let mut request =
        roster(vec![in_groups(ADA, &["Engineering"]), in_groups(GRACE, &["Support"])]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Disable;
    done(world.tenant.sync(&request).await);
    assert!(world.person(JOAN).is_disabled);
    assert_eq!(world.members_of("Support"), [GRACE, JOAN, KEN]);
    assert_eq!(world.members_of("Engineering"), [ADA]);
}

#[tokio::test]
async fn missing_groups_are_created_once_and_filled() {
    let world = World::acme().await;
    let request = roster(vec![
        in_groups(JOAN, &["Legal", "Support"]),
        newcomer(NEW, &["Legal", "Tax"]),
        in_groups(ADA, &["Legal"]),
    ]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(report.groups_created, [link(7, "Legal"), link(8, "Tax")]);
    assert_eq!(world.members_of("Legal"), [ADA, JOAN, NEW]);
    assert_eq!(world.members_of("Tax"), [NEW]);
    assert_eq!(
        written(&report.writes)[..3],
        ["group-created Legal [Legal]", "group-created Tax [Tax]", "user-created new@acme.example"]
    );

    world.mock.clear_requests();
    let again = done(world.tenant.sync(&request).await);
    assert!(again.groups_created.is_empty() && again.writes.is_empty());
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state().groups.len(), 8);
}

#[tokio::test]
async fn no_plan_is_made_with_a_missing_group_that_may_not_be_created() {
    let world = World::acme().await;
    let mut request = roster(vec![newcomer(NEW, &[]), in_groups(JOAN, &["Legal"])]);
    request.policy.create_missing_groups = false;
    for (case, detail) in
        [failed(world.tenant.plan_sync(&request).await), failed(world.tenant.sync(&request).await)]
    {
        assert_eq!((case, detail.code.as_str()), ("permanent not-found", "group-not-found"));
        assert_eq!(detail.subject.as_deref(), Some("Legal"));
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn no_plan_is_made_if_two_groups_have_the_same_name() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        acme.create_group(Group::new(" Support"));
    });
    let request = roster(vec![newcomer(NEW, &[]), in_groups(GRACE, &["Support"])]);
    let (case, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-group"));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_group_that_can_not_be_created_fails_only_its_members() {
    let world = World::acme().await;
    world.mock.inject(Fault {
        method: Some("POST".into()),
        path: Some("/api/v2/groups".into()),
        times: Some(1),
        ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
    });
    let request = roster(vec![in_groups(JOAN, &["Legal"]), in_groups(GRACE, &["Finance"])]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["grace@acme.example: updated", "joan@acme.example: failed"]);
    assert!(!report.complete && report.groups_created.is_empty());
    assert_eq!(world.members_of("Finance"), [GRACE]);
}

/// Changes the organisation before the request number `number`, from 0, that is exactly this.
fn before_request(
    world: &World,
    request: &'static str,
    number: u32,
    change: impl Fn(&mut Organisation) + Send + Sync + 'static,
) {
    let (mock, seen) = (Arc::downgrade(&world.mock), AtomicU32::new(0));
    world.mock.on_request(move |_, logged| {
        if format!("{} {}", logged.method, logged.path) == request
            && seen.fetch_add(1, Ordering::Relaxed) == number
        {
            mock.upgrade().expect("the mock").edit(&change);
        }
        Hook::Serve
    });
}

/// An addition that the server loses afterwards is not reported as done.
#[tokio::test]
async fn memberships_are_read_back() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let id = world.id_of(JOAN);
        // Over `/api/v2` the group is also read before the addition.
        let (read_back, number) = match dialect {
            Dialect::V2 => ("GET /api/v2/groups/6", 1),
            _ => ("GET /api/v1/groups/6/members", 0),
        };
        before_request(&world, read_back, number, move |acme| {
            acme.leave(FINANCE, &id).expect("Joan joined");
        });
        let request = roster(vec![in_groups(JOAN, &["Finance"]), in_groups(GRACE, &["Finance"])]);
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(outcomes(&report), ["grace@acme.example: updated", "joan@acme.example: failed"]);
        let failure = of(&report, JOAN).failure.as_ref().expect("a failure");
        assert_eq!(failure.code, "not-verified");
        assert!(!report.complete);
    }
}

/// The members of the built-in group `admin` follow from the field `admin`, and can't be written.
/// Only `/api/v1` can set the field.
#[tokio::test]
async fn v1_the_admin_group_is_as_planned_once_the_field_is_set() {
    let world = World::acme_over(Dialect::V1).await;
    let mut request = roster(vec![
        RosterEntry { admin: Some(true), ..in_groups(NEW, &["admin"]) },
        RosterEntry { admin: Some(true), ..in_groups(JOAN, &["admin"]) },
        RosterEntry { admin: Some(false), ..entry(GRACE) },
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    allow_growth(&mut request);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(
        outcomes(&report),
        ["grace@acme.example: updated", "joan@acme.example: updated", "new@acme.example: created"]
    );
    assert!(report.complete);
    assert_eq!(world.members_of("admin"), [ADA, JOAN, NEW]);
    assert_eq!(report.writes.len(), 3, "{:?}", written(&report.writes));
    assert!(done(world.tenant.plan_sync(&request).await).steps.is_empty());
}

#[tokio::test]
async fn a_membership_that_another_ended_meanwhile_is_not_counted() {
    let world = World::acme().await;
    let id = world.id_of(JOAN);
    let UserId::V2(sid) = world.user_id(JOAN) else { panic!("an id of another API") };
    let member = format!("{}/members/{sid}", world.group_path("Support"));
    world.before(&format!("DELETE {member}"), move |acme| {
        acme.leave(SUPPORT, &id).expect("Joan is in Support");
    });
    let report = done(world.tenant.sync(&request(MembershipPolicy::Exact)).await);
    assert!(report.complete);
    assert!(of(&report, JOAN).groups_removed.is_empty());
    assert_eq!(written(&report.writes), ["member-added joan@acme.example [Finance]"]);
}

#[tokio::test]
async fn a_group_that_another_created_meanwhile_is_used_and_not_counted() {
    let world = World::acme().await;
    // The plan reads the groups first.
    before_request(&world, "GET /api/v2/groups", 1, |acme| {
        acme.create_group(Group::new("Legal"));
    });
    let request = roster(vec![in_groups(JOAN, &["Legal", "Tax"])]);
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(report.groups_created, [link(8, "Tax")]);
    assert_eq!(of(&report, JOAN).groups_added, [link(7, "Legal"), link(8, "Tax")]);
    assert_eq!(world.mock.state().groups.len(), 8);
}

#[tokio::test]
async fn a_managed_group_that_can_not_be_created_is_reported() {
    let world = World::acme().await;
    world.mock.inject(Fault {
        method: Some("POST".into()),
        path: Some("/api/v2/groups".into()),
        ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
    });
    let mut request = roster(vec![entry(ADA)]);
    request.policy.managed_groups = vec![named("Legal")];
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    assert_eq!(outcomes(&report), ["ada@acme.example: unchanged"]);
    let [failure] = &report.groups_failed[..] else { panic!("{:?}", report.groups_failed) };
    assert_eq!(failure.subject.as_deref(), Some("Legal"));
    assert_eq!((failure.code.as_str(), failure.http_status), ("server-refused", Some(422)));
}
