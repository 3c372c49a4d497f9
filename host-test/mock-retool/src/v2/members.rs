//! `/groups/{group}/members`.

use axum::response::Response;
use serde::Deserialize;

use super::access::Caller;
use super::payload::{InPath, Payload};
use super::wire::NewMember;
use super::{Refusal, groups, users};
use crate::options::Scope;
use crate::state::Refused;

#[derive(Deserialize)]
struct NewMembers {
    members: Vec<NewMember>,
}

/// `POST /groups/{group}/members`: adds all of these users, or none. It also overwrites
/// `is_group_admin` of existing members.
pub(super) async fn add(
    caller: Caller,
    InPath(group): InPath<u32>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    organisation.group(group).ok_or(Refused::NoSuchGroup)?;
    let NewMembers { members } = payload.read()?;
    let mut members = NewMember::resolve(&members, &organisation)?;
    if !caller.server_has().changes_group_admins {
        members.retain(|(id, _)| organisation.members(group).all(|member| member.user.id != *id));
    }
    organisation.join_as(group, &members)?;
    groups::record(&organisation, group, &caller)
}

/// `DELETE /groups/{group}/members/{user}`.
pub(super) async fn remove(
    caller: Caller,
    InPath((group, sid)): InPath<(u32, String)>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    let user = users::id_of(&organisation, &sid)?;
    organisation.leave(group, &user)?;
    groups::record(&organisation, group, &caller)
}
