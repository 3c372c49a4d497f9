//! A sync on a bad day: whatever can go wrong does now and then, drawn from a seed. Run again
//! until it succeeds, it ends as if nothing had gone wrong.

use std::sync::Arc;
use std::time::Duration;

use host_test::retool::synchronization::AbsentPolicy;
use mock_retool::{Chance, Fault, FaultKind, LoggedRequest};
use tokio::task::JoinSet;

use super::fault::{always, answer, status, status_after};
use super::scene::{EndState, Scene};
use crate::support::done;

/// More than any run takes: one that does not converge is an error, not a hanging test.
const MOST_CALLS: u64 = 50;

const SCENE: Scene = Scene { people: 100, absent: AbsentPolicy::Delete };

/// Listings of a few pages, an answer that is too large soon, and no patience for a wait that a
/// server asks for.
const SETTINGS: &[(&str, &str)] = &[
    ("RETOOL_PAGE_SIZE", "30"),
    ("RETOOL_MAX_BODY_BYTES", "131072"),
    ("RETOOL_DEADLINE_MS", "60000"),
];

const USERS: &str = "/api/v1/users";

/// How servers differ.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// It refuses a second account of one address. Now and then a write shows a second late.
    Refusing,
    /// It takes one, so that a creation too many can be seen. No write shows later than the
    /// component waits before it looks for whom it may have created.
    Taking,
}

/// What goes wrong, and with how many of 1000 requests that it is about.
fn weather(server: Server) -> Vec<(u16, Fault)> {
    let writes = |kind: &FaultKind| {
        ["POST", "PUT", "DELETE"].map(|method| always(method, "/api/v1/", kind.clone()))
    };
    let mut faults = Vec::new();
    // A creation is what must not be done twice.
    for kind in [FaultKind::LoseReply, FaultKind::StatusAfter(502), FaultKind::Reset] {
        faults.push((100, always("POST", USERS, kind)));
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
        Server::Taking => Duration::from_millis(150),
    };
    faults.extend(writes(&FaultKind::StaleFor(lag)).map(|fault| (60, fault)));
    if let Server::Taking = server {
        faults.push((1000, Fault::new(FaultKind::SecondAccount)));
    }
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
        (30, FaultKind::OmitInLists("isDisabled".into())),
    ] {
        faults.push((per_mille, always("GET", "/api/v1/", kind)));
    }
    faults
}

/// Whether something visibly went wrong with a request.
fn went_wrong(request: &LoggedRequest) -> bool {
    request.status.is_none_or(|status| status >= 300)
}

/// Runs the sync on a day drawn from this seed, and says how many requests went wrong.
async fn bad_day(server: Server, seed: u64, end: &EndState) -> usize {
    let day = format!("{server:?}, seed {seed}");
    let mut world = SCENE.world().await;
    world.tenant = world.tenant_with(SETTINGS);
    let request = SCENE.request(&world);
    let mut calls: u64 = 0;
    loop {
        calls += 1;
        assert!(calls <= MOST_CALLS, "{day}: it does not converge");
        // Nothing of the call before: a server that shows a creation only to the next call is
        // beyond what is promised.
        world.mock.clear_faults();
        for (number, (per_mille, fault)) in (0..).zip(weather(server)) {
            let seed = seed * 1_000_000 + calls * 1000 + number;
            world.mock.inject(Fault { chance: Some(Chance { per_mille, seed }), ..fault });
        }
        let answer = world.tenant.sync(&request).await.expect("an answer of the component");
        let state = world.mock.state();
        EndState::of(&state).assert_nothing_is_double(&state, &day);
        if answer.is_ok_and(|report| report.complete) {
            break;
        }
    }
    assert_eq!(EndState::of(&world.mock.state()), *end, "{day}");
    let wrong = world.mock.requests().iter().filter(|request| went_wrong(request)).count();

    world.mock.clear_faults();
    world.mock.clear_requests();
    assert!(done(world.tenant.sync(&request).await).complete, "{day}");
    assert_eq!(world.writes(), [], "{day}: there was something left to do");
    wrong
}

#[tokio::test]
async fn a_sync_of_100_people_that_is_repeated_until_it_succeeds_ends_as_on_a_good_day() {
    let (end, requests, writes) = SCENE.undisturbed().await;
    assert!(writes >= 25 && requests >= 35, "{requests} requests, {writes} writes");
    let end = Arc::new(end);
    let mut days = JoinSet::new();
    for seed in 1..=8 {
        for server in [Server::Refusing, Server::Taking] {
            let end = Arc::clone(&end);
            days.spawn(async move { bad_day(server, seed, &end).await });
        }
    }
    let wrong: usize = days.join_all().await.into_iter().sum();
    // So that nobody can make these days good without noticing.
    assert!(wrong >= 80, "{wrong} requests went wrong");
}
