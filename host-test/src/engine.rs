//! The engine and the component in it: compiled once, instantiated for every call.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker};
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

/// How many calls run at a time unless told; more wait.
const CONCURRENT_CALLS: u32 = 64;

/// What any number of calls is cut to: the pool counts in 32 bits, and the address space ends.
const MOST_CONCURRENT_CALLS: u32 = 10_000;

/// Core instances, memories and tables that one component takes from the pool: its own
/// module, and the small ones that the component format puts beside it.
const CORE_INSTANCES: u32 = 16;

/// A component, compiled and linked. Cheap to share: clones are handles to the same one.
///
/// Linked are `wasi:io`, `wasi:clocks`, `wasi:random/random`, `wasi:cli` environment and
/// stderr, and outgoing `wasi:http`. There are no files and no sockets: a component that
/// imports anything else is refused.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) pre: PluginPre<State>,
    pub(crate) calls: Semaphore,
}

impl Host {
    /// Compiles and links a component, which takes a fraction of a second. 64 calls run at a
    /// time; more wait.
    pub fn new(component: &[u8]) -> Result<Host, HostError> {
        Host::with_concurrency(component, CONCURRENT_CALLS)
    }

    /// As [`Host::new`], with another number of calls that run at a time (at least 1). A bit
    /// more than 4 GiB of address space, not of memory, is set aside for each of them; where
    /// the system does not grant that, it is asked for call by call.
    pub fn with_concurrency(component: &[u8], calls: u32) -> Result<Host, HostError> {
        Host::made(calls, |engine| Component::from_binary(engine, component))
    }

    /// As [`Host::with_concurrency`], with the machine code kept in a folder, under a name made of
    /// the component's content and of what it was compiled for: from the second time on it is
    /// loaded, which takes less than a millisecond. A folder that can't be written to, or holds
    /// something else, costs the compilation and is no error.
    ///
    /// # Safety
    /// What lies in the folder is run as machine code: nobody who is not trusted may write there.
    pub unsafe fn precompiled(
        component: &[u8],
        calls: u32,
        folder: &Path,
    ) -> Result<Host, HostError> {
        // SAFETY: the caller's.
        Host::made(calls, |engine| unsafe { precompiled::load(engine, component, folder) })
    }

    fn made(
        calls: u32,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
    ) -> Result<Host, HostError> {
        let calls = calls.clamp(1, MOST_CONCURRENT_CALLS);
        let engine = engine(calls).map_err(|error| HostError::setup(&error))?;
        Host::on(&engine, component, calls)
    }

    /// A host on this engine, which interrupts by epochs.
    pub(crate) fn on(
        engine: &Engine,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
        calls: u32,
    ) -> Result<Host, HostError> {
        let inner = Inner::new(engine, component, calls);
        let inner = inner.map_err(|error| HostError::setup(&error))?;
        Ok(Host { inner: Arc::new(inner) })
    }

    /// A new host of the component that was built with this library.
    pub fn embedded() -> Result<Host, HostError> {
        Host::new(component::BYTES)
    }

    /// The one host of the embedded component in this process, made when first asked for.
    pub fn shared() -> Result<Host, HostError> {
        static SHARED: OnceLock<Result<Host, HostError>> = OnceLock::new();
        SHARED.get_or_init(Host::embedded).clone()
    }

    /// As [`Host::shared`], with the machine code kept in a folder: for tests, of which each is a
    /// process that would compile the component. The first call decides on the folder.
    ///
    /// # Safety
    /// As for [`Host::precompiled`].
    #[doc(hidden)]
    pub unsafe fn shared_in(folder: &Path) -> Result<Host, HostError> {
        static SHARED: OnceLock<Result<Host, HostError>> = OnceLock::new();
        // SAFETY: the caller's.
        let made = || unsafe { Host::precompiled(component::BYTES, CONCURRENT_CALLS, folder) };
        SHARED.get_or_init(made).clone()
    }

    /// The embedded component itself, as a file in the component format.
    pub fn embedded_component() -> &'static [u8] {
        component::BYTES
    }

    /// An organisation to call the component for.
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

/// With everything that the calls need set aside, or where there is no room for that, without.
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
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    Ok(linker)
}

/// Starts the thread that makes computing components give way, for as long as the engine
/// lives.
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
