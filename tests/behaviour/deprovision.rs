//! One person removed, as far as the mode says.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, DeprovisionRequest};
use host_test::retool::types::{UserId, UserType};
use mock_retool::{Fault, FaultKind, User};
use serde_json::{Value, json};

use crate::support::acme::{
    ADA, ENGINEERING, GRACE, JOAN, KEN, NEW, SUPPORT, link, timeless, written,
};
use crate::support::{World, by_email, departure, done, failed};

#[tokio::test]
async fn disabling_bars_the_person_and_keeps_all_else() {
    let world = World::acme().await;
    let before = world.mock.state();
    let user = world.path_of(JOAN);
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);

    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
    assert!(result.groups_removed.is_empty() && result.remaining.is_empty());
    assert_eq!(result.deletion_due, None);
    assert_eq!(
        world.requests(),
        ["GET /api/v1/users".to_owned(), format!("GET {user}"), format!("PUT {user}"),]
    );
    let mut expected = before.users;
    expected[2].is_disabled = true;
    let after = world.mock.state().users;
    assert_eq!(
        after.into_iter().map(timeless).collect::<Vec<_>>(),
        expected.into_iter().map(timeless).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn the_tombstone_holds_the_account_as_it_was() {
    let world = World::acme().await;
    let joan = world.person(JOAN);
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let world = World::acme().await;
        let result = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(tombstone.base_url, world.mock.base_url());
        assert_eq!(tombstone.user.id, UserId::V1(joan.id.clone()));
        assert_eq!(tombstone.user.email.as_deref(), Some(JOAN));
        assert_eq!(tombstone.user.first_name.as_deref(), Some("joan"));
        assert_eq!(tombstone.user.user_type, Some(UserType::Default));
        assert!(!tombstone.user.disabled, "as it was before");
        assert_eq!(
            tombstone.user.groups.expect("memberships"),
            [link(3, "viewer"), link(SUPPORT, "Support")]
        );
        let raw: Value = serde_json::from_str(&tombstone.raw.expect("a record")).expect("JSON");
        for (field, value) in &joan.extra {
            assert_eq!(raw.get(field), Some(value), "{field}");
        }
        assert_eq!(raw["isDisabled"], json!(false));
        assert_eq!(tombstone.recorded_at.as_bytes()[10], b'T');
        assert!(tombstone.recorded_at.ends_with('Z'));
    }
}

#[tokio::test]
async fn repeating_a_disabling_writes_nothing() {
    let world = World::acme().await;
    let request = departure(KEN, DeprovisionMode::Disable);
    let before = world.mock.state();
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert!(result.writes.is_empty());
    assert!(result.tombstone.expect("a tombstone").user.disabled);
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn stripping_removes_every_membership_and_nobody_elses() {
    let world = World::acme().await;
    let user = world.path_of(JOAN);
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(result.groups_removed, [link(3, "viewer"), link(SUPPORT, "Support")]);
    assert_eq!(
        written(&result.writes),
        [
            "user-disabled joan@acme.example",
            "member-removed joan@acme.example [viewer]",
            "member-removed joan@acme.example [Support]",
        ]
    );
    assert!(result.remaining.is_empty());
    assert!(world.person(JOAN).is_disabled);
    assert!(world.groups_of(JOAN).is_empty());
    assert_eq!(world.members_of("Support"), [ADA, KEN]);
    let id = world.id_of(JOAN);
    let requests = world.requests();
    let writes: Vec<_> = requests.iter().filter(|request| !request.starts_with("GET")).collect();
    assert_eq!(
        writes,
        [
            &format!("PUT {user}"),
            &format!("DELETE /api/v1/groups/3/members/{id}"),
            &format!("DELETE /api/v1/groups/5/members/{id}"),
        ]
    );
    assert_eq!(requests.last(), Some(&format!("GET {user}")), "it is read back");

    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert!(again.groups_removed.is_empty() && again.writes.is_empty());
}

#[tokio::test]
async fn somebody_disabled_before_is_stripped_too() {
    let world = World::acme().await;
    let request = departure(KEN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.groups_removed, [link(SUPPORT, "Support")]);
    assert_eq!(written(&result.writes), ["member-removed ken@acme.example [Support]"]);
    assert!(world.groups_of(KEN).is_empty());
}

#[tokio::test]
async fn a_group_that_the_server_manages_is_left_for_a_person_to_do() {
    let world = World::acme().await;
    let request = departure(ADA, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(result.groups_removed, [link(ENGINEERING, "Engineering"), link(SUPPORT, "Support")]);
    assert_eq!(world.groups_of(ADA), ["admin"]);
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("admin") && remaining.contains(ADA), "{remaining}");
}

#[tokio::test]
async fn deleting_is_for_good() {
    let world = World::acme().await;
    let before = world.mock.state();
    let user = world.path_of(JOAN);
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
    assert_eq!(written(&result.writes), ["user-deleted joan@acme.example"]);
    assert!(!world.has(JOAN));
    assert_eq!(world.mock.state().users.len(), before.users.len() - 1);
    assert_eq!(world.members_of("Support"), [ADA, KEN]);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v1/users".to_owned(),
            format!("GET {user}"),
            format!("DELETE {user}"),
            format!("GET {user}"),
        ],
        "found, compared, deleted, looked at"
    );

    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
    assert!(again.tombstone.is_none() && again.writes.is_empty());
    assert_eq!(
        world.requests_with_queries(),
        ["GET /api/v1/users?email=joan%40acme.example", "GET /api/v1/users?page=1&pageSize=500"],
        "that nobody is there is confirmed by everybody"
    );
}

#[tokio::test]
async fn a_deletion_that_only_disables_is_no_deletion() {
    let world = World::acme().await;
    world.instead(&format!("DELETE {}", world.path_of(JOAN)), 200, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_disabled = true;
    });
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
}

/// Ken was disabled before, so that he is shown so tells nothing of the deletion.
#[tokio::test]
async fn a_deletion_that_does_not_show_is_not_taken_for_a_disabling() {
    let world = World::acme().await;
    world.mock.inject(Fault {
        method: Some("DELETE".into()),
        ..Fault::new(FaultKind::StaleReads { requests: 20 })
    });
    let request = departure(KEN, DeprovisionMode::Delete);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    assert_eq!(detail.subject.as_deref(), Some(KEN));
    assert_eq!(written(&detail.writes), ["user-deleted ken@acme.example ?"]);
    world.mock.clear_faults();
    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
}

#[tokio::test]
async fn somebody_deleted_by_another_meanwhile_is_already_gone() {
    let world = World::acme().await;
    world.before(&format!("DELETE {}", world.path_of(JOAN)), |acme| {
        let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
        acme.delete_user(&id).expect("Joan");
    });
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    assert!(result.writes.is_empty());
    assert_eq!(world.writes().len(), 1);
}

#[tokio::test]
async fn a_membership_that_another_ended_meanwhile_is_not_counted() {
    let world = World::acme().await;
    let id = world.id_of(JOAN);
    world.before(&format!("DELETE /api/v1/groups/{SUPPORT}/members/{id}"), move |acme| {
        acme.leave(SUPPORT, &id).expect("Joan is in Support");
    });
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.groups_removed, [link(3, "viewer")]);
    assert_eq!(
        written(&result.writes),
        ["user-disabled joan@acme.example", "member-removed joan@acme.example [viewer]"]
    );
    assert!(world.groups_of(JOAN).is_empty());
}

#[tokio::test]
async fn somebody_disabled_can_be_deleted() {
    let world = World::acme().await;
    let request = departure(KEN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
    assert!(!world.has(KEN));
}

#[tokio::test]
async fn nobody_is_already_gone_in_every_mode() {
    let world = World::acme().await;
    let before = world.mock.state();
    for mode in [
        DeprovisionMode::Disable,
        DeprovisionMode::DisableAndStripGroups,
        DeprovisionMode::Delete,
        DeprovisionMode::DeleteOnceDisabled(1),
    ] {
        let result = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone, "{mode:?}");
        assert!(result.tombstone.is_none());
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn deletion_waits_until_the_account_was_disabled_for_so_many_days() {
    let world = World::acme().await;
    let request = departure(JOAN, DeprovisionMode::DeleteOnceDisabled(1));
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
    // One day after the change, at the same time of the day, by the server's clock.
    let (due, changed) = (result.deletion_due.expect("a date"), world.person(JOAN).updated_at);
    assert!(changed.starts_with("2026-01-05T"), "{changed}");
    assert_eq!(due, changed.replacen("01-05", "01-06", 1));

    // The server's clock counts from the last change of the disabled account.
    world.shape(JOAN, |joan| joan.updated_at = "2999-12-30T23:30:00.500+01:00".into());
    world.mock.clear_requests();
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.deletion_due.as_deref(), Some("2999-12-31T22:30:00.500Z"));
    assert!(result.writes.is_empty() && world.writes().is_empty());

    world.shape(JOAN, |joan| joan.updated_at = "2020-01-01T00:00:00Z".into());
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
    assert_eq!(result.deletion_due, None);
    assert!(!world.has(JOAN));
}

/// The mock's clock stands in January 2026; whatever the host's says, it is later.
#[tokio::test]
async fn the_hosts_clock_deletes_nobody() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.updated_at = "2025-12-20T00:00:00Z".into());
    let waits = departure(KEN, DeprovisionMode::DeleteOnceDisabled(30));
    let result = done(world.tenant.deprovision(&waits).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.deletion_due.as_deref(), Some("2026-01-19T00:00:00.000Z"));
    assert!(world.writes().is_empty());

    let due = departure(KEN, DeprovisionMode::DeleteOnceDisabled(10));
    let result = done(world.tenant.deprovision(&due).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
}

#[tokio::test]
async fn an_account_without_a_date_is_not_deleted_by_age() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.updated_at = "some time ago".into());
    let request = departure(KEN, DeprovisionMode::DeleteOnceDisabled(1));
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.deletion_due, None);
    assert_eq!(result.remaining.len(), 1);
    assert!(world.has(KEN));
}

#[tokio::test]
async fn the_days_are_checked_before_any_request() {
    let world = World::acme().await;
    for days in [0, 3651, u32::MAX] {
        let request = departure(KEN, DeprovisionMode::DeleteOnceDisabled(days));
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!(case, "permanent invalid-input", "{days}");
        assert_eq!(detail.field.as_deref(), Some("request.mode"));
    }
    assert!(world.requests().is_empty());
    let request = departure(NEW, DeprovisionMode::DeleteOnceDisabled(3650));
    done(world.tenant.deprovision(&request).await);
}

#[tokio::test]
async fn protected_people_are_never_removed() {
    let world = World::acme().await;
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let request = DeprovisionRequest {
            protected_people: vec![by_email(ADA), by_email(" JOAN@acme.EXAMPLE ")],
            ..departure(JOAN, mode)
        };
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent refused", "protected-person"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
    }
    assert!(world.writes().is_empty());

    let request = DeprovisionRequest {
        protected_people: vec![by_email(ADA)],
        ..departure(JOAN, DeprovisionMode::Disable)
    };
    done(world.tenant.deprovision(&request).await);
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn enough_other_enabled_administrators_must_be_left() {
    let world = World::acme().await;
    // Disabled administrators do not count.
    world.shape(KEN, |ken| ken.is_admin = true);
    let leaving = |email, minimum_admins| DeprovisionRequest {
        minimum_admins,
        ..departure(email, DeprovisionMode::Disable)
    };
    let (case, detail) = failed(world.tenant.deprovision(&leaving(ADA, Some(2))).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
    assert!(detail.message.contains('1') && detail.message.contains('2'), "{}", detail.message);
    // People without rights are no concern of it.
    done(world.tenant.deprovision(&leaving(JOAN, Some(2))).await);
    // One is enough unless more are asked for.
    done(world.tenant.deprovision(&leaving(ADA, None)).await);
    assert!(world.person(ADA).is_disabled);
    world.mock.clear_requests();

    let (_, detail) = failed(world.tenant.deprovision(&leaving(GRACE, None)).await);
    assert_eq!(detail.code, "last-admin");
    assert_eq!(detail.subject.as_deref(), Some(GRACE));
    assert!(world.writes().is_empty());
    assert!(!world.person(GRACE).is_disabled);

    done(world.tenant.deprovision(&leaving(GRACE, Some(0))).await);
    assert!(world.person(GRACE).is_disabled);
}

#[tokio::test]
async fn an_administrator_who_is_enabled_while_being_looked_at_counts_as_one() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.is_admin = true);
    world.before(&format!("GET {}", world.path_of(KEN)), |acme| {
        acme.user_by_email_mut(KEN).expect("Ken").is_disabled = false;
    });
    let request =
        DeprovisionRequest { minimum_admins: Some(3), ..departure(KEN, DeprovisionMode::Disable) };
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn somebody_made_an_administrator_while_an_answer_was_lost_counts_as_one() {
    let world = World::acme().await;
    world.instead(&format!("PUT {}", world.path_of(JOAN)), 500, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_admin = true;
    });
    let request =
        DeprovisionRequest { minimum_admins: Some(3), ..departure(JOAN, DeprovisionMode::Disable) };
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert!(case.starts_with("transient "), "{case}: {detail:?}");
    assert!(!world.person(JOAN).is_disabled);
    let (_, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!(detail.code, "last-admin");
}

#[tokio::test]
async fn the_person_must_have_the_expected_id() {
    let world = World::acme().await;
    let id = world.id_of(JOAN);
    let expecting = |expected| DeprovisionRequest {
        expected_id: Some(expected),
        ..departure(JOAN, DeprovisionMode::Delete)
    };
    for other in [UserId::V1(world.id_of(KEN)), UserId::V2(id.clone()), UserId::Scim(id.clone())] {
        let (case, detail) = failed(world.tenant.deprovision(&expecting(other)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
    }
    assert!(world.writes().is_empty());
    done(world.tenant.deprovision(&expecting(UserId::V1(id))).await);
    assert!(!world.has(JOAN));
}

#[tokio::test]
async fn the_address_is_matched_without_case() {
    let world = World::acme().await;
    let request = departure("  Joan@ACME.example ", DeprovisionMode::Disable);
    done(world.tenant.deprovision(&request).await);
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn an_address_of_two_people_removes_neither() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            ..acme.user_by_email(JOAN).expect("Joan").clone()
        };
        acme.users.push(twin);
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-user"));
    assert!(world.writes().is_empty());
}
