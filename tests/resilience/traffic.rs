//! How many requests are on their way at once: as many as the server bears.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mock_retool::{Fault, FaultKind, Hook, LoggedRequest, Options};

use super::fault::always;
use crate::support::{World, done};

const USERS: &str = "/api/v1/users";

/// Long enough for requests that are sent together to be on their way together.
const LATENCY: Duration = Duration::from_millis(150);

/// One person to a page, and so many pages; a request each.
async fn pages(pages: usize) -> World {
    World::with(Options { users: pages, latency: LATENCY, ..Options::default() }).await
}

/// For each request, in the order of their arrival, how many were on their way then, with it. One
/// that is sent again keeps its place in the window while it waits, and is left out.
type InFlight = Arc<Mutex<Vec<usize>>>;

/// Has the mock count what is on its way, and answer the request of this number with a status.
fn watched(world: &World, refused: Option<(usize, u16)>) -> InFlight {
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

/// Lists everybody with this window; gives how many requests were on their way at each.
async fn listed(world: &World, window: usize, refused: Option<(usize, u16)>) -> Vec<usize> {
    let counts = watched(world, refused);
    let tenant =
        world.tenant_with(&[("RETOOL_PAGE_SIZE", "1"), ("RETOOL_WINDOW", &window.to_string())]);
    done(tenant.changes_since(None).await);
    let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    counts.clone()
}

fn most(counts: &[usize]) -> usize {
    counts.iter().copied().max().unwrap_or_default()
}

/// What comes after the first six requests in a row at which no more than four were on their way.
/// A window of four sends six before it can have grown; a window of eight, where eight end
/// together, sends no six in a row without more than four.
fn after_four_at_a_time(counts: &[usize]) -> &[usize] {
    let at = counts.windows(6).position(|row| most(row) <= 4);
    let at = at.unwrap_or_else(|| panic!("it did not narrow: {counts:?}"));
    &counts[at + 6..]
}

#[tokio::test]
async fn pages_are_fetched_side_by_side_as_many_as_the_window_is_wide() {
    for (window, people) in [(1, 4), (3, 13), (8, 33)] {
        let world = pages(people).await;
        let counts = listed(&world, window, None).await;
        // One request for each page, and one for the groups.
        assert_eq!(counts.len(), people + 1, "window {window}");
        assert_eq!(counts[0], 1, "the total is not known before the first page has come");
        assert_eq!(most(&counts), window, "{counts:?}");
    }
}

#[tokio::test]
async fn one_throttled_answer_halves_what_is_on_its_way_and_it_grows_back() {
    for status in [429, 503] {
        let world = pages(60).await;
        // The first page alone, and then the last of eight that are sent together.
        let counts = listed(&world, 8, Some((9, status))).await;
        assert_eq!(world.requests().len(), 60 + 1 + 1, "{status}: one is sent again");
        let (before, after) = counts.split_at(9);
        assert_eq!(before.last(), Some(&8), "{status}: {before:?}");
        assert_eq!(most(after_four_at_a_time(after)), 8, "{status}: {after:?}");
    }
}

#[tokio::test]
async fn growing_latency_halves_what_is_on_its_way_and_it_grows_back() {
    let world = pages(70).await;
    world.mock.inject(Fault {
        skip: 16,
        times: Some(8),
        ..always("GET", USERS, FaultKind::Delay(Duration::from_millis(900)))
    });
    let counts = listed(&world, 8, None).await;
    assert_eq!(counts.len(), 70 + 1, "nothing failed");
    let (before, after) = counts.split_at(16);
    assert_eq!(most(before), 8, "{before:?}");
    assert_eq!(most(after_four_at_a_time(after)), 8, "{after:?}");
}
