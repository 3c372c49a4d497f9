//! `/groups/{group}/members`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Refusal;
use super::access::Caller;
use super::paging::{Listing, Window};
use super::payload::{InPath, Payload};
use super::wire::{MemberList, MemberRecord};
use crate::faults::Quirks;
use crate::options::Scope;
use crate::state::{Member, Refused};

/// `GET /groups/{group}/members`: lists all members, unless a page is requested.
pub(super) async fn list(
    caller: Caller,
    InPath(group): InPath<u32>,
    listing: Listing,
) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::GroupsRead)?;
    organisation.group(group).ok_or(Refused::NoSuchGroup)?;
    let members: Vec<Member> = organisation.members(group).collect();
    let quirks = Quirks { endless_pages: false, ..caller.quirks().clone() };
    let window = if listing.is_paged() {
        listing.window(members.len(), caller.max_page_size(), &quirks)
    } else {
        Window { items: 0..members.len(), total: members.len().saturating_add(quirks.total_drift) }
    };
    let members = members[window.items].iter().copied().map(MemberRecord::from).collect();
    let total = window.total;
    Ok(Json(MemberList { members, total }).into_response())
}

/// `POST /groups/{group}/members`.
pub(super) async fn add(
    caller: Caller,
    InPath(group): InPath<u32>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::GroupsWrite)?;
    let user = payload
        .fields()?
        .text("userId")?
        .ok_or_else(|| Refusal::bad_request("userId is required"))?;
    if caller.deviations().refuses_members {
        return Err(Refusal::bad_request("Members are managed elsewhere"));
    }
    organisation.join(group, &user)?;
    Ok(Json(json!({ "success": true })).into_response())
}

/// `DELETE /groups/{group}/members/{user}`.
pub(super) async fn remove(
    caller: Caller,
    InPath((group, user)): InPath<(u32, String)>,
) -> Result<Response, Refusal> {
    caller.with(Scope::GroupsWrite)?.leave(group, &user)?;
    Ok(Json(json!({ "success": true })).into_response())
}
