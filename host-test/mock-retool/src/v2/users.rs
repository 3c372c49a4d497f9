//! `/users`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Refusal;
use super::access::Caller;
use super::answer::{self, List};
use super::paging::{Listing, filler_user, token_after};
use super::patch::Operations;
use super::payload::{InPath, Pairs, Payload};
use super::wire::{NewUser, UserFields, UserRecord};
use crate::options::Scope;
use crate::state::{Organisation, Refused, User, same_email};

/// `GET /users`: lists users, all at once or by page, filtered by address and by name.
pub(super) async fn list(caller: Caller, listing: Listing) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let mut quirks = caller.quirks().clone();
    let email = listing.email.as_deref().filter(|_| !quirks.ignore_filter);
    // A search by address is not endless.
    quirks.endless_pages &= email.is_none();
    listing.check(caller.max_page_size(), &quirks)?;
    let is_called = |user: &User, email: &str| {
        if quirks.exact_filter { user.email == email } else { same_email(&user.email, email) }
    };
    let is_named =
        |name: &Option<String>, filter: &Option<String>| filter.is_none() || name == filter;
    let found: Vec<&User> = organisation
        .users
        .iter()
        .filter(|user| email.is_none_or(|email| is_called(user, email)))
        .filter(|user| !quirks.listing.lacks(&user.email, email.is_some()))
        .filter(|user| is_named(&user.first_name, &listing.first_name))
        .filter(|user| is_named(&user.last_name, &listing.last_name))
        .collect();
    let window = listing.window(&found, caller.max_page_size(), &quirks);
    let fillers: Vec<User> =
        (window.items.start.max(found.len())..window.items.end).map(filler_user).collect();
    let page: Vec<&User> = found
        .iter()
        .copied()
        .take(window.items.end)
        .skip(window.items.start)
        .chain(&fillers)
        .collect();
    let last = page.last().filter(|_| window.has_more);
    let next_token = last.map(|user| token_after(user.legacy_id));
    let mut omit = quirks.omit.clone();
    omit.extend_from_slice(&quirks.omit_in_lists);
    let has = caller.server_has();
    let record = |user: &&User| {
        UserRecord::of(user, has).without(&omit).odd_if(quirks.listing.is_odd(&user.email))
    };
    let data: Vec<_> = page.iter().map(|user| record(user).0).collect();
    // With endless pages the total is always larger than the number of users seen so far.
    let total = match quirks.listing.page_totals {
        true => data.len(),
        false => found.len().max(window.items.end + usize::from(window.has_more)),
    };
    Ok(List { data, total, next_token }.answer(&quirks))
}

/// `GET /users/{user}`, with the groups if requested.
pub(super) async fn read(
    caller: Caller,
    InPath(sid): InPath<String>,
    query: Pairs,
) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let user = organisation.user_by_sid(&sid).ok_or(Refused::NoSuchUser)?;
    let mut record = UserRecord::of(user, caller.server_has());
    if query.flag("includeGroups")? {
        record = record.with_groups(organisation.groups_of(user));
    }
    let is_odd = caller.quirks().listing.is_odd(&user.email);
    Ok(answer::with(record.without(&caller.quirks().omit).odd_if(is_odd).0))
}

/// `POST /users`. It sends no invitation, and a pending invitation stays pending.
pub(super) async fn create(caller: Caller, payload: Payload) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let mut draft = payload.read::<NewUser>()?.draft(caller.server_has())?;
    if caller.server_has().shows_defaults {
        organisation.add_defaults(&mut draft.metadata);
    }
    let user = if caller.quirks().second_account {
        organisation.add_another_user(draft)
    } else {
        organisation.add_user(draft)
    }?;
    Ok(record(user, &caller))
}

/// `PATCH /users/{user}`.
pub(super) async fn patch(
    caller: Caller,
    InPath(sid): InPath<String>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let user = organisation.user_by_sid(&sid).ok_or(Refused::NoSuchUser)?;
    let has = caller.server_has();
    let operations: Operations = payload.read()?;
    let operations = operations.with_metadata_paths(has.metadata_paths)?;
    let changed = operations.apply::<UserFields>(UserFields::of(user, has))?.over(user, has)?;
    let loses =
        |before: &Option<String>, after: &Option<String>| before.is_some() && after.is_none();
    let loses_name =
        loses(&user.first_name, &changed.first_name) || loses(&user.last_name, &changed.last_name);
    if loses_name && !has.removes_names {
        return Err(Refusal::bad_request("A name must not be removed"));
    }
    let id = user.id.clone();
    Ok(record(organisation.update_user(&id, changed)?, &caller))
}

/// `DELETE /users/{user}`, which only disables.
pub(super) async fn disable(
    caller: Caller,
    InPath(sid): InPath<String>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let id = id_of(&organisation, &sid)?;
    organisation.disable_user(&id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /users/{user}/logout`.
pub(super) async fn log_out(
    caller: Caller,
    InPath(sid): InPath<String>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let id = id_of(&organisation, &sid)?;
    organisation.end_sessions(&id)?;
    Ok(answer::with(json!({})))
}

fn record(user: &User, caller: &Caller) -> Response {
    let is_odd = caller.quirks().listing.is_odd(&user.email);
    let record = UserRecord::of(user, caller.server_has()).without(&caller.quirks().omit);
    answer::with(record.odd_if(is_odd).0)
}

/// Returns the id of the user with this `sid`.
pub(super) fn id_of(organisation: &Organisation, sid: &str) -> Result<String, Refused> {
    organisation.user_by_sid(sid).map(|user| user.id.clone()).ok_or(Refused::NoSuchUser)
}
