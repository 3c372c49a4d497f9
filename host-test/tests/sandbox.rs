//! How the host handles a misbehaving component.

#[path = "sandbox/limits.rs"]
mod limits;
#[path = "support/misbehaving.rs"]
#[allow(dead_code)]
mod misbehaving;
#[path = "sandbox/places.rs"]
mod places;

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use host_test::requests::by_email;
use host_test::{Host, HostError, Limits, TenantOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::yield_now;
use wit_parser::Resolve;

use crate::misbehaving::{ENDLESS, HOG, component};

fn plugin(body: &str) -> Host {
    Host::new(&misbehaving::plugin(body)).expect("a host")
}

/// Makes a call, which must fail, and returns the host's error.
async fn called(host: &Host, limits: Limits) -> HostError {
    let tenant = host.tenant(
        TenantOptions::new("http://127.0.0.1:9")
            .env("RETOOL_API_TOKEN", "a-secret-value")
            .limits(limits),
    );
    tenant.find_user(&by_email("ada@example.com")).await.expect_err("the host's own error")
}

#[tokio::test]
async fn a_trap_is_an_error_with_a_message() {
    let error = called(&plugin("unreachable"), Limits::default()).await;
    assert_eq!(
        error,
        HostError::Trap {
            function: "find-user",
            message: "wasm trap: wasm `unreachable` instruction executed".to_owned(),
        }
    );
}

#[tokio::test]
async fn endless_computing_ends_at_the_compute_limit() {
    let limit = Duration::from_millis(50);
    let error = called(&plugin(ENDLESS), Limits { compute: limit, ..Limits::default() }).await;
    assert_eq!(error, HostError::Compute { function: "find-user", limit });
}

#[tokio::test]
async fn endless_computing_ends_at_the_wall_clock_limit() {
    let limit = Duration::from_millis(50);
    let error = called(&plugin(ENDLESS), Limits { wall_clock: limit, ..Limits::default() }).await;
    assert_eq!(error, HostError::WallClock { function: "find-user", limit });
}

/// Exchanges this many messages over a socket. Each arrives only after the runtime has polled its
/// sockets.
async fn messages(number: usize) {
    let (mut here, mut there) = UnixStream::pair().expect("a pair of sockets");
    let answering = async {
        for _ in 0..number {
            let message = there.read_u8().await?;
            there.write_u8(message).await?;
        }
        io::Result::Ok(())
    };
    let asking = async {
        for _ in 0..number {
            here.write_u8(1).await?;
            here.read_u8().await?;
        }
        io::Result::Ok(())
    };
    tokio::try_join!(answering, asking).expect("messages");
}

/// Returns how often a neighbour on this thread was polled, as it counts, while 50 messages were
/// exchanged.
async fn turns_amid_messages<N>(neighbour: impl FnOnce(Arc<AtomicU32>) -> N) -> u32
where
    N: Future<Output = ()> + Send + 'static,
{
    let turns = Arc::new(AtomicU32::new(0));
    let neighbour = tokio::spawn(neighbour(turns.clone()));
    // Wait until the neighbour has computed more than a call may before other calls get priority.
    while turns.load(Ordering::Relaxed) < 50 {
        yield_now().await;
    }
    let before = turns.load(Ordering::Relaxed);
    messages(50).await;
    assert!(!neighbour.is_finished(), "the neighbour has ended");
    turns.load(Ordering::Relaxed) - before
}

// While any task is ready, a runtime polls its sockets only once in 61 turns. So a computing call
// must not be ready all the time. A message and its answer need two polls.

#[tokio::test]
async fn a_computing_call_yields_to_tasks_that_wait_for_the_network() {
    let host = plugin(ENDLESS);
    let limits = Limits { compute: Duration::from_secs(60), ..Limits::default() };
    let turns = turns_amid_messages(|turns| async move {
        let mut call = pin!(called(&host, limits));
        poll_fn(|context| {
            turns.fetch_add(1, Ordering::Relaxed);
            call.as_mut().poll(context)
        })
        .await;
    })
    .await;
    assert!(turns <= 200, "{turns} turns");
}

#[tokio::test]
async fn calls_that_fail_at_once_yield_to_tasks_that_wait_for_the_network() {
    let host = plugin("unreachable");
    let turns = turns_amid_messages(|turns| async move {
        loop {
            turns.fetch_add(1, Ordering::Relaxed);
            called(&host, Limits::default()).await;
        }
    })
    .await;
    assert!(turns <= 200, "{turns} turns");
}

#[tokio::test]
async fn memory_beyond_the_limit_is_refused() {
    let error = called(&plugin(HOG), Limits { memory: 8 << 20, ..Limits::default() }).await;
    assert_eq!(error, HostError::Memory { function: "find-user", limit: 8 << 20 });
}

#[tokio::test]
async fn a_failed_call_releases_its_permit() {
    let host = plugin("unreachable");
    // More calls than permits: a failed call must release its permit.
    for _ in 0..200 {
        let error = called(&host, Limits::default()).await;
        assert_eq!(error.code(), "host-trap");
    }
}

#[tokio::test]
async fn calls_beyond_the_concurrency_limit_wait() {
    let host = plugin("unreachable");
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { called(&host, Limits::default()).await.code() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic"), "host-trap");
    }
}

#[test]
fn a_component_with_an_import_that_is_not_linked_is_refused() {
    let mut resolve = Resolve::default();
    resolve.push_path("../wit").expect("the contract");
    let package = resolve
        .push_str(
            "greedy.wit",
            "package greedy:greedy;
             interface files { open: func(path: string) -> string; }
             world greedy { import files; include user-lifecycle:retool/plugin@0.2.0; }",
        )
        .expect("a world");
    let greedy = component(&resolve, package, "unreachable");
    let refusal = Host::new(&greedy).expect_err("a refusal");
    assert_eq!(refusal.code(), "host-setup");
    assert!(refusal.to_string().contains("greedy:greedy/files"), "{refusal}");
}

#[test]
fn a_component_of_another_contract_is_refused() {
    assert_eq!(
        Host::new(b"nothing of the kind").err().map(|error| error.code()),
        Some("host-setup")
    );
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str(
            "other.wit",
            "package other:other;
             world other { export greet: func() -> string; }",
        )
        .expect("a world");
    let other = component(&resolve, package, "unreachable");
    assert_eq!(Host::new(&other).err().map(|error| error.code()), Some("host-setup"));
}

#[test]
fn debug_output_of_the_options_hides_the_values_of_variables() {
    let options =
        TenantOptions::new("https://acme.retool.com").env("RETOOL_API_TOKEN", "a-secret-value");
    let text = format!("{options:?}");
    assert!(text.contains("RETOOL_API_TOKEN"), "{text}");
    assert!(!text.contains("a-secret-value"), "{text}");
}
