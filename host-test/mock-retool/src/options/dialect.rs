//! The dialects of Retool's API.

/// A dialect of Retool's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `/api/v1`.
    V1,
    /// `/api/v2`.
    V2,
    /// SCIM 2.0, `/scim/v2` and `/api/scim/v2`.
    Scim,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 3] = [Dialect::V1, Dialect::V2, Dialect::Scim];
}
