//! Ending a connection without an answer, or in the middle of one.

use std::error::Error;
use std::fmt;

/// How a connection ends early. As an error of a service or of a body it makes hyper give up the
/// connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// As if there were nothing more to send.
    Quietly,
    /// With a TCP reset.
    Reset,
}

impl Close {
    /// How a connection was to end that hyper gave up with this error, if it was on purpose.
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
        f.write_str("the connection is to end here")
    }
}

impl Error for Close {}
