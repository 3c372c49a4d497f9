//! The host: the library's entry point.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::{self, Program};
use crate::error::HostError;
use crate::options::TenantOptions;
use crate::precompiled;
use crate::tenant::Tenant;

/// How many calls run at the same time by default; more wait.
const CONCURRENT_CALLS: u32 = 64;

/// The maximum number of concurrent calls: the pool counts in 32 bits, and the address space is
/// limited.
const MOST_CONCURRENT_CALLS: u32 = 10_000;

/// A component, compiled and linked. It is cheap to share: clones are handles to the same one.
///
/// The component is linked with `wasi:io`, `wasi:clocks`, `wasi:random/random`, `wasi:cli`
/// environment and stderr, and outgoing `wasi:http`. There are no files and no sockets. A component
/// that imports anything else is refused.
#[derive(Clone)]
pub struct Host {
    program: Arc<Program>,
    cache_problem: Option<Arc<str>>,
}

impl Host {
    /// Compiles and links a component, which takes a fraction of a second. 64 calls run at the
    /// same time; more wait. By default, 16 of them may be of one tenant
    /// ([`TenantOptions::concurrent_calls`]).
    pub fn new(component: &[u8]) -> Result<Host, HostError> {
        Host::with_concurrency(component, CONCURRENT_CALLS)
    }

    /// Like [`Host::new`], with another number of calls that run at the same time (at least 1).
    /// The host reserves a bit more than 4 GiB of address space, not of memory, for each of them.
    /// If the system does not grant that, the host allocates for each call.
    pub fn with_concurrency(component: &[u8], calls: u32) -> Result<Host, HostError> {
        Host::made(calls, |engine| Component::from_binary(engine, component))
    }

    /// Like [`Host::with_concurrency`], but caches the machine code in a folder. The file name is
    /// a hash of the component and of the compilation target. From the second time on the code
    /// is loaded, which takes a few milliseconds, most of them for its checksum. A file that is
    /// damaged is replaced. If the folder can't be written to, the component is compiled, and
    /// [`Host::cache_problem`] says why.
    ///
    /// # Safety
    /// The files in the folder are run as machine code. Only trusted users may write there.
    pub unsafe fn precompiled(
        component: &[u8],
        calls: u32,
        folder: &Path,
    ) -> Result<Host, HostError> {
        let mut problem = None;
        let host = Host::made(calls, |engine| {
            // SAFETY: the caller upholds it.
            let (component, why) = unsafe { precompiled::load(engine, component, folder) }?;
            problem = why;
            Ok(component)
        })?;
        Ok(Host { cache_problem: problem.map(|why| why.to_string().into()), ..host })
    }

    /// Returns why [`Host::precompiled`] could not keep the machine code in its folder. The next
    /// process has to compile the component again.
    pub fn cache_problem(&self) -> Option<&str> {
        self.cache_problem.as_deref()
    }

    fn made(
        calls: u32,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
    ) -> Result<Host, HostError> {
        let calls = calls.clamp(1, MOST_CONCURRENT_CALLS);
        let engine = engine::engine(calls).map_err(|error| HostError::setup(&error))?;
        Host::on(&engine, component, calls)
    }

    /// Creates a host on this engine, which must use epoch interruption.
    pub(crate) fn on(
        engine: &Engine,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
        calls: u32,
    ) -> Result<Host, HostError> {
        let program = Program::new(engine, component, calls);
        let program = program.map_err(|error| HostError::setup(&error))?;
        Ok(Host { program: Arc::new(program), cache_problem: None })
    }

    /// Creates a host of the component that was built with this library.
    pub fn embedded() -> Result<Host, HostError> {
        Host::new(component::BYTES)
    }

    /// Returns the host of the embedded component that this process shares. The first call creates
    /// it.
    pub fn shared() -> Result<Host, HostError> {
        static SHARED: OnceLock<Result<Host, HostError>> = OnceLock::new();
        SHARED.get_or_init(Host::embedded).clone()
    }

    /// Like [`Host::shared`], but caches the machine code in a folder. It is for tests: each is a
    /// process, which would have to compile the component. The first call sets the folder.
    ///
    /// # Safety
    /// The same as for [`Host::precompiled`].
    #[doc(hidden)]
    pub unsafe fn shared_in(folder: &Path) -> Result<Host, HostError> {
        static SHARED: OnceLock<Result<Host, HostError>> = OnceLock::new();
        // SAFETY: the caller upholds it.
        let made = || unsafe { Host::precompiled(component::BYTES, CONCURRENT_CALLS, folder) };
        SHARED.get_or_init(made).clone()
    }

    /// Returns the embedded component as a file in the component format.
    pub fn embedded_component() -> &'static [u8] {
        component::BYTES
    }

    /// Creates a tenant: one organisation for which the component is called.
    pub fn tenant(&self, options: TenantOptions) -> Tenant {
        Tenant::new(self.program.clone(), options)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "../tests/support/misbehaving.rs"]
#[allow(dead_code)]
mod misbehaving;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use tokio::task::yield_now;

    use super::misbehaving::{ENDLESS, HOG, having, importing, plugin};
    use super::*;
    use crate::requests::by_email;
    use crate::{CancellationToken, Limits};

    /// Returns hosts of a component, with the pool and without it.
    fn both(component: &[u8]) -> [Result<Host, HostError>; 2] {
        let on_demand = engine::on_demand().expect("an engine");
        let component = |engine: &Engine| Component::from_binary(engine, component);
        [Host::made(2, component), Host::on(&on_demand, component, 2)]
    }

    fn tenant(host: &Host) -> Tenant {
        let limits = Limits { memory: 64 << 20, ..Limits::default() };
        host.tenant(TenantOptions::new("http://127.0.0.1:9").limits(limits))
    }

    async fn called(host: &Host) -> HostError {
        tenant(host).find_user(&by_email("ada@example.com")).await.expect_err("the host's error")
    }

    #[tokio::test]
    async fn memory_is_limited_with_and_without_the_pool() {
        for host in both(&plugin(HOG)) {
            let error = called(&host.expect("a host")).await;
            assert_eq!(error, HostError::Memory { function: "find-user", limit: 64 << 20 });
        }
    }

    #[tokio::test]
    async fn more_than_one_memory_is_refused_with_and_without_the_pool() {
        // Each of them alone is within the limit.
        let component = having(&"(memory 1000)".repeat(40));
        let [pool, on_demand] = both(&component);
        assert_eq!(pool.expect_err("a refusal").code(), "host-setup");
        let error = called(&on_demand.expect("a host")).await;
        assert_eq!(error.code(), "host-setup", "{error}");
        assert!(error.to_string().contains("memory count"), "{error}");
    }

    #[tokio::test]
    async fn tables_are_limited_with_and_without_the_pool() {
        let many = "(table 1 funcref)".repeat(40);
        for (component, reason) in
            [(having("(table 30000 funcref)"), "table"), (having(&many), "table count")]
        {
            let [pool, on_demand] = both(&component);
            assert_eq!(pool.expect_err("a refusal").code(), "host-setup");
            let error = called(&on_demand.expect("a host")).await;
            assert_eq!(error.code(), "host-setup", "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[tokio::test]
    async fn a_call_that_is_stopped_while_it_waits_for_a_place_ends_and_has_not_begun() {
        let host = Host::with_concurrency(&plugin("unreachable"), 1).expect("a host");
        let limits = Limits { wall_clock: std::time::Duration::from_secs(20), ..Limits::default() };
        let options = TenantOptions::new("http://127.0.0.1:9").limits(limits);
        let tenant = host.tenant(options.concurrent_calls(1));
        let ada = by_email("ada@example.com");
        let taken = host.program.places.acquire().await.expect("a place");
        // The first time it waits for a place of the host. The second time another call does so,
        // and it waits for its tenant's only place.
        for others in 0..2 {
            let stop = CancellationToken::new();
            let to_stop = tenant.with_stop(stop.clone());
            let mut other = pin!(tenant.find_user(&ada));
            let mut stopped = pin!(to_stop.find_user(&ada));
            for _ in 0..3 {
                let polled = poll_fn(|context| {
                    let waits = others == 0 || other.as_mut().poll(context).is_pending();
                    Poll::Ready(waits && stopped.as_mut().poll(context).is_pending())
                });
                assert!(polled.await, "a call did not wait");
                yield_now().await;
            }
            stop.cancel();
            let error = stopped.await.expect_err("the host's own error");
            assert_eq!(error, HostError::Stopped { function: "find-user" });
            assert!(!error.may_have_written());
        }
        // They hold no place any more.
        drop(taken);
        assert_eq!(called(&host).await.code(), "host-trap");
    }

    #[tokio::test]
    async fn epochs_tick_only_while_a_component_computes() {
        let waits = "(call {[method]pollable.block} (call {subscribe-duration} (i64.const -1)))";
        let host = Host::new(&importing(waits)).expect("a host");
        let ticker = &host.program.ticker;
        let tenant = tenant(&host);
        let mut waiting = pin!(tenant.instantiate());
        for _ in 0..10 {
            assert!(
                poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await.is_pending()
            );
            yield_now().await;
        }
        while !ticker.is_parked() {
            yield_now().await;
        }
        let epoch = ticker.ticks();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(ticker.is_parked());
        assert_eq!(ticker.ticks(), epoch, "it ticked while the call waited");
    }

    #[tokio::test]
    async fn epochs_tick_for_every_computing_call() {
        let host = Host::new(&plugin(ENDLESS)).expect("a host");
        for _ in 0..3 {
            while !host.program.ticker.is_parked() {
                yield_now().await;
            }
            let before = host.program.ticker.ticks();
            let limits =
                Limits { compute: std::time::Duration::from_millis(5), ..Limits::default() };
            let tenant = host.tenant(TenantOptions::new("http://127.0.0.1:9").limits(limits));
            let error = tenant.instantiate().await.err();
            assert_eq!(error, None);
            let error = tenant.find_user(&by_email("ada@example.com")).await.expect_err("an error");
            assert_eq!(error.code(), "host-compute");
            assert!(host.program.ticker.ticks() > before);
        }
    }
}
