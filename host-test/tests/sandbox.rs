//! What the host does with a component that misbehaves.

mod misbehaving;

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

/// What a call of it comes to.
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
async fn computing_for_ever_ends_at_the_limit_of_computing() {
    let limit = Duration::from_millis(50);
    let error = called(&plugin(ENDLESS), Limits { compute: limit, ..Limits::default() }).await;
    assert_eq!(error, HostError::Compute { function: "find-user", limit });
}

#[tokio::test]
async fn computing_for_ever_ends_at_the_limit_of_time_too() {
    let limit = Duration::from_millis(50);
    let error = called(&plugin(ENDLESS), Limits { wall_clock: limit, ..Limits::default() }).await;
    assert_eq!(error, HostError::WallClock { function: "find-user", limit });
}

/// So many messages to and fro, each of which comes only where the runtime has looked at its
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

/// How many turns a neighbour on this thread takes, as it counts them, while 50 messages go to
/// and fro.
async fn turns_amid_messages<N>(neighbour: impl FnOnce(Arc<AtomicU32>) -> N) -> u32
where
    N: Future<Output = ()> + Send + 'static,
{
    let turns = Arc::new(AtomicU32::new(0));
    let neighbour = tokio::spawn(neighbour(turns.clone()));
    // More than what every call may compute before others come first.
    while turns.load(Ordering::Relaxed) < 50 {
        yield_now().await;
    }
    let before = turns.load(Ordering::Relaxed);
    messages(50).await;
    assert!(!neighbour.is_finished(), "it was there all the time");
    turns.load(Ordering::Relaxed) - before
}

// While anybody is ready, a runtime looks at its sockets once in 61 turns: whoever computes must
// not be ready all the time. A message and its answer are two looks.

#[tokio::test]
async fn a_computing_call_makes_way_for_those_who_hear_from_the_network() {
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
async fn calls_that_fail_at_once_make_way_for_those_who_hear_from_the_network() {
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
async fn memory_ends_at_its_limit() {
    let error = called(&plugin(HOG), Limits { memory: 8 << 20, ..Limits::default() }).await;
    assert_eq!(error, HostError::Memory { function: "find-user", limit: 8 << 20 });
}

#[tokio::test]
async fn a_host_goes_on_after_a_failure() {
    let host = plugin("unreachable");
    // More than there are places for calls: a failed one must give its place back.
    for _ in 0..200 {
        let error = called(&host, Limits::default()).await;
        assert_eq!(error.code(), "host-trap");
    }
}

#[tokio::test]
async fn more_calls_than_there_are_places_wait_for_one() {
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
fn a_component_that_wants_more_than_it_may_have_is_refused() {
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
fn what_is_no_component_of_this_contract_is_refused() {
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
fn options_shown_for_debugging_have_no_values_of_variables() {
    let options =
        TenantOptions::new("https://acme.retool.com").env("RETOOL_API_TOKEN", "a-secret-value");
    let shown = format!("{options:?}");
    assert!(shown.contains("RETOOL_API_TOKEN"), "{shown}");
    assert!(!shown.contains("a-secret-value"), "{shown}");
}
