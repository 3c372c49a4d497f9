//! `/Groups`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::access::Caller;
use super::error::ScimError;
use super::input::canonical;
use super::listing::{Items, Listing};
use super::patch::{Patch, with_form_quirks, with_removal_quirks};
use super::payload::{Id, Payload};
use super::record::{GroupDraft, group_attributes, group_draft, group_record};
use super::schema::GROUP;
use super::select::Selection;
use crate::options::PatchAnswer;
use crate::state::{Group, Organisation, Refused};

/// `GET /Groups`.
pub(super) async fn list(caller: Caller, listing: Listing) -> Result<Response, ScimError> {
    let organisation = caller.organisation();
    let items = Items {
        kind: &GROUP,
        all: &organisation.groups,
        key: ("displayName", |group: &Group| &group.name),
        record: &|group| group_record(&organisation, group, caller.base()),
        filler: None,
    };
    listing.answer(&caller, &items)
}

/// `GET /Groups/{id}`.
pub(super) async fn read(
    caller: Caller,
    Id(id): Id,
    selection: Selection,
) -> Result<Response, ScimError> {
    let organisation = caller.organisation();
    let group = find(&organisation, &id)?;
    Ok(caller.show(group_record(&organisation, group, caller.base()), &selection))
}

/// `POST /Groups`. Two groups may have the same name.
pub(super) async fn create(
    caller: Caller,
    selection: Selection,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let draft = group_draft(&organisation, canonical(&GROUP, body)?, None)?;
    let group = organisation.create_group(draft.group).clone();
    organisation.replace_members(group.id, &draft.members)?;
    let group = organisation.group(group.id).unwrap_or(&group);
    let record = group_record(&organisation, group, caller.base());
    Ok(caller.answer(StatusCode::CREATED, record, &selection))
}

/// `PUT /Groups/{id}`: removes everything that the body omits, members too.
pub(super) async fn replace(
    caller: Caller,
    Id(id): Id,
    selection: Selection,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let current = find(&organisation, &id)?.clone();
    caller.check(&group_record(&organisation, &current, caller.base()))?;
    let draft = group_draft(&organisation, canonical(&GROUP, body)?, Some(&current))?;
    write(&mut organisation, &current, draft)?;
    let record = group_record(&organisation, find(&organisation, &id)?, caller.base());
    Ok(caller.answer(StatusCode::OK, record, &selection))
}

/// `PATCH /Groups/{id}`: all operations or none.
pub(super) async fn modify(
    caller: Caller,
    Id(id): Id,
    selection: Selection,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let current = find(&organisation, &id)?.clone();
    caller.check(&group_record(&organisation, &current, caller.base()))?;
    let patch = with_form_quirks(Patch::read(&body, &GROUP)?, caller.quirks().group_patch)?;
    let patch = with_removal_quirks(patch, caller.quirks())?;
    let mut attributes = group_attributes(&organisation, &current, caller.base());
    patch.apply(&mut attributes, &GROUP)?;
    let draft = group_draft(&organisation, canonical(&GROUP, attributes)?, Some(&current))?;
    write(&mut organisation, &current, draft)?;
    let record = group_record(&organisation, find(&organisation, &id)?, caller.base());
    let is_silent = !selection.is_explicit()
        && match caller.quirks().patch_answer {
            PatchAnswer::AsDocumented => patch.has_only_paths,
            PatchAnswer::Resource => false,
            PatchAnswer::NoContent => true,
        };
    Ok(if is_silent {
        caller.no_content(&record)
    } else {
        caller.answer(StatusCode::OK, record, &selection)
    })
}

/// `DELETE /Groups/{id}`.
pub(super) async fn delete(caller: Caller, Id(id): Id) -> Result<Response, ScimError> {
    let mut organisation = caller.organisation();
    let group = find(&organisation, &id)?.clone();
    caller.check(&group_record(&organisation, &group, caller.base()))?;
    organisation.delete_group(group.id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn find<'a>(organisation: &'a Organisation, id: &str) -> Result<&'a Group, ScimError> {
    organisation.group_by_scim_id(id).ok_or_else(|| ScimError::not_found(id))
}

/// Changes a group and its members if they differ: completely or not at all.
fn write(
    organisation: &mut Organisation,
    current: &Group,
    draft: GroupDraft,
) -> Result<(), ScimError> {
    // Checked first: after the members are written, nothing may fail any more.
    if current.is_built_in() && current.name != draft.group.name {
        return Err(Refused::BuiltIn.into());
    }
    organisation.replace_members(current.id, &draft.members)?;
    if draft.group != *current {
        organisation.update_group(current.id, draft.group)?;
    }
    Ok(())
}
