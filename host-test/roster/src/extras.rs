//! Metadata, user attributes, and what is cleared.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::entry::{Clear, said};
use crate::{excerpt, folded};

/// The most attributes of a person, as many as the contract allows.
pub(crate) const MAX_ATTRIBUTES: usize = 100;

/// The most characters of the name of an attribute or of a key of the metadata, as for groups.
const MAX_NAME: usize = 256;

/// A column of one user attribute or of one key of the metadata, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamedColumn {
    Attribute(String),
    Metadata(String),
}

impl NamedColumn {
    /// How an error names these columns.
    pub(crate) const FORMS: &'static str = "attribute:NAME, metadata:KEY";

    /// Reads a header such as `attribute:team` or `metadata:costCentre`. The name is kept as it is
    /// written, without the white space around it.
    pub(crate) fn of(header: &str) -> Option<NamedColumn> {
        let (kind, name) = header.split_once(':')?;
        let name = said(name)?;
        match folded(kind).as_str() {
            "attribute" => Some(NamedColumn::Attribute(name)),
            "metadata" => Some(NamedColumn::Metadata(name)),
            _ => None,
        }
    }

    /// Says that the name is too long: each person has a copy of it.
    pub(crate) fn too_long(&self) -> Option<String> {
        let (what, NamedColumn::Attribute(name) | NamedColumn::Metadata(name)) =
            (self.kind(), self);
        name.chars().nth(MAX_NAME)?;
        let characters = name.chars().count();
        Some(format!(
            "the name of the {what} `{}` has {characters} characters, and {MAX_NAME} are the most; \
             shorten it, or leave the column out with `--ignore-column`",
            excerpt(name)
        ))
    }

    fn kind(&self) -> &'static str {
        match self {
            NamedColumn::Attribute(_) => "attribute",
            NamedColumn::Metadata(_) => "metadata key",
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            NamedColumn::Attribute(name) => format!("attribute:{name}"),
            NamedColumn::Metadata(key) => format!("metadata:{key}"),
        }
    }
}

/// Returns the message for more than [`MAX_ATTRIBUTES`].
pub(crate) fn too_many_attributes() -> String {
    format!("{MAX_ATTRIBUTES} attributes are the most; leave some out")
}

/// Metadata by key.
pub(crate) type Metadata = BTreeMap<String, Box<RawValue>>;

/// Returns the JSON of a cell: what it says if it is JSON, such as `1000`, `true` or `{"a": 1}`, and
/// otherwise a text.
pub(crate) fn json_of(cell: &str) -> Option<Box<RawValue>> {
    let text = || serde_json::value::to_raw_value(cell).ok();
    RawValue::from_string(cell.to_owned()).ok().or_else(text)
}

/// Returns metadata as a JSON object; `None` if it has no keys.
pub(crate) fn object(metadata: &Metadata) -> Option<String> {
    if metadata.is_empty() { None } else { serde_json::to_string(metadata).ok() }
}

/// Returns the value of an attribute: a text as it is, anything else as JSON. `None` for null and for
/// a blank text.
pub(crate) fn attribute_value(json: &RawValue) -> Option<String> {
    match serde_json::from_str::<String>(json.get()) {
        Ok(text) => said(&text).map(|_| text),
        Err(_) => Some(json.get().to_owned()).filter(|json| json != "null"),
    }
}

/// One item of the list of what is cleared, in a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Field(String),
    Named(BTreeMap<String, String>),
}

/// The most bytes of one thing that is cleared, as JSON.
const MAX_CLEAR: usize = 4 << 10;

/// Reads what is cleared: `"first_name"`, `"last_name"`, `"profile_photo_url"`,
/// `{"metadata_key": "team"}` or `{"attribute": "team"}`.
pub(crate) fn clear_of(json: &RawValue) -> Result<Clear, String> {
    let refused = || {
        format!(
            "`{}` can't be cleared; what can is first name, last name, profile photo URL, {{\"metadata key\": …}} and \
             {{\"attribute\": …}}",
            excerpt(json.get())
        )
    };
    // A long one is no name, and its parts would take many times its length.
    if json.get().len() > MAX_CLEAR {
        return Err(refused());
    }
    match serde_json::from_str::<Item>(json.get()) {
        Ok(Item::Field(field)) => match folded(&field).as_str() {
            "firstname" => Ok(Clear::FirstName),
            "lastname" => Ok(Clear::LastName),
            "profilephotourl" => Ok(Clear::ProfilePhotoUrl),
            _ => Err(refused()),
        },
        Ok(Item::Named(named)) if named.len() == 1 => {
            let (kind, name) = named.into_iter().next().unwrap_or_default();
            match folded(&kind).as_str() {
                "metadatakey" => Ok(Clear::MetadataKey(name)),
                "attribute" => Ok(Clear::Attribute(name)),
                _ => Err(refused()),
            }
        }
        _ => Err(refused()),
    }
}
