//! Groups as they stand on the wire.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::user::{is, whole_body};
use super::value::{Meta, is_address};
use crate::domain::{Dialect, Email, Group, GroupAccount, GroupId, GroupIdKind, Member, UserId};
use crate::error::{Code, Result};
use crate::http::Answer;
use crate::json::{List, Nested, Record, Slot, Text};

/// A group record.
#[derive(Default)]
pub(super) struct GroupRecord<'a> {
    id: Text<'a>,
    display_name: Text<'a>,
    members: List<MemberRecord<'a>>,
    meta: Nested<Meta<'a>>,
}

impl<'a> Record<'a> for GroupRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "displayName" => Slot::Id(&mut self.display_name),
            "members" => self.members.slot(),
            "meta" => self.meta.slot(),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value() && self.display_name.is_value()
    }
}

#[derive(Default)]
struct MemberRecord<'a> {
    value: Text<'a>,
    display: Text<'a>,
    kind: Text<'a>,
}

impl<'a> Record<'a> for MemberRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "value" => Slot::Id(&mut self.value),
            "display" => Slot::Id(&mut self.display),
            "type" => Slot::Id(&mut self.kind),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.value.is_value()
    }
}

impl MemberRecord<'_> {
    fn into_member(self) -> Member {
        let address = self.display.get().filter(|display| is_address(display));
        Member {
            email: address.map(|address| Email::new(address)),
            id: UserId { dialect: Dialect::Scim, value: self.value.into_text() },
            group_admin: None,
        }
    }
}

impl GroupRecord<'_> {
    /// As the rest of the component knows it.
    pub(super) fn into_group(self) -> Group {
        Group {
            id: group_id(self.id),
            name: self.display_name.into_text(),
            universal_app_access: None,
            members: self.members.value().map(people),
            created_at: self.meta.record.created.filled(),
            updated_at: self.meta.record.last_modified.filled(),
        }
    }

    /// The ids of all members, groups among them.
    pub(super) fn into_member_ids(self) -> Vec<String> {
        self.members.items().into_iter().map(|member| member.value.into_text()).collect()
    }

    pub(super) fn is(&self, id: &GroupId) -> bool {
        self.id.get().is_some_and(|own| *own == id.value)
    }
}

/// The people among members, each once.
fn people(members: Vec<MemberRecord<'_>>) -> Vec<Member> {
    let mut seen = BTreeSet::new();
    let mut people = Vec::with_capacity(members.len());
    for member in members {
        // Groups may be members too.
        if is(&member.kind, "group") {
            continue;
        }
        let member = member.into_member();
        if seen.insert(member.id.clone()) {
            people.push(member);
        }
    }
    people
}

pub(super) fn group_id(id: Text<'_>) -> GroupId {
    GroupId { kind: GroupIdKind::Scim, value: id.into_text() }
}

/// Reads a group and makes sure that it is the one asked for.
pub(super) fn decode_group<'a>(answer: &'a Answer, id: &GroupId) -> Result<GroupRecord<'a>> {
    let record: GroupRecord<'a> = answer.decode()?;
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
