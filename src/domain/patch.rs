//! Changes to users, field by field.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Email, User, UserType};

/// A field of a user that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// What the seat is billed as.
    UserType,
    /// Administers the organisation.
    Admin,
    /// Disabled: can't log in.
    Disabled,
    /// The photo's URL.
    ProfilePhotoUrl,
}

impl Field {
    /// Every field, in the order that changes are listed.
    pub const ALL: [Field; 6] = [
        Field::FirstName,
        Field::LastName,
        Field::UserType,
        Field::Admin,
        Field::Disabled,
        Field::ProfilePhotoUrl,
    ];

    /// Returns the contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::FirstName => "first-name",
            Field::LastName => "last-name",
            Field::UserType => "user-type",
            Field::Admin => "admin",
            Field::Disabled => "disabled",
            Field::ProfilePhotoUrl => "profile-photo-url",
        }
    }

    /// Reads the contract's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Field::ALL.into_iter().find(|field| field.as_str() == text)
    }

    /// Returns the field's value of a user, as text; `None` if it has no value.
    pub fn of(self, user: &User) -> Option<String> {
        match self {
            Field::FirstName => user.first_name.clone(),
            Field::LastName => user.last_name.clone(),
            Field::UserType => user.user_type.map(|t| t.as_str().to_string()),
            Field::Admin => Some(bool_text(user.admin)),
            Field::Disabled => Some(bool_text(user.disabled)),
            Field::ProfilePhotoUrl => user.profile_photo_url.clone(),
        }
    }
}

fn bool_text(value: bool) -> String {
    String::from(if value { "true" } else { "false" })
}

/// Changes to a user. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPatch {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What the seat is billed as.
    pub user_type: Option<UserType>,
    /// Administers the organisation.
    pub admin: Option<bool>,
    /// Disabled: can't log in.
    pub disabled: Option<bool>,
    /// The photo's URL.
    pub profile_photo_url: Option<String>,
}

impl UserPatch {
    /// Returns whether it changes nothing. Destructures, so that a new field breaks the build here.
    pub fn is_empty(&self) -> bool {
        let UserPatch { first_name, last_name, user_type, admin, disabled, profile_photo_url } =
            self;
        first_name.is_none()
            && last_name.is_none()
            && user_type.is_none()
            && admin.is_none()
            && disabled.is_none()
            && profile_photo_url.is_none()
    }

    /// Returns the wanted value of a field, as text.
    pub fn get(&self, field: Field) -> Option<String> {
        match field {
            Field::FirstName => self.first_name.clone(),
            Field::LastName => self.last_name.clone(),
            Field::UserType => self.user_type.map(|t| t.as_str().to_string()),
            Field::Admin => self.admin.map(bool_text),
            Field::Disabled => self.disabled.map(bool_text),
            Field::ProfilePhotoUrl => self.profile_photo_url.clone(),
        }
    }

    /// Sets the wanted value of a field, from text. Returns `false` if the text is no valid value.
    pub fn set(&mut self, field: Field, text: &str) -> bool {
        match field {
            Field::FirstName => self.first_name = Some(text.to_string()),
            Field::LastName => self.last_name = Some(text.to_string()),
            Field::ProfilePhotoUrl => self.profile_photo_url = Some(text.to_string()),
            Field::UserType => match UserType::parse(text) {
                Some(user_type) => self.user_type = Some(user_type),
                None => return false,
            },
            Field::Admin | Field::Disabled => {
                let value = match text {
                    "true" => true,
                    "false" => false,
                    _ => return false,
                };
                match field {
                    Field::Admin => self.admin = Some(value),
                    _ => self.disabled = Some(value),
                }
            }
        }
        true
    }

    /// Returns the fields in which `user` differs from the wanted values, in the order of
    /// [`Field::ALL`].
    pub fn differences(&self, user: &User) -> Vec<FieldChange> {
        Field::ALL
            .into_iter()
            .filter_map(|field| {
                let after = self.get(field)?;
                let before = field.of(user);
                (before.as_deref() != Some(&after)).then(|| FieldChange {
                    field: field.as_str(),
                    before,
                    after,
                })
            })
            .collect()
    }
}

impl UserPatch {
    /// Returns the [differences](Self::differences) as far as the server reports the fields. Some
    /// servers report no user types.
    pub fn visible_differences(&self, user: &User) -> Vec<FieldChange> {
        let mut differences = self.differences(user);
        differences
            .retain(|change| change.field != Field::UserType.as_str() || user.user_type.is_some());
        differences
    }
}

/// A user to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// SCIM's `userName`; the address where `None`.
    pub login: Option<String>,
    /// The other fields; `disabled` is not used.
    pub fields: UserPatch,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The contract's spelling of the field.
    pub field: &'static str,
    /// What the server has.
    pub before: Option<String>,
    /// What is asked for.
    pub after: String,
}
