//! The limits hold from the first instruction, and for whatever a component allocates.

use std::time::Duration;

use host_test::{Host, HostError, Limits, TenantOptions};

use crate::called;
use crate::misbehaving::{ENDLESS, HOG, calling, importing, starting};

const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn creating_an_instance_is_limited_like_a_call() {
    let host = Host::new(&starting(&ENDLESS.replace("unreachable", ""))).expect("a host");
    let compute = Limits { compute: SHORT, ..Limits::default() };
    let wall_clock = Limits { wall_clock: SHORT, ..Limits::default() };
    let error = called(&host, compute.clone()).await;
    assert_eq!(error, HostError::Compute { function: "find-user", limit: SHORT });
    let error = called(&host, wall_clock).await;
    assert_eq!(error, HostError::WallClock { function: "find-user", limit: SHORT });
    let tenant = host.tenant(TenantOptions::new("http://127.0.0.1:9").limits(compute));
    let error = tenant.instantiate().await.expect_err("the host's own error");
    assert_eq!(error, HostError::Compute { function: "instantiate", limit: SHORT });
}

#[tokio::test]
async fn memory_that_is_taken_while_an_instance_is_created_is_limited() {
    let host = Host::new(&starting(HOG)).expect("a host");
    let error = called(&host, Limits { memory: 8 << 20, ..Limits::default() }).await;
    assert_eq!(error, HostError::Memory { function: "find-user", limit: 8 << 20 });
}

#[tokio::test]
async fn an_instance_whose_start_fails_is_an_error_of_the_setup() {
    let host = Host::new(&starting("unreachable")).expect("a host");
    assert_eq!(called(&host, Limits::default()).await.code(), "host-setup");
}

#[tokio::test]
async fn objects_of_the_host_are_limited_whatever_their_kind() {
    let limits = || Limits { resources: 500, ..Limits::default() };
    for endless in [
        "(loop (drop (call {subscribe-duration} (i64.const 1))) (br 0))",
        "(loop (drop (call {[constructor]fields})) (br 0))",
        "(call {[constructor]fields}) drop
         (loop (drop (call {[method]fields.clone} (i32.const 1))) (br 0))",
    ] {
        let host = Host::new(&importing(endless)).expect("a host");
        let error = called(&host, limits()).await;
        let expected = HostError::Resources { function: "find-user", limit: 500 };
        assert_eq!(error, expected, "{endless}");
    }
}

#[tokio::test]
async fn objects_that_are_dropped_do_not_count() {
    let again = "(local $left i32) (local.set $left (i32.const 10000))
        (loop
            (call {[resource-drop]fields} (call {[constructor]fields}))
            (local.tee $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if 0))";
    let host = Host::new(&importing(again)).expect("a host");
    let error = called(&host, Limits { resources: 10, ..Limits::default() }).await;
    // The instance is there, and its functions fail.
    assert_eq!(error.code(), "host-trap", "{error}");
}

/// Code that sets a method of this many bytes on one request after another.
fn methods(bytes: usize) -> String {
    format!(
        "(drop (memory.grow (i32.const 17)))
        (memory.fill (i32.const 0) (i32.const 65) (i32.const {bytes}))
        (loop
            (call {{[method]outgoing-request.set-method}}
                (call {{[constructor]outgoing-request}} (call {{[constructor]fields}}))
                (i32.const 9) (i32.const 0) (i32.const {bytes}))
            (if (then unreachable))
            (br 0))
        unreachable"
    )
}

#[tokio::test]
async fn what_the_host_keeps_of_an_argument_is_limited() {
    // A MiB for each of a thousand requests would be a GiB.
    let host = Host::new(&calling(&methods(1 << 20))).expect("a host");
    let error = called(&host, Limits::default()).await;
    assert_eq!(error.code(), "host-trap", "{error}");
    assert!(error.to_string().contains("fuel"), "{error}");

    let host = Host::new(&calling(&methods(10 << 10))).expect("a host");
    let error = called(&host, Limits::default()).await;
    assert_eq!(error.code(), "host-resources", "{error}");
}
