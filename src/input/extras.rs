//! Checks the metadata, the user attributes and the cleared fields of a person.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;

use super::{breaks_line, excerpt, invalid, line};
use crate::domain::metadata::entries;
use crate::domain::{Changes, Clearable, FieldChange, UserPatch};
use crate::error::{Code, Result};

/// The maximum number of bytes of the metadata in one request.
const MAX_METADATA: usize = 65_536;
/// The maximum number of characters of a key of the metadata.
const MAX_KEY: usize = 256;
/// The maximum number of characters of the name of an attribute.
const MAX_ATTRIBUTE: usize = 255;
/// The maximum number of characters of the value of an attribute.
const MAX_VALUE: usize = 8192;
/// The maximum number of attributes of one person.
const MAX_ATTRIBUTES: usize = 100;

/// What a request gives beside the fields, unchecked.
#[derive(Debug, Default)]
pub struct Extras {
    /// Metadata to set: a JSON object.
    pub metadata: Option<String>,
    /// Attributes to set, by name.
    pub attributes: Vec<(String, String)>,
    /// What to clear.
    pub clear: Vec<Clearable>,
}

/// Checks what a request gives beside the fields, and adds the metadata and the cleared fields to
/// the fields. Returns the changes of attributes. `field` is the path of the person.
pub fn extras(field: &dyn Display, given: Extras, fields: &mut UserPatch) -> Result<Changes> {
    let Extras { metadata, attributes: set, clear } = given;
    if let Some(json) = metadata {
        fields.metadata = self::metadata(&format_args!("{field}.metadata"), &json)?;
    }
    let mut attributes = Changes::new();
    if set.len() + clear.len() > MAX_ATTRIBUTES {
        let message = format!("More than {MAX_ATTRIBUTES} are given for one person. Give fewer.");
        return Err(invalid(Code::InvalidValue, &format_args!("{field}.attributes"), message));
    }
    for (index, (name, value)) in set.into_iter().enumerate() {
        let field = format_args!("{field}.attributes[{index}]");
        let name = attribute_name(&format_args!("{field}.name"), &name)?;
        let value = attribute_value(&format_args!("{field}.value"), value)?;
        let is_metadata = fields.metadata.contains_key(&name);
        if attributes.insert(name, Some(value)).is_some() || is_metadata {
            return Err(twice(&format_args!("{field}.name")));
        }
    }
    for (index, clear) in clear.into_iter().enumerate() {
        let field = format_args!("{field}.clear[{index}]");
        let is_given = match clear {
            Clearable::Field(cleared) => {
                let is_given = fields.wanted(cleared).is_some();
                fields.clear.push(cleared);
                is_given
            }
            Clearable::MetadataKey(key) => {
                let key = metadata_key(&field, &key)?;
                let is_attribute = attributes.contains_key(&key);
                fields.metadata.insert(key, None).is_some() || is_attribute
            }
            Clearable::Attribute(name) => {
                let name = attribute_name(&field, &name)?;
                let is_metadata = fields.metadata.contains_key(&name);
                attributes.insert(name, None).is_some() || is_metadata
            }
        };
        if is_given {
            return Err(twice(&field));
        }
    }
    fields.clear.sort_unstable();
    Ok(attributes)
}

/// Returns the error for something that is given twice, or cleared and given a value.
fn twice(field: &dyn Display) -> crate::error::Error {
    let message = "This is given twice, or it is both given a value and cleared. The metadata shows the attributes by \
                   their names. Give it once.";
    invalid(Code::InvalidValue, field, message)
}

/// Checks metadata: a JSON object of at most 65,536 bytes, with each key once.
fn metadata(field: &dyn Display, json: &str) -> Result<Changes> {
    if json.len() > MAX_METADATA {
        let message = format!("The metadata is too large. Give at most {MAX_METADATA} bytes.");
        return Err(invalid(Code::InvalidValue, field, message));
    }
    let Some(entries) = entries(json) else {
        let message =
            "The metadata is not a JSON object. Give one such as {\"team\": \"blue\"}, or none.";
        return Err(invalid(Code::InvalidValue, field, message));
    };
    let mut changes = Changes::new();
    for (key, value) in entries {
        let key = metadata_key(field, &key)?;
        if changes.insert(key, Some(value)).is_some() {
            let message = "The metadata has a key twice. Give each key once.";
            return Err(invalid(Code::InvalidValue, field, message));
        }
    }
    Ok(changes)
}

/// Checks a key of the metadata, which is not trimmed: 1 to 256 characters without control
/// characters.
fn metadata_key(field: &dyn Display, key: &str) -> Result<String> {
    if key.is_empty() || key.contains(breaks_line) || key.chars().nth(MAX_KEY).is_some() {
        let message = format!(
            "\"{}\" can't be a key of the metadata. Give 1 to {MAX_KEY} characters without control characters.",
            excerpt(key)
        );
        return Err(invalid(Code::InvalidText, field, message));
    }
    Ok(key.to_owned())
}

/// Checks the name of an attribute: like a person's name, at most 255 characters.
fn attribute_name(field: &dyn Display, name: &str) -> Result<String> {
    let name = line(field, name, MAX_ATTRIBUTE)?;
    // These would disappear from the path of a URL.
    if matches!(name.as_str(), "." | "..") {
        let message = "This is not the name of a user attribute. Give it as Retool shows it.";
        return Err(invalid(Code::InvalidText, field, message));
    }
    Ok(name)
}

/// Checks the value of an attribute, which is not trimmed: 1 to 8,192 characters, without control
/// characters other than line breaks and tabs.
fn attribute_value(field: &dyn Display, value: String) -> Result<String> {
    let is_refused = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let problem = if value.is_empty() {
        "is empty. Give a value, or clear the attribute."
    } else if value.contains(is_refused) {
        "has a control character. Remove it."
    } else if value.chars().nth(MAX_VALUE).is_some() {
        "is too long. Give at most 8192 characters."
    } else {
        return Ok(value);
    };
    Err(invalid(Code::InvalidText, field, format!("The value of the attribute {problem}")))
}

/// Checks a change of the metadata or of an attribute, as a plan has it.
pub fn extra_change(field: &dyn Display, change: &FieldChange) -> Result<()> {
    if let Some(key) = change.metadata_key() {
        metadata_key(field, key)?;
        if let Some(json) = &change.after {
            if json.len() > MAX_METADATA {
                let message = "The metadata is too large. Plan again.";
                return Err(invalid(Code::InvalidValue, field, message));
            }
            if !crate::domain::metadata::is_json(json) {
                let message = "The new value in the metadata is not JSON. Plan again.";
                return Err(invalid(Code::InvalidValue, field, message));
            }
        }
    }
    if let Some(name) = change.attribute() {
        attribute_name(field, name)?;
        if let Some(value) = &change.after {
            attribute_value(field, value.clone())?;
        }
    }
    Ok(())
}
