//! `groups`.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Answer, Component, call, contract, convert, list};
use crate::bindings::exports::user_lifecycle::retool::groups::{
    ChangeGroupRequest, ChangeGroupResult, EnsureGroupRequest, EnsureGroupResult, Guest, NewMember,
    RemoveGroupRequest, RemoveGroupResult,
};
use crate::domain::{AccessSetting, GroupPatch, UserRef};
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
                groups::ensure(&*session.directory, &name, &access).await
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
                members_changed: list(done.members_changed, convert::member),
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
fn ensured(request: EnsureGroupRequest) -> Result<(String, Vec<AccessSetting>)> {
    let EnsureGroupRequest { name, access } = request;
    let name = input::group_name(&"request.name", &name)?;
    Ok((name, input::access(&"request.access", convert::given_access(access))?))
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
    let mut seen = BTreeSet::new();
    let (refs, given): (Vec<_>, Vec<_>) = { add_members.into_iter() }
        .map(|NewMember { user, group_admin }| (convert::given_user_ref(user), group_admin))
        .unzip();
    let add = people("request.add-members", refs, &mut seen)?;
    let said = add.iter().cloned().zip(given);
    let group_admins = said.filter_map(|(who, admin)| Some((who, admin?))).collect();
    let remove = convert::given_user_refs(remove_members);
    let remove = people("request.remove-members", remove, &mut seen)?;
    Ok(Reshaping {
        group: input::group_ref(&"request.group", convert::given_group_ref(group))?,
        patch: GroupPatch {
            name: input::new_group_name(&"request.new-name", new_name)?,
            access: input::access(&"request.access", convert::given_access(access))?,
        },
        add,
        group_admins,
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
