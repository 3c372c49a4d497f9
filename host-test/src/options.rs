//! The options of a tenant.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::egress::Origin;
use crate::event::{Event, EventSink};
use crate::limits::Limits;
use crate::log::LogSink;
use crate::net::{CaCertificates, Proxies};
use crate::retool::types::{Connection, Dialect};

/// The options of a tenant.
#[derive(Clone)]
pub struct TenantOptions {
    /// The connection to the organisation. The component can reach only the origin of the base URL.
    /// If the base URL has no origin, or is plain HTTP to another machine, it can reach nothing.
    pub connection: Connection,
    /// The component's whole environment: tokens and tunables, by name.
    pub env: Vec<(String, SecretString)>,
    /// Whether the component gets placeholders instead of the tokens, see
    /// [`TenantOptions::inject_credentials`].
    pub inject_credentials: bool,
    /// The certificate authorities that are trusted in addition to the machine's own.
    pub ca_certificates: CaCertificates,
    /// The proxies that requests go through. None by default.
    pub proxies: Proxies,
    /// Whether the server may only be at public addresses.
    pub public_addresses_only: bool,
    /// The limits of each call.
    pub limits: Limits,
    /// How many of the host's places the calls of this tenant may take at the same time; more
    /// wait. `None` is a quarter of the host's places, rounded up.
    pub concurrent_calls: Option<u32>,
    /// How many connections this tenant may have at the same time; further requests wait. 128 by
    /// default. Each takes a file descriptor, and all tenants share those of the process: with many
    /// tenants, raise its limit (`ulimit -n`), or lower this.
    ///
    /// At most 4 of them use HTTP/2, where all requests share one. One that the server has ended
    /// counts until the bodies that it brought are read or dropped. The host keeps at most 5 MiB of
    /// unread bodies for each, so 20 MiB for the tenant. If a server sends them in tiny pieces, it
    /// is less than 80 MiB with what is kept around these.
    pub connections: u32,
    /// Stops the tenant's calls when it is cancelled. See [`TenantOptions::stop_on`].
    pub stop: CancellationToken,
    /// Called with each line that the component logs.
    pub on_log: Option<LogSink>,
    /// Called with each event that the component reports.
    pub on_event: Option<EventSink>,
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
            public_addresses_only: false,
            limits: Limits::default(),
            concurrent_calls: None,
            connections: 128,
            stop: CancellationToken::new(),
            on_log: None,
            on_event: None,
        }
    }

    /// Sets the dialect.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.connection.dialect = dialect;
        self
    }

    /// Sets a variable of the component's environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), SecretString::from(value.into())));
        self
    }

    /// Keeps the tokens out of the component. The variables that the connection names are tokens
    /// (`RETOOL_API_TOKEN` and `RETOOL_SCIM_TOKEN` if it names none). The component's environment
    /// has placeholders for them, its [tunables](crate::TUNABLES), and no other variable. In
    /// outgoing requests, the host replaces the placeholder in `Authorization` with the token. In
    /// answers, it masks the tokens.
    ///
    /// A token of less than 8 characters can't be masked without damage to ordinary text. With
    /// one, every call fails.
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

    /// Forbids connections to addresses that are not public: of this machine (also public ones of
    /// its own), of private and local networks, of cloud metadata services, and all others that the
    /// internet does not route. This is for hosts whose tenants choose their base URL.
    ///
    /// Each address that a name resolves to is checked, and each address in a URL, including IPv4
    /// addresses inside IPv6 addresses. A proxy would resolve the name itself, so if one of the
    /// tenant's [`proxies`](Self::proxies) is used for its server, every call fails with
    /// [`HostError::ProxyChoosesAddress`](crate::HostError::ProxyChoosesAddress).
    pub fn public_addresses_only(mut self) -> Self {
        self.public_addresses_only = true;
        self
    }

    /// Sets how many calls of this tenant may run at the same time (at least 1); more wait. The
    /// host's own limit holds besides.
    pub fn concurrent_calls(mut self, calls: u32) -> Self {
        self.concurrent_calls = Some(calls);
        self
    }

    /// Sets how many connections this tenant may have at the same time (at least 1). See
    /// [`connections`](Self::connections).
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = most;
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
    /// writes that it made. A call that waits for a place does not begin, and fails with
    /// [`HostError::Stopped`](crate::HostError::Stopped). If that must not take longer, drop the call
    /// too.
    ///
    /// One token may be given to several tenants, for example to stop all calls of a host.
    pub fn stop_on(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Calls this with each line that the component logs, while the call is running. Events are
    /// lines in words.
    pub fn on_log(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_log = Some(Arc::new(sink));
        self
    }

    /// Calls this with each event that the component reports, e.g. the progress of a long listing,
    /// while the call is running. [`on_log`](Self::on_log) gets its words first.
    pub fn on_event(mut self, sink: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Arc::new(sink));
        self
    }
}

/// Prints only the names of the variables, because their values are secrets, and only the origin of
/// the connection, because a base URL or a variable's name may have a secret in it by mistake.
impl fmt::Debug for TenantOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        } = self;
        let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TenantOptions")
            .field("dialect", &connection.dialect)
            .field("origin", &Origin::of(&connection.base_url))
            .field("env", &names)
            .field("inject_credentials", inject_credentials)
            .field("ca_certificates", ca_certificates)
            .field("proxies", proxies)
            .field("public_addresses_only", public_addresses_only)
            .field("limits", limits)
            .field("concurrent_calls", concurrent_calls)
            .field("connections", connections)
            .field("stopped", &stop.is_cancelled())
            .field("on_log", &on_log.is_some())
            .field("on_event", &on_event.is_some())
            .finish()
    }
}
