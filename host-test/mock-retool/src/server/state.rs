//! The state of a mock, shared by its connections and its owner.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use tokio::time::Instant;

use super::quota::Quota;
use super::stale::{SharedOrganisation, Stale};
use crate::dialects;
use crate::faults::Faults;
use crate::hook::OnRequest;
use crate::log::Log;
use crate::options::Options;
use crate::state::Organisation;

/// The state of a mock.
pub(crate) struct ServerState {
    options: Options,
    routes: Router,
    organisation: SharedOrganisation,
    stale: Mutex<Stale>,
    log: Mutex<Log>,
    faults: Mutex<Faults>,
    quota: Mutex<Quota>,
    hook: Mutex<Option<OnRequest>>,
    request_ids: AtomicU64,
}

impl ServerState {
    /// Creates the initial state.
    pub(crate) fn new(options: Options) -> Self {
        ServerState {
            routes: dialects::routes(&options),
            organisation: Arc::new(Mutex::new(seed(&options))),
            stale: Mutex::default(),
            log: Mutex::default(),
            faults: Mutex::new(Faults::new(&options.faults)),
            quota: Mutex::new(Quota::new(options.quota)),
            hook: Mutex::default(),
            request_ids: AtomicU64::new(1),
            options,
        }
    }

    /// Restores the initial state.
    pub(crate) fn reset(&self) {
        *self.organisation() = seed(&self.options);
        self.log().clear();
        self.clear_faults();
        *self.faults() = Faults::new(&self.options.faults);
        *lock(&self.quota) = Quota::new(self.options.quota);
    }

    /// Returns the options of the mock.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Returns the routes of all dialects.
    pub(super) fn routes(&self) -> Router {
        self.routes.clone()
    }

    /// Locks the organisation.
    pub(crate) fn organisation(&self) -> MutexGuard<'_, Organisation> {
        lock(&self.organisation)
    }

    /// Returns the organisation that a request is served from, which may be an earlier state.
    pub(super) fn organisation_for(&self, is_write: bool) -> SharedOrganisation {
        let earlier = if is_write { None } else { lock(&self.stale).read(Instant::now()) };
        earlier.unwrap_or_else(|| Arc::clone(&self.organisation))
    }

    /// Lets the next reads, or all reads for a time, return the current state, whatever is written
    /// meanwhile.
    pub(super) fn remember(&self, reads: Option<u32>, time: Option<Duration>) {
        let state = Arc::new(Mutex::new(self.organisation().clone()));
        let mut stale = lock(&self.stale);
        if let Some(reads) = reads {
            stale.keep_for_reads(Arc::clone(&state), reads);
        }
        if let Some(time) = time {
            // A time beyond the range of `Instant` never ends.
            stale.keep_until(state, Instant::now().checked_add(time));
        }
    }

    /// Locks the log.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// Locks the active faults.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Removes every fault, and the earlier states that faults kept.
    pub(crate) fn clear_faults(&self) {
        self.faults().clear();
        *lock(&self.stale) = Stale::default();
    }

    /// Locks the quota.
    pub(super) fn quota(&self) -> MutexGuard<'_, Quota> {
        lock(&self.quota)
    }

    /// Returns the hook.
    pub(super) fn hook(&self) -> Option<OnRequest> {
        lock(&self.hook).clone()
    }

    /// Replaces the hook.
    pub(crate) fn set_hook(&self, hook: OnRequest) {
        *lock(&self.hook) = Some(hook);
    }

    /// Returns the organisation's time as the `Date` of a response. Timestamps and `Date` use the
    /// same clock.
    pub(crate) fn date(&self) -> Option<HeaderValue> {
        let now = humantime::parse_rfc3339(&self.organisation().now()).ok()?;
        HeaderValue::try_from(httpdate::fmt_http_date(now)).ok()
    }

    /// Returns a new request id, which no other response of this mock has.
    pub(super) fn request_id(&self) -> String {
        format!("mock-{:06}", self.request_ids.fetch_add(1, Ordering::Relaxed))
    }
}

fn seed(options: &Options) -> Organisation {
    let mut organisation = if options.empty {
        Organisation::empty(options.seed)
    } else {
        Organisation::seeded(options.seed, options.users, options.groups)
    };
    organisation.admin_group_writable = options.admin_group_writable;
    organisation
}

/// Locks a mutex, even a poisoned one. If a test panics while it edits, the poisoned lock must not
/// hide the test's own message.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
