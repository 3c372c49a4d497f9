//! Runs the retool-lifecycle component in a wasmtime sandbox.
//!
//! A [`Host`] holds the compiled component. A [`Tenant`] is one organisation: its connection, its
//! environment (the tokens), and the one origin that the component may reach for it. Every call
//! gets a fresh instance within [`Limits`], and returns an [`Answer`].
//!
//! ```no_run
//! use host_test::{Host, TenantOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let tenant = Host::shared()?.tenant(
//!     TenantOptions::new("https://acme.retool.com")
//!         .env("RETOOL_API_TOKEN", std::env::var("RETOOL_API_TOKEN")?),
//! );
//! let report = tenant.check_connection().await??;
//! println!("healthy: {}", report.healthy);
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod answer;
pub mod bindings;
mod call;
mod clock;
mod credentials;
mod egress;
mod engine;
mod error;
mod event;
mod host;
pub mod json;
mod limits;
mod log;
mod meter;
mod net;
mod options;
mod precompiled;
pub mod requests;
mod state;
mod tenant;
#[cfg(test)]
mod testing;
pub mod text;
mod ticker;
mod timings;

/// Stops calls in an orderly way: see [`TenantOptions::stop_on`].
pub use tokio_util::sync::CancellationToken;

/// The interfaces of the contract, with their types.
pub use bindings::exports::user_lifecycle::retool;

pub use answer::{error_case, error_kind};
pub use credentials::TUNABLES;
pub use egress::Origin;
pub use error::HostError;
pub use event::{Event, EventSink, Profile, Progress, RequestFailure};
pub use host::Host;
pub use limits::Limits;
pub use log::LogSink;
pub use net::Failure as FailureReason;
pub use net::{CaCertificates, CaCertificatesError, Proxies, ProxyError};
pub use options::TenantOptions;
pub use requests::default_guards;
pub use tenant::{Answer, Tenant};
pub use timings::Timing;
