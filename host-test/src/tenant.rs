//! A tenant: the connection of one organisation, the environment of its component, and one method
//! per function that the component exports.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use secrecy::SecretString;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::call::{Call, Setup};
use crate::credentials::Environment;
use crate::egress::{self, Egress, Origin, Ways};
use crate::engine::Program;
use crate::error::HostError;
use crate::event::{Event, EventSink};
use crate::limits::{Limits, PeakMemory};
use crate::log::{LogLines, LogSink, Stderr};
use crate::meter::Meter;
use crate::net::Connections;
use crate::options::TenantOptions;
use crate::retool::diagnostics::ConnectionReport;
use crate::retool::directory::{ChangeSet, GroupPage, PageRequest, UserPage};
use crate::retool::groups::{
    ChangeGroupRequest, ChangeGroupResult, EnsureGroupRequest, EnsureGroupResult,
    RemoveGroupRequest, RemoveGroupResult,
};
use crate::retool::lifecycle::{
    DeprovisionPlan, DeprovisionRequest, DeprovisionResult, ProvisionRequest, ProvisionResult,
    ResetTwoFactorRequest, ResetTwoFactorResult, RestoreRequest, RestoreResult,
};
use crate::retool::synchronization::{
    ApplyPlanRequest, Plan, Step, StepResult, SyncReport, SyncRequest,
};
use crate::retool::types::{Connection, Error, User, UserRef};
use crate::timings::{Timing, Timings};

/// The outcome of a call: the component's answer, which may be its typed error, or the host's error
/// if there is no answer. `call.await??` unwraps both.
pub type Answer<T> = Result<Result<T, Error>, HostError>;

/// One organisation for which the component is called. Calls may run at the same time; each has its
/// own instance. Dropping a call's future stops the call immediately.
///
/// The calls of a tenant and of its clones share connections, which are kept for a few seconds
/// after use. A connection runs on the runtime of the call that opened it. If a tenant is called on
/// several runtimes, all of them must keep running.
#[derive(Clone)]
pub struct Tenant {
    program: Arc<Program>,
    /// The places that this tenant may take.
    places: Arc<Semaphore>,
    connection: Connection,
    ways: Ways,
    /// Whether a proxy would choose the address, although only public ones are allowed.
    proxy_chooses: bool,
    /// The environment that the host was given.
    environment: Environment,
    /// The environment that the component gets.
    env: Arc<[(String, SecretString)]>,
    limits: Limits,
    stop: CancellationToken,
    log: LogLines,
    on_log: Option<LogSink>,
    on_event: Option<EventSink>,
    peak: PeakMemory,
    timings: Timings,
}

impl Tenant {
    pub(crate) fn new(program: Arc<Program>, options: TenantOptions) -> Tenant {
        let TenantOptions {
            connection,
            env,
            inject_credentials,
            ca_certificates,
            proxies,
            public_addresses_only,
            limits,
            concurrent_calls,
            connections,
            stop,
            on_log,
            on_event,
        } = options;
        let environment = Environment::new(env, inject_credentials);
        let (env, credentials) = environment.of(&connection);
        let allowed = egress::allowed_by(&connection.base_url);
        let connections =
            Connections::new(ca_certificates, proxies, public_addresses_only, connections as usize);
        let proxy_chooses = public_addresses_only
            && allowed.as_ref().is_some_and(|origin| connections.use_proxy(&origin.to_string()));
        let places = concurrent_calls.unwrap_or(program.concurrency.div_ceil(4));
        Tenant {
            program,
            places: Arc::new(Semaphore::new(places.max(1) as usize)),
            ways: Ways { allowed, connections, credentials },
            proxy_chooses,
            connection,
            environment,
            env,
            limits,
            stop,
            log: LogLines::default(),
            on_log,
            on_event,
            peak: PeakMemory::default(),
            timings: Timings::default(),
        }
    }

    /// Returns the connection that every call uses.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the same tenant with another connection for its calls. It can still reach only the
    /// origin of the connection that it was created with. If the tokens are kept out of the
    /// component, they are those of the variables that this connection names.
    pub fn with_connection(&self, connection: Connection) -> Tenant {
        let (env, credentials) = self.environment.of(&connection);
        let ways = Ways { credentials, ..self.ways.clone() };
        Tenant { connection, env, ways, ..self.clone() }
    }

    /// Returns the same tenant with another token that stops its calls. See
    /// [`TenantOptions::stop_on`]. To stop a single call, make it on a tenant with a token of its
    /// own.
    pub fn with_stop(&self, stop: CancellationToken) -> Tenant {
        Tenant { stop, ..self.clone() }
    }

    /// Returns the latest lines that the component has logged in all calls so far. Events are lines
    /// in words.
    pub fn log(&self) -> Vec<String> {
        self.log.all()
    }

    /// Deletes the stored log lines.
    pub fn clear_log(&self) {
        self.log.clear();
    }

    /// Returns the largest linear memory that the component had in any call so far, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.peak.bytes()
    }

    /// Returns where the time of all calls so far went, as far as the host can measure it.
    pub fn timing(&self) -> Timing {
        self.timings.sum()
    }

    /// Creates an instance and drops it. This checks whether the limits allow one, without a call.
    pub async fn instantiate(&self) -> Result<(), HostError> {
        let place = self.place("instantiate").await?;
        let mut call = self.call("instantiate", &place);
        let (meter, remaining, start) = (call.meter(), call.remaining(), Instant::now());
        let running = async { call.instantiate().await.map(|_| ()) };
        let ended = meter.within(remaining, self.limits.compute, running).await;
        call.end(ended, start.elapsed(), &self.timings)
    }

    /// Waits for a place for a call, at most as long as the call may take, and not once it is stopped.
    async fn place(&self, function: &'static str) -> Result<Place<'_>, HostError> {
        self.ways.credentials.check()?;
        if self.proxy_chooses {
            let origin = self.ways.allowed.as_ref().map(Origin::to_string).unwrap_or_default();
            return Err(HostError::ProxyChoosesAddress { function, origin });
        }
        let begun = Instant::now();
        // Queue behind all ready tasks. Otherwise, consecutive calls that end without waiting would
        // occupy the thread.
        tokio::task::yield_now().await;
        let limit = self.limits.wall_clock;
        let places = async {
            // The own place comes first: calls that may not run yet must not stand in the queue
            // before another tenant's.
            let own = self.places.acquire().await?;
            Ok((own, self.program.places.acquire().await?))
        };
        let waited = tokio::select! {
            biased;
            waited = tokio::time::timeout(limit, places) => waited,
            // A call that has its place begins, and the component says that it was stopped.
            () = self.stop.cancelled() => return Err(HostError::Stopped { function }),
        };
        match waited {
            Ok(Ok(permits)) => Ok(Place { begun, _permits: permits }),
            Ok(Err(closed)) => {
                let _: tokio::sync::AcquireError = closed;
                Err(HostError::Setup { message: "the host is shutting down".to_owned() })
            }
            Err(_) => Err(HostError::Busy { function, limit }),
        }
    }

    /// Returns the sink for the events of a call.
    fn events(&self) -> EventSink {
        let (timings, on_event) = (self.timings.clone(), self.on_event.clone());
        Arc::new(move |event| {
            if let Event::Profile(profile) = event {
                timings.profiled(profile);
            }
            if let Some(on_event) = &on_event {
                on_event(event);
            }
        })
    }

    fn call(&self, function: &'static str, place: &Place<'_>) -> Call<'_> {
        let stderr = Stderr::new(self.limits.log, self.log.clone(), self.on_log.clone())
            .with_events(self.events());
        let meter = Meter::new(&self.program.ticker);
        let mut ways = self.ways.clone();
        ways.connections =
            ways.connections.of_call(meter.spent(), self.limits.requests, &self.stop);
        let setup = Setup {
            function,
            env: &self.env,
            limits: &self.limits,
            egress: Egress::new(ways, self.stop.clone(), stderr.clone()),
            stderr,
            peak: self.peak.clone(),
            meter,
            begun: place.begun,
        };
        Call::new(&self.program, setup)
    }
}

/// A place of the host, and when the call began to wait for it.
struct Place<'a> {
    begun: Instant,
    _permits: (SemaphorePermit<'a>, SemaphorePermit<'a>),
}

/// Omits the environment, because its values are secrets, and what else may have one in it.
impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("dialect", &self.connection.dialect)
            .field("origin", &self.ways.allowed)
            .finish_non_exhaustive()
    }
}

/// Defines one method per exported function. Each entry has the function's name in WIT, the method,
/// the interface that exports it, the arguments after the connection, and the result.
macro_rules! exported {
    ($($(#[$doc:meta])* $name:literal $method:ident $interface:ident $call:ident
        ($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Tenant {$(
            $(#[$doc])*
            pub async fn $method(&self, $($argument: $type),*) -> Answer<$answer> {
                let place = self.place($name).await?;
                let mut call = self.call($name, &place);
                let (meter, remaining, start) = (call.meter(), call.remaining(), Instant::now());
                let running = async {
                    let plugin = call.instantiate().await?;
                    let interface = plugin.$interface();
                    interface.$call(&mut call.store, &self.connection, $($argument),*).await
                };
                let ended = meter.within(remaining, self.limits.compute, running).await;
                call.end(ended, start.elapsed(), &self.timings)
            }
        )*}
    };
}

exported! {
    /// Creates or updates one person, with the given fields and groups.
    "provision" provision user_lifecycle_retool_lifecycle call_provision
        (request: &ProvisionRequest) -> ProvisionResult;

    /// Disables or deletes one person; the mode says which.
    "deprovision" deprovision user_lifecycle_retool_lifecycle call_deprovision
        (request: &DeprovisionRequest) -> DeprovisionResult;

    /// Returns what `deprovision` would do. Writes nothing.
    "plan-deprovision" plan_deprovision user_lifecycle_retool_lifecycle call_plan_deprovision
        (request: &DeprovisionRequest) -> DeprovisionPlan;

    /// Restores deprovisioned people from their tombstones.
    "restore" restore user_lifecycle_retool_lifecycle call_restore
        (request: &RestoreRequest) -> RestoreResult;

    /// Resets one person's second factor.
    "reset-two-factor" reset_two_factor user_lifecycle_retool_lifecycle call_reset_two_factor
        (request: &ResetTwoFactorRequest) -> ResetTwoFactorResult;

    /// Plans the steps that bring the organisation to the state of the roster. Writes nothing.
    "plan-sync" plan_sync user_lifecycle_retool_synchronization call_plan_sync
        (request: &SyncRequest) -> Plan;

    /// Applies one step of a plan, after checking its precondition.
    "apply-step" apply_step user_lifecycle_retool_synchronization call_apply_step
        (step: &Step) -> StepResult;

    /// Plans, and applies the plan under the same guards.
    "sync" sync user_lifecycle_retool_synchronization call_sync
        (request: &SyncRequest) -> SyncReport;

    /// Applies a plan that was approved, whole or in part.
    "apply-plan" apply_plan user_lifecycle_retool_synchronization call_apply_plan
        (request: &ApplyPlanRequest) -> SyncReport;

    /// Finds one person.
    "find-user" find_user user_lifecycle_retool_directory call_find_user
        (user: &UserRef) -> Option<User>;

    /// Reads one page of people.
    "page-users" page_users user_lifecycle_retool_directory call_page_users
        (page: &PageRequest) -> UserPage;

    /// Reads one page of groups.
    "page-groups" page_groups user_lifecycle_retool_directory call_page_groups
        (page: &PageRequest) -> GroupPage;

    /// Returns what changed since a cursor was returned.
    "changes-since" changes_since user_lifecycle_retool_directory call_changes_since
        (cursor: Option<&str>) -> ChangeSet;

    /// Creates a group of this name if there is none.
    "ensure-group" ensure_group user_lifecycle_retool_groups call_ensure_group
        (request: &EnsureGroupRequest) -> EnsureGroupResult;

    /// Changes a group's fields and members.
    "change-group" change_group user_lifecycle_retool_groups call_change_group
        (request: &ChangeGroupRequest) -> ChangeGroupResult;

    /// Deletes a group permanently.
    "remove-group" remove_group user_lifecycle_retool_groups call_remove_group
        (request: &RemoveGroupRequest) -> RemoveGroupResult;

    /// Checks the connection, and reports problems.
    "check-connection" check_connection user_lifecycle_retool_diagnostics call_check_connection
        () -> ConnectionReport;
}
