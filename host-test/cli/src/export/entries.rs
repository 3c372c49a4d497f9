//! Which lines a roster gets for the people of an organisation.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ::roster::{Entry, Group, UserType};
use host_test::retool::types::{self, GroupLink, User, UserId};
use host_test::text::is_shown;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::address::{is_address, key};
use crate::directory::cells::has_formula;
use crate::ids::{group_id_of, user_id_of};

/// The most people or groups that a note names.
const MOST_NAMES: usize = 10;

/// The longest name of a person or a group that a request may have, in characters.
const MAX_NAME: usize = 256;

/// The most bytes of metadata that a request may have for one person.
const MAX_METADATA: usize = 65_536;

/// A roster, and what is not on it.
pub(super) struct Exported {
    pub(super) entries: Vec<Entry>,
    /// What was left out and why, as sentences.
    pub(super) notes: Vec<String>,
}

/// What was left out, by reason.
#[derive(Default)]
struct LeftOut<'a> {
    disabled: usize,
    nameless: Vec<&'a str>,
    unusable: BTreeSet<&'a str>,
    several: BTreeSet<&'a str>,
    groups: BTreeSet<String>,
    names: BTreeSet<&'a str>,
    metadata: BTreeSet<&'a str>,
}

/// Returns a line for everyone who has an address, and disabled people only if that is asked for: a
/// roster has the people who should be in Retool. It says nothing that a plan would refuse, so that
/// the plan of this roster has no step. A group that no request can name is left out for everyone,
/// and then no plan touches it.
pub(super) fn entries(users: &[User], groups: &[types::Group], with_disabled: bool) -> Exported {
    let mut left_out = LeftOut::default();
    let names = nameable(groups);
    let mut people: BTreeMap<String, Vec<&User>> = BTreeMap::new();
    for user in users {
        match user.email.as_deref() {
            Some(email) if is_address(email) && is_visible(email) => {
                people.entry(key(email).into_owned()).or_default().push(user);
            }
            // A plan would refuse the whole roster.
            Some(email) if !email.trim().is_empty() => {
                left_out.unusable.insert(email);
            }
            _ => left_out.nameless.push(label(user)),
        }
    }
    let mut entries = Vec::new();
    for accounts in people.values() {
        let Some(user) = written(accounts, with_disabled, &mut left_out) else { continue };
        entries.push(entry(user, &names, &mut left_out));
    }
    Exported { entries, notes: left_out.notes() }
}

/// Returns which of the accounts with one address is written: an enabled one, or else an invitation.
fn written<'a>(
    accounts: &[&'a User],
    with_disabled: bool,
    left_out: &mut LeftOut<'a>,
) -> Option<&'a User> {
    let is_invited = |user: &User| user.invited == Some(true);
    let own = accounts.iter().filter(|user| !is_invited(user));
    if own.clone().count() > 1 {
        left_out.several.extend(own.clone().map(|user| label(user)));
    }
    let enabled = own.clone().find(|user| !user.disabled);
    let invited = || accounts.iter().find(|user| is_invited(user));
    let found = enabled.or_else(invited);
    if found.is_none() && !with_disabled {
        left_out.disabled += 1;
        return None;
    }
    found.or_else(|| accounts.first()).copied()
}

fn entry<'a>(user: &'a User, names: &HashMap<&str, &str>, left_out: &mut LeftOut<'a>) -> Entry {
    let mut name = |name: &'a Option<String>| {
        let name = name.as_deref().map(str::trim).filter(|name| !name.is_empty())?;
        if !is_line(name, MAX_NAME) {
            left_out.names.insert(label(user));
            return None;
        }
        Some(name.to_owned())
    };
    let (first_name, last_name) = (name(&user.first_name), name(&user.last_name));
    let is_v2 = matches!(user.id, UserId::V2(_));
    let mut groups: Vec<Group> = Vec::new();
    let mut named = HashSet::new();
    for link in user.groups.iter().flatten() {
        match names.get(group_id_of(&link.id)) {
            Some(name) if !named.insert(*name) => {}
            Some(name) => groups.push(group(name, link, is_v2)),
            None => {
                let id = || format!("#{}", group_id_of(&link.id));
                left_out.groups.insert(link.name.clone().unwrap_or_else(id));
            }
        }
    }
    let metadata = user.metadata.as_deref();
    let kept = metadata.and_then(metadata_of);
    if metadata.is_some() && kept.is_none() {
        left_out.metadata.insert(label(user));
    }
    let is_v1 = matches!(user.id, UserId::V1(_));
    Entry {
        email: user.email.as_deref().unwrap_or_default().trim().to_owned(),
        first_name,
        last_name,
        user_type: user.user_type.filter(|_| user.invited != Some(true)).and_then(user_type),
        // The other APIs can't set it. Their administrators are in the group `admin`.
        admin: is_v1.then_some(user.admin),
        groups,
        metadata: kept.filter(|json| json != "{}"),
        ..Entry::default()
    }
}

/// Returns a line's group. Only `/api/v2` can set who administers it.
fn group(name: &str, link: &GroupLink, is_v2: bool) -> Group {
    Group { name: name.to_owned(), admin: link.group_admin.filter(|admin| is_v2 && *admin) }
}

/// Returns the names of the groups that a request can name, by id.
fn nameable(groups: &[types::Group]) -> HashMap<&str, &str> {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for group in groups {
        *count.entry(group.name.trim()).or_default() += 1;
    }
    let is_nameable = |name: &str| is_line(name, MAX_NAME) && count.get(name) == Some(&1);
    let named = groups.iter().map(|group| (group_id_of(&group.id), group.name.trim()));
    named.filter(|(_, name)| is_nameable(name)).collect()
}

/// Returns whether a request may have this text, one line that is not empty, and everything in it can
/// be seen.
fn is_line(text: &str, most: usize) -> bool {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let text = text.trim();
    !text.is_empty()
        && !text.contains(breaks)
        && is_visible(text)
        && text.chars().nth(most).is_none()
}

/// Returns whether whoever looks at the file sees every character. Spaces are compared as they are.
fn is_visible(text: &str) -> bool {
    text.chars().all(|c| is_shown(c) || c.is_whitespace())
}

/// Returns the metadata if a request may have it.
fn metadata_of(json: &str) -> Option<String> {
    let metadata: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).ok()?;
    let written = serde_json::to_string(&metadata).ok()?;
    let is_key = |key: &String| is_line(key, MAX_NAME);
    let is_good = written.len() <= MAX_METADATA
        && metadata.keys().all(is_key)
        && serde_json::from_str(&written).is_ok_and(|json: Value| has_only_visible_texts(&json));
    is_good.then_some(written)
}

fn has_only_visible_texts(json: &Value) -> bool {
    match json {
        Value::String(text) => is_visible(text),
        Value::Array(items) => items.iter().all(has_only_visible_texts),
        Value::Object(fields) => {
            fields.iter().all(|(key, value)| is_visible(key) && has_only_visible_texts(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn user_type(user_type: types::UserType) -> Option<UserType> {
    match user_type {
        types::UserType::Default => Some(UserType::Default),
        types::UserType::EndUser => Some(UserType::EndUser),
        types::UserType::Mobile => Some(UserType::Mobile),
        types::UserType::Embed => Some(UserType::Embed),
        types::UserType::Unrecognized => None,
    }
}

fn label(user: &User) -> &str {
    user.email.as_deref().or(user.login.as_deref()).unwrap_or_else(|| user_id_of(&user.id))
}

/// Says that a spreadsheet may take cells of the roster for formulas. They can't be neutralised, as
/// the roster would then have other names. `text` is the roster as CSV.
pub(super) fn formulas(text: &str) -> Option<String> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let has_one = |row: &csv::StringRecord| row.iter().any(has_formula);
    // The header has the names of metadata.
    let rows = rows.records().filter_map(Result::ok).filter(has_one).count();
    (rows > 0).then(|| {
        format!(
            "lines with a cell that a spreadsheet may run as a formula: {rows}; look at the file in \
             an editor first, or write .json"
        )
    })
}

impl LeftOut<'_> {
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.disabled > 0 {
            notes.push(format!("{} disabled left out; --with-disabled writes them", self.disabled));
        }
        let mut note = |names: Vec<&str>, text: &str| {
            if !names.is_empty() {
                notes.push(format!("{}: {text}", listed(&names)));
            }
        };
        note(
            self.nameless.clone(),
            "left out, because a roster names people by address; a plan leaves such accounts \
             alone unless --absent-without-address is given",
        );
        note(
            self.unusable.iter().copied().collect(),
            "left out, because a roster can't have this address; correct it in Retool first: a plan \
             with --absent takes such a person for absent",
        );
        note(
            self.several.iter().copied().collect(),
            "several accounts have this address, and one line was written; a plan refuses the \
             person until only one account is left",
        );
        note(
            self.groups.iter().map(String::as_str).collect(),
            "memberships of this group are left out, because a roster can't name it: another \
             group has the same name, or the name has characters that can't be seen or is too \
             long; a plan does not touch such a group",
        );
        note(
            self.names.iter().copied().collect(),
            "a name is left out, because a roster can't have it: it has a character that \
             can't be seen or is too long; a plan keeps it",
        );
        note(
            self.metadata.iter().copied().collect(),
            "the metadata is left out, because a roster can't have it; a plan keeps it",
        );
        notes
    }
}

/// Lists names, at most a few.
fn listed(names: &[&str]) -> String {
    let mut text = names[..names.len().min(MOST_NAMES)].join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(MOST_NAMES) {
        text += &format!(" and {more} more");
    }
    text
}
