//! One call: it creates an instance, runs it within the limits, and drops it.

use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, Trap};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::IoView;

use crate::bindings::Plugin;
use crate::egress::Egress;
use crate::engine::Inner;
use crate::error::HostError;
use crate::limits::{Limits, MemoryLimiter, PeakMemory};
use crate::log::Stderr;
use crate::meter::{Exceeded, Meter};

/// The host's state for one instance.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    memory: MemoryLimiter,
}

impl State {
    /// Returns the token that stops the call.
    pub(crate) fn stop(&self) -> &CancellationToken {
        self.egress.stop()
    }
}

impl IoView for State {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.table, ctx: &mut self.http }
    }
}

/// The inputs of a call.
pub(crate) struct Setup<'a> {
    pub(crate) function: &'static str,
    pub(crate) env: &'a [(String, String)],
    pub(crate) limits: &'a Limits,
    pub(crate) egress: Egress,
    pub(crate) stderr: Stderr,
    pub(crate) peak: PeakMemory,
}

/// An instance, ready to be called once.
pub(crate) struct Call<'a> {
    pub(crate) store: Store<State>,
    pub(crate) plugin: Plugin,
    pub(crate) meter: Meter,
    function: &'static str,
    limits: &'a Limits,
    stderr: Stderr,
}

impl<'a> Call<'a> {
    pub(crate) async fn begin(inner: &Inner, setup: Setup<'a>) -> Result<Call<'a>, HostError> {
        let Setup { function, env, limits, egress, stderr, peak } = setup;
        let wasi = WasiCtx::builder()
            .envs(env)
            .stderr(stderr.clone())
            .allow_blocking_current_thread(false)
            .build();
        let mut store = Store::new(
            inner.pre.engine(),
            State {
                table: ResourceTable::new(),
                wasi,
                http: WasiHttpCtx::new(),
                egress,
                memory: MemoryLimiter::new(limits.memory, peak),
            },
        );
        store.limiter(|state| &mut state.memory);
        let meter = Meter::default();
        let turns = meter.clone();
        // At a tick the call yields instead of trapping. `Meter` checks the limits, because it can
        // distinguish waiting from computing.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| Ok(turns.at_tick()));

        match inner.pre.instantiate_async(&mut store).await {
            Ok(plugin) => Ok(Call { store, plugin, meter, function, limits, stderr }),
            Err(_) if store.data().memory.refused() => {
                Err(HostError::Memory { function, limit: limits.memory })
            }
            Err(error) => Err(HostError::Setup { message: trap_message(&error) }),
        }
    }

    /// Converts the outcome of the call into a result or the host's error.
    pub(crate) fn end<T>(
        self,
        ended: Result<wasmtime::Result<T>, Exceeded>,
    ) -> Result<T, HostError> {
        let Call { store, plugin: _, meter: _, function, limits, stderr } = self;
        stderr.finish();
        let state = store.data();
        // Check this first: after a refused request, the component may fail in any way.
        if let Some(attempted) = state.egress.refused() {
            return Err(HostError::Egress {
                function,
                attempted: attempted.to_owned(),
                allowed: state.egress.allowed(),
            });
        }
        match ended {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) if state.memory.refused() => {
                Err(HostError::Memory { function, limit: limits.memory })
            }
            Ok(Err(error)) => Err(HostError::Trap { function, message: trap_message(&error) }),
            Err(Exceeded::WallClock) => {
                Err(HostError::WallClock { function, limit: limits.wall_clock })
            }
            Err(Exceeded::Compute) => Err(HostError::Compute { function, limit: limits.compute }),
        }
    }
}

/// Returns only the trap or the innermost cause, because the whole error includes a backtrace.
fn trap_message(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}
