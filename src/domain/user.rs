//! Users as they are read.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Dialect, Email, Empty, GroupLink, Metadata, Rare, UserId};

/// What a seat is billed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserType {
    /// A standard user.
    Default,
    /// An end user.
    EndUser,
    /// A mobile user.
    Mobile,
    /// An embed user.
    Embed,
    /// A type this version does not know.
    Unrecognized,
}

impl UserType {
    /// Every type, in the order of the contract.
    pub const ALL: [UserType; 5] = [
        UserType::Default,
        UserType::EndUser,
        UserType::Mobile,
        UserType::Embed,
        UserType::Unrecognized,
    ];

    /// Returns the spelling in field changes.
    pub fn as_str(self) -> &'static str {
        match self {
            UserType::Default => "default",
            UserType::EndUser => "end-user",
            UserType::Mobile => "mobile",
            UserType::Embed => "embed",
            UserType::Unrecognized => "unrecognized",
        }
    }

    /// Reads the spelling of field changes.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "default" => Some(UserType::Default),
            "end-user" => Some(UserType::EndUser),
            "mobile" => Some(UserType::Mobile),
            "embed" => Some(UserType::Embed),
            _ => None,
        }
    }
}

/// What identifies a SCIM account beside its main address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// The `userName`; `None` if the record has none.
    pub login: Option<Email>,
    /// The other addresses.
    pub emails: Vec<Email>,
}

/// A user of Retool.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The id in the dialect spoken.
    pub id: UserId,
    /// The main address, or a [stand-in](Email::stand_in) for an account without one.
    pub email: Email,
    /// The login and the other addresses. `None` for a SCIM account whose login is the main
    /// address and that has no other, and in dialects without logins.
    pub names: Option<Box<Names>>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What the seat is billed as.
    pub user_type: Option<UserType>,
    /// Administers the organisation.
    pub admin: bool,
    /// Disabled: can't log in.
    pub disabled: bool,
    /// Whether this is an invitation that is not accepted yet; `None` if the server does not say.
    pub invited: Option<bool>,
    /// The photo's URL.
    pub profile_photo_url: Option<String>,
    /// The metadata; `None` if the server does not report it.
    pub metadata: Option<Metadata>,
    /// The user attributes by name; `None` if it is not known which attributes there are.
    pub attributes: Option<Box<BTreeMap<String, String>>>,
    /// Memberships; `None` if the response did not contain them.
    pub groups: Option<Vec<GroupLink>>,
    /// When the account was created, changed and used. A listing keeps them only if they are needed.
    pub times: Rare<Times>,
}

/// The times of a user, as the server wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When created.
    pub created_at: Option<String>,
    /// When last changed.
    pub updated_at: Option<String>,
    /// When last seen.
    pub last_active_at: Option<String>,
}

impl Empty for Times {
    const EMPTY: &'static Self =
        &Times { created_at: None, updated_at: None, last_active_at: None };
}

impl User {
    /// Returns a user of whom only the id is known.
    pub fn with_id(id: UserId) -> Self {
        User {
            id,
            email: Email::new(""),
            names: None,
            first_name: None,
            last_name: None,
            user_type: None,
            admin: false,
            disabled: false,
            invited: None,
            profile_photo_url: None,
            metadata: None,
            attributes: None,
            groups: None,
            times: Rare::default(),
        }
    }

    /// Returns SCIM's `userName`; `None` if the account has none, and in other dialects.
    pub fn login(&self) -> Option<&str> {
        match &self.names {
            Some(names) => names.login.as_ref().map(Email::as_str),
            None if self.id.dialect == Dialect::Scim => {
                Some(self.email.as_str()).filter(|_| self.email.is_address())
            }
            None => None,
        }
    }

    /// Returns whether the account has this login.
    pub fn has_login(&self, login: &Email) -> bool {
        match &self.names {
            Some(names) => names.login.as_ref() == Some(login),
            None => self.id.dialect == Dialect::Scim && self.email == *login,
        }
    }

    /// Returns whether this is one of the account's own addresses, or its login. A
    /// [stand-in](Email::stand_in) means the account with its id while that has no address.
    pub fn answers_to(&self, email: &Email) -> bool {
        self.email == *email
            || self.names.as_ref().is_some_and(|names| {
                names.login.as_ref() == Some(email) || names.emails.contains(email)
            })
    }

    /// Returns whether two records of one account agree about who it is: the main address of one
    /// is among the names of the other. A server may leave some of them out.
    pub fn is_same_person(&self, other: &User) -> bool {
        self.answers_to(&other.email) || other.answers_to(&self.email)
    }

    /// Returns the account's addresses and its login, the main address first.
    pub fn all_names(&self) -> impl Iterator<Item = &Email> {
        let more = self.names.iter();
        core::iter::once(&self.email)
            .chain(more.flat_map(|names| names.login.iter().chain(&names.emails)))
    }

    /// Returns whether this is an invitation that is not accepted yet, and not an account.
    pub fn is_invitation(&self) -> bool {
        self.invited == Some(true)
    }

    /// Returns the type of the seat that the account holds while it is enabled; `None` for an
    /// invitation, which holds no seat.
    pub fn seat(&self) -> Option<UserType> {
        (!self.is_invitation()).then(|| self.user_type.unwrap_or(UserType::Default))
    }

    /// Removes the times. In a listing of thousands of users they would take memory, and no
    /// function that reads a whole listing needs them.
    pub fn forget_times(&mut self) {
        self.times = Rare::default();
    }

    /// Returns whether the user administers the organisation: by the record's field, or as a member
    /// of the built-in group, as far as the record contains memberships.
    pub fn is_administrator(&self) -> bool {
        self.admin || self.groups.iter().flatten().any(GroupLink::is_administrators)
    }

    /// Returns whether this is an administrator who can log in. An invitation is not an account.
    pub fn is_enabled_admin(&self) -> bool {
        self.is_administrator() && !self.disabled && !self.is_invitation()
    }
}

/// A user who was read individually, with the server's whole record, so that it can be written
/// back.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The person.
    pub user: User,
    /// The server's record as JSON, with the fields this version does not know.
    pub raw: String,
    /// The server's time of the response, in milliseconds since the Unix epoch; `None` if the
    /// response had none.
    pub read_at: Option<i64>,
}
