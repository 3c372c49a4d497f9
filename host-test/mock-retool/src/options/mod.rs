//! The options of a mock. Nothing here depends on the dialects' code.

mod address;
mod deviations;
mod dialect;
mod invites;
mod listing;
mod scim;
mod scope;
mod v2;

use std::fmt;
use std::time::Duration;

use crate::faults::Fault;
use crate::throttling::Throttling;
pub use address::AddressChange;
pub use deviations::{Deviations, DisabledUsers};
pub use dialect::Dialect;
pub use invites::{InviteOptions, Support};
pub use listing::{LargePages, ListingOptions};
pub use scim::{
    FormSupport, IfMatchRule, MemberRemoval, PatchAnswer, PatchForms, ScimBase, ScimQuirks,
};
pub use scope::{Scope, UnknownScope};
pub use v2::{MetadataPaths, V2Options};

/// The options of a mock. The same options give the same users, groups, ids and timestamps every
/// time.
#[derive(Clone)]
pub struct Options {
    /// The port on the loopback interface; 0 takes any free port.
    pub port: u16,
    /// The number of users at the start.
    pub users: usize,
    /// The number of groups at the start, besides the three built-in ones.
    pub groups: usize,
    /// Start with no users, and with the built-in groups only.
    pub empty: bool,
    /// The REST token that requests must carry.
    pub token: String,
    /// The scopes of that token.
    pub scopes: Vec<Scope>,
    /// The seed of the generated names, ids and memberships.
    pub seed: u64,
    /// The delay before every request is served.
    pub latency: Duration,
    /// The number of requests served per minute (a fixed window); `None` for no limit. Further
    /// requests are throttled.
    pub quota: Option<u32>,
    /// How a request beyond the quota is answered: by default with 429, and `Retry-After` in
    /// seconds.
    pub throttling: Throttling,
    /// The largest page, even if a request asks for more. A request to `/api/v2` that asks for no
    /// page still gets everything.
    pub max_page_size: usize,
    /// The dialects that are served. The paths of the others don't exist.
    pub dialects: Vec<Dialect>,
    /// The prefix of all paths, such as `/retool`, as behind a proxy; empty by default.
    pub prefix: String,
    /// Members of the built-in group `admin` can be added and removed, which changes
    /// [`User::is_admin`](crate::User::is_admin). Otherwise such requests are refused.
    pub admin_group_writable: bool,
    /// How listings of users deviate.
    pub listing: ListingOptions,
    /// The features of `/api/v2`.
    pub v2: V2Options,
    /// The token that SCIM requests must carry. REST does not accept it, and SCIM does not accept
    /// the REST token.
    pub scim_token: String,
    /// The paths at which SCIM is served.
    pub scim_base: ScimBase,
    /// The instance has no SCIM, because it is too old or has no SSO. Every response below the SCIM
    /// paths is then a 404 without a body.
    pub scim_not_configured: bool,
    /// How SCIM deviates from a correct server.
    pub scim_quirks: ScimQuirks,
    /// How the server deviates in every dialect.
    pub deviations: Deviations,
    /// The faults that are active from the start, until all faults are cleared.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            port: 0,
            users: 12,
            groups: 5,
            empty: false,
            token: "mock-token".to_owned(),
            scopes: Scope::ALL.to_vec(),
            seed: 0,
            latency: Duration::ZERO,
            quota: None,
            throttling: Throttling::default(),
            max_page_size: 1000,
            dialects: Dialect::ALL.to_vec(),
            prefix: String::new(),
            admin_group_writable: false,
            listing: ListingOptions::default(),
            v2: V2Options::default(),
            scim_token: "mock-scim-token".to_owned(),
            scim_base: ScimBase::default(),
            scim_not_configured: false,
            scim_quirks: ScimQuirks::default(),
            deviations: Deviations::default(),
            faults: Vec::new(),
        }
    }
}

impl Options {
    /// Returns the prefix with a leading `/` and no trailing one; empty if there is no prefix.
    pub(crate) fn base_path(&self) -> String {
        match self.prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("/{prefix}"),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            port,
            users,
            groups,
            empty,
            token: _,
            scopes,
            seed,
            latency,
            quota,
            throttling,
            max_page_size,
            dialects,
            prefix,
            admin_group_writable,
            listing,
            v2,
            scim_token: _,
            scim_base,
            scim_not_configured,
            scim_quirks,
            deviations,
            faults,
        } = self;
        f.debug_struct("Options")
            .field("port", port)
            .field("users", users)
            .field("groups", groups)
            .field("empty", empty)
            .field("token", &"(hidden)")
            .field("scopes", scopes)
            .field("seed", seed)
            .field("latency", latency)
            .field("quota", quota)
            .field("throttling", throttling)
            .field("max_page_size", max_page_size)
            .field("dialects", dialects)
            .field("prefix", prefix)
            .field("admin_group_writable", admin_group_writable)
            .field("listing", listing)
            .field("v2", v2)
            .field("scim_token", &"(hidden)")
            .field("scim_base", scim_base)
            .field("scim_not_configured", scim_not_configured)
            .field("scim_quirks", scim_quirks)
            .field("deviations", deviations)
            .field("faults", faults)
            .finish()
    }
}
