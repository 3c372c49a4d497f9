//! What `/api/v1` answers, as it stands on the wire. Reading is lenient (unknown and missing
//! fields, ids as text or number); a list without its envelope is not a list.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::convert::Infallible;

use crate::domain::{
    Dialect, Email, Group, GroupId, GroupIdKind, GroupLink, Member, User, UserId, UserType,
};
use crate::json::{Count, Flag, List, Record, Slot, Text, Told};
use crate::retool::page_buffer::PageItems;
use crate::retool::user_filter::{Listable, People, UserFilter, filter_page};

/// A user record.
#[derive(Default)]
pub struct UserRecord<'a> {
    id: Text<'a>,
    email: Text<'a>,
    first_name: Text<'a>,
    last_name: Text<'a>,
    profile_photo_url: Text<'a>,
    is_admin: Flag,
    is_disabled: Flag,
    user_type: Text<'a>,
    groups: List<LinkRecord<'a>>,
    created_at: Text<'a>,
    updated_at: Text<'a>,
}

impl<'a> Record<'a> for UserRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "email" => Slot::Text(&mut self.email),
            "firstName" => Slot::Text(&mut self.first_name),
            "lastName" => Slot::Text(&mut self.last_name),
            "profilePhotoUrl" => Slot::Text(&mut self.profile_photo_url),
            "isAdmin" => Slot::Flag(&mut self.is_admin),
            "isDisabled" => Slot::Flag(&mut self.is_disabled),
            "userType" => Slot::Text(&mut self.user_type),
            "groups" => self.groups.slot(),
            "createdAt" => Slot::Text(&mut self.created_at),
            "updatedAt" => Slot::Text(&mut self.updated_at),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value() && self.email.is_value()
    }
}

impl Listable for UserRecord<'_> {
    type Unusable = Infallible;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn address(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.email.as_str())
    }

    fn is_admin(&self) -> bool {
        self.is_admin == Told::Value(true)
    }

    fn is_disabled(&self) -> bool {
        self.is_disabled == Told::Value(true)
    }

    // Servers that show lists in short leave out whole fields; a text without a value may be left
    // out by any.
    fn is_short(&self) -> bool {
        let says_all =
            self.is_admin.is_value() && self.is_disabled.is_value() && self.user_type.is_value();
        !says_all
    }

    fn groups(&self) -> Option<Vec<&str>> {
        Some(self.groups.get()?.iter().map(|link| link.id.as_str()).collect())
    }

    fn into_user(self) -> Result<User, Infallible> {
        Ok(UserRecord::into_user(self))
    }
}

impl UserRecord<'_> {
    /// As the rest of the component knows it.
    pub fn into_user(self) -> User {
        User {
            id: user_id(self.id),
            email: Email::new(&self.email.into_text()),
            first_name: self.first_name.filled(),
            last_name: self.last_name.filled(),
            user_type: self.user_type.get().map(|text| parse_user_type(text)),
            admin: self.is_admin.value().unwrap_or(false),
            disabled: self.is_disabled.value().unwrap_or(false),
            invited: None,
            profile_photo_url: self.profile_photo_url.filled(),
            groups: self.groups.value().map(links),
            created_at: self.created_at.filled(),
            updated_at: self.updated_at.filled(),
            last_active_at: None,
        }
    }
}

fn user_id(id: Text<'_>) -> UserId {
    UserId { dialect: Dialect::V1, value: id.into_text() }
}

fn group_id(id: Text<'_>) -> GroupId {
    GroupId { kind: GroupIdKind::Rest, value: id.into_text() }
}

fn parse_user_type(text: &str) -> UserType {
    match text {
        "default" => UserType::Default,
        "endUser" => UserType::EndUser,
        _ => UserType::Unrecognized,
    }
}

/// The wire's spelling; `None` for types that `/api/v1` does not have.
pub fn user_type_text(user_type: UserType) -> Option<&'static str> {
    match user_type {
        UserType::Default => Some("default"),
        UserType::EndUser => Some("endUser"),
        UserType::Mobile | UserType::Embed | UserType::Unrecognized => None,
    }
}

/// A group next to a user: an object, or only its id.
#[derive(Default)]
struct LinkRecord<'a> {
    id: Text<'a>,
    name: Text<'a>,
}

impl<'a> Record<'a> for LinkRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "name" => Slot::Text(&mut self.name),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value()
    }

    fn id_alone(&mut self) -> Option<&mut Text<'a>> {
        Some(&mut self.id)
    }
}

fn links(records: Vec<LinkRecord<'_>>) -> Vec<GroupLink> {
    let links = records.into_iter();
    links.map(|link| GroupLink { id: group_id(link.id), name: link.name.filled() }).collect()
}

/// A group record.
#[derive(Default)]
pub struct GroupRecord<'a> {
    id: Text<'a>,
    name: Text<'a>,
    universal_app_access: Text<'a>,
    created_at: Text<'a>,
    updated_at: Text<'a>,
}

impl<'a> Record<'a> for GroupRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "name" => Slot::Text(&mut self.name),
            "universalAppAccess" => Slot::Text(&mut self.universal_app_access),
            "createdAt" => Slot::Text(&mut self.created_at),
            "updatedAt" => Slot::Text(&mut self.updated_at),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value() && self.name.is_value()
    }
}

impl GroupRecord<'_> {
    /// As the rest of the component knows it.
    pub fn into_group(self) -> Group {
        Group {
            id: group_id(self.id),
            name: self.name.into_text(),
            universal_app_access: self.universal_app_access.filled(),
            members: None,
            created_at: self.created_at.filled(),
            updated_at: self.updated_at.filled(),
        }
    }
}

/// A member of a group. The guide does not show the record; some servers say `userId`.
#[derive(Default)]
pub struct MemberRecord<'a> {
    id: Text<'a>,
    email: Text<'a>,
    is_group_admin: Flag,
}

impl<'a> Record<'a> for MemberRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" | "userId" => Slot::Id(&mut self.id),
            "email" => Slot::Text(&mut self.email),
            "isGroupAdmin" => Slot::Flag(&mut self.is_group_admin),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value()
    }
}

impl MemberRecord<'_> {
    /// As the rest of the component knows it.
    pub fn into_member(self) -> Member {
        Member {
            id: user_id(self.id),
            email: self.email.get().map(|email| Email::new(email)),
            group_admin: self.is_group_admin.value(),
        }
    }
}

/// A page of users.
#[derive(Default)]
pub struct UsersPage<'a> {
    /// The records.
    pub users: List<UserRecord<'a>>,
    /// How many there are in all.
    pub total: Count,
}

impl UsersPage<'_> {
    /// Those on it whom the listing is read for.
    pub fn filter(self, filter: &dyn UserFilter) -> PageItems<People> {
        let Ok(content) = filter_page(self.users.items(), filter);
        content
    }
}

impl<'a> Record<'a> for UsersPage<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "users" => self.users.slot(),
            "total" => Slot::Count(&mut self.total),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.users.is_value()
    }
}

/// A page of groups.
#[derive(Default)]
pub struct GroupsPage<'a> {
    /// The records.
    pub groups: List<GroupRecord<'a>>,
    /// How many there are in all.
    pub total: Count,
}

impl<'a> Record<'a> for GroupsPage<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "groups" => self.groups.slot(),
            "total" => Slot::Count(&mut self.total),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.groups.is_value()
    }
}

/// A page of members; the guide does not name the list.
#[derive(Default)]
pub struct MembersPage<'a> {
    /// The records.
    pub members: List<MemberRecord<'a>>,
    /// How many there are in all.
    pub total: Count,
}

impl<'a> Record<'a> for MembersPage<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "members" | "users" => self.members.slot(),
            "total" => Slot::Count(&mut self.total),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.members.is_value()
    }
}

/// What a write answers where there is no record to show.
#[derive(Default)]
pub struct Acknowledgement {
    /// `false` with a status of 200 is a failure all the same.
    pub success: Flag,
}

impl<'a> Record<'a> for Acknowledgement {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "success" => Slot::Flag(&mut self.success),
            _ => Slot::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::json::read_record;

    fn user(json: &str) -> User {
        read_record::<UserRecord<'_>>(json.as_bytes()).expect("a user").into_user()
    }

    #[test]
    fn the_sparsest_record_of_the_guide_is_enough() {
        let user =
            user(r#"{"id":"uuid","email":"user@example.com","firstName":"Jane","isAdmin":false}"#);
        assert_eq!(user.id.value, "uuid");
        assert_eq!(user.first_name.as_deref(), Some("Jane"));
        assert_eq!(user.last_name, None);
        assert_eq!(user.groups, None, "not told is not the same as none");
        assert!(!user.disabled);
    }

    #[test]
    fn ids_may_be_numbers_of_64_bits_and_escapes_are_read() {
        let user = user(
            r#"{"id":16777217,"email":"\u0061@b.c","groups":[{"id":9007199254740993,"name":"A\nB"},7],"extra":[{}]}"#,
        );
        assert_eq!(user.id.value, "16777217");
        assert_eq!(user.email.as_str(), "a@b.c");
        let groups = user.groups.expect("groups");
        assert_eq!(groups[0].id.value, "9007199254740993");
        assert_eq!(groups[0].name.as_deref(), Some("A\nB"));
        assert_eq!(groups[1].id.value, "7");
        assert_eq!(groups[1].name, None);
    }

    #[test]
    fn groups_may_be_ids_alone_as_text() {
        let user = user(r#"{"id":"u","email":"a@b.c","groups":["4","a\u002fb"]}"#);
        let groups = user.groups.expect("groups");
        let ids: Vec<_> = groups.iter().map(|group| group.id.value.as_str()).collect();
        assert_eq!(ids, ["4", "a/b"]);
        assert!(groups.iter().all(|group| group.name.is_none()));
    }

    #[test]
    fn nothing_null_and_empty_are_nothing() {
        let user = user(
            r#"{"id":"u","email":"a@b.c","firstName":null,"lastName":"","userType":"builder"}"#,
        );
        assert_eq!((user.first_name, user.last_name), (None, None));
        assert_eq!(user.user_type, Some(UserType::Unrecognized));
    }

    #[test]
    fn an_object_without_its_list_is_no_listing() {
        assert!(read_record::<UsersPage<'_>>(b"{}").is_err());
        assert!(read_record::<UsersPage<'_>>(br#"{"users":null}"#).is_err());
        assert!(read_record::<UsersPage<'_>>(br#"{"users":[],"total":0}"#).is_ok());
        assert!(read_record::<MembersPage<'_>>(br#"{"users":[{"userId":"u"}]}"#).is_ok());
        let twice = br#"{"users":[{"userId":"u"}],"members":[]}"#;
        assert!(read_record::<MembersPage<'_>>(twice).is_err());
    }

    #[test]
    fn an_array_of_values_is_no_object() {
        assert!(read_record::<UsersPage<'_>>(b"[[],0]").is_err());
        let page = |person: &str| {
            let page = format!(r#"{{"members":[{person}]}}"#);
            read_record::<MembersPage<'_>>(page.as_bytes()).is_ok()
        };
        assert!(page(r#"{"id":"u","email":"a@b.c"}"#));
        assert!(!page(r#"["u","a@b.c",null]"#));
        assert!(!page("null"));
        assert!(!page(r#""u""#), "only a group may stand as its id alone");
    }
}
