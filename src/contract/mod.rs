//! The contract's types: the component's own, declared as WIT has them, and what callers pass,
//! checked. One file per interface. A record that differs from the component's own is declared
//! as a view of it: `UserRecord` shows a [`User`] as the contract's `user`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::abi::{Layout, Lift, Lower, Place, Shape, Source, cases, record};
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
#[cfg(test)]
mod tests;

/// Converts every item of a list.
fn list<A, B>(items: Vec<A>, convert: impl FnMut(A) -> B) -> Vec<B> {
    items.into_iter().map(convert).collect()
}

/// Declares that a type lies as another one does, which it is read through.
macro_rules! lifted {
    ($type:ty as $given:ty, $convert:path) => {
        impl Shape for $type {
            const LAYOUT: Layout = <$given>::LAYOUT;

            #[cfg(test)]
            fn describe(out: &mut String) {
                <$given>::describe(out);
            }
        }

        impl Lift for $type {
            fn lift(from: &mut Source<'_>) -> Self {
                $convert(<$given>::lift(from))
            }
        }
    };
}

/// Declares that a type is written through a view of it.
macro_rules! lowered {
    ($type:ty as $view:ty, $show:path) => {
        impl Shape for $type {
            const LAYOUT: Layout = <$view>::LAYOUT;

            #[cfg(test)]
            fn describe(out: &mut String) {
                <$view>::describe(out);
            }
        }

        impl Lower for $type {
            fn lower(&self, to: Place<'_>) {
                $show(self).lower(to);
            }
        }
    };
}

/// Declares a variant of the contract, all of whose cases are of one type, or have no payload.
macro_rules! variant_shape {
    ($type:ty { $($case:literal $(($of:ty))?),* $(,)? }) => {
        impl Shape for $type {
            const LAYOUT: Layout = Layout::variant(&[$($(<$of>::LAYOUT,)?)*]);

            #[cfg(test)]
            fn describe(out: &mut String) {
                out.push_str("variant{");
                $(
                    out.push_str($case);
                    $(
                        out.push('(');
                        <$of>::describe(out);
                        out.push(')');
                    )?
                    out.push_str(", ");
                )*
                out.push('}');
            }
        }
    };
}

use {lifted, lowered, variant_shape};

impl Shape for Email {
    const LAYOUT: Layout = str::LAYOUT;

    #[cfg(test)]
    fn describe(out: &mut String) {
        str::describe(out);
    }
}

impl Lower for Email {
    fn lower(&self, to: Place<'_>) {
        self.as_str().lower(to);
    }
}

/// As it came; `input` checks it.
impl Lift for Email {
    fn lift(from: &mut Source<'_>) -> Self {
        Email::new(&String::lift(from))
    }
}

variant_shape!(UserId { "v1"(str), "v2"(str), "scim"(str), });

impl Lower for UserId {
    fn lower(&self, to: Place<'_>) {
        let case = match self.dialect {
            Dialect::V1 => 0,
            Dialect::V2 => 1,
            Dialect::Scim => 2,
        };
        self.value.lower(to.case(case, Self::LAYOUT));
    }
}

impl Lift for UserId {
    fn lift(from: &mut Source<'_>) -> Self {
        from.variant(Self::LAYOUT, |case, from| UserId {
            dialect: [Dialect::V1, Dialect::V2, Dialect::Scim][case as usize],
            value: from.field(),
        })
    }
}

variant_shape!(GroupId { "rest"(str), "scim"(str), });

impl Lower for GroupId {
    fn lower(&self, to: Place<'_>) {
        let case = match self.kind {
            GroupIdKind::Rest => 0,
            GroupIdKind::Scim => 1,
        };
        self.value.lower(to.case(case, Self::LAYOUT));
    }
}

impl Lift for GroupId {
    fn lift(from: &mut Source<'_>) -> Self {
        from.variant(Self::LAYOUT, |case, from| GroupId {
            kind: [GroupIdKind::Rest, GroupIdKind::Scim][case as usize],
            value: from.field(),
        })
    }
}

variant_shape!(GroupRef { "id"(GroupId), "name"(str), });

impl Lift for GroupRef {
    fn lift(from: &mut Source<'_>) -> Self {
        from.variant(Self::LAYOUT, |case, from| match case {
            0 => GroupRef::Id(from.field()),
            _ => GroupRef::Name(from.field()),
        })
    }
}

cases!(UserType { Default, EndUser, Mobile, Embed, Unrecognized });

/// Which dialect a caller wants, or which was spoken.
#[derive(Clone, Copy)]
enum DialectCase {
    Auto,
    V1,
    V2,
    Scim,
}

cases!(DialectCase { Auto, V1, V2, Scim });

fn dialect_case(dialect: Option<Dialect>) -> DialectCase {
    match dialect {
        None => DialectCase::Auto,
        Some(Dialect::V1) => DialectCase::V1,
        Some(Dialect::V2) => DialectCase::V2,
        Some(Dialect::Scim) => DialectCase::Scim,
    }
}

record! {
    in struct ConnectionGiven {
        base_url: String,
        dialect: DialectCase,
        api_token_variable: Option<String>,
        scim_token_variable: Option<String>,
    }
}

/// It is checked when the session is opened.
fn connection(given: ConnectionGiven) -> Connection {
    Connection {
        base_url: given.base_url,
        wanted: match given.dialect {
            DialectCase::Auto => Wanted::Auto,
            DialectCase::V1 => Wanted::Dialect(Dialect::V1),
            DialectCase::V2 => Wanted::Dialect(Dialect::V2),
            DialectCase::Scim => Wanted::Dialect(Dialect::Scim),
        },
        api_token_variable: given.api_token_variable,
        scim_token_variable: given.scim_token_variable,
    }
}

lifted!(Connection as ConnectionGiven, connection);

record! {
    out struct LinkRecord<'a> {
        id: &'a GroupId,
        name: &'a Option<String>,
        group_admin: Option<bool>,
    }
}

fn link_record(link: &GroupLink) -> LinkRecord<'_> {
    LinkRecord { id: &link.id, name: &link.name, group_admin: None }
}

lowered!(GroupLink as LinkRecord<'_>, link_record);

record! {
    #[expect(dead_code, reason = "nothing needs who administers a group")]
    in struct LinkGiven {
        id: GroupId,
        name: Option<String>,
        group_admin: Option<bool>,
    }
}

fn link(given: LinkGiven) -> GroupLink {
    let LinkGiven { id, name, group_admin: _ } = given;
    GroupLink { id, name }
}

record! {
    out struct UserRecord<'a> {
        id: &'a UserId,
        other_ids: &'a [UserId],
        email: &'a Email,
        first_name: &'a Option<String>,
        last_name: &'a Option<String>,
        user_type: &'a Option<UserType>,
        admin: bool,
        disabled: bool,
        invited: &'a Option<bool>,
        profile_photo_url: &'a Option<String>,
        groups: &'a Option<Vec<GroupLink>>,
        created_at: &'a Option<String>,
        updated_at: &'a Option<String>,
        last_active_at: &'a Option<String>,
    }
}

fn user_record(user: &User) -> UserRecord<'_> {
    user_known_as(user, &[])
}

/// With the ids that the other kind of API has for the person.
fn user_known_as<'a>(user: &'a User, other_ids: &'a [UserId]) -> UserRecord<'a> {
    UserRecord {
        id: &user.id,
        other_ids,
        email: &user.email,
        first_name: &user.first_name,
        last_name: &user.last_name,
        user_type: &user.user_type,
        admin: user.admin,
        disabled: user.disabled,
        invited: &user.invited,
        profile_photo_url: &user.profile_photo_url,
        groups: &user.groups,
        created_at: &user.created_at,
        updated_at: &user.updated_at,
        last_active_at: &user.last_active_at,
    }
}

lowered!(User as UserRecord<'_>, user_record);

record! {
    #[expect(dead_code, reason = "nothing needs the other ids of a tombstone")]
    in struct UserGiven {
        id: UserId,
        other_ids: Vec<UserId>,
        email: Email,
        first_name: Option<String>,
        last_name: Option<String>,
        user_type: Option<UserType>,
        admin: bool,
        disabled: bool,
        invited: Option<bool>,
        profile_photo_url: Option<String>,
        groups: Option<Vec<LinkGiven>>,
        created_at: Option<String>,
        updated_at: Option<String>,
        last_active_at: Option<String>,
    }
}

fn user(given: UserGiven) -> User {
    let UserGiven {
        id,
        other_ids: _,
        email,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        invited,
        profile_photo_url,
        groups,
        created_at,
        updated_at,
        last_active_at,
    } = given;
    User {
        id,
        email,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        invited,
        profile_photo_url,
        groups: groups.map(|links| list(links, link)),
        created_at,
        updated_at,
        last_active_at,
    }
}

record!(out Member { id: UserId, email: Option<Email>, group_admin: Option<bool>, });

record! {
    out struct GroupRecord<'a> {
        id: &'a GroupId,
        other_ids: &'a [GroupId],
        name: &'a str,
        universal_app_access: &'a Option<String>,
        members: &'a Option<Vec<Member>>,
        created_at: &'a Option<String>,
        updated_at: &'a Option<String>,
    }
}

fn group_record(group: &Group) -> GroupRecord<'_> {
    group_known_as(group, &[])
}

/// With the ids that the other kind of API has for the group.
fn group_known_as<'a>(group: &'a Group, other_ids: &'a [GroupId]) -> GroupRecord<'a> {
    GroupRecord {
        id: &group.id,
        other_ids,
        name: &group.name,
        universal_app_access: &group.universal_app_access,
        members: &group.members,
        created_at: &group.created_at,
        updated_at: &group.updated_at,
    }
}

lowered!(Group as GroupRecord<'_>, group_record);

record!(out FieldChange { field: &'static str, before: Option<String>, after: String, });

cases!(WriteKind {
    UserCreated,
    UserUpdated,
    UserDisabled,
    UserEnabled,
    UserDeleted,
    MemberAdded,
    MemberRemoved,
    GroupCreated,
    GroupUpdated,
    GroupDeleted,
    InvitationCancelled,
    SessionsEnded,
});

#[derive(Clone, Copy)]
enum Certainty {
    Confirmed,
    Unknown,
}

cases!(Certainty { Confirmed, Unknown });

record! {
    out struct WriteRecord<'a> {
        kind: WriteKind,
        subject: &'a str,
        group: &'a Option<String>,
        certainty: Certainty,
    }
}

fn write_record(write: &Write) -> WriteRecord<'_> {
    WriteRecord {
        kind: write.kind,
        subject: &write.subject,
        group: &write.group,
        certainty: if write.confirmed { Certainty::Confirmed } else { Certainty::Unknown },
    }
}

lowered!(Write as WriteRecord<'_>, write_record);

record! {
    out struct DetailRecord<'a> {
        code: &'static str,
        permanent: bool,
        message: &'a str,
        subject: &'a Option<String>,
        field: &'a Option<String>,
        request: &'a Option<String>,
        request_id: &'a Option<String>,
        http_status: Option<u16>,
        attempts: u32,
        retry_after_ms: Option<u32>,
        writes: &'a [Write],
    }
}

fn detail_record(detail: &Detail) -> DetailRecord<'_> {
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
    DetailRecord {
        code: code.as_str(),
        permanent: code.kind().is_permanent(),
        message,
        subject,
        field,
        request,
        request_id,
        http_status: *http_status,
        attempts: *attempts,
        retry_after_ms: *retry_after_ms,
        writes,
    }
}

lowered!(Detail as DetailRecord<'_>, detail_record);

variant_shape!(Error {
    "execution-failed",
    "permanent-invalid-input"(Detail),
    "permanent-denied"(Detail),
    "permanent-not-found"(Detail),
    "permanent-conflict"(Detail),
    "permanent-refused"(Detail),
    "permanent-unsupported"(Detail),
    "rate-limited"(Detail),
    "unavailable"(Detail),
});

impl Lower for Error {
    fn lower(&self, to: Place<'_>) {
        // `execution-failed`, the first, is the engine's own.
        let case = match self.code.kind() {
            Kind::InvalidInput => 1,
            Kind::Denied => 2,
            Kind::NotFound => 3,
            Kind::Conflict => 4,
            Kind::Refused => 5,
            Kind::Unsupported => 6,
            Kind::RateLimited => 7,
            Kind::Unavailable => 8,
        };
        let detail: &Detail = self;
        detail.lower(to.case(case, Self::LAYOUT));
    }
}
