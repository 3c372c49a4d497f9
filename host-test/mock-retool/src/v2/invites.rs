//! `/user_invites`, and `/groups/{group}/user_invites`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::access::Caller;
use super::answer::{self, List};
use super::attributes::SetAttribute;
use super::payload::{InPath, Payload};
use super::wire::{InviteRecord, NewInvite};
use super::{Refusal, groups};
use crate::options::{InviteOptions, Scope};
use crate::state::Refused;

/// `GET /user_invites`: lists all that were not deleted; there are no pages.
pub(super) async fn list(caller: Caller) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let invites = organisation.invites.iter();
    let data = invites.map(|invite| InviteRecord::of(&organisation, invite)).collect();
    Ok(List::whole(data).answer(caller.quirks()))
}

/// `GET /user_invites/{invite}`.
pub(super) async fn read(caller: Caller, InPath(id): InPath<u64>) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let invite = organisation.invited(id).ok_or(Refused::NoSuchInvite)?;
    Ok(answer::with(InviteRecord::of(&organisation, invite)))
}

/// `POST /user_invites`, which sends a mail.
pub(super) async fn create(caller: Caller, payload: Payload) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let mut draft = payload.read::<NewInvite>()?.draft()?;
    let InviteOptions { accepts_second, repeats_link, ignores_groups, .. } =
        caller.server_has().invites;
    if ignores_groups {
        draft.groups.clear();
    }
    if repeats_link && let Some(open) = organisation.pending_invites(&draft.email).next() {
        return Err(Refusal::already_invited(&open.link));
    }
    let invite = match accepts_second {
        true => organisation.invite_again(draft)?,
        false => organisation.invite(draft)?,
    };
    let invite = invite.clone();
    Ok(answer::with(InviteRecord::of(&organisation, &invite)))
}

/// `DELETE /user_invites/{invite}`.
pub(super) async fn delete(caller: Caller, InPath(id): InPath<u64>) -> Result<Response, Refusal> {
    caller.with(Scope::UsersWrite)?.revoke_invite(id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
struct Invites {
    #[serde(rename = "userInviteIds")]
    ids: Vec<u64>,
}

/// `POST /groups/{group}/user_invites`.
pub(super) async fn add_to_group(
    caller: Caller,
    InPath(group): InPath<u32>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    organisation.group(group).ok_or(Refused::NoSuchGroup)?;
    let Invites { ids } = payload.read()?;
    organisation.invite_to_group(group, &ids)?;
    groups::record(&organisation, group, &caller)
}

/// `DELETE /groups/{group}/user_invites/{invite}`.
pub(super) async fn remove_from_group(
    caller: Caller,
    InPath((group, invite)): InPath<(u32, u64)>,
) -> Result<Response, Refusal> {
    caller.with(Scope::GroupsWrite)?.uninvite_from_group(group, invite)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /user_invites/{invite}/user_attributes`.
pub(super) async fn set_attribute(
    caller: Caller,
    InPath(id): InPath<u64>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    organisation.invited(id).ok_or(Refused::NoSuchInvite)?;
    let SetAttribute { name, value } = payload.read()?;
    let metadata = organisation.set_invite_attribute(id, &name, value.as_deref())?;
    Ok(answer::with(json!({ "metadata": metadata })))
}

/// `DELETE /user_invites/{invite}/user_attributes/{attribute}`.
pub(super) async fn remove_attribute(
    caller: Caller,
    InPath((id, name)): InPath<(u64, String)>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let metadata = organisation.set_invite_attribute(id, &name, None)?;
    Ok(answer::with(json!({ "metadata": metadata })))
}
