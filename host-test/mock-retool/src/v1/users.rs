//! `/users`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Refusal;
use super::access::Caller;
use super::paging::Listing;
use super::payload::{InPath, Payload};
use super::wire::{UserList, UserRecord, user_draft, user_record};
use crate::options::{AddressChange, Scope};
use crate::state::{Refused, User, same_email};

/// `GET /users`, by page or by address.
pub(super) async fn list(caller: Caller, listing: Listing) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let mut quirks = caller.quirks().clone();
    let filter = listing.email.as_deref().filter(|_| !quirks.ignore_filter);
    // A search by address is not endless.
    quirks.endless_pages &= filter.is_none();
    quirks.omit.append(&mut quirks.omit_in_lists);
    listing.check(caller.max_page_size(), &quirks)?;
    let is_called = |user: &User, email: &str| {
        if quirks.exact_filter { user.email == email } else { same_email(&user.email, email) }
    };
    let found: Vec<&User> = organisation
        .users
        .iter()
        .filter(|user| filter.is_none_or(|email| is_called(user, email)))
        .filter(|user| !quirks.listing.lacks(&user.email, filter.is_some()))
        .collect();
    let window = listing.window(found.len(), caller.max_page_size(), &quirks);
    let fillers: Vec<User> =
        (window.items.start.max(found.len())..window.items.end).map(filler_user).collect();
    let users: Vec<UserRecord<'_>> = found
        .into_iter()
        .take(window.items.end)
        .skip(window.items.start)
        .chain(&fillers)
        .map(|user| user_record(&organisation, user, &quirks))
        .collect();
    let total = if quirks.listing.page_totals { users.len() } else { window.total };
    Ok(Json(UserList { users, total }).into_response())
}

/// `GET /users/{user}`.
pub(super) async fn read(
    caller: Caller,
    InPath(user): InPath<String>,
) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let user = organisation.user(&user).ok_or(Refused::NoSuchUser)?;
    Ok(Json(user_record(&organisation, user, caller.quirks())).into_response())
}

/// `POST /users`.
pub(super) async fn create(caller: Caller, payload: Payload) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let draft = user_draft(payload.fields()?, None)?;
    let created = if caller.quirks().second_account {
        organisation.create_another_user(draft)
    } else {
        organisation.create_user(draft)
    };
    let user = created?.clone();
    Ok(Json(user_record(&organisation, &user, caller.quirks())).into_response())
}

/// `PUT /users/{user}`.
pub(super) async fn replace(
    caller: Caller,
    InPath(user): InPath<String>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let current = organisation.user(&user).ok_or(Refused::NoSuchUser)?;
    let mut draft = user_draft(payload.fields()?, Some(current))?;
    match caller.deviations().email_change {
        AddressChange::Works => {}
        AddressChange::Refused if !same_email(&draft.email, &current.email) => {
            return Err(Refusal::unprocessable("email cannot be changed"));
        }
        AddressChange::Refused | AddressChange::Ignored => {
            draft.email.clone_from(&current.email);
        }
    }
    organisation.replace_user(&user, draft)?;
    if caller.deviations().put_resets_memberships
        && let Some(user) = organisation.user_mut(&user)
    {
        user.memberships.clear();
    }
    let user = organisation.user(&user).ok_or(Refused::NoSuchUser)?.clone();
    Ok(Json(user_record(&organisation, &user, caller.quirks())).into_response())
}

/// `DELETE /users/{user}`.
pub(super) async fn delete(
    caller: Caller,
    InPath(user): InPath<String>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    if !caller.deviations().delete_disables {
        organisation.delete_user(&user)?;
    } else if !organisation.user(&user).ok_or(Refused::NoSuchUser)?.is_disabled {
        organisation.disable_user(&user)?;
    }
    Ok(Json(json!({ "success": true })).into_response())
}

/// Makes up a user for an endless listing. No other request finds this user.
fn filler_user(index: usize) -> User {
    User {
        id: format!("00000000-0000-4000-8000-{index:012x}"),
        ..User::new(format!("stranger{index}@example.com"))
    }
}
