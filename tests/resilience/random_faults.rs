//! A sync with random faults of every kind, drawn from a seed. Repeated until it succeeds, it ends
//! as without faults.

use std::sync::Arc;
use std::time::Duration;

use host_test::retool::synchronization::AbsentPolicy;
use host_test::retool::types::Dialect;
use mock_retool::{Chance, Fault, FaultKind, LoggedRequest};
use tokio::task::JoinSet;

use super::dialect::{api, write_methods};
use super::fault::{always, answer, status, status_after};
use super::scenario::{EndState, Scenario, Undisturbed};
use crate::support::done;

over_v2_and_v1!(a_sync_repeated_until_it_succeeds_ends_as_without_faults);

/// More calls than any run takes. A run that does not converge fails instead of hanging.
const MOST_CALLS: u64 = 50;

/// Returns settings for listings of a few pages, a low limit for responses, and a deadline that is
/// too short for a wait of an hour.
fn settings(dialect: Dialect) -> [(&'static str, &'static str); 3] {
    // Over `/api/v2` the list of all users is read by page only if it is too large for one
    // response. The list of all groups must not be.
    let max_body = if dialect == Dialect::V1 { "131072" } else { "32768" };
    [
        ("RETOOL_PAGE_SIZE", "30"),
        ("RETOOL_MAX_BODY_BYTES", max_body),
        ("RETOOL_DEADLINE_MS", "60000"),
    ]
}

/// How servers differ.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// It refuses a second account with the same address. Some writes are visible a second late.
    Refusing,
    /// It accepts a second account, so that a duplicate creation is visible. No write is visible
    /// later than the component waits before it looks up a user that it may have created.
    Accepting,
}

/// Returns the faults, and how many of 1000 matching requests each of them affects.
fn faults(dialect: Dialect, server: Server) -> Vec<(u16, Fault)> {
    let api = api(dialect);
    let writes =
        |kind: &FaultKind| write_methods(dialect).map(|method| always(method, api, kind.clone()));
    let mut faults = Vec::new();
    // Creations must not be done twice, so they fail most often.
    for kind in [FaultKind::LoseReply, FaultKind::StatusAfter(502), FaultKind::Reset] {
        faults.push((100, always("POST", &format!("{api}users"), kind)));
    }
    for kind in [
        FaultKind::LoseReply,
        FaultKind::StatusAfter(504),
        FaultKind::StatusAfter(204),
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::InvalidJson,
        FaultKind::ContentType("text/html".into()),
        FaultKind::Html200,
        status(503),
        answer(r#"{"success":false}"#),
    ] {
        faults.extend(writes(&kind).map(|fault| (15, fault)));
    }
    let lag = match server {
        Server::Refusing => Duration::from_secs(1),
        Server::Accepting => Duration::from_millis(150),
    };
    faults.extend(writes(&FaultKind::StaleFor(lag)).map(|fault| (60, fault)));
    if let Server::Accepting = server {
        faults.push((1000, Fault::new(FaultKind::SecondAccount)));
    }
    let disabled = if dialect == Dialect::V1 { "isDisabled" } else { "active" };
    for (per_mille, kind) in [
        (20, FaultKind::Reset),
        (10, FaultKind::ResetInBody),
        (10, FaultKind::Truncate),
        (10, status(500)),
        (10, status(504)),
        (5, status(429)),
        (5, status_after(429, "soon")),
        (3, status_after(429, "3600")),
        (3, status_after(503, "3600")),
        (3, status(401)),
        (5, FaultKind::Html200),
        (5, FaultKind::InvalidJson),
        (3, FaultKind::HugeBody(200_000)),
        (3, FaultKind::Redirect("https://elsewhere.example/".into())),
        (20, FaultKind::Drip { bytes_per_tick: 1000, tick: Duration::from_millis(1) }),
        (50, FaultKind::RepeatPage),
        (20, FaultKind::EndlessPages),
        (50, FaultKind::MovingTotal),
        (300, FaultKind::IgnoreFilter),
        (30, FaultKind::OmitField("groups".into())),
        (30, FaultKind::OmitInLists(disabled.into())),
    ] {
        faults.push((per_mille, always("GET", api, kind)));
    }
    if dialect == Dialect::V2 {
        faults.push((30, always("GET", api, FaultKind::OmitInLists("next_token".into()))));
    }
    faults
}

/// Returns whether a request visibly failed.
fn is_failed(request: &LoggedRequest) -> bool {
    request.status.is_none_or(|status| status >= 300)
}

/// Runs the sync with the faults of this seed. Returns the number of requests that failed.
async fn run(scenario: Scenario, server: Server, seed: u64, end: &EndState) -> usize {
    let dialect = scenario.dialect;
    let run = format!("{server:?}, seed {seed}");
    let mut world = scenario.world().await;
    world.tenant = world.over_with_env(dialect, &settings(dialect));
    let request = scenario.request(&world);
    let mut calls: u64 = 0;
    loop {
        calls += 1;
        assert!(calls <= MOST_CALLS, "{run}: it does not converge");
        // Faults of the call before must not continue: it is not promised that the component
        // copes with a creation that is not visible until the next call.
        world.mock.clear_faults();
        for (number, (per_mille, fault)) in (0..).zip(faults(dialect, server)) {
            let seed = seed * 1_000_000 + calls * 1000 + number;
            world.mock.inject(Fault { chance: Some(Chance { per_mille, seed }), ..fault });
        }
        let answer = world.tenant.sync(&request).await.expect("an answer of the component");
        let state = world.mock.state();
        EndState::of(&state).assert_no_duplicates(&state, &run);
        if answer.is_ok_and(|report| report.complete) {
            break;
        }
    }
    assert_eq!(EndState::of(&world.mock.state()), *end, "{run}");
    let failed = world.mock.requests().iter().filter(|request| is_failed(request)).count();

    world.mock.clear_faults();
    world.mock.clear_requests();
    assert!(done(world.tenant.sync(&request).await).complete, "{run}");
    assert_eq!(world.writes(), [], "{run}: there was something left to do");
    failed
}

async fn a_sync_repeated_until_it_succeeds_ends_as_without_faults(dialect: Dialect) {
    let scenario = Scenario { dialect, people: 100, absent: AbsentPolicy::Delete };
    let Undisturbed { end, requests, writes, .. } = scenario.undisturbed().await;
    assert!(writes >= 25 && requests >= 35, "{requests} requests, {writes} writes");
    let end = Arc::new(end);
    let mut runs = JoinSet::new();
    for seed in 1..=8 {
        for server in [Server::Refusing, Server::Accepting] {
            let end = Arc::clone(&end);
            runs.spawn(async move { run(scenario, server, seed, &end).await });
        }
    }
    let failed: usize = runs.join_all().await.into_iter().sum();
    // Fails if the faults no longer have an effect.
    assert!(failed >= 80, "{failed} requests failed");
}
