//! Writes what a plan needs and the dialect can't do, and which people it spares and why.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Notes;
use crate::domain::{Email, Field, WayIn};
use crate::sync::absence::Absence;
use crate::sync::{AbsentPolicy, DesiredUser, MembershipPolicy, Policy, Snapshot, SyncRequest};
use crate::time::format_iso;

/// The maximum number of people that a limitation names. Those who are removed for inactivity are
/// all named: nothing else in a plan says which removals of people on the roster are for that.
const MOST_NAMES: usize = 20;

/// Returns what the request needs and the dialect can't do, and what the listing lacks.
pub(super) fn limitations(
    request: &SyncRequest,
    snapshot: &Snapshot,
    absence: &Absence<'_>,
    notes: Notes,
) -> Vec<String> {
    let types_given = request.policy.default_user_type.is_some()
        || request.roster.iter().any(|desired| desired.fields.user_type.is_some());
    let mut limitations = Vec::new();
    let can = snapshot.dialect.capabilities();
    if !can.bills_seats && types_given {
        limitations.push(String::from(
            "This API has no user types: those of the roster are neither compared nor set.",
        ));
    }
    if !can.sets_admins && request.roster.iter().any(|desired| desired.fields.admin.is_some()) {
        limitations.push(String::from(
            "This API can't make a user an administrator: `admin` on the roster is neither compared nor set.",
        ));
    }
    let sets_photo =
        |desired: &DesiredUser| desired.fields.wanted(Field::ProfilePhotoUrl).is_some();
    if !can.sets_photos && request.roster.iter().any(sets_photo) {
        limitations.push(String::from(
            "This API can't set profile photos: those of the roster are neither compared nor set.",
        ));
    }
    if !can.sets_metadata
        && request.roster.iter().any(|desired| !desired.fields.metadata.is_empty())
    {
        limitations.push(String::from(
            "This API has no metadata: that of the roster is neither compared nor set.",
        ));
    }
    if snapshot.attributes.is_none()
        && request.roster.iter().any(|desired| !desired.details.attributes.is_empty())
    {
        limitations.push(String::from(match can.sets_attributes {
            false => {
                "This API has no user attributes: those of the roster are neither compared nor set."
            }
            true => {
                "This server has no request for user attributes (Retool has it from 3.20.1, and not on every plan): \
                 those of the roster are neither compared nor set."
            }
        }));
    }
    if notes.not_renamed {
        limitations.push(String::from(
            "This API can't change addresses: nobody with a former address is created, changed or removed. Change the \
             address in Retool.",
        ));
    }
    if !can.deletes_people && request.policy.absent == AbsentPolicy::Delete {
        limitations.push(String::from(
            "This API does not delete users for good: users to be deleted are disabled.",
        ));
    }
    let Notes { untyped, straddling, without_fields, invited_admins, .. } = notes;
    if untyped > 0 {
        limitations.push(format!(
            "The server does not report what the seats of {untyped} people are billed as: their types on the roster \
             are neither compared nor set."
        ));
    }
    if straddling > 0 {
        limitations.push(format!(
            "{straddling} people who are not on the roster have addresses inside and outside its span, and may be on \
             the roster of another part: they are neither disabled nor deleted. Sync without a span to remove them."
        ));
    }
    let asks_to_invite =
        request.roster.iter().any(|one| one.details.way_in == Some(WayIn::Invitation));
    if asks_to_invite && !can.create_invites && !can.sends_invitations {
        limitations.push(String::from(
            "This API sends no invitations: people who are missing and should be invited are refused.",
        ));
    }
    if without_fields > 0 {
        limitations.push(format!(
            "An invitation has no names, user type or other fields: those of {without_fields} people who are invited \
             are not set. A sync sets them once the invitation is accepted."
        ));
    }
    limitations.extend(about_group_admins(request, snapshot, invited_admins));
    limitations.extend(about_absence(request, snapshot, absence, &notes));
    limitations.extend(snapshot.others.unreadable.limitation());
    limitations
}

/// Returns what the request says about the administrators of groups and can't be done.
fn about_group_admins(
    request: &SyncRequest,
    snapshot: &Snapshot,
    invited: usize,
) -> Option<String> {
    let is_asked = request.policy.memberships != MembershipPolicy::Leave
        && request.roster.iter().any(|desired| !desired.details.group_admins.is_empty());
    if is_asked && !snapshot.dialect.capabilities().reports_group_admins {
        return Some(String::from(
            "This API does not say who administers a group: `group-admin` on the roster is neither compared nor set.",
        ));
    }
    (invited > 0).then(|| {
        format!(
            "{invited} people who are only invited should administer a group: they can once they have accepted. Sync \
             again then."
        )
    })
}

/// Returns what the policy for absent people could not do, and which people it spares.
fn about_absence(
    request: &SyncRequest,
    snapshot: &Snapshot,
    absence: &Absence<'_>,
    notes: &Notes,
) -> Vec<String> {
    let Policy { absent, absence: scope, inactive_for_days, .. } = &request.policy;
    let create_missing = &request.policy.create_missing;
    let mut limitations = Vec::new();
    if *absent == AbsentPolicy::Keep {
        return limitations;
    }
    let can = snapshot.dialect.capabilities();
    let spare = scope.spare_created_within_days;
    if notes.new > 0 {
        limitations.push(format!(
            "{} absent people are spared because their accounts were created less than {spare} days ago.",
            notes.new
        ));
    }
    if notes.undated > 0 {
        let why = match absence.has_clock() {
            true => "the server does not say when their accounts were created",
            false => NO_CLOCK,
        };
        limitations.push(format!(
            "{} absent people are spared because {why}: they may be less than {spare} days old.",
            notes.undated
        ));
    }
    if let Some(days) = inactive_for_days {
        let is_dated = |user: &&crate::domain::User| user.times.last_active_at.is_some();
        let dated = snapshot.users.iter().filter(is_dated).count();
        if !can.reports_activity {
            limitations.push(String::from(
                "This API does not say when people were last active: nobody is treated as inactive.",
            ));
        } else if dated == 0 && !snapshot.users.is_empty() {
            limitations.push(String::from(
                "The server says of nobody when they were last active: nobody is treated as inactive.",
            ));
        } else if !absence.has_clock() {
            limitations.push(format!("Nobody is treated as inactive because {NO_CLOCK}."));
        }
        if !notes.inactive.is_empty() {
            let again = match absent {
                AbsentPolicy::Delete if can.deletes_people && *create_missing => {
                    " They are on the roster, so a later sync creates those who were deleted again."
                }
                AbsentPolicy::Delete if can.deletes_people => "",
                _ => "",
            };
            limitations.push(format!(
                "{} people on the roster are treated as absent because they were last active more than {days} days \
                 ago: {}.{again}",
                notes.inactive.len(),
                names(&notes.inactive, usize::MAX)
            ));
        }
        if !notes.not_enabled.is_empty() {
            limitations.push(format!(
                "{} disabled people on the roster are not enabled because they were last active more than {days} days \
                 ago, and would be disabled again: {}. Whoever should have access must be enabled by hand and log in, \
                 or be protected.",
                notes.not_enabled.len(),
                names(&notes.not_enabled, usize::MAX)
            ));
        }
    }
    if let AbsentPolicy::DisableThenDelete(days) = absent {
        limitations.extend(about_grace(*days, can.deletes_people, notes));
    }
    limitations
}

/// Returns why disabled people are not deleted yet.
fn about_grace(days: u32, deletes_people: bool, notes: &Notes) -> Vec<String> {
    let mut limitations = Vec::new();
    if !deletes_people {
        limitations.push(String::from(
            "This API does not delete users for good: absent people stay disabled, however long they have been.",
        ));
        return limitations;
    }
    if let Some(due) = notes.first_due {
        limitations.push(format!(
            "{} absent people stay disabled until they have been so for {days} days; the first may be deleted at {}.",
            notes.waiting,
            format_iso(due)
        ));
    }
    if !notes.unrecorded.is_empty() {
        limitations.push(format!(
            "{} absent people stay disabled because `disabled-since` does not say since when: {}. Give the date from \
             the report or the tombstone of the call that disabled them, or delete them by hand.",
            notes.unrecorded.len(),
            names(&notes.unrecorded, MOST_NAMES)
        ));
    }
    if notes.no_clock > 0 {
        limitations.push(format!(
            "{} absent people stay disabled because {NO_CLOCK}. Delete them by hand.",
            notes.no_clock
        ));
    }
    limitations
}

/// Why nothing that depends on the time is done.
const NO_CLOCK: &str = "the server's answers carry no date";

/// Returns the names of people for a message, at most so many of them.
fn names(people: &[Email], most: usize) -> String {
    let mut text = String::new();
    for (at, email) in people.iter().take(most).enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        text.push_str(email.as_str());
    }
    if let Some(more @ 1..) = people.len().checked_sub(most) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
