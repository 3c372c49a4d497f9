//! `groups`.

use super::{field_change, group, group_ref_in, list, member, write};
use crate::bindings::exports::user_lifecycle::retool::groups as wit;
use crate::domain::{Email, GroupPatch};
use crate::error::{Code, Error, Result};
use crate::groups::{Ensured, Removed, Reshaped, Reshaping};
use crate::input;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A checked request: name and access.
pub fn ensure(request: wit::EnsureGroupRequest) -> Result<(String, Option<String>)> {
    Ok((
        input::group_name(&"request.name", &request.name)?,
        input::app_access(&"request.universal-app-access", request.universal_app_access)?,
    ))
}

/// A result.
pub fn ensured(done: Ensured) -> wit::EnsureGroupResult {
    wit::EnsureGroupResult {
        group: group(done.group),
        created: done.created,
        writes: list(done.writes, write),
    }
}

/// A checked request.
pub fn reshaping(request: wit::ChangeGroupRequest) -> Result<Reshaping> {
    let mut seen = BTreeSet::new();
    let add = people("request.add-members", request.add_members, &mut seen)?;
    let remove = people("request.remove-members", request.remove_members, &mut seen)?;
    Ok(Reshaping {
        group: input::group_ref(&"request.group", group_ref_in(request.group))?,
        patch: GroupPatch {
            name: input::name(&"request.new-name", request.new_name)?,
            universal_app_access: input::app_access(
                &"request.universal-app-access",
                request.universal_app_access,
            )?,
        },
        add,
        remove,
    })
}

fn people(field: &str, emails: Vec<String>, seen: &mut BTreeSet<Email>) -> Result<Vec<Email>> {
    let emails = input::emails(&field, super::emails_in(emails))?;
    for (index, email) in emails.iter().enumerate() {
        if !seen.insert(email.clone()) {
            return Err(Error::new(
                Code::DuplicatePerson,
                "The person is named twice. Say once whether they join or leave.",
            )
            .in_field(format!("{field}[{index}]"))
            .about(email.as_str()));
        }
    }
    Ok(emails)
}

/// A result.
pub fn reshaped(done: Reshaped) -> wit::ChangeGroupResult {
    wit::ChangeGroupResult {
        group: group(done.group),
        changes: list(done.changes, field_change),
        members_added: list(done.added, member),
        members_removed: list(done.removed, member),
        writes: list(done.writes, write),
    }
}

/// A checked request: group, and whether it may have members.
pub fn removal(request: wit::RemoveGroupRequest) -> Result<(crate::domain::GroupRef, bool)> {
    Ok((
        input::group_ref(&"request.group", group_ref_in(request.group))?,
        request.even_with_members,
    ))
}

/// A result.
pub fn removed(done: Removed) -> wit::RemoveGroupResult {
    wit::RemoveGroupResult { removed: done.group.map(group), writes: list(done.writes, write) }
}
