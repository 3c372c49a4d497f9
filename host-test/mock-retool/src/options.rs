//! What a mock is started with.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::dialects::Dialect;
use crate::faults::Fault;
use crate::scim::{ScimBase, ScimQuirks};
use crate::v2::V2Options;

/// What a token may do, as Retool names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `users:read`: list and read people.
    UsersRead,
    /// `users:write`: create, change and delete people.
    UsersWrite,
    /// `groups:read`: list and read groups and their members.
    GroupsRead,
    /// `groups:write`: create, change and delete groups and memberships.
    GroupsWrite,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Scope; 4] =
        [Scope::UsersRead, Scope::UsersWrite, Scope::GroupsRead, Scope::GroupsWrite];

    /// The name on the wire, e.g. `users:read`.
    pub fn name(self) -> &'static str {
        match self {
            Scope::UsersRead => "users:read",
            Scope::UsersWrite => "users:write",
            Scope::GroupsRead => "groups:read",
            Scope::GroupsWrite => "groups:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A scope that has none of the four names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScope(String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a scope; the scopes are", self.0)?;
        for scope in Scope::ALL {
            write!(f, " {scope}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownScope {}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// What a mock is started with. The same options give the same people, groups, ids and
/// timestamps every time.
#[derive(Clone)]
pub struct Options {
    /// The port to listen on, on the loopback interface; 0 takes any free one.
    pub port: u16,
    /// How many people to start with.
    pub users: usize,
    /// How many groups to start with, beside the three built-in ones.
    pub groups: usize,
    /// Start with nobody, and no groups but the built-in ones.
    pub empty: bool,
    /// The REST token that requests must carry.
    pub token: String,
    /// What that token may do.
    pub scopes: Vec<Scope>,
    /// What the names, ids and memberships are drawn from.
    pub seed: u64,
    /// How long every request takes before it is served.
    pub latency: Duration,
    /// How many requests are answered per minute (a fixed window); `None` for no limit. Beyond
    /// it the answer is 429 with `Retry-After` in seconds.
    pub quota: Option<u32>,
    /// The largest page that is given, whatever is asked for. Where no page is asked for, `/api/v2`
    /// gives everything all the same.
    pub max_page_size: usize,
    /// Which dialects are served; the paths of the others don't exist.
    pub dialects: Vec<Dialect>,
    /// What all paths begin with, such as `/retool`, as behind a proxy; nothing by default.
    pub prefix: String,
    /// What `/api/v2` has.
    pub v2: V2Options,
    /// The token that SCIM requests must carry. It is of no use elsewhere, and a REST token is of
    /// none there.
    pub scim_token: String,
    /// Where SCIM is served.
    pub scim_base: ScimBase,
    /// The instance has no SCIM, because it is too old or has no SSO: where it would be, every
    /// answer is 404 without a body.
    pub scim_not_configured: bool,
    /// How SCIM deviates from what a good server does.
    pub scim_quirks: ScimQuirks,
    /// What goes wrong from the start, until all faults are lifted.
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
            max_page_size: 1000,
            dialects: Dialect::ALL.to_vec(),
            prefix: String::new(),
            v2: V2Options::default(),
            scim_token: "mock-scim-token".to_owned(),
            scim_base: ScimBase::default(),
            scim_not_configured: false,
            scim_quirks: ScimQuirks::default(),
            faults: Vec::new(),
        }
    }
}

impl Options {
    /// The prefix with a `/` before it and none after it; empty for none.
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
            max_page_size,
            dialects,
            prefix,
            v2,
            scim_token: _,
            scim_base,
            scim_not_configured,
            scim_quirks,
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
            .field("max_page_size", max_page_size)
            .field("dialects", dialects)
            .field("prefix", prefix)
            .field("v2", v2)
            .field("scim_token", &"(hidden)")
            .field("scim_base", scim_base)
            .field("scim_not_configured", scim_not_configured)
            .field("scim_quirks", scim_quirks)
            .field("faults", faults)
            .finish()
    }
}
