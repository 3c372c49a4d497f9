//! The wire format of `/api/v1` responses. Decoding is lenient: unknown and missing fields, and
//! ids as text or number, are accepted. A list without its envelope is not a list.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::Deserialize;

use crate::de::{Id, ObjectOrId, Text, filled};
use crate::domain::{
    AccessField, AccessSetting, Dialect, Email, Group, GroupId, GroupIdKind, GroupLink, Member,
    SharedLinks, Times, User, UserId, UserType,
};
use crate::retool::user_filter::{Lacks, Listable, Who};

/// A user record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    email: Option<Text<'a>>,
    first_name: Option<Text<'a>>,
    last_name: Option<Text<'a>>,
    profile_photo_url: Option<Text<'a>>,
    is_admin: Option<bool>,
    is_disabled: Option<bool>,
    user_type: Option<Text<'a>>,
    groups: Option<Vec<Link<'a>>>,
    created_at: Option<Text<'a>>,
    updated_at: Option<Text<'a>>,
    last_active: Option<Text<'a>>,
}

/// A group in a user record: an object, or only its id.
type Link<'a> = ObjectOrId<'a, LinkRecord<'a>>;

/// A group in a user record, as an object.
#[derive(Deserialize)]
struct LinkRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    name: Option<Text<'a>>,
}

impl Listable for UserRecord<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn who(&self) -> Who<'_> {
        Who::new(&self.id, Cow::Borrowed(self.email.as_deref().unwrap_or_default()))
    }

    fn is_admin(&self) -> bool {
        self.is_admin == Some(true)
    }

    fn is_disabled(&self) -> bool {
        self.is_disabled == Some(true)
    }

    fn seat(&self) -> Option<UserType> {
        Some(self.user_type.as_deref().map_or(UserType::Default, parse_user_type))
    }

    // Servers with short records in lists omit whole fields. The text fields don't count, because
    // any server may omit a text without a value.
    fn lacks(&self) -> Lacks {
        match (self.is_admin, self.is_disabled, &self.user_type) {
            (Some(_), Some(_), Some(_)) => Lacks::Nothing,
            (Some(_), Some(_), None) => Lacks::UserType,
            _ => Lacks::Needed,
        }
    }

    fn groups(&self) -> Option<Vec<&str>> {
        Some(self.groups.as_ref()?.iter().map(link_id).collect())
    }

    fn forget_times(&mut self) {
        self.created_at = None;
        self.updated_at = None;
        self.last_active = None;
    }

    fn into_user(self, links: &mut SharedLinks) -> User {
        let id = user_id(self.id);
        User {
            email: Email::of_account(self.email.as_deref().unwrap_or_default(), &id, None),
            id,
            names: None,
            first_name: filled(self.first_name),
            last_name: filled(self.last_name),
            user_type: self.user_type.map(|text| parse_user_type(&text)),
            admin: self.is_admin.unwrap_or(false),
            disabled: self.is_disabled.unwrap_or(false),
            invited: None,
            profile_photo_url: filled(self.profile_photo_url),
            metadata: None,
            attributes: None,
            groups: { self.groups }
                .map(|groups| groups.iter().map(|group| shared_link(group, links)).collect()),
            times: Times {
                created_at: filled(self.created_at),
                updated_at: filled(self.updated_at),
                last_active_at: filled(self.last_active),
            }
            .into(),
        }
    }
}

impl UserRecord<'_> {
    /// Converts the record to a [`User`].
    pub fn into_user(self) -> User {
        Listable::into_user(self, &mut SharedLinks::default())
    }
}

fn link_id<'l>(link: &'l Link<'_>) -> &'l str {
    match link {
        Link::Object(record) => &record.id,
        Link::Id(id) => id,
    }
}

fn shared_link(link: &Link<'_>, links: &mut SharedLinks) -> GroupLink {
    let name = match link {
        Link::Object(record) => record.name.as_deref().filter(|name| !name.is_empty()),
        Link::Id(_) => None,
    };
    links.get(GroupIdKind::Rest, link_id(link), name)
}

fn user_id(id: Id<'_>) -> UserId {
    UserId { dialect: Dialect::V1, value: id.into_string() }
}

fn group_id(id: Id<'_>) -> GroupId {
    GroupId { kind: GroupIdKind::Rest, value: id.into_string() }
}

fn parse_user_type(text: &str) -> UserType {
    match text {
        "default" => UserType::Default,
        "endUser" => UserType::EndUser,
        _ => UserType::Unrecognized,
    }
}

/// Returns the spelling on the wire; `None` for types that `/api/v1` does not have.
pub fn user_type_text(user_type: UserType) -> Option<&'static str> {
    match user_type {
        UserType::Default => Some("default"),
        UserType::EndUser => Some("endUser"),
        UserType::Mobile | UserType::Embed | UserType::Unrecognized => None,
    }
}

/// A group record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    name: Option<Text<'a>>,
    universal_app_access: Option<Text<'a>>,
    created_at: Option<Text<'a>>,
    updated_at: Option<Text<'a>>,
}

impl GroupRecord<'_> {
    /// Converts the record to a [`Group`].
    pub fn into_group(self) -> Group {
        let access = filled(self.universal_app_access)
            .map(|value| AccessSetting { field: AccessField::UniversalApp, value });
        Group {
            id: group_id(self.id),
            name: self.name.map(Text::into_string).unwrap_or_default(),
            access: access.into_iter().collect(),
            members: None,
            created_at: filled(self.created_at),
            updated_at: filled(self.updated_at),
        }
    }
}

/// A member of a group. The guide does not document the record. Some servers use `userId`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberRecord<'a> {
    #[serde(borrow, alias = "userId")]
    id: Id<'a>,
    email: Option<Text<'a>>,
    is_group_admin: Option<bool>,
}

impl MemberRecord<'_> {
    /// Converts the record to a [`Member`].
    pub fn into_member(self) -> Member {
        Member {
            id: user_id(self.id),
            email: self.email.map(|email| Email::new(&email)),
            group_admin: self.is_group_admin,
        }
    }
}

/// A page of users. `L` is the list of records: decoded, or raw.
#[derive(Deserialize)]
pub struct UsersPage<L> {
    /// The records.
    pub users: L,
    /// The total number of users.
    pub total: Option<u32>,
}

/// A page of groups. `L` is as in [`UsersPage`].
#[derive(Deserialize)]
pub struct GroupsPage<L> {
    /// The records.
    pub groups: L,
    /// The total number of groups.
    pub total: Option<u32>,
}

/// A page of members. `L` is as in [`UsersPage`]. The guide does not document the name of the list.
#[derive(Deserialize)]
pub struct MembersPage<L> {
    /// The records.
    #[serde(alias = "users")]
    pub members: L,
    /// The total number of members.
    pub total: Option<u32>,
}

/// The response to a write that returns no record.
#[derive(Deserialize)]
pub struct Acknowledgement {
    /// `false` is a failure, even with status 200.
    pub success: Option<bool>,
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::de::{Objects, object};

    fn user(json: &str) -> User {
        object::<UserRecord<'_>>(json.as_bytes()).expect("a user").into_user()
    }

    #[test]
    fn the_smallest_record_in_the_guide_is_enough() {
        let user =
            user(r#"{"id":"uuid","email":"user@example.com","firstName":"Jane","isAdmin":false}"#);
        assert_eq!(user.id.value, "uuid");
        assert_eq!(user.first_name.as_deref(), Some("Jane"));
        assert_eq!(user.last_name, None);
        assert_eq!(user.groups, None, "unknown groups are not the same as no groups");
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
    fn missing_null_and_empty_texts_are_none() {
        let user = user(
            r#"{"id":"u","email":"a@b.c","firstName":null,"lastName":"","userType":"builder"}"#,
        );
        assert_eq!((user.first_name, user.last_name), (None, None));
        assert_eq!(user.user_type, Some(UserType::Unrecognized));
    }

    #[test]
    fn an_object_without_its_list_is_not_a_listing() {
        type Page<'a> = UsersPage<Objects<UserRecord<'a>>>;
        assert!(object::<Page<'_>>(b"{}").is_err());
        assert!(object::<Page<'_>>(br#"{"users":null}"#).is_err());
        assert!(object::<Page<'_>>(br#"{"users":[],"total":0}"#).is_ok());
        assert!(
            object::<MembersPage<Objects<MemberRecord<'_>>>>(br#"{"users":[{"userId":"u"}]}"#)
                .is_ok()
        );
        let twice = br#"{"users":[{"userId":"u"}],"members":[]}"#;
        assert!(object::<MembersPage<Objects<MemberRecord<'_>>>>(twice).is_err());
    }

    #[test]
    fn an_array_of_values_is_not_a_record() {
        assert!(object::<UsersPage<Objects<UserRecord<'_>>>>(b"[[],0]").is_err());
        let page = |person: &str| {
            let page = format!(r#"{{"members":[{person}]}}"#);
            object::<MembersPage<Objects<MemberRecord<'_>>>>(page.as_bytes()).is_ok()
        };
        assert!(page(r#"{"id":"u","email":"a@b.c"}"#));
        assert!(!page(r#"["u","a@b.c",null]"#));
        assert!(!page("null"));
        assert!(!page(r#""u""#), "only a group may be an id alone");
    }

    #[test]
    fn deep_values_are_skipped_or_refused_without_recursion() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let page = |fields: &str| {
            let json = format!(r#"{{"users":[{{"id":"u","email":"a@b.c",{fields}}}]}}"#);
            object::<UsersPage<Objects<UserRecord<'_>>>>(json.as_bytes()).is_ok()
        };
        assert!(page(&format!(r#""preferences":{deep}"#)));
        assert!(page(&format!(r#""groups":[{{"id":1,"x":{deep}}}]"#)));
        for field in ["firstName", "isAdmin", "groups", "createdAt"] {
            assert!(!page(&format!(r#""{field}":{deep}"#)), "{field}");
        }
    }

    #[test]
    fn a_duplicate_field_is_refused() {
        for twice in ["id", "email", "firstName", "isAdmin", "groups", "updatedAt"] {
            let null = format!(r#"{{"id":"u","email":"a@b.c","{twice}":null,"{twice}":null}}"#);
            assert!(object::<UserRecord<'_>>(null.as_bytes()).is_err(), "{twice}");
        }
        let unknown = br#"{"id":"u","email":"a@b.c","x":1,"x":2}"#;
        assert!(object::<UserRecord<'_>>(unknown).is_ok());
    }
}
