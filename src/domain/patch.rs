//! Changes to users, field by field.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::metadata::{Changes, is_attribute, is_same_json};
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
    pub fn of(self, user: &User) -> Option<&str> {
        match self {
            Field::FirstName => user.first_name.as_deref(),
            Field::LastName => user.last_name.as_deref(),
            Field::UserType => user.user_type.map(UserType::as_str),
            Field::Admin => Some(bool_text(user.admin)),
            Field::Disabled => Some(bool_text(user.disabled)),
            Field::ProfilePhotoUrl => user.profile_photo_url.as_deref(),
        }
    }

    /// Returns whether the field can be without a value.
    pub fn is_clearable(self) -> bool {
        matches!(self, Field::FirstName | Field::LastName | Field::ProfilePhotoUrl)
    }
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Changes to a user. A field that is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPatch {
    /// Another address for the account. It keeps its id.
    pub email: Option<Email>,
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
    /// The [clearable](Field::is_clearable) fields that are to have no value.
    pub clear: Vec<Field>,
    /// The keys of the metadata that are set or removed. Others stay.
    pub metadata: Changes,
}

impl UserPatch {
    /// Returns whether it changes nothing. Destructures, so that a new field breaks the build here.
    pub fn is_empty(&self) -> bool {
        let UserPatch {
            email,
            first_name,
            last_name,
            user_type,
            admin,
            disabled,
            profile_photo_url,
            clear,
            metadata,
        } = self;
        email.is_none()
            && first_name.is_none()
            && last_name.is_none()
            && user_type.is_none()
            && admin.is_none()
            && disabled.is_none()
            && profile_photo_url.is_none()
            && clear.is_empty()
            && metadata.is_empty()
    }

    /// Returns the wanted value of a field, as text.
    pub fn get(&self, field: Field) -> Option<&str> {
        match field {
            Field::FirstName => self.first_name.as_deref(),
            Field::LastName => self.last_name.as_deref(),
            Field::UserType => self.user_type.map(UserType::as_str),
            Field::Admin => self.admin.map(bool_text),
            Field::Disabled => self.disabled.map(bool_text),
            Field::ProfilePhotoUrl => self.profile_photo_url.as_deref(),
        }
    }

    /// Returns whether a field is to have no value.
    pub fn clears(&self, field: Field) -> bool {
        self.clear.contains(&field)
    }

    /// Returns the wanted state of a field; `None` if it stays as it is. The inner `None` clears it.
    pub fn wanted(&self, field: Field) -> Option<Option<&str>> {
        self.get(field).map(Some).or_else(|| self.clears(field).then_some(None))
    }

    /// Leaves a field as it is.
    pub fn leave(&mut self, field: Field) {
        self.clear.retain(|cleared| *cleared != field);
        match field {
            Field::FirstName => self.first_name = None,
            Field::LastName => self.last_name = None,
            Field::UserType => self.user_type = None,
            Field::Admin => self.admin = None,
            Field::Disabled => self.disabled = None,
            Field::ProfilePhotoUrl => self.profile_photo_url = None,
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

    /// Adds one change of the address, of a field or of a key of the metadata. Returns `false` if it
    /// is none of them, or if the field can't have the value.
    pub fn add(&mut self, change: &FieldChange) -> bool {
        if change.field == EMAIL {
            self.email = change.after.as_deref().map(Email::new);
            return self.email.as_ref().is_some_and(Email::is_address);
        }
        if let Some(key) = change.metadata_key() {
            self.metadata.insert(key.into(), change.after.clone());
            return true;
        }
        match (Field::parse(&change.field), &change.after) {
            (Some(field), Some(after)) => self.set(field, after),
            (Some(field), None) if field.is_clearable() => {
                self.clear.push(field);
                true
            }
            _ => false,
        }
    }

    /// Returns the changes as a patch.
    pub fn of(changes: &[FieldChange]) -> Self {
        let mut patch = UserPatch::default();
        for change in changes {
            patch.add(change);
        }
        patch
    }

    /// Returns the fields in which `user` differs from the wanted values: the address, then in the
    /// order of [`Field::ALL`], then the keys of the metadata.
    pub fn differences(&self, user: &User) -> Vec<FieldChange> {
        let email = self.email.iter().filter(|email| user.email != **email);
        let email = email.map(|email| FieldChange {
            field: Cow::Borrowed(EMAIL),
            before: user.email.is_address().then(|| user.email.as_str().into()),
            after: Some(email.as_str().into()),
        });
        let fields = Field::ALL.into_iter().filter_map(|field| {
            let after = self.wanted(field)?;
            let before = field.of(user);
            let field = Cow::Borrowed(field.as_str());
            let text = |value: Option<&str>| value.map(String::from);
            (before != after).then(|| FieldChange {
                field,
                before: text(before),
                after: text(after),
            })
        });
        let metadata = self.metadata.iter().filter_map(|(key, after)| {
            let before = user.metadata.as_ref().and_then(|metadata| metadata.get(key));
            (!is_same_json(before, after.as_deref())).then(|| FieldChange {
                field: Cow::Owned(format!("{METADATA}{key}")),
                before: before.map(String::from),
                after: after.clone(),
            })
        });
        email.chain(fields).chain(metadata).collect()
    }

    /// Returns the keys of the metadata that are set, as changes of a user who has none.
    pub fn set_metadata(&self) -> impl Iterator<Item = FieldChange> {
        let set = self.metadata.iter().filter(|(_, json)| json.is_some());
        set.map(|(key, after)| FieldChange {
            field: Cow::Owned(format!("{METADATA}{key}")),
            before: None,
            after: after.clone(),
        })
    }

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

/// What a request can clear.
#[derive(Clone, Debug, PartialEq)]
pub enum Clearable {
    /// A field that can be without a value.
    Field(Field),
    /// One key of the metadata.
    MetadataKey(String),
    /// One user attribute.
    Attribute(String),
}

/// The name of the change of an address.
pub const EMAIL: &str = "email";

/// The start of the names of changes of the metadata.
const METADATA: &str = "metadata.";

/// The start of the names of changes of user attributes.
const ATTRIBUTE: &str = "attribute.";

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The contract's spelling of the field.
    pub field: Cow<'static, str>,
    /// What the server has.
    pub before: Option<String>,
    /// What is asked for; `None` clears the field.
    pub after: Option<String>,
}

impl FieldChange {
    /// Returns whether the change takes something from the person: an administrator's rights, or a
    /// value that is cleared.
    pub fn strips(&self) -> bool {
        let demotes = self.field == Field::Admin.as_str() && self.after.as_deref() == Some("false");
        self.before.is_some()
            && (self.after.is_none() || (demotes && self.before.as_deref() == Some("true")))
    }

    /// Returns the key that changes, for a change of the metadata.
    pub fn metadata_key(&self) -> Option<&str> {
        self.field.strip_prefix(METADATA).filter(|key| !key.is_empty())
    }

    /// Returns the name of the attribute, for a change of a user attribute.
    pub fn attribute(&self) -> Option<&str> {
        self.field.strip_prefix(ATTRIBUTE).filter(|name| !name.is_empty())
    }
}

/// Returns the attributes in which `user` differs from the wanted values. The metadata shows them.
/// A removed attribute that has its default is as wanted.
pub fn attribute_differences(
    wanted: &Changes,
    user: &User,
    default: impl Fn(&str) -> Option<String>,
) -> Vec<FieldChange> {
    let metadata = user.metadata.as_ref();
    let differs = |name: &str, after: Option<&str>| {
        !is_attribute(metadata, name, after)
            && (after.is_some()
                || default(name)
                    .is_none_or(|default| !is_attribute(metadata, name, Some(&default))))
    };
    let wanted = wanted.iter().filter(|(name, after)| differs(name, after.as_deref()));
    wanted
        .map(|(name, after)| attribute_change(name, metadata_attribute(user, name), after))
        .collect()
}

/// Returns the change of an attribute.
pub fn attribute_change(name: &str, before: Option<String>, after: &Option<String>) -> FieldChange {
    FieldChange { field: Cow::Owned(format!("{ATTRIBUTE}{name}")), before, after: after.clone() }
}

/// Returns the value of an attribute that the metadata of a user shows.
pub fn metadata_attribute(user: &User, name: &str) -> Option<String> {
    let json = user.metadata.as_ref()?.get(name).filter(|json| *json != "null")?;
    Some(super::metadata::attribute_value(json))
}
