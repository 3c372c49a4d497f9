//! Thousands of tenants in one process.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use host_test::{Host, Tenant, TenantOptions};
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::measure::{median, ms, percentile};
use crate::native::TOKEN;
use crate::server::Server;
use crate::{misbehaving, roster};

/// How many tenants wait at the same time.
const PARKED: usize = 10_000;

/// The delay of their server, long enough that all tenants wait for it at the same time.
const THINKS: Duration = Duration::from_secs(20);

/// How many calls the quiet tenants make in a round, and how many of them at the same time.
const CALLS: usize = 1_000;
const AT_A_TIME: usize = 16;

/// How many rounds there are with each neighbour, in turns.
const ROUNDS: usize = 5;

/// The results.
#[derive(Serialize)]
pub struct Tenants {
    parked: usize,
    /// Memory of the process per waiting tenant, including its connection, in KiB.
    kib_each: f64,
    /// The same, with shared memory counted once, in KiB.
    own_kib_each: f64,
    /// The time until all tenants were done, in seconds.
    all_done_s: f64,
    /// Calls of quiet tenants without a neighbour.
    alone: Latency,
    /// The same with a neighbour that computes forever.
    endless: Latency,
    /// The same with a neighbour that takes memory up to its limit, again and again.
    hog: Latency,
    /// The same with a neighbour whose calls fail at once.
    failing: Latency,
    /// The same with a neighbour whose server sends its answer byte by byte.
    slow_body: Latency,
    /// The same with a neighbour whose server sends `100 Continue` without end.
    flood: Latency,
}

/// Medians of the rounds, in milliseconds.
#[derive(Serialize)]
struct Latency {
    median_ms: f64,
    p99_ms: f64,
}

/// Runs everything.
pub fn measure() -> Tenants {
    let ([kib_each, own_kib_each], all_done_s) = parked();
    let [alone, endless, hog, failing, slow_body, flood] = neighbours();
    eprintln!(
        "{PARKED} tenants: {kib_each:.0} KiB each; p99 {:.1} ms alone, {:.1} ms beside an endless \
         loop, {:.1} ms beside a memory hog, {:.1} ms beside failing calls, {:.1} ms beside a slow \
         body, {:.1} ms beside a flood",
        alone.p99_ms, endless.p99_ms, hog.p99_ms, failing.p99_ms, slow_body.p99_ms, flood.p99_ms
    );
    Tenants {
        parked: PARKED,
        kib_each,
        own_kib_each,
        all_done_s,
        alone,
        endless,
        hog,
        failing,
        slow_body,
        flood,
    }
}

fn parked() -> ([f64; 2], f64) {
    let server = Server::start(1, THINKS, false);
    let host = Host::with_concurrency(Host::embedded_component(), PARKED as u32);
    let host = host.expect("a host");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let request = roster::converged(1, false);
        let before = MEASURES.map(memory_kib);
        let start = Instant::now();
        let mut calls = JoinSet::new();
        for _ in 0..PARKED {
            let tenant = roster::tenant(&host, &server, 1);
            let request = request.clone();
            calls.spawn(async move {
                tenant.plan_sync(&request).await.expect("a call").expect("a plan");
            });
        }
        // By now all tenants have sent their request, and none has been answered.
        tokio::time::sleep(THINKS * 9 / 10).await;
        let after = MEASURES.map(memory_kib);
        let each = [0, 1].map(|at| (after[at] - before[at]) / PARKED as f64);
        while let Some(done) = calls.join_next().await {
            done.expect("no panic");
        }
        (each, start.elapsed().as_secs_f64())
    })
}

/// Measures calls of quiet tenants with each neighbour, in turns.
fn neighbours() -> [Latency; 6] {
    let server = Server::start(1_000, Duration::ZERO, false);
    let [slow, flooding] = [drip, flood].map(serve);
    let host = Host::embedded().expect("a host");
    let misbehaving = |body| {
        let host = Host::new(&misbehaving::plugin(body)).expect("a host");
        host.tenant(TenantOptions::new(&server.base_url))
    };
    let endless = misbehaving(misbehaving::ENDLESS);
    let hog = misbehaving(misbehaving::HOG);
    let failing = misbehaving("unreachable");
    let [slow, flooding] = [slow, flooding]
        .map(|url| host.tenant(TenantOptions::new(url).env("RETOOL_API_TOKEN", TOKEN)));
    let neighbours =
        [None, Some(&endless), Some(&hog), Some(&failing), Some(&slow), Some(&flooding)];
    let mut rounds = neighbours.map(|_| Vec::new());
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    for _ in 0..ROUNDS {
        for (neighbour, rounds) in neighbours.iter().zip(&mut rounds) {
            rounds.push(runtime.block_on(beside(&host, &server, neighbour.cloned())));
        }
    }
    rounds.map(|rounds| Latency {
        median_ms: median(rounds.iter().map(|took| median(took.iter().copied()))),
        p99_ms: median(rounds.iter().map(|took| percentile(took.iter().copied(), 99))),
    })
}

/// Measures the calls of quiet tenants, in milliseconds, while the neighbour makes one call after
/// another.
async fn beside(host: &Host, server: &Server, neighbour: Option<Tenant>) -> Vec<f64> {
    let neighbour = neighbour.map(|tenant| {
        tokio::spawn(async move {
            let request = roster::converged(1, false);
            loop {
                let went = tenant.plan_sync(&request).await;
                assert!(!matches!(went, Ok(Ok(_))), "a neighbour that behaves");
            }
        })
    });
    let mut calls = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let tenant = roster::tenant(host, server, 8);
        calls.spawn(async move {
            let request = roster::converged(1, false);
            let mut took = Vec::new();
            for _ in 0..CALLS / AT_A_TIME {
                let start = Instant::now();
                tenant.plan_sync(&request).await.expect("a call").expect("a plan");
                took.push(ms(start.elapsed()));
            }
            took
        });
    }
    let took = calls.join_all().await.into_iter().flatten().collect();
    if let Some(neighbour) = neighbour {
        assert!(!neighbour.is_finished(), "a neighbour that has gone");
        neighbour.abort();
        let _ = neighbour.await;
    }
    took
}

/// Starts a server that has a thread for each connection. It runs until the process ends. Returns
/// its base URL.
fn serve(answer: fn(TcpStream) -> io::Result<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    format!("http://{address}")
}

/// Sends informational responses until the client closes the connection.
fn flood(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    let block = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
    loop {
        stream.write_all(block.as_bytes())?;
    }
}

/// Sends one byte of an answer per millisecond until the client closes the connection.
fn drip(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    stream.set_nodelay(true)?;
    loop {
        stream.write_all(b" ")?;
        thread::sleep(Duration::from_millis(1));
    }
}

/// The resident memory; and the same with each page divided by the number of its mappings.
const MEASURES: [&str; 2] = ["Rss:", "Pss:"];

/// Returns the memory of the process by this measure.
fn memory_kib(measure: &str) -> f64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix(measure));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("Linux reports a process's memory")
}
