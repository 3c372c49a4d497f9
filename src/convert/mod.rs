//! The contract's types to the component's own, checked, and back. One file per interface.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bindings::exports::user_lifecycle::retool::types as wit;
use crate::domain::{
    Dialect, Email, FieldChange, Group, GroupId, GroupIdKind, GroupLink, GroupRef, Member, User,
    UserId, UserType, Write, WriteKind,
};
use crate::error::{Detail, Error, Kind};
use crate::session::{Connection, Wanted};

pub mod diagnostics;
pub mod directory;
pub mod groups;
pub mod lifecycle;
pub mod synchronization;

/// Converts every item of a list.
fn list<A, B>(items: Vec<A>, convert: impl FnMut(A) -> B) -> Vec<B> {
    items.into_iter().map(convert).collect()
}

/// A connection; it is checked when the session is opened.
pub fn connection(connection: wit::Connection) -> Connection {
    Connection {
        base_url: connection.base_url,
        wanted: match connection.dialect {
            wit::Dialect::Auto => Wanted::Auto,
            wit::Dialect::V1 => Wanted::Dialect(Dialect::V1),
            wit::Dialect::V2 => Wanted::Dialect(Dialect::V2),
            wit::Dialect::Scim => Wanted::Dialect(Dialect::Scim),
        },
        api_token_variable: connection.api_token_variable,
        scim_token_variable: connection.scim_token_variable,
    }
}

/// A failure, as the case of its kind.
#[inline(never)]
pub fn error(error: Error) -> wit::Error {
    let kind = error.code.kind();
    let detail = error_detail(error.into_detail());
    match kind {
        Kind::InvalidInput => wit::Error::PermanentInvalidInput(detail),
        Kind::Denied => wit::Error::PermanentDenied(detail),
        Kind::NotFound => wit::Error::PermanentNotFound(detail),
        Kind::Conflict => wit::Error::PermanentConflict(detail),
        Kind::Refused => wit::Error::PermanentRefused(detail),
        Kind::Unsupported => wit::Error::PermanentUnsupported(detail),
        Kind::RateLimited => wit::Error::RateLimited(detail),
        Kind::Unavailable => wit::Error::Unavailable(detail),
    }
}

fn error_detail(detail: Detail) -> wit::ErrorDetail {
    // `maybe_applied` has done its work: it shows in the certainty of the writes.
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
        writes,
    } = detail;
    wit::ErrorDetail {
        code: code.as_str().to_string(),
        permanent: code.kind().is_permanent(),
        message,
        subject,
        field,
        request,
        request_id,
        http_status,
        attempts,
        retry_after_ms,
        writes: list(writes, write),
    }
}

fn write(write: Write) -> wit::Write {
    wit::Write {
        kind: match write.kind {
            WriteKind::UserCreated => wit::WriteKind::UserCreated,
            WriteKind::UserUpdated => wit::WriteKind::UserUpdated,
            WriteKind::UserDisabled => wit::WriteKind::UserDisabled,
            WriteKind::UserEnabled => wit::WriteKind::UserEnabled,
            WriteKind::UserDeleted => wit::WriteKind::UserDeleted,
            WriteKind::MemberAdded => wit::WriteKind::MemberAdded,
            WriteKind::MemberRemoved => wit::WriteKind::MemberRemoved,
            WriteKind::GroupCreated => wit::WriteKind::GroupCreated,
            WriteKind::GroupUpdated => wit::WriteKind::GroupUpdated,
            WriteKind::GroupDeleted => wit::WriteKind::GroupDeleted,
            WriteKind::InvitationCancelled => wit::WriteKind::InvitationCancelled,
            WriteKind::SessionsEnded => wit::WriteKind::SessionsEnded,
        },
        subject: write.subject,
        group: write.group,
        certainty: if write.confirmed {
            wit::Certainty::Confirmed
        } else {
            wit::Certainty::Unknown
        },
    }
}

fn dialect(dialect: Dialect) -> wit::Dialect {
    match dialect {
        Dialect::V1 => wit::Dialect::V1,
        Dialect::V2 => wit::Dialect::V2,
        Dialect::Scim => wit::Dialect::Scim,
    }
}

fn user_id(id: UserId) -> wit::UserId {
    match id.dialect {
        Dialect::V1 => wit::UserId::V1(id.value),
        Dialect::V2 => wit::UserId::V2(id.value),
        Dialect::Scim => wit::UserId::Scim(id.value),
    }
}

fn user_id_in(id: wit::UserId) -> UserId {
    let (dialect, value) = match id {
        wit::UserId::V1(value) => (Dialect::V1, value),
        wit::UserId::V2(value) => (Dialect::V2, value),
        wit::UserId::Scim(value) => (Dialect::Scim, value),
    };
    UserId { dialect, value }
}

fn group_id(id: GroupId) -> wit::GroupId {
    match id.kind {
        GroupIdKind::Rest => wit::GroupId::Rest(id.value),
        GroupIdKind::Scim => wit::GroupId::Scim(id.value),
    }
}

fn group_id_in(id: wit::GroupId) -> GroupId {
    let (kind, value) = match id {
        wit::GroupId::Rest(value) => (GroupIdKind::Rest, value),
        wit::GroupId::Scim(value) => (GroupIdKind::Scim, value),
    };
    GroupId { kind, value }
}

fn group_ref_in(reference: wit::GroupRef) -> GroupRef {
    match reference {
        wit::GroupRef::Id(id) => GroupRef::Id(group_id_in(id)),
        wit::GroupRef::Name(name) => GroupRef::Name(name),
    }
}

fn group_link(link: GroupLink) -> wit::GroupLink {
    wit::GroupLink { id: group_id(link.id), name: link.name, group_admin: None }
}

fn group_link_in(link: wit::GroupLink) -> GroupLink {
    GroupLink { id: group_id_in(link.id), name: link.name }
}

fn user_type(user_type: UserType) -> wit::UserType {
    match user_type {
        UserType::Default => wit::UserType::Default,
        UserType::EndUser => wit::UserType::EndUser,
        UserType::Mobile => wit::UserType::Mobile,
        UserType::Embed => wit::UserType::Embed,
        UserType::Unrecognized => wit::UserType::Unrecognized,
    }
}

fn user_type_in(user_type: wit::UserType) -> UserType {
    match user_type {
        wit::UserType::Default => UserType::Default,
        wit::UserType::EndUser => UserType::EndUser,
        wit::UserType::Mobile => UserType::Mobile,
        wit::UserType::Embed => UserType::Embed,
        wit::UserType::Unrecognized => UserType::Unrecognized,
    }
}

fn user(user: User) -> wit::User {
    wit::User {
        id: user_id(user.id),
        other_ids: Vec::new(),
        email: user.email.as_str().to_string(),
        first_name: user.first_name,
        last_name: user.last_name,
        user_type: user.user_type.map(user_type),
        admin: user.admin,
        disabled: user.disabled,
        invited: user.invited,
        profile_photo_url: user.profile_photo_url,
        groups: user.groups.map(|links| list(links, group_link)),
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_active_at: user.last_active_at,
    }
}

fn user_in(user: wit::User) -> User {
    User {
        id: user_id_in(user.id),
        email: Email::new(&user.email),
        first_name: user.first_name,
        last_name: user.last_name,
        user_type: user.user_type.map(user_type_in),
        admin: user.admin,
        disabled: user.disabled,
        invited: user.invited,
        profile_photo_url: user.profile_photo_url,
        groups: user.groups.map(|links| list(links, group_link_in)),
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_active_at: user.last_active_at,
    }
}

fn member(member: Member) -> wit::Member {
    wit::Member {
        id: user_id(member.id),
        email: member.email.map(|email| email.as_str().to_string()),
        group_admin: member.group_admin,
    }
}

fn group(group: Group) -> wit::Group {
    wit::Group {
        id: group_id(group.id),
        other_ids: Vec::new(),
        name: group.name,
        universal_app_access: group.universal_app_access,
        members: group.members.map(|members| list(members, member)),
        created_at: group.created_at,
        updated_at: group.updated_at,
    }
}

fn field_change(change: FieldChange) -> wit::FieldChange {
    wit::FieldChange { field: change.field.to_string(), before: change.before, after: change.after }
}

/// Addresses as they came; `input` checks them.
fn emails_in(emails: Vec<String>) -> Vec<Email> {
    list(emails, |email| Email::new(&email))
}
