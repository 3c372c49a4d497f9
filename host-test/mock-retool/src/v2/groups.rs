//! `/groups`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Refusal;
use super::access::Caller;
use super::answer::{self, List};
use super::patch::Operations;
use super::payload::{InPath, Pairs, Payload};
use super::wire::{GroupBody, GroupFields, GroupRecord};
use crate::options::Scope;
use crate::state::{Group, Organisation, Refused};

/// `GET /groups`: lists all groups with all their members; there are no pages.
pub(super) async fn list(caller: Caller) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::GroupsRead)?;
    let has = caller.server_has();
    let groups = organisation.groups.iter();
    let data = groups.map(|group| GroupRecord::of(&organisation, group, has, |_| true)).collect();
    Ok(List::whole(data).answer(caller.quirks()))
}

/// `GET /groups/{group}`, without disabled users if requested.
pub(super) async fn read(
    caller: Caller,
    InPath(id): InPath<u32>,
    query: Pairs,
) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::GroupsRead)?;
    let group = organisation.group(id).ok_or(Refused::NoSuchGroup)?;
    let without_disabled = query.flag("excludeDisabledUsers")?;
    Ok(answer::with(GroupRecord::of(&organisation, group, caller.server_has(), |member| {
        !(without_disabled && member.user.is_disabled)
    })))
}

/// `POST /groups`.
pub(super) async fn create(caller: Caller, payload: Payload) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    let body: GroupBody = payload.read()?;
    let mut draft = body.draft(None)?;
    if !caller.server_has().creation_sets_access {
        draft = Group::new(draft.name);
    }
    let id = all_or_nothing(&mut organisation, |organisation| {
        let id = organisation.create_group(draft).id;
        write_members_and_invites(organisation, id, &body)?;
        Ok(id)
    })?;
    record(&organisation, id, &caller)
}

/// `PUT /groups/{group}`: replaces the whole group, members and invitations included.
pub(super) async fn replace(
    caller: Caller,
    InPath(id): InPath<u32>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    let current = organisation.group(id).ok_or(Refused::NoSuchGroup)?;
    let body: GroupBody = payload.read()?;
    let draft = body.draft(Some(current))?;
    all_or_nothing(&mut organisation, |organisation| {
        organisation.update_group(id, draft)?;
        write_members_and_invites(organisation, id, &body)
    })?;
    record(&organisation, id, &caller)
}

/// `PATCH /groups/{group}`: changes the name and the rights of the members.
pub(super) async fn patch(
    caller: Caller,
    InPath(id): InPath<u32>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    let current = organisation.group(id).ok_or(Refused::NoSuchGroup)?;
    let operations: Operations = payload.read()?;
    let fields: GroupFields = operations.apply(GroupFields::of(current))?;
    let draft = fields.over(current)?;
    organisation.update_group(id, draft)?;
    record(&organisation, id, &caller)
}

/// `DELETE /groups/{group}`.
pub(super) async fn delete(caller: Caller, InPath(id): InPath<u32>) -> Result<Response, Refusal> {
    caller.with(Scope::GroupsWrite)?.delete_group(id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Builds the response to a change of a group.
pub(super) fn record(
    organisation: &Organisation,
    id: u32,
    caller: &Caller,
) -> Result<Response, Refusal> {
    let group = organisation.group(id).ok_or(Refused::NoSuchGroup)?;
    Ok(answer::with(GroupRecord::of(organisation, group, caller.server_has(), |_| true)))
}

/// Replaces the members and the invitations of a group with those in the body.
fn write_members_and_invites(
    organisation: &mut Organisation,
    group: u32,
    body: &GroupBody,
) -> Result<(), Refused> {
    let members = body.members(organisation)?;
    organisation.replace_members(group, &members)?;
    organisation.replace_group_invites(group, &body.invites())
}

/// Applies a change completely, or not at all if it fails.
fn all_or_nothing<T>(
    organisation: &mut Organisation,
    change: impl FnOnce(&mut Organisation) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let mut changed = organisation.clone();
    let result = change(&mut changed)?;
    *organisation = changed;
    Ok(result)
}
