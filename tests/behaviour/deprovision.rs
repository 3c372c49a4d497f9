//! `deprovision`: disables or deletes one user, as the mode says.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, DeprovisionRequest};
use host_test::retool::types::{Dialect, UserId, UserType};
use mock_retool::{Fault, FaultKind, User};
use serde_json::{Value, json};

use crate::support::acme::{
    ADA, GRACE, JOAN, KEN, NEW, SUPPORT, timeless, unknown_fields, written,
};
use crate::support::dialects::text;
use crate::support::{World, by_email, departure, done, failed};

#[tokio::test]
async fn disabling_changes_nothing_else() {
    let world = World::acme().await;
    let before = world.mock.state();
    let user = world.user_path(JOAN);
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);

    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(
        written(&result.writes),
        ["user-disabled joan@acme.example", "sessions-ended joan@acme.example"]
    );
    assert!(result.groups_removed.is_empty() && result.remaining.is_empty());
    assert_eq!(result.deletion_due, None);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v2/users".to_owned(),
            "GET /api/v2/user_invites".to_owned(),
            format!("GET {user}"),
            format!("PATCH {user}"),
            format!("POST {user}/logout"),
        ]
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
    for (dialect, mode) in [Dialect::V1, Dialect::V2].into_iter().flat_map(|dialect| {
        [DeprovisionMode::Disable, DeprovisionMode::Delete].map(|mode| (dialect, mode))
    }) {
        let world = World::acme_over(dialect).await;
        world.shape(JOAN, |joan| joan.metadata = unknown_fields());
        let id = world.user_id(JOAN);
        let result = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(tombstone.base_url, world.mock.base_url());
        assert_eq!(tombstone.user.id, id);
        assert_eq!(tombstone.user.email.as_deref(), Some(JOAN));
        assert_eq!(tombstone.user.first_name.as_deref(), Some("joan"));
        assert_eq!(tombstone.user.user_type, Some(UserType::Default));
        assert!(!tombstone.user.disabled, "as it was before");
        let takes_memberships = matches!(mode, DeprovisionMode::Delete);
        let links = if takes_memberships { World::taken_links } else { World::links };
        assert_eq!(tombstone.user.groups, Some(links(&world, &["viewer", "Support"])));
        let raw: Value = serde_json::from_str(&tombstone.raw.expect("a record")).expect("JSON");
        if dialect == Dialect::V1 {
            for (field, value) in unknown_fields() {
                assert_eq!(raw.get(&field), Some(&value), "{field}");
            }
            assert_eq!(raw["isDisabled"], json!(false));
        } else {
            assert_eq!(raw["metadata"], Value::Object(unknown_fields()));
            assert_eq!(raw["active"], json!(true));
        }
        assert_eq!(tombstone.recorded_at.as_bytes()[10], b'T');
        assert!(tombstone.recorded_at.ends_with('Z'));
    }
}

#[tokio::test]
async fn repeating_a_disabling_only_ends_the_sessions_again() {
    let world = World::acme().await;
    let request = departure(KEN, DeprovisionMode::Disable);
    let mut before = world.mock.state();
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(written(&result.writes), ["sessions-ended ken@acme.example"]);
    assert!(result.tombstone.expect("a tombstone").user.disabled);
    assert_eq!(world.writes().len(), 1);
    before.ended_sessions.push(world.id_of(KEN));
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn stripping_removes_all_memberships_of_the_user_and_no_others() {
    let world = World::acme().await;
    let user = world.user_path(JOAN);
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(result.groups_removed, world.taken_links(&["viewer", "Support"]));
    assert_eq!(
        written(&result.writes),
        [
            "user-disabled joan@acme.example",
            "sessions-ended joan@acme.example",
            "member-removed joan@acme.example [viewer]",
            "member-removed joan@acme.example [Support]",
        ]
    );
    assert!(result.remaining.is_empty());
    assert!(world.person(JOAN).is_disabled);
    assert!(world.groups_of(JOAN).is_empty());
    assert_eq!(world.members_of("Support"), [ADA, KEN]);
    let id = world.person(JOAN).sid();
    let requests = world.requests();
    let writes: Vec<_> = requests.iter().filter(|request| !request.starts_with("GET")).collect();
    assert_eq!(
        writes,
        [
            &format!("PATCH {user}"),
            &format!("POST {user}/logout"),
            &format!("DELETE /api/v2/groups/3/members/{id}"),
            &format!("DELETE /api/v2/groups/5/members/{id}"),
        ]
    );
    assert_eq!(requests.last(), Some(&format!("GET {user}")), "read back");

    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert!(again.groups_removed.is_empty());
    assert_eq!(written(&again.writes), ["sessions-ended joan@acme.example"]);
}

#[tokio::test]
async fn a_user_who_is_disabled_already_is_stripped_too() {
    let world = World::acme().await;
    let request = departure(KEN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.groups_removed, world.taken_links(&["Support"]));
    assert_eq!(
        written(&result.writes),
        ["sessions-ended ken@acme.example", "member-removed ken@acme.example [Support]"]
    );
    assert!(world.groups_of(KEN).is_empty());
}

#[tokio::test]
async fn a_membership_that_the_server_manages_is_reported_as_remaining() {
    let world = World::acme().await;
    let request = departure(ADA, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(result.groups_removed, world.taken_links(&["Engineering", "Support"]));
    assert_eq!(world.groups_of(ADA), ["admin"]);
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("admin") && remaining.contains(ADA), "{remaining}");
}

#[tokio::test]
async fn v1_deletes_for_good() {
    let world = World::acme_over(Dialect::V1).await;
    let before = world.mock.state();
    let user = world.user_path(JOAN);
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
        "found, compared, deleted, read"
    );

    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
    assert!(again.tombstone.is_none() && again.writes.is_empty());
    assert_eq!(
        world.requests_with_queries(),
        ["GET /api/v1/users?email=joan%40acme.example", "GET /api/v1/users?page=1&pageSize=500"],
        "the whole listing confirms that no user has the address"
    );
}

#[tokio::test]
async fn v1_reports_a_deletion_that_only_disabled_as_deactivated() {
    let world = World::acme_over(Dialect::V1).await;
    world.instead(&format!("DELETE {}", world.user_path(JOAN)), 200, |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").is_disabled = true;
    });
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(written(&result.writes), ["user-disabled joan@acme.example"]);
}

/// Ken was disabled before. So his record does not show what the deletion did. It is asked for once.
#[tokio::test]
async fn v1_does_not_report_a_deletion_that_is_not_visible_as_deleted_or_deactivated() {
    let world = World::acme_over(Dialect::V1).await;
    world.mock.inject(Fault {
        method: Some("DELETE".into()),
        ..Fault::new(FaultKind::StaleReads { requests: 20 })
    });
    let request = departure(KEN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(written(&result.writes), ["user-deleted ken@acme.example ?"]);
    let [remaining] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(remaining.contains("still shows"), "{remaining}");
    assert_eq!(world.writes().len(), 1);
    world.mock.clear_faults();
    let again = done(world.tenant.deprovision(&request).await);
    assert_eq!(again.outcome, DeprovisionOutcome::AlreadyGone);
}

#[tokio::test]
async fn a_user_who_was_deleted_meanwhile_is_already_gone() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        world.before(&format!("DELETE {}", world.user_path(JOAN)), |acme| {
            let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
            acme.delete_user(&id).expect("Joan");
        });
        let request = departure(JOAN, DeprovisionMode::Delete);
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
        assert!(result.writes.is_empty());
        assert_eq!(world.writes().len(), 1);
    }
}

#[tokio::test]
async fn a_membership_that_ended_meanwhile_is_not_reported() {
    let world = World::acme().await;
    let (id, sid) = (world.id_of(JOAN), world.person(JOAN).sid());
    world.before(&format!("DELETE /api/v2/groups/{SUPPORT}/members/{sid}"), move |acme| {
        acme.leave(SUPPORT, &id).expect("Joan is in Support");
    });
    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.groups_removed, world.taken_links(&["viewer"]));
    assert_eq!(
        written(&result.writes),
        [
            "user-disabled joan@acme.example",
            "sessions-ended joan@acme.example",
            "member-removed joan@acme.example [viewer]",
        ]
    );
    assert!(world.groups_of(JOAN).is_empty());
}

#[tokio::test]
async fn v1_deletes_a_disabled_user() {
    let world = World::acme_over(Dialect::V1).await;
    let request = departure(KEN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
    assert!(!world.has(KEN));
}

#[tokio::test]
async fn an_unknown_user_is_already_gone_in_every_mode() {
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

/// `/api/v2` has no time of the last change. See `dialects::deprovision` and `evidence::age`.
#[tokio::test]
async fn v1_deletes_after_the_account_was_disabled_for_the_given_days() {
    let world = World::acme_over(Dialect::V1).await;
    let request = departure(JOAN, DeprovisionMode::DeleteOnceDisabled(1));
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
    // One day after the change, at the same time of the day, by the server's clock.
    let (due, changed) = (result.deletion_due.expect("a date"), world.person(JOAN).updated_at);
    assert!(changed.starts_with("2026-01-05T"), "{changed}");
    assert_eq!(due, changed.replacen("01-05", "01-06", 1));
    assert_eq!(result.disabled_since.as_deref(), Some(changed.as_str()));

    // A later edit restarts the count, by the server's clock.
    let request = DeprovisionRequest { disabled_since: result.disabled_since, ..request };
    world.shape(JOAN, |joan| joan.updated_at = "2999-12-30T23:30:00.500+01:00".into());
    world.mock.clear_requests();
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.deletion_due.as_deref(), Some("2999-12-31T22:30:00.500Z"));
    assert!(result.writes.is_empty() && world.writes().is_empty());

    world.shape(JOAN, |joan| joan.updated_at = "2020-01-01T00:00:00Z".into());
    let since = Some("2020-01-01T00:00:00Z".into());
    let request = DeprovisionRequest { disabled_since: since, ..request };
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
    assert_eq!(result.deletion_due, None);
    assert!(!world.has(JOAN));
}

/// The mock's clock is in January 2026. The host's clock is later in any case.
#[tokio::test]
async fn v1_does_not_delete_by_the_hosts_clock() {
    let world = World::acme_over(Dialect::V1).await;
    let since = "2025-12-20T00:00:00Z";
    world.shape(KEN, |ken| ken.updated_at = since.into());
    let request = |days| DeprovisionRequest {
        disabled_since: Some(since.into()),
        ..departure(KEN, DeprovisionMode::DeleteOnceDisabled(days))
    };
    let result = done(world.tenant.deprovision(&request(30)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
    assert_eq!(result.deletion_due.as_deref(), Some("2026-01-19T00:00:00.000Z"));
    assert!(world.writes().is_empty());

    let result = done(world.tenant.deprovision(&request(10)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deleted);
}

#[tokio::test]
async fn v1_does_not_delete_an_account_without_a_date_by_age() {
    let world = World::acme_over(Dialect::V1).await;
    for updated_at in ["some time ago", "2020-01-01T00:00:00Z"] {
        world.shape(KEN, |ken| ken.updated_at = updated_at.into());
        let request = departure(KEN, DeprovisionMode::DeleteOnceDisabled(1));
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyDeactivated);
        assert_eq!(result.deletion_due, None);
        assert_eq!(result.remaining.len(), 1);
        assert!(world.has(KEN));
    }
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
async fn protected_users_are_never_removed() {
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
async fn enough_other_enabled_administrators_must_remain() {
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
    // The minimum does not affect users who are not administrators.
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
async fn an_administrator_who_is_enabled_during_the_search_counts_as_one() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.is_admin = true);
    world.before(&format!("GET {}", world.user_path(KEN)), |acme| {
        acme.user_by_email_mut(KEN).expect("Ken").is_disabled = false;
    });
    let request =
        DeprovisionRequest { minimum_admins: Some(3), ..departure(KEN, DeprovisionMode::Disable) };
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_user_who_became_an_administrator_while_a_reply_was_lost_counts_as_one() {
    let world = World::acme().await;
    world.instead(&format!("PATCH {}", world.user_path(JOAN)), 500, |acme| {
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
async fn the_user_must_have_the_expected_id() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        let expecting = |expected| DeprovisionRequest {
            expected_id: Some(expected),
            ..departure(JOAN, DeprovisionMode::Delete)
        };
        // The same text as an id of another dialect is another id.
        let id = text(&world.user_id(JOAN)).to_owned();
        let same_text = [UserId::V1(id.clone()), UserId::V2(id.clone()), UserId::Scim(id)];
        let others = same_text.into_iter().filter(|id| *id != world.user_id(JOAN));
        for other in others.chain([world.user_id(KEN)]) {
            let (case, detail) = failed(world.tenant.deprovision(&expecting(other)).await);
            assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
        }
        assert!(world.writes().is_empty());
        done(world.tenant.deprovision(&expecting(world.user_id(JOAN))).await);
        match dialect {
            Dialect::V2 => assert!(world.person(JOAN).is_disabled),
            _ => assert!(!world.has(JOAN)),
        }
    }
}

#[tokio::test]
async fn the_address_is_matched_without_case() {
    let world = World::acme().await;
    let request = departure("  Joan@ACME.example ", DeprovisionMode::Disable);
    done(world.tenant.deprovision(&request).await);
    assert!(world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn of_two_users_with_one_address_neither_is_removed() {
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
