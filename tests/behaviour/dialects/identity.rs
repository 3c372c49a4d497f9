//! Only the requested user is changed, whatever the server answers.

use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest,
};
use host_test::retool::synchronization::{AbsentPolicy, RosterEntry};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, User};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless};
use crate::support::dialects::{known, nina};
use crate::support::{World, by_email, departure, done, entry, failed, roster};

over_every_dialect!(
    an_ignored_filter_affects_no_other_user,
    a_new_user_is_created_if_the_filter_is_ignored,
    a_user_is_found_whatever_the_case_of_the_stored_address,
    an_account_with_a_new_address_is_not_changed,
    of_two_users_with_one_address_neither_is_changed,
    a_user_who_was_created_meanwhile_is_enabled_only_if_allowed,
    a_response_about_another_user_is_refused,
    any_id_stays_one_segment_of_the_path,
    people_of_one_name_who_are_created_and_removed_may_be_the_same_person,
);

async fn an_ignored_filter_affects_no_other_user(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    let before = world.mock.state();
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(found.id, world.user_id(JOAN));
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    for mode in
        [DeprovisionMode::Disable, DeprovisionMode::DisableAndStripGroups, DeprovisionMode::Delete]
    {
        let result = done(world.tenant.deprovision(&departure(NEW, mode)).await);
        assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);

    done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    let disabled: Vec<_> = world.mock.state().users;
    let disabled = disabled.iter().filter(|user| user.is_disabled).map(|user| user.email.as_str());
    assert_eq!(disabled.collect::<Vec<_>>(), [JOAN, KEN]);
}

async fn a_new_user_is_created_if_the_filter_is_ignored(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(Fault::new(FaultKind::IgnoreFilter));
    let before = world.mock.state();
    let result = done(world.tenant.provision(&nina(dialect)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.id, world.user_id(NEW));
    assert_eq!(world.mock.state().users[..4], before.users[..]);
}

/// A case-sensitive filter hides no user.
async fn a_user_is_found_whatever_the_case_of_the_stored_address(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.shape(JOAN, |joan| joan.email = "Joan@ACME.example".into());
    world.mock.inject(Fault::new(FaultKind::ExactFilter));
    let result = done(world.tenant.provision(&known(JOAN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty(), "no second account is created");
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
}

/// Between the search by address and the read by id, the account gets another address.
async fn an_account_with_a_new_address_is_not_changed(dialect: Dialect) {
    let renamed = async || {
        let world = World::acme_over(dialect).await;
        world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
            acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
        });
        world
    };
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let world = renamed().await;
        let (case, detail) = failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
        assert!(world.writes().is_empty());
    }
    let world = renamed().await;
    let request = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
    let (_, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!(detail.code, "wrong-person");
    assert!(world.writes().is_empty());
}

async fn of_two_users_with_one_address_neither_is_changed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            legacy_id: 99,
            ..acme.user_by_email(JOAN).expect("Joan").clone()
        };
        acme.users.push(twin);
    });
    let joanna = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
    for (case, detail) in [
        failed(world.tenant.provision(&joanna).await),
        failed(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await),
    ] {
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-user"));
    }
    assert!(world.writes().is_empty());
}

/// The response to the creation is a 409. The existing user was not created by this call.
async fn a_user_who_was_created_meanwhile_is_enabled_only_if_allowed(dialect: Dialect) {
    for (disabled, allowed) in [(false, false), (true, true), (true, false)] {
        let world = World::acme_over(dialect).await;
        world.before(&format!("POST {}", world.users_path()), move |acme| {
            let meanwhile = User {
                first_name: Some("Nina".into()),
                last_name: Some("Newman".into()),
                is_disabled: disabled,
                ..User::new(NEW)
            };
            acme.add_user(meanwhile).expect("a new address");
        });
        let request = ProvisionRequest { re_enable_disabled: allowed, ..nina(dialect) };
        if disabled && !allowed {
            let (case, detail) = failed(world.tenant.provision(&request).await);
            assert_eq!((case, detail.code.as_str()), ("permanent refused", "user-disabled"));
            assert!(world.person(NEW).is_disabled);
        } else {
            let result = done(world.tenant.provision(&request).await);
            let outcome =
                if disabled { ProvisionOutcome::ReEnabled } else { ProvisionOutcome::Unchanged };
            assert_eq!(result.outcome, outcome);
            assert!(!result.invitation_sent && !world.person(NEW).is_disabled);
        }
        let users = world.mock.state().users;
        assert_eq!(users.iter().filter(|user| user.email == NEW).count(), 1);
    }
}

/// A proxy that mixes up responses returns Grace's record instead of Joan's.
async fn a_response_about_another_user_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let id = crate::support::dialects::text(&world.user_id(GRACE)).to_owned();
    let body = match dialect {
        Dialect::V1 => format!(r#"{{"id":"{id}","email":"{JOAN}","isAdmin":false}}"#),
        Dialect::V2 => format!(r#"{{"success":true,"data":{{"id":"{id}","email":"{JOAN}"}}}}"#),
        _ => format!(r#"{{"id":"{id}","userName":"{JOAN}","active":true}}"#),
    };
    world.mock.inject(Fault {
        method: Some("GET".into()),
        path: Some(world.user_path(JOAN)),
        ..Fault::new(FaultKind::Status { code: 200, retry_after: None, body: Some(body) })
    });
    for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
        let (case, detail) = failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "wrong-person"));
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

async fn any_id_stays_one_segment_of_the_path(dialect: Dialect) {
    for id in ["../groups/4", "a b", "%2e%2e", "a/b?c#d", "..%2f", "é\\"] {
        let world = World::acme_over(dialect).await;
        world.shape(JOAN, |joan| joan.id = id.into());
        let before = world.mock.state();
        let joan = world.user_id(JOAN);
        let result =
            done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
        assert_eq!(result.tombstone.expect("a tombstone").user.id, joan, "{id}");
        let after = world.mock.state();
        assert!(after.users[2].is_disabled, "{id}");
        assert_eq!(after.groups, before.groups);
        for (now, was) in after.users.iter().zip(before.users).filter(|(now, _)| now.email != JOAN)
        {
            assert_eq!(timeless(now.clone()), timeless(was));
        }
        for request in &world.requests() {
            let (_, path) = request.split_once(' ').expect("a path");
            let rest = path.strip_prefix(world.users_path());
            let Some(rest) = rest.and_then(|rest| rest.strip_prefix('/')) else { continue };
            let rest = rest.strip_suffix("/logout").unwrap_or(rest);
            assert!(!rest.contains('/') && !rest.is_empty(), "{path}");
        }
        assert!(world.has(ADA));
    }
}

/// Somebody with a new address. The plan says so beside both, and an approver can look.
async fn people_of_one_name_who_are_created_and_removed_may_be_the_same_person(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.shape(KEN, |ken| {
        ken.is_disabled = false;
        ken.first_name = Some("Ken".into());
        ken.last_name = Some("Kelly".into());
    });
    let named = |first: &str| RosterEntry {
        first_name: Some(first.into()),
        last_name: Some("Kelly".into()),
        ..entry(NEW)
    };
    for (first, is_said) in [("ken", true), ("Kim", false)] {
        let mut request = roster(vec![entry(ADA), entry(GRACE), entry(JOAN), named(first)]);
        request.policy.absent = AbsentPolicy::Disable;
        let plan = done(world.tenant.plan_sync(&request).await);
        let text = plan.limitations.iter().find(|text| text.contains("may be the same person"));
        assert_eq!(text.is_some(), is_said, "{:?}", plan.limitations);
        assert!(text.is_none_or(|text| text.contains(NEW) && text.contains(KEN)));
    }
    assert!(world.writes().is_empty());
}
