//! Sends a change of a user or group: a PATCH, or a PUT of the whole record. The body of a PATCH is
//! made in `body.rs`.

use alloc::string::String;
use alloc::vec::Vec;

use super::base::Route;
use super::body::PatchOp;
use super::{Scim, call, explain};
use crate::error::Result;
use crate::http::{Answer, Call, Method, Missing, Repeat};

/// The record to change.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub route: Route,
    pub id: &'a str,
    /// The name of the user or group, for errors.
    pub about: &'a str,
    pub missing: Missing,
}

impl Scim {
    /// Sends a change once. With a version, the record must still have it.
    pub(super) async fn patch(
        &self,
        target: Target<'_>,
        change: &PatchOp<'_>,
        version: Option<String>,
    ) -> Result<Answer> {
        self.change(Method::Patch, target, change.body(), version).await
    }

    /// Replaces a whole record once. With a version, the record must still have it.
    pub(super) async fn put(
        &self,
        target: Target<'_>,
        record: Vec<u8>,
        version: Option<String>,
    ) -> Result<Answer> {
        self.change(Method::Put, target, record, version).await
    }

    async fn change(
        &self,
        method: Method,
        target: Target<'_>,
        body: Vec<u8>,
        version: Option<String>,
    ) -> Result<Answer> {
        let segments = [target.id];
        let call = Call {
            body: Some(body),
            repeat: Repeat::Never,
            missing: target.missing,
            about: Some(target.about),
            ..call(method, self.find_base().await?, target.route, &segments)
        };
        let sent = self.client.send_if_match(call, version.as_deref()).await;
        sent.map_err(|mut error| {
            // The server does not know such a request (501), so it did nothing.
            error.maybe_applied &= error.http_status != Some(501);
            explain::explained(error)
        })
    }
}
