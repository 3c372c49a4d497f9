//! One organisation: where it lives, what its component is given, and one method per function
//! that the component exports.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::SemaphorePermit;

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

/// What a call comes to: the component's own answer, which may be its typed error, or the
/// host's account of why there is none. `call.await??` gets at the answer.
pub type Answer<T> = Result<Result<T, Error>, HostError>;

/// What a tenant is made of.
#[derive(Clone)]
pub struct TenantOptions {
    /// Where the organisation lives. The origin of the base URL is the only one that the
    /// component can reach; where the base URL has none, that is nothing at all.
    pub connection: Connection,
    /// The component's whole environment: tokens and tunables, by name.
    pub env: Vec<(String, String)>,
    /// Whether the component is given placeholders instead of the tokens.
    pub inject_credentials: bool,
    /// Who is trusted to vouch for the server, beside those whom this machine trusts.
    pub ca_certificates: CaCertificates,
    /// The proxies that requests go through. None by default.
    pub proxies: Proxies,
    /// What each call may take.
    pub limits: Limits,
    /// Called with each line that the component logs.
    pub on_log: Option<LogSink>,
}

impl TenantOptions {
    /// An organisation at this base URL, e.g. `https://acme.retool.com`: dialect `auto`, the
    /// usual names of the token variables, an empty environment, the default limits.
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
            on_log: None,
        }
    }

    /// Speaks this dialect.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.connection.dialect = dialect;
        self
    }

    /// Sets a variable of the component's environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Keeps the tokens out of the component. In its environment a placeholder stands for every
    /// variable that is not one of its tunables. The host puts the token in on the way out, where
    /// the placeholder stands in `Authorization`.
    pub fn inject_credentials(mut self) -> Self {
        self.inject_credentials = true;
        self
    }

    /// Trusts these authorities to vouch for the server, beside those whom this machine trusts.
    pub fn ca_certificates(mut self, certificates: CaCertificates) -> Self {
        self.ca_certificates = certificates;
        self
    }

    /// Sends requests through these proxies.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Limits each call to this.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Calls this with each line that the component logs, while the call is running.
    pub fn on_log(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_log = Some(Arc::new(sink));
        self
    }
}

/// Names the variables; their values are secrets.
impl fmt::Debug for TenantOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TenantOptions {
            connection,
            env,
            inject_credentials,
            ca_certificates,
            proxies,
            limits,
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
            .field("on_log", &on_log.is_some())
            .finish()
    }
}

/// An organisation to call the component for. Calls may run at the same time; each has an
/// instance of its own. Dropping a call's future ends it where it stands.
///
/// The calls of a tenant and of its clones share connections, which are kept for a few seconds
/// after use. A connection is driven by the runtime of the call that opened it: a tenant that is
/// called on several runtimes needs all of them running.
#[derive(Clone)]
pub struct Tenant {
    inner: Arc<Inner>,
    connection: Connection,
    ways: Ways,
    env: Arc<[(String, String)]>,
    limits: Limits,
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
            log: LogLines::default(),
            on_log,
            peak: PeakMemory::default(),
            timings: Timings::default(),
        }
    }

    /// The connection that every call is made with.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The same tenant calling with another connection. What it can reach stays the same: the
    /// origin of the connection that it was made with.
    pub fn with_connection(&self, connection: Connection) -> Tenant {
        Tenant { connection, ..self.clone() }
    }

    /// What the component has logged in all calls so far, the latest lines.
    pub fn log(&self) -> Vec<String> {
        self.log.all()
    }

    /// Forgets what has been logged.
    pub fn clear_log(&self) {
        self.log.clear();
    }

    /// The most linear memory that the component had in any call so far, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.peak.bytes()
    }

    /// Where the time of all calls so far went, as far as the host can tell.
    pub fn timing(&self) -> Timing {
        self.timings.sum()
    }

    /// Makes an instance and throws it away: whether the limits allow one, before there is
    /// anything to call it for.
    pub async fn instantiate(&self) -> Result<(), HostError> {
        let _turn = self.turn().await?;
        self.begin("instantiate").await.map(|_| ())
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, HostError> {
        let closed = |_| HostError::Setup { message: "the host is shutting down".to_owned() };
        // Behind all who are ready: calls that end without having waited, one after another, would
        // keep the thread to themselves.
        tokio::task::yield_now().await;
        self.inner.calls.acquire().await.map_err(closed)
    }

    async fn begin(&self, function: &'static str) -> Result<Call<'_>, HostError> {
        let stderr = Stderr::new(self.limits.log, self.log.clone(), self.on_log.clone());
        let setup = Setup {
            function,
            env: &self.env,
            limits: &self.limits,
            egress: Egress::new(self.ways.clone(), stderr.clone()),
            stderr,
            peak: self.peak.clone(),
        };
        let start = Instant::now();
        let call = Call::begin(&self.inner, setup).await;
        self.timings.instantiated(start.elapsed());
        call
    }
}

/// Without the environment, whose values are secrets.
impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("connection", &self.connection)
            .field("origin", &self.ways.allowed)
            .finish_non_exhaustive()
    }
}

/// One method per exported function: its name in WIT, the method, the interface that exports
/// it, the arguments after the connection, the answer.
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
    /// Makes one person be in Retool with the given fields and groups.
    "provision" provision user_lifecycle_retool_lifecycle call_provision
        (request: &ProvisionRequest) -> ProvisionResult;

    /// Removes one person, as far as the mode says.
    "deprovision" deprovision user_lifecycle_retool_lifecycle call_deprovision
        (request: &DeprovisionRequest) -> DeprovisionResult;

    /// Says what `deprovision` would do. Writes nothing.
    "plan-deprovision" plan_deprovision user_lifecycle_retool_lifecycle call_plan_deprovision
        (request: &DeprovisionRequest) -> DeprovisionPlan;

    /// Undoes departures from their tombstones.
    "restore" restore user_lifecycle_retool_lifecycle call_restore
        (request: &RestoreRequest) -> RestoreResult;

    /// Resets one person's second factor.
    "reset-two-factor" reset_two_factor user_lifecycle_retool_lifecycle call_reset_two_factor
        (request: &ResetTwoFactorRequest) -> ResetTwoFactorResult;

    /// Says what making the roster true would take. Writes nothing.
    "plan-sync" plan_sync user_lifecycle_retool_synchronization call_plan_sync
        (request: &SyncRequest) -> Plan;

    /// Makes one write of a plan, after comparing what it was planned on.
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

    /// Says what changed since a cursor was given out.
    "changes-since" changes_since user_lifecycle_retool_directory call_changes_since
        (cursor: Option<&str>) -> ChangeSet;

    /// Makes a group of this name exist.
    "ensure-group" ensure_group user_lifecycle_retool_groups call_ensure_group
        (request: &EnsureGroupRequest) -> EnsureGroupResult;

    /// Changes a group's fields and members.
    "change-group" change_group user_lifecycle_retool_groups call_change_group
        (request: &ChangeGroupRequest) -> ChangeGroupResult;

    /// Deletes a group for good.
    "remove-group" remove_group user_lifecycle_retool_groups call_remove_group
        (request: &RemoveGroupRequest) -> RemoveGroupResult;

    /// Says what is wrong with the connection, if anything is.
    "check-connection" check_connection user_lifecycle_retool_diagnostics call_check_connection
        () -> ConnectionReport;
}
