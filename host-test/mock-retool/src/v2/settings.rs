//! The settings of `/api/v2`.

use crate::options::{Scope, V2Options};

/// The settings of the dialect.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The token that is accepted.
    pub(crate) token: String,
    /// The scopes of the token.
    pub(crate) scopes: Vec<Scope>,
    /// The largest page.
    pub(crate) max_page_size: usize,
    /// The features of this server.
    pub(crate) has: V2Options,
}
