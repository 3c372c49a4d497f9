//! Metadata is merged key by key. `/api/v2` has it, the other dialects refuse it.

use host_test::retool::lifecycle::{
    DeprovisionMode, ProvisionOutcome, ProvisionRequest, RestoreOutcome,
};
use host_test::retool::synchronization::{PersonOutcome, RosterEntry, StepKind, StepOutcome};
use host_test::retool::types::{ClearableField, Dialect};
use mock_retool::{Fault, FaultKind, MetadataPaths, Options, V2Options};
use serde_json::{Value, json};

use crate::support::acme::{JOAN, NEW, changed, timeless, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, departure, done, entry, failed, restored, restoring, roster};

fn setting(metadata: Value) -> ProvisionRequest {
    ProvisionRequest { metadata: Some(metadata.to_string()), ..known(JOAN) }
}

fn with_metadata(world: &World, metadata: Value) {
    let Value::Object(metadata) = metadata else { panic!("an object") };
    world.shape(JOAN, |joan| joan.metadata = metadata);
}

fn metadata(world: &World, email: &str) -> Value {
    Value::Object(world.person(email).metadata)
}

fn json(text: Option<&String>) -> Value {
    serde_json::from_str(text.expect("metadata")).expect("JSON")
}

async fn acme(metadata_paths: MetadataPaths) -> World {
    let v2 = V2Options { metadata_paths, ..V2Options::default() };
    World::acme_over_with(Dialect::V2, Options { v2, ..Options::default() }).await
}

const PATHS: [MetadataPaths; 3] =
    [MetadataPaths::Known, MetadataPaths::Refused, MetadataPaths::Ignored];

#[tokio::test]
async fn keys_are_set_and_cleared_and_others_kept() {
    for paths in PATHS {
        let world = acme(paths).await;
        with_metadata(
            &world,
            json!({"kept": [1, {"a": null}], "team": "red", "old": 1, "a/b~": 2}),
        );
        let mut expected = world.person(JOAN);
        let request = ProvisionRequest {
            clear: vec![
                ClearableField::MetadataKey("old".into()),
                ClearableField::MetadataKey("a/b~".into()),
            ],
            first_name: Some("Joanna".into()),
            ..setting(json!({"team": "blue", "new": {"x": 16_777_217}}))
        };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated);
        assert_eq!(
            changed(&result.changes),
            [
                "first-name: joan -> Joanna",
                "metadata.a/b~: 2 -> (nothing)",
                r#"metadata.new: (nothing) -> {"x":16777217}"#,
                "metadata.old: 1 -> (nothing)",
                r#"metadata.team: "red" -> "blue""#,
            ]
        );
        let merged = json!({"kept": [1, {"a": null}], "team": "blue", "new": {"x": 16_777_217}});
        assert_eq!(metadata(&world, JOAN), merged, "{paths:?}");
        assert_eq!(json(result.user.metadata.as_ref()), merged);
        expected.first_name = Some("Joanna".into());
        expected.metadata = world.person(JOAN).metadata;
        assert_eq!(timeless(world.person(JOAN)), timeless(expected));
        assert_eq!(written(&result.writes), ["user-updated joan@acme.example"]);

        world.mock.clear_requests();
        let again = done(world.tenant.provision(&request).await);
        assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
        assert!(world.writes().is_empty(), "{paths:?}");
    }
}

/// Each key is an operation of its own, so a key that another client sets meanwhile stays.
#[tokio::test]
async fn a_key_that_is_set_at_the_same_time_is_kept() {
    let world = acme(MetadataPaths::Known).await;
    with_metadata(&world, json!({"kept": 1}));
    world.before(&format!("PATCH {}", world.user_path(JOAN)), |acme| {
        let joan = acme.user_by_email_mut(JOAN).expect("Joan");
        joan.metadata.insert("other".into(), json!("theirs"));
    });
    done(world.tenant.provision(&setting(json!({"team": "blue"}))).await);
    assert_eq!(metadata(&world, JOAN), json!({"kept": 1, "other": "theirs", "team": "blue"}));
    assert_eq!(
        world.body_of_the_write(),
        json!({"operations": [{"op": "add", "path": "/metadata/team", "value": "blue"}]})
    );
}

#[tokio::test]
async fn the_spelling_of_values_does_not_matter() {
    let world = acme(MetadataPaths::Known).await;
    with_metadata(&world, json!({"team": {"b": [1], "a": "é"}, "size": 2}));
    let text = r#" { "size": 2.0, "team": {"a": "\u00e9", "b": [ 1 ]} } "#;
    let request = ProvisionRequest { metadata: Some(text.into()), ..known(JOAN) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_new_person_has_the_metadata_from_the_start() {
    let world = acme(MetadataPaths::Known).await;
    let request = ProvisionRequest {
        metadata: Some(r#"{"team": "blue", "none": null}"#.into()),
        ..nina(Dialect::V2)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(metadata(&world, NEW), json!({"team": "blue", "none": null}));
    assert_eq!(world.body_of_the_write()["metadata"], json!({"team": "blue", "none": null}));
    assert!(changed(&result.changes).contains(&r#"metadata.team: (nothing) -> "blue""#.into()));
}

#[tokio::test]
async fn without_update_existing_a_difference_is_only_reported() {
    let world = acme(MetadataPaths::Known).await;
    let request = ProvisionRequest { update_existing: false, ..setting(json!({"team": "blue"})) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(changed(&result.differences), [r#"metadata.team: (nothing) -> "blue""#]);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn metadata_that_is_no_object_is_refused_before_any_request() {
    let world = acme(MetadataPaths::Known).await;
    let large = json!({"a": "x".repeat(65_536)}).to_string();
    let long = json!({"k".repeat(257): 1}).to_string();
    for text in
        ["", "[]", "null", "{", r#"{"a":1} x"#, r#"{"a":1,"a":2}"#, r#"{"":1}"#, &large, &long]
    {
        let request = ProvisionRequest { metadata: Some(text.into()), ..known(JOAN) };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!(case, "permanent invalid-input", "{text}");
        assert_eq!(detail.field.as_deref(), Some("request.metadata"), "{text}");
        let entry = RosterEntry { metadata: Some(text.into()), ..entry(JOAN) };
        let (_, detail) = failed(world.tenant.plan_sync(&roster(vec![entry])).await);
        assert_eq!(detail.field.as_deref(), Some("request.roster[0].metadata"), "{text}");
    }
    let request = ProvisionRequest {
        clear: vec![ClearableField::MetadataKey("team".into())],
        ..setting(json!({"team": "blue"}))
    };
    let (_, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!(detail.field.as_deref(), Some("request.clear[0]"));
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_plan_sets_and_clears_keys() {
    for paths in PATHS {
        let world = acme(paths).await;
        with_metadata(&world, json!({"kept": 1, "team": "red", "old": 1}));
        let entry = RosterEntry {
            metadata: Some(r#"{"team": "blue"}"#.into()),
            clear: vec![ClearableField::MetadataKey("old".into())],
            ..entry(JOAN)
        };
        let request = roster(vec![entry]);
        let plan = done(world.tenant.plan_sync(&request).await);
        let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
        assert_eq!(step.kind, StepKind::UpdateUser);
        let changes = ["metadata.old: 1 -> (nothing)", r#"metadata.team: "red" -> "blue""#];
        assert_eq!(changed(&step.changes), changes);

        // A login may write other keys, and does not make the plan stale.
        world.shape(JOAN, |joan| {
            joan.metadata.insert("login".into(), json!("sso"));
        });
        let report = done(
            world
                .tenant
                .apply_plan(&host_test::requests::apply_plan(plan.clone(), plan.digest.clone()))
                .await,
        );
        assert!(report.complete, "{report:?}");
        assert_eq!(changed(&report.people[0].changes), changes);
        assert_eq!(metadata(&world, JOAN), json!({"kept": 1, "team": "blue", "login": "sso"}));
        let again = done(world.tenant.apply_step(step).await);
        assert_eq!(again.outcome, StepOutcome::AlreadySo);

        // Another value of a key that the step changes does.
        with_metadata(&world, json!({"team": "green"}));
        let stale = done(world.tenant.apply_step(step).await);
        assert_eq!(stale.outcome, StepOutcome::Stale);
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(report.people[0].outcome, PersonOutcome::Updated);
        assert_eq!(metadata(&world, JOAN), json!({"team": "blue"}));
    }
}

#[tokio::test]
async fn an_altered_value_is_refused() {
    let world = acme(MetadataPaths::Known).await;
    let entry = RosterEntry { metadata: Some(r#"{"team": "blue"}"#.into()), ..entry(JOAN) };
    let plan = done(world.tenant.plan_sync(&roster(vec![entry])).await);
    world.mock.clear_requests();
    let mut altered = plan.clone();
    altered.steps[0].changes[0].after = Some(r#""red""#.into());
    let (_, detail) = failed(
        world.tenant.apply_plan(&host_test::requests::apply_plan(altered, plan.digest)).await,
    );
    assert_eq!(detail.code, "plan-changed");
    let mut step = plan.steps[0].clone();
    step.changes[0].after = Some("blue".into());
    let (_, detail) = failed(world.tenant.apply_step(&step).await);
    assert_eq!(detail.field.as_deref(), Some("step.changes"));
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_lost_reply_is_found_out_by_a_read() {
    for kind in [FaultKind::LoseReply, FaultKind::Truncate, FaultKind::Reset] {
        let world = acme(MetadataPaths::Known).await;
        with_metadata(&world, json!({"kept": 1}));
        let fault = Fault { method: Some("PATCH".into()), times: Some(1), ..Fault::new(kind) };
        world.mock.inject(fault);
        let result = done(world.tenant.provision(&setting(json!({"team": "blue"}))).await);
        assert_eq!(metadata(&world, JOAN), json!({"kept": 1, "team": "blue"}));
        assert_eq!(written(&result.writes), ["user-updated joan@acme.example"]);
    }
}

#[tokio::test]
async fn a_restore_brings_back_the_metadata_of_the_tombstone() {
    let world = acme(MetadataPaths::Known).await;
    with_metadata(&world, json!({"team": "blue", "size": 1.5}));
    let left = departure(JOAN, DeprovisionMode::Disable);
    let tombstone = done(world.tenant.deprovision(&left).await).tombstone.expect("a tombstone");
    assert_eq!(json(tombstone.user.metadata.as_ref()), json!({"team": "blue", "size": 1.5}));
    world.shape(JOAN, |joan| {
        joan.metadata.insert("team".into(), json!("gone"));
        joan.metadata.insert("later".into(), json!(true));
    });
    let back = restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!(back.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(metadata(&world, JOAN), json!({"team": "blue", "size": 1.5, "later": true}));
    assert_eq!(back.not_restored, Vec::<String>::new());
}

#[tokio::test]
async fn other_dialects_refuse_metadata_before_any_write() {
    for dialect in [Dialect::V1, Dialect::Scim] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let clear = ProvisionRequest {
            clear: vec![ClearableField::MetadataKey("team".into())],
            ..known(JOAN)
        };
        for (request, field) in [
            (setting(json!({"team": "blue"})), "request.metadata"),
            (
                ProvisionRequest { metadata: Some("{\"a\":1}".into()), ..nina(dialect) },
                "request.metadata",
            ),
            (clear, "request.clear"),
        ] {
            let (case, detail) = failed(world.tenant.provision(&request).await);
            let found = (case, detail.code.as_str(), detail.field.as_deref());
            assert_eq!(found, ("permanent unsupported", "operation-unsupported", Some(field)));
            assert!(detail.message.contains("Leave it out"), "{}", detail.message);
        }
        let entry = RosterEntry { metadata: Some(r#"{"team": 1}"#.into()), ..entry(JOAN) };
        let plan = done(world.tenant.plan_sync(&roster(vec![entry])).await);
        assert!(plan.steps.is_empty());
        let is_said = |text: &String| text.contains("no metadata");
        assert!(plan.limitations.iter().any(is_said), "{:?}", plan.limitations);
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
}
