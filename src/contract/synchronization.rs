//! `synchronization`.

use alloc::string::String;
use alloc::vec::Vec;

use super::{DialectCase, dialect_case, lifted, list, lowered};
use crate::abi::{Layout, Lift, Lower, Place, Shape, Source, cases, record};
use crate::domain::{
    Email, Field, FieldChange, GroupId, GroupLink, GroupRef, UserId, UserPatch, UserType, Write,
};
use crate::error::{Code, Detail, Error, Result};
use crate::input;
use crate::sync::report::{PersonOutcome, PersonReport, SyncReport};
use crate::sync::step::{StepOutcome, StepResult};
use crate::sync::{
    AbsentPolicy, DesiredUser, Guard, GuardLimits, GuardReport, MembershipPolicy, Plan, Policy,
    Refusal, RefusalReason, SeatChange, Span, Step, StepKind, SyncRequest,
};

record! {
    in struct RosterEntry {
        email: Email,
        first_name: Option<String>,
        last_name: Option<String>,
        user_type: Option<UserType>,
        admin: Option<bool>,
        groups: Vec<GroupRef>,
    }
}

fn desired(entry: RosterEntry) -> DesiredUser {
    let RosterEntry { email, first_name, last_name, user_type, admin, groups } = entry;
    let fields = UserPatch {
        first_name,
        last_name,
        user_type,
        admin,
        disabled: None,
        profile_photo_url: None,
    };
    DesiredUser { email, fields, groups }
}

lifted!(DesiredUser as RosterEntry, desired);

record!(in Span { start: Option<String>, before: Option<String>, });

cases!(AbsentPolicy { Keep, Disable, Delete });
cases!(MembershipPolicy { Leave, Add, Exact });

record! {
    in struct Guards {
        max_user_removal_percent: Option<u32>,
        max_user_removal_floor: Option<u32>,
        max_member_removal_percent: Option<u32>,
        max_member_removal_floor: Option<u32>,
        minimum_admins: Option<u32>,
        required_admins: Vec<Email>,
        protected_people: Vec<Email>,
        allow_empty_roster: bool,
    }
}

/// With the contract's defaults filled in.
fn guard_limits(guards: Guards) -> GuardLimits {
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
        required_admins: guards.required_admins,
        protected_people: guards.protected_people,
        allow_empty_roster: guards.allow_empty_roster,
    }
}

lifted!(GuardLimits as Guards, guard_limits);

record!(in Policy {
    create_missing: bool,
    update_existing: bool,
    re_enable_disabled: bool,
    absent: AbsentPolicy,
    memberships: MembershipPolicy,
    managed_groups: Vec<GroupRef>,
    create_missing_groups: bool,
    default_user_type: Option<UserType>,
    guards: GuardLimits,
});

record! {
    /// `sync-request`.
    in pub struct SyncRequestGiven {
        roster: Vec<DesiredUser>,
        span: Option<Span>,
        policy: Policy,
    }
}

/// A checked request.
pub fn request(request: SyncRequestGiven) -> Result<SyncRequest> {
    let SyncRequestGiven { roster, span, policy } = request;
    input::sync_request(SyncRequest { roster, span: span.unwrap_or_default(), policy })
}

cases!(StepKind {
    CreateGroup,
    CreateUser,
    EnableUser,
    UpdateUser,
    AddMember,
    RemoveMember,
    DisableUser,
    DeleteUser,
});

record! {
    out struct StepRecord<'a> {
        kind: StepKind,
        email: &'a str,
        user: &'a Option<UserId>,
        group_name: &'a Option<String>,
        group: &'a Option<GroupId>,
        changes: &'a [FieldChange],
        precondition: &'a str,
    }
}

fn step_record(step: &Step) -> StepRecord<'_> {
    StepRecord {
        kind: step.kind,
        email: step.email.as_ref().map_or("", Email::as_str),
        user: &step.user,
        group_name: &step.group_name,
        group: &step.group,
        changes: &step.changes,
        precondition: &step.precondition,
    }
}

lowered!(Step as StepRecord<'_>, step_record);

record! {
    in struct FieldChangeGiven {
        field: String,
        before: Option<String>,
        after: String,
    }
}

record! {
    /// `step`, as callers pass it.
    in pub struct StepGiven {
        kind: StepKind,
        email: String,
        user: Option<UserId>,
        group_name: Option<String>,
        group: Option<GroupId>,
        changes: Vec<FieldChangeGiven>,
        precondition: String,
    }
}

/// A checked step.
pub fn step(step: StepGiven) -> Result<Step> {
    let email = match step.kind {
        StepKind::CreateGroup => None,
        // Only whom a caller named is created.
        StepKind::CreateUser => Some(input::email(&"step.email", &step.email)?),
        _ => Some(step_email(&step.email)?),
    };
    let group_name =
        step.group_name.map(|name| input::group_name(&"step.group-name", &name)).transpose()?;
    let group = step.group.map(|id| input::group_id(&"step.group", id)).transpose()?;
    let changes = step.changes.into_iter().map(field_change).collect::<Result<_>>()?;
    Ok(Step {
        kind: step.kind,
        email,
        user: step.user,
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

fn field_change(change: FieldChangeGiven) -> Result<FieldChange> {
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

record! {
    out struct PersonRefusal<'a> {
        email: &'a Email,
        code: &'static str,
        message: &'a str,
    }
}

fn person_refusal(refusal: &Refusal) -> PersonRefusal<'_> {
    PersonRefusal {
        email: &refusal.email,
        code: RefusalReason::as_str(refusal.reason),
        message: &refusal.message,
    }
}

lowered!(Refusal as PersonRefusal<'_>, person_refusal);

cases!(Guard {
    UserRemovals,
    MemberRemovals,
    MinimumAdmins,
    RequiredAdmins,
    EmptyRoster,
    IncompleteSnapshot,
});

record!(out GuardReport {
    guard: Guard,
    subject: Option<String>,
    limit: u32,
    actual: u32,
    tripped: bool,
    message: String,
});

record!(out SeatChange { user_type: UserType, added: u32, removed: u32, });

record! {
    out struct PlanRecord<'a> {
        digest: &'a str,
        dialect: DialectCase,
        steps: &'a [Step],
        withheld: &'a [Step],
        unchanged: u32,
        refusals: &'a [Refusal],
        seats: &'a [SeatChange],
        guards: &'a [GuardReport],
        limitations: &'a [String],
    }
}

fn plan_record(plan: &Plan) -> PlanRecord<'_> {
    PlanRecord {
        digest: &plan.digest,
        dialect: dialect_case(Some(plan.dialect)),
        steps: &plan.steps,
        withheld: &plan.withheld,
        unchanged: plan.unchanged.len() as u32,
        refusals: &plan.refusals,
        seats: &plan.seats,
        guards: &plan.guards,
        limitations: &plan.limitations,
    }
}

lowered!(Plan as PlanRecord<'_>, plan_record);

#[derive(Clone, Copy)]
enum StepOutcomeCase {
    Applied,
    AlreadySo,
    Stale,
}

cases!(StepOutcomeCase { Applied, AlreadySo, Stale });

record! {
    out struct StepResultRecord<'a> {
        outcome: StepOutcomeCase,
        reason: Option<&'a str>,
        writes: &'a [Write],
    }
}

fn step_result(result: &StepResult) -> StepResultRecord<'_> {
    let (outcome, reason) = match &result.outcome {
        StepOutcome::Applied => (StepOutcomeCase::Applied, None),
        StepOutcome::Deactivated => (
            StepOutcomeCase::Applied,
            Some("The server only disabled the account; it does not delete."),
        ),
        StepOutcome::AlreadySo => (StepOutcomeCase::AlreadySo, None),
        StepOutcome::Stale(reason) => (StepOutcomeCase::Stale, Some(&**reason)),
    };
    StepResultRecord { outcome, reason, writes: &result.writes }
}

lowered!(StepResult as StepResultRecord<'_>, step_result);

#[derive(Clone, Copy)]
enum PersonOutcomeCase {
    Created,
    Updated,
    ReEnabled,
    Disabled,
    Deleted,
    Unchanged,
    Refused,
    Stale,
    Failed,
}

cases!(PersonOutcomeCase {
    Created,
    Updated,
    ReEnabled,
    Disabled,
    Deleted,
    Unchanged,
    Refused,
    Stale,
    Failed,
});

record! {
    out struct PersonRecord<'a> {
        email: &'a Email,
        user: &'a Option<UserId>,
        outcome: PersonOutcomeCase,
        changes: &'a [FieldChange],
        groups_added: &'a [GroupLink],
        groups_removed: &'a [GroupLink],
        refusal: Option<&'a str>,
        failure: Option<&'a Detail>,
    }
}

fn person_record(person: &PersonReport) -> PersonRecord<'_> {
    let mut refusal = None;
    let mut failure: Option<&Detail> = None;
    let outcome = match &person.outcome {
        PersonOutcome::Created => PersonOutcomeCase::Created,
        PersonOutcome::Updated => PersonOutcomeCase::Updated,
        PersonOutcome::ReEnabled => PersonOutcomeCase::ReEnabled,
        PersonOutcome::Disabled => PersonOutcomeCase::Disabled,
        PersonOutcome::Deleted => PersonOutcomeCase::Deleted,
        PersonOutcome::Unchanged => PersonOutcomeCase::Unchanged,
        PersonOutcome::Refused(why) => {
            refusal = Some(&**why);
            PersonOutcomeCase::Refused
        }
        PersonOutcome::Stale(how) => {
            refusal = Some(&**how);
            PersonOutcomeCase::Stale
        }
        PersonOutcome::Failed(error) => {
            failure = Some(error);
            PersonOutcomeCase::Failed
        }
    };
    PersonRecord {
        email: &person.email,
        user: &person.user,
        outcome,
        changes: &person.changes,
        groups_added: &person.groups_added,
        groups_removed: &person.groups_removed,
        refusal,
        failure,
    }
}

lowered!(PersonReport as PersonRecord<'_>, person_record);

record! {
    out struct SyncReportRecord<'a> {
        digest: &'a str,
        dialect: DialectCase,
        people: &'a [PersonReport],
        groups_created: &'a [GroupLink],
        groups_failed: Vec<&'a Detail>,
        seats: &'a [SeatChange],
        guards: &'a [GuardReport],
        limitations: &'a [String],
        complete: bool,
        writes: &'a [Write],
    }
}

fn sync_report(report: &SyncReport) -> SyncReportRecord<'_> {
    SyncReportRecord {
        digest: &report.plan.digest,
        dialect: dialect_case(Some(report.plan.dialect)),
        people: &report.people,
        groups_created: &report.groups_created,
        groups_failed: list(report.groups_failed.iter().collect(), |error: &Error| {
            let detail: &Detail = error;
            detail
        }),
        seats: &report.plan.seats,
        guards: &report.plan.guards,
        limitations: &report.plan.limitations,
        complete: report.complete,
        writes: &report.writes,
    }
}

lowered!(SyncReport as SyncReportRecord<'_>, sync_report);
