//! User attributes are set and removed one by one. `/api/v2` has them, the other dialects refuse
//! them.

use host_test::retool::lifecycle::{
    DeprovisionMode, ProvisionOutcome, ProvisionRequest, RestoreOutcome,
};
use host_test::retool::synchronization::{
    PersonOutcome, RosterEntry, Step, StepKind, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Attribute, ClearableField, Dialect};
use mock_retool::{Fault, FaultKind, Options, UserAttribute, V2Options};
use serde_json::{Value, json};

use crate::support::acme::{ADA, JOAN, NEW, changed, timeless, written};
use crate::support::dialects::{known, nina};
use crate::support::{World, departure, done, entry, failed, restored, restoring, roster};

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: name.into(), value: value.into() }
}

fn team(value: &str) -> ProvisionRequest {
    ProvisionRequest { attributes: vec![attribute("team", value)], ..known(JOAN) }
}

fn clearing(name: &str) -> Vec<ClearableField> {
    vec![ClearableField::Attribute(name.into())]
}

async fn acme() -> World {
    acme_with(V2Options::default()).await
}

/// Starts an organisation that defines two attributes.
async fn acme_with(v2: V2Options) -> World {
    let world = World::acme_over_with(Dialect::V2, Options { v2, ..Options::default() }).await;
    world.mock.edit(|acme| {
        let floor = UserAttribute { data_type: "number".into(), ..UserAttribute::text("floor") };
        acme.attributes = vec![UserAttribute::text("team"), floor];
    });
    world
}

fn metadata(world: &World, email: &str) -> Value {
    Value::Object(world.person(email).metadata)
}

fn with_metadata(world: &World, metadata: Value) {
    let Value::Object(metadata) = metadata else { panic!("an object") };
    world.shape(JOAN, |joan| joan.metadata = metadata);
}

#[tokio::test]
async fn attributes_are_set_and_removed_and_others_kept() {
    let world = acme().await;
    with_metadata(&world, json!({"note": "kept", "team": "red"}));
    let mut expected = world.person(JOAN);
    let request = ProvisionRequest {
        attributes: vec![attribute("floor", "3")],
        clear: clearing("team"),
        first_name: Some("Joanna".into()),
        ..known(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(
        changed(&result.changes),
        [
            "first-name: joan -> Joanna",
            "attribute.floor: (nothing) -> 3",
            "attribute.team: red -> (nothing)",
        ]
    );
    assert_eq!(
        written(&result.writes),
        [
            "user-updated joan@acme.example",
            "attribute-changed joan@acme.example",
            "attribute-changed joan@acme.example",
        ]
    );
    assert_eq!(result.user.attributes, Some(vec![attribute("floor", "3")]));
    assert_eq!(metadata(&world, JOAN), json!({"note": "kept", "floor": 3}));
    expected.first_name = Some("Joanna".into());
    expected.metadata = world.person(JOAN).metadata;
    assert_eq!(timeless(world.person(JOAN)), timeless(expected));
    let path = world.user_path(JOAN);
    let writes: Vec<String> =
        world.writes().iter().map(|write| format!("{} {}", write.method, write.path)).collect();
    assert_eq!(
        writes,
        [
            format!("PATCH {path}"),
            format!("POST {path}/user_attributes"),
            format!("DELETE {path}/user_attributes/team"),
        ]
    );
    assert_eq!(world.writes()[1].body, json!({"name": "floor", "value": "3"}));

    world.mock.clear_requests();
    let again = done(world.tenant.provision(&request).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_new_person_gets_the_attributes() {
    let world = acme().await;
    let request = ProvisionRequest {
        attributes: vec![attribute("team", "blue")],
        metadata: Some(r#"{"note": 1}"#.into()),
        ..nina(Dialect::V2)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(metadata(&world, NEW), json!({"note": 1, "team": "blue"}));
    assert_eq!(
        written(&result.writes),
        ["user-created new@acme.example", "attribute-changed new@acme.example"]
    );
    assert!(changed(&result.changes).contains(&"attribute.team: (nothing) -> blue".into()));
}

#[tokio::test]
async fn an_unknown_attribute_is_an_error_with_the_known_ones() {
    let world = acme().await;
    let before = world.mock.state();
    let request = ProvisionRequest { attributes: vec![attribute("tema", "blue")], ..known(JOAN) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    let found = (case, detail.code.as_str(), detail.field.as_deref());
    assert_eq!(found, ("permanent not-found", "attribute-not-found", Some("request.attributes")));
    assert!(detail.message.contains("\"tema\"") && detail.message.contains("team, floor"));

    let clear = ProvisionRequest { clear: clearing("tema"), ..known(JOAN) };
    let (_, detail) = failed(world.tenant.provision(&clear).await);
    assert_eq!(detail.field.as_deref(), Some("request.clear"));

    let request = roster(vec![
        entry(ADA),
        RosterEntry { attributes: vec![attribute("tema", "blue")], ..entry(JOAN) },
    ]);
    for (_, detail) in
        [failed(world.tenant.plan_sync(&request).await), failed(world.tenant.sync(&request).await)]
    {
        assert_eq!(detail.code, "attribute-not-found");
        assert_eq!(detail.field.as_deref(), Some("request.roster[1].attributes"));
        assert_eq!(detail.subject.as_deref(), Some(JOAN));
    }
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn attributes_that_break_the_rules_are_refused_before_any_request() {
    let world = acme().await;
    let long = "v".repeat(8193);
    let cases = [
        (vec![attribute("", "v")], "request.attributes[0].name"),
        (vec![attribute("..", "v")], "request.attributes[0].name"),
        (vec![attribute("team", "")], "request.attributes[0].value"),
        (vec![attribute("team", &long)], "request.attributes[0].value"),
        (vec![attribute("team", "a\u{0}")], "request.attributes[0].value"),
        (vec![attribute("team", "a"), attribute("team", "b")], "request.attributes[1].name"),
    ];
    for (attributes, field) in cases {
        let request = ProvisionRequest { attributes, ..known(JOAN) };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!((case, detail.field.as_deref()), ("permanent invalid-input", Some(field)));
    }
    let both = ProvisionRequest { clear: clearing("team"), ..team("blue") };
    let (_, detail) = failed(world.tenant.provision(&both).await);
    assert_eq!(detail.field.as_deref(), Some("request.clear[0]"));
    let metadata = ProvisionRequest { metadata: Some(r#"{"team": 1}"#.into()), ..team("blue") };
    let (_, detail) = failed(world.tenant.provision(&metadata).await);
    assert_eq!(detail.field.as_deref(), Some("request.attributes[0].name"));
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_default_that_the_server_shows_counts_as_removed() {
    let world = acme().await;
    with_metadata(&world, json!({"team": "none"}));
    world.mock.edit(|acme| acme.attributes[0].default_value = Some("none".into()));
    let request = ProvisionRequest { clear: clearing("team"), ..known(JOAN) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_lost_reply_is_found_out_by_a_read() {
    for kind in
        [FaultKind::LoseReply, FaultKind::Truncate, FaultKind::Reset, FaultKind::StatusAfter(502)]
    {
        for (method, request) in [
            ("POST", team("blue")),
            ("DELETE", ProvisionRequest { clear: clearing("team"), ..known(JOAN) }),
        ] {
            let world = acme().await;
            with_metadata(&world, json!({"note": "kept", "team": "red"}));
            world.mock.inject(Fault {
                method: Some(method.into()),
                times: Some(1),
                ..Fault::new(kind.clone())
            });
            let result = done(world.tenant.provision(&request).await);
            assert_eq!(written(&result.writes), ["attribute-changed joan@acme.example"]);
            let expected = match method {
                "POST" => json!({"note": "kept", "team": "blue"}),
                _ => json!({"note": "kept"}),
            };
            assert_eq!(metadata(&world, JOAN), expected, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn an_attribute_with_an_unknown_result_is_reported() {
    let world = acme().await;
    world
        .mock
        .inject(Fault { method: Some("POST".into()), ..Fault::new(FaultKind::StatusAfter(502)) });
    world.mock.inject(Fault {
        method: Some("GET".into()),
        path: Some(world.user_path(JOAN)),
        skip: 1,
        ..Fault::new(FaultKind::Status { code: 500, retry_after: None, body: None })
    });
    let (case, detail) = failed(world.tenant.provision(&team("blue")).await);
    assert_eq!(case, "transient unavailable");
    assert_eq!(written(&detail.writes), ["attribute-changed joan@acme.example ?"]);
}

fn on_roster(value: &str) -> SyncRequest {
    let joan = RosterEntry { attributes: vec![attribute("team", value)], ..entry(JOAN) };
    let nina = RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        attributes: vec![attribute("team", value), attribute("floor", "2")],
        ..entry(NEW)
    };
    roster(vec![joan, nina])
}

#[tokio::test]
async fn a_plan_has_a_step_for_the_attributes_of_a_person() {
    let world = acme().await;
    let request = on_roster("blue");
    let plan = done(world.tenant.plan_sync(&request).await);
    assert_eq!(
        world.requests().iter().filter(|line| line.contains("user_attributes")).count(),
        1,
        "the names are read once, and the values are in the listing"
    );
    let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
    assert_eq!(
        kinds,
        [StepKind::CreateUser, StepKind::ChangeAttributes, StepKind::ChangeAttributes]
    );
    assert_eq!(changed(&plan.steps[1].changes), ["attribute.team: (nothing) -> blue"]);
    assert_eq!(
        changed(&plan.steps[2].changes),
        ["attribute.floor: (nothing) -> 2", "attribute.team: (nothing) -> blue"]
    );
    for step in &plan.steps {
        let result = done(world.tenant.apply_step(step).await);
        assert_eq!(result.outcome, StepOutcome::Applied, "{:?}", result.reason);
    }
    assert_eq!(metadata(&world, JOAN), json!({"team": "blue"}));
    assert_eq!(metadata(&world, NEW), json!({"team": "blue", "floor": 2}));
    for step in &plan.steps[1..] {
        let again = done(world.tenant.apply_step(step).await);
        assert_eq!((again.outcome, again.writes.len()), (StepOutcome::AlreadySo, 0));
    }
    assert!(done(world.tenant.plan_sync(&request).await).steps.is_empty());

    with_metadata(&world, json!({"team": "green"}));
    let stale = done(world.tenant.apply_step(&plan.steps[1]).await);
    assert_eq!(stale.outcome, StepOutcome::Stale);
    assert_eq!(metadata(&world, JOAN), json!({"team": "green"}));
}

#[tokio::test]
async fn a_new_person_gets_an_attribute_that_has_a_default() {
    for shows_defaults in [false, true] {
        let world = acme_with(V2Options { shows_defaults, ..V2Options::default() }).await;
        world.mock.edit(|acme| acme.attributes[0].default_value = Some("none".into()));
        let report = done(world.tenant.sync(&on_roster("blue")).await);
        assert!(report.complete, "{report:?}");
        assert_eq!(metadata(&world, NEW)["team"], json!("blue"), "{shows_defaults}");
    }
}

#[tokio::test]
async fn a_sync_and_an_approved_plan_set_attributes() {
    let world = acme().await;
    let report = done(world.tenant.sync(&on_roster("blue")).await);
    assert!(report.complete, "{report:?}");
    let outcomes: Vec<PersonOutcome> = report.people.iter().map(|person| person.outcome).collect();
    assert_eq!(outcomes, [PersonOutcome::Updated, PersonOutcome::Created]);
    assert_eq!(metadata(&world, NEW), json!({"team": "blue", "floor": 2}));

    let plan = done(world.tenant.plan_sync(&on_roster("red")).await);
    let apply = host_test::requests::apply_plan(plan.clone(), plan.digest.clone());
    world.shape(JOAN, |joan| {
        joan.metadata.insert("team".into(), json!("green"));
    });
    let report = done(world.tenant.apply_plan(&apply).await);
    let outcomes: Vec<PersonOutcome> = report.people.iter().map(|person| person.outcome).collect();
    assert_eq!(outcomes, [PersonOutcome::Stale, PersonOutcome::Updated]);
    assert_eq!(metadata(&world, JOAN), json!({"team": "green"}));
    assert_eq!(metadata(&world, NEW), json!({"team": "red", "floor": 2}));
}

/// The attributes of a new person are in another slice than the creation.
#[tokio::test]
async fn a_plan_is_applied_in_slices_of_one_step() {
    let world = acme().await;
    let plan = done(world.tenant.plan_sync(&on_roster("blue")).await);
    let mut first = Some(0);
    while let Some(at) = first {
        let mut apply = host_test::requests::apply_plan(plan.clone(), plan.digest.clone());
        (apply.first, apply.count) = (at, Some(1));
        let report = done(world.tenant.apply_plan(&apply).await);
        assert!(report.complete, "{report:?}");
        first = report.next;
    }
    assert_eq!(metadata(&world, JOAN), json!({"team": "blue"}));
    assert_eq!(metadata(&world, NEW), json!({"team": "blue", "floor": 2}));
}

#[tokio::test]
async fn a_step_that_no_plan_makes_is_refused() {
    let world = acme().await;
    let plan = done(world.tenant.plan_sync(&on_roster("blue")).await);
    let step = &plan.steps[1];
    world.mock.clear_requests();
    let mut without = step.clone();
    without.changes.clear();
    let mut other = step.clone();
    other.changes[0].field = "first-name".into();
    let mut nameless = step.clone();
    nameless.changes[0].field = "attribute.".into();
    let update = Step { kind: StepKind::UpdateUser, ..step.clone() };
    let mut before = step.clone();
    before.changes[0].before = Some("red".into());
    for step in [without, other, nameless, update, before] {
        let (_, detail) = failed(world.tenant.apply_step(&step).await);
        assert_eq!(detail.code, "step-invalid", "{step:?}");
    }
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_restore_brings_back_the_attributes_as_attributes() {
    let world = acme().await;
    with_metadata(&world, json!({"note": "kept", "team": "blue"}));
    let left = departure(JOAN, DeprovisionMode::Disable);
    let tombstone = done(world.tenant.deprovision(&left).await).tombstone.expect("a tombstone");
    with_metadata(&world, json!({}));
    world.mock.clear_requests();
    let back = restored(world.tenant.restore(&restoring([tombstone.clone()], false)).await);
    assert_eq!(back.outcome, RestoreOutcome::ReEnabled);
    assert_eq!(metadata(&world, JOAN), json!({"note": "kept", "team": "blue"}));
    let sent = world.writes().iter().any(|write| {
        write.path.ends_with("/user_attributes") && write.body["name"] == json!("team")
    });
    assert!(sent, "an attribute is not written as metadata");

    // An attribute that was removed from the organisation since then is plain metadata.
    world.mock.edit(|acme| acme.attributes.clear());
    with_metadata(&world, json!({}));
    restored(world.tenant.restore(&restoring([tombstone.clone()], false)).await);
    assert_eq!(metadata(&world, JOAN), json!({"note": "kept", "team": "blue"}));

    let mut named = tombstone;
    named.user.attributes = Some(vec![attribute("team", "blue")]);
    with_metadata(&world, json!({}));
    let back = restored(world.tenant.restore(&restoring([named], false)).await);
    assert_eq!(back.not_restored, ["The user attribute team is gone."]);
    assert_eq!(metadata(&world, JOAN), json!({"note": "kept"}));
}

#[tokio::test]
async fn a_server_without_attributes_refuses_them_before_any_write() {
    let html = FaultKind::Html200;
    for page in [None, Some(html), Some(FaultKind::Page(404))] {
        let v2 = V2Options { user_attributes: page.is_some(), ..V2Options::default() };
        let world = acme_with(v2).await;
        if let Some(kind) = page {
            let path = Some("/api/v2/user_attributes".into());
            world.mock.inject(Fault { path, ..Fault::new(kind) });
        }
        let before = world.mock.state();
        let (case, detail) = failed(world.tenant.provision(&team("blue")).await);
        let found = (case, detail.code.as_str(), detail.field.as_deref());
        let expected =
            ("permanent unsupported", "operation-unsupported", Some("request.attributes"));
        assert_eq!(found, expected);
        let joan = RosterEntry { attributes: vec![attribute("team", "a")], ..entry(JOAN) };
        let plan = done(world.tenant.plan_sync(&roster(vec![joan])).await);
        assert!(plan.steps.is_empty());
        assert!(plan.limitations[0].contains("3.20.1"), "{:?}", plan.limitations);
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
}

/// The names can be read, and the request that sets one is answered with a page.
#[tokio::test]
async fn a_server_that_only_reads_attributes_is_reported() {
    for kind in [FaultKind::Html200, FaultKind::Page(404)] {
        let world = acme().await;
        world.mock.inject(Fault { method: Some("POST".into()), ..Fault::new(kind) });
        let (case, detail) = failed(world.tenant.provision(&team("blue")).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent unsupported", "operation-unsupported")
        );
        assert_eq!(detail.writes, []);
        assert_eq!(world.writes().len(), 1);
        assert_eq!(metadata(&world, JOAN), json!({}));
    }
}

#[tokio::test]
async fn other_dialects_refuse_attributes_before_any_write() {
    for dialect in [Dialect::V1, Dialect::Scim] {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        let clear = ProvisionRequest { clear: clearing("team"), ..known(JOAN) };
        for (request, field) in [(team("blue"), "request.attributes"), (clear, "request.clear")] {
            let (case, detail) = failed(world.tenant.provision(&request).await);
            let found = (case, detail.code.as_str(), detail.field.as_deref());
            assert_eq!(found, ("permanent unsupported", "operation-unsupported", Some(field)));
        }
        let joan = RosterEntry { attributes: vec![attribute("team", "a")], ..entry(JOAN) };
        let plan = done(world.tenant.plan_sync(&roster(vec![joan])).await);
        assert!(plan.steps.is_empty());
        let is_said = |text: &String| text.contains("no user attributes");
        assert!(plan.limitations.iter().any(is_said), "{:?}", plan.limitations);
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
}
