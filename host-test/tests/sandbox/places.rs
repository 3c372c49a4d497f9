//! How tenants share the host's places.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use host_test::requests::by_email;
use host_test::{Host, HostError, Limits, Tenant, TenantOptions};
use tokio::task::{JoinSet, yield_now};

use crate::misbehaving::{ENDLESS, plugin};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(50);

fn options(wall_clock: Duration, compute: Duration) -> TenantOptions {
    let limits = Limits { wall_clock, compute, ..Limits::default() };
    TenantOptions::new("http://127.0.0.1:9").limits(limits)
}

/// Starts this many calls, which compute until they are aborted.
fn compute(tenant: &Tenant, calls: usize) -> JoinSet<HostError> {
    let mut running = JoinSet::new();
    for _ in 0..calls {
        let tenant = tenant.clone();
        running.spawn(async move { call(&tenant).await });
    }
    running
}

async fn call(tenant: &Tenant) -> HostError {
    tenant.find_user(&by_email("ada@example.com")).await.expect_err("the host's own error")
}

#[tokio::test]
async fn waiting_for_a_place_ends_at_the_wall_clock_limit() {
    let host = Host::with_concurrency(&plugin(ENDLESS), 1).expect("a host");
    let _running = compute(&host.tenant(options(LONG, LONG)), 1);
    let other = host.tenant(options(SHORT, LONG));
    // The first call may get the place before the running one does.
    let error = loop {
        match call(&other).await {
            HostError::WallClock { .. } => continue,
            error => break error,
        }
    };
    assert_eq!(error, HostError::Busy { function: "find-user", limit: SHORT });
    assert!(!error.may_have_written());
}

#[tokio::test]
async fn waiting_behind_the_tenants_own_calls_ends_at_the_wall_clock_limit() {
    let host = Host::with_concurrency(&plugin(ENDLESS), 4).expect("a host");
    let tenant = host.tenant(options(SHORT, LONG).concurrent_calls(1));
    loop {
        // The call has its place after its second turn. It keeps it while it is not polled.
        let mut running = pin!(call(&tenant));
        let mut ended = false;
        for _ in 0..3 {
            if !ended {
                let mut poll =
                    |context: &mut Context<'_>| running.as_mut().poll(context).is_ready();
                ended = poll_fn(|context| Poll::Ready(poll(context))).await;
            }
            yield_now().await;
        }
        if !ended {
            let error = call(&tenant).await;
            assert_eq!(error, HostError::Busy { function: "find-user", limit: SHORT });
            return;
        }
    }
}

#[tokio::test]
async fn a_tenant_takes_at_most_its_share_of_the_places() {
    let host = Host::with_concurrency(&plugin(ENDLESS), 4).expect("a host");
    for (greedy, others) in [
        // A quarter by default.
        (options(LONG, LONG), 3),
        (options(LONG, LONG).concurrent_calls(2), 2),
        (options(LONG, LONG).concurrent_calls(3), 1),
    ] {
        let greedy = compute(&host.tenant(greedy), 20);
        let mut running = Vec::new();
        for _ in 0..others {
            // These calls run until their own limit, so each of them has got a place.
            let other = host.tenant(options(LONG, SHORT));
            assert_eq!(call(&other).await.code(), "host-compute");
            running.push(compute(&host.tenant(options(LONG, LONG)), 1));
        }
        drop(greedy);
    }
}

#[tokio::test]
async fn a_share_of_nothing_is_one_place() {
    let host = Host::with_concurrency(&plugin("unreachable"), 1).expect("a host");
    let tenant = host.tenant(options(LONG, LONG).concurrent_calls(0));
    assert_eq!(call(&tenant).await.code(), "host-trap");
}
