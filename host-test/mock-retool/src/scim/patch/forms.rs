//! Servers that support only some forms of a change.

use super::Patch;
use crate::options::{FormSupport, PatchForms};
use crate::scim::error::{Kind, ScimError};

impl FormSupport {
    /// Whether the server makes a change in this form. Fails if it refuses the form.
    pub(in crate::scim) fn allows(self) -> Result<bool, ScimError> {
        match self {
            FormSupport::Works => Ok(true),
            FormSupport::Ignored => Ok(false),
            FormSupport::Refused => {
                Err(ScimError::bad(Kind::InvalidSyntax, "This form of a change is not supported"))
            }
            FormSupport::Unknown => Err(ScimError::unknown()),
        }
    }
}

/// Changes the operations of a PATCH according to the forms that this server supports.
pub(in crate::scim) fn with_form_quirks(
    patch: Patch,
    forms: PatchForms,
) -> Result<Patch, ScimError> {
    let by_path = !patch.has_paths || forms.by_path.allows()?;
    let by_value = patch.has_only_paths || forms.by_value.allows()?;
    let operations = if by_path && by_value { patch.operations } else { Vec::new() };
    Ok(Patch { operations, ..patch })
}
