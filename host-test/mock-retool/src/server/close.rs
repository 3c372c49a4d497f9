//! Closing a connection without a response, or in the middle of one.

use std::error::Error;
use std::fmt;

/// How a connection is closed early. hyper drops the connection if a service or a body returns this
/// as its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// With a normal end, as if there were nothing more to send.
    Quietly,
    /// With a TCP reset.
    Reset,
}

impl Close {
    /// Finds the reason for hyper's error in its sources. Returns `None` if the connection was not
    /// closed on purpose.
    pub(super) fn behind(error: &hyper::Error) -> Option<Close> {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(close) = error.downcast_ref() {
                return Some(*close);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl Error for Close {}
