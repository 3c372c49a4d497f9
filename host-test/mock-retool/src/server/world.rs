//! What a mock holds, shared by its connections and its owner.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use tokio::time::Instant;

use super::quota::Quota;
use super::stale::{Stale, State};
use crate::dialects;
use crate::faults::Faults;
use crate::hook::OnRequest;
use crate::log::Log;
use crate::options::Options;
use crate::state::Organisation;

/// What a mock holds.
pub(crate) struct World {
    options: Options,
    routes: Router,
    organisation: State,
    stale: Mutex<Stale>,
    log: Mutex<Log>,
    faults: Mutex<Faults>,
    quota: Mutex<Quota>,
    hook: Mutex<Option<OnRequest>>,
    request_ids: AtomicU64,
}

impl World {
    /// As it is at the start.
    pub(crate) fn new(options: Options) -> Self {
        World {
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

    /// Goes back to the start.
    pub(crate) fn reset(&self) {
        *self.organisation() = seed(&self.options);
        self.log().clear();
        self.clear_faults();
        *self.faults() = Faults::new(&self.options.faults);
        *lock(&self.quota) = Quota::new(self.options.quota);
    }

    /// What the mock was started with.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// The routes of all dialects.
    pub(super) fn routes(&self) -> Router {
        self.routes.clone()
    }

    /// The organisation.
    pub(crate) fn organisation(&self) -> MutexGuard<'_, Organisation> {
        lock(&self.organisation)
    }

    /// The organisation that a request is served from.
    pub(super) fn organisation_for(&self, is_write: bool) -> State {
        let earlier = if is_write { None } else { lock(&self.stale).read(Instant::now()) };
        earlier.unwrap_or_else(|| Arc::clone(&self.organisation))
    }

    /// Lets the next reads, or all reads for a while, answer from the state as it is now,
    /// whatever is written meanwhile.
    pub(super) fn remember(&self, reads: Option<u32>, time: Option<Duration>) {
        let state = Arc::new(Mutex::new(self.organisation().clone()));
        let mut stale = lock(&self.stale);
        if let Some(reads) = reads {
            stale.keep_for_reads(Arc::clone(&state), reads);
        }
        if let Some(time) = time {
            // A time that no clock can count does not end.
            stale.keep_until(state, Instant::now().checked_add(time));
        }
    }

    /// The log.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// The faults in force.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Lifts every fault, and what one left behind.
    pub(crate) fn clear_faults(&self) {
        self.faults().clear();
        *lock(&self.stale) = Stale::default();
    }

    /// The quota.
    pub(super) fn quota(&self) -> MutexGuard<'_, Quota> {
        lock(&self.quota)
    }

    /// Who is asked about requests.
    pub(super) fn hook(&self) -> Option<OnRequest> {
        lock(&self.hook).clone()
    }

    /// Replaces who is asked.
    pub(crate) fn set_hook(&self, hook: OnRequest) {
        *lock(&self.hook) = Some(hook);
    }

    /// The organisation's time, as the `Date` of an answer: what happened when, and what time it
    /// is, are told by one clock.
    pub(crate) fn date(&self) -> Option<HeaderValue> {
        let now = humantime::parse_rfc3339(&self.organisation().now()).ok()?;
        HeaderValue::try_from(httpdate::fmt_http_date(now)).ok()
    }

    /// A request id that no other answer of this mock has.
    pub(super) fn request_id(&self) -> String {
        format!("mock-{:06}", self.request_ids.fetch_add(1, Ordering::Relaxed))
    }
}

fn seed(options: &Options) -> Organisation {
    if options.empty {
        Organisation::empty(options.seed)
    } else {
        Organisation::seeded(options.seed, options.users, options.groups)
    }
}

/// A test that panics while it edits must not hide its own message behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
