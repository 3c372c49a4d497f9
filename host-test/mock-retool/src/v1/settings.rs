//! The settings of `/api/v1`.

use crate::options::{Deviations, Scope};

/// The settings of the dialect.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The token that is accepted.
    pub(crate) token: String,
    /// The scopes of the token.
    pub(crate) scopes: Vec<Scope>,
    /// The largest page.
    pub(crate) max_page_size: usize,
    /// How the server deviates.
    pub(crate) deviations: Deviations,
}
