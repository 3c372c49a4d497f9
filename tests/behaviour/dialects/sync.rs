//! `sync`: creates, changes and removes many users.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, PersonReport, RosterEntry, SyncReport, SyncRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, User};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, timeless, wit_name, written};
use crate::support::{World, address, done, entry, memberships, named, roster};

over_every_dialect!(
    users_are_created_changed_and_disabled_in_one_sync,
    a_repeated_sync_writes_nothing,
    exact_memberships_are_set_in_managed_groups_only,
    missing_groups_are_created_once_with_their_members,
    absent_users_are_kept_disabled_or_deleted,
    users_are_refused_individually_with_a_reason,
    the_failure_of_one_user_does_not_stop_the_others,
    a_user_who_changed_after_the_plan_is_stale_and_not_written,
);

const LIN: &str = "lin@acme.example";

fn in_groups(email: &str, groups: &[&str]) -> RosterEntry {
    RosterEntry { groups: memberships(groups.iter().map(|name| named(name))), ..entry(email) }
}

/// Returns the outcomes as `address: outcome`.
fn outcomes(report: &SyncReport) -> Vec<String> {
    let line = |person: &PersonReport| {
        format!("{}: {}", address(&person.email), wit_name(&person.outcome))
    };
    report.people.iter().map(line).collect()
}

fn of<'a>(report: &'a SyncReport, email: &str) -> &'a PersonReport {
    report.people.iter().find(|person| person.email.as_deref() == Some(email)).expect("a report")
}

/// Returns the writes without ended sessions, which only `/api/v2` has.
fn common(report: &SyncReport) -> Vec<String> {
    let lines = written(&report.writes);
    lines.into_iter().filter(|line| !line.starts_with("sessions-ended")).collect()
}

/// Returns a new user with the fields that every dialect requires.
fn newcomer(groups: &[&str]) -> RosterEntry {
    RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        ..in_groups(NEW, groups)
    }
}

/// Returns a request that creates Nina, changes Grace, enables Ken, and disables Joan and Lin.
fn everything() -> SyncRequest {
    let mut request = roster(vec![
        entry(ADA),
        RosterEntry { last_name: Some("Hopper".into()), ..in_groups(GRACE, &["Support"]) },
        in_groups(KEN, &["Support"]),
        newcomer(&["Support", "Engineering"]),
    ]);
    request.policy.absent = AbsentPolicy::Disable;
    request
}

async fn users_are_created_changed_and_disabled_in_one_sync(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.add(LIN, &["Support"]);
    let before = world.mock.state();
    let report = done(world.tenant.sync(&everything()).await);
    assert_eq!(
        outcomes(&report),
        [
            "ada@acme.example: unchanged",
            "grace@acme.example: updated",
            "joan@acme.example: disabled",
            "ken@acme.example: re-enabled",
            "lin@acme.example: disabled",
            "new@acme.example: created",
        ]
    );
    assert!(report.complete && report.groups_failed.is_empty());
    assert_eq!(report.dialect, dialect);
    let mut writes = common(&report);
    assert_eq!(
        writes[6..],
        ["user-disabled joan@acme.example", "user-disabled lin@acme.example"],
        "additions before removals"
    );
    writes.sort();
    assert_eq!(
        writes,
        [
            "member-added grace@acme.example [Support]",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Support]",
            "user-created new@acme.example",
            "user-disabled joan@acme.example",
            "user-disabled lin@acme.example",
            "user-enabled ken@acme.example",
            "user-updated grace@acme.example",
        ]
    );
    assert_eq!(of(&report, NEW).user, Some(world.user_id(NEW)));
    assert_eq!(of(&report, NEW).groups_added, world.links(&["Engineering", "Support"]));
    assert_eq!(of(&report, GRACE).user, Some(world.user_id(GRACE)));
    assert_eq!(changed(&of(&report, GRACE).changes), ["last-name: Doe -> Hopper"]);
    assert_eq!(changed(&of(&report, KEN).changes), ["disabled: true -> false"]);

    let mut expected = before.users;
    expected[1].last_name = Some("Hopper".into());
    expected[2].is_disabled = true;
    expected[3].is_disabled = false;
    expected[4].is_disabled = true;
    let after = world.mock.state();
    for (after, mut expected) in after.users.iter().zip(expected) {
        expected.memberships.clone_from(&after.memberships);
        assert_eq!(timeless(after.clone()), timeless(expected));
    }
    assert_eq!(after.users.len(), 6);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    assert_eq!(world.groups_of(GRACE), ["Engineering", "Support", "admin"]);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"], "memberships stay");
    let mut ended: Vec<_> = after.ended_sessions;
    ended.sort();
    let mut left = match dialect {
        Dialect::V2 => vec![world.id_of(JOAN), world.id_of(LIN)],
        _ => vec![],
    };
    left.sort();
    assert_eq!(ended, left, "disabled users are logged out if the dialect can");
}

async fn a_repeated_sync_writes_nothing(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = everything();
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Finance"), named("Legal")];
    let first = done(world.tenant.sync(&request).await);
    assert!(first.complete && !first.writes.is_empty());

    world.mock.clear_requests();
    let before = world.mock.state();
    let plan = done(world.tenant.plan_sync(&request).await);
    assert!(plan.steps.is_empty() && plan.withheld.is_empty(), "{:?}", plan.steps);
    let second = done(world.tenant.sync(&request).await);
    assert!(second.complete && second.writes.is_empty());
    assert!(outcomes(&second).iter().all(|line| line.ends_with(": unchanged")), "{second:?}");
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn exact_memberships_are_set_in_managed_groups_only(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request =
        roster(vec![in_groups(ADA, &["Engineering"]), in_groups(JOAN, &["Finance"]), entry(GRACE)]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Support")];
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(
        written(&report.writes),
        [
            "member-added joan@acme.example [Finance]",
            "member-removed ada@acme.example [Support]",
            "member-removed grace@acme.example [Engineering]",
            "member-removed joan@acme.example [Support]",
        ]
    );
    assert_eq!(world.groups_of(ADA), ["Engineering", "admin"]);
    assert_eq!(world.groups_of(GRACE), ["admin"]);
    assert_eq!(world.groups_of(JOAN), ["Finance", "viewer"], "`viewer` is not managed");
    assert_eq!(world.groups_of(KEN), ["Support"], "he is not on the roster");
    assert_eq!(of(&report, JOAN).groups_removed, world.links(&["Support"]));
}

async fn missing_groups_are_created_once_with_their_members(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request =
        roster(vec![in_groups(ADA, &["Legal"]), in_groups(JOAN, &["Legal"]), newcomer(&["Legal"])]);
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(report.groups_created, world.links(&["Legal"]));
    assert_eq!(world.members_of("Legal"), [ADA, JOAN, NEW]);
    assert_eq!(world.mock.state().groups.len(), 7);
}

async fn absent_users_are_kept_disabled_or_deleted(dialect: Dialect) {
    let deletes = dialect != Dialect::V2;
    for absent in [AbsentPolicy::Keep, AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let mut request = roster(vec![entry(ADA), entry(GRACE)]);
        request.policy.absent = absent;
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete);
        let of = |email: &str| {
            let line = outcomes(&report).into_iter().find(|line| line.starts_with(email));
            line.map(|line| line[email.len() + 2..].to_owned())
        };
        // Ken is disabled already, and absent too.
        let (joan, ken) = match absent {
            AbsentPolicy::Keep => (None, None),
            AbsentPolicy::Disable => (Some("disabled"), Some("unchanged")),
            AbsentPolicy::Delete if deletes => (Some("deleted"), Some("deleted")),
            AbsentPolicy::Delete => (Some("disabled"), Some("unchanged")),
            AbsentPolicy::DisableThenDelete(_) => panic!("it is not in the list"),
        };
        assert_eq!((of(JOAN).as_deref(), of(KEN).as_deref()), (joan, ken), "{absent:?}");
        let gone = absent == AbsentPolicy::Delete && deletes;
        assert_eq!((world.has(JOAN), world.has(KEN)), (!gone, !gone));
        match absent {
            AbsentPolicy::Keep => assert_eq!(world.mock.state(), before),
            _ if gone => assert_eq!(world.members_of("Support"), [ADA]),
            _ => {
                assert!(world.person(JOAN).is_disabled);
                assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
            }
        }
        // The report says what the dialect can't do, as the plan does.
        let limited = absent == AbsentPolicy::Delete && !deletes;
        let reported = report.limitations.iter().any(|line| line.contains("does not delete"));
        assert_eq!(reported, limited, "{:?}", report.limitations);
    }
}

async fn users_are_refused_individually_with_a_reason(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let twin = "twin@acme.example";
    world.add(twin, &[]);
    world.mock.edit(|acme| {
        let second = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            legacy_id: 99,
            ..acme.user_by_email(twin).expect("a twin").clone()
        };
        acme.users.push(second);
    });
    let mut request = roster(vec![
        RosterEntry { first_name: Some("Joanna".into()), ..entry(JOAN) },
        RosterEntry { first_name: Some("Kenneth".into()), ..entry(KEN) },
        RosterEntry { first_name: Some("Other".into()), ..entry(twin) },
        entry("nameless@acme.example"),
    ]);
    request.policy.re_enable_disabled = false;
    let report = done(world.tenant.sync(&request).await);
    // `/api/v2` creates no user without names.
    let nameless = if dialect == Dialect::V2 { "refused" } else { "created" };
    assert_eq!(
        outcomes(&report),
        [
            "joan@acme.example: updated".to_owned(),
            "ken@acme.example: refused".to_owned(),
            format!("nameless@acme.example: {nameless}"),
            "twin@acme.example: refused".to_owned(),
        ]
    );
    assert!(!report.complete);
    assert_eq!(of(&report, twin).user, None, "it is not known which one is meant");
    assert_eq!(world.has("nameless@acme.example"), dialect != Dialect::V2);
    assert!(world.person(KEN).is_disabled);

    let plan = done(world.tenant.plan_sync(&request).await);
    let codes: Vec<_> = plan.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
    let expected = match dialect {
        Dialect::V2 => vec!["user-disabled", "name-required", "ambiguous-user"],
        _ => vec!["user-disabled", "ambiguous-user"],
    };
    assert_eq!(codes, expected);
}

async fn the_failure_of_one_user_does_not_stop_the_others(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let method = if dialect == Dialect::V1 { "PUT" } else { "PATCH" };
    // Over SCIM a refused change is sent in other forms.
    let methods = match dialect {
        Dialect::Scim => vec!["PATCH", "PATCH", "PUT"],
        _ => vec![method],
    };
    for method in methods {
        world.mock.inject(Fault {
            method: Some(method.into()),
            path: Some(world.user_path(GRACE)),
            ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
        });
    }
    let update =
        |email| RosterEntry { last_name: Some("Smith".into()), ..in_groups(email, &["Finance"]) };
    let request = roster(vec![update(ADA), update(GRACE), update(JOAN)]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(
        outcomes(&report),
        ["ada@acme.example: updated", "grace@acme.example: failed", "joan@acme.example: updated"]
    );
    let failure = of(&report, GRACE).failure.as_ref().expect("a failure");
    assert_eq!((failure.code.as_str(), failure.http_status), ("server-refused", Some(422)));
    let path = format!("{}/{{id}}", world.users_path());
    assert_eq!(failure.request.as_deref(), Some(&*format!("{method} {path}")));
    assert_eq!(world.members_of("Finance"), [ADA, JOAN], "her other steps are not written");

    world.mock.clear_faults();
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "a repetition does the rest");
    assert_eq!(world.members_of("Finance"), [ADA, GRACE, JOAN]);
}

async fn a_user_who_changed_after_the_plan_is_stale_and_not_written(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").first_name = Some("Johanna".into());
    });
    let update =
        |email| RosterEntry { last_name: Some("Smith".into()), ..in_groups(email, &["Finance"]) };
    let report = done(world.tenant.sync(&roster(vec![update(JOAN), update(GRACE)])).await);
    assert_eq!(outcomes(&report), ["grace@acme.example: updated", "joan@acme.example: stale"]);
    assert!(!report.complete && of(&report, JOAN).refusal.is_some());
    assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Doe"));
    assert_eq!(world.members_of("Finance"), [GRACE]);
}
