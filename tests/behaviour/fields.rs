//! A PUT replaces the whole record and resets what it leaves out; the component never lets it
//! lose a field: it reads, merges, writes and verifies.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::RosterEntry;
use mock_retool::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::acme::{JOAN, KEN, timeless, unknown_fields, written};
use crate::support::{World, arrival, changing, departure, done, entry, failed, named, roster};

fn renamed(last_name: &str) -> ProvisionRequest {
    ProvisionRequest { last_name: Some(last_name.into()), ..arrival(JOAN) }
}

#[tokio::test]
async fn what_came_with_get_goes_back_as_it_was() {
    let world = World::acme().await;
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
    assert_eq!(world.body_of_the_write(), expected, "and nothing that the server sets itself");
}

/// Every function that changes a person.
#[tokio::test]
async fn no_way_of_changing_somebody_loses_a_field() {
    let world = World::acme().await;
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

/// "Kept as it is by every update."
#[tokio::test]
async fn a_user_type_that_nobody_knows_is_kept() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| joan.user_type = "builder".into());
    let request = ProvisionRequest { user_type: None, ..renamed("Clarke") };
    done(world.tenant.provision(&request).await);
    assert_eq!(world.person(JOAN).user_type, "builder");
}

#[tokio::test]
async fn fields_that_are_empty_stay_empty() {
    let world = World::acme().await;
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

/// What another administrator sets between the search and the read is merged, not undone.
#[tokio::test]
async fn the_merge_is_into_what_was_read_last() {
    let world = World::acme().await;
    let user = world.path_of(JOAN);
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
async fn an_answer_that_does_not_show_everything_is_verified_by_reading() {
    let world = World::acme().await;
    let user = world.path_of(JOAN);
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
    let world = World::acme().await;
    let user = world.path_of(JOAN);
    // The server drops a field that was sent: its answer and every later read lack it.
    for method in ["PUT", "GET"] {
        world.mock.inject(Fault {
            method: Some(method.into()),
            path: Some(user.clone()),
            skip: u32::from(method == "GET"),
            ..Fault::new(FaultKind::OmitField("locale".into()))
        });
    }
    let request = departure(JOAN, DeprovisionMode::Disable);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
    assert!(detail.message.contains("locale"), "{}", detail.message);
    assert_eq!(detail.subject.as_deref(), Some(JOAN));
    assert_eq!(written(&detail.writes), ["user-disabled joan@acme.example ?"]);
}

#[tokio::test]
async fn a_group_keeps_the_fields_that_are_not_given() {
    let world = World::acme().await;
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

/// The first answer says nothing, and the second only of itself.
#[tokio::test]
async fn a_change_that_was_lost_and_then_refused_may_have_been_made() {
    for code in [403, 409] {
        let world = World::acme().await;
        let put = |times, kind| Fault { method: Some("PUT".into()), times, ..Fault::new(kind) };
        world.mock.inject(put(Some(1), FaultKind::Reset));
        world.mock.inject(put(None, FaultKind::Status { code, retry_after: None, body: None }));
        let (_, detail) = failed(world.tenant.provision(&renamed("Clarke")).await);
        assert_eq!(detail.http_status, Some(code));
        assert_eq!(written(&detail.writes), ["user-updated joan@acme.example ?"], "{code}");
    }
}
