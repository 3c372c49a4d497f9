//! The removal of members on servers that support only some of its forms.

use serde_json::Value;

use super::{Op, Operation, Patch};
use crate::options::{MemberRemoval, ScimQuirks};
use crate::scim::error::{Kind, ScimError};

/// Changes the operations on a group according to how this server handles the removal of members.
pub(in crate::scim) fn with_removal_quirks(
    patch: Patch,
    quirks: &ScimQuirks,
) -> Result<Patch, ScimError> {
    let mut operations = Vec::with_capacity(patch.operations.len());
    for mut operation in patch.operations {
        match removal(&operation, quirks) {
            MemberRemoval::Works => operations.push(operation),
            MemberRemoval::Ignored => {}
            MemberRemoval::EmptiesGroup => {
                operation.path.filter = None;
                operation.value = Value::Null;
                operations.push(operation);
            }
            MemberRemoval::Refused => {
                return Err(ScimError::bad(
                    Kind::InvalidPath,
                    "Members cannot be removed in this form",
                ));
            }
        }
    }
    Ok(Patch { operations, ..patch })
}

fn removal(operation: &Operation, quirks: &ScimQuirks) -> MemberRemoval {
    let is_removal =
        operation.op == Op::Remove && operation.path.attribute.name.eq_ignore_ascii_case("members");
    match (&operation.path.filter, &operation.value) {
        _ if !is_removal => MemberRemoval::Works,
        (Some(_), _) => quirks.remove_by_filter,
        (None, Value::Null) => MemberRemoval::Works,
        (None, _) => quirks.remove_by_value,
    }
}
