//! A host that is killed in the middle of a sync and runs it again: the end is the same
//! wherever it was killed, and nobody is invited twice.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use host_test::retool::synchronization::{AbsentPolicy, SyncRequest};
use mock_retool::{Hook, LoggedRequest};
use tokio::sync::oneshot;

use super::scene::{EndState, Scene};
use crate::support::{World, done};

/// More than any of these runs makes: one that does not end is an error, not a hanging test.
const MOST_CALLS: usize = 200;

/// Where in a request the host is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// It was sent, and the server has not looked at it.
    BeforeItIsServed,
    /// The server has done it, and nobody heard the answer.
    BeforeTheReply,
}

/// Runs a sync until the request of which `at` says so, and drops it there: its answer, if it
/// ended before.
///
/// The runtime must be of one thread: then the mock is through with the request, whatever is to
/// become of it, when the waiting task gets to know.
async fn killed(
    world: &World,
    request: &SyncRequest,
    moment: Moment,
    at: impl Fn(usize, &LoggedRequest) -> bool + Send + Sync + 'static,
) -> bool {
    let (told, tell) = oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    world.mock.clear_requests();
    world.mock.on_request(move |number, logged| {
        if !at(number, logged) {
            return Hook::Serve;
        }
        if let Some(told) = told.lock().expect("the sender").take() {
            let _ = told.send(());
        }
        match moment {
            Moment::BeforeItIsServed => Hook::CloseBefore,
            Moment::BeforeTheReply => Hook::ServeThenClose,
        }
    });
    let ended = tokio::select! {
        biased;
        _ = tell => true,
        answer = world.tenant.sync(request) => {
            assert!(done(answer).complete);
            false
        }
    };
    world.mock.on_request(|_, _| Hook::Serve);
    ended
}

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Kills a sync at every one of its requests, at both moments, runs it again, and compares.
fn killed_at_every_request(scene: Scene) -> (usize, usize) {
    let (end, requests, writes) = on_one_thread(scene.undisturbed());
    let next = AtomicUsize::new(1);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > requests {
                return;
            }
            for moment in [Moment::BeforeItIsServed, Moment::BeforeTheReply] {
                on_one_thread(killed_once(scene, number, moment, &end));
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

async fn killed_once(scene: Scene, number: usize, moment: Moment, end: &EndState) {
    let when = format!("killed at request {number}, {moment:?}");
    let world = scene.world().await;
    let request = scene.request(&world);
    assert!(
        killed(&world, &request, moment, move |at, _| at == number).await,
        "{when}: it was over before"
    );
    assert_eq!(world.mock.requests().len(), number, "{when}: it went on");

    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{when}: {report:#?}");
    let state = world.mock.state();
    let now = EndState::of(&state);
    now.assert_nothing_is_double(&state, &when);
    assert_eq!(now, *end, "{when}");
}

#[test]
fn killed_at_any_request_of_a_sync_of_200_people_it_ends_the_same() {
    let (requests, writes) =
        killed_at_every_request(Scene { people: 200, absent: AbsentPolicy::Delete });
    // So that nobody can make this test small without noticing.
    assert!((40..=90).contains(&writes), "{writes} writes");
    assert!(requests > writes + 20, "{requests} requests");
}

#[test]
fn killed_at_any_request_of_a_sync_that_disables_it_ends_the_same() {
    let (_, writes) = killed_at_every_request(Scene { people: 40, absent: AbsentPolicy::Disable });
    assert!(writes >= 10, "{writes} writes");
}

/// Every run gets one write further.
#[test]
fn killed_after_every_write_in_turn_it_ends_the_same() {
    let scene = Scene { people: 200, absent: AbsentPolicy::Delete };
    on_one_thread(async {
        let (end, _, writes) = scene.undisturbed().await;
        let world = scene.world().await;
        let request = scene.request(&world);
        let mut kills = 0;
        while killed(&world, &request, Moment::BeforeTheReply, |_, logged| logged.is_write()).await
        {
            kills += 1;
            assert!(kills < MOST_CALLS, "it never ends");
        }
        let state = world.mock.state();
        let now = EndState::of(&state);
        now.assert_nothing_is_double(&state, "killed after every write");
        assert_eq!(now, end);
        assert_eq!(kills, writes, "a write was lost, or done twice");
    });
}
