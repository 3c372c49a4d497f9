//! `groups`.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::abi::record;
use crate::domain::{Email, FieldChange, Group, GroupPatch, GroupRef, Member, Write};
use crate::error::{Code, Error, Result};
use crate::groups::{Ensured, Removed, Reshaped, Reshaping};
use crate::input;

record! {
    /// `ensure-group-request`.
    in pub struct EnsureGroupRequest {
        name: String,
        universal_app_access: Option<String>,
    }
}

/// A checked request: name and access.
pub fn ensure(request: EnsureGroupRequest) -> Result<(String, Option<String>)> {
    Ok((
        input::group_name(&"request.name", &request.name)?,
        input::app_access(&"request.universal-app-access", request.universal_app_access)?,
    ))
}

record!(out Ensured { group: Group, created: bool, writes: Vec<Write>, });

record! {
    /// `change-group-request`.
    in pub struct ChangeGroupRequest {
        group: GroupRef,
        new_name: Option<String>,
        universal_app_access: Option<String>,
        add_members: Vec<Email>,
        remove_members: Vec<Email>,
    }
}

/// A checked request.
pub fn reshaping(request: ChangeGroupRequest) -> Result<Reshaping> {
    let mut seen = BTreeSet::new();
    let add = people("request.add-members", request.add_members, &mut seen)?;
    let remove = people("request.remove-members", request.remove_members, &mut seen)?;
    Ok(Reshaping {
        group: input::group_ref(&"request.group", request.group)?,
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

fn people(field: &str, emails: Vec<Email>, seen: &mut BTreeSet<Email>) -> Result<Vec<Email>> {
    let emails = input::emails(&field, emails)?;
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

record!(out Reshaped {
    group: Group,
    changes: Vec<FieldChange>,
    members_added: Vec<Member>,
    members_removed: Vec<Member>,
    writes: Vec<Write>,
});

record! {
    /// `remove-group-request`.
    in pub struct RemoveGroupRequest {
        group: GroupRef,
        even_with_members: bool,
    }
}

/// A checked request: group, and whether it may have members.
pub fn removal(request: RemoveGroupRequest) -> Result<(GroupRef, bool)> {
    Ok((input::group_ref(&"request.group", request.group)?, request.even_with_members))
}

record!(out Removed { removed: Option<Group>, writes: Vec<Write>, });
