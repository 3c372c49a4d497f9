//! A change of some fields keeps all others. On `/api/v1` a PUT replaces the whole record and
//! resets what it omits: the component reads, merges, writes and verifies. On `/api/v2` a PATCH
//! contains only the fields that differ, and the component verifies that no other field changed.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::RosterEntry;
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Group};
use serde_json::{Value, json};

use crate::support::acme::{JOAN, KEN, timeless, unknown_fields, written};
use crate::support::{World, arrival, changing, departure, done, entry, failed, named, roster};

fn renamed(last_name: &str) -> ProvisionRequest {
    ProvisionRequest { last_name: Some(last_name.into()), ..arrival(JOAN) }
}

#[tokio::test]
async fn v2_sends_only_the_field_that_differs() {
    let world = World::acme().await;
    done(world.tenant.provision(&renamed("Clarke")).await);
    let operation = json!({"op": "replace", "path": "/last_name", "value": "Clarke"});
    assert_eq!(world.body_of_the_write(), json!({ "operations": [operation] }));
}

#[tokio::test]
async fn v1_sends_back_every_field_that_it_received() {
    let world = World::acme_over(Dialect::V1).await;
    done(world.tenant.provision(&renamed("Clarke")).await);
    let mut expected = json!({
        "email": JOAN,
        "firstName": "joan",
        "lastName": "Clarke",
        "profilePhotoUrl": "https://acme.example/joan.png",
        "isAdmin": false,
        "isDisabled": false,
        "userType": "default",
    });
    for (field, value) in unknown_fields() {
        expected[field] = value;
    }
    assert_eq!(world.body_of_the_write(), expected, "and no field that the server sets itself");
}

/// Calls every function that changes a user. `dialects::kept` does the same over each dialect.
#[tokio::test]
async fn v1_loses_no_field_in_any_change_of_a_user() {
    let world = World::acme_over(Dialect::V1).await;
    let mut joan = world.person(JOAN);
    let mut ken = world.person(KEN);

    done(world.tenant.provision(&renamed("Clarke")).await);
    joan.last_name = Some("Clarke".into());
    assert_eq!(timeless(world.person(JOAN)), timeless(joan.clone()));

    done(world.tenant.provision(&arrival(KEN)).await);
    (ken.is_disabled, ken.user_type) = (false, "default".into());
    assert_eq!(timeless(world.person(KEN)), timeless(ken.clone()));

    for mode in [DeprovisionMode::Disable, DeprovisionMode::DeleteOnceDisabled(7)] {
        world.shape(KEN, |ken| ken.is_disabled = false);
        done(world.tenant.deprovision(&departure(KEN, mode)).await);
        ken.is_disabled = true;
        assert_eq!(timeless(world.person(KEN)), timeless(ken.clone()));
    }

    let update = || {
        roster(vec![RosterEntry { first_name: Some("Joanna".into()), ..entry(JOAN) }, entry(KEN)])
    };
    done(world.tenant.sync(&update()).await);
    joan.first_name = Some("Joanna".into());
    ken.is_disabled = false;
    assert_eq!(timeless(world.person(JOAN)), timeless(joan.clone()));
    assert_eq!(timeless(world.person(KEN)), timeless(ken));

    world.shape(JOAN, |joan| joan.first_name = Some("J".into()));
    let plan = done(world.tenant.plan_sync(&update()).await);
    for step in &plan.steps {
        done(world.tenant.apply_step(step).await);
    }
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(timeless(world.person(JOAN)), timeless(joan));
}

/// For `/api/v2` see `dialects::v2`.
#[tokio::test]
async fn v1_keeps_an_unknown_user_type() {
    let world = World::acme_over(Dialect::V1).await;
    world.shape(JOAN, |joan| joan.user_type = "builder".into());
    let request = ProvisionRequest { user_type: None, ..renamed("Clarke") };
    done(world.tenant.provision(&request).await);
    assert_eq!(world.person(JOAN).user_type, "builder");
}

#[tokio::test]
async fn empty_fields_stay_empty() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        world.shape(JOAN, |joan| {
            joan.first_name = None;
            joan.profile_photo_url = None;
            joan.extra.clear();
        });
        let before = world.person(JOAN);
        done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
        let mut expected = before;
        expected.is_disabled = true;
        assert_eq!(timeless(world.person(JOAN)), timeless(expected));
    }
}

/// What another administrator changes between the search and the PATCH stays.
#[tokio::test]
async fn v2_keeps_a_change_that_was_made_after_the_search() {
    let world = World::acme().await;
    world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
        let joan = acme.user_by_email_mut(JOAN).expect("Joan");
        joan.first_name = Some("Joanna".into());
        joan.metadata.insert("locale".into(), "fr-FR".into());
    });
    done(world.tenant.provision(&renamed("Clarke")).await);
    let joan = world.person(JOAN);
    assert_eq!(joan.first_name.as_deref(), Some("Joanna"));
    assert_eq!(joan.last_name.as_deref(), Some("Clarke"));
    assert_eq!(joan.metadata["locale"], "fr-FR");
}

/// What another administrator changes between the search and the read is merged, not undone.
#[tokio::test]
async fn v1_merges_into_the_record_that_was_read_last() {
    let world = World::acme_over(Dialect::V1).await;
    let user = world.user_path(JOAN);
    world.before(&format!("GET {user}"), |acme| {
        let joan = acme.user_by_email_mut(JOAN).expect("Joan");
        joan.first_name = Some("Joanna".into());
        joan.extra.insert("locale".into(), "fr-FR".into());
    });
    done(world.tenant.provision(&renamed("Clarke")).await);
    let joan = world.person(JOAN);
    assert_eq!(joan.first_name.as_deref(), Some("Joanna"));
    assert_eq!(joan.last_name.as_deref(), Some("Clarke"));
    assert_eq!(joan.extra["locale"], "fr-FR");
}

#[tokio::test]
async fn a_response_that_lacks_a_field_is_verified_by_a_read() {
    let world = World::acme().await;
    let user = world.user_path(JOAN);
    world.mock.inject(Fault {
        method: Some("PATCH".into()),
        ..Fault::new(FaultKind::OmitField("metadata".into()))
    });
    let request = departure(JOAN, DeprovisionMode::Disable);
    done(world.tenant.deprovision(&request).await);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v2/users".to_owned(),
            "GET /api/v2/user_invites".to_owned(),
            format!("GET {user}"),
            format!("PATCH {user}"),
            format!("GET {user}"),
            format!("POST {user}/logout"),
        ],
        "found, read, changed, verified, logged out"
    );
}

#[tokio::test]
async fn v1_verifies_a_response_that_lacks_a_field_by_a_read() {
    let world = World::acme_over(Dialect::V1).await;
    let user = world.user_path(JOAN);
    world.mock.inject(Fault {
        method: Some("PUT".into()),
        ..Fault::new(FaultKind::OmitField("locale".into()))
    });
    let request = departure(JOAN, DeprovisionMode::Disable);
    done(world.tenant.deprovision(&request).await);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v1/users".to_owned(),
            format!("GET {user}"),
            format!("PUT {user}"),
            format!("GET {user}"),
        ],
        "found, read to merge, written, verified"
    );
}

#[tokio::test]
async fn a_write_that_loses_a_field_is_reported() {
    for (dialect, write, field) in
        [(Dialect::V1, "PUT", "locale"), (Dialect::V2, "PATCH", "metadata")]
    {
        let world = World::acme_over(dialect).await;
        let user = world.user_path(JOAN);
        // The server drops a field. It is missing from the response and from every later read.
        for method in [write, "GET"] {
            world.mock.inject(Fault {
                method: Some(method.into()),
                path: Some(user.clone()),
                skip: u32::from(method == "GET"),
                ..Fault::new(FaultKind::OmitField(field.into()))
            });
        }
        let request = departure(JOAN, DeprovisionMode::Disable);
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
        assert!(detail.message.contains(field), "{}", detail.message);
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
        assert_eq!(written(&detail.writes), ["user-disabled joan@acme.example ?"]);
    }
}

#[tokio::test]
async fn v2_keeps_the_other_fields_of_a_group() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        let support = acme.group_mut(5).expect("Support");
        support.universal_app_access = "edit".into();
        support.access.audit_log_access = true;
        support.extra = unknown_fields();
    });
    let before = world.group("Support");
    let request =
        ChangeGroupRequest { new_name: Some("Helpdesk".into()), ..changing(named("Support")) };
    done(world.tenant.change_group(&request).await);
    let after = world.group("Helpdesk");
    let expected =
        Group { name: "Helpdesk".into(), updated_at: after.updated_at.clone(), ..before };
    assert_eq!(after, expected);
    let operation = json!({"op": "replace", "path": "/name", "value": "Helpdesk"});
    assert_eq!(world.body_of_the_write(), json!({ "operations": [operation] }));
}

#[tokio::test]
async fn v1_sends_back_every_field_of_a_group() {
    let world = World::acme_over(Dialect::V1).await;
    world.mock.edit(|acme| {
        let support = acme.group_mut(5).expect("Support");
        support.universal_app_access = "edit".into();
        support.extra = unknown_fields();
    });
    let before = world.group("Support");
    let request =
        ChangeGroupRequest { new_name: Some("Helpdesk".into()), ..changing(named("Support")) };
    done(world.tenant.change_group(&request).await);
    let after = world.group("Helpdesk");
    assert_eq!(
        (after.id, after.universal_app_access, after.extra),
        (before.id, before.universal_app_access, before.extra)
    );

    let body = world.body_of_the_write();
    assert_eq!(body["name"], "Helpdesk");
    assert_eq!(body["universalAppAccess"], "edit");
    assert_eq!(body["largest"], json!(u64::MAX));
    for managed in ["id", "createdAt", "updatedAt", "members"] {
        assert_eq!(body.get(managed), None::<&Value>, "{managed}");
    }
}

/// The refusal of the second try does not show what the first try did.
#[tokio::test]
async fn a_change_that_was_lost_and_then_refused_is_reported_as_unknown() {
    for (dialect, method) in [(Dialect::V1, "PUT"), (Dialect::V2, "PATCH")] {
        for code in [403, 409] {
            let world = World::acme_over(dialect).await;
            let fault =
                |times, kind| Fault { method: Some(method.into()), times, ..Fault::new(kind) };
            let refusal = FaultKind::Status { code, retry_after: None, body: None };
            world.mock.inject(fault(Some(1), FaultKind::Reset));
            world.mock.inject(fault(None, refusal));
            let (_, detail) = failed(world.tenant.provision(&renamed("Clarke")).await);
            assert_eq!(detail.http_status, Some(code));
            assert_eq!(written(&detail.writes), ["user-updated joan@acme.example ?"], "{code}");
        }
    }
}
