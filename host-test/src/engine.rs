//! The engine and the component, which is compiled once and instantiated for every call.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ProfilingStrategy,
};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::random::WasiRandom;

use crate::bindings::PluginPre;
use crate::limits::{CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};
use crate::state::State;
use crate::ticker::Ticker;

/// A component that is compiled and linked, and what its calls share.
pub(crate) struct Program {
    pub(crate) pre: PluginPre<State>,
    /// The host's places: a call has one of them while it runs.
    pub(crate) places: Semaphore,
    /// How many places there are.
    pub(crate) concurrency: u32,
    pub(crate) ticker: Arc<Ticker>,
}

impl Program {
    /// Compiles and links a component on this engine, which must use epoch interruption. There are
    /// places for this many calls.
    pub(crate) fn new(
        engine: &Engine,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
        concurrency: u32,
    ) -> wasmtime::Result<Program> {
        let component = component(engine)?;
        let linker = linker(engine)?;
        let pre = PluginPre::new(linker.instantiate_pre(&component)?)?;
        let ticked = engine.weak();
        let ticker = Ticker::start(move || {
            if let Some(engine) = ticked.upgrade() {
                engine.increment_epoch();
            }
        })?;
        let places = Semaphore::new(concurrency as usize);
        Ok(Program { pre, places, concurrency, ticker: Arc::new(ticker) })
    }
}

/// Creates an engine that reserves everything for its calls. If there is no room for that, the
/// engine allocates on demand.
pub(crate) fn engine(calls: u32) -> wasmtime::Result<Engine> {
    Engine::new(config().allocation_strategy(pool(calls))).or_else(|_| on_demand())
}

/// Creates an engine that allocates for each call. [`StoreLimiter`](crate::limits::StoreLimiter)
/// sets the same limits as the pool.
pub(crate) fn on_demand() -> wasmtime::Result<Engine> {
    Engine::new(config().allocation_strategy(InstanceAllocationStrategy::OnDemand))
}

fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    if cfg!(feature = "profiling") {
        config.profiler(ProfilingStrategy::PerfMap);
    }
    config
}

fn pool(calls: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_core_instances(calls * CORE_INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(calls * MEMORIES)
        .max_memories_per_component(MEMORIES)
        .total_tables(calls * TABLES)
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ELEMENTS)
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
