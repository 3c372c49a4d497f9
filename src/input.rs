//! Checks callers' values, before anything is sent.
//!
//! Every check takes the path of the field in the request, such as
//! `request.roster[3].user.email`, and puts it into its error. Inside lists and records it adds the
//! rest of the path. The path is a [`Display`] rather than a string, so that it is only built for
//! an error. Checks return values trimmed and in one spelling.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt::Display;

use crate::domain::text::{has_invisible, is_invisible, is_plain};
use crate::domain::{Dialect, Email, GroupId, GroupIdKind, GroupRef, UserId, UserRef, UserType};
use crate::error::{Code, Error, Result};
use crate::sort;

mod access;
mod address;
mod extras;
mod roster;

pub use access::access;
pub use address::{email, former_emails};
pub use extras::{Extras, extra_change, extras};
pub use roster::{span, sync_request};

/// The maximum number of characters of a name, of a group's name and of an id.
const MAX_NAME: usize = 256;
/// The maximum number of characters of a login.
const MAX_LOGIN: usize = 254;
/// The maximum number of characters of a URL.
const MAX_URL: usize = 2048;
/// The maximum number of characters of a value that an error repeats.
const MAX_EXCERPT: usize = 64;
/// The page sizes that may be asked for.
const PAGE_SIZES: core::ops::RangeInclusive<u32> = 1..=1000;

/// Checks how people are named, each as [`user_ref`] does.
pub fn user_refs(field: &dyn Display, refs: Vec<UserRef>) -> Result<Vec<UserRef>> {
    refs.into_iter()
        .enumerate()
        .map(|(index, who)| user_ref(&format_args!("{field}[{index}]"), who))
        .collect()
}

/// Checks how a person is named: an address as [`email`] does, a login as [`login`] does, an id as
/// [`user_id`] does.
pub fn user_ref(field: &dyn Display, who: UserRef) -> Result<UserRef> {
    Ok(match who {
        UserRef::Email(address) => UserRef::Email(email(field, address.as_str())?),
        UserRef::Login(login) => UserRef::Login(Email::new(&self::login(
            &format_args!("{field}.login"),
            login.as_str(),
        )?)),
        UserRef::Id(id) => UserRef::Id(user_id(&format_args!("{field}.id"), id)?),
    })
}

/// Checks a login: trimmed, 1 to 254 characters, none of them invisible.
pub fn login(field: &dyn Display, login: &str) -> Result<String> {
    visible_line(field, login, MAX_LOGIN)
}

/// Checks a user's id: 1 to 256 characters, none of them invisible.
pub fn user_id(field: &dyn Display, id: UserId) -> Result<UserId> {
    // These would disappear from the path of a URL.
    if matches!(id.value.as_str(), "." | "..") {
        let message = format!("\"{}\" is not a user's id. Give it as the server has it.", id.value);
        return Err(invalid(Code::InvalidValue, field, message));
    }
    visible_line(field, &id.value, MAX_NAME)?;
    Ok(id)
}

/// Returns what stands for the address of a person who is named by id or login.
pub fn stand_in(who: &UserRef) -> Email {
    match who {
        UserRef::Email(email) => email.clone(),
        UserRef::Id(id) => Email::stand_in(id, None),
        UserRef::Login(login) => {
            let id = UserId { dialect: Dialect::Scim, value: format!("login:{}", login.key()) };
            Email::stand_in(&id, Some(login.as_str()))
        }
    }
}

/// Checks a given or family name, and returns it trimmed: at most 256 characters, without control
/// characters. Refuses an empty name, because it would read as "remove the name".
pub fn name(field: &dyn Display, name: Option<String>) -> Result<Option<String>> {
    name.map(|name| line(field, &name, MAX_NAME)).transpose()
}

/// Checks a group's name: like [`name`], but it must be given, and all of it must be visible.
pub fn group_name(field: &dyn Display, name: &str) -> Result<String> {
    visible_line(field, name, MAX_NAME)
}

/// Checks the name of a group that a server has, as a plan has it. It may have characters that a
/// request can't give.
pub fn listed_group_name(field: &dyn Display, name: &str) -> Result<String> {
    line(field, name, MAX_NAME)
}

/// Checks a new name of a group, if there is one.
pub fn new_group_name(field: &dyn Display, name: Option<String>) -> Result<Option<String>> {
    name.map(|name| group_name(field, &name)).transpose()
}

/// Checks a list of groups: all by name or all by id, none twice.
pub fn group_refs(field: &dyn Display, refs: Vec<GroupRef>) -> Result<Vec<GroupRef>> {
    list_of_groups(field, refs, group_ref)
}

/// Checks a list of groups as [`group_refs`] does, and each group by `check`.
fn list_of_groups<G: Borrow<GroupRef>>(
    field: &dyn Display,
    refs: Vec<G>,
    mut check: impl FnMut(&dyn Display, G) -> Result<G>,
) -> Result<Vec<G>> {
    let mut checked: Vec<G> = Vec::with_capacity(refs.len());
    let is_id = |group: &G| matches!(group.borrow(), GroupRef::Id(_));
    for (index, group) in refs.into_iter().enumerate() {
        let group = check(&format_args!("{field}[{index}]"), group)?;
        if let Some(first) = checked.first()
            && is_id(first) != is_id(&group)
        {
            let message = "The list names some groups by name and some by id. Name all of them \
                           the same way.";
            return Err(invalid(
                Code::GroupByNameAndId,
                &format_args!("{field}[{index}]"),
                message,
            ));
        }
        checked.push(group);
    }
    if let Some(index) = first_repeated(&checked) {
        let label = match checked[index].borrow() {
            GroupRef::Name(name) => name,
            GroupRef::Id(id) => &id.value,
        };
        let message = format!(
            "The group \"{}\" is named twice in one list. Name every group once.",
            excerpt(label)
        );
        return Err(invalid(Code::DuplicateGroup, &format_args!("{field}[{index}]"), message));
    }
    Ok(checked)
}

/// Returns the place of the first group that is in the list before it too.
fn first_repeated<G: Borrow<GroupRef>>(refs: &[G]) -> Option<usize> {
    let group = |place: usize| refs[place].borrow();
    // A short list is compared without memory for it.
    if refs.len() <= 4 {
        return (1..refs.len()).find(|place| (0..*place).any(|one| group(one) == group(*place)));
    }
    let mut places: Vec<usize> = (0..refs.len()).collect();
    sort::sort_by(&mut places, |a, b| group(*a).cmp(group(*b)));
    let pairs = places.array_windows();
    pairs.filter(|[one, other]| group(*one) == group(*other)).map(|[_, other]| *other).min()
}

/// Checks a list of groups as [`group_refs`] does. Returns it with what is said about some of the
/// groups.
pub fn memberships(
    field: &dyn Display,
    refs: Vec<GroupRef>,
    admins: BTreeMap<GroupRef, bool>,
) -> Result<(Vec<GroupRef>, BTreeMap<GroupRef, bool>)> {
    list_of_memberships(field, refs, admins, group_ref)
}

/// Checks memberships as [`memberships`] does, and each group by `check`.
fn list_of_memberships<G: Borrow<GroupRef>>(
    field: &dyn Display,
    refs: Vec<G>,
    mut admins: BTreeMap<GroupRef, bool>,
    check: impl FnMut(&dyn Display, G) -> Result<G>,
) -> Result<(Vec<G>, BTreeMap<GroupRef, bool>)> {
    if admins.is_empty() {
        return Ok((list_of_groups(field, refs, check)?, admins));
    }
    let given: Vec<Option<bool>> = refs.iter().map(|group| admins.remove(group.borrow())).collect();
    let groups = list_of_groups(field, refs, check)?;
    for (group, administers) in groups.iter().zip(given) {
        if let Some(administers) = administers {
            admins.insert(group.borrow().clone(), administers);
        }
    }
    Ok((groups, admins))
}

/// Checks one group, by name or by id.
pub fn group_ref(field: &dyn Display, group: GroupRef) -> Result<GroupRef> {
    Ok(match group {
        GroupRef::Name(name) => GroupRef::Name(group_name(field, &name)?),
        GroupRef::Id(id) => GroupRef::Id(group_id(field, id)?),
    })
}

/// Checks a group's id: for REST a decimal number that fits 64 bits, returned without leading
/// zeros; for SCIM 1 to 256 characters without control characters, returned as it is.
pub fn group_id(field: &dyn Display, id: GroupId) -> Result<GroupId> {
    let GroupId { kind, value } = id;
    let value = match kind {
        GroupIdKind::Rest => {
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            match value.parse::<u64>() {
                Ok(number) if digits => number.to_string(),
                _ => {
                    let message = format!(
                        "\"{}\" is not a group's id. Give a whole number that fits 64 bits.",
                        excerpt(&value)
                    );
                    return Err(invalid(Code::InvalidValue, field, message));
                }
            }
        }
        GroupIdKind::Scim => {
            line(field, &value, MAX_NAME)?;
            value
        }
    };
    Ok(GroupId { kind, value })
}

/// Checks the URL of a photo: absolute, `https`, without a user's name or password in it.
pub fn photo_url(field: &dyn Display, url: Option<String>) -> Result<Option<String>> {
    let Some(url) = url else { return Ok(None) };
    let url = line(field, &url, MAX_URL)?;
    let authority = url
        .split_at_checked("https://".len())
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https://"))
        .map_or("", |(_, rest)| rest)
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let plain = !url.contains(|c: char| c.is_whitespace() || "\"<>\\^`{|}".contains(c));
    if authority.is_empty() || authority.contains('@') || !plain {
        let message =
            format!("\"{}\" is not the URL of a photo. Give an absolute https URL.", excerpt(&url));
        return Err(invalid(Code::InvalidValue, field, message));
    }
    Ok(Some(url))
}

/// Checks a percentage, 0 to `maximum`.
pub fn percent(field: &dyn Display, percent: u32, maximum: u32) -> Result<()> {
    if percent > maximum {
        let message =
            format!("{percent} percent is out of range. Give a number from 0 to {maximum}.");
        return Err(invalid(Code::InvalidValue, field, message));
    }
    Ok(())
}

/// Checks a page size, 1 to 1000.
pub fn page_size(field: &dyn Display, size: Option<u32>) -> Result<Option<u32>> {
    match size {
        Some(size) if !PAGE_SIZES.contains(&size) => {
            let message = format!(
                "A page of {size} is out of range. Give a number from {} to {}.",
                PAGE_SIZES.start(),
                PAGE_SIZES.end()
            );
            Err(invalid(Code::PageSizeOutOfRange, field, message))
        }
        size => Ok(size),
    }
}

/// Checks what a user is to be billed as. `unrecognized` occurs only in results.
pub fn user_type(field: &dyn Display, user_type: Option<UserType>) -> Result<Option<UserType>> {
    match user_type {
        Some(UserType::Unrecognized) => Err(invalid(
            Code::InvalidValue,
            field,
            "The user type \"unrecognized\" occurs only in results. Give a type, or none to leave \
             it as it is.",
        )),
        user_type => Ok(user_type),
    }
}

/// Returns a caller's value as an error may repeat it: at most 64 characters, with unprintable
/// characters escaped.
pub fn excerpt(text: &str) -> String {
    let mut excerpt = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(MAX_EXCERPT) {
        if breaks_line(c) || is_invisible(c) {
            excerpt.extend(c.escape_unicode());
        } else {
            excerpt.push(c);
        }
    }
    if chars.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

/// Checks one line of text as [`line`] does, and that all of it is visible: two names that look the
/// same must be the same.
fn visible_line(field: &dyn Display, text: &str, max: usize) -> Result<String> {
    let checked = line(field, text, max)?;
    if has_invisible(&checked) {
        let message =
            format!("\"{}\" has a character that can't be seen. Remove it.", excerpt(&checked));
        return Err(invalid(Code::InvalidText, field, message));
    }
    Ok(checked)
}

/// Checks one line of text: trimmed, not empty, not too long, without control characters.
fn line(field: &dyn Display, text: &str, max: usize) -> Result<String> {
    let trimmed = text.trim();
    if (1..=max).contains(&trimmed.len()) && is_plain(trimmed) {
        return Ok(trimmed.to_owned());
    }
    let problem = if trimmed.is_empty() {
        "is empty. Give a text, or none to leave it as it is.".to_owned()
    } else if trimmed.contains(breaks_line) {
        "has a control character. Remove it.".to_owned()
    } else if trimmed.chars().nth(max).is_some() {
        format!("is too long. Give at most {max} characters.")
    } else {
        return Ok(trimmed.to_owned());
    };
    let message = format!("\"{}\" {problem}", excerpt(trimmed));
    Err(invalid(Code::InvalidText, field, message))
}

/// Returns whether a character is not allowed in a line of text.
fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn invalid(code: Code, field: &dyn Display, message: impl Into<String>) -> Error {
    Error::new(code, message).in_field(field.to_string())
}

#[cfg(test)]
mod tests;
