//! `ETag` and `If-Match`: if a record was changed meanwhile, it is read again before the change.

use std::sync::Arc;

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome, ProvisionRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Hook, Options, ScimQuirks};

use crate::support::acme::{JOAN, written};
use crate::support::dialects::known;
use crate::support::{World, departure, done, failed};

fn joanna() -> ProvisionRequest {
    ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) }
}

/// Returns the statuses of the write requests.
fn statuses(world: &World) -> Vec<Option<u16>> {
    world.writes().iter().map(|write| write.status).collect()
}

#[tokio::test]
async fn a_concurrent_change_is_read_and_kept() {
    let world = World::acme_over(Dialect::Scim).await;
    world.before(&format!("PATCH {}", world.user_path(JOAN)), |acme| {
        let joan = acme.user_by_email_mut(JOAN).expect("Joan");
        joan.last_name = Some("Married".into());
        joan.scim.insert("nickName".into(), "Jo".into());
    });
    let result = done(world.tenant.provision(&joanna()).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(written(&result.writes), ["user-updated joan@acme.example"]);
    assert_eq!(statuses(&world), [Some(412), Some(200)], "read again and sent once more");
    let joan = world.person(JOAN);
    assert_eq!(joan.first_name.as_deref(), Some("Joanna"));
    assert_eq!(joan.last_name.as_deref(), Some("Married"));
    assert_eq!(joan.scim["nickName"], "Jo");
}

#[tokio::test]
async fn a_concurrent_change_of_the_same_field_is_not_overwritten() {
    let world = World::acme_over(Dialect::Scim).await;
    world.before(&format!("PATCH {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").first_name = Some("Johanna".into());
    });
    let (case, detail) = failed(world.tenant.provision(&joanna()).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "server-refused"));
    assert_eq!(detail.http_status, Some(412));
    assert!(detail.message.contains("at the same time"), "{}", detail.message);
    assert_eq!(statuses(&world), [Some(412)]);
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("Johanna"));
}

#[tokio::test]
async fn a_record_that_always_changes_is_given_up_after_two_tries() {
    let world = World::acme_over(Dialect::Scim).await;
    let mock = Arc::downgrade(&world.mock);
    world.mock.on_request(move |_, logged| match (logged.method.as_str(), mock.upgrade()) {
        ("PATCH", Some(mock)) => {
            mock.edit(|acme| {
                let joan = acme.user_by_email_mut(JOAN).expect("Joan");
                let before = joan.scim.get("nickName").and_then(|name| name.as_str());
                let nick_name = format!("{}o", before.unwrap_or("J"));
                joan.scim.insert("nickName".into(), nick_name.into());
            });
            Hook::Respond(412)
        }
        _ => Hook::Serve,
    });
    let request = departure(JOAN, DeprovisionMode::Disable);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.http_status), ("permanent conflict", Some(412)));
    assert_eq!(statuses(&world), [Some(412), Some(412)]);
    assert!(detail.message.contains("at the same time"), "{}", detail.message);
    assert!(detail.writes.is_empty(), "{:?}", detail.writes);
    assert!(!world.person(JOAN).is_disabled);
}

/// A server without versions may refuse a precondition that it does not know.
#[tokio::test]
async fn without_a_version_no_precondition_is_sent() {
    let scim_quirks = ScimQuirks { no_etag: true, ..ScimQuirks::default() };
    let options = Options { scim_quirks, ..Options::default() };
    let world = World::acme_over_with(Dialect::Scim, options).await;
    world.before(&format!("PATCH {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").scim.insert("nickName".into(), "Jo".into());
    });
    let result = done(world.tenant.provision(&joanna()).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(statuses(&world), [Some(200)]);
    assert_eq!(world.person(JOAN).scim["nickName"], "Jo");
}
