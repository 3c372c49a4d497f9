//! Thousands of tenants in one process.

use std::fs;
use std::time::{Duration, Instant};

use host_test::Host;
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::measure::{median, percentile};
use crate::roster;
use crate::server::Server;

/// How many are parked at once.
const PARKED: usize = 10_000;

/// How long their server thinks: long enough that all of them wait for it.
const THINKS: Duration = Duration::from_secs(20);

/// How many calls the quiet tenants make, some at a time.
const CALLS: usize = 4_000;
const AT_A_TIME: usize = 16;

/// What was seen.
#[derive(Serialize)]
pub struct Tenants {
    parked: usize,
    /// Memory of the process for each parked tenant, its connection included, in KiB.
    kib_each: f64,
    /// Until all of them were done, in seconds.
    all_done_s: f64,
    /// Calls of others, alone and beside a tenant that computes without pause.
    alone: Latency,
    beside_a_noisy_one: Latency,
}

/// In milliseconds.
#[derive(Serialize)]
struct Latency {
    median_ms: f64,
    p99_ms: f64,
}

/// Runs everything.
pub fn measure() -> Tenants {
    let (kib_each, all_done_s) = parked();
    let alone = quiet(false);
    let beside_a_noisy_one = quiet(true);
    eprintln!(
        "{PARKED} tenants: {kib_each:.0} KiB each; p99 {:.2} ms alone, {:.2} ms beside a noisy one",
        alone.p99_ms, beside_a_noisy_one.p99_ms
    );
    Tenants { parked: PARKED, kib_each, all_done_s, alone, beside_a_noisy_one }
}

fn parked() -> (f64, f64) {
    let server = Server::start(1, THINKS, false);
    let host = Host::with_concurrency(Host::embedded_component(), PARKED as u32);
    let host = host.expect("a host");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let request = roster::converged(1, false);
        let before = resident_kib();
        let start = Instant::now();
        let mut calls = JoinSet::new();
        for _ in 0..PARKED {
            let tenant = roster::tenant(&host, &server, 1);
            let request = request.clone();
            calls.spawn(async move {
                tenant.plan_sync(&request).await.expect("a call").expect("a plan");
            });
        }
        // All have sent their request when the first is about to be answered.
        tokio::time::sleep(THINKS * 9 / 10).await;
        let each = (resident_kib() - before) / PARKED as f64;
        while let Some(done) = calls.join_next().await {
            done.expect("no panic");
        }
        (each, start.elapsed().as_secs_f64())
    })
}

/// Calls of quiet tenants; the noisy one plans 100,000 people again and again.
fn quiet(noisy: bool) -> Latency {
    let server = Server::start(1_000, Duration::ZERO, false);
    let large = Server::start(100_000, Duration::ZERO, false);
    let host = Host::embedded().expect("a host");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let neighbour = noisy.then(|| {
            let tenant = roster::tenant(&host, &large, 32);
            tokio::spawn(async move {
                let request = roster::converged(1, false);
                loop {
                    tenant.plan_sync(&request).await.expect("a call").expect("a plan");
                }
            })
        });
        let mut calls = JoinSet::new();
        for _ in 0..AT_A_TIME {
            let tenant = roster::tenant(&host, &server, 8);
            calls.spawn(async move {
                let request = roster::converged(1, false);
                let mut took = Vec::new();
                for _ in 0..CALLS / AT_A_TIME {
                    let start = Instant::now();
                    tenant.plan_sync(&request).await.expect("a call").expect("a plan");
                    took.push(start.elapsed());
                }
                took
            });
        }
        let took: Vec<Duration> = calls.join_all().await.into_iter().flatten().collect();
        if let Some(neighbour) = neighbour {
            neighbour.abort();
        }
        Latency {
            median_ms: median(took.iter().copied()),
            p99_ms: percentile(took.into_iter(), 99),
        }
    })
}

/// What the process has in memory.
fn resident_kib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("Linux tells what a process has")
}
