//! Writes rosters as comma-separated values.

use std::collections::BTreeSet;

use csv::{QuoteStyle, WriterBuilder};
use serde_json::value::RawValue;

use super::{Unwritable, attributes, metadata_of, user_type};
use crate::column::Column;
use crate::extras::{Metadata, NamedColumn, json_of};
use crate::layout::MAX_COLUMNS;
use crate::{Entry, Group, MAX_BYTES};

pub(super) fn write(entries: &[Entry]) -> Result<String, Unwritable> {
    if let Some(entry) = entries.iter().find(|entry| !entry.clear.is_empty()) {
        let email = crate::excerpt(&entry.email);
        return Err(Unwritable(format!("{email}: a CSV roster can't say what is cleared")));
    }
    let metadata = |entry: &Entry| entry.metadata.as_deref().map(metadata_of).transpose();
    let metadata: Vec<Option<Metadata>> = entries.iter().map(metadata).collect::<Result<_, _>>()?;
    let keys: BTreeSet<&String> = metadata.iter().flatten().flat_map(Metadata::keys).collect();
    let names = entries.iter().flat_map(|entry| &entry.attributes).map(|(name, _)| name);
    let names: BTreeSet<&String> = names.collect();
    let has_former = entries.iter().any(|entry| !entry.former_emails.is_empty());
    let is_used = |column: &Column| *column != Column::FormerEmails || has_former;
    let columns: Vec<Column> = Column::ALL.into_iter().filter(is_used).collect();

    // Each row has all of them.
    let (all, most) = (columns.len() + names.len() + keys.len(), MAX_COLUMNS);
    if all > most {
        let message = format!("it would have {all} columns, and {most} are the most");
        return Err(Unwritable(message));
    }
    // Everything is in quotes, so that no text decides what separates cells.
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
    let known = columns.iter().map(|column| column.name().to_owned());
    let attribute = |name: &&String| NamedColumn::Attribute((*name).clone()).name();
    let key = |key: &&String| NamedColumn::Metadata((*key).clone()).name();
    let header = known.chain(names.iter().map(attribute)).chain(keys.iter().map(key));
    writer.write_record(header).map_err(Unwritable::new)?;
    for (entry, metadata) in entries.iter().zip(&metadata) {
        let known = columns.iter().map(|column| cell(entry, *column));
        let attributes = attributes(entry);
        let attribute =
            |name: &&String| attributes.get(name.as_str()).copied().unwrap_or_default().to_owned();
        let value = |key: &&String| {
            metadata.as_ref().and_then(|of| of.get(*key)).map(|json| json_cell(json))
        };
        let values = keys.iter().map(|key| value(key).unwrap_or_default());
        let row = known.chain(names.iter().map(attribute)).chain(values);
        writer.write_record(row).map_err(Unwritable::new)?;
        if writer.get_ref().len() > MAX_BYTES {
            return Err(Unwritable(format!("it would have more than {MAX_BYTES} bytes")));
        }
    }
    let bytes = writer.into_inner().map_err(Unwritable::new)?;
    String::from_utf8(bytes).map_err(Unwritable::new)
}

fn cell(entry: &Entry, column: Column) -> String {
    match column {
        Column::Email => entry.email.clone(),
        Column::FirstName => entry.first_name.clone().unwrap_or_default(),
        Column::LastName => entry.last_name.clone().unwrap_or_default(),
        Column::UserType => entry.user_type.map(user_type).unwrap_or_default().to_owned(),
        Column::Admin => match entry.admin {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => String::new(),
        },
        Column::Groups => entry.groups.iter().map(group).collect::<Vec<_>>().join("; "),
        Column::FormerEmails => entry.former_emails.join("; "),
    }
}

/// Writes a group as [`Group::of_cell`] and [`crate::group::names`] read it.
fn group(group: &Group) -> String {
    let name = match group.name.strip_suffix('*') {
        Some(start) => format!("{start}\\*"),
        None => group.name.clone(),
    };
    let mut cell = name.replace(';', "\\;");
    // A `\` at the end would be one before the mark or the separator.
    if cell.ends_with('\\') {
        cell.push(' ');
    }
    if group.admin == Some(true) {
        cell.push('*');
    }
    cell
}

/// Writes a value of the metadata as [`json_of`] reads it: a text without quotes if it can't be
/// mistaken for JSON.
fn json_cell(json: &RawValue) -> String {
    let text = serde_json::from_str::<String>(json.get()).ok();
    let is_read_as = |text: &String| {
        text.trim() == text && json_of(text).is_some_and(|read| read.get() == json.get())
    };
    text.filter(|text| !text.is_empty() && is_read_as(text))
        .unwrap_or_else(|| json.get().to_owned())
}
