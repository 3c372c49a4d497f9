//! What `/api/v1` sends and takes, as it stands on the wire. Reading is lenient (unknown and
//! missing fields, ids as text or number); a list without its envelope is not a list.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::domain::{
    Dialect, Email, Group, GroupId, GroupIdKind, GroupLink, Member, NewUser, User, UserId, UserType,
};

/// Text that borrows from the body where it can, which `Option<Cow>` alone does not.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Text)
    }
}

/// An id: text, or a whole number of up to 64 bits.
struct Id<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Id)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a whole number")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
}

/// A value that stands as an object. What is derived takes an array of the fields' values too,
/// which no server sends, and which would make a listing of nobody out of `[[], 0]`.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A user record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    email: Text<'a>,
    #[serde(borrow)]
    first_name: Option<Text<'a>>,
    #[serde(borrow)]
    last_name: Option<Text<'a>>,
    #[serde(borrow)]
    profile_photo_url: Option<Text<'a>>,
    is_admin: Option<bool>,
    is_disabled: Option<bool>,
    #[serde(borrow)]
    user_type: Option<Text<'a>>,
    #[serde(borrow)]
    groups: Option<Vec<LinkRecord<'a>>>,
    #[serde(borrow)]
    created_at: Option<Text<'a>>,
    #[serde(borrow)]
    updated_at: Option<Text<'a>>,
}

/// Nothing and the empty text mean the same to the server.
fn text(value: Option<Text<'_>>) -> Option<String> {
    value.filter(|text| !text.0.is_empty()).map(|text| text.0.into_owned())
}

impl UserRecord<'_> {
    /// Whether it leaves out what decides what is done to the person. Servers that show lists in
    /// short leave out whole fields; a text without a value may be left out by any.
    pub fn is_short(&self) -> bool {
        self.is_admin.is_none() || self.is_disabled.is_none() || self.user_type.is_none()
    }

    /// As the rest of the component knows it.
    pub fn into_user(self) -> User {
        User {
            id: user_id(self.id),
            email: Email::new(&self.email.0),
            first_name: text(self.first_name),
            last_name: text(self.last_name),
            user_type: self.user_type.as_ref().map(|user_type| parse_user_type(&user_type.0)),
            admin: self.is_admin.unwrap_or(false),
            disabled: self.is_disabled.unwrap_or(false),
            invited: None,
            profile_photo_url: text(self.profile_photo_url),
            groups: self.groups.map(|links| links.into_iter().map(LinkRecord::into_link).collect()),
            created_at: text(self.created_at),
            updated_at: text(self.updated_at),
            last_active_at: None,
        }
    }
}

fn user_id(id: Id<'_>) -> UserId {
    UserId { dialect: Dialect::V1, value: id.0.into_owned() }
}

fn group_id(id: Id<'_>) -> GroupId {
    GroupId { kind: GroupIdKind::Rest, value: id.0.into_owned() }
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
struct LinkRecord<'a> {
    id: Id<'a>,
    name: Option<Text<'a>>,
}

impl LinkRecord<'_> {
    fn into_link(self) -> GroupLink {
        GroupLink { id: group_id(self.id), name: text(self.name) }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for LinkRecord<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Whole<'a> {
            #[serde(borrow)]
            id: Id<'a>,
            #[serde(borrow)]
            name: Option<Text<'a>>,
        }

        struct LinkVisitor;

        impl<'de> Visitor<'de> for LinkVisitor {
            type Value = LinkRecord<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a group or its id")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(LinkRecord { id: Id(Cow::Owned(number.to_string())), name: None })
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(LinkRecord { id: Id(Cow::Borrowed(text)), name: None })
            }

            // With escapes in it, it can't be borrowed.
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(LinkRecord { id: Id(Cow::Owned(text.to_string())), name: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let whole = Whole::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(LinkRecord { id: whole.id, name: whole.name })
            }
        }

        deserializer.deserialize_any(LinkVisitor)
    }
}

/// A group record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    universal_app_access: Option<Text<'a>>,
    #[serde(borrow)]
    created_at: Option<Text<'a>>,
    #[serde(borrow)]
    updated_at: Option<Text<'a>>,
}

impl GroupRecord<'_> {
    /// As the rest of the component knows it.
    pub fn into_group(self) -> Group {
        Group {
            id: group_id(self.id),
            name: self.name.0.into_owned(),
            universal_app_access: text(self.universal_app_access),
            members: None,
            created_at: text(self.created_at),
            updated_at: text(self.updated_at),
        }
    }
}

/// A member of a group. The guide does not show the record; some servers say `userId`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberRecord<'a> {
    #[serde(borrow, alias = "userId")]
    id: Id<'a>,
    #[serde(borrow)]
    email: Option<Text<'a>>,
    is_group_admin: Option<bool>,
}

impl MemberRecord<'_> {
    /// As the rest of the component knows it.
    pub fn into_member(self) -> Member {
        Member {
            id: user_id(self.id),
            email: self.email.map(|email| Email::new(&email.0)),
            group_admin: self.is_group_admin,
        }
    }
}

/// A page of users.
#[derive(Deserialize)]
pub struct UsersPage<'a> {
    /// The records.
    #[serde(borrow)]
    pub users: Vec<Object<UserRecord<'a>>>,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// A page of groups.
#[derive(Deserialize)]
pub struct GroupsPage<'a> {
    /// The records.
    #[serde(borrow)]
    pub groups: Vec<Object<GroupRecord<'a>>>,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// A page of members; the guide does not name the list.
#[derive(Deserialize)]
pub struct MembersPage<'a> {
    /// The records.
    #[serde(borrow, alias = "users")]
    pub members: Vec<Object<MemberRecord<'a>>>,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// What a write answers where there is no record to show.
#[derive(Deserialize)]
pub struct Acknowledgement {
    /// `false` with a status of 200 is a failure all the same.
    pub success: Option<bool>,
}

/// What creates a user.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateUser<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_photo_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_type: Option<&'static str>,
}

impl<'a> CreateUser<'a> {
    /// From what is asked for; the user type must be one that `/api/v1` has.
    pub fn new(user: &'a NewUser) -> Self {
        CreateUser {
            email: user.email.as_str(),
            first_name: user.fields.first_name.as_deref(),
            last_name: user.fields.last_name.as_deref(),
            profile_photo_url: user.fields.profile_photo_url.as_deref(),
            is_admin: user.fields.admin,
            user_type: user.fields.user_type.and_then(user_type_text),
        }
    }
}

/// What creates a group.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroup<'a> {
    /// The name.
    pub name: &'a str,
    /// What members may do in every app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universal_app_access: Option<&'a str>,
}

/// What adds a member.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddMember<'a> {
    /// The user's id.
    pub user_id: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(json: &str) -> User {
        serde_json::from_str::<UserRecord<'_>>(json).expect("a user").into_user()
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
        assert!(serde_json::from_str::<UsersPage<'_>>("{}").is_err());
        assert!(serde_json::from_str::<UsersPage<'_>>(r#"{"users":[],"total":0}"#).is_ok());
        assert!(serde_json::from_str::<MembersPage<'_>>(r#"{"users":[{"userId":"u"}]}"#).is_ok());
    }

    #[test]
    fn an_array_of_values_is_no_object() {
        assert!(serde_json::from_str::<Object<UsersPage<'_>>>(r#"{"users":[],"total":0}"#).is_ok());
        assert!(serde_json::from_str::<Object<UsersPage<'_>>>("[[],0]").is_err());
        let page = |person: &str| {
            serde_json::from_str::<MembersPage<'_>>(&alloc::format!(r#"{{"members":[{person}]}}"#))
                .is_ok()
        };
        assert!(page(r#"{"id":"u","email":"a@b.c"}"#));
        assert!(!page(r#"["u","a@b.c",null]"#));
    }
}
