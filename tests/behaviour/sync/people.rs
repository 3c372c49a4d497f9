//! The outcome for each user.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, SyncRequest,
};
use host_test::retool::types::{Dialect, UserType};
use mock_retool::{Fault, FaultKind, Hook, User};
use serde_json::json;

use super::{in_groups, newcomer, of, outcomes};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, timeless, written};
use crate::support::{World, address, by_email, done, email_of, entry, failed, roster, roster_of};

const LIN: &str = "lin@acme.example";

/// Removes these users from the roster, and sets the policy for absent users.
fn without(mut request: SyncRequest, removed: &[&str], absent: AbsentPolicy) -> SyncRequest {
    request.roster.retain(|entry| !removed.contains(&email_of(entry)));
    request.policy.absent = absent;
    request
}

/// Adds Lin. The request deletes every user except Ada and Grace. Also returns the writes for Lin
/// and Ken. Over `/api/v2` a deletion only disables, and Ken is disabled already.
async fn deleting_absent_users(dialect: Dialect) -> (World, SyncRequest, Vec<&'static str>) {
    let world = World::acme_over(dialect).await;
    world.add(LIN, &[]);
    let request = without(roster(vec![entry(ADA), entry(GRACE)]), &[], AbsentPolicy::Delete);
    let writes = match dialect {
        Dialect::V2 => vec!["user-disabled lin@acme.example", "sessions-ended lin@acme.example"],
        _ => vec!["user-deleted ken@acme.example", "user-deleted lin@acme.example"],
    };
    (world, request, writes)
}

/// Returns a fault with which the server refuses requests of this method to paths with this prefix.
fn refusing(method: &str, path: &str) -> Fault {
    Fault {
        method: Some(method.into()),
        path: Some(path.into()),
        ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
    }
}

#[tokio::test]
async fn every_successful_outcome_in_one_sync() {
    let world = World::acme().await;
    world.add(LIN, &["Support"]);
    let before = world.mock.state();
    let request = SyncRequest {
        roster: vec![
            entry(ADA),
            RosterEntry { last_name: Some("Hopper".into()), ..in_groups(GRACE, &["Support"]) },
            in_groups(KEN, &["Support"]),
            RosterEntry {
                user_type: Some(UserType::Mobile),
                ..newcomer(NEW, &["Support", "Engineering"])
            },
        ],
        ..without(roster(Vec::new()), &[], AbsentPolicy::Disable)
    };
    let report = done(world.tenant.sync(&request).await);

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
    assert!(report.complete);
    assert_eq!(report.dialect, Dialect::V2);
    assert_eq!(report.digest.len(), 64);
    assert!(report.guards.iter().all(|guard| !guard.tripped));
    assert!(report.limitations.is_empty() && report.groups_created.is_empty());
    assert_eq!(
        written(&report.writes),
        [
            "user-created new@acme.example",
            "user-enabled ken@acme.example",
            "user-updated grace@acme.example",
            // Those who join a group together come before those who join one alone.
            "member-added grace@acme.example [Support]",
            "member-added new@acme.example [Support]",
            "member-added new@acme.example [Engineering]",
            "user-disabled joan@acme.example",
            "sessions-ended joan@acme.example",
            "user-disabled lin@acme.example",
            "sessions-ended lin@acme.example",
        ],
        "additive before destructive"
    );
    let new = of(&report, NEW);
    assert_eq!(new.user, Some(world.user_id(NEW)));
    assert_eq!(
        changed(&new.changes),
        [
            "first-name: (nothing) -> Nina",
            "last-name: (nothing) -> Newman",
            "user-type: (nothing) -> mobile"
        ]
    );
    assert_eq!(new.groups_added.len(), 2);
    let grace = of(&report, GRACE);
    assert_eq!(grace.user, Some(world.user_id(GRACE)));
    assert_eq!(changed(&grace.changes), ["last-name: Doe -> Hopper"]);
    assert_eq!(changed(&of(&report, KEN).changes), ["disabled: true -> false"]);
    assert_eq!(changed(&of(&report, JOAN).changes), ["disabled: false -> true"]);
    let seats: Vec<_> =
        report.seats.iter().map(|seat| (seat.user_type, seat.added, seat.removed)).collect();
    // `/api/v2` reports Ken, an end user of `/api/v1`, as `default`.
    assert_eq!(seats, [(UserType::Default, 1, 2), (UserType::Mobile, 1, 0)]);

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
    assert_eq!(after.invitations, [""; 0], "`/api/v2` creates accounts without invitations");
    assert_eq!(after.ended_sessions, [world.id_of(JOAN), world.id_of(LIN)]);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    assert_eq!(world.groups_of(GRACE), ["Engineering", "Support", "admin"]);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"], "memberships stay");
    assert_eq!(world.person(NEW).user_type, "mobile");
}

#[tokio::test]
async fn v1_a_new_user_is_invited_and_may_be_an_end_user() {
    let world = World::acme_over(Dialect::V1).await;
    let request = SyncRequest {
        roster: vec![
            entry(ADA),
            entry(GRACE),
            entry(KEN),
            RosterEntry {
                first_name: Some("Nina".into()),
                user_type: Some(UserType::EndUser),
                ..in_groups(NEW, &["Support"])
            },
        ],
        ..without(roster(Vec::new()), &[], AbsentPolicy::Disable)
    };
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete && report.limitations.is_empty());
    assert_eq!(report.dialect, Dialect::V1);
    assert_eq!(
        written(&report.writes),
        [
            "user-created new@acme.example",
            "user-enabled ken@acme.example",
            "member-added new@acme.example [Support]",
            "user-disabled joan@acme.example",
        ]
    );
    assert_eq!(
        changed(&of(&report, NEW).changes),
        ["first-name: (nothing) -> Nina", "user-type: (nothing) -> end-user"]
    );
    let seats: Vec<_> =
        report.seats.iter().map(|seat| (seat.user_type, seat.added, seat.removed)).collect();
    assert_eq!(seats, [(UserType::Default, 0, 1), (UserType::EndUser, 2, 0)]);
    assert_eq!(world.mock.state().invitations, [NEW]);
    assert_eq!(world.person(NEW).user_type, "endUser");
}

#[tokio::test]
async fn absent_people_are_kept_disabled_or_deleted() {
    for (dialect, absent, outcome) in [
        (Dialect::V2, AbsentPolicy::Keep, None),
        (Dialect::V2, AbsentPolicy::Disable, Some("joan@acme.example: disabled")),
        // A deletion over `/api/v2` only disables.
        (Dialect::V2, AbsentPolicy::Delete, Some("joan@acme.example: disabled")),
        (Dialect::V1, AbsentPolicy::Keep, None),
        (Dialect::V1, AbsentPolicy::Disable, Some("joan@acme.example: disabled")),
        (Dialect::V1, AbsentPolicy::Delete, Some("joan@acme.example: deleted")),
    ] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let request = without(roster_of(&world.mock), &[JOAN], absent);
        let deletes = dialect == Dialect::V1 && absent == AbsentPolicy::Delete;
        let report = done(world.tenant.sync(&request).await);
        let joan = outcomes(&report).into_iter().find(|line| line.starts_with("joan"));
        assert_eq!(joan.as_deref(), outcome);
        assert!(report.complete);
        assert_eq!(world.has(JOAN), !deletes);
        match absent {
            AbsentPolicy::Keep => assert_eq!(world.mock.state(), before),
            _ if deletes => assert_eq!(world.members_of("Support"), [ADA]),
            AbsentPolicy::Disable | AbsentPolicy::Delete => {
                assert!(world.person(JOAN).is_disabled);
                assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
            }
            AbsentPolicy::DisableThenDelete(_) => panic!("it is not in the list"),
        }
        // Ken is disabled already, and absent too.
        let ken = outcomes(&report).into_iter().find(|line| line.starts_with("ken"));
        let expected = match absent {
            AbsentPolicy::Keep => None,
            _ if deletes => Some("ken@acme.example: deleted"),
            AbsentPolicy::Disable | AbsentPolicy::Delete => Some("ken@acme.example: unchanged"),
            AbsentPolicy::DisableThenDelete(_) => panic!("it is not in the list"),
        };
        assert_eq!(ken.as_deref(), expected);
    }
}

#[tokio::test]
async fn users_are_refused_one_by_one_with_a_reason() {
    let world = World::acme().await;
    world.add("twin@acme.example", &[]);
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            legacy_id: 99,
            ..acme.user_by_email("twin@acme.example").expect("a twin").clone()
        };
        acme.users.push(twin);
    });
    // Ada is protected, and would be removed from Support.
    let mut request = roster(vec![
        in_groups(ADA, &["Engineering"]),
        RosterEntry { first_name: Some("Joanna".into()), ..in_groups(JOAN, &["Support"]) },
        RosterEntry { first_name: Some("Kenneth".into()), ..in_groups(KEN, &["Support"]) },
        RosterEntry { first_name: Some("Other".into()), ..entry("twin@acme.example") },
        newcomer(NEW, &[]),
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.create_missing = false;
    request.policy.re_enable_disabled = false;
    request.policy.guards.protected_people = vec![by_email(ADA.to_uppercase())];
    let plan = done(world.tenant.plan_sync(&request).await);
    let codes: Vec<_> = plan
        .refusals
        .iter()
        .map(|refusal| (address(&refusal.email), refusal.code.as_str()))
        .collect();
    let expected = [
        (ADA, "protected-person"),
        (KEN, "user-disabled"),
        (NEW, "creation-not-allowed"),
        ("twin@acme.example", "ambiguous-user"),
    ];
    assert_eq!(codes, expected);

    let report = done(world.tenant.sync(&request).await);
    for (email, _) in expected {
        let person = of(&report, email);
        assert!(outcomes(&report).contains(&format!("{email}: refused")), "{email}");
        let refusal = person.refusal.as_deref().expect("a reason");
        assert!(refusal.contains(email), "{refusal}");
        assert!(person.changes.is_empty() && person.failure.is_none());
    }
    // It is not known which of the two is meant.
    assert_eq!(of(&report, "twin@acme.example").user, None);
    assert_eq!(of(&report, KEN).user, Some(world.user_id(KEN)));
    assert!(!report.complete);
    assert_eq!(written(&report.writes), ["user-updated joan@acme.example"]);
    assert_eq!(world.groups_of(ADA), ["Engineering", "Support", "admin"]);
    assert!(!world.has(NEW));
}

/// Only `/api/v1` can change who is an administrator.
#[tokio::test]
async fn v1_protected_users_are_not_demoted() {
    let world = World::acme_over(Dialect::V1).await;
    let mut request = roster(vec![
        RosterEntry { admin: Some(false), ..entry(ADA) },
        RosterEntry { first_name: Some("Joanna".into()), ..entry(JOAN) },
    ]);
    request.policy.guards.protected_people = vec![by_email(ADA.to_uppercase())];
    let plan = done(world.tenant.plan_sync(&request).await);
    let [refusal] = &plan.refusals[..] else { panic!("{:?}", plan.refusals) };
    assert_eq!((address(&refusal.email), refusal.code.as_str()), (ADA, "protected-person"));
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["ada@acme.example: refused", "joan@acme.example: updated"]);
    assert!(of(&report, ADA).refusal.as_deref().is_some_and(|refusal| refusal.contains(ADA)));
    assert!(!report.complete);
    assert_eq!(written(&report.writes), ["user-updated joan@acme.example"]);
    assert!(world.person(ADA).is_admin);
}

#[tokio::test]
async fn a_new_user_needs_a_user_type_from_the_entry_or_the_policy() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let new = |email, user_type| match dialect {
            Dialect::V2 => RosterEntry { user_type, ..newcomer(email, &[]) },
            _ => RosterEntry { user_type, ..entry(email) },
        };
        let (own, body) = match dialect {
            Dialect::V2 => (
                UserType::Mobile,
                json!({
                    "email": NEW, "first_name": "Nina", "last_name": "Newman", "active": true,
                    "user_type": "default",
                }),
            ),
            _ => (UserType::EndUser, json!({"email": NEW, "userType": "default"})),
        };
        let mut request = roster(vec![new(NEW, None), new("end@acme.example", Some(own))]);
        request.policy.default_user_type = None;
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(outcomes(&report), ["end@acme.example: created", "new@acme.example: refused"]);
        assert!(!world.has(NEW));

        request.policy.default_user_type = Some(UserType::Default);
        world.mock.clear_requests();
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(outcomes(&report), ["end@acme.example: unchanged", "new@acme.example: created"]);
        assert_eq!(world.body_of_the_write(), body);
    }
}

#[tokio::test]
async fn update_existing_false_leaves_fields_unchanged() {
    let world = World::acme().await;
    let mut request = roster(vec![
        RosterEntry { first_name: Some("Joanna".into()), ..in_groups(JOAN, &["Finance"]) },
        RosterEntry { first_name: Some("Kenneth".into()), ..entry(KEN) },
    ]);
    request.policy.update_existing = false;
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["joan@acme.example: updated", "ken@acme.example: re-enabled"]);
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("joan"));
    assert_eq!(world.person(KEN).first_name.as_deref(), Some("ken"));
    assert_eq!(world.groups_of(JOAN), ["Finance", "Support", "viewer"]);
}

#[tokio::test]
async fn protected_users_are_not_removed() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        let mut request = without(roster_of(&world.mock), &[JOAN], AbsentPolicy::Delete);
        request.policy.guards.protected_people = vec![by_email(JOAN), by_email(KEN)];
        let report = done(world.tenant.sync(&request).await);
        assert!(outcomes(&report).contains(&"joan@acme.example: refused".to_owned()));
        assert!(!report.complete);
        assert!(world.has(JOAN) && world.has(KEN));
        assert!(!world.person(JOAN).is_disabled);
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn one_users_failure_does_not_stop_the_rest() {
    let world = World::acme().await;
    world.mock.inject(refusing("PATCH", &world.user_path(GRACE)));
    let update =
        |email| RosterEntry { last_name: Some("Smith".into()), ..in_groups(email, &["Finance"]) };
    let request = roster(vec![update(ADA), update(GRACE), update(JOAN)]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(
        outcomes(&report),
        ["ada@acme.example: updated", "grace@acme.example: failed", "joan@acme.example: updated"]
    );
    assert!(!report.complete);
    let grace = of(&report, GRACE);
    let failure = grace.failure.as_ref().expect("a failure");
    assert_eq!(failure.code, "server-refused");
    assert_eq!(failure.request.as_deref(), Some("PATCH /api/v2/users/{id}"));
    assert_eq!(failure.http_status, Some(422));
    assert!(grace.changes.is_empty());
    // Her other steps were not written.
    assert_eq!(world.members_of("Finance"), [ADA, JOAN]);
    assert_eq!(world.person(GRACE).last_name.as_deref(), Some("Doe"));
    assert_eq!(report.writes.len(), 4);

    world.mock.clear_faults();
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(
        outcomes(&report),
        [
            "ada@acme.example: unchanged",
            "grace@acme.example: updated",
            "joan@acme.example: unchanged"
        ]
    );
    assert!(report.complete, "a repetition does what is left");
}

#[tokio::test]
async fn a_user_who_could_not_be_created_gets_no_memberships() {
    let world = World::acme().await;
    world.mock.inject(refusing("POST", "/api/v2/users"));
    let request = roster(vec![newcomer(NEW, &["Finance"]), in_groups(JOAN, &["Finance"])]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["joan@acme.example: updated", "new@acme.example: failed"]);
    assert_eq!(of(&report, NEW).user, None);
    assert_eq!(written(&report.writes), ["member-added joan@acme.example [Finance]"]);
    assert_eq!(world.members_of("Finance"), [JOAN]);
}

#[tokio::test]
async fn a_user_who_changed_since_the_plan_is_stale_and_not_written() {
    let world = World::acme().await;
    world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_admin = true;
    });
    let update =
        |email| RosterEntry { last_name: Some("Smith".into()), ..in_groups(email, &["Finance"]) };
    let report = done(world.tenant.sync(&roster(vec![update(JOAN), update(GRACE)])).await);
    assert_eq!(outcomes(&report), ["grace@acme.example: updated", "joan@acme.example: stale"]);
    assert!(!report.complete);
    let joan = of(&report, JOAN);
    assert!(joan.refusal.is_some() && joan.failure.is_none());
    assert!(joan.changes.is_empty() && joan.groups_added.is_empty());
    let person = world.person(JOAN);
    assert_eq!((person.last_name.as_deref(), person.is_admin), (Some("Doe"), true));
    assert_eq!(world.members_of("Finance"), [GRACE]);
}

#[tokio::test]
async fn an_account_that_got_another_address_is_stale_and_not_deleted() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let (world, request, expected) = deleting_absent_users(dialect).await;
        world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
            acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
        });
        let report = done(world.tenant.sync(&request).await);
        assert!(outcomes(&report).contains(&"joan@acme.example: stale".to_owned()));
        assert_eq!(written(&report.writes), expected);
        assert!(!world.person("other@acme.example").is_disabled);
    }
}

#[tokio::test]
async fn a_user_deleted_before_the_deletion_is_as_planned() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let (world, request, expected) = deleting_absent_users(dialect).await;
        world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
            let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
            acme.delete_user(&id).expect("Joan");
        });
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{:?}", outcomes(&report));
        assert_eq!(written(&report.writes), expected);
    }
}

#[tokio::test]
async fn a_user_created_by_another_client_is_not_created_twice() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let world = World::acme_over(dialect).await;
        world.before(&format!("POST {}", world.users_path()), |acme| {
            let draft = User {
                first_name: Some("Nina".into()),
                last_name: Some("Newman".into()),
                ..User::new(NEW)
            };
            acme.create_user(draft).expect("a new address");
        });
        let report = done(world.tenant.sync(&roster(vec![newcomer(NEW, &["Finance"])])).await);
        assert_eq!(outcomes(&report), ["new@acme.example: updated"]);
        assert_eq!(written(&report.writes), ["member-added new@acme.example [Finance]"]);
        let state = world.mock.state();
        assert_eq!(state.users.iter().filter(|user| user.email == NEW).count(), 1);
        assert_eq!(state.invitations, [NEW], "by the other client");
    }
}

#[tokio::test]
async fn a_rejected_token_ends_the_sync_and_the_error_has_the_writes() {
    let mut world = World::acme().await;
    // With a wider window it is open which requests come first.
    world.tenant = world.tenant_with(&[("RETOOL_WINDOW", "1")]);
    world.mock.on_request(|number, _| match number {
        // Three listings (invitations, users and groups) and two creations.
        1..=5 => Hook::Serve,
        _ => Hook::Respond(401),
    });
    let names = ["n1@acme.example", "n2@acme.example", "n3@acme.example"];
    let request = roster(names.map(|email| newcomer(email, &[])).to_vec());
    let (case, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(
        written(&detail.writes),
        ["user-created n1@acme.example", "user-created n2@acme.example"]
    );
    let created = || {
        let users = world.mock.state().users;
        users.into_iter().skip(4).map(|user| user.email).collect::<Vec<_>>()
    };
    assert_eq!(created(), names[..2]);
    assert_eq!(world.mock.requests().len(), 6, "it stops at once");

    world.mock.on_request(|_, _| Hook::Serve);
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(created(), names);
}

/// Over `/api/v2` every deletion only disables.
#[tokio::test]
async fn v1_a_deletion_that_only_disables_is_reported_as_disabled() {
    let world = World::acme_over(Dialect::V1).await;
    world.instead(&format!("DELETE {}", world.v1_path_of(JOAN)), 200, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_disabled = true;
    });
    let request = without(roster_of(&world.mock), &[JOAN], AbsentPolicy::Delete);
    let report = done(world.tenant.sync(&request).await);
    assert!(outcomes(&report).contains(&"joan@acme.example: disabled".to_owned()));
    // Ken was disabled before. A deletion would leave him as he is.
    assert!(outcomes(&report).contains(&"ken@acme.example: unchanged".to_owned()));
    assert_eq!(written(&report.writes), ["user-disabled joan@acme.example"]);
    assert!(report.limitations.iter().any(|line| line.contains("only disables")));
}

#[tokio::test]
async fn a_deletion_that_finds_no_user_is_no_write() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let (world, request, expected) = deleting_absent_users(dialect).await;
        world.before(&format!("DELETE {}", world.user_path(JOAN)), |acme| {
            let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
            acme.delete_user(&id).expect("Joan");
        });
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete);
        assert!(outcomes(&report).contains(&"joan@acme.example: unchanged".to_owned()));
        assert_eq!(written(&report.writes), expected);
    }
}

#[tokio::test]
async fn the_failure_of_a_user_contains_their_writes_so_far() {
    let world = World::acme().await;
    world.mock.inject(Fault { skip: 1, ..refusing("POST", "/api/v2/groups/") });
    let request = roster(vec![
        in_groups(JOAN, &["Engineering", "Finance"]),
        RosterEntry { last_name: Some("Smith".into()), ..entry(GRACE) },
    ]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["grace@acme.example: updated", "joan@acme.example: failed"]);
    let joan = of(&report, JOAN);
    let [added] = &joan.groups_added[..] else { panic!("{:?}", joan.groups_added) };
    let failure = joan.failure.as_ref().expect("a failure");
    assert_eq!(
        written(&failure.writes),
        [format!("member-added {JOAN} [{}]", added.name.as_deref().unwrap_or_default())]
    );
    assert_eq!(report.writes.len(), 2);
}

/// Some servers list users without all of their fields. Then each user is read individually.
#[tokio::test]
async fn a_sync_converges_if_lists_have_short_records() {
    for (dialect, fields, user_type) in [
        (Dialect::V2, ["active", "user_type"], UserType::Mobile),
        (Dialect::V1, ["isDisabled", "userType"], UserType::EndUser),
    ] {
        let world = World::acme_over(dialect).await;
        for field in fields {
            world.mock.inject(Fault::new(FaultKind::OmitInLists(field.into())));
        }
        let request = roster(vec![
            RosterEntry { user_type: Some(user_type), ..entry(KEN) },
            RosterEntry { user_type: Some(user_type), ..entry(JOAN) },
        ]);
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(
            outcomes(&report),
            ["joan@acme.example: updated", "ken@acme.example: re-enabled"]
        );
        assert!(report.complete);
        assert!(!world.person(KEN).is_disabled);

        let again = done(world.tenant.sync(&request).await);
        assert_eq!(
            outcomes(&again),
            ["joan@acme.example: unchanged", "ken@acme.example: unchanged"]
        );
        assert!(again.writes.is_empty());
    }
}
