//! Sending a PATCH until it is known what became of it.
//!
//! One whose answer was lost is not simply sent again: meanwhile somebody else may have changed
//! what it sets. Nor is one that came too late for the version it was made for (412). What is
//! there now is looked at first.

use alloc::string::{String, ToString};

use super::base::Route;
use super::body::PatchOp;
use super::{Scim, call, explain};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Local, Method, Missing, Repeat};
use crate::retool::ReadDirectory;
use crate::retool::read_back::ReadBack;

/// How often a PATCH is sent for one change, each time after a look.
const WRITES: u32 = 3;

/// What to change.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub route: Route,
    pub id: &'a str,
    /// Whom or what it is about, for errors.
    pub about: &'a str,
    pub missing: Missing,
}

/// Looks whether a change is there, and which version it is to be made to if it is not.
pub(super) type Looking<'a> = &'a dyn Fn() -> Local<'a, Result<ReadBack<(), Option<String>>>>;

impl Scim {
    /// Sends a change. `None` if its answer was lost and a look showed it to be there.
    pub(super) async fn patch(
        &self,
        target: Target<'_>,
        change: &PatchOp<'_>,
        mut version: Option<String>,
        look: Looking<'_>,
    ) -> Result<Option<Answer>> {
        let base = self.find_base().await?;
        let segments = [target.id];
        let (mut attempt, mut lost, mut outdated) = (1, false, false);
        loop {
            let call = Call {
                body: Some(change.body()),
                repeat: Repeat::Never,
                missing: target.missing,
                about: Some(target.about),
                ..call(Method::Patch, base, target.route, &segments)
            };
            let sent = self.client.send_if_match(call, version.as_deref()).await;
            let mut failure = match sent.map_err(explain::explained) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => error,
            };
            // Of all tries, an error knows the last.
            failure.attempts += attempt - 1;
            let unknown = failure.maybe_applied;
            lost |= unknown;
            failure.maybe_applied = lost;
            let again = if failure.http_status == Some(412) {
                failure.message = OUTDATED.to_string();
                !core::mem::replace(&mut outdated, true)
            } else {
                unknown && attempt < WRITES && self.pause(attempt, failure.retry_after_ms).await
            };
            if !again {
                return Err(failure);
            }
            attempt += 1;
            match look().await {
                Ok(ReadBack::Holds(())) => return Ok(None),
                Ok(ReadBack::NotYet(now)) => version = now,
                Err(mut error) if error.code == Code::WrongPerson => {
                    error.maybe_applied = lost;
                    return Err(error);
                }
                Err(_) => return Err(failure),
            }
        }
    }
}

const OUTDATED: &str = "Somebody else changes the record at the same time (412), so this was not written. Look at it in \
     Retool, then ask again.";

/// Marks an error that comes after a write was sent.
pub(super) fn sent(mut error: Error) -> Error {
    error.maybe_applied = true;
    error
}
