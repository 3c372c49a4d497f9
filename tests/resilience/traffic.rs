//! The number of concurrent requests: as many as the server can take.
//!
//! Over `/api/v1` these are the pages of a listing, which have numbers. The pages of `/api/v2` are
//! read one by one, so the test server's list leaves out a field there, and every user is read
//! individually.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Hook, LoggedRequest, Options};

use super::fault::always;
use crate::support::{World, done};

over_v2_and_v1!(
    the_window_limits_concurrent_requests,
    one_throttled_response_halves_the_window_and_it_grows_back,
    growing_latency_halves_the_window_and_it_grows_back,
);

/// Long enough that requests which are sent together are on their way together.
const LATENCY: Duration = Duration::from_millis(150);

/// Returns an organisation with this many users. A listing takes one request for each of them.
async fn users(dialect: Dialect, users: usize) -> World {
    let options = Options { users, latency: LATENCY, ..Options::default() };
    let world = World::with_over(dialect, options).await;
    if dialect == Dialect::V2 {
        world.mock.inject(Fault::new(FaultKind::OmitInLists("active".into())));
    }
    world
}

/// Returns the number of requests that are sent one by one before the concurrent ones.
fn before_window(dialect: Dialect) -> usize {
    match dialect {
        // The first page has the total.
        Dialect::V1 => 1,
        // The invitations, the list, and the first user, which shows whether the record of one user
        // has the field.
        _ => 3,
    }
}

/// Returns the number of requests of a listing: these, one for each further user, and one for the
/// groups.
fn of_listing(dialect: Dialect, users: usize) -> usize {
    before_window(dialect) + (users - 1) + 1
}

/// For each request, in the order of arrival, the number of requests on their way, including it.
/// A repeated request keeps its place in the window while it waits, and is left out.
type InFlight = Arc<Mutex<Vec<usize>>>;

/// Makes the mock count the requests on their way, and answer the request of this number with a
/// status.
fn count_in_flight(world: &World, refused: Option<(usize, u16)>) -> InFlight {
    let counts = InFlight::default();
    let (mock, counted) = (Arc::downgrade(&world.mock), Arc::clone(&counts));
    world.mock.on_request(move |number, arrived| {
        let requests = mock.upgrade().map(|mock| mock.requests()).unwrap_or_default();
        let same = |earlier: &&LoggedRequest| {
            (&earlier.path, &earlier.query) == (&arrived.path, &arrived.query)
        };
        if requests.iter().filter(same).count() == 1 {
            let in_flight = requests.iter().filter(|request| request.status.is_none()).count();
            counted.lock().unwrap_or_else(PoisonError::into_inner).push(in_flight);
        }
        match refused {
            Some((at, status)) if at == number => Hook::Respond(status),
            _ => Hook::Serve,
        }
    });
    counts
}

/// Lists all users with this window. Returns the number of requests on their way at each request.
async fn listed(world: &World, window: usize, refused: Option<(usize, u16)>) -> Vec<usize> {
    let counts = count_in_flight(world, refused);
    let env = [("RETOOL_PAGE_SIZE", "1"), ("RETOOL_WINDOW", &window.to_string())];
    let tenant = world.over_with_env(world.dialect(), &env);
    done(tenant.changes_since(None).await);
    let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    counts.clone()
}

fn most(counts: &[usize]) -> usize {
    counts.iter().copied().max().unwrap_or_default()
}

/// Returns the counts after the first six requests in a row with at most four on their way. A
/// window of four sends six requests before it can grow. A window of eight, if eight requests end
/// together, does not send six in a row without more than four on their way.
fn after_four_at_a_time(counts: &[usize]) -> &[usize] {
    let at = counts.windows(6).position(|row| most(row) <= 4);
    let at = at.unwrap_or_else(|| panic!("it did not narrow: {counts:?}"));
    &counts[at + 6..]
}

async fn the_window_limits_concurrent_requests(dialect: Dialect) {
    for (window, people) in [(1, 4), (3, 13), (8, 33)] {
        let world = users(dialect, people).await;
        let counts = listed(&world, window, None).await;
        assert_eq!(counts.len(), of_listing(dialect, people), "window {window}");
        let before = before_window(dialect);
        assert_eq!(counts[..before], vec![1; before], "the first requests are sent one by one");
        assert_eq!(most(&counts), window, "{counts:?}");
    }
}

async fn one_throttled_response_halves_the_window_and_it_grows_back(dialect: Dialect) {
    for status in [429, 503] {
        let world = users(dialect, 60).await;
        // The requests that are sent one by one, and then the last of eight that are sent together.
        let refused = before_window(dialect) + 8;
        let counts = listed(&world, 8, Some((refused, status))).await;
        let sent = world.requests().len();
        assert_eq!(sent, of_listing(dialect, 60) + 1, "{status}: one is repeated");
        let (before, after) = counts.split_at(refused);
        assert_eq!(before.last(), Some(&8), "{status}: {before:?}");
        let grown = most(after_four_at_a_time(after));
        // A server that throttles is also asked at half the rate for a while.
        assert!(grown == 8 || status == 429, "{status}: {after:?}");
    }
}

async fn growing_latency_halves_the_window_and_it_grows_back(dialect: Dialect) {
    let world = users(dialect, 70).await;
    let delay = FaultKind::Delay(Duration::from_millis(900));
    // Requests for users: the invitations are not among them.
    let skip = 16;
    let before_delay = match dialect {
        Dialect::V1 => 16,
        _ => 17,
    };
    world.mock.inject(Fault { skip, times: Some(8), ..always("GET", world.users_path(), delay) });
    let counts = listed(&world, 8, None).await;
    assert_eq!(counts.len(), of_listing(dialect, 70), "no request failed");
    let (before, after) = counts.split_at(before_delay);
    assert_eq!(most(before), 8, "{before:?}");
    assert_eq!(most(after_four_at_a_time(after)), 8, "{after:?}");
}
