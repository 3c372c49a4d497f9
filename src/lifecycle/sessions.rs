//! Ends the sessions of disabled users.

use alloc::format;
use alloc::string::String;

use crate::domain::{User, WriteKind};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// Whether the sessions of a disabled user were ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// They were ended, or the dialect has no sessions to end.
    Ended,
    /// The dialect has a request for it, and this server does not.
    NoRequest,
    /// The server did not do it; contains what a person must do.
    Failed(String),
}

/// What a report says once if a server can't end sessions.
pub const NO_REQUEST: &str = "This server has no request that ends sessions: a disabled person who is logged in may \
     stay so until the session expires. End the sessions in Retool.";

impl Sessions {
    /// Returns what a person must still do about this user.
    pub fn remaining(self, user: &User) -> Option<String> {
        match self {
            Sessions::Ended => None,
            Sessions::NoRequest => Some(format!("{}: {NO_REQUEST}", user.email.as_str())),
            Sessions::Failed(remaining) => Some(remaining),
        }
    }
}

/// Ends the sessions of a user who is disabled, if the dialect can. No dialect says whether there
/// are any, so a repetition ends them again. The user can't log in again even if this fails.
pub async fn end_sessions(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Sessions {
    if !directory.capabilities().ends_sessions || user.is_invitation() {
        return Sessions::Ended;
    }
    let address = user.email.as_str();
    match directory.end_sessions(&user.id).await {
        Ok(true) => {
            write_log.confirmed(WriteKind::SessionsEnded, address, None);
            Sessions::Ended
        }
        Ok(false) => Sessions::NoRequest,
        Err(error) => {
            if error.maybe_applied {
                write_log.unconfirmed(WriteKind::SessionsEnded, address, None);
            }
            Sessions::Failed(format!(
                "The sessions of {address} could not be ended ({}). End them in Retool, or deprovision the person \
                 again.",
                error.code.as_str()
            ))
        }
    }
}
