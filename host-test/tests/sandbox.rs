//! What the host does with a component that misbehaves. The components are made from the
//! contract: every function of them does the same wrong thing.

use std::time::Duration;

use host_test::{Host, HostError, Limits, TenantOptions};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, PackageId, Resolve};

/// A component of the one world in `package`, with `body` in place of every function's code.
fn component(resolve: &Resolve, package: PackageId, body: &str) -> Vec<u8> {
    let world = resolve.select_world(&[package], None).expect("one world");
    let module = dummy_module(resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    let text = wasmprinter::print_bytes(&module).expect("a module");
    assert!(text.contains("unreachable"), "{text}");
    let text = text.replace("unreachable", body);
    let mut module = wat::parse_str(text).expect("a module");
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)
        .expect("the contract in the module");
    ComponentEncoder::default().module(&module).expect("a module").encode().expect("a component")
}

fn plugin(body: &str) -> Host {
    let mut resolve = Resolve::default();
    let (contract, _) = resolve.push_path("../wit").expect("the contract");
    Host::new(&component(&resolve, contract, body)).expect("a host")
}

/// What a call of it comes to.
async fn called(host: &Host, limits: Limits) -> HostError {
    let tenant = host.tenant(
        TenantOptions::new("http://127.0.0.1:9")
            .env("RETOOL_API_TOKEN", "a-secret-value")
            .limits(limits),
    );
    tenant.find_user("ada@example.com").await.expect_err("the host's own error")
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
    let error =
        called(&plugin("(loop br 0) unreachable"), Limits { compute: limit, ..Limits::default() })
            .await;
    assert_eq!(error, HostError::Compute { function: "find-user", limit });
}

#[tokio::test]
async fn computing_for_ever_ends_at_the_limit_of_time_too() {
    let limit = Duration::from_millis(50);
    let error = called(
        &plugin("(loop br 0) unreachable"),
        Limits { wall_clock: limit, ..Limits::default() },
    )
    .await;
    assert_eq!(error, HostError::WallClock { function: "find-user", limit });
}

#[tokio::test]
async fn a_computing_call_lets_others_run_beside_it() {
    let host = plugin("(loop br 0) unreachable");
    let computing = called(&host, Limits { compute: Duration::from_secs(60), ..Limits::default() });
    // On one thread: this would never be reached if the call did not give way.
    let other = async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        error = computing => panic!("the call ended first: {error}"),
        () = other => {}
    }
}

#[tokio::test]
async fn memory_ends_at_its_limit() {
    let error = called(
        &plugin("(loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) br 0) unreachable"),
        Limits {
            memory: 8 << 20,
            ..Limits::default()
        },
    )
    .await;
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
             world greedy { import files; include user-lifecycle:retool/plugin@0.1.0; }",
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
