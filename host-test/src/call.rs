//! One call: an instance of its own, run within the limits, and thrown away.

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

/// What the host keeps for one instance.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    memory: MemoryLimiter,
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

/// What a call is set up with.
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
        // A tick makes the call give way rather than trap: whether it has taken too long is
        // decided where waiting and computing can be told apart.
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

    /// What the host makes of how the call ended.
    pub(crate) fn end<T>(
        self,
        ended: Result<wasmtime::Result<T>, Exceeded>,
    ) -> Result<T, HostError> {
        let Call { store, plugin: _, meter: _, function, limits, stderr } = self;
        stderr.finish();
        let state = store.data();
        // First, because a component that was refused a request may fail in any way then.
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

/// The trap or the innermost cause alone: the whole error carries a backtrace.
fn trap_message(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}
