//! Finding out the dialect, and base URLs that are wrong.

use super::*;

#[tokio::test]
async fn auto_finds_the_dialect_of_the_server() {
    use mock_retool::Dialect::{V1, V2};
    for (served, spoken) in [(vec![V1, V2], Dialect::V2), (vec![V1], Dialect::V1)] {
        let world = World::acme_with(Options { dialects: served, ..Options::default() }).await;
        let mock = &world.mock;
        let auto = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
            connection.dialect = Dialect::Auto;
        });
        let mut request = current_roster(&world);
        request.policy.guards.minimum_admins = Some(0);
        for person in &mut request.roster {
            person.user_type = None;
        }
        assert_eq!(done(auto.plan_sync(&request).await).dialect, spoken);
        assert!(done(auto.find_user(&by_email(JOAN)).await).is_some());
    }
}

/// Another server at the base URL is not taken for Retool.
#[tokio::test]
async fn auto_does_not_guess() {
    let world = World::acme().await;
    let mock = &world.mock;
    let auto = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.dialect = Dialect::Auto;
    });
    for (kind, case) in [
        (status(404), "permanent unsupported"),
        (FaultKind::Html200, "permanent unsupported"),
        (FaultKind::Redirect("/login".into()), "permanent denied"),
        (status(401), "permanent denied"),
        (status(500), "transient unavailable"),
    ] {
        mock.clear_faults();
        mock.inject(Fault::new(kind.clone()));
        let (reported, _) = failed(auto.provision(&new_user(NEW)).await);
        assert_eq!(reported, case, "{kind:?}");
    }
    assert_eq!(world.writes(), []);
    assert!(!world.has(NEW));
}

/// A server at a wrong path answers 404 to every request. This does not mean that a user is gone.
#[tokio::test]
async fn a_wrong_base_url_is_not_taken_for_a_missing_user() {
    let world = World::acme().await;
    let mock = &world.mock;
    let misdirected = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.base_url += "/wrong";
    });
    let mut request = roster(vec![entry(ADA), entry(GRACE), entry(KEN)]);
    request.roster[2].first_name = Some("Kenneth".into());
    request.roster[1].groups.push(membership(named("Finance")));
    request.policy.absent = AbsentPolicy::Delete;
    let plan = done(world.tenant.plan_sync(&request).await);
    let mut kinds = BTreeSet::new();
    for step in &plan.steps {
        kinds.insert(format!("{:?}", step.kind));
        // The plan is for the right base URL. This changes it to the wrong one.
        let organisation = format!("{}/wrong", step.organisation);
        let misdirected_step = Step { organisation, ..step.clone() };
        let (case, detail) = failed(misdirected.apply_step(&misdirected_step).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent denied", "base-url-wrong"),
            "{:?}",
            step.kind
        );
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    for step in &plan.steps {
        done(world.tenant.apply_step(step).await);
    }
    // `/api/v2` can't delete, so the plan disables.
    assert!(world.person(JOAN).is_disabled);
}
