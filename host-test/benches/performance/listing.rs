//! Listing everyone: through the component, and with an ordinary native client.

use std::time::Duration;

use host_test::Host;
use serde::Serialize;

use crate::measure::{Median, Taken, run};
use crate::server::Server;
use crate::{native, roster};

/// One listing.
#[derive(Serialize)]
pub struct Row {
    users: usize,
    latency_ms: u64,
    window: usize,
    tls: bool,
    /// How many times each contender ran.
    rounds: usize,
    guest: Median,
    native: Median,
}

/// A listing for which the component knows the number of people. The native client does not, and
/// requests the first page before the others.
#[derive(Serialize)]
pub struct Known {
    users: usize,
    latency_ms: u64,
    window: usize,
    rounds: usize,
    guest: Median,
    native: Median,
}

/// All of it.
#[derive(Serialize)]
pub struct Listings {
    rows: Vec<Row>,
    known: Known,
}

/// Runs everything.
pub async fn measure() -> Listings {
    let host = Host::embedded().expect("a host");
    let mut rows = Vec::new();
    for tls in [false, true] {
        for users in [1_000, 10_000, 100_000] {
            for latency_ms in [0, 20, 100] {
                let server = Server::start(users, Duration::from_millis(latency_ms), tls);
                for window in [1, 8, 32] {
                    // Too slow with a window of 1, and nothing new; 8 and 32 are measured.
                    if users == 100_000 && window == 1 && latency_ms > 0 {
                        continue;
                    }
                    rows.push(row(&host, &server, users, latency_ms, window, tls).await);
                }
            }
        }
    }
    Listings { rows, known: known(&host).await }
}

async fn row(
    host: &Host,
    server: &Server,
    users: usize,
    latency_ms: u64,
    window: usize,
    tls: bool,
) -> Row {
    let tenant = roster::tenant(host, server, window);
    let request = roster::converged(1, false);
    let connections = native::connections(server);
    let guest = async || {
        let plan = tenant.plan_sync(&request).await.expect("a call").expect("a plan");
        assert!(plan.steps.is_empty());
    };
    let native = async || native::keep(native::list(&connections, &server.base_url, window).await);
    let rounds = match (users, latency_ms) {
        (100_000, _) => 3,
        (_, 0) => 15,
        _ => 5,
    };
    let (guest, native) = in_turns(rounds, guest, native).await;
    let row = Row { users, latency_ms, window, tls, rounds, guest, native };
    eprintln!(
        "listing {users} at {latency_ms} ms, window {window}{}: wall {:.2}, CPU {:.2}",
        if tls { ", TLS" } else { "" },
        row.guest.wall_ms / row.native.wall_ms,
        row.guest.cpu_ms / row.native.cpu_ms,
    );
    row
}

/// Measures `changes-since` with a cursor, from which the component knows the number of people.
async fn known(host: &Host) -> Known {
    let (users, latency_ms, window, rounds) = (10_000, 100, 32, 9);
    let server = Server::start(users, Duration::from_millis(latency_ms), false);
    let tenant = roster::tenant(host, &server, window);
    let connections = native::connections(&server);
    let first = tenant.changes_since(None).await.expect("a call").expect("a cursor");
    let guest = async || {
        let answer = tenant.changes_since(Some(&first.cursor)).await.expect("a call");
        assert!(answer.expect("changes").changes.is_empty());
    };
    let native = async || native::keep(native::list(&connections, &server.base_url, window).await);
    let (guest, native) = in_turns(rounds, guest, native).await;
    eprintln!("listing with a known total: wall {:.2}", guest.wall_ms / native.wall_ms);
    Known { users, latency_ms, window, rounds, guest, native }
}

/// Runs both in turns, after one warm-up round for each.
pub async fn in_turns(
    rounds: usize,
    guest: impl AsyncFn(),
    native: impl AsyncFn(),
) -> (Median, Median) {
    let (mut guests, mut natives): (Vec<Taken>, Vec<Taken>) = (Vec::new(), Vec::new());
    guest().await;
    native().await;
    for _ in 0..rounds {
        guests.push(run(guest()).await.1);
        natives.push(run(native()).await.1);
    }
    (Median::of(&guests), Median::of(&natives))
}
