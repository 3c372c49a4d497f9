//! `synchronization`.

use alloc::string::{String, ToString};

use super::{
    dialect, emails_in, error_detail, field_change, group_id, group_id_in, group_link,
    group_ref_in, list, user_id, user_id_in, user_type, user_type_in, write,
};
use crate::bindings::exports::user_lifecycle::retool::synchronization as wit;
use crate::domain::{Email, Field, FieldChange, UserPatch};
use crate::error::{Code, Error, Result};
use crate::input;
use crate::sync::report::{PersonOutcome, PersonReport, SyncReport};
use crate::sync::step::{StepOutcome, StepResult};
use crate::sync::{
    AbsentPolicy, DesiredUser, Guard, GuardLimits, GuardReport, MembershipPolicy, Plan, Policy,
    Refusal, SeatChange, Span, Step, StepKind, SyncRequest,
};

/// A checked request, with the contract's defaults filled in.
pub fn request(request: wit::SyncRequest) -> Result<SyncRequest> {
    let span = request
        .span
        .map(|span| Span { start: span.start, before: span.before })
        .unwrap_or_default();
    input::sync_request(SyncRequest {
        roster: list(request.roster, desired),
        span,
        policy: policy(request.policy),
    })
}

fn desired(entry: wit::RosterEntry) -> DesiredUser {
    DesiredUser {
        email: Email::new(&entry.email),
        fields: UserPatch {
            first_name: entry.first_name,
            last_name: entry.last_name,
            user_type: entry.user_type.map(user_type_in),
            admin: entry.admin,
            disabled: None,
            profile_photo_url: None,
        },
        groups: list(entry.groups, group_ref_in),
    }
}

fn policy(policy: wit::SyncPolicy) -> Policy {
    Policy {
        create_missing: policy.create_missing,
        update_existing: policy.update_existing,
        re_enable_disabled: policy.re_enable_disabled,
        absent: match policy.absent {
            wit::AbsentPolicy::Keep => AbsentPolicy::Keep,
            wit::AbsentPolicy::Disable => AbsentPolicy::Disable,
            wit::AbsentPolicy::Delete => AbsentPolicy::Delete,
        },
        memberships: match policy.memberships {
            wit::MembershipPolicy::Leave => MembershipPolicy::Leave,
            wit::MembershipPolicy::Add => MembershipPolicy::Add,
            wit::MembershipPolicy::Exact => MembershipPolicy::Exact,
        },
        managed_groups: list(policy.managed_groups, group_ref_in),
        create_missing_groups: policy.create_missing_groups,
        default_user_type: policy.default_user_type.map(user_type_in),
        guards: guard_limits(policy.guards),
    }
}

fn guard_limits(guards: wit::Guards) -> GuardLimits {
    let default = GuardLimits::default();
    GuardLimits {
        max_user_removal_percent: guards
            .max_user_removal_percent
            .unwrap_or(default.max_user_removal_percent),
        max_user_removal_floor: guards
            .max_user_removal_floor
            .unwrap_or(default.max_user_removal_floor),
        max_member_removal_percent: guards
            .max_member_removal_percent
            .unwrap_or(default.max_member_removal_percent),
        max_member_removal_floor: guards
            .max_member_removal_floor
            .unwrap_or(default.max_member_removal_floor),
        minimum_admins: guards.minimum_admins.unwrap_or(default.minimum_admins),
        required_admins: emails_in(guards.required_admins),
        protected_people: emails_in(guards.protected_people),
        allow_empty_roster: guards.allow_empty_roster,
    }
}

/// A plan.
pub fn plan(plan: Plan) -> wit::Plan {
    wit::Plan {
        digest: plan.digest,
        dialect: dialect(plan.dialect),
        steps: list(plan.steps, step),
        withheld: list(plan.withheld, step),
        unchanged: plan.unchanged.len() as u32,
        refusals: list(plan.refusals, refusal),
        seats: list(plan.seats, seat_change),
        guards: list(plan.guards, guard_report),
        limitations: plan.limitations,
    }
}

fn step(step: Step) -> wit::Step {
    wit::Step {
        kind: match step.kind {
            StepKind::CreateGroup => wit::StepKind::CreateGroup,
            StepKind::CreateUser => wit::StepKind::CreateUser,
            StepKind::EnableUser => wit::StepKind::EnableUser,
            StepKind::UpdateUser => wit::StepKind::UpdateUser,
            StepKind::AddMember => wit::StepKind::AddMember,
            StepKind::RemoveMember => wit::StepKind::RemoveMember,
            StepKind::DisableUser => wit::StepKind::DisableUser,
            StepKind::DeleteUser => wit::StepKind::DeleteUser,
        },
        email: step.email.map(|email| email.as_str().to_string()).unwrap_or_default(),
        user: step.user.map(user_id),
        group_name: step.group_name,
        group: step.group.map(group_id),
        changes: list(step.changes, field_change),
        precondition: step.precondition,
    }
}

/// A checked step.
pub fn step_in(step: wit::Step) -> Result<Step> {
    let kind = match step.kind {
        wit::StepKind::CreateGroup => StepKind::CreateGroup,
        wit::StepKind::CreateUser => StepKind::CreateUser,
        wit::StepKind::EnableUser => StepKind::EnableUser,
        wit::StepKind::UpdateUser => StepKind::UpdateUser,
        wit::StepKind::AddMember => StepKind::AddMember,
        wit::StepKind::RemoveMember => StepKind::RemoveMember,
        wit::StepKind::DisableUser => StepKind::DisableUser,
        wit::StepKind::DeleteUser => StepKind::DeleteUser,
    };
    let email = match kind {
        StepKind::CreateGroup => None,
        // Only whom a caller named is created.
        StepKind::CreateUser => Some(input::email(&"step.email", &step.email)?),
        _ => Some(step_email(&step.email)?),
    };
    let group_name =
        step.group_name.map(|name| input::group_name(&"step.group-name", &name)).transpose()?;
    let group = step.group.map(|id| input::group_id(&"step.group", group_id_in(id))).transpose()?;
    let changes = step.changes.into_iter().map(field_change_in).collect::<Result<_>>()?;
    Ok(Step {
        kind,
        email,
        user: step.user.map(user_id_in),
        group_name,
        group,
        changes,
        precondition: step.precondition,
    })
}

/// An address that a plan took from the server, which may hold what callers may not give.
fn step_email(email: &str) -> Result<Email> {
    let email = Email::new(email);
    if email.key().is_empty() {
        return Err(Error::new(Code::StepInvalid, "The step names nobody. Nothing was written.")
            .in_field("step.email"));
    }
    Ok(email)
}

fn field_change_in(change: wit::FieldChange) -> Result<FieldChange> {
    let field = Field::parse(&change.field).ok_or_else(|| {
        Error::new(
            Code::StepInvalid,
            "The step changes a field that no plan changes. Nothing was written.",
        )
        .in_field("step.changes")
    })?;
    let after = match field {
        Field::FirstName | Field::LastName => {
            input::name(&"step.changes", Some(change.after))?.unwrap_or_default()
        }
        Field::UserType | Field::Admin | Field::Disabled | Field::ProfilePhotoUrl => change.after,
    };
    Ok(FieldChange { field: field.as_str(), before: change.before, after })
}

fn refusal(refusal: Refusal) -> wit::PersonRefusal {
    wit::PersonRefusal {
        email: refusal.email.as_str().to_string(),
        code: refusal.reason.as_str().to_string(),
        message: refusal.message,
    }
}

fn guard_report(report: GuardReport) -> wit::GuardReport {
    wit::GuardReport {
        guard: match report.guard {
            Guard::UserRemovals => wit::Guard::UserRemovals,
            Guard::MemberRemovals => wit::Guard::MemberRemovals,
            Guard::MinimumAdmins => wit::Guard::MinimumAdmins,
            Guard::RequiredAdmins => wit::Guard::RequiredAdmins,
            Guard::EmptyRoster => wit::Guard::EmptyRoster,
            Guard::IncompleteSnapshot => wit::Guard::IncompleteSnapshot,
        },
        subject: report.subject,
        limit: report.limit,
        actual: report.actual,
        tripped: report.tripped,
        message: report.message,
    }
}

fn seat_change(change: SeatChange) -> wit::SeatChange {
    wit::SeatChange {
        user_type: user_type(change.user_type),
        added: change.added,
        removed: change.removed,
    }
}

/// What a step came to.
pub fn step_result(result: StepResult) -> wit::StepResult {
    let (outcome, reason) = match result.outcome {
        StepOutcome::Applied => (wit::StepOutcome::Applied, None),
        StepOutcome::Deactivated => (
            wit::StepOutcome::Applied,
            Some("The server only disabled the account; it does not delete.".into()),
        ),
        StepOutcome::AlreadySo => (wit::StepOutcome::AlreadySo, None),
        StepOutcome::Stale(reason) => (wit::StepOutcome::Stale, Some(reason)),
    };
    wit::StepResult { outcome, reason, writes: list(result.writes, write) }
}

/// What a sync came to.
pub fn report(report: SyncReport) -> wit::SyncReport {
    wit::SyncReport {
        digest: report.plan.digest,
        dialect: dialect(report.plan.dialect),
        people: list(report.people, person),
        groups_created: list(report.groups_created, group_link),
        groups_failed: list(report.groups_failed, |error| error_detail(error.into_detail())),
        seats: list(report.plan.seats, seat_change),
        guards: list(report.plan.guards, guard_report),
        limitations: report.plan.limitations,
        complete: report.complete,
        writes: list(report.writes, write),
    }
}

fn person(person: PersonReport) -> wit::PersonReport {
    let mut refusal: Option<String> = None;
    let mut failure = None;
    let outcome = match person.outcome {
        PersonOutcome::Created => wit::PersonOutcome::Created,
        PersonOutcome::Updated => wit::PersonOutcome::Updated,
        PersonOutcome::ReEnabled => wit::PersonOutcome::ReEnabled,
        PersonOutcome::Disabled => wit::PersonOutcome::Disabled,
        PersonOutcome::Deleted => wit::PersonOutcome::Deleted,
        PersonOutcome::Unchanged => wit::PersonOutcome::Unchanged,
        PersonOutcome::Refused(why) => {
            refusal = Some(why);
            wit::PersonOutcome::Refused
        }
        PersonOutcome::Stale(how) => {
            refusal = Some(how);
            wit::PersonOutcome::Stale
        }
        PersonOutcome::Failed(error) => {
            failure = Some(error_detail(error.into_detail()));
            wit::PersonOutcome::Failed
        }
    };
    wit::PersonReport {
        email: person.email.as_str().to_string(),
        user: person.user.map(user_id),
        outcome,
        changes: list(person.changes, field_change),
        groups_added: list(person.groups_added, group_link),
        groups_removed: list(person.groups_removed, group_link),
        refusal,
        failure,
    }
}
