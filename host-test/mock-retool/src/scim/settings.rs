//! The settings of SCIM.

use crate::options::ScimQuirks;

/// The settings of SCIM below one base.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The path of the base, e.g. `/scim/v2`, with the prefix before it.
    pub(crate) path: String,
    /// The token that is accepted.
    pub(crate) token: String,
    /// The largest page.
    pub(crate) max_page_size: usize,
    /// How the server deviates.
    pub(crate) quirks: ScimQuirks,
}
