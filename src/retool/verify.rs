//! Checks whether a change holds and whether it may be sent again, from the records that were
//! read.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use super::write_once::after_write;
use crate::domain::metadata::is_same_json;
use crate::domain::{
    AccessField, AccessSetting, Field, Group, GroupId, GroupPatch, User, UserPatch,
};
use crate::error::{Code, Error, Result};

/// Returns the first difference from the wanted state of a user after a change: a field of the
/// patch that was not set, or another field that was changed.
pub(super) fn user_difference(
    before: &User,
    patch: &UserPatch,
    now: &User,
) -> Option<Cow<'static, str>> {
    // The patch may give another address.
    if patch.email.is_none() && !now.is_same_person(before) {
        return Some("the address".into());
    }
    if let Some(email) = &patch.email
        && before.has_login(&before.email)
        && !now.has_login(email)
    {
        return Some("the login".into());
    }
    if let Some(change) = patch.differences(now).into_iter().next() {
        return Some(change.field);
    }
    let is_kept =
        |field: &Field| patch.wanted(*field).is_some() || field.of(before) == field.of(now);
    Field::ALL.iter().find(|field| !is_kept(field)).map(|field| field.as_str().into())
}

/// Returns the first field of the patch that was not set in the group, or the first of the other
/// access settings that was changed.
pub(super) fn group_difference(
    before: &Group,
    patch: &GroupPatch,
    now: &Group,
) -> Option<&'static str> {
    let GroupPatch { name, access } = patch;
    if name.as_ref().is_some_and(|name| now.name != *name) {
        return Some("the group's name");
    }
    let is_as_wanted = |field: &AccessField| {
        let wanted = field.of(access).or_else(|| field.of(&before.access));
        field.is_same(wanted, field.of(&now.access))
    };
    AccessField::ALL.into_iter().find(|field| !is_as_wanted(field)).map(AccessField::as_str)
}

/// Returns whether a change of a user may be sent again, given the current record. Fails if the
/// account has another address by now.
pub(super) fn user_may_be_sent_again(before: &User, patch: &UserPatch, now: &User) -> Result<bool> {
    if !now.is_same_person(before) && patch.email.as_ref() != Some(&now.email) {
        return Err(Error::new(
            Code::WrongPerson,
            "The account was given another address while it was being changed, so it was not written again. \
             Look at who it belongs to now.",
        )
        .about(before.email.as_str()));
    }
    // A value that another administrator set meanwhile must not be overwritten.
    let is_contested = |field: &Field| {
        let value = field.of(now);
        patch.wanted(*field).is_some_and(|asked| value != asked) && value != field.of(before)
    };
    let is_contested_key = |(key, asked): (&String, &Option<String>)| {
        let value =
            |user: &User| user.metadata.as_ref().and_then(|it| it.get(key)).map(String::from);
        let (before, now) = (value(before), value(now));
        !is_same_json(now.as_deref(), asked.as_deref())
            && !is_same_json(now.as_deref(), before.as_deref())
    };
    // The caller checked whether enough administrators remain when this user was not one.
    let takes_rights = patch.disabled == Some(true) || patch.admin == Some(false);
    let became_admin = now.is_enabled_admin() && !before.is_enabled_admin();
    let is_unsafe = Field::ALL.iter().any(is_contested)
        || patch.metadata.iter().any(is_contested_key)
        || (takes_rights && became_admin);
    Ok(!is_unsafe)
}

/// Returns whether a change of a group may be sent again, given the current record.
pub(super) fn group_may_be_sent_again(before: &Group, patch: &GroupPatch, now: &Group) -> bool {
    let GroupPatch { name, access } = patch;
    let is_contested = |asked: Option<&String>, before: Option<&String>, now: Option<&String>| {
        asked.is_some() && now != asked && now != before
    };
    let is_setting_contested = |asked: &AccessSetting| {
        let (field, value) = (asked.field, |group| asked.field.of(group));
        !asked.holds(&now.access) && !field.is_same(value(&now.access), value(&before.access))
    };
    !is_contested(name.as_ref(), Some(&before.name), Some(&now.name))
        && !access.iter().any(is_setting_contested)
}

/// Returns the error for a change that was accepted and does not hold.
pub(super) fn change_not_held(subject: &str, what: &str) -> Error {
    let message = format!(
        "The server accepted the change, but {what} did not hold when read back: the server or another administrator \
         changed it. Compare the record with what was asked for."
    );
    not_held(message, subject)
}

/// Returns the error for a disabled user that the server no longer shows.
pub(super) fn gone(subject: &str) -> Error {
    let message = "The server accepted that the account is disabled, and shows it no longer: it hides or deletes \
                   disabled accounts. Look for the account in Retool.";
    let mut error = not_held(message, subject);
    error.gone = true;
    error
}

/// Returns the error for additions to a group that were accepted and are not all visible.
pub(super) fn additions_not_held(group: &GroupId, missing: usize, all: usize) -> Error {
    let message = format!(
        "The server accepted the addition to the group, but {missing} of {all} people were not in it when read \
         back. Look at the group in Retool, then ask again."
    );
    not_held(message, &group.value)
}

/// Returns the error for a change of who administers a group that is not visible.
pub(super) fn administration_not_held(group: &GroupId) -> Error {
    let message = "The server accepted the change of who administers the group, but does not show it when read \
                   back. Look at the group in Retool.";
    not_held(message, &group.value)
}

/// Returns the error for a removal from a group that was accepted and is not visible.
pub(super) fn removal_not_held(group: &GroupId) -> Error {
    let message = "The server accepted the removal from the group, but the person was still in it when read back. \
                   Remove them in Retool, or ask again.";
    not_held(message, &group.value)
}

/// Returns the error for a write that was accepted and does not hold.
pub(super) fn not_held(message: impl Into<String>, subject: &str) -> Error {
    after_write(Error::new(Code::NotVerified, message).about(subject))
}

/// Returns the name of a record's field for messages. The name comes from the server, so only a
/// plain name is repeated, such as `seatType2` or `seat_type`. A name with both digits and
/// underscores is not repeated, because Retool's tokens look like this (`retool_01...`).
pub(super) fn field_name(field: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_like_a_token = field.contains('_') && field.contains(|c: char| c.is_ascii_digit());
    if field.len() <= 40 && field.bytes().all(is_plain) && !is_like_a_token {
        format!("the field {field}")
    } else {
        "a field of an odd name".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_field_names_are_repeated() {
        for plain in ["locale", "seatType2", "seat_type"] {
            assert_eq!(field_name(plain), format!("the field {plain}"));
        }
        let long = "a".repeat(41);
        for odd in ["retool_01abcdefghijklmnop", "two words", "line\nbreak", "naïve", &long] {
            assert_eq!(field_name(odd), "a field of an odd name", "{odd}");
        }
    }
}
