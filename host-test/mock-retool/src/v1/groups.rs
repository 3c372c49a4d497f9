//! `/groups`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Refusal;
use super::access::Caller;
use super::payload::{InPath, Payload};
use super::wire::{GroupList, GroupRecord, group_draft};
use crate::options::Scope;
use crate::state::Refused;

/// `GET /groups`: lists all groups; there are no pages.
pub(super) async fn list(caller: Caller) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::GroupsRead)?;
    let groups = organisation.groups.iter().map(GroupRecord::from).collect();
    Ok(Json(GroupList { groups }).into_response())
}

/// `GET /groups/{group}`.
pub(super) async fn read(caller: Caller, InPath(group): InPath<u32>) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::GroupsRead)?;
    let group = organisation.group(group).ok_or(Refused::NoSuchGroup)?;
    Ok(Json(GroupRecord::from(group)).into_response())
}

/// `POST /groups`.
pub(super) async fn create(caller: Caller, payload: Payload) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    let draft = group_draft(payload.fields()?)?;
    Ok(Json(GroupRecord::from(organisation.create_group(draft))).into_response())
}

/// `PUT /groups/{group}`.
pub(super) async fn replace(
    caller: Caller,
    InPath(group): InPath<u32>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    organisation.group(group).ok_or(Refused::NoSuchGroup)?;
    let draft = group_draft(payload.fields()?)?;
    organisation.replace_group(group, draft)?;
    if caller.deviations().put_resets_memberships {
        organisation.empty_group(group);
    }
    let group = organisation.group(group).ok_or(Refused::NoSuchGroup)?;
    Ok(Json(GroupRecord::from(group)).into_response())
}

/// `DELETE /groups/{group}`.
pub(super) async fn delete(
    caller: Caller,
    InPath(group): InPath<u32>,
) -> Result<Response, Refusal> {
    caller.with(Scope::GroupsWrite)?.delete_group(group)?;
    Ok(Json(json!({ "success": true })).into_response())
}
