//! Names and photos are cleared, everything else is kept.

use host_test::retool::lifecycle::{ProvisionOutcome, ProvisionRequest};
use host_test::retool::synchronization::{PersonOutcome, RosterEntry, StepKind, StepOutcome};
use host_test::retool::types::{ClearableField, Dialect};
use mock_retool::{FormSupport, Options, PatchForms, ScimQuirks, V2Options};
use serde_json::json;

use crate::support::acme::{JOAN, NEW, changed, timeless, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, done, entry, failed, roster};

over_every_dialect!(
    names_are_cleared_and_nothing_else,
    a_plan_clears_names_in_sync_and_step_by_step,
    a_field_can_not_be_cleared_and_given_a_value,
    clearing_a_field_of_a_new_person_changes_nothing,
    a_photo_is_cleared_where_it_can_be_set,
);

fn cleared(fields: &[ClearableField]) -> ProvisionRequest {
    ProvisionRequest { clear: fields.to_vec(), ..known(JOAN) }
}

fn entry_clearing(fields: &[ClearableField]) -> RosterEntry {
    RosterEntry { clear: fields.to_vec(), ..entry(JOAN) }
}

const NAMES: [ClearableField; 2] = [ClearableField::FirstName, ClearableField::LastName];

async fn names_are_cleared_and_nothing_else(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut expected = world.person(JOAN);
    let before = world.mock.state();
    let result = done(world.tenant.provision(&cleared(&[ClearableField::LastName])).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(changed(&result.changes), ["last-name: Doe -> (nothing)"]);
    assert_eq!((result.user.last_name, result.user.first_name.as_deref()), (None, Some("joan")));
    assert_eq!(written(&result.writes), ["user-updated joan@acme.example"]);
    expected.last_name = None;
    assert_eq!(timeless(world.person(JOAN)), timeless(expected.clone()));
    if dialect == Dialect::V2 {
        let operation = json!({"op": "remove", "path": "/last_name"});
        assert_eq!(world.body_of_the_write(), json!({ "operations": [operation] }));
    }

    world.mock.clear_requests();
    let again = done(world.tenant.provision(&cleared(&[ClearableField::LastName])).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());

    done(world.tenant.provision(&cleared(&NAMES)).await);
    expected.first_name = None;
    assert_eq!(timeless(world.person(JOAN)), timeless(expected));
    for user in before.users.iter().filter(|user| user.email != JOAN) {
        assert_eq!(&world.person(&user.email), user);
    }
}

async fn a_plan_clears_names_in_sync_and_step_by_step(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request = roster(vec![entry_clearing(&NAMES)]);
    let plan = done(world.tenant.plan_sync(&request).await);
    let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(step.kind, StepKind::UpdateUser);
    let changes = ["first-name: joan -> (nothing)", "last-name: Doe -> (nothing)"];
    assert_eq!(changed(&step.changes), changes);
    let is_about_names = |text: &String| text.contains("name") || text.contains("clear");
    assert!(!plan.limitations.iter().any(is_about_names), "{:?}", plan.limitations);

    let result = done(world.tenant.apply_step(step).await);
    assert_eq!(result.outcome, StepOutcome::Applied);
    let again = done(world.tenant.apply_step(step).await);
    assert_eq!(again.outcome, StepOutcome::AlreadySo);
    let joan = world.person(JOAN);
    assert_eq!((joan.first_name, joan.last_name), (None, None));

    world.shape(JOAN, |joan| joan.first_name = Some("Joan".into()));
    let stale = done(world.tenant.apply_step(step).await);
    assert_eq!(stale.outcome, StepOutcome::Stale);
    assert_eq!(world.person(JOAN).first_name.as_deref(), Some("Joan"));

    let report = done(world.tenant.sync(&request).await);
    assert_eq!(report.people[0].outcome, PersonOutcome::Updated);
    assert_eq!(changed(&report.people[0].changes), ["first-name: Joan -> (nothing)"]);
    assert_eq!(world.person(JOAN).first_name, None);

    world.shape(JOAN, |joan| joan.last_name = Some("Doe".into()));
    let plan = done(world.tenant.plan_sync(&request).await);
    let digest = plan.digest.clone();
    let apply = host_test::requests::apply_plan(plan, digest);
    assert!(done(world.tenant.apply_plan(&apply).await).complete);
    assert_eq!(world.person(JOAN).last_name, None);
}

async fn a_field_can_not_be_cleared_and_given_a_value(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request =
        ProvisionRequest { first_name: Some("Jo".into()), ..cleared(&[ClearableField::FirstName]) };
    let twice = cleared(&[ClearableField::LastName, ClearableField::LastName]);
    for (request, field) in [(request, "request.clear[0]"), (twice, "request.clear[1]")] {
        let (case, detail) = failed(world.tenant.provision(&request).await);
        let found = (case, detail.code.as_str(), detail.field.as_deref());
        assert_eq!(found, ("permanent invalid-input", "invalid-value", Some(field)));
    }
    let both = RosterEntry {
        last_name: Some("Smith".into()),
        ..entry_clearing(&[ClearableField::LastName])
    };
    let (_, detail) = failed(world.tenant.plan_sync(&roster(vec![both])).await);
    assert_eq!(detail.field.as_deref(), Some("request.roster[0].clear[0]"));
    assert!(world.requests().is_empty());
}

async fn clearing_a_field_of_a_new_person_changes_nothing(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let request =
        ProvisionRequest { clear: vec![ClearableField::ProfilePhotoUrl], ..nina(dialect) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(world.person(NEW).profile_photo_url, None);
}

async fn a_photo_is_cleared_where_it_can_be_set(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let request = cleared(&[ClearableField::ProfilePhotoUrl]);
    let planned = roster(vec![entry_clearing(&[ClearableField::ProfilePhotoUrl])]);
    let plan = done(world.tenant.plan_sync(&planned).await);
    if dialect == Dialect::V1 {
        assert_eq!(plan.limitations, Vec::<String>::new());
        let mut expected = world.person(JOAN);
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(
            changed(&result.changes),
            ["profile-photo-url: https://acme.example/joan.png -> (nothing)"]
        );
        expected.profile_photo_url = None;
        assert_eq!(timeless(world.person(JOAN)), timeless(expected));
        return;
    }
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert!(plan.limitations.iter().any(|text| text.contains("photos")));
    let (case, detail) = failed(world.tenant.provision(&request).await);
    let found = (case, detail.code.as_str(), detail.field.as_deref());
    assert_eq!(found, ("permanent unsupported", "operation-unsupported", Some("request.clear")));
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

/// Retool's document has an operation that removes a field. A server may refuse it all the same.
#[tokio::test]
async fn a_v2_server_that_keeps_names_refuses_to_clear_them() {
    let v2 = V2Options { removes_names: false, ..V2Options::default() };
    let options = Options { v2, ..Options::default() };
    let world = World::acme_over_with(Dialect::V2, options).await;
    let before = world.person(JOAN);
    let (case, detail) = failed(world.tenant.provision(&cleared(&NAMES)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "server-refused"));
    assert_eq!(detail.writes, []);
    assert_eq!(world.person(JOAN), before);
}

#[tokio::test]
async fn names_are_cleared_over_scim_in_every_form() {
    for forms in [
        PatchForms::default(),
        PatchForms { by_path: FormSupport::Refused, ..PatchForms::default() },
        PatchForms { by_path: FormSupport::Refused, by_value: FormSupport::Refused },
    ] {
        let scim_quirks = ScimQuirks { user_patch: forms, ..ScimQuirks::default() };
        let options = Options { scim_quirks, ..Options::default() };
        let world = World::acme_over_with(Dialect::Scim, options).await;
        // The mock refuses forms with a path, except for removals.
        let request = ProvisionRequest { first_name: Some("Jo".into()), ..cleared(&NAMES[1..]) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(
            changed(&result.changes),
            ["first-name: joan -> Jo", "last-name: Doe -> (nothing)"],
            "{forms:?}"
        );
        let joan = world.person(JOAN);
        let last_name = joan.last_name.filter(|name| !name.is_empty());
        assert_eq!((joan.first_name.as_deref(), last_name), (Some("Jo"), None), "{forms:?}");
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
    }
}
