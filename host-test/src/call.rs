//! One call: an instance of its own, run within the limits, and thrown away.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

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
use crate::timings::Timings;

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
        // A tick makes the call give way rather than trap: whether it has taken too long is
        // decided where waiting and computing can be told apart.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);

        match inner.pre.instantiate_async(&mut store).await {
            Ok(plugin) => Ok(Call { store, plugin, function, limits, stderr }),
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
        let Call { store, plugin: _, function, limits, stderr } = self;
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

/// Which limit of time was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    WallClock,
    Compute,
}

/// Drives a call for as long as it may take. Dropping the call, which this does with one that
/// takes longer, ends the component where it stands.
pub(crate) async fn within<F: Future>(
    limits: &Limits,
    timings: &Timings,
    call: F,
) -> Result<F::Output, Exceeded> {
    let start = Instant::now();
    let spent = AtomicU64::new(0);
    let metered = Metered { call: pin!(call), spent: &spent, limit: limits.compute };
    let ended = tokio::time::timeout(limits.wall_clock, metered).await;
    timings.called(start.elapsed(), Duration::from_nanos(spent.into_inner()));
    match ended {
        Ok(ended) => ended,
        Err(_) => Err(Exceeded::WallClock),
    }
}

/// Counts the time spent computing: a component that waits is not polled, and one that
/// computes gives way at each tick.
struct Metered<'a, F> {
    call: Pin<&'a mut F>,
    /// In nanoseconds. The call may move from thread to thread.
    spent: &'a AtomicU64,
    limit: Duration,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = Result<F::Output, Exceeded>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let start = Instant::now();
        let polled = self.call.as_mut().poll(context);
        let took = start.elapsed().as_nanos() as u64;
        let spent = Duration::from_nanos(self.spent.fetch_add(took, Ordering::Relaxed) + took);
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if spent > self.limit => Poll::Ready(Err(Exceeded::Compute)),
            Poll::Pending => Poll::Pending,
        }
    }
}
