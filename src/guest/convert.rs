//! Converts the types that all interfaces share, from the contract's to the component's own and
//! back.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{contract, list};
use crate::domain::{
    AccessSetting, Clearable, Dialect, Email, Field, FieldChange, Group, GroupId, GroupIdKind,
    GroupLink, GroupRef, LinkedGroup, Member, Metadata, Names, Times, Tombstone, User, UserId,
    UserRef, UserType, WayIn, Write, WriteKind,
};
use crate::error::{Code, Detail, Error, Kind, Result};
use crate::input::Extras;
use crate::session::{Connection, Wanted};

/// Converts a connection. It is checked when the session is opened.
pub fn connection(given: contract::Connection) -> Connection {
    Connection {
        base_url: given.base_url,
        wanted: match given.dialect {
            contract::Dialect::Auto => Wanted::Auto,
            contract::Dialect::V1 => Wanted::Dialect(Dialect::V1),
            contract::Dialect::V2 => Wanted::Dialect(Dialect::V2),
            contract::Dialect::Scim => Wanted::Dialect(Dialect::Scim),
        },
        api_token_variable: given.api_token_variable,
        scim_token_variable: given.scim_token_variable,
    }
}

/// Converts the dialect in use; `auto` if none was found.
pub fn dialect(dialect: Option<Dialect>) -> contract::Dialect {
    match dialect {
        None => contract::Dialect::Auto,
        Some(Dialect::V1) => contract::Dialect::V1,
        Some(Dialect::V2) => contract::Dialect::V2,
        Some(Dialect::Scim) => contract::Dialect::Scim,
    }
}

/// Converts an address for the contract: `none` for an account without one.
pub fn address(email: Email) -> Option<String> {
    email.is_address().then(|| email.into_string())
}

/// Converts a reference to a user from the contract, unchecked.
pub fn given_user_ref(user: contract::UserRef) -> UserRef {
    match user {
        contract::UserRef::Email(email) => UserRef::Email(Email::new(&email)),
        contract::UserRef::Id(id) => UserRef::Id(given_user_id(id)),
        contract::UserRef::Login(login) => UserRef::Login(Email::new(&login)),
    }
}

/// Converts references to users from the contract, unchecked.
pub fn given_user_refs(users: Vec<contract::UserRef>) -> Vec<UserRef> {
    list(users, given_user_ref)
}

/// Converts a reference to a user for the contract.
pub fn user_ref(user: UserRef) -> contract::UserRef {
    match user {
        UserRef::Email(email) => contract::UserRef::Email(email.into_string()),
        UserRef::Id(id) => contract::UserRef::Id(user_id(id)),
        UserRef::Login(login) => contract::UserRef::Login(login.into_string()),
    }
}

/// Converts a user's id from the contract.
pub fn given_user_id(id: contract::UserId) -> UserId {
    let (dialect, value) = match id {
        contract::UserId::V1(value) => (Dialect::V1, value),
        contract::UserId::V2(value) => (Dialect::V2, value),
        contract::UserId::Scim(value) => (Dialect::Scim, value),
    };
    UserId { dialect, value }
}

/// Converts a user's id for the contract.
pub fn user_id(id: UserId) -> contract::UserId {
    match id.dialect {
        Dialect::V1 => contract::UserId::V1(id.value),
        Dialect::V2 => contract::UserId::V2(id.value),
        Dialect::Scim => contract::UserId::Scim(id.value),
    }
}

/// Converts a group's id from the contract.
pub fn given_group_id(id: contract::GroupId) -> GroupId {
    let (kind, value) = match id {
        contract::GroupId::Rest(value) => (GroupIdKind::Rest, value),
        contract::GroupId::Scim(value) => (GroupIdKind::Scim, value),
    };
    GroupId { kind, value }
}

/// Converts a group's id for the contract.
pub fn group_id(id: GroupId) -> contract::GroupId {
    match id.kind {
        GroupIdKind::Rest => contract::GroupId::Rest(id.value),
        GroupIdKind::Scim => contract::GroupId::Scim(id.value),
    }
}

/// Converts a reference to a group from the contract, unchecked.
pub fn given_group_ref(group: contract::GroupRef) -> GroupRef {
    match group {
        contract::GroupRef::Id(id) => GroupRef::Id(given_group_id(id)),
        contract::GroupRef::Name(name) => GroupRef::Name(name),
    }
}

/// Converts a reference to a group for the contract.
pub fn group_ref(group: GroupRef) -> contract::GroupRef {
    match group {
        GroupRef::Id(id) => contract::GroupRef::Id(group_id(id)),
        GroupRef::Name(name) => contract::GroupRef::Name(name),
    }
}

/// Returns the groups of the requested memberships, and whether the person should administer those
/// of them that say so, unchecked.
pub fn memberships(
    memberships: Vec<contract::Membership>,
) -> (Vec<GroupRef>, BTreeMap<GroupRef, bool>) {
    let (mut groups, mut admins) = (Vec::with_capacity(memberships.len()), BTreeMap::new());
    for contract::Membership { group, group_admin } in memberships {
        let group = given_group_ref(group);
        if let Some(administers) = group_admin {
            admins.insert(group.clone(), administers);
        }
        groups.push(group);
    }
    (groups, admins)
}

/// Converts a user's membership for the contract.
pub fn group_link(link: GroupLink) -> contract::GroupLink {
    let LinkedGroup { id, name, group_admin } = link.into_inner();
    contract::GroupLink { id: group_id(id), name, group_admin }
}

/// Converts a user's membership from the contract.
fn given_group_link(link: contract::GroupLink) -> GroupLink {
    let contract::GroupLink { id, name, group_admin } = link;
    LinkedGroup { id: given_group_id(id), name, group_admin }.into()
}

/// Converts a user type for the contract.
pub fn user_type(user_type: UserType) -> contract::UserType {
    match user_type {
        UserType::Default => contract::UserType::Default,
        UserType::EndUser => contract::UserType::EndUser,
        UserType::Mobile => contract::UserType::Mobile,
        UserType::Embed => contract::UserType::Embed,
        UserType::Unrecognized => contract::UserType::Unrecognized,
    }
}

/// Converts a user type from the contract.
pub fn given_user_type(user_type: contract::UserType) -> UserType {
    match user_type {
        contract::UserType::Default => UserType::Default,
        contract::UserType::EndUser => UserType::EndUser,
        contract::UserType::Mobile => UserType::Mobile,
        contract::UserType::Embed => UserType::Embed,
        contract::UserType::Unrecognized => UserType::Unrecognized,
    }
}

/// Converts a user, with their ids in the other kind of API.
pub fn user_with_ids(user: User, other_ids: Vec<UserId>) -> contract::User {
    let login = user.login().map(String::from);
    let User {
        id,
        email,
        names: _,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        invited,
        profile_photo_url,
        metadata,
        attributes,
        groups,
        times,
    } = user;
    let Times { created_at, updated_at, last_active_at } = times.into_inner();
    contract::User {
        id: user_id(id),
        other_ids: list(other_ids, user_id),
        email: address(email),
        login,
        first_name,
        last_name,
        user_type: user_type.map(self::user_type),
        admin,
        disabled,
        invited,
        profile_photo_url,
        metadata: metadata.map(|metadata| metadata.to_json()),
        attributes: attributes.map(|attributes| {
            let attributes = attributes.into_iter();
            attributes.map(|(name, value)| contract::Attribute { name, value }).collect()
        }),
        groups: groups.map(|groups| list(groups, group_link)),
        created_at,
        updated_at,
        last_active_at,
    }
}

/// Converts a user for the contract.
pub fn user(user: User) -> contract::User {
    user_with_ids(user, Vec::new())
}

/// Converts a user from the contract. `field` is the user's path in a tombstone, for errors.
pub fn given_user(field: &str, user: contract::User) -> Result<User> {
    // Nothing needs the ids of other APIs.
    let contract::User {
        id,
        other_ids: _,
        email,
        login,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        invited,
        profile_photo_url,
        metadata,
        attributes,
        groups,
        created_at,
        updated_at,
        last_active_at,
    } = user;
    let metadata = metadata.map(|json| given_metadata(field, &json)).transpose()?;
    let attributes = attributes.map(|attributes| {
        Box::new(attributes.into_iter().map(|it| (it.name, it.value)).collect::<BTreeMap<_, _>>())
    });
    let id = given_user_id(id);
    let email = Email::of_account(email.as_deref().unwrap_or_default(), &id, login.as_deref());
    // A SCIM account without a login differs from one whose login is its address.
    let has_none = login.is_none() && id.dialect == Dialect::Scim && email.is_address();
    let login = login.filter(|login| !email.is_address() || login.trim() != email.as_str());
    let login = login.map(|login| Email::new(&login));
    let names =
        (login.is_some() || has_none).then(|| Box::new(Names { login, emails: Vec::new() }));
    Ok(User {
        id,
        email,
        names,
        first_name,
        last_name,
        user_type: user_type.map(given_user_type),
        admin,
        disabled,
        invited,
        profile_photo_url,
        metadata,
        attributes,
        groups: groups.map(|groups| list(groups, given_group_link)),
        times: Times { created_at, updated_at, last_active_at }.into(),
    })
}

fn given_metadata(field: &str, json: &str) -> Result<Metadata> {
    Metadata::parse(json).ok_or_else(|| {
        Error::new(
            Code::InvalidValue,
            "The metadata is not a JSON object. Give it as it was recorded.",
        )
        .in_field(format!("{field}.metadata"))
    })
}

/// Converts what a request gives beside the fields of a person.
pub fn extras(
    metadata: Option<String>,
    attributes: Vec<contract::Attribute>,
    clear: Vec<contract::ClearableField>,
) -> Extras {
    let attributes = attributes.into_iter().map(|it| (it.name, it.value)).collect();
    Extras { metadata, attributes, clear: list(clear, clearable) }
}

fn clearable(field: contract::ClearableField) -> Clearable {
    match field {
        contract::ClearableField::FirstName => Clearable::Field(Field::FirstName),
        contract::ClearableField::LastName => Clearable::Field(Field::LastName),
        contract::ClearableField::ProfilePhotoUrl => Clearable::Field(Field::ProfilePhotoUrl),
        contract::ClearableField::MetadataKey(key) => Clearable::MetadataKey(key),
        contract::ClearableField::Attribute(name) => Clearable::Attribute(name),
    }
}

/// Converts a tombstone for the contract. It names the organisation by its base URL.
pub fn tombstone(tombstone: Tombstone, base_url: &str) -> contract::Tombstone {
    let Tombstone { user, raw, disabled_since, recorded_at } = tombstone;
    contract::Tombstone {
        base_url: base_url.into(),
        user: self::user(user),
        raw,
        disabled_since,
        recorded_at,
    }
}

/// Converts tombstones for the contract.
pub fn tombstones(tombstones: Vec<Tombstone>, base_url: &str) -> Vec<contract::Tombstone> {
    list(tombstones, |tombstone| self::tombstone(tombstone, base_url))
}

/// Converts a member of a group.
pub fn member(member: Member) -> contract::Member {
    let Member { id, email, group_admin } = member;
    contract::Member { id: user_id(id), email: email.and_then(address), group_admin }
}

/// Converts a group, with its ids in the other kind of API.
pub fn group_with_ids(group: Group, other_ids: Vec<GroupId>) -> contract::Group {
    let Group { id, name, access, members, created_at, updated_at } = group;
    contract::Group {
        id: group_id(id),
        other_ids: list(other_ids, group_id),
        name,
        access: list(access, |AccessSetting { field, value }| contract::AccessSetting {
            name: field.as_str().into(),
            value,
        }),
        members: members.map(|members| list(members, member)),
        created_at,
        updated_at,
    }
}

/// Converts a group for the contract.
pub fn group(group: Group) -> contract::Group {
    group_with_ids(group, Vec::new())
}

/// Returns the names and values of access settings from the contract, unchecked.
pub fn given_access(
    access: Vec<contract::AccessSetting>,
) -> impl Iterator<Item = (String, String)> {
    access.into_iter().map(|contract::AccessSetting { name, value }| (name, value))
}

/// Converts a field change.
pub fn field_change(change: FieldChange) -> contract::FieldChange {
    let FieldChange { field, before, after } = change;
    contract::FieldChange { field: field.into_owned(), before, after }
}

/// Converts field changes.
pub fn field_changes(changes: Vec<FieldChange>) -> Vec<contract::FieldChange> {
    list(changes, field_change)
}

/// Converts how a new person gets access.
pub fn given_way_in(way_in: contract::WayIn) -> WayIn {
    match way_in {
        contract::WayIn::Account => WayIn::Account,
        contract::WayIn::Invitation => WayIn::Invitation,
    }
}

/// Converts one write.
pub fn write(write: Write) -> contract::Write {
    let Write { kind, subject, group, confirmed, strips: _ } = write;
    let certainty = match confirmed {
        true => contract::Certainty::Confirmed,
        false => contract::Certainty::Unknown,
    };
    contract::Write { kind: write_kind(kind), subject, group, certainty }
}

/// Converts the writes of a call.
pub fn writes(writes: Vec<Write>) -> Vec<contract::Write> {
    list(writes, write)
}

fn write_kind(kind: WriteKind) -> contract::WriteKind {
    match kind {
        WriteKind::UserCreated => contract::WriteKind::UserCreated,
        WriteKind::UserInvited => contract::WriteKind::UserInvited,
        WriteKind::UserRenamed => contract::WriteKind::UserRenamed,
        WriteKind::UserUpdated => contract::WriteKind::UserUpdated,
        WriteKind::AttributeChanged => contract::WriteKind::AttributeChanged,
        WriteKind::UserDisabled => contract::WriteKind::UserDisabled,
        WriteKind::UserEnabled => contract::WriteKind::UserEnabled,
        WriteKind::UserDeleted => contract::WriteKind::UserDeleted,
        WriteKind::MemberAdded => contract::WriteKind::MemberAdded,
        WriteKind::MemberChanged => contract::WriteKind::MemberChanged,
        WriteKind::MemberRemoved => contract::WriteKind::MemberRemoved,
        WriteKind::GroupCreated => contract::WriteKind::GroupCreated,
        WriteKind::GroupUpdated => contract::WriteKind::GroupUpdated,
        WriteKind::GroupDeleted => contract::WriteKind::GroupDeleted,
        WriteKind::InvitationCancelled => contract::WriteKind::InvitationCancelled,
        WriteKind::SessionsEnded => contract::WriteKind::SessionsEnded,
        WriteKind::TwoFactorReset => contract::WriteKind::TwoFactorReset,
    }
}

/// Converts the failure of a call. Its tombstones name the organisation by its base URL.
pub fn error(error: Error, base_url: &str) -> contract::Error {
    let permanent = error.is_permanent();
    let detail = error_detail(error, base_url);
    if permanent { contract::Error::Permanent(detail) } else { contract::Error::Transient(detail) }
}

/// Converts the detail of a failure.
pub fn error_detail(error: Error, base_url: &str) -> contract::ErrorDetail {
    // The certainty of the writes contains `maybe_applied`.
    let Detail {
        code,
        message,
        subject,
        field,
        request,
        request_id,
        http_status,
        attempts,
        retry_after_ms,
        maybe_applied: _,
        gone: _,
        refuses_form: _,
        writes,
        tombstones,
    } = error.into_detail();
    contract::ErrorDetail {
        kind: error_kind(code.kind()),
        code: code.as_str().into(),
        message,
        subject,
        field,
        request,
        request_id,
        http_status,
        attempts,
        retry_after_ms,
        writes: self::writes(writes),
        tombstones: self::tombstones(tombstones, base_url),
    }
}

fn error_kind(kind: Kind) -> contract::ErrorKind {
    match kind {
        Kind::InvalidInput => contract::ErrorKind::InvalidInput,
        Kind::Denied => contract::ErrorKind::Denied,
        Kind::NotFound => contract::ErrorKind::NotFound,
        Kind::Conflict => contract::ErrorKind::Conflict,
        Kind::Refused => contract::ErrorKind::Refused,
        Kind::Unsupported => contract::ErrorKind::Unsupported,
        Kind::RateLimited => contract::ErrorKind::RateLimited,
        Kind::Unavailable => contract::ErrorKind::Unavailable,
    }
}
