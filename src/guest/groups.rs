//! `groups`.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Answer, Component, call, contract, convert, list, unsupported};
use crate::bindings::exports::user_lifecycle::retool::groups::{
    ChangeGroupRequest, ChangeGroupResult, EnsureGroupRequest, EnsureGroupResult, Guest, NewMember,
    RemoveGroupRequest, RemoveGroupResult,
};
use crate::domain::{GroupPatch, UserRef};
use crate::error::{Code, Error, Result};
use crate::groups::{self, MemberGuard, Removal, Reshaping};
use crate::input;

impl Guest for Component {
    fn ensure_group(
        connection: contract::Connection,
        request: EnsureGroupRequest,
    ) -> Answer<EnsureGroupResult> {
        call(
            connection,
            |_| ensured(request),
            async |session, (name, access)| {
                groups::ensure(&*session.directory, &name, access.as_deref()).await
            },
            |done, _| EnsureGroupResult {
                group: convert::group(done.group),
                created: done.created,
                writes: convert::writes(done.writes),
            },
        )
    }

    fn change_group(
        connection: contract::Connection,
        request: ChangeGroupRequest,
    ) -> Answer<ChangeGroupResult> {
        call(
            connection,
            |_| reshaping(request),
            async |session, reshaping| groups::change(&*session.directory, &reshaping).await,
            |done, _| ChangeGroupResult {
                group: convert::group(done.group),
                changes: convert::field_changes(done.changes),
                members_added: list(done.members_added, convert::member),
                members_changed: Vec::new(),
                members_removed: list(done.members_removed, convert::member),
                writes: convert::writes(done.writes),
            },
        )
    }

    fn remove_group(
        connection: contract::Connection,
        request: RemoveGroupRequest,
    ) -> Answer<RemoveGroupResult> {
        call(
            connection,
            |_| removal(request),
            async |session, removal| groups::remove(&*session.directory, &removal).await,
            |done, _| RemoveGroupResult {
                removed: done.removed.map(convert::group),
                writes: convert::writes(done.writes),
            },
        )
    }
}

/// Checks a request, and returns the name and the access.
fn ensured(request: EnsureGroupRequest) -> Result<(String, Option<String>)> {
    let EnsureGroupRequest { name, access } = request;
    let access = convert::app_access("request.access", access)?;
    Ok((input::group_name(&"request.name", &name)?, input::app_access(&"request.access", access)?))
}

/// Checks a request.
fn reshaping(request: ChangeGroupRequest) -> Result<Reshaping> {
    let ChangeGroupRequest {
        group,
        new_name,
        access,
        add_members,
        remove_members,
        protected_people,
        minimum_admins,
    } = request;
    let access = convert::app_access("request.access", access)?;
    let mut seen = BTreeSet::new();
    let add = people("request.add-members", added(add_members)?, &mut seen)?;
    let remove = convert::given_user_refs(remove_members);
    let remove = people("request.remove-members", remove, &mut seen)?;
    Ok(Reshaping {
        group: input::group_ref(&"request.group", convert::given_group_ref(group))?,
        patch: GroupPatch {
            name: input::new_group_name(&"request.new-name", new_name)?,
            universal_app_access: input::app_access(&"request.access", access)?,
        },
        add,
        remove,
        guard: guard(protected_people, minimum_admins)?,
    })
}

/// Checks a request.
fn removal(request: RemoveGroupRequest) -> Result<Removal> {
    let RemoveGroupRequest { group, even_with_members, protected_people, minimum_admins } = request;
    Ok(Removal {
        group: input::group_ref(&"request.group", convert::given_group_ref(group))?,
        even_with_members,
        guard: guard(protected_people, minimum_admins)?,
    })
}

fn guard(protected: Vec<contract::UserRef>, minimum_admins: Option<u32>) -> Result<MemberGuard> {
    let protected = convert::given_user_refs(protected);
    Ok(MemberGuard {
        protected_people: input::user_refs(&"request.protected-people", protected)?,
        minimum_admins: minimum_admins.unwrap_or(1),
    })
}

fn added(members: Vec<NewMember>) -> Result<Vec<UserRef>> {
    let members = members.into_iter().enumerate();
    members
        .map(|(index, NewMember { user, group_admin })| {
            let field = format_args!("request.add-members[{index}]");
            unsupported::unless(group_admin.is_none(), &format_args!("{field}.group-admin"))?;
            Ok(convert::given_user_ref(user))
        })
        .collect()
}

fn people(field: &str, refs: Vec<UserRef>, seen: &mut BTreeSet<UserRef>) -> Result<Vec<UserRef>> {
    let refs = input::user_refs(&field, refs)?;
    for (index, who) in refs.iter().enumerate() {
        if !seen.insert(who.clone()) {
            return Err(Error::new(
                Code::DuplicatePerson,
                "The person is named twice. Say once whether they join or leave.",
            )
            .in_field(format!("{field}[{index}]"))
            .about(who.as_str()));
        }
    }
    Ok(refs)
}
