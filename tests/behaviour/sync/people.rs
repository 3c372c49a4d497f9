//! What becomes of each person.

use host_test::retool::synchronization::{AbsentPolicy, RosterEntry, SyncRequest};
use host_test::retool::types::{Dialect, UserId, UserType};
use mock_retool::{Fault, FaultKind, Hook, User};
use serde_json::json;

use super::{in_groups, of, outcomes};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, timeless, written};
use crate::support::{World, address, by_email, done, email_of, entry, failed, roster, roster_of};

/// Everybody of the roster but these; the absent are treated so.
fn without(mut request: SyncRequest, gone: &[&str], absent: AbsentPolicy) -> SyncRequest {
    request.roster.retain(|entry| !gone.contains(&email_of(entry)));
    request.policy.absent = absent;
    request
}

fn refusing(method: &str, path: &str) -> Fault {
    Fault {
        method: Some(method.into()),
        path: Some(path.into()),
        ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
    }
}

#[tokio::test]
async fn every_kind_of_good_end_in_one_sync() {
    let world = World::acme().await;
    world.add("lin@acme.example", &["Support"]);
    let before = world.mock.state();
    let request = SyncRequest {
        roster: vec![
            entry(ADA),
            RosterEntry { last_name: Some("Hopper".into()), ..in_groups(GRACE, &["Support"]) },
            in_groups(KEN, &["Support"]),
            RosterEntry {
                first_name: Some("Nina".into()),
                user_type: Some(UserType::EndUser),
                ..in_groups(NEW, &["Support", "Engineering"])
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
    assert_eq!(report.dialect, Dialect::V1);
    assert_eq!(report.digest.len(), 64);
    assert!(report.guards.iter().all(|guard| !guard.tripped));
    assert!(report.limitations.is_empty() && report.groups_created.is_empty());
    assert_eq!(
        written(&report.writes),
        [
            "user-created new@acme.example",
            "user-enabled ken@acme.example",
            "user-updated grace@acme.example",
            "member-added grace@acme.example [Support]",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Support]",
            "user-disabled joan@acme.example",
            "user-disabled lin@acme.example",
        ],
        "additive before destructive"
    );
    let new = of(&report, NEW);
    assert_eq!(new.user, Some(UserId::V1(world.id_of(NEW))));
    assert_eq!(
        changed(&new.changes),
        ["first-name: (nothing) -> Nina", "user-type: (nothing) -> end-user"]
    );
    assert_eq!(new.groups_added.len(), 2);
    let grace = of(&report, GRACE);
    assert_eq!(grace.user, Some(UserId::V1(world.id_of(GRACE))));
    assert_eq!(changed(&grace.changes), ["last-name: Doe -> Hopper"]);
    assert_eq!(changed(&of(&report, KEN).changes), ["disabled: true -> false"]);
    assert_eq!(changed(&of(&report, JOAN).changes), ["disabled: false -> true"]);
    let seats: Vec<_> =
        report.seats.iter().map(|seat| (seat.user_type, seat.added, seat.removed)).collect();
    assert_eq!(seats, [(UserType::Default, 0, 2), (UserType::EndUser, 2, 0)]);

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
    assert_eq!(after.invitations, [NEW]);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    assert_eq!(world.groups_of(GRACE), ["Engineering", "Support", "admin"]);
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"], "memberships stay");
    assert_eq!(world.person(NEW).user_type, "endUser");
}

#[tokio::test]
async fn absent_people_are_kept_disabled_or_deleted() {
    for (absent, outcome) in [
        (AbsentPolicy::Keep, None),
        (AbsentPolicy::Disable, Some("joan@acme.example: disabled")),
        (AbsentPolicy::Delete, Some("joan@acme.example: deleted")),
    ] {
        let world = World::acme().await;
        let before = world.mock.state();
        let request = without(roster_of(&world.mock), &[JOAN], absent);
        let report = done(world.tenant.sync(&request).await);
        let joan = outcomes(&report).into_iter().find(|line| line.starts_with("joan"));
        assert_eq!(joan.as_deref(), outcome);
        assert!(report.complete);
        assert_eq!(world.has(JOAN), absent != AbsentPolicy::Delete);
        match absent {
            AbsentPolicy::Keep => assert_eq!(world.mock.state(), before),
            AbsentPolicy::Disable => assert!(world.person(JOAN).is_disabled),
            AbsentPolicy::Delete => assert_eq!(world.members_of("Support"), [ADA]),
            AbsentPolicy::DisableThenDelete(_) => panic!("it is not in the list"),
        }
        // Ken is disabled already, and absent too.
        let ken = outcomes(&report).into_iter().find(|line| line.starts_with("ken"));
        let expected = match absent {
            AbsentPolicy::Keep => None,
            AbsentPolicy::Disable => Some("ken@acme.example: unchanged"),
            AbsentPolicy::Delete => Some("ken@acme.example: deleted"),
            AbsentPolicy::DisableThenDelete(_) => panic!("it is not in the list"),
        };
        assert_eq!(ken.as_deref(), expected);
    }
}

#[tokio::test]
async fn people_are_refused_one_by_one_with_a_reason() {
    let world = World::acme().await;
    world.add("twin@acme.example", &[]);
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            ..acme.user_by_email("twin@acme.example").expect("a twin").clone()
        };
        acme.users.push(twin);
    });
    let mut request = roster(vec![
        RosterEntry { admin: Some(false), ..entry(ADA) },
        RosterEntry { first_name: Some("Joanna".into()), ..entry(JOAN) },
        RosterEntry { first_name: Some("Kenneth".into()), ..entry(KEN) },
        RosterEntry { first_name: Some("Other".into()), ..entry("twin@acme.example") },
        entry(NEW),
    ]);
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
    // Which of the two is meant is not known.
    assert_eq!(of(&report, "twin@acme.example").user, None);
    assert_eq!(of(&report, KEN).user, Some(UserId::V1(world.id_of(KEN))));
    assert!(!report.complete);
    assert_eq!(written(&report.writes), ["user-updated joan@acme.example"]);
    assert!(world.person(ADA).is_admin);
    assert!(!world.has(NEW));
}

#[tokio::test]
async fn a_new_person_needs_a_user_type_from_entry_or_policy() {
    let world = World::acme().await;
    let mut request = roster(vec![
        entry(NEW),
        RosterEntry { user_type: Some(UserType::EndUser), ..entry("end@acme.example") },
    ]);
    request.policy.default_user_type = None;
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["end@acme.example: created", "new@acme.example: refused"]);
    assert!(!world.has(NEW));

    request.policy.default_user_type = Some(UserType::Default);
    world.mock.clear_requests();
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["end@acme.example: unchanged", "new@acme.example: created"]);
    assert_eq!(world.body_of_the_write(), json!({"email": NEW, "userType": "default"}));
}

#[tokio::test]
async fn a_policy_that_updates_nobody_leaves_fields_alone() {
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
async fn protected_people_are_not_removed() {
    let world = World::acme().await;
    let mut request = without(roster_of(&world.mock), &[JOAN], AbsentPolicy::Delete);
    request.policy.guards.protected_people = vec![by_email(JOAN), by_email(KEN)];
    let report = done(world.tenant.sync(&request).await);
    assert!(outcomes(&report).contains(&"joan@acme.example: refused".to_owned()));
    assert!(!report.complete);
    assert!(world.has(JOAN) && world.has(KEN));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn one_persons_failure_does_not_stop_the_rest() {
    let world = World::acme().await;
    world.mock.inject(refusing("PUT", &world.path_of(GRACE)));
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
    assert_eq!(failure.request.as_deref(), Some("PUT /api/v1/users/{id}"));
    assert_eq!(failure.http_status, Some(422));
    assert!(grace.changes.is_empty());
    // The rest of her steps was not written.
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
async fn a_person_who_could_not_be_created_gets_no_memberships() {
    let world = World::acme().await;
    world.mock.inject(refusing("POST", "/api/v1/users"));
    let request = roster(vec![in_groups(NEW, &["Finance"]), in_groups(JOAN, &["Finance"])]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["joan@acme.example: updated", "new@acme.example: failed"]);
    assert_eq!(of(&report, NEW).user, None);
    assert_eq!(written(&report.writes), ["member-added joan@acme.example [Finance]"]);
    assert_eq!(world.members_of("Finance"), [JOAN]);
}

#[tokio::test]
async fn somebody_changed_since_the_plan_is_stale_and_left_alone() {
    let world = World::acme().await;
    world.before(&format!("GET {}", world.path_of(JOAN)), |acme| {
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
async fn an_account_given_to_somebody_else_is_stale_and_not_deleted() {
    let world = World::acme().await;
    world.before(&format!("GET {}", world.path_of(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
    });
    let request = without(roster_of(&world.mock), &[JOAN, KEN], AbsentPolicy::Delete);
    let report = done(world.tenant.sync(&request).await);
    assert!(outcomes(&report).contains(&"joan@acme.example: stale".to_owned()));
    assert!(outcomes(&report).contains(&"ken@acme.example: deleted".to_owned()));
    assert!(world.has("other@acme.example"));
}

#[tokio::test]
async fn somebody_deleted_meanwhile_is_as_planned() {
    let world = World::acme().await;
    world.before(&format!("GET {}", world.path_of(JOAN)), |acme| {
        let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
        acme.delete_user(&id).expect("Joan");
    });
    let request = without(roster_of(&world.mock), &[JOAN], AbsentPolicy::Delete);
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{:?}", outcomes(&report));
    assert_eq!(written(&report.writes), ["user-deleted ken@acme.example"]);
}

#[tokio::test]
async fn somebody_created_meanwhile_is_not_created_twice() {
    let world = World::acme().await;
    world.before("POST /api/v1/users", |acme| {
        acme.create_user(User::new(NEW)).expect("a new address");
    });
    let report = done(world.tenant.sync(&roster(vec![in_groups(NEW, &["Finance"])])).await);
    assert_eq!(outcomes(&report), ["new@acme.example: updated"]);
    assert_eq!(written(&report.writes), ["member-added new@acme.example [Finance]"]);
    assert_eq!(world.mock.state().invitations, [NEW]);
}

#[tokio::test]
async fn a_rejected_token_ends_it_with_the_writes_so_far() {
    let world = World::acme().await;
    world.mock.on_request(|number, _| match number {
        1..=4 => Hook::Serve,
        _ => Hook::Respond(401),
    });
    let names = ["n1@acme.example", "n2@acme.example", "n3@acme.example"];
    let request = roster(names.map(entry).to_vec());
    let (case, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(
        written(&detail.writes),
        ["user-created n1@acme.example", "user-created n2@acme.example"]
    );
    assert_eq!(world.mock.state().invitations, names[..2]);
    assert_eq!(world.mock.requests().len(), 5, "it stops at once");

    world.mock.on_request(|_, _| Hook::Serve);
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert_eq!(world.mock.state().invitations, names);
}

#[tokio::test]
async fn a_deletion_that_only_disables_is_reported_as_that() {
    let world = World::acme().await;
    world.instead(&format!("DELETE {}", world.path_of(JOAN)), 200, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_disabled = true;
    });
    let request = without(roster_of(&world.mock), &[JOAN], AbsentPolicy::Delete);
    let report = done(world.tenant.sync(&request).await);
    assert!(outcomes(&report).contains(&"joan@acme.example: disabled".to_owned()));
    assert!(outcomes(&report).contains(&"ken@acme.example: deleted".to_owned()));
    assert_eq!(
        written(&report.writes),
        ["user-disabled joan@acme.example", "user-deleted ken@acme.example"]
    );
}

#[tokio::test]
async fn a_deletion_that_finds_nobody_is_no_write() {
    let world = World::acme().await;
    world.before(&format!("DELETE {}", world.path_of(JOAN)), |acme| {
        let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
        acme.delete_user(&id).expect("Joan");
    });
    let request = without(roster_of(&world.mock), &[JOAN], AbsentPolicy::Delete);
    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete);
    assert!(outcomes(&report).contains(&"joan@acme.example: unchanged".to_owned()));
    assert_eq!(written(&report.writes), ["user-deleted ken@acme.example"]);
}

#[tokio::test]
async fn the_failure_of_a_person_holds_what_was_written_of_them() {
    let world = World::acme().await;
    world.mock.inject(Fault { skip: 1, ..refusing("POST", "/api/v1/groups/") });
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

/// Some servers show people in short in lists: then everybody is read on their own.
#[tokio::test]
async fn short_lists_converge_too() {
    let world = World::acme().await;
    for field in ["isDisabled", "userType"] {
        world.mock.inject(Fault::new(FaultKind::OmitInLists(field.into())));
    }
    let request = roster(vec![
        RosterEntry { user_type: Some(UserType::EndUser), ..entry(KEN) },
        RosterEntry { user_type: Some(UserType::EndUser), ..entry(JOAN) },
    ]);
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["joan@acme.example: updated", "ken@acme.example: re-enabled"]);
    assert!(report.complete);
    assert!(!world.person(KEN).is_disabled);

    let again = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&again), ["joan@acme.example: unchanged", "ken@acme.example: unchanged"]);
    assert!(again.writes.is_empty());
}
