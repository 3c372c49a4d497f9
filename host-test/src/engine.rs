//! The engine and the component, which is compiled once and instantiated for every call.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::random::WasiRandom;

use crate::bindings::PluginPre;
use crate::call::State;
use crate::error::HostError;
use crate::meter::TICK;
use crate::precompiled;
use crate::tenant::{Tenant, TenantOptions};

/// How many calls run at the same time by default; more wait.
const CONCURRENT_CALLS: u32 = 64;

/// The maximum number of concurrent calls: the pool counts in 32 bits, and the address space is
/// limited.
const MOST_CONCURRENT_CALLS: u32 = 10_000;

/// Core instances, memories and tables that one component takes from the pool: for its own module,
/// and for the small modules that the component format adds.
const CORE_INSTANCES: u32 = 16;

/// A component, compiled and linked. It is cheap to share: clones are handles to the same one.
///
/// The component is linked with `wasi:io`, `wasi:clocks`, `wasi:random/random`, `wasi:cli`
/// environment and stderr, and outgoing `wasi:http`. There are no files and no sockets. A component
/// that imports anything else is refused.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
    cache_problem: Option<Arc<str>>,
}

pub(crate) struct Inner {
    pub(crate) pre: PluginPre<State>,
    pub(crate) calls: Semaphore,
}

impl Host {
    /// Compiles and links a component, which takes a fraction of a second. 64 calls run at the
    /// same time; more wait.
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
        let engine = engine(calls).map_err(|error| HostError::setup(&error))?;
        Host::on(&engine, component, calls)
    }

    /// Creates a host on this engine, which must use epoch interruption.
    pub(crate) fn on(
        engine: &Engine,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
        calls: u32,
    ) -> Result<Host, HostError> {
        let inner = Inner::new(engine, component, calls);
        let inner = inner.map_err(|error| HostError::setup(&error))?;
        Ok(Host { inner: Arc::new(inner), cache_problem: None })
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
        Tenant::new(self.inner.clone(), options)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Inner {
    fn new(
        engine: &Engine,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
        calls: u32,
    ) -> wasmtime::Result<Inner> {
        let component = component(engine)?;
        let linker = linker(engine)?;
        let pre = PluginPre::new(linker.instantiate_pre(&component)?)?;
        tick(engine)?;
        Ok(Inner { pre, calls: Semaphore::new(calls as usize) })
    }
}

/// Creates an engine that reserves everything for its calls. If there is no room for that, the
/// engine allocates on demand.
fn engine(calls: u32) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    config.allocation_strategy(pool(calls));
    Engine::new(&config)
        .or_else(|_| Engine::new(config.allocation_strategy(InstanceAllocationStrategy::OnDemand)))
}

fn pool(calls: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_core_instances(calls * CORE_INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(calls)
        .max_memories_per_component(1)
        .total_tables(calls * CORE_INSTANCES)
        .total_stacks(calls);
    InstanceAllocationStrategy::Pooling(pool)
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    wasmtime_wasi_io::add_to_linker_async(l)?;
    clocks::monotonic_clock::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    Ok(linker)
}

/// Starts the thread that makes computing components yield. It runs as long as the engine lives.
fn tick(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("epochs".to_owned()).spawn(move || {
        loop {
            thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else {
                return;
            };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}
