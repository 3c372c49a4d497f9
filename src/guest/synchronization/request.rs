//! Checks requests of `synchronization` and converts them from the contract.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::wit;
use crate::admins::AdminGuard;
use crate::domain::{
    Dialect, EMAIL, Email, Field, FieldChange, SharedRefs, UserId, UserPatch, UserRef,
};
use crate::error::{Code, Error, Result};
use crate::guest::{contract, convert, list};
use crate::http::BaseUrl;
use crate::input;
use crate::sync::absence::{AbsenceScope, DisabledRecord};
use crate::sync::{
    AbsentPolicy, DesiredUser, Details, GuardLimits, LOGIN, Limit, MembershipPolicy, Policy, Span,
    Step, StepKind, SyncRequest,
};
use crate::time::parse_iso;

/// Checks a request. Returns the digest that its plan must have besides.
pub fn checked_request(request: wit::SyncRequest) -> Result<(SyncRequest, Option<String>)> {
    let wit::SyncRequest { roster, span, policy, disabled_since, expected_digest } = request;
    let mut groups = SharedRefs::default();
    // Collecting results would let it grow step by step, to up to twice its size.
    let mut entries = Vec::with_capacity(roster.len());
    for (index, entry) in roster.into_iter().enumerate() {
        entries.push(desired(index, entry, &mut groups)?);
    }
    let request = input::sync_request(SyncRequest {
        roster: entries,
        span: given_span(span),
        policy: given_policy(policy)?,
        disabled_since: { disabled_since.into_iter().enumerate() }
            .map(|(at, record)| disabled_record(at, record))
            .collect::<Result<_>>()?,
    })?;
    Ok((request, expected_digest))
}

fn disabled_record(at: usize, record: wit::DisabledRecord) -> Result<DisabledRecord> {
    let wit::DisabledRecord { user, since } = record;
    let Some(since) = parse_iso(&since) else {
        let message = "This is not a time such as 2026-03-09T12:30:45Z. Give it as the report or the tombstone of the \
                       call has it that disabled the account.";
        return Err(Error::new(Code::InvalidValue, message)
            .in_field(format!("request.disabled-since[{at}].since")));
    };
    Ok(DisabledRecord { user: convert::given_user_id(user), since })
}

pub fn given_span(span: Option<wit::EmailSpan>) -> Span {
    span.map_or_else(Span::default, |span| Span { start: span.start, before: span.before })
}

fn desired(index: usize, entry: wit::RosterEntry, shared: &mut SharedRefs) -> Result<DesiredUser> {
    let wit::RosterEntry {
        user,
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
        way_in,
    } = entry;
    let field = format_args!("request.roster[{index}]");
    let (address, by) = match (convert::given_user_ref(user), email) {
        (UserRef::Email(address), None) => (address, None),
        (UserRef::Email(_), Some(_)) => {
            return Err(Error::new(
                Code::InvalidValue,
                "The person is named by address, so the address is given twice. Give it once.",
            )
            .in_field(format!("{field}.email")));
        }
        (who, None) => (Email::new(""), Some(who)),
        (who, Some(email)) => (input::email(&format_args!("{field}.email"), &email)?, Some(who)),
    };
    let (groups, group_admins) = convert::memberships(groups);
    let mut fields = UserPatch {
        first_name,
        last_name,
        user_type: user_type.map(convert::given_user_type),
        admin,
        profile_photo_url,
        ..UserPatch::default()
    };
    let extras = convert::extras(metadata, attributes, clear);
    let attributes = input::extras(&field, extras, &mut fields)?;
    let way_in = way_in.map(convert::given_way_in);
    let former_emails = former_emails.iter().map(|email| Email::new(email)).collect();
    Ok(DesiredUser {
        email: address,
        fields,
        groups: list(groups, |group| shared.get(group)),
        details: Details { by, login, former_emails, attributes, group_admins, way_in }.into(),
    })
}

pub fn given_policy(policy: wit::SyncPolicy) -> Result<Policy> {
    let wit::SyncPolicy {
        create_missing,
        update_existing,
        re_enable_disabled,
        leave_disabled,
        absent,
        absence_scope,
        inactive_for_days,
        memberships,
        managed_groups,
        create_missing_groups,
        default_user_type,
        guards,
    } = policy;
    Ok(Policy {
        create_missing,
        update_existing,
        re_enable_disabled,
        leave_disabled: leave_disabled.unwrap_or(false),
        absent: match absent {
            wit::AbsentPolicy::Keep => AbsentPolicy::Keep,
            wit::AbsentPolicy::Disable => AbsentPolicy::Disable,
            wit::AbsentPolicy::Delete => AbsentPolicy::Delete,
            wit::AbsentPolicy::DisableThenDelete(days) => AbsentPolicy::DisableThenDelete(days),
        },
        absence: absence_scope.map(given_absence_scope).unwrap_or_default(),
        inactive_for_days,
        memberships: match memberships {
            wit::MembershipPolicy::Leave => MembershipPolicy::Leave,
            wit::MembershipPolicy::Add => MembershipPolicy::Add,
            wit::MembershipPolicy::Exact => MembershipPolicy::Exact,
        },
        managed_groups: list(managed_groups, convert::given_group_ref),
        create_missing_groups,
        default_user_type: default_user_type.map(convert::given_user_type),
        guards: given_guards(guards)?,
    })
}

/// Converts the scope of absence, with the contract's defaults filled in.
fn given_absence_scope(scope: wit::AbsenceScope) -> AbsenceScope {
    let wit::AbsenceScope { domains, members_of, spare_created_within_days, without_address } =
        scope;
    AbsenceScope {
        domains,
        members_of: list(members_of, convert::given_group_ref),
        spare_created_within_days: spare_created_within_days.unwrap_or(0),
        without_address: without_address.unwrap_or(false),
    }
}

/// Converts the limits, with the contract's defaults filled in.
fn given_guards(guards: wit::Guards) -> Result<GuardLimits> {
    let wit::Guards {
        user_removals,
        member_removals,
        membership_removals,
        creations,
        promotions,
        re_enablements,
        updates,
        member_additions,
        minimum_admins,
        required_admins,
        protected_people,
        allow_empty_roster,
    } = guards;
    let default = GuardLimits::default();
    let limit = |given: Option<wit::GuardLimit>, default: Limit| match given {
        None => default,
        Some(wit::GuardLimit { percent, floor }) => Limit {
            percent: percent.unwrap_or(default.percent),
            floor: floor.unwrap_or(default.floor),
        },
    };
    Ok(GuardLimits {
        user_removals: limit(user_removals, default.user_removals),
        member_removals: limit(member_removals, default.member_removals),
        membership_removals: limit(membership_removals, default.membership_removals),
        creations: limit(creations, default.creations),
        promotions: limit(promotions, default.promotions),
        re_enablements: limit(re_enablements, default.re_enablements),
        updates: limit(updates, default.updates),
        member_additions: limit(member_additions, default.member_additions),
        minimum_admins: minimum_admins.unwrap_or(default.minimum_admins),
        required_admins: convert::given_user_refs(required_admins),
        protected_people: convert::given_user_refs(protected_people),
        allow_empty_roster,
    })
}

/// A step that was checked.
pub struct CheckedStep {
    /// The step.
    pub step: Step,
    /// The dialect that it was planned for.
    pub dialect: Dialect,
    /// What must be true of the administrators after it.
    pub guard: AdminGuard,
}

/// Checks a step, which must be of the organisation at `base_url`.
pub fn checked_step(step: wit::Step, base_url: &str) -> Result<CheckedStep> {
    let wit::Step {
        kind,
        organisation,
        dialect,
        minimum_admins,
        required_admins,
        email,
        user,
        group_name,
        group,
        group_admin,
        changes,
        precondition,
    } = step;
    if BaseUrl::parse(base_url)?.organisation() != organisation {
        return Err(invalid_step(
            "step.organisation",
            "The step was planned for another organisation. Apply it where it was planned; \
             nothing was sent.",
        ));
    }
    let dialect = match dialect {
        contract::Dialect::V1 => Dialect::V1,
        contract::Dialect::V2 => Dialect::V2,
        contract::Dialect::Scim => Dialect::Scim,
        contract::Dialect::Auto => {
            return Err(invalid_step(
                "step.dialect",
                "No step is planned for `auto`. Give the step as it is in the plan.",
            ));
        }
    };
    let kind = given_step_kind(kind)?;
    let user = user.map(convert::given_user_id);
    let email = match kind {
        StepKind::CreateGroup => None,
        // A user to create is from a roster, so the address follows the rules for callers.
        StepKind::CreateUser | StepKind::InviteUser | StepKind::RenameUser => {
            Some(input::email(&"step.email", email.as_deref().unwrap_or_default())?)
        }
        _ => Some(step_email(email.as_deref(), user.as_ref())?),
    };
    let group_name = group_name
        .map(|name| match group {
            // A name that a plan took from the server.
            Some(_) => input::listed_group_name(&"step.group-name", &name),
            None => input::group_name(&"step.group-name", &name),
        })
        .transpose()?;
    let group = group.map(convert::given_group_id);
    let step = Step {
        kind,
        email,
        user,
        group_name,
        group: group.map(|id| input::group_id(&"step.group", id)).transpose()?,
        group_admin,
        changes: changes.into_iter().map(given_change).collect::<Result<_>>()?,
        precondition,
    };
    let guard = AdminGuard {
        minimum: minimum_admins,
        required: convert::given_user_refs(required_admins),
        ..AdminGuard::default()
    };
    Ok(CheckedStep { step, dialect, guard })
}

pub fn given_step_kind(kind: wit::StepKind) -> Result<StepKind> {
    Ok(match kind {
        wit::StepKind::CreateGroup => StepKind::CreateGroup,
        wit::StepKind::CreateUser => StepKind::CreateUser,
        wit::StepKind::InviteUser => StepKind::InviteUser,
        wit::StepKind::EnableUser => StepKind::EnableUser,
        wit::StepKind::UpdateUser => StepKind::UpdateUser,
        wit::StepKind::ChangeAttributes => StepKind::ChangeAttributes,
        wit::StepKind::AddMember => StepKind::AddMember,
        wit::StepKind::ChangeMember => StepKind::ChangeMember,
        wit::StepKind::RemoveMember => StepKind::RemoveMember,
        wit::StepKind::DisableUser => StepKind::DisableUser,
        wit::StepKind::DeleteUser => StepKind::DeleteUser,
        wit::StepKind::CancelInvitation => StepKind::CancelInvitation,
        wit::StepKind::RenameUser => StepKind::RenameUser,
        wit::StepKind::ChangeGroup => {
            return Err(invalid_step("step.kind", NO_SUCH_STEP));
        }
    })
}

/// Checks an address that a plan took from the server. It may break the rules for addresses from
/// callers. An account without one is named by its id.
fn step_email(email: Option<&str>, user: Option<&UserId>) -> Result<Email> {
    match (email.map(Email::new), user) {
        (Some(email), _) if email.is_address() => Ok(email),
        (None, Some(id)) => Ok(Email::stand_in(id, None)),
        _ => Err(invalid_step("step.email", "The step has no address. Nothing was written.")),
    }
}

fn given_change(change: contract::FieldChange) -> Result<FieldChange> {
    let contract::FieldChange { field, before, after } = change;
    if field == LOGIN {
        let after = input::login(&"step.changes", after.as_deref().unwrap_or_default())?;
        return Ok(FieldChange { field: LOGIN.into(), before, after: Some(after) });
    }
    if field == EMAIL {
        let after = input::email(&"step.changes", after.as_deref().unwrap_or_default())?;
        return Ok(FieldChange { field: EMAIL.into(), before, after: Some(after.into_string()) });
    }
    let Some(field) = Field::parse(&field) else {
        let change = FieldChange { field: field.into(), before, after };
        if change.metadata_key().is_none() && change.attribute().is_none() {
            return Err(invalid_step(
                "step.changes",
                "The step changes a field that no plan changes. Nothing was written.",
            ));
        }
        input::extra_change(&"step.changes", &change)?;
        return Ok(change);
    };
    let after = match field {
        Field::FirstName | Field::LastName => input::name(&"step.changes", after)?,
        Field::ProfilePhotoUrl => input::photo_url(&"step.changes", after)?,
        Field::UserType | Field::Admin | Field::Disabled => after,
    };
    if after.is_none() && !field.is_clearable() {
        return Err(invalid_step(
            "step.changes.after",
            "The step clears a field that can't be cleared. Nothing was written.",
        ));
    }
    Ok(FieldChange { field: field.as_str().into(), before, after })
}

/// The message for a kind of step that the contract has and no plan of this version.
const NO_SUCH_STEP: &str =
    "No plan has a step of this kind. Give the step as it is in the plan. Nothing was written.";

fn invalid_step(field: &str, message: &str) -> Error {
    Error::new(Code::StepInvalid, message).in_field(field)
}
