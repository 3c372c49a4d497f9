//! Groups as they stand on the wire.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;

use super::decode;
use super::user::whole_body;
use super::value::{Meta, Object, Text, is_address, text};
use crate::domain::{Dialect, Email, Group, GroupAccount, GroupId, GroupIdKind, Member, UserId};
use crate::error::{Code, Result};
use crate::http::Answer;

/// A group record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupRecord<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    display_name: Text<'a>,
    #[serde(borrow)]
    members: Option<Vec<Object<MemberRecord<'a>>>>,
    #[serde(borrow)]
    meta: Option<Object<Meta<'a>>>,
}

#[derive(Deserialize)]
struct MemberRecord<'a> {
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    display: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

impl MemberRecord<'_> {
    /// Groups may be members too.
    fn is_person(&self) -> bool {
        !self.kind.as_ref().is_some_and(|kind| kind.0.eq_ignore_ascii_case("group"))
    }

    fn into_member(self) -> Member {
        let address = self.display.filter(|display| is_address(&display.0));
        Member {
            id: UserId { dialect: Dialect::Scim, value: self.value.0.into_owned() },
            email: address.map(|address| Email::new(&address.0)),
            group_admin: None,
        }
    }
}

impl GroupRecord<'_> {
    /// As the rest of the component knows it.
    pub(super) fn into_group(self) -> Group {
        let (created_at, updated_at) = match self.meta {
            Some(Object(meta)) => (text(meta.created), text(meta.last_modified)),
            None => (None, None),
        };
        Group {
            id: group_id(self.id),
            name: self.display_name.0.into_owned(),
            universal_app_access: None,
            members: self.members.map(people),
            created_at,
            updated_at,
        }
    }

    /// The ids of all members, groups among them.
    pub(super) fn into_member_ids(self) -> Vec<String> {
        let members = self.members.into_iter().flatten();
        members.map(|Object(member)| member.value.0.into_owned()).collect()
    }

    pub(super) fn is(&self, id: &GroupId) -> bool {
        self.id.0 == id.value
    }
}

/// The people among members, each once.
fn people(members: Vec<Object<MemberRecord<'_>>>) -> Vec<Member> {
    let mut seen = BTreeSet::new();
    let mut people = Vec::with_capacity(members.len());
    for Object(member) in members {
        if member.is_person() && seen.insert(member.value.0.to_string()) {
            people.push(member.into_member());
        }
    }
    people
}

pub(super) fn group_id(id: Text<'_>) -> GroupId {
    GroupId { kind: GroupIdKind::Scim, value: id.0.into_owned() }
}

/// Reads a group and makes sure that it is the one asked for.
pub(super) fn decode_group<'a>(answer: &'a Answer, id: &GroupId) -> Result<GroupRecord<'a>> {
    let record: GroupRecord<'a> = decode(answer)?;
    if !record.is(id) {
        return Err(answer.error(
            Code::AnswerUnusable,
            "The server answered with another group than the one asked for. Look for a proxy that mixes up answers.",
        ));
    }
    Ok(record)
}

/// The whole group that an answer shows. A record on its own that shows no members has none.
pub(super) fn group_account(answer: &Answer, id: &GroupId) -> Result<GroupAccount> {
    let mut group = decode_group(answer, id)?.into_group();
    group.members.get_or_insert_default();
    Ok(GroupAccount { group, raw: whole_body(answer)? })
}
