//! What is special about `/api/v2`.

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, ProvisionRequest};
use host_test::retool::types::{Dialect, GroupId, GroupRef, UserType};
use mock_retool::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, departure, done, failed, memberships, named};

async fn acme() -> World {
    World::acme_over(Dialect::V2).await
}

/// Returns a fault that refuses a request with the status of a success.
fn refusal() -> FaultKind {
    let body = r#"{"success":false,"message":"Not today"}"#;
    FaultKind::Status { code: 200, retry_after: None, body: Some(body.to_owned()) }
}

#[tokio::test]
async fn a_refused_read_with_status_200_is_an_error() {
    for path in ["/api/v2/users", "/api/v2/user_invites", "/api/v2/groups"] {
        let world = acme().await;
        let kind = refusal();
        world.mock.inject(Fault { path: Some(path.into()), ..Fault::new(kind) });
        let request =
            ProvisionRequest { groups: memberships([named("Support")]), ..nina(Dialect::V2) };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent conflict", "server-refused"),
            "{path}"
        );
        assert!(world.writes().is_empty() && !world.has(NEW), "{path}");
    }
}

#[tokio::test]
async fn a_refused_write_with_status_200_is_not_reported_as_done() {
    for (method, mode) in [("PATCH", DeprovisionMode::Disable), ("DELETE", DeprovisionMode::Delete)]
    {
        let world = acme().await;
        world.mock.inject(Fault { method: Some(method.into()), ..Fault::new(refusal()) });
        let (_, detail) = failed(world.tenant.deprovision(&departure(JOAN, mode)).await);
        assert_eq!(detail.code, "server-refused", "{method}");
        assert!(!world.person(JOAN).is_disabled);
        assert!(!written(&detail.writes).iter().any(|line| !line.ends_with('?')), "{method}");
    }
    let world = acme().await;
    world.mock.inject(Fault { method: Some("POST".into()), ..Fault::new(refusal()) });
    let (_, detail) = failed(world.tenant.provision(&nina(Dialect::V2)).await);
    assert_eq!(detail.code, "server-refused");
    assert!(!world.has(NEW));
}

/// Other clients stored numbers in 32-bit floats, which can't hold these.
#[tokio::test]
async fn numbers_that_a_float_can_not_hold_are_preserved() {
    let world = acme().await;
    let legacy_id = world.person(JOAN).legacy_id;
    assert!(legacy_id > 16_777_216, "{legacy_id}");
    let large = 16_777_217;
    world.mock.edit(|acme| {
        acme.group_mut(6).expect("Finance").id = large;
        let joan = acme.user_by_email_mut(JOAN).expect("Joan");
        joan.metadata.insert("number".into(), json!(9_007_199_254_740_993_u64));
    });
    let group = GroupRef::Id(GroupId::Rest(large.to_string()));
    let request = ProvisionRequest {
        first_name: Some("Joanna".into()),
        groups: memberships([group]),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.groups_added, world.links(&["Finance"]));
    assert_eq!(world.members_of("Finance"), [JOAN]);
    let joan = world.person(JOAN);
    assert_eq!(joan.legacy_id, legacy_id);
    assert_eq!(joan.metadata["number"], json!(9_007_199_254_740_993_u64));

    let left = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    let raw = left.tombstone.expect("a tombstone").raw.expect("a record");
    let raw: Value = serde_json::from_str(&raw).expect("JSON");
    assert_eq!(raw["legacy_id"], json!(legacy_id));
    assert_eq!(raw["metadata"]["number"], json!(9_007_199_254_740_993_u64));
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let world = acme().await;
    let request = ProvisionRequest {
        first_name: Some("Joanna".into()),
        last_name: Some("Doe".into()),
        user_type: Some(UserType::Mobile),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(
        changed(&result.changes),
        ["first-name: joan -> Joanna", "user-type: default -> mobile"]
    );
    assert_eq!(
        world.body_of_the_write(),
        json!({"operations": [
            {"op": "replace", "path": "/first_name", "value": "Joanna"},
            {"op": "replace", "path": "/user_type", "value": "mobile"},
        ]})
    );
    assert_eq!(world.person(JOAN).user_type, "mobile");

    world.mock.clear_requests();
    done(world.tenant.deprovision(&departure(GRACE, DeprovisionMode::Disable)).await);
    let [disabled, logout] = &world.writes()[..] else { panic!("{:?}", world.writes()) };
    assert_eq!(
        disabled.body["operations"],
        json!([{"op": "replace", "path": "/active", "value": false}])
    );
    assert!(logout.path.ends_with("/logout"));
}

/// A user type that the component does not know is kept by every change.
#[tokio::test]
async fn an_unknown_user_type_is_kept() {
    let world = acme().await;
    let body = |first: &str| {
        let record = json!({
            "id": world.person(JOAN).sid(), "email": JOAN, "first_name": first, "last_name": "Doe",
            "active": true, "is_admin": false, "user_type": "hologram", "seat_type": "builder",
        });
        json!({"success": true, "data": record}).to_string()
    };
    let answers = |method: &str, body: String| Fault {
        method: Some(method.into()),
        path: Some(world.user_path(JOAN)),
        ..Fault::new(FaultKind::Status { code: 200, retry_after: None, body: Some(body) })
    };
    world.mock.inject(answers("GET", body("joan")));
    world.mock.inject(answers("PATCH", body("Joanna")));
    let request = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
    let (_, detail) = failed(world.tenant.provision(&request).await);
    // The change is not visible, because the responses to reads are fixed. Only what was sent
    // matters.
    assert_eq!(detail.code, "not-verified");
    let writes = world.writes();
    assert!(writes.iter().all(|write| !write.body.to_string().contains("hologram")));
    assert_eq!(
        writes[0].body["operations"],
        json!([{"op": "replace", "path": "/first_name", "value": "Joanna"}])
    );
}

/// The server answers the DELETE of a disabled user with 422.
#[tokio::test]
async fn a_deletion_of_a_user_who_was_disabled_meanwhile_is_no_failure() {
    let world = acme().await;
    world.before(&format!("DELETE {}", world.user_path(JOAN)), |acme| {
        let id = acme.user_by_email(JOAN).expect("Joan").id.clone();
        acme.disable_user(&id).expect("Joan");
    });
    let result = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await);
    assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
    assert!(world.person(JOAN).is_disabled);
    assert_eq!(world.members_of("Support"), [ADA, JOAN, KEN]);
}

/// A concurrent change of another field is not undone, because only the own fields are sent. It is
/// reported all the same, because the rest of the record is not as it was.
#[tokio::test]
async fn a_concurrent_change_stays_and_is_reported() {
    let world = acme().await;
    world.before(&format!("PATCH {}", world.user_path(JOAN)), |acme| {
        let joan = acme.user_by_email_mut(JOAN).expect("Joan");
        joan.metadata.insert("team".into(), json!("blue"));
    });
    world.shape(JOAN, |joan| {
        joan.metadata.insert("team".into(), json!("red"));
    });
    let request = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
    let (_, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!(detail.code, "not-verified");
    assert!(detail.message.contains("metadata"), "{}", detail.message);
    let joan = world.person(JOAN);
    assert_eq!(
        (joan.first_name.as_deref(), &joan.metadata["team"]),
        (Some("Joanna"), &json!("blue"))
    );
    let again = done(world.tenant.provision(&request).await);
    assert!(again.writes.is_empty(), "nothing differs any more");
}
