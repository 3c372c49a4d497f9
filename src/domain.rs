//! The vocabulary of the component's own logic: people, groups and what is done to them.
//! Depends on nothing. `guest` converts it from and to the contract's types.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;

/// An address that identifies a person: trimmed, and compared without regard to case.
///
/// Reading it from a server never fails; addresses from callers are checked in `input`.
#[derive(Clone, Debug)]
pub struct Email {
    text: String,
    /// What it is compared by, where that is not how it is written.
    key: Option<Box<str>>,
}

impl Email {
    /// Takes an address as it is, trimmed.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let key = match Email::key_of(text) {
            Cow::Owned(key) if key != text => Some(key.into_boxed_str()),
            Cow::Owned(_) | Cow::Borrowed(_) => None,
        };
        Email { text: text.to_string(), key }
    }

    /// As written, trimmed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As written, trimmed.
    pub fn into_string(self) -> String {
        self.text
    }

    /// What an address is compared by that is written like this.
    pub fn key_of(text: &str) -> Cow<'_, str> {
        let text = text.trim();
        let is_key = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        if is_key { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
    }

    /// What it is compared by.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.text)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}

/// Which API is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `/api/v1`.
    V1,
    /// `/api/v2`.
    V2,
    /// SCIM 2.0.
    Scim,
}

impl Dialect {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::V1 => "/api/v1",
            Dialect::V2 => "/api/v2",
            Dialect::Scim => "SCIM",
        }
    }

    /// Which kind of ids its groups have.
    pub fn group_ids(self) -> GroupIdKind {
        match self {
            Dialect::V1 | Dialect::V2 => GroupIdKind::Rest,
            Dialect::Scim => GroupIdKind::Scim,
        }
    }
}

/// A user's id and the API that issued it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId {
    /// The API that issued it.
    pub dialect: Dialect,
    /// The id in that API.
    pub value: String,
}

/// Which kind of group id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupIdKind {
    /// The integer of `/api/v1` and `/api/v2`, in decimal.
    Rest,
    /// A SCIM string.
    Scim,
}

/// A group's id and its kind. Ordered as text within a kind; the order has no meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// Its kind.
    pub kind: GroupIdKind,
    /// The id.
    pub value: String,
}

/// How a request names a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupRef {
    /// By id.
    Id(GroupId),
    /// By name, trimmed, compared exactly.
    Name(String),
}

/// A group as it stands next to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLink {
    /// The id.
    pub id: GroupId,
    /// The name, where known.
    pub name: Option<String>,
}

impl GroupLink {
    /// What people call it: the name, or the id where only that is known.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.value)
    }
}

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

    /// The spelling in field changes.
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

/// A person in Retool.
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
    /// Barred from logging in.
    pub disabled: bool,
    /// An invitation that nobody has accepted, where the server says.
    pub invited: Option<bool>,
    /// The photo's URL.
    pub profile_photo_url: Option<String>,
    /// Memberships, where the answer carried them.
    pub groups: Option<Vec<GroupLink>>,
    /// When made, as the server wrote it.
    pub created_at: Option<String>,
    /// When last changed, as the server wrote it.
    pub updated_at: Option<String>,
    /// When last seen, as the server wrote it.
    pub last_active_at: Option<String>,
}

impl User {
    /// Whether this is an invitation that nobody has accepted, and no account.
    pub fn is_invitation(&self) -> bool {
        self.invited == Some(true)
    }

    /// What the seat is billed as that the account holds while it is enabled; `None` for an
    /// invitation, which holds none.
    pub fn seat(&self) -> Option<UserType> {
        (!self.is_invitation()).then(|| self.user_type.unwrap_or(UserType::Default))
    }

    /// Leaves out when things happened, which a listing of thousands would hold in memory and
    /// nobody who reads everybody looks at.
    pub fn forget_times(&mut self) {
        (self.created_at, self.updated_at, self.last_active_at) = (None, None, None);
    }

    /// Whether they administer the organisation and can log in to do so.
    pub fn is_enabled_admin(&self) -> bool {
        self.admin && !self.disabled
    }
}

/// One person read on their own, ready to be written back: what the server said, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The person.
    pub user: User,
    /// The server's record as JSON, with the fields this version does not know.
    pub raw: String,
    /// What the server's clock said then, in milliseconds since the Unix epoch, where it did.
    pub read_at: Option<i64>,
}

/// An account as it was before a call disabled, deleted or stripped it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tombstone {
    /// The account as it was, memberships included.
    pub user: User,
    /// The server's whole record, as JSON; `None` where only a listing showed the account, or
    /// where it is too large to be kept.
    pub raw: Option<String>,
    /// When a call disabled the account, where the call saw that.
    pub disabled_since: Option<String>,
    /// When it was recorded; empty until then.
    pub recorded_at: String,
}

impl Tombstone {
    /// The largest record that is kept, in bytes: engines bound the size of a result.
    pub const MOST_RAW_BYTES: usize = 65_536;

    /// Of an account that was just read.
    pub fn of(account: Account, recorded_at: String) -> Self {
        let Account { user, raw, read_at: _ } = account;
        let raw = (raw.len() <= Tombstone::MOST_RAW_BYTES).then_some(raw);
        Tombstone { user, raw, disabled_since: None, recorded_at }
    }
}

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
    /// Barred from logging in.
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

    /// The contract's spelling.
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

    /// What a user has there, as text; `None` where there is nothing.
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

/// What shall be different about a user; `None` leaves a field as it is.
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
    /// Barred from logging in.
    pub disabled: Option<bool>,
    /// The photo's URL.
    pub profile_photo_url: Option<String>,
}

impl UserPatch {
    /// Whether it changes nothing. Destructures, so that a new field breaks the build here.
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

    /// What is asked for in a field, as text.
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

    /// Asks for a value in a field, as text. `false` if the text is none of the field's.
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

    /// The fields in which `user` is not what is asked for, in the order of [`Field::ALL`].
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

/// Somebody to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUser {
    /// The address.
    pub email: Email,
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

/// A member as it stands next to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// The address, where the server gave it.
    pub email: Option<Email>,
    /// Administers the group, where the server says.
    pub group_admin: Option<bool>,
}

/// A group of people.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The id in the dialect spoken.
    pub id: GroupId,
    /// The name.
    pub name: String,
    /// What members may do in every app, as the server words it.
    pub universal_app_access: Option<String>,
    /// The members, where they were asked for.
    pub members: Option<Vec<Member>>,
    /// When made, as the server wrote it.
    pub created_at: Option<String>,
    /// When last changed, as the server wrote it.
    pub updated_at: Option<String>,
}

impl Group {
    /// How it stands next to a user.
    pub fn link(&self) -> GroupLink {
        GroupLink { id: self.id.clone(), name: Some(self.name.clone()) }
    }
}

/// One group read on its own, ready to be written back.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupAccount {
    /// The group.
    pub group: Group,
    /// The server's record as JSON.
    pub raw: String,
}

/// What shall be different about a group; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupPatch {
    /// The name.
    pub name: Option<String>,
    /// What members may do in every app.
    pub universal_app_access: Option<String>,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// A user was created.
    UserCreated,
    /// A user's fields were changed.
    UserUpdated,
    /// A user was disabled.
    UserDisabled,
    /// A user was enabled.
    UserEnabled,
    /// A user was deleted for good.
    UserDeleted,
    /// A user joined a group.
    MemberAdded,
    /// A user left a group.
    MemberRemoved,
    /// A group was created.
    GroupCreated,
    /// A group's fields were changed.
    GroupUpdated,
    /// A group was deleted.
    GroupDeleted,
    /// An invitation was withdrawn.
    InvitationCancelled,
    /// A user's sessions were ended.
    SessionsEnded,
}

/// One write that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// What it did.
    pub kind: WriteKind,
    /// The person's address, or the group's name.
    pub subject: String,
    /// For memberships and groups, the group's label.
    pub group: Option<String>,
    /// Whether the server confirmed it.
    pub confirmed: bool,
}
