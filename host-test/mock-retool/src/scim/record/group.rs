//! Groups.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Base, resource};
use crate::scim::attr::Fields;
use crate::scim::error::{Kind, ScimError};
use crate::scim::record::user_name;
use crate::scim::schema::{GROUP, USER};
use crate::state::{Group, Organisation};

/// A group and its members, read from attributes.
#[derive(Debug)]
pub(in crate::scim) struct GroupDraft {
    /// The group.
    pub(in crate::scim) group: Group,
    /// The REST ids of the members, and whether each administers the group. SCIM does not contain
    /// that flag, so it stays unchanged.
    pub(in crate::scim) members: Vec<(String, bool)>,
}

/// Builds the resource of a group.
pub(in crate::scim) fn group_record(
    organisation: &Organisation,
    group: &Group,
    base: &Base,
) -> Fields {
    let attributes = group_attributes(organisation, group, base);
    let times = (group.created_at.as_str(), group.updated_at.as_str());
    resource(attributes, &GROUP, &group.scim_id(), times, base)
}

/// Returns the attributes of a group that a client may set.
pub(in crate::scim) fn group_attributes(
    organisation: &Organisation,
    group: &Group,
    base: &Base,
) -> Fields {
    let mut attributes = group.scim.clone();
    attributes.insert("displayName".to_owned(), json!(group.name));
    let members: Vec<Value> = organisation
        .members(group.id)
        .map(|member| {
            let id = member.user.scim_id();
            json!({
                "value": id,
                "$ref": base.of(USER.endpoint, &id),
                "display": user_name(member.user),
                "type": "User",
            })
        })
        .collect();
    attributes.insert("members".to_owned(), Value::Array(members));
    attributes
}

/// Reads a group from normalised attributes. Fields that SCIM does not have stay as in `current`,
/// the group that is changed.
pub(in crate::scim) fn group_draft(
    organisation: &Organisation,
    mut attributes: Fields,
    current: Option<&Group>,
) -> Result<GroupDraft, ScimError> {
    let name = match attributes.remove("displayName") {
        Some(Value::String(name)) if !name.trim().is_empty() => name,
        _ => return Err(ScimError::bad(Kind::InvalidValue, "displayName is required")),
    };
    let members = match attributes.remove("members") {
        Some(Value::Array(sent)) => members(organisation, &sent, current)?,
        _ => Vec::new(),
    };
    let mut group = current.cloned().unwrap_or_else(|| Group::new(name.as_str()));
    group.name = name;
    group.scim = attributes;
    Ok(GroupDraft { group, members })
}

/// Reads the members, without duplicates.
fn members(
    organisation: &Organisation,
    sent: &[Value],
    current: Option<&Group>,
) -> Result<Vec<(String, bool)>, ScimError> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let mut users: HashMap<String, (&str, bool)> =
        organisation.users.iter().map(|user| (user.scim_id(), (user.id.as_str(), false))).collect();
    for member in current.into_iter().flat_map(|group| organisation.members(group.id)) {
        users.insert(member.user.scim_id(), (&member.user.id, member.is_group_admin));
    }
    let mut members = Vec::with_capacity(sent.len());
    for member in sent {
        let Some(id) = member["value"].as_str() else {
            return Err(invalid("A member needs a value, the id of a user"));
        };
        match users.get(id) {
            Some((id, is_group_admin)) => members.push(((*id).to_owned(), *is_group_admin)),
            None => return Err(invalid(&format!("There is no user {id}"))),
        }
    }
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

fn invalid(why: &str) -> ScimError {
    ScimError::bad(Kind::InvalidValue, why)
}
