//! Writes rosters as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Unwritable, attributes, metadata_of, user_type};
use crate::extras::Metadata;
use crate::{Clear, Entry, Group};

/// A person, with the names of the fields as the documentation has them.
#[derive(Serialize)]
struct Row<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<bool>,
    groups: Vec<GroupRow<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    former_emails: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clear: Vec<ClearRow<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum GroupRow<'a> {
    Name(&'a str),
    Said { name: &'a str, admin: bool },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ClearRow<'a> {
    FirstName,
    LastName,
    ProfilePhotoUrl,
    MetadataKey(&'a str),
    Attribute(&'a str),
}

pub(super) fn write(entries: &[Entry]) -> Result<String, Unwritable> {
    let rows = entries.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    serde_json::to_string_pretty(&rows).map(|text| text + "\n").map_err(Unwritable::new)
}

fn row(entry: &Entry) -> Result<Row<'_>, Unwritable> {
    Ok(Row {
        email: &entry.email,
        first_name: entry.first_name.as_deref(),
        last_name: entry.last_name.as_deref(),
        user_type: entry.user_type.map(user_type),
        admin: entry.admin,
        groups: entry.groups.iter().map(group).collect(),
        former_emails: &entry.former_emails,
        attributes: attributes(entry),
        metadata: entry.metadata.as_deref().map(metadata_of).transpose()?,
        clear: entry.clear.iter().map(clear).collect(),
    })
}

fn group(group: &Group) -> GroupRow<'_> {
    match group.admin {
        Some(admin) => GroupRow::Said { name: &group.name, admin },
        None => GroupRow::Name(&group.name),
    }
}

fn clear(clear: &Clear) -> ClearRow<'_> {
    match clear {
        Clear::FirstName => ClearRow::FirstName,
        Clear::LastName => ClearRow::LastName,
        Clear::ProfilePhotoUrl => ClearRow::ProfilePhotoUrl,
        Clear::MetadataKey(key) => ClearRow::MetadataKey(key),
        Clear::Attribute(name) => ClearRow::Attribute(name),
    }
}
