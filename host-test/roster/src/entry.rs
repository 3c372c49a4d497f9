//! One person of a roster.

use crate::{Group, excerpt, folded};

/// A person on a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The address, trimmed and not empty. Its syntax is not checked.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What the seat is billed as.
    pub user_type: Option<UserType>,
    /// Whether they administer the organisation.
    pub admin: Option<bool>,
    /// The groups that they should be in.
    pub groups: Vec<Group>,
    /// Addresses that they had before, each trimmed and not empty. Their syntax is not checked.
    pub former_emails: Vec<String>,
    /// User attributes to set, by name.
    pub attributes: Vec<(String, String)>,
    /// Metadata to set: a JSON object.
    pub metadata: Option<String>,
    /// What is cleared. Only JSON has it.
    pub clear: Vec<Clear>,
}

/// Something that a person is to be without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clear {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// The profile photo.
    ProfilePhotoUrl,
    /// A key of the metadata.
    MetadataKey(String),
    /// A user attribute, by name.
    Attribute(String),
}

/// What a seat is billed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserType {
    /// A standard user.
    Default,
    /// An end user.
    EndUser,
    /// A mobile user.
    Mobile,
    /// An embed user.
    Embed,
}

impl UserType {
    /// Reads a type. Case, spaces, `_` and `-` are ignored. The error lists the types.
    pub(crate) fn of(text: &str) -> Result<UserType, String> {
        match folded(text).as_str() {
            "default" => Ok(UserType::Default),
            "enduser" => Ok(UserType::EndUser),
            "mobile" => Ok(UserType::Mobile),
            "embed" => Ok(UserType::Embed),
            _ => Err(format!(
                "`{}` is not a user type; they are default, end-user, mobile and embed",
                excerpt(text)
            )),
        }
    }
}

/// Trims the text; returns `None` if it is blank.
pub(crate) fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
