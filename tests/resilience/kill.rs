//! A host that is killed in the middle of a sync and runs it again. The final state is the same
//! wherever it was killed, and no user is created or invited twice.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use host_test::retool::synchronization::{AbsentPolicy, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Hook, LoggedRequest};
use tokio::sync::oneshot;

use super::scenario::{EndState, Scenario, Undisturbed};
use crate::support::{World, done};

/// More calls than any of these runs makes. A run that does not end fails instead of hanging.
const MOST_CALLS: usize = 200;

/// The moment in a request at which the host is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// The request was sent, and the server has not served it.
    BeforeItIsServed,
    /// The server has served it, and the component has not received the reply.
    BeforeTheReply,
}

/// Runs a sync until the request that `at` chooses, and drops it there. Returns `false` if the
/// sync ended before.
///
/// The runtime must have one thread. Then the mock has finished the request, served or not, when
/// the waiting task is woken.
async fn killed(
    world: &World,
    request: &SyncRequest,
    moment: Moment,
    at: impl Fn(usize, &LoggedRequest) -> bool + Send + Sync + 'static,
) -> bool {
    let (reached, wait) = oneshot::channel();
    let reached = std::sync::Mutex::new(Some(reached));
    world.mock.clear_requests();
    world.mock.on_request(move |number, logged| {
        if !at(number, logged) {
            return Hook::Serve;
        }
        if let Some(reached) = reached.lock().expect("the sender").take() {
            let _ = reached.send(());
        }
        match moment {
            Moment::BeforeItIsServed => Hook::CloseBefore,
            Moment::BeforeTheReply => Hook::ServeThenClose,
        }
    });
    let killed = tokio::select! {
        biased;
        _ = wait => true,
        answer = world.tenant.sync(request) => {
            assert!(done(answer).complete);
            false
        }
    };
    world.mock.on_request(|_, _| Hook::Serve);
    killed
}

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Kills a sync at every one of its requests, at both moments, runs it again, and compares the
/// final states. Returns the number of requests, and of writes among them.
fn killed_at_every_request(scenario: Scenario) -> (usize, usize) {
    let Undisturbed { end, requests, writes, .. } = on_one_thread(scenario.undisturbed());
    let next = AtomicUsize::new(1);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > requests {
                return;
            }
            for moment in [Moment::BeforeItIsServed, Moment::BeforeTheReply] {
                on_one_thread(killed_once(scenario, number, moment, &end));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(2, usize::from).min(8);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    (requests, writes)
}

async fn killed_once(scenario: Scenario, number: usize, moment: Moment, end: &EndState) {
    let when = format!("killed at request {number}, {moment:?}");
    let world = scenario.world().await;
    let request = scenario.request(&world);
    assert!(
        killed(&world, &request, moment, move |at, _| at == number).await,
        "{when}: it ended before"
    );
    // Requests that were in flight at the same time may be among the others.
    let later = &world.mock.requests()[number..];
    assert!(later.len() < 8, "{when}: it continued");

    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{when}: {report:#?}");
    let state = world.mock.state();
    let now = EndState::of(&state);
    now.assert_no_duplicates(&state, &when);
    assert_eq!(now, *end, "{when}");
}

#[test]
fn a_sync_of_200_people_killed_at_any_request_ends_the_same() {
    let scenario = Scenario { dialect: Dialect::V2, people: 200, absent: AbsentPolicy::Delete };
    let (requests, writes) = killed_at_every_request(scenario);
    // Fails if the scenario becomes small.
    assert!((40..=90).contains(&writes), "{writes} writes");
    assert!(requests > writes + 20, "{requests} requests");
}

#[test]
fn a_v1_sync_of_100_people_killed_at_any_request_ends_the_same() {
    let scenario = Scenario { dialect: Dialect::V1, people: 100, absent: AbsentPolicy::Delete };
    let (requests, writes) = killed_at_every_request(scenario);
    assert!((20..=45).contains(&writes), "{writes} writes");
    assert!(requests > writes + 10, "{requests} requests");
}

#[test]
fn a_sync_that_disables_people_killed_at_any_request_ends_the_same() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let scenario = Scenario { dialect, people: 40, absent: AbsentPolicy::Disable };
        let (_, writes) = killed_at_every_request(scenario);
        assert!(writes >= 10, "{dialect:?}: {writes} writes");
    }
}

/// Each run makes at least one more write than the run before, and each write is made once. Writes that end
/// the sessions of a user are not counted: a run that was killed after it disabled the user never
/// makes one.
#[test]
fn a_sync_killed_after_every_write_ends_the_same() {
    for dialect in [Dialect::V2, Dialect::V1] {
        let scenario = Scenario { dialect, people: 200, absent: AbsentPolicy::Delete };
        on_one_thread(async {
            let Undisturbed { end, writes, ended_sessions, .. } = scenario.undisturbed().await;
            let world = scenario.world().await;
            let request = scenario.request(&world);
            let counts =
                |logged: &LoggedRequest| logged.is_write() && !logged.path.ends_with("/logout");
            let mut kills = 0;
            while killed(&world, &request, Moment::BeforeTheReply, move |_, logged| counts(logged))
                .await
            {
                kills += 1;
                assert!(kills < MOST_CALLS, "{dialect:?}: it never ends");
            }
            let state = world.mock.state();
            let now = EndState::of(&state);
            now.assert_no_duplicates(&state, &format!("{dialect:?}, killed after every write"));
            assert_eq!(now, end, "{dialect:?}");
            // Others that were in flight with it are made too.
            let most = writes - ended_sessions;
            assert!((most / 8..=most).contains(&kills), "{dialect:?}: {kills} of {writes}");
        });
    }
}
