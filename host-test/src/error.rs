//! The host's errors, as opposed to the component's own typed errors.

use std::fmt;
use std::time::Duration;

/// The component could not be run, or was stopped. The error never contains a value of the
/// environment.
///
/// It is not known what a stopped call had written. Every function of the component may be
/// repeated, and then does what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The engine or the component could not be set up.
    Setup {
        /// What went wrong.
        message: String,
    },
    /// The component trapped: it panicked, or broke a rule of the sandbox.
    Trap {
        /// The function that was called, as WIT names it.
        function: &'static str,
        /// The engine's message.
        message: String,
    },
    /// The call took longer than [`Limits::wall_clock`](crate::Limits::wall_clock).
    WallClock {
        /// The function that was called.
        function: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The call computed for longer than [`Limits::compute`](crate::Limits::compute).
    Compute {
        /// The function that was called.
        function: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The call got none of the host's places within
    /// [`Limits::wall_clock`](crate::Limits::wall_clock): the host runs as many calls as it can, or
    /// the tenant as many as it may. The call has not begun.
    Busy {
        /// The function that was called.
        function: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The call was stopped ([`TenantOptions::stop_on`](crate::TenantOptions::stop_on)) while it waited
    /// for one of the host's places. The call has not begun.
    Stopped {
        /// The function that was called.
        function: &'static str,
    },
    /// The component needed more than [`Limits::memory`](crate::Limits::memory).
    Memory {
        /// The function that was called.
        function: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// The component wanted to hold more than [`Limits::resources`](crate::Limits::resources)
    /// objects of the host.
    Resources {
        /// The function that was called.
        function: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The tenant may only reach public addresses, but a proxy is configured for its server. The
    /// proxy would choose the address, so nothing was sent, and no instance was created.
    ProxyChoosesAddress {
        /// The function that was called.
        function: &'static str,
        /// The origin of the tenant's base URL.
        origin: String,
    },
    /// The component tried to reach an origin that is not the tenant's. The request was not sent,
    /// and no socket was opened for it.
    Egress {
        /// The function that was called.
        function: &'static str,
        /// The origin that it tried to reach, without path and query.
        attempted: String,
        /// The one allowed origin; `None` if the tenant's base URL has none that a token may be
        /// sent to.
        allowed: Option<String>,
    },
}

/// The functions that never write.
const READING: [&str; 7] = [
    "plan-deprovision",
    "plan-sync",
    "find-user",
    "page-users",
    "page-groups",
    "changes-since",
    "check-connection",
];

impl HostError {
    /// Returns a stable name of the kind of failure, e.g. `host-trap`.
    pub fn code(&self) -> &'static str {
        match self {
            HostError::Setup { .. } => "host-setup",
            HostError::Trap { .. } => "host-trap",
            HostError::WallClock { .. } => "host-wall-clock",
            HostError::Compute { .. } => "host-compute",
            HostError::Busy { .. } => "host-busy",
            HostError::Stopped { .. } => "host-stopped",
            HostError::Memory { .. } => "host-memory",
            HostError::Resources { .. } => "host-resources",
            HostError::ProxyChoosesAddress { .. } => "host-proxy",
            HostError::Egress { .. } => "host-egress",
        }
    }

    /// Returns whether the call may have written something before it ended. It is not known what.
    pub fn may_have_written(&self) -> bool {
        match self {
            HostError::Setup { .. }
            | HostError::Busy { .. }
            | HostError::Stopped { .. }
            | HostError::ProxyChoosesAddress { .. } => false,
            HostError::Trap { function, .. }
            | HostError::WallClock { function, .. }
            | HostError::Compute { function, .. }
            | HostError::Memory { function, .. }
            | HostError::Resources { function, .. }
            | HostError::Egress { function, .. } => !READING.contains(function),
        }
    }

    pub(crate) fn setup(error: &wasmtime::Error) -> Self {
        HostError::Setup { message: format!("{error:#}") }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::Setup { message } => {
                write!(f, "the component could not be set up: {message}")
            }
            HostError::Trap { function, message } => {
                write!(f, "the component failed in `{function}`: {message}")
            }
            HostError::WallClock { function, limit } => write!(
                f,
                "`{function}` was stopped after {} s, the longest that a call may take",
                limit.as_secs_f64()
            ),
            HostError::Compute { function, limit } => write!(
                f,
                "`{function}` was stopped after computing for {} s, the longest that a call may \
                 compute",
                limit.as_secs_f64()
            ),
            HostError::Memory { function, limit } => write!(
                f,
                "`{function}` needed more than the {limit} bytes of memory that a call may have"
            ),
            HostError::Busy { function, limit } => write!(
                f,
                "`{function}` was not started: for {} s, the longest that a call may take, the \
                 host or this tenant was running as many calls as it may",
                limit.as_secs_f64()
            ),
            HostError::Stopped { function } => write!(
                f,
                "`{function}` was not started: it was stopped while the host or this tenant was \
                 running as many calls as it may"
            ),
            HostError::Resources { function, limit } => write!(
                f,
                "`{function}` wanted more than the {limit} requests, streams and timers that a \
                 call may hold"
            ),
            HostError::ProxyChoosesAddress { function, origin } => write!(
                f,
                "`{function}` was not started: this tenant may only reach public addresses, but a \
                 proxy is configured for {origin}, and would choose the address; reach the server \
                 without the proxy, or leave the check of addresses to the proxy"
            ),
            HostError::Egress { function, attempted, allowed: Some(allowed) } => {
                write!(f, "`{function}` tried to reach {attempted}; only {allowed} is allowed")
            }
            HostError::Egress { function, attempted, allowed: None } => {
                write!(
                    f,
                    "`{function}` tried to reach {attempted}; the base URL allows no origin: it \
                     must be https, or http to a loopback address"
                )
            }
        }
    }
}

impl std::error::Error for HostError {}
