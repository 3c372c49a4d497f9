//! The wire format of groups.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

use super::user::is;
use super::value::{Meta, is_address};
use crate::de::{Id, Object, Objects, filled};
use crate::domain::{Dialect, Email, Group, GroupAccount, GroupId, GroupIdKind, Member, UserId};
use crate::error::Result;
use crate::http::Answer;
use crate::retool::request::another_group;

/// A group record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    display_name: Option<Id<'a>>,
    members: Option<Objects<MemberRecord<'a>>>,
    meta: Option<Object<Meta<'a>>>,
}

#[derive(Deserialize)]
struct MemberRecord<'a> {
    #[serde(borrow)]
    value: Id<'a>,
    display: Option<Id<'a>>,
    #[serde(rename = "type")]
    kind: Option<Id<'a>>,
}

impl MemberRecord<'_> {
    fn into_member(self) -> Member {
        let address = self.display.filter(|display| is_address(display));
        Member {
            email: address.map(|address| Email::new(&address)),
            id: UserId { dialect: Dialect::Scim, value: self.value.into_string() },
            group_admin: None,
        }
    }
}

impl GroupRecord<'_> {
    /// Converts the record to a [`Group`].
    pub(super) fn into_group(self) -> Group {
        let Object(meta) = self.meta.unwrap_or_default();
        Group {
            id: group_id(self.id),
            name: self.display_name.map(Id::into_string).unwrap_or_default(),
            access: Vec::new(),
            members: self.members.map(people),
            created_at: filled(meta.created),
            updated_at: filled(meta.last_modified),
        }
    }

    /// Returns the ids of all members, including groups.
    pub(super) fn into_member_ids(self) -> Vec<String> {
        let members = self.members.into_iter().flat_map(|members| members.0);
        members.map(|member| member.value.into_string()).collect()
    }

    pub(super) fn is(&self, id: &GroupId) -> bool {
        *self.id == *id.value
    }
}

/// Returns the users among the members, each once.
fn people(Objects(members): Objects<MemberRecord<'_>>) -> Vec<Member> {
    let mut seen = BTreeSet::new();
    let mut people = Vec::with_capacity(members.len());
    for member in members {
        // Groups can be members too.
        if is(member.kind.as_deref(), "group") {
            continue;
        }
        let member = member.into_member();
        if seen.insert(member.id.clone()) {
            people.push(member);
        }
    }
    people
}

pub(super) fn group_id(id: Id<'_>) -> GroupId {
    GroupId { kind: GroupIdKind::Scim, value: id.into_string() }
}

/// Decodes a group and checks that it is the requested one.
pub(super) fn decode_group<'a>(answer: &'a Answer, id: &GroupId) -> Result<GroupRecord<'a>> {
    let record: GroupRecord<'a> = answer.decode()?;
    if !record.is(id) {
        return Err(another_group(answer));
    }
    Ok(record)
}

/// Returns the whole group in a response. A single record without members means that the group
/// has none.
pub(super) fn group_account(answer: &Answer, id: &GroupId) -> Result<GroupAccount> {
    let mut group = decode_group(answer, id)?.into_group();
    group.members.get_or_insert_default();
    Ok(GroupAccount { group, raw: answer.text()?.into() })
}
