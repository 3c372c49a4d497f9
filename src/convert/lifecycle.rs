//! `lifecycle`.

use super::directory::organisation;
use super::{
    emails_in, field_change, group_link, group_ref_in, list, user, user_id_in, user_in,
    user_type_in, write,
};
use crate::bindings::exports::user_lifecycle::retool::lifecycle as wit;
use crate::domain::UserPatch;
use crate::error::{Code, Error, Result};
use crate::input;
use crate::lifecycle::{
    Arrival, Departure, DeprovisionOutcome, Deprovisioned, Mode, ProvisionOutcome, Provisioned,
    Restoration, RestoreOutcome, Restored, Tombstone,
};

/// The longest grace before a deletion, in days.
const MOST_DAYS: u32 = 3650;

/// A checked request.
pub fn arrival(request: wit::ProvisionRequest) -> Result<Arrival> {
    Ok(Arrival {
        email: input::email(&"request.email", &request.email)?,
        fields: UserPatch {
            first_name: input::name(&"request.first-name", request.first_name)?,
            last_name: input::name(&"request.last-name", request.last_name)?,
            user_type: input::user_type(&"request.user-type", request.user_type.map(user_type_in))?,
            admin: request.admin,
            disabled: None,
            profile_photo_url: input::photo_url(
                &"request.profile-photo-url",
                request.profile_photo_url,
            )?,
        },
        groups: input::group_refs(&"request.groups", list(request.groups, group_ref_in))?,
        create_missing_groups: request.create_missing_groups,
        create_missing: request.create_missing,
        update_existing: request.update_existing,
        re_enable_disabled: request.re_enable_disabled,
        skip_closed_groups: false,
    })
}

/// A result.
pub fn provisioned(done: Provisioned) -> wit::ProvisionResult {
    wit::ProvisionResult {
        outcome: match done.outcome {
            ProvisionOutcome::Created => wit::ProvisionOutcome::Created,
            ProvisionOutcome::ReEnabled => wit::ProvisionOutcome::ReEnabled,
            ProvisionOutcome::Updated => wit::ProvisionOutcome::Updated,
            ProvisionOutcome::Unchanged => wit::ProvisionOutcome::Unchanged,
        },
        user: user(done.user),
        changes: list(done.changes, field_change),
        differences: list(done.differences, field_change),
        groups_added: list(done.groups_added, group_link),
        groups_kept: list(done.groups_kept, group_link),
        groups_created: list(done.groups_created, group_link),
        invitation_sent: done.invitation_sent,
        remaining: done.remaining,
        writes: list(done.writes, write),
    }
}

/// A checked request.
pub fn departure(request: wit::DeprovisionRequest) -> Result<Departure> {
    Ok(Departure {
        email: input::email(&"request.email", &request.email)?,
        expected_id: request.expected_id.map(user_id_in),
        mode: match request.mode {
            wit::DeprovisionMode::Disable => Mode::Disable,
            wit::DeprovisionMode::DisableAndStripGroups => Mode::DisableAndStripGroups,
            wit::DeprovisionMode::Delete => Mode::Delete,
            wit::DeprovisionMode::DeleteOnceDisabled(days @ 1..=MOST_DAYS) => {
                Mode::DeleteOnceDisabled(days)
            }
            wit::DeprovisionMode::DeleteOnceDisabled(_) => {
                return Err(Error::new(
                    Code::InvalidValue,
                    "The number of days is out of range. Give 1 to 3650, or delete at once.",
                )
                .in_field("request.mode"));
            }
        },
        protected_people: input::emails(
            &"request.protected-people",
            emails_in(request.protected_people),
        )?,
        minimum_admins: request.minimum_admins.unwrap_or(1),
    })
}

/// A result, for an organisation.
pub fn deprovisioned(done: Deprovisioned, base_url: &str) -> wit::DeprovisionResult {
    wit::DeprovisionResult {
        outcome: match done.outcome {
            DeprovisionOutcome::Deleted => wit::DeprovisionOutcome::Deleted,
            DeprovisionOutcome::Deactivated => wit::DeprovisionOutcome::Deactivated,
            DeprovisionOutcome::AlreadyDeactivated => wit::DeprovisionOutcome::AlreadyDeactivated,
            DeprovisionOutcome::AlreadyGone => wit::DeprovisionOutcome::AlreadyGone,
        },
        tombstone: done.tombstone.map(|tombstone| wit::Tombstone {
            base_url: base_url.into(),
            user: user(tombstone.user),
            raw: tombstone.raw,
            recorded_at: tombstone.recorded_at,
        }),
        groups_removed: list(done.groups_removed, group_link),
        deletion_due: done.deletion_due,
        remaining: done.remaining,
        writes: list(done.writes, write),
    }
}

/// A checked request; the tombstone must be of the organisation at `base_url`.
pub fn restoration(request: wit::RestoreRequest, base_url: &str) -> Result<Restoration> {
    let tombstone = request.tombstone;
    let here = organisation(base_url)?;
    if !organisation(&tombstone.base_url).is_ok_and(|there| there == here) {
        return Err(Error::new(
            Code::InvalidValue,
            "The tombstone is of another organisation. Restore the person where they were.",
        )
        .in_field("request.tombstone.base-url"));
    }
    input::email(&"request.tombstone.user.email", &tombstone.user.email)?;
    Ok(Restoration {
        tombstone: Tombstone {
            user: user_in(tombstone.user),
            raw: tombstone.raw,
            recorded_at: tombstone.recorded_at,
        },
        re_create: request.re_create,
    })
}

/// A result.
pub fn restored(done: Restored) -> wit::RestoreResult {
    wit::RestoreResult {
        outcome: match done.outcome {
            RestoreOutcome::ReEnabled => wit::RestoreOutcome::ReEnabled,
            RestoreOutcome::ReCreated => wit::RestoreOutcome::ReCreated,
            RestoreOutcome::Updated => wit::RestoreOutcome::Updated,
            RestoreOutcome::Unchanged => wit::RestoreOutcome::Unchanged,
        },
        user: user(done.user),
        groups_added: list(done.groups_added, group_link),
        not_restored: done.not_restored,
        invitation_sent: done.invitation_sent,
        writes: list(done.writes, write),
    }
}
