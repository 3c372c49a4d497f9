//! The reasons for which a server forbids a request with 403.

use std::fmt;
use std::str::FromStr;

/// Why a request is forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The token lacks a scope.
    Scope,
    /// There is no seat left.
    Seats,
    /// The person is the last owner.
    LastOwner,
    /// The caller's address is not on the list.
    Address,
    /// The plan does not include it.
    Plan,
    /// The response does not say why.
    Unexplained,
}

impl Forbidden {
    /// Every reason.
    pub const ALL: [Forbidden; 6] = [
        Forbidden::Scope,
        Forbidden::Seats,
        Forbidden::LastOwner,
        Forbidden::Address,
        Forbidden::Plan,
        Forbidden::Unexplained,
    ];

    /// Returns the name in text.
    pub fn name(self) -> &'static str {
        match self {
            Forbidden::Scope => "scope",
            Forbidden::Seats => "seats",
            Forbidden::LastOwner => "last-owner",
            Forbidden::Address => "address",
            Forbidden::Plan => "plan",
            Forbidden::Unexplained => "unexplained",
        }
    }

    /// Returns the server's words.
    pub fn message(self) -> &'static str {
        match self {
            Forbidden::Scope => "The access token lacks a scope for this",
            Forbidden::Seats => "All 25 seats of the organization are in use",
            Forbidden::LastOwner => {
                "The last owner of an organization can't be disabled or removed"
            }
            Forbidden::Address => "Your IP address is not on the allow list of this organization",
            Forbidden::Plan => "This endpoint is not available on your plan",
            Forbidden::Unexplained => "Forbidden",
        }
    }
}

/// A name that is not one of the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownReason(String);

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Forbidden::ALL.map(Forbidden::name).join(", ");
        write!(f, "`{}` is not one of: {names}", self.0)
    }
}

impl std::error::Error for UnknownReason {}

impl FromStr for Forbidden {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Forbidden::ALL.into_iter().find(|reason| reason.name() == text);
        named.ok_or_else(|| UnknownReason(text.to_owned()))
    }
}
