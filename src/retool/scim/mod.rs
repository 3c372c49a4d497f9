//! SCIM 2.0 (RFC 7643 and RFC 7644): a token of its own, attributes changed one by one,
//! memberships that stand in the groups, string ids.
//!
//! Servers differ in much that the RFCs leave open or that they get wrong. So what is read may
//! lack almost anything, and what is written is read back.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::cell::{Cell, RefCell};

use super::request;
use crate::domain::GroupId;
use crate::error::Result;
use crate::http::{Answer, Call, Client, Method, Missing};

mod base;
mod body;
mod cursor;
mod explain;
mod group;
mod list;
mod listing;
mod members;
mod patch;
mod read;
mod removal;
mod update;
mod user;
mod value;
mod write;

pub use base::Base;
use base::Route;
use removal::Removal;

/// What is sent and asked for; plain JSON is taken too.
const MEDIA_TYPE: &str = "application/scim+json";

/// One organisation over SCIM.
pub struct Scim {
    client: Client,
    /// Where SCIM is, once that is known.
    base: Cell<Option<Base>>,
    /// How members are removed, as far as the server taught it.
    removal: Cell<Removal>,
    /// Whom this session removed, by group: a late answer from before must not make them
    /// look as if they had got lost.
    left: RefCell<BTreeMap<GroupId, BTreeSet<String>>>,
    /// Id and `ETag` of the person who was read last: records may lack their version.
    last_read: RefCell<Option<(String, String)>>,
}

impl Scim {
    /// Speaks through a client, whose token must be the one for SCIM. Without a base, asks for
    /// it with the first request.
    pub fn new(client: Client, base: Option<Base>) -> Self {
        Scim {
            client: client.with_media_type(MEDIA_TYPE),
            base: Cell::new(base),
            removal: Cell::new(Removal::default()),
            left: RefCell::default(),
            last_read: RefCell::new(None),
        }
    }

    /// Where SCIM is below the connection's base URL, once a request found it.
    pub fn base(&self) -> Option<Base> {
        self.base.get()
    }

    async fn send(&self, call: Call<'_>) -> Result<Answer> {
        self.client.send(call).await.map_err(explain::explained)
    }
}

/// A request with nothing special about it.
fn call<'a>(method: Method, base: Base, route: Route, segments: &'a [&'a str]) -> Call<'a> {
    // SCIM tokens have no scopes; `explain` says what else a 403 may be about.
    let call = request::call(method, base.template(route), segments, "of SCIM");
    Call { missing: Missing::BaseUrl, ..call }
}

#[cfg(test)]
mod tests;
