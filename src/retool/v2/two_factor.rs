//! Resets the second factor of users.

use super::{RESET_2FA, USERS_WRITE, V2, acknowledged};
use crate::domain::UserId;
use crate::error::{Code, Error, Result};
use crate::http::{Method, Missing};
use crate::retool::ReadDirectory;
use crate::retool::request::one;
use crate::retool::write_once::unchecked;

impl V2 {
    /// Resets the second factor of a user. `false` if the server has no such request. A reset that
    /// is made twice does no harm, so a lost reply is followed by another one.
    pub(super) async fn reset_2fa(&self, id: &UserId) -> Result<bool> {
        let segments = [id.value.as_str()];
        let call = one(Method::Put, RESET_2FA, &segments, USERS_WRITE, Missing::User);
        let error = match self.client.send(call).await {
            Ok(answer) => return acknowledged(&answer).map(|()| true),
            Err(error) => error,
        };
        if !lacks_route(&error) {
            return Err(error);
        }
        // A 404 is about the route or about the user.
        match self.read_user(id).await {
            Ok(Some(_)) if !error.maybe_applied || error.code == Code::HtmlPage => Ok(false),
            Ok(_) => Err(error),
            Err(check) => Err(unchecked(error, check)),
        }
    }
}

/// Returns whether a response may mean that the server does not have this route: a 404, or a page
/// of HTML. Servers that are too old answer with one of them.
pub(super) fn lacks_route(error: &Error) -> bool {
    error.http_status == Some(404) || error.code == Code::HtmlPage
}
