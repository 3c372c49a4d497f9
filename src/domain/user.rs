//! Users as they are read.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Email, GroupLink, UserId};

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

/// A user of Retool.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The id in the dialect spoken.
    pub id: UserId,
    /// The address.
    pub email: Email,
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
    /// Memberships; `None` if the response did not contain them.
    pub groups: Option<Vec<GroupLink>>,
    /// When created, as the server wrote it.
    pub created_at: Option<String>,
    /// When last changed, as the server wrote it.
    pub updated_at: Option<String>,
    /// When last seen, as the server wrote it.
    pub last_active_at: Option<String>,
}

impl User {
    /// Returns a user of whom only the id is known.
    pub fn with_id(id: UserId) -> Self {
        User {
            id,
            email: Email::new(""),
            first_name: None,
            last_name: None,
            user_type: None,
            admin: false,
            disabled: false,
            invited: None,
            profile_photo_url: None,
            groups: None,
            created_at: None,
            updated_at: None,
            last_active_at: None,
        }
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
        (self.created_at, self.updated_at, self.last_active_at) = (None, None, None);
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
