//! `lifecycle`.

use alloc::string::String;
use alloc::vec::Vec;

use super::directory::organisation;
use super::{UserGiven, lowered, user, variant_shape};
use crate::abi::{Layout, Lift, Lower, Place, Shape, Source, cases, record};
use crate::domain::{
    Email, FieldChange, GroupLink, GroupRef, User, UserId, UserPatch, UserType, Write,
};
use crate::error::{Code, Error, Result};
use crate::input;
use crate::lifecycle::{
    Arrival, Departure, DeprovisionOutcome, Deprovisioned, Mode, ProvisionOutcome, Provisioned,
    Restoration, RestoreOutcome, Restored, Tombstone,
};

/// The longest grace before a deletion, in days.
const MOST_DAYS: u32 = 3650;

record! {
    /// `provision-request`.
    in pub struct ProvisionRequest {
        email: String,
        first_name: Option<String>,
        last_name: Option<String>,
        user_type: Option<UserType>,
        admin: Option<bool>,
        profile_photo_url: Option<String>,
        groups: Vec<GroupRef>,
        create_missing_groups: bool,
        create_missing: bool,
        update_existing: bool,
        re_enable_disabled: bool,
    }
}

/// A checked request.
pub fn arrival(request: ProvisionRequest) -> Result<Arrival> {
    Ok(Arrival {
        email: input::email(&"request.email", &request.email)?,
        fields: UserPatch {
            first_name: input::name(&"request.first-name", request.first_name)?,
            last_name: input::name(&"request.last-name", request.last_name)?,
            user_type: input::user_type(&"request.user-type", request.user_type)?,
            admin: request.admin,
            disabled: None,
            profile_photo_url: input::photo_url(
                &"request.profile-photo-url",
                request.profile_photo_url,
            )?,
        },
        groups: input::group_refs(&"request.groups", request.groups)?,
        create_missing_groups: request.create_missing_groups,
        create_missing: request.create_missing,
        update_existing: request.update_existing,
        re_enable_disabled: request.re_enable_disabled,
        skip_closed_groups: false,
    })
}

cases!(ProvisionOutcome { Created, ReEnabled, Updated, Unchanged });

record! {
    out struct ProvisionResult<'a> {
        outcome: ProvisionOutcome,
        user: &'a User,
        changes: &'a [FieldChange],
        differences: &'a [FieldChange],
        groups_added: &'a [GroupLink],
        groups_kept: &'a [GroupLink],
        groups_created: &'a [GroupLink],
        invitation_sent: bool,
        remaining: &'a [String],
        writes: &'a [Write],
    }
}

fn provision_result(done: &Provisioned) -> ProvisionResult<'_> {
    ProvisionResult {
        outcome: done.outcome,
        user: &done.user,
        changes: &done.changes,
        differences: &done.differences,
        groups_added: &done.groups_added,
        groups_kept: &done.groups_kept,
        groups_created: &done.groups_created,
        invitation_sent: done.invitation_sent,
        remaining: &done.remaining,
        writes: &done.writes,
    }
}

lowered!(Provisioned as ProvisionResult<'_>, provision_result);

variant_shape!(Mode {
    "disable",
    "disable-and-strip-groups",
    "delete",
    "delete-once-disabled"(u32),
});

impl Lift for Mode {
    fn lift(from: &mut Source<'_>) -> Self {
        from.variant(Self::LAYOUT, |case, from| match case {
            0 => Mode::Disable,
            1 => Mode::DisableAndStripGroups,
            2 => Mode::Delete,
            _ => Mode::DeleteOnceDisabled(from.field()),
        })
    }
}

record! {
    /// `deprovision-request`.
    in pub struct DeprovisionRequest {
        email: String,
        expected_id: Option<UserId>,
        mode: Mode,
        protected_people: Vec<Email>,
        minimum_admins: Option<u32>,
    }
}

/// A checked request.
pub fn departure(request: DeprovisionRequest) -> Result<Departure> {
    if let Mode::DeleteOnceDisabled(days) = request.mode
        && !(1..=MOST_DAYS).contains(&days)
    {
        return Err(Error::new(
            Code::InvalidValue,
            "The number of days is out of range. Give 1 to 3650, or delete at once.",
        )
        .in_field("request.mode"));
    }
    Ok(Departure {
        email: input::email(&"request.email", &request.email)?,
        expected_id: request.expected_id,
        mode: request.mode,
        protected_people: input::emails(&"request.protected-people", request.protected_people)?,
        minimum_admins: request.minimum_admins.unwrap_or(1),
    })
}

cases!(DeprovisionOutcome { Deleted, Deactivated, AlreadyDeactivated, AlreadyGone });

/// A departure, from an organisation.
pub struct DepartureDone {
    /// What was done.
    pub done: Deprovisioned,
    /// The organisation.
    pub base_url: String,
}

record! {
    out struct TombstoneRecord<'a> {
        base_url: &'a str,
        user: &'a User,
        raw: &'a str,
        recorded_at: &'a str,
    }
}

record! {
    out struct DeprovisionResult<'a> {
        outcome: DeprovisionOutcome,
        tombstone: Option<TombstoneRecord<'a>>,
        groups_removed: &'a [GroupLink],
        deletion_due: &'a Option<String>,
        remaining: &'a [String],
        writes: &'a [Write],
    }
}

fn deprovision_result(departure: &DepartureDone) -> DeprovisionResult<'_> {
    let done = &departure.done;
    DeprovisionResult {
        outcome: done.outcome,
        tombstone: done.tombstone.as_ref().map(|tombstone| TombstoneRecord {
            base_url: &departure.base_url,
            user: &tombstone.user,
            raw: &tombstone.raw,
            recorded_at: &tombstone.recorded_at,
        }),
        groups_removed: &done.groups_removed,
        deletion_due: &done.deletion_due,
        remaining: &done.remaining,
        writes: &done.writes,
    }
}

lowered!(DepartureDone as DeprovisionResult<'_>, deprovision_result);

record! {
    in struct TombstoneGiven {
        base_url: String,
        user: UserGiven,
        raw: String,
        recorded_at: String,
    }
}

record! {
    /// `restore-request`.
    in pub struct RestoreRequest {
        tombstone: TombstoneGiven,
        re_create: bool,
    }
}

/// A checked request; the tombstone must be of the organisation at `base_url`.
pub fn restoration(request: RestoreRequest, base_url: &str) -> Result<Restoration> {
    let tombstone = request.tombstone;
    let here = organisation(base_url)?;
    if !organisation(&tombstone.base_url).is_ok_and(|there| there == here) {
        return Err(Error::new(
            Code::InvalidValue,
            "The tombstone is of another organisation. Restore the person where they were.",
        )
        .in_field("request.tombstone.base-url"));
    }
    input::email(&"request.tombstone.user.email", tombstone.user.email.as_str())?;
    Ok(Restoration {
        tombstone: Tombstone {
            user: user(tombstone.user),
            raw: tombstone.raw,
            recorded_at: tombstone.recorded_at,
        },
        re_create: request.re_create,
    })
}

cases!(RestoreOutcome { ReEnabled, ReCreated, Updated, Unchanged });

record!(out Restored {
    outcome: RestoreOutcome,
    user: User,
    groups_added: Vec<GroupLink>,
    not_restored: Vec<String>,
    invitation_sent: bool,
    writes: Vec<Write>,
});
