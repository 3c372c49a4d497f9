//! Checks a step before any request: only plans make steps.

use super::{address_before, group_name, invalid, known_user, patch, person};
use crate::domain::{Dialect, Field, FieldChange, GroupIdKind, UserPatch};
use crate::error::Result;
use crate::sync::{LOGIN, Step, StepKind, digest};

/// Refuses a step that no plan makes for this dialect, before any request: such a step was never
/// approved.
pub(in crate::sync) fn check(step: &Step, dialect: Dialect) -> Result<()> {
    if step.user.as_ref().is_some_and(|id| id.dialect != dialect) {
        return Err(invalid("step.user", "the person's id is of another API"));
    }
    // These ids would disappear from the URL's path.
    if step.user.as_ref().is_some_and(|id| matches!(id.value.as_str(), "" | "." | "..")) {
        return Err(invalid("step.user", "no person has such an id"));
    }
    let kind_of_id = match dialect {
        Dialect::V1 | Dialect::V2 => GroupIdKind::Rest,
        Dialect::Scim => GroupIdKind::Scim,
    };
    if step.group.as_ref().is_some_and(|id| id.kind != kind_of_id) {
        return Err(invalid("step.group", "the group's id is of another API"));
    }
    let patch = match step.kind {
        StepKind::ChangeAttributes => UserPatch::default(),
        _ => patch(&step.changes)?,
    };
    let gives_login = step.changes.iter().any(|change| change.field == LOGIN);
    if gives_login && (step.kind != StepKind::CreateUser || dialect != Dialect::Scim) {
        return Err(invalid("step.changes", "only a new person over SCIM is given a login"));
    }
    let can = dialect.capabilities();
    let (disabled, changes) = match step.kind {
        StepKind::CreateUser => (None, true),
        StepKind::InviteUser => {
            check_invitations(dialect.capabilities().sends_invitations)?;
            let metadata = UserPatch { metadata: patch.metadata.clone(), ..UserPatch::default() };
            (None, patch == metadata)
        }
        StepKind::CancelInvitation => {
            check_invitations(dialect.capabilities().reports_invitations)?;
            known_user(step)?;
            (None, patch.is_empty())
        }
        StepKind::RenameUser => {
            known_user(step)?;
            let before = address_before(step);
            let is_another = before.is_some_and(|before| patch.email.as_ref() != Some(&before));
            let is_own = patch.email.is_some() && patch.email == step.email;
            // It may enable the account.
            (patch.disabled.filter(|disabled| !disabled), is_another && is_own && can.renames)
        }
        StepKind::UpdateUser
        | StepKind::EnableUser
        | StepKind::DisableUser
        | StepKind::DeleteUser => {
            known_user(step)?;
            match step.kind {
                StepKind::EnableUser => (Some(false), true),
                StepKind::DisableUser => (Some(true), step.changes.len() == 1),
                StepKind::DeleteUser => (None, patch.is_empty()),
                _ => (None, !patch.is_empty()),
            }
        }
        StepKind::CreateGroup => {
            group_name(step)?;
            (None, patch.is_empty())
        }
        StepKind::ChangeAttributes => {
            person(step)?;
            let is_attribute = |change: &FieldChange| change.attribute().is_some();
            (None, !step.changes.is_empty() && step.changes.iter().all(is_attribute))
        }
        StepKind::AddMember | StepKind::ChangeMember | StepKind::RemoveMember => {
            group_name(step)?;
            (None, patch.is_empty())
        }
    };
    let says_admin = match step.kind {
        StepKind::ChangeMember => {
            known_user(step)?;
            step.group.is_some() && step.group_admin.is_some()
        }
        StepKind::AddMember => true,
        _ => step.group_admin.is_none(),
    };
    if !says_admin || step.group_admin.is_some() && !can.reports_group_admins {
        return Err(invalid("step.group-admin", "it does not go with the rest of the step"));
    }
    let sets_photo = patch.wanted(Field::ProfilePhotoUrl).is_some();
    let sets_other = sets_photo && !can.sets_photos
        || !patch.metadata.is_empty() && !can.sets_metadata
        || step.kind == StepKind::ChangeAttributes && !can.sets_attributes
        || step.kind.makes_person() && step.changes.iter().any(|change| change.after.is_none());
    if sets_other || sets_twice(&step.changes) {
        return Err(invalid("step.changes", "a change is not one that a plan makes"));
    }
    let (group, user) = (step.group.as_ref(), step.user.as_ref());
    let planned_on = match step.kind {
        StepKind::CreateGroup => Some(digest::group_absent(group_name(step)?)),
        StepKind::CreateUser | StepKind::InviteUser => Some(digest::absent()),
        StepKind::ChangeAttributes => Some(digest::attributes(user, &step.changes)),
        StepKind::AddMember => Some(digest::membership(group, user, false)),
        StepKind::RemoveMember => Some(digest::membership(group, user, true)),
        StepKind::ChangeMember => {
            let administers = step.group_admin.unwrap_or_default();
            Some(digest::administration(group, user, !administers))
        }
        // The precondition is compared with the account, once that is read.
        _ => None,
    };
    if planned_on.is_some_and(|digest| digest != step.precondition) {
        return Err(invalid("step.precondition", "it does not go with the rest of the step"));
    }
    let renames = patch.email.is_some() == (step.kind == StepKind::RenameUser);
    if !changes || !renames || patch.disabled != disabled {
        return Err(invalid("step.changes", "the changes do not go with its kind"));
    }
    let settable = match patch.user_type {
        Some(user_type) => dialect.capabilities().bills(user_type),
        None => step.kind != StepKind::CreateUser || !dialect.capabilities().bills_seats,
    };
    if !settable {
        return Err(invalid("step.changes", "the user type is missing, or not one of this API"));
    }
    Ok(())
}

fn check_invitations(has: bool) -> Result<()> {
    match has {
        true => Ok(()),
        false => Err(invalid("step.kind", "this API has no invitations")),
    }
}

fn sets_twice(changes: &[FieldChange]) -> bool {
    changes
        .iter()
        .enumerate()
        .any(|(at, change)| changes[..at].iter().any(|earlier| earlier.field == change.field))
}
