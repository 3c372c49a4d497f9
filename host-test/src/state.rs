//! The host's state for one instance.

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime::{CallHook, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::IoView;

use crate::egress::Egress;
use crate::limits::{HEADERS, Limits, PeakMemory, StoreLimiter};
use crate::log::Stderr;

/// The maximum number of random bytes that a component may request at once. The host allocates
/// them.
const RANDOM_BYTES: u64 = 64 << 10;

/// How many bytes a component may pass to one of the host's functions. The host may keep them as
/// long as an object exists, for example the method and the path of a request. Pieces of bodies and
/// of the log are smaller.
const ARGUMENTS: usize = 20 << 10;

/// How many bytes the answer of a component may have. The elements of a list may overlap, so that
/// the host's copy can be larger than the component's memory.
const ANSWER: usize = 128 << 20;

/// The state of one instance.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    /// How its requests leave the host.
    pub(crate) egress: Egress,
    /// The limits of its memory.
    pub(crate) limiter: StoreLimiter,
}

impl State {
    /// Sets the limits of everything that the host allocates for an instance.
    pub(crate) fn limit(store: &mut Store<State>, limits: &Limits) {
        store.limiter(|state| &mut state.limiter);
        let answer = limits.memory.min(ANSWER);
        let mut depth = 0_usize;
        store.call_hook(move |mut store, hook| {
            // The component's code is also called to make room for a result of the host.
            match hook {
                CallHook::CallingWasm => depth += 1,
                CallHook::ReturningFromWasm => depth = depth.saturating_sub(1),
                CallHook::CallingHost | CallHook::ReturningFromHost => {}
            }
            store.set_hostcall_fuel(if depth == 0 { answer } else { ARGUMENTS });
            Ok(())
        });
        // The engine counts a handle twice while it is lent to a host function.
        store.set_max_component_handles(limits.resources.saturating_mul(2));
    }

    /// Returns the token that stops the call.
    pub(crate) fn stop(&self) -> &CancellationToken {
        self.egress.stop()
    }

    pub(crate) fn new(
        env: &[(String, SecretString)],
        stderr: &Stderr,
        egress: Egress,
        limits: &Limits,
        peak: PeakMemory,
    ) -> State {
        let mut wasi = WasiCtx::builder();
        wasi.stderr(stderr.clone())
            .allow_blocking_current_thread(false)
            .max_random_size(RANDOM_BYTES);
        for (name, value) in env {
            wasi.env(name, value.expose_secret());
        }
        let wasi = wasi.build();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADERS);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        State { table, wasi, http, egress, limiter: StoreLimiter::new(limits.memory, peak) }
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
