//! `/Users`.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::access::Caller;
use super::attr::Fields;
use super::error::{Kind, ScimError};
use super::input::canonical;
use super::listing::{Items, Listing};
use super::patch::{Patch, with_form_quirks};
use super::payload::{Id, Payload};
use super::record::{user_attributes, user_draft, user_name, user_record};
use super::schema::USER;
use super::select::Selection;
use crate::options::{AddressChange, PatchAnswer, ScimQuirks};
use crate::state::{Organisation, Refused, User, same_email};

/// `GET /Users`.
pub(super) async fn list(caller: Caller, listing: Listing) -> Result<Response, ScimError> {
    let organisation = caller.organisation();
    let is_search = listing.is_search();
    let lacks = |user: &User| caller.faults().listing.lacks(&user.email, is_search);
    let visible: Cow<'_, [User]> = if organisation.users.iter().any(lacks) {
        Cow::Owned(organisation.users.iter().filter(|user| !lacks(user)).cloned().collect())
    } else {
        Cow::Borrowed(&organisation.users)
    };
    let items = Items {
        kind: &USER,
        all: &visible,
        key: ("userName", user_name),
        record: &|user| user_record(&organisation, user, caller.base()),
        filler: Some(filler_user),
    };
    listing.answer(&caller, &items)
}

/// `GET /Users/{id}`.
pub(super) async fn read(
    caller: Caller,
    Id(id): Id,
    selection: Selection,
) -> Result<Response, ScimError> {
    let organisation = caller.organisation();
    let user = find(&organisation, &id)?;
    Ok(caller.show(user_record(&organisation, user, caller.base()), &selection))
}

/// `POST /Users`. It sends no invitation, because users log in through SSO.
pub(super) async fn create(
    caller: Caller,
    selection: Selection,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let draft = user_draft(canonical(&USER, body)?, None, None, caller.quirks().mail_is_address)?;
    let created = if caller.faults().second_account {
        organisation.add_another_user(draft)
    } else {
        refuse_taken(&organisation, &draft)?;
        organisation.add_user(draft)
    };
    let user = created?.clone();
    let record = user_record(&organisation, &user, caller.base());
    Ok(caller.answer(StatusCode::CREATED, record, &selection))
}

/// `PUT /Users/{id}`: omitted attributes get their default, or no value.
pub(super) async fn replace(
    caller: Caller,
    Id(id): Id,
    selection: Selection,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let current = find(&organisation, &id)?.clone();
    caller.check(&user_record(&organisation, &current, caller.base()))?;
    if !caller.quirks().put.allows()? {
        return Ok(caller.no_content(&user_record(&organisation, &current, caller.base())));
    }
    let by_mail = caller.quirks().mail_is_address;
    let attributes = kept_addresses(canonical(&USER, body)?, &current, caller.quirks())?;
    let draft = user_draft(attributes, Some(&current), None, by_mail)?;
    write(&mut organisation, &current, draft)?;
    if caller.quirks().put_leaves_groups
        && let Some(user) = organisation.user_mut(&current.id)
    {
        user.memberships.clear();
    }
    let record = user_record(&organisation, find(&organisation, &id)?, caller.base());
    Ok(caller.answer(StatusCode::OK, record, &selection))
}

/// `PATCH /Users/{id}`: all operations or none.
pub(super) async fn modify(
    caller: Caller,
    Id(id): Id,
    selection: Selection,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let current = find(&organisation, &id)?.clone();
    caller.check(&user_record(&organisation, &current, caller.base()))?;
    let before = user_attributes(&current);
    let mut attributes = before.clone();
    with_form_quirks(Patch::read(&body, &USER)?, caller.quirks().user_patch)?
        .apply(&mut attributes, &USER)?;
    let by_mail = caller.quirks().mail_is_address;
    let attributes = kept_addresses(canonical(&USER, attributes)?, &current, caller.quirks())?;
    let draft = user_draft(attributes, Some(&current), Some(&before), by_mail)?;
    write(&mut organisation, &current, draft)?;
    let record = user_record(&organisation, find(&organisation, &id)?, caller.base());
    let is_silent =
        caller.quirks().patch_answer == PatchAnswer::NoContent && !selection.is_explicit();
    Ok(if is_silent {
        caller.no_content(&record)
    } else {
        caller.answer(StatusCode::OK, record, &selection)
    })
}

/// `DELETE /Users/{id}`: deletes permanently, unless the server only disables.
pub(super) async fn delete(caller: Caller, Id(id): Id) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let user = find(&organisation, &id)?.clone();
    caller.check(&user_record(&organisation, &user, caller.base()))?;
    if !caller.quirks().delete_disables {
        organisation.delete_user(&user.id)?;
    } else if !user.is_disabled {
        organisation.disable_user(&user.id)?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn find<'a>(organisation: &'a Organisation, id: &str) -> Result<&'a User, ScimError> {
    organisation.user_by_scim_id(id).ok_or_else(|| ScimError::not_found(id))
}

/// Puts back the login and the mails that this server does not change, or refuses the request.
fn kept_addresses(
    mut attributes: Fields,
    current: &User,
    quirks: &ScimQuirks,
) -> Result<Fields, ScimError> {
    let shown = user_attributes(current);
    let rules = [("userName", quirks.user_name_change), ("emails", quirks.mail_change)];
    for (name, rule) in rules {
        let (sent, shown) = (attributes.get(name), shown.get(name));
        if rule == AddressChange::Works || sent == shown {
            continue;
        }
        if rule == AddressChange::Refused && sent.is_some() {
            return Err(ScimError::bad(Kind::Mutability, format!("{name} cannot be changed")));
        }
        match shown.cloned() {
            Some(shown) => attributes.insert(name.to_owned(), shown),
            None => attributes.remove(name),
        };
    }
    Ok(attributes)
}

/// Changes a user, if the draft differs.
fn write(organisation: &mut Organisation, current: &User, draft: User) -> Result<(), ScimError> {
    if draft != *current {
        if !same_email(user_name(&draft), user_name(current)) {
            refuse_taken(organisation, &draft)?;
        }
        organisation.update_user(&current.id, draft)?;
    }
    Ok(())
}

/// Fails if another user, shown or hidden, has the `userName`. Addresses are compared when the draft
/// is written.
fn refuse_taken(organisation: &Organisation, draft: &User) -> Result<(), ScimError> {
    let name = user_name(draft);
    let is_taken = organisation
        .users
        .iter()
        .chain(&organisation.hidden)
        .any(|user| user.id != draft.id && same_email(user_name(user), name));
    if is_taken { Err(Refused::EmailTaken.into()) } else { Ok(()) }
}

/// Makes up a user for an endless listing. No other request finds this user.
fn filler_user(index: usize) -> User {
    User {
        id: format!("00000000-0000-4000-8000-{index:012x}"),
        ..User::new(format!("stranger{index}@example.com"))
    }
}
