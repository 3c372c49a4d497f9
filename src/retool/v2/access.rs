//! What members of a group may do, as `/api/v2` spells it.

use alloc::boxed::Box;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::domain::{AccessField, AccessSetting, AccessValues};

/// Returns the path of a setting in the operations of a PATCH.
pub(super) const fn path(field: AccessField) -> &'static str {
    match field {
        AccessField::UniversalApp => "/universal_app_access",
        AccessField::UniversalResource => "/universal_resource_access",
        AccessField::UniversalWorkflow => "/universal_workflow_access",
        AccessField::UniversalQueryLibrary => "/universal_query_library_access",
        AccessField::UserList => "/user_list_access",
        AccessField::AuditLog => "/audit_log_access",
        AccessField::UnpublishedRelease => "/unpublished_release_access",
        AccessField::UsageAnalytics => "/usage_analytics_access",
        AccessField::Theme => "/theme_access",
        AccessField::AccountDetails => "/account_details_access",
        AccessField::LandingPageApp => "/landing_page_app_id",
    }
}

/// The value that a field is set to.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Flag(bool),
    Json(Box<RawValue>),
}

impl<'a> Value<'a> {
    /// Returns the value of a setting: a flag where the setting is one, otherwise a text.
    pub(super) fn of(setting: &'a AccessSetting) -> Self {
        match setting.field.values() {
            AccessValues::Flag => Value::Flag(setting.value == "true"),
            AccessValues::OneOf(_) | AccessValues::Uuid => Value::Text(&setting.value),
        }
    }
}

/// A new group: its name and what its members may do.
pub(super) struct NewGroup<'a> {
    pub name: &'a str,
    pub access: &'a [AccessSetting],
}

impl Serialize for NewGroup<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(Some(1 + self.access.len()))?;
        body.serialize_entry("name", self.name)?;
        for setting in self.access {
            body.serialize_entry(path(setting.field).trim_start_matches('/'), &Value::of(setting))?;
        }
        body.end()
    }
}
