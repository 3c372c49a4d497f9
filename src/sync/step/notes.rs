//! What steps report besides their outcome.

use alloc::string::String;
use alloc::vec::Vec;

use crate::lifecycle::{NO_REQUEST, Sessions};

/// What a step could not do besides its own write, and what else happened to the account.
#[derive(Debug, Default)]
pub(in crate::sync) struct Notes {
    lines: Vec<String>,
    /// Whether the server turned out to have no request that ends sessions.
    pub no_logout: bool,
}

impl Notes {
    pub(super) fn add(&mut self, line: Option<String>) {
        self.lines.extend(line);
    }

    pub(super) fn sessions(&mut self, sessions: Sessions) {
        match sessions {
            Sessions::Ended => {}
            Sessions::NoRequest => self.no_logout = true,
            Sessions::Failed(line) => self.lines.push(line),
        }
    }

    /// Takes the lines about the step's person, as one text.
    pub fn take(&mut self) -> Option<String> {
        let lines = core::mem::take(&mut self.lines);
        (!lines.is_empty()).then(|| lines.join(" "))
    }

    /// Returns everything as one text.
    pub(super) fn text(mut self) -> Option<String> {
        if self.no_logout {
            self.lines.push(String::from(NO_REQUEST));
        }
        self.take()
    }
}
