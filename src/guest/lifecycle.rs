//! `lifecycle`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Answer, Component, call, contract, convert, list};
use crate::bindings::exports::user_lifecycle::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionPlan, DeprovisionRequest, DeprovisionResult,
    Guest, ProvisionOutcome, ProvisionRequest, ProvisionResult, ResetTwoFactorRequest,
    ResetTwoFactorResult, RestoreOutcome, RestoreReport, RestoreRequest, RestoreResult,
};
use crate::domain::{Email, Tombstone, UserId, UserPatch, UserRef, WayIn};
use crate::error::{Code, Error, Result};
use crate::http::BaseUrl;
use crate::input;
use crate::lifecycle::{
    self, Arrival, Departure, Mode, PersonRestored, Restoration, Restored, TwoFactorReset,
};
use crate::time::parse_iso;

/// The maximum number of days before a deletion.
const MOST_DAYS: u32 = 3650;

/// The maximum number of tombstones in one call.
const MOST_TOMBSTONES: usize = 10_000;

impl Guest for Component {
    fn provision(
        connection: contract::Connection,
        request: ProvisionRequest,
    ) -> Answer<ProvisionResult> {
        call(
            connection,
            |_| checked_provision(request),
            async |session, arrival| lifecycle::provision(&*session.directory, &arrival).await,
            |done, _| provision_result(done),
        )
    }

    fn deprovision(
        connection: contract::Connection,
        request: DeprovisionRequest,
    ) -> Answer<DeprovisionResult> {
        call(
            connection,
            |_| checked_deprovision(request),
            async |session, departure| {
                lifecycle::deprovision(&*session.directory, &departure, session.now).await
            },
            deprovision_result,
        )
    }

    fn plan_deprovision(
        connection: contract::Connection,
        request: DeprovisionRequest,
    ) -> Answer<DeprovisionPlan> {
        call(
            connection,
            |_| checked_deprovision(request),
            async |session, departure| {
                lifecycle::plan_deprovision(&*session.directory, &departure, session.now).await
            },
            deprovision_plan,
        )
    }

    fn restore(connection: contract::Connection, request: RestoreRequest) -> Answer<RestoreResult> {
        call(
            connection,
            |connection| checked_restore(request, &connection.base_url),
            async |session, restoration| {
                lifecycle::restore(&*session.directory, &restoration).await
            },
            restore_result,
        )
    }

    fn reset_two_factor(
        connection: contract::Connection,
        request: ResetTwoFactorRequest,
    ) -> Answer<ResetTwoFactorResult> {
        call(
            connection,
            |_| checked_reset(request),
            async |session, reset| lifecycle::reset_two_factor(&*session.directory, &reset).await,
            |done, _| ResetTwoFactorResult {
                user: convert::user(done.user),
                writes: convert::writes(done.writes),
            },
        )
    }
}

/// Checks a request.
fn checked_provision(request: ProvisionRequest) -> Result<Arrival> {
    let ProvisionRequest {
        email,
        login,
        former_emails,
        first_name,
        last_name,
        user_type,
        admin,
        profile_photo_url,
        metadata,
        attributes,
        clear,
        groups,
        create_missing_groups,
        create_missing,
        update_existing,
        re_enable_disabled,
        way_in,
        skip_lookup,
    } = request;
    let way_in = way_in.map(convert::given_way_in);
    let skip_lookup = given_skip_lookup(skip_lookup, way_in, create_missing)?;
    let (groups, group_admins) = convert::memberships(groups);
    let (groups, group_admins) = input::memberships(&"request.groups", groups, group_admins)?;
    let email = input::email(&"request.email", &email)?;
    let former = former_emails.iter().map(|email| Email::new(email)).collect();
    let former_emails = input::former_emails(&"request.former-emails", former, &email)?;
    if skip_lookup && !former_emails.is_empty() {
        return Err(Error::new(
            Code::InvalidValue,
            "Without a look-up nobody is found under a former address. Leave the former addresses or `skip-lookup` \
             out.",
        )
        .in_field("request.former-emails"));
    }
    let login = login.map(|login| input::login(&"request.login", &login)).transpose()?;
    let mut fields = UserPatch {
        first_name: input::name(&"request.first-name", first_name)?,
        last_name: input::name(&"request.last-name", last_name)?,
        user_type: input::user_type(&"request.user-type", user_type.map(convert::given_user_type))?,
        admin,
        profile_photo_url: input::photo_url(&"request.profile-photo-url", profile_photo_url)?,
        ..UserPatch::default()
    };
    let extras = convert::extras(metadata, attributes, clear);
    let attributes = input::extras(&"request", extras, &mut fields)?;
    Ok(Arrival {
        email,
        id: None,
        login,
        former_emails,
        fields,
        attributes,
        groups,
        group_admins,
        create_missing_groups,
        create_missing,
        update_existing,
        re_enable_disabled,
        skip_closed_groups: false,
        way_in,
        skip_fields_of_invitation: false,
        skip_lookup,
        keep_accounts: false,
    })
}

/// Reads whether an invitation is sent without a look-up. Nothing else can be done without one.
fn given_skip_lookup(
    given: Option<bool>,
    way_in: Option<WayIn>,
    create_missing: bool,
) -> Result<bool> {
    if given != Some(true) {
        return Ok(false);
    }
    let message = if way_in != Some(WayIn::Invitation) {
        "Only an invitation can be sent without looking the person up. Give `way-in` `invitation`, or leave \
         `skip-lookup` out."
    } else if !create_missing {
        "Without a look-up the person counts as missing, and creating missing people was not asked for. Set \
         `create-missing`, or leave `skip-lookup` out."
    } else {
        return Ok(true);
    };
    Err(Error::new(Code::InvalidValue, message).in_field("request.skip-lookup"))
}

fn provision_result(done: lifecycle::Provisioned) -> ProvisionResult {
    let lifecycle::Provisioned {
        outcome,
        user,
        changes,
        differences,
        groups_added,
        groups_kept,
        groups_created,
        // Always empty: a provision fails rather than skips a group that refuses the user.
        groups_closed: _,
        invitation_sent,
        remaining,
        writes,
    } = done;
    ProvisionResult {
        outcome: match outcome {
            lifecycle::ProvisionOutcome::Created => ProvisionOutcome::Created,
            lifecycle::ProvisionOutcome::Invited => ProvisionOutcome::Invited,
            lifecycle::ProvisionOutcome::Renamed => ProvisionOutcome::Renamed,
            lifecycle::ProvisionOutcome::ReEnabled => ProvisionOutcome::ReEnabled,
            lifecycle::ProvisionOutcome::Updated => ProvisionOutcome::Updated,
            lifecycle::ProvisionOutcome::Unchanged => ProvisionOutcome::Unchanged,
        },
        user: convert::user(user),
        changes: convert::field_changes(changes),
        differences: convert::field_changes(differences),
        groups_added: list(groups_added, convert::group_link),
        groups_kept: list(groups_kept, convert::group_link),
        groups_created: list(groups_created, convert::group_link),
        invitation_sent,
        remaining,
        writes: convert::writes(writes),
    }
}

/// Checks a request.
fn checked_deprovision(request: DeprovisionRequest) -> Result<Departure> {
    let DeprovisionRequest {
        user,
        expected_id,
        mode,
        disabled_since,
        protected_people,
        minimum_admins,
    } = request;
    let mode = match mode {
        DeprovisionMode::Disable => Mode::Disable,
        DeprovisionMode::DisableAndStripGroups => Mode::DisableAndStripGroups,
        DeprovisionMode::Delete => Mode::Delete,
        DeprovisionMode::DeleteOnceDisabled(days) if (1..=MOST_DAYS).contains(&days) => {
            Mode::DeleteOnceDisabled(days)
        }
        DeprovisionMode::DeleteOnceDisabled(_) => {
            return Err(Error::new(
                Code::InvalidValue,
                "The number of days is out of range. Give 1 to 3650, or delete at once.",
            )
            .in_field("request.mode"));
        }
    };
    let protected_people = convert::given_user_refs(protected_people);
    Ok(Departure {
        user: named_person(user)?,
        expected_id: given_expected_id(expected_id)?,
        mode,
        disabled_since: given_disabled_since(disabled_since, mode)?,
        protected_people: input::user_refs(&"request.protected-people", protected_people)?,
        minimum_admins: minimum_admins.unwrap_or(1),
    })
}

/// Checks a request.
fn checked_reset(request: ResetTwoFactorRequest) -> Result<TwoFactorReset> {
    let ResetTwoFactorRequest { user, expected_id } = request;
    Ok(TwoFactorReset { user: named_person(user)?, expected_id: given_expected_id(expected_id)? })
}

fn given_expected_id(id: Option<contract::UserId>) -> Result<Option<UserId>> {
    id.map(|id| input::user_id(&"request.expected-id", convert::given_user_id(id))).transpose()
}

/// Checks how the person is named.
fn named_person(user: contract::UserRef) -> Result<UserRef> {
    Ok(match convert::given_user_ref(user) {
        UserRef::Email(email) => {
            UserRef::Email(input::email(&"request.user.email", email.as_str())?)
        }
        who => input::user_ref(&"request.user", who)?,
    })
}

/// Reads since when an account is disabled. Only a deletion by age uses it.
fn given_disabled_since(given: Option<String>, mode: Mode) -> Result<Option<i64>> {
    let Some(text) = given else { return Ok(None) };
    let message = if !matches!(mode, Mode::DeleteOnceDisabled(_)) {
        "Only `delete-once-disabled` uses this date. Leave it out, or give that mode."
    } else if let Some(time) = parse_iso(&text) {
        return Ok(Some(time));
    } else {
        "This is not a time such as 2026-03-09T12:30:45Z. Give it as the result or the tombstone of the call \
         has it that disabled the account."
    };
    Err(Error::new(Code::InvalidValue, message).in_field("request.disabled-since"))
}

fn deprovision_result(done: lifecycle::Deprovisioned, base_url: &str) -> DeprovisionResult {
    let lifecycle::Deprovisioned {
        outcome,
        tombstone,
        groups_removed,
        deletion_due,
        remaining,
        writes,
    } = done;
    DeprovisionResult {
        outcome: deprovision_outcome(outcome),
        disabled_since: tombstone.as_ref().and_then(|record| record.disabled_since.clone()),
        tombstone: tombstone.map(|record| convert::tombstone(record, base_url)),
        groups_removed: list(groups_removed, convert::group_link),
        deletion_due,
        remaining,
        writes: convert::writes(writes),
    }
}

fn deprovision_outcome(outcome: lifecycle::DeprovisionOutcome) -> DeprovisionOutcome {
    match outcome {
        lifecycle::DeprovisionOutcome::Deleted => DeprovisionOutcome::Deleted,
        lifecycle::DeprovisionOutcome::Deactivated => DeprovisionOutcome::Deactivated,
        lifecycle::DeprovisionOutcome::AlreadyDeactivated => DeprovisionOutcome::AlreadyDeactivated,
        lifecycle::DeprovisionOutcome::AlreadyGone => DeprovisionOutcome::AlreadyGone,
    }
}

fn deprovision_plan(plan: lifecycle::DeparturePlan, base_url: &str) -> DeprovisionPlan {
    let lifecycle::DeparturePlan {
        outcome,
        tombstone,
        groups_to_remove,
        invitations_to_cancel,
        deletion_due,
        remaining,
    } = plan;
    DeprovisionPlan {
        outcome: deprovision_outcome(outcome),
        tombstone: tombstone.map(|record| convert::tombstone(record, base_url)),
        groups_to_remove: list(groups_to_remove, convert::group_link),
        invitations_to_cancel,
        deletion_due,
        remaining,
    }
}

/// Checks a request. Every tombstone must be of the organisation at `base_url`.
fn checked_restore(request: RestoreRequest, base_url: &str) -> Result<Restoration> {
    let RestoreRequest { tombstones, re_create, way_in } = request;
    if !(1..=MOST_TOMBSTONES).contains(&tombstones.len()) {
        return Err(Error::new(
            Code::InvalidValue,
            format!("Give 1 to {MOST_TOMBSTONES} tombstones in one call."),
        )
        .in_field("request.tombstones"));
    }
    let here = BaseUrl::parse(base_url)?.organisation();
    let mut seen = alloc::collections::BTreeSet::new();
    let mut people = Vec::with_capacity(tombstones.len());
    for (index, tombstone) in tombstones.into_iter().enumerate() {
        let field = format!("request.tombstones[{index}]");
        let tombstone = given_tombstone(&field, tombstone, &here)?;
        if !seen.insert(tombstone.user.email.clone()) {
            return Err(Error::new(
                Code::DuplicatePerson,
                "There are two tombstones of this person. Give the first one that was recorded.",
            )
            .in_field(field)
            .about(tombstone.user.email.as_str()));
        }
        people.push(tombstone);
    }
    let way_in = way_in.map(convert::given_way_in);
    Ok(Restoration { tombstones: people, re_create, way_in })
}

fn given_tombstone(field: &str, given: contract::Tombstone, here: &str) -> Result<Tombstone> {
    let contract::Tombstone { base_url, user, raw, disabled_since, recorded_at } = given;
    if !BaseUrl::parse(&base_url).is_ok_and(|there| there.organisation() == here) {
        return Err(Error::new(
            Code::InvalidValue,
            "The tombstone is of another organisation. Restore the person where they were.",
        )
        .in_field(format!("{field}.base-url")));
    }
    // An account without an address is found again by its id.
    if let Some(email) = &user.email {
        input::email(&format_args!("{field}.user.email"), email)?;
    }
    let user = convert::given_user(&format!("{field}.user"), user)?;
    Ok(Tombstone { user, raw, disabled_since, recorded_at })
}

fn restore_result(done: Restored, base_url: &str) -> RestoreResult {
    let Restored { people, writes } = done;
    let complete = people.iter().all(|person| person.outcome.is_ok());
    RestoreResult {
        people: list(people, |person| restore_report(person, base_url)),
        complete,
        writes: convert::writes(writes),
    }
}

fn restore_report(person: lifecycle::RestoreReport, base_url: &str) -> RestoreReport {
    let lifecycle::RestoreReport { email, id, outcome } = person;
    let mut report = RestoreReport {
        email: convert::address(email),
        id: convert::user_id(id),
        outcome: RestoreOutcome::Failed,
        user: None,
        groups_added: Vec::new(),
        not_restored: Vec::new(),
        invitation_sent: false,
        failure: None,
    };
    match outcome {
        Ok(done) => {
            let PersonRestored { outcome, user, groups_added, not_restored, invitation_sent } =
                done;
            report.outcome = match outcome {
                lifecycle::RestoreOutcome::ReEnabled => RestoreOutcome::ReEnabled,
                lifecycle::RestoreOutcome::ReCreated => RestoreOutcome::ReCreated,
                lifecycle::RestoreOutcome::Invited => RestoreOutcome::Invited,
                lifecycle::RestoreOutcome::Updated => RestoreOutcome::Updated,
                lifecycle::RestoreOutcome::Unchanged => RestoreOutcome::Unchanged,
            };
            report.user = Some(convert::user(user));
            report.groups_added = list(groups_added, convert::group_link);
            report.not_restored = not_restored;
            report.invitation_sent = invitation_sent;
        }
        Err(error) => report.failure = Some(convert::error_detail(error, base_url)),
    }
    report
}
