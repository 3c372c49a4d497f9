//! Sends a PATCH of a user or group. Its body is made in `body.rs`.

use alloc::string::String;

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
        let segments = [target.id];
        let call = Call {
            body: Some(change.body()),
            repeat: Repeat::Never,
            missing: target.missing,
            about: Some(target.about),
            ..call(Method::Patch, self.find_base().await?, target.route, &segments)
        };
        let sent = self.client.send_if_match(call, version.as_deref()).await;
        sent.map_err(explain::explained)
    }
}
