//! SCIM 2.0 (RFC 7643 and RFC 7644): a separate token, attributes changed one by one, memberships
//! stored in the groups, string ids.
//!
//! Servers differ in many points that the RFCs leave open, or that the servers implement wrongly.
//! So almost any field may be missing from a record, and every write is read back.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::cell::{Cell, RefCell};

use super::find::Gaps;
use super::page_size::PageSize;
use super::request;
use crate::domain::GroupId;
use crate::error::Result;
use crate::http::{Answer, Call, Client, Method, Missing};

mod base;
mod body;
mod cursor;
mod explain;
mod form;
mod group;
mod list;
mod listing;
mod members;
mod patch;
mod put;
mod read;
mod removal;
mod update;
mod user;
mod value;
mod write;

pub use base::Base;
use base::Route;
use form::{Demand, Form};
use removal::Removal;

/// The media type that is sent and requested. Responses in plain JSON are accepted too.
const MEDIA_TYPE: &str = "application/scim+json";

/// One organisation over SCIM.
pub struct Scim {
    client: Client,
    /// The base of SCIM, once it is known.
    base: Cell<Option<Base>>,
    /// How members are removed, as learned from this server.
    removal: Cell<Removal>,
    /// How users are changed, as learned from this server.
    user_form: Cell<Form>,
    /// How groups are changed and members added, as learned from this server.
    group_form: Cell<Form>,
    /// How a version is demanded, as learned from this server.
    demand: Cell<Demand>,
    /// Whether a PUT of a user was seen to keep the user's memberships.
    put_keeps_groups: Cell<bool>,
    /// The page size that this server accepts.
    page_size: PageSize,
    /// What the listings of this call lack.
    gaps: Gaps,
    /// The users that this session removed, by group. If a later reading shows the state before
    /// the removal, they must not count as lost members.
    left: RefCell<BTreeMap<GroupId, BTreeSet<String>>>,
    /// Id and `ETag` of the user that was read last, because records may lack their version.
    last_read: RefCell<Option<(String, String)>>,
    /// Whether a deletion was seen to only disable.
    only_disables: Cell<bool>,
}

impl Scim {
    /// Creates a directory on a client, whose token must be the one for SCIM. Without a base,
    /// finds it with the first request.
    pub fn new(client: Client, base: Option<Base>) -> Self {
        Scim {
            page_size: PageSize::new(client.settings().page_size),
            gaps: Gaps::default(),
            client: client.with_media_type(MEDIA_TYPE),
            base: Cell::new(base),
            removal: Cell::default(),
            user_form: Cell::default(),
            group_form: Cell::default(),
            demand: Cell::default(),
            put_keeps_groups: Cell::default(),
            left: RefCell::default(),
            last_read: RefCell::new(None),
            only_disables: Cell::new(false),
        }
    }

    /// Returns the path of SCIM below the connection's base URL, once a request found it.
    pub fn base(&self) -> Option<Base> {
        self.base.get()
    }

    async fn send(&self, call: Call<'_>) -> Result<Answer> {
        self.client.send(call).await.map_err(explain::explained)
    }
}

/// Returns a request with default settings.
fn call<'a>(method: Method, base: Base, route: Route, segments: &'a [&'a str]) -> Call<'a> {
    // SCIM tokens have no scopes. `explain` adds other possible causes of a 403.
    let call = request::call(method, base.template(route), segments, "of SCIM");
    Call { missing: Missing::BaseUrl, ..call }
}

#[cfg(test)]
mod tests;
