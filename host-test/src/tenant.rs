//! A tenant: the connection of one organisation, the environment of its component, and one method
//! per function that the component exports.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::call::{Call, Setup};
use crate::credentials::Credentials;
use crate::egress::{Egress, Origin, Ways};
use crate::engine::Inner;
use crate::error::HostError;
use crate::limits::{Limits, PeakMemory};
use crate::log::{LogLines, LogSink, Stderr};
use crate::net::{CaCertificates, Connections, Proxies};
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
use crate::retool::types::{Connection, Dialect, Error, User, UserRef};
use crate::timings::{Timing, Timings};

/// The outcome of a call: the component's answer, which may be its typed error, or the host's error
/// if there is no answer. `call.await??` unwraps both.
pub type Answer<T> = Result<Result<T, Error>, HostError>;

/// The options of a tenant.
#[derive(Clone)]
pub struct TenantOptions {
    /// The connection to the organisation. The component can reach only the origin of the base URL.
    /// If the base URL has no origin, it can reach nothing.
    pub connection: Connection,
    /// The component's whole environment: tokens and tunables, by name.
    pub env: Vec<(String, String)>,
    /// Whether the component gets placeholders instead of the tokens.
    pub inject_credentials: bool,
    /// The certificate authorities that are trusted in addition to the machine's own.
    pub ca_certificates: CaCertificates,
    /// The proxies that requests go through. None by default.
    pub proxies: Proxies,
    /// The limits of each call.
    pub limits: Limits,
    /// Stops the tenant's calls when it is cancelled. See [`TenantOptions::stop_on`].
    pub stop: CancellationToken,
    /// Called with each line that the component logs.
    pub on_log: Option<LogSink>,
}

impl TenantOptions {
    /// Creates options for the organisation at this base URL, e.g. `https://acme.retool.com`. They
    /// have the dialect `auto`, the default names of the token variables, an empty environment and
    /// the default limits.
    pub fn new(base_url: impl Into<String>) -> Self {
        TenantOptions {
            connection: Connection {
                base_url: base_url.into(),
                dialect: Dialect::Auto,
                api_token_variable: None,
                scim_token_variable: None,
            },
            env: Vec::new(),
            inject_credentials: false,
            ca_certificates: CaCertificates::default(),
            proxies: Proxies::default(),
            limits: Limits::default(),
            stop: CancellationToken::new(),
            on_log: None,
        }
    }

    /// Sets the dialect.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.connection.dialect = dialect;
        self
    }

    /// Sets a variable of the component's environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Keeps the tokens out of the component. Its environment has a placeholder for every variable
    /// that is not one of its tunables. In outgoing requests, the host replaces the placeholder in
    /// `Authorization` with the token.
    pub fn inject_credentials(mut self) -> Self {
        self.inject_credentials = true;
        self
    }

    /// Trusts these certificate authorities in addition to the machine's own.
    pub fn ca_certificates(mut self, certificates: CaCertificates) -> Self {
        self.ca_certificates = certificates;
        self
    }

    /// Sends requests through these proxies.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the limits of each call.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Stops the tenant's calls when this token is cancelled: the running ones, and all that begin
    /// later. Requests that have begun are finished, and no other is sent. The component then ends
    /// as at its deadline: a call that could not finish returns the error `call-stopped`, with the
    /// writes that it made. If that must not take longer, drop the call too.
    ///
    /// One token may be given to several tenants, for example to stop all calls of a host.
    pub fn stop_on(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Calls this with each line that the component logs, while the call is running.
    pub fn on_log(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_log = Some(Arc::new(sink));
        self
    }
}

/// Prints only the names of the variables, because their values are secrets.
impl fmt::Debug for TenantOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TenantOptions {
            connection,
            env,
            inject_credentials,
            ca_certificates,
            proxies,
            limits,
            stop,
            on_log,
        } = self;
        let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TenantOptions")
            .field("connection", connection)
            .field("env", &names)
            .field("inject_credentials", inject_credentials)
            .field("ca_certificates", ca_certificates)
            .field("proxies", proxies)
            .field("limits", limits)
            .field("stopped", &stop.is_cancelled())
            .field("on_log", &on_log.is_some())
            .finish()
    }
}

/// One organisation for which the component is called. Calls may run at the same time; each has its
/// own instance. Dropping a call's future stops the call immediately.
///
/// The calls of a tenant and of its clones share connections, which are kept for a few seconds
/// after use. A connection runs on the runtime of the call that opened it. If a tenant is called on
/// several runtimes, all of them must keep running.
#[derive(Clone)]
pub struct Tenant {
    inner: Arc<Inner>,
    connection: Connection,
    ways: Ways,
    env: Arc<[(String, String)]>,
    limits: Limits,
    stop: CancellationToken,
    log: LogLines,
    on_log: Option<LogSink>,
    peak: PeakMemory,
    timings: Timings,
}

impl Tenant {
    pub(crate) fn new(inner: Arc<Inner>, options: TenantOptions) -> Tenant {
        let TenantOptions {
            connection,
            mut env,
            inject_credentials,
            ca_certificates,
            proxies,
            limits,
            stop,
            on_log,
        } = options;
        let credentials = if inject_credentials {
            Credentials::taken_from(&mut env)
        } else {
            Credentials::default()
        };
        let ways = Ways {
            allowed: Origin::of(&connection.base_url),
            connections: Connections::new(ca_certificates, proxies),
            credentials,
        };
        Tenant {
            inner,
            ways,
            connection,
            env: env.into(),
            limits,
            stop,
            log: LogLines::default(),
            on_log,
            peak: PeakMemory::default(),
            timings: Timings::default(),
        }
    }

    /// Returns the connection that every call uses.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the same tenant with another connection for its calls. It can still reach only the
    /// origin of the connection that it was created with.
    pub fn with_connection(&self, connection: Connection) -> Tenant {
        Tenant { connection, ..self.clone() }
    }

    /// Returns the same tenant with another token that stops its calls. See
    /// [`TenantOptions::stop_on`]. To stop a single call, make it on a tenant with a token of its
    /// own.
    pub fn with_stop(&self, stop: CancellationToken) -> Tenant {
        Tenant { stop, ..self.clone() }
    }

    /// Returns the latest lines that the component has logged in all calls so far.
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
        let _turn = self.turn().await?;
        self.begin("instantiate").await.map(|_| ())
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, HostError> {
        let closed = |_| HostError::Setup { message: "the host is shutting down".to_owned() };
        // Queue behind all ready tasks. Otherwise, consecutive calls that end without waiting would
        // occupy the thread.
        tokio::task::yield_now().await;
        self.inner.calls.acquire().await.map_err(closed)
    }

    async fn begin(&self, function: &'static str) -> Result<Call<'_>, HostError> {
        let stderr = Stderr::new(self.limits.log, self.log.clone(), self.on_log.clone());
        let setup = Setup {
            function,
            env: &self.env,
            limits: &self.limits,
            egress: Egress::new(self.ways.clone(), self.stop.clone(), stderr.clone()),
            stderr,
            peak: self.peak.clone(),
        };
        let start = Instant::now();
        let call = Call::begin(&self.inner, setup).await;
        self.timings.instantiated(start.elapsed());
        call
    }
}

/// Omits the environment, because its values are secrets.
impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("connection", &self.connection)
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
                let _turn = self.turn().await?;
                let mut call = self.begin($name).await?;
                let calling = call.plugin
                    .$interface()
                    .$call(&mut call.store, &self.connection, $($argument),*);
                let ended = call.meter.within(&self.limits, &self.timings, calling).await;
                call.end(ended)
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
