//! The scopes of a REST token.

use std::fmt;
use std::str::FromStr;

/// A scope of a token, as Retool names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `users:read`: list and read users.
    UsersRead,
    /// `users:write`: create, change and delete users.
    UsersWrite,
    /// `groups:read`: list and read groups and their members.
    GroupsRead,
    /// `groups:write`: create, change and delete groups and memberships.
    GroupsWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 4] =
        [Scope::UsersRead, Scope::UsersWrite, Scope::GroupsRead, Scope::GroupsWrite];

    /// Returns the name on the wire, e.g. `users:read`.
    pub fn name(self) -> &'static str {
        match self {
            Scope::UsersRead => "users:read",
            Scope::UsersWrite => "users:write",
            Scope::GroupsRead => "groups:read",
            Scope::GroupsWrite => "groups:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not one of the four scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScope(String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a scope; the scopes are", self.0)?;
        for scope in Scope::ALL {
            write!(f, " {scope}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownScope {}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}
