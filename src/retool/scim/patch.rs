//! Sending a PATCH.

use alloc::string::String;

use super::base::Route;
use super::body::PatchOp;
use super::{Scim, call, explain};
use crate::error::Result;
use crate::http::{Answer, Call, Method, Missing, Repeat};

/// What to change.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub route: Route,
    pub id: &'a str,
    /// Whom or what it is about, for errors.
    pub about: &'a str,
    pub missing: Missing,
}

impl Scim {
    /// Sends a change once, to the record as it was in a version.
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
