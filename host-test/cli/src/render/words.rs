//! Texts that several renderers share.

use std::borrow::Cow;

use super::hints;
use super::style::{ALARM, GOOD, HEADING, painted};
use crate::ids::user_id_of;
use host_test::retool::synchronization::{Guard, GuardReport, SeatChange};
use host_test::retool::types::{
    Certainty, Dialect, FieldChange, GroupId, GroupLink, UserId, UserType, Write, WriteKind,
};
use host_test::text::{printable, quoted};

pub(super) fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Auto => "auto",
        Dialect::V1 => "v1",
        Dialect::V2 => "v2",
        Dialect::Scim => "scim",
    }
}

pub(super) fn user_type(user_type: UserType) -> &'static str {
    match user_type {
        UserType::Default => "default",
        UserType::EndUser => "end-user",
        UserType::Mobile => "mobile",
        UserType::Embed => "embed",
        UserType::Unrecognized => "another type",
    }
}

/// Renders the address of an account, which may have none.
pub(super) fn address(email: Option<&str>) -> Cow<'_, str> {
    email.map_or("(no address)".into(), printable)
}

/// Returns the name of a person: the address, else the login, else the id.
pub(super) fn person<'a>(
    email: Option<&'a str>,
    login: Option<&'a str>,
    id: Option<&'a UserId>,
) -> &'a str {
    email.or(login).or(id.map(user_id_of)).unwrap_or("(no address)")
}

/// Returns a message about a person as one about anyone, so that equal reasons can be grouped.
pub(super) fn about_anyone(message: &str, person: &str) -> String {
    match message.strip_prefix(person) {
        Some(rest) => format!("This person{rest}"),
        None => message.replace(person, "this person"),
    }
}

pub(super) fn user_id(id: &UserId) -> String {
    printable(user_id_of(id)).into_owned()
}

/// Renders a group's name, or its id if there is no name.
pub(super) fn group(group: &GroupLink) -> String {
    named(group.name.as_deref(), Some(&group.id))
}

pub(super) fn named(name: Option<&str>, id: Option<&GroupId>) -> String {
    match (name, id) {
        (Some(name), _) => printable(name).into_owned(),
        (None, Some(GroupId::Rest(id) | GroupId::Scim(id))) => format!("#{}", printable(id)),
        (None, None) => "(a group without a name)".to_owned(),
    }
}

/// Renders a group's id without its kind.
pub(super) fn bare_group_id(id: &GroupId) -> String {
    let (GroupId::Rest(id) | GroupId::Scim(id)) = id;
    printable(id).into_owned()
}

/// Renders a field name, e.g. `first-name` as `first name`.
pub(super) fn field_name(field: &str) -> String {
    printable(field).replace('-', " ")
}

/// Renders a field's value: free text in quotation marks, words of a fixed list without.
fn value(field: &str, value: &str) -> String {
    match field {
        "admin" | "disabled" | "user-type" => printable(value).into_owned(),
        _ => quoted(value),
    }
}

/// Renders a change, e.g. `last name: "B" -> "C"`.
pub(super) fn change(change: &FieldChange) -> String {
    let FieldChange { field, before, after } = change;
    let [before, after] = [before, after].map(|side| match side {
        Some(side) => value(field, side),
        None => "(none)".to_owned(),
    });
    format!("{}: {before} -> {after}", field_name(field))
}

/// Returns whether the verb of the action, e.g. `disable`, already expresses this change.
pub(super) fn is_said(change: &FieldChange) -> bool {
    change.field == "disabled"
}

/// Returns the former address of a person, if the changes have a new one.
pub(super) fn former_email(changes: &[FieldChange]) -> Option<&str> {
    changes.iter().find(|change| change.field == "email")?.before.as_deref()
}

/// Renders the name of a person after the former one, e.g. `ada@x.com -> ada@y.com`.
pub(super) fn renamed(former: Option<&str>, name: &str) -> String {
    match former {
        Some(former) => format!("{} -> {}", printable(former), printable(name)),
        None => printable(name).into_owned(),
    }
}

/// Returns whether [`renamed`] already shows this change.
pub(super) fn is_new_email(change: &FieldChange) -> bool {
    change.field == "email" && change.before.is_some()
}

/// Returns whether the changes enable a disabled person.
pub(super) fn enables(changes: &[FieldChange]) -> bool {
    let enables =
        |change: &FieldChange| is_said(change) && change.after.as_deref() == Some("false");
    changes.iter().any(enables)
}

/// Renders a value that had no previous one, e.g. `last name: "C"`.
pub(super) fn setting(change: &FieldChange) -> String {
    let FieldChange { field, before: _, after } = change;
    let after = after.as_deref().map_or("(none)".to_owned(), |after| value(field, after));
    format!("{}: {after}", field_name(field))
}

/// Renders a write, e.g. `user created: ada@x.com` or `member added: ada@x.com to Engineering`.
pub(super) fn write(write: &Write) -> String {
    let Write { kind, subject, group, certainty } = write;
    let what = match kind {
        WriteKind::UserCreated => "user created",
        WriteKind::UserInvited => "user invited",
        WriteKind::UserUpdated => "user updated",
        WriteKind::UserRenamed => "user renamed",
        WriteKind::AttributeChanged => "attribute changed",
        WriteKind::UserDisabled => "user disabled",
        WriteKind::UserEnabled => "user enabled",
        WriteKind::UserDeleted => "user deleted",
        WriteKind::MemberAdded => "member added",
        WriteKind::MemberChanged => "member changed",
        WriteKind::MemberRemoved => "member removed",
        WriteKind::GroupCreated => "group created",
        WriteKind::GroupUpdated => "group updated",
        WriteKind::GroupDeleted => "group deleted",
        WriteKind::InvitationCancelled => "invitation cancelled",
        WriteKind::SessionsEnded => "sessions ended",
        WriteKind::TwoFactorReset => "second factor reset",
    };
    let place = match (kind, group) {
        (WriteKind::MemberAdded, Some(group)) => format!(" to {}", printable(group)),
        (WriteKind::MemberChanged, Some(group)) => format!(" in {}", printable(group)),
        (WriteKind::MemberRemoved, Some(group)) => format!(" from {}", printable(group)),
        _ => String::new(),
    };
    let doubt = match certainty {
        Certainty::Confirmed => "",
        Certainty::Unknown => " (the reply was lost: it may have taken effect)",
    };
    format!("{what}: {}{place}{doubt}", printable(subject))
}

/// Renders a number with its noun, e.g. `1 person` or `2 people`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Renders the changed seats, e.g. `Seats: default +1 -2 (40 -> 39), end-user +1 (0 -> 1)`; `None`
/// if no seat changes.
pub(super) fn seats(seats: &[SeatChange]) -> Option<String> {
    let changes: Vec<String> = seats
        .iter()
        .filter(|seat| seat.added > 0 || seat.removed > 0)
        .map(|seat| {
            let mut words = user_type(seat.user_type).to_owned();
            if seat.added > 0 {
                words += &format!(" +{}", seat.added);
            }
            if seat.removed > 0 {
                words += &format!(" -{}", seat.removed);
            }
            words + &format!(" ({} -> {})", seat.before, seat.after)
        })
        .collect();
    (!changes.is_empty()).then(|| format!("Seats: {}", changes.join(", ")))
}

/// Returns what a guard counts, and whether its limit is an upper or a lower bound.
pub(super) fn guard_name(guard: Guard) -> (&'static str, &'static str) {
    match guard {
        Guard::UserRemovals => ("user removals", "at most"),
        Guard::MemberRemovals => ("member removals", "at most"),
        Guard::MembershipRemovals => ("membership removals", "at most"),
        Guard::Creations => ("creations", "at most"),
        Guard::Promotions => ("promotions", "at most"),
        Guard::ReEnablements => ("re-enablements", "at most"),
        Guard::Updates => ("updates", "at most"),
        Guard::MemberAdditions => ("member additions", "at most"),
        Guard::ProtectedPeople => ("losses of protected people", "at most"),
        Guard::MinimumAdmins => ("administrators left", "at least"),
        Guard::RequiredAdmins => ("required administrators", "at least"),
        Guard::EmptyRoster => ("people on the roster", "at least"),
        Guard::IncompleteSnapshot => ("removals out of an incomplete listing", "at most"),
    }
}

/// Renders a guard, e.g. `user removals: 1, at most 3`. If it has tripped, adds its message and the
/// flag that helps.
pub(super) fn guard(report: &GuardReport) -> Vec<String> {
    let GuardReport { guard, subject, limit, actual, tripped, message } = report;
    let (name, bound) = guard_name(*guard);
    let subject = match subject {
        Some(subject) => format!(" ({})", printable(subject)),
        None => String::new(),
    };
    if *tripped {
        let mut lines = vec![format!(
            "{}  {name}{subject}: {actual}, {bound} {limit}. {}",
            painted(ALARM, "TRIPPED"),
            printable(message)
        )];
        lines.extend(hints::for_guard(*guard).map(|hint| format!("         {hint}")));
        lines
    } else {
        vec![format!("{}       {name}{subject}: {actual}, {bound} {limit}", painted(GOOD, "ok"))]
    }
}

/// Renders lines under a heading; returns an empty text if there are no lines.
pub(super) fn section(heading: &str, lines: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        if text.is_empty() {
            text = format!("\n{}\n", painted(HEADING, heading));
        }
        text += &format!("  {line}\n");
    }
    text
}
