//! The forms of a change that a SCIM server accepts, and the versions that it compares.

use host_test::TenantOptions;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome, ProvisionRequest};
use host_test::retool::synchronization::{RosterEntry, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{FormSupport, IfMatchRule, Options, PatchForms, ScimQuirks};
use serde_json::{Value, json};

use crate::support::acme::{GRACE, JOAN, changed, written};
use crate::support::dialects::known;
use crate::support::{World, changing, departure, done, entry, failed, host, named, roster};

const PATCH_WORKS: PatchForms =
    PatchForms { by_path: FormSupport::Works, by_value: FormSupport::Works };

async fn scim(scim_quirks: ScimQuirks) -> World {
    let options = Options { scim_quirks, ..Options::default() };
    let world = World::acme_over_with(Dialect::Scim, options).await;
    world.shape(JOAN, |joan| {
        joan.scim.insert("nickName".into(), "Jo".into());
    });
    world
}

fn joanna() -> ProvisionRequest {
    ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) }
}

/// A roster that renames two people.
fn both_are_jo() -> SyncRequest {
    let jo = |email| RosterEntry { first_name: Some("Jo".into()), ..entry(email) };
    roster(vec![jo(GRACE), jo(JOAN)])
}

/// The writes: method, the paths of its operations, and the status.
fn sent(world: &World) -> Vec<(String, Vec<Option<String>>, u16)> {
    let path = |operation: &Value| operation["path"].as_str().map(str::to_owned);
    let paths = |body: &Value| match body["Operations"].as_array() {
        Some(operations) => operations.iter().map(path).collect(),
        None => Vec::new(),
    };
    let writes = world.writes().into_iter();
    writes
        .map(|write| (write.method, paths(&write.body), write.status.unwrap_or_default()))
        .collect()
}

fn statuses(world: &World) -> Vec<u16> {
    sent(world).into_iter().map(|(_, _, status)| status).collect()
}

/// Joan is called Joanna, and has kept everything else.
fn assert_joanna(world: &World, how: &str) {
    let joan = world.person(JOAN);
    assert_eq!(joan.first_name.as_deref(), Some("Joanna"), "{how}");
    assert_eq!(joan.last_name.as_deref(), Some("Doe"), "{how}");
    assert_eq!(joan.scim["nickName"], "Jo", "{how}");
    assert!(!joan.is_disabled, "{how}");
    assert_eq!(world.groups_of(JOAN), ["Support", "viewer"], "{how}");
}

#[tokio::test]
async fn a_version_that_the_server_never_accepts_is_no_conflict() {
    for (strong_etags, if_match, expected) in [
        (false, IfMatchRule::Lenient, vec![200]),
        (true, IfMatchRule::Strong, vec![200]),
        (false, IfMatchRule::StrongForm, vec![412, 200]),
        (false, IfMatchRule::Strong, vec![412, 412, 200]),
        (false, IfMatchRule::Never, vec![412, 412, 200]),
        (true, IfMatchRule::Never, vec![412, 200]),
    ] {
        let how = format!("{strong_etags} {if_match:?}");
        let world = scim(ScimQuirks { strong_etags, if_match, ..ScimQuirks::default() }).await;
        let result = done(world.tenant.provision(&joanna()).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated, "{how}");
        assert_eq!(written(&result.writes), ["user-updated joan@acme.example"], "{how}");
        assert_eq!(statuses(&world), expected, "{how}");
        assert_joanna(&world, &how);
        // The same for a group, and for a removal.
        let mut request = changing(named("Support"));
        request.new_name = Some("Help".into());
        done(world.tenant.change_group(&request).await);
        assert_eq!(world.members_of("Help").len(), 3, "{how}");
        let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        done(world.tenant.deprovision(&request).await);
        assert!(world.person(JOAN).is_disabled, "{how}");
    }
}

/// What the first write taught holds for the rest of the call.
#[tokio::test]
async fn a_refused_version_is_demanded_once_in_a_call() {
    let world = scim(ScimQuirks { if_match: IfMatchRule::Never, ..ScimQuirks::default() }).await;
    let report = done(world.tenant.sync(&both_are_jo()).await);
    assert!(report.complete, "{:?}", report.people);
    let refused = statuses(&world).into_iter().filter(|status| *status == 412).count();
    // Both people may be in flight at the same time.
    assert!((2..=4).contains(&refused), "{:?}", statuses(&world));
}

/// Without a version the next change of somebody else would be lost, so only a record that is still
/// what was read is changed.
#[tokio::test]
async fn another_administrators_change_is_a_conflict_also_where_no_version_is_accepted() {
    let world = scim(ScimQuirks { if_match: IfMatchRule::Never, ..ScimQuirks::default() }).await;
    world.before(&format!("PATCH {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").first_name = Some("Johanna".into());
    });
    let (case, detail) = failed(world.tenant.provision(&joanna()).await);
    assert_eq!((case, detail.http_status), ("permanent conflict", Some(412)));
    assert!(detail.message.contains("at the same time"), "{}", detail.message);
    assert!(detail.writes.is_empty());
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("Johanna"));
}

#[tokio::test]
async fn a_412_without_any_version_does_not_blame_another_administrator() {
    let if_match = IfMatchRule::AlwaysOutdated;
    let world = scim(ScimQuirks { if_match, ..ScimQuirks::default() }).await;
    let before = world.mock.state();
    for request in [DeprovisionMode::Disable, DeprovisionMode::DisableAndStripGroups] {
        world.mock.clear_requests();
        let (case, detail) = failed(world.tenant.deprovision(&departure(JOAN, request)).await);
        assert_eq!((case, detail.http_status), ("permanent conflict", Some(412)));
        assert!(detail.message.contains("still what was read"), "{}", detail.message);
        assert!(detail.writes.is_empty(), "{:?}", detail.writes);
        assert!(statuses(&world).len() <= 3, "{:?}", statuses(&world));
    }
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn a_user_is_changed_in_the_form_that_the_server_knows() {
    use FormSupport::{Ignored, Refused, Unknown, Works};
    let by_path = || ("PATCH".to_owned(), vec![Some("name.givenName".to_owned())]);
    let by_value = || ("PATCH".to_owned(), vec![None]);
    let whole = || ("PUT".to_owned(), Vec::new());
    for (path, value, expected) in [
        (Works, Refused, vec![by_path()]),
        (Refused, Works, vec![by_path(), by_value()]),
        (Unknown, Works, vec![by_path(), by_value()]),
        (Ignored, Works, vec![by_path(), by_value()]),
        (Refused, Refused, vec![by_path(), by_value(), whole()]),
        (Unknown, Unknown, vec![by_path(), by_value(), whole()]),
        (Unknown, Refused, vec![by_path(), by_value(), whole()]),
    ] {
        let how = format!("{path:?} {value:?}");
        let user_patch = PatchForms { by_path: path, by_value: value };
        let world = scim(ScimQuirks { user_patch, ..ScimQuirks::default() }).await;
        let result = done(world.tenant.provision(&joanna()).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated, "{how}");
        assert_eq!(written(&result.writes), ["user-updated joan@acme.example"], "{how}");
        let forms: Vec<_> =
            sent(&world).into_iter().map(|(method, paths, _)| (method, paths)).collect();
        assert_eq!(forms, expected, "{how}");
        assert_joanna(&world, &how);
        // Disabling goes the same way, and memberships are kept.
        let request = departure(JOAN, DeprovisionMode::Disable);
        done(world.tenant.deprovision(&request).await);
        let joan = world.person(JOAN);
        assert!(joan.is_disabled, "{how}");
        assert_eq!(joan.first_name.as_deref(), Some("Joanna"), "{how}");
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"], "{how}");
    }
}

#[tokio::test]
async fn a_form_that_is_refused_is_sent_once_in_a_call() {
    let user_patch = PatchForms { by_path: FormSupport::Refused, ..PATCH_WORKS };
    let world = scim(ScimQuirks { user_patch, ..ScimQuirks::default() }).await;
    let report = done(world.tenant.sync(&both_are_jo()).await);
    assert!(report.complete, "{:?}", report.people);
    let refused = statuses(&world).into_iter().filter(|status| *status == 400).count();
    // Both people may be in flight at the same time.
    assert!((1..=2).contains(&refused), "{:?}", statuses(&world));
}

#[tokio::test]
async fn a_put_that_costs_memberships_is_undone_told_and_not_repeated() {
    let user_patch = PatchForms { by_path: FormSupport::Unknown, by_value: FormSupport::Unknown };
    let world =
        scim(ScimQuirks { user_patch, put_leaves_groups: true, ..ScimQuirks::default() }).await;
    let (case, detail) = failed(world.tenant.provision(&joanna()).await);
    assert!(case.starts_with("permanent"), "{case}");
    assert_eq!(detail.code, "not-verified", "{}", detail.message);
    assert!(
        detail.message.contains("Support") && detail.message.contains("put back"),
        "{}",
        detail.message
    );
    // Over SCIM the built-in group `viewer` can be joined, too.
    assert_joanna(&world, "put back");
    // In a sync of two people, only the first can be hit.
    let world =
        scim(ScimQuirks { user_patch, put_leaves_groups: true, ..ScimQuirks::default() }).await;
    let before = [GRACE, JOAN].map(|email| world.groups_of(email));
    let options = TenantOptions::new(world.mock.base_url())
        .dialect(Dialect::Scim)
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token())
        .env("RETOOL_WINDOW", "1");
    let tenant = host().tenant(options);
    let report = done(tenant.sync(&both_are_jo()).await);
    assert!(!report.complete);
    let puts = sent(&world).into_iter().filter(|(method, _, _)| method == "PUT").count();
    assert_eq!(puts, 1, "{:?}", sent(&world));
    assert_eq!([GRACE, JOAN].map(|email| world.groups_of(email)), before);
}

#[tokio::test]
async fn a_change_that_is_refused_in_every_form_says_so() {
    let user_patch = PatchForms { by_path: FormSupport::Refused, by_value: FormSupport::Refused };
    let put = FormSupport::Refused;
    let world = scim(ScimQuirks { user_patch, put, ..ScimQuirks::default() }).await;
    let before = world.mock.state();
    let (case, detail) = failed(world.tenant.provision(&joanna()).await);
    assert_eq!(
        (case, detail.code.as_str(), detail.http_status),
        ("permanent conflict", "server-refused", Some(400)),
        "{}",
        detail.message
    );
    assert!(detail.message.contains("supported. Every other form"), "{}", detail.message);
    assert!(detail.writes.is_empty());
    assert_eq!(sent(&world).len(), 3);
    assert_eq!(world.mock.state(), before);
}

/// A PUT of a group would replace its members, so there are only two forms.
#[tokio::test]
async fn a_group_is_changed_in_the_form_that_the_server_knows() {
    use FormSupport::{Ignored, Refused, Unknown, Works};
    for by_path in [Refused, Unknown, Ignored] {
        let group_patch = PatchForms { by_path, by_value: Works };
        let world = scim(ScimQuirks { group_patch, ..ScimQuirks::default() }).await;
        let mut request = changing(named("Support"));
        request.new_name = Some("Help".into());
        let result = done(world.tenant.change_group(&request).await);
        assert_eq!(changed(&result.changes), ["name: Support -> Help"], "{by_path:?}");
        assert_eq!(world.members_of("Help").len(), 3, "{by_path:?}");
        let bodies: Vec<_> = world.writes().into_iter().map(|write| write.body).collect();
        let last = bodies.last().expect("a write");
        assert_eq!(last["Operations"][0]["value"], json!({"displayName": "Help"}), "{by_path:?}");
    }
    let group_patch = PatchForms { by_path: Refused, by_value: Refused };
    let world = scim(ScimQuirks { group_patch, ..ScimQuirks::default() }).await;
    let before = world.mock.state();
    let mut request = changing(named("Support"));
    request.new_name = Some("Help".into());
    let (_, detail) = failed(world.tenant.change_group(&request).await);
    assert_eq!(detail.code, "server-refused", "{}", detail.message);
    assert!(sent(&world).iter().all(|(method, _, _)| method == "PATCH"), "{:?}", sent(&world));
    assert_eq!(world.mock.state(), before);
}
