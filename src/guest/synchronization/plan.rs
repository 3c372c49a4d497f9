//! Converts a plan that a caller gives back, without loss for what its digest covers: a plan that
//! says anything that this version does not read is refused.

use alloc::format;
use alloc::vec::Vec;

use super::request::{given_policy, given_span, given_step_kind};
use super::wit;
use crate::admins::AdminGuard;
use crate::domain::{Dialect, EMAIL, Email, Field, FieldChange, Tombstone, UserId};
use crate::error::{Error, Result};
use crate::guest::{contract, convert, list};
use crate::http::BaseUrl;
use crate::input;
use crate::sync::apply::{Approved, Part, altered};
use crate::sync::{
    Guard, GuardReport, LOGIN, Plan, PlanContext, Refusal, RefusalReason, SeatChange, Step,
    StepKind,
};

/// Checks that a plan is the approved one, and that it is of the organisation at `base_url`.
pub fn approved(request: wit::ApplyPlanRequest, base_url: &str) -> Result<Approved> {
    let wit::ApplyPlanRequest { plan, approved_digest, first, count } = request;
    let organisation = BaseUrl::parse(base_url)?.organisation();
    let plan = given_plan(plan)?;
    let approved = Approved::check(plan, &approved_digest, Part { first, count }, &organisation)?;
    for (index, step) in approved.steps() {
        check_values(step).map_err(|error| in_plan(error, "step", &format!("steps[{index}]")))?;
    }
    Ok(approved)
}

/// Converts a plan.
fn given_plan(plan: wit::Plan) -> Result<Plan> {
    let wit::Plan {
        digest,
        inputs_digest,
        organisation,
        dialect,
        span,
        policy,
        made_at,
        steps,
        withheld,
        tombstones,
        unchanged,
        refusals,
        seats,
        guards,
        limitations,
    } = plan;
    let policy =
        given_policy(policy).map_err(|error| in_plan(error, "request.policy", "policy"))?;
    let context = PlanContext {
        organisation,
        dialect: given_dialect(dialect)?,
        span: given_span(span),
        policy,
    };
    let given_steps = |steps: Vec<wit::Step>, name: &str| {
        let steps = steps.into_iter().enumerate();
        steps
            .map(|(index, step)| {
                given_step(step, &context)
                    .map_err(|error| in_plan(error, "step", &format!("{name}[{index}]")))
            })
            .collect::<Result<Vec<_>>>()
    };
    let (steps, withheld) = (given_steps(steps, "steps")?, given_steps(withheld, "withheld")?);
    let tombstones = tombstones.into_iter().enumerate();
    let tombstones = tombstones
        .map(|(index, tombstone)| {
            let field = format!("request.plan.tombstones[{index}].user");
            given_tombstone(&field, tombstone, &context.organisation)
        })
        .collect::<Result<_>>()?;
    Ok(Plan {
        digest,
        inputs_digest,
        context,
        made_at,
        steps,
        withheld,
        tombstones,
        unchanged: Vec::new(),
        unchanged_count: unchanged,
        refusals: refusals.into_iter().map(given_refusal).collect::<Result<_>>()?,
        seats: seats.into_iter().map(given_seats).collect::<Result<_>>()?,
        guards: list(guards, given_guard),
        limitations,
    })
}

fn given_dialect(dialect: contract::Dialect) -> Result<Dialect> {
    match dialect {
        contract::Dialect::V1 => Ok(Dialect::V1),
        contract::Dialect::V2 => Ok(Dialect::V2),
        contract::Dialect::Scim => Ok(Dialect::Scim),
        contract::Dialect::Auto => Err(altered("No plan is made for `auto`")),
    }
}

/// Converts a step of a plan. What each step says about the plan as a whole must agree with it.
fn given_step(step: wit::Step, context: &PlanContext) -> Result<Step> {
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
    let guards = &context.policy.guards;
    let guard = AdminGuard {
        minimum: minimum_admins,
        required: convert::given_user_refs(required_admins),
        ..AdminGuard::default()
    };
    let agrees = organisation == context.organisation
        && given_dialect(dialect)? == context.dialect
        && guard.minimum == guards.minimum_admins
        && guard.required == guards.required_admins;
    if !agrees {
        return Err(altered("A step does not agree with its plan"));
    }
    let user = user.map(convert::given_user_id);
    Ok(Step {
        kind: given_step_kind(kind)?,
        email: given_address(email.as_deref(), user.as_ref(), None),
        user,
        group_name,
        group: group.map(convert::given_group_id),
        group_admin,
        changes: changes.into_iter().map(given_change).collect::<Result<_>>()?,
        precondition,
    })
}

/// Converts the address of a person. An account without one is named by its id.
fn given_address(email: Option<&str>, user: Option<&UserId>, login: Option<&str>) -> Option<Email> {
    email.map(Email::new).or_else(|| user.map(|id| Email::stand_in(id, login)))
}

fn given_change(change: contract::FieldChange) -> Result<FieldChange> {
    let contract::FieldChange { field, before, after } = change;
    let is_clearable = match Field::parse(&field) {
        Some(field) => field.is_clearable(),
        None => field != LOGIN && field != EMAIL,
    };
    let is_known = Field::parse(&field).is_some() || field == LOGIN || field == EMAIL;
    let change = FieldChange { field: field.into(), before, after };
    if !is_known && change.metadata_key().is_none() && change.attribute().is_none() {
        return Err(altered("A step changes a field that no plan changes"));
    }
    if change.after.is_none() && !is_clearable {
        return Err(altered("A step clears a field that no plan clears"));
    }
    Ok(change)
}

/// Checks the values of a step that a plan takes from a roster, and that a server would have to
/// take. A plan has passed this check when it was made.
fn check_values(step: &Step) -> Result<()> {
    let (email, name) = (step.email.as_ref(), step.group_name.as_deref().unwrap_or_default());
    match step.kind {
        StepKind::CreateUser | StepKind::InviteUser | StepKind::RenameUser => {
            input::email(&"step.email", email.map(Email::as_str).unwrap_or_default())?;
        }
        StepKind::CreateGroup => {
            input::group_name(&"step.group-name", name)?;
        }
        _ => {}
    }
    if let Some(id) = &step.group {
        input::group_id(&"step.group", id.clone())?;
    }
    for change in &step.changes {
        if change.field == LOGIN {
            input::login(&"step.changes", change.after.as_deref().unwrap_or_default())?;
        }
        input::extra_change(&"step.changes", change)?;
        let after = change.after.clone();
        match Field::parse(&change.field) {
            Some(Field::FirstName | Field::LastName) => drop(input::name(&"step.changes", after)?),
            Some(Field::ProfilePhotoUrl) => drop(input::photo_url(&"step.changes", after)?),
            _ => {}
        }
    }
    Ok(())
}

/// Converts the record of an account. A plan takes it from a listing, so it has no more than that.
fn given_tombstone(
    field: &str,
    tombstone: contract::Tombstone,
    organisation: &str,
) -> Result<Tombstone> {
    let contract::Tombstone { base_url, user, raw, disabled_since, recorded_at } = tombstone;
    let is_its = BaseUrl::parse(&base_url).is_ok_and(|base| base.organisation() == organisation);
    if !is_its || !user.other_ids.is_empty() {
        return Err(altered("The record of a person is not one of the plan's organisation"));
    }
    Ok(Tombstone { user: convert::given_user(field, user)?, raw, disabled_since, recorded_at })
}

fn given_refusal(refusal: wit::PersonRefusal) -> Result<Refusal> {
    let wit::PersonRefusal { email, login, user, code, message } = refusal;
    let Some(reason) = RefusalReason::parse(&code) else {
        return Err(altered("The plan refuses a person for an unknown reason"));
    };
    let user = user.map(convert::given_user_id);
    let email = given_address(email.as_deref(), user.as_ref(), login.as_deref());
    let email = email.unwrap_or_else(|| Email::new(""));
    Ok(Refusal { email, login, user, reason, message })
}

fn given_seats(seats: wit::SeatChange) -> Result<SeatChange> {
    let wit::SeatChange { user_type, before, added, removed, after } = seats;
    let user_type = convert::given_user_type(user_type);
    let seats = SeatChange { user_type, before, added, removed };
    if seats.after() != after {
        return Err(altered("The plan's seats do not add up"));
    }
    Ok(seats)
}

fn given_guard(report: wit::GuardReport) -> GuardReport {
    let wit::GuardReport { guard, subject, limit, actual, tripped, message } = report;
    GuardReport {
        guard: match guard {
            wit::Guard::UserRemovals => Guard::UserRemovals,
            wit::Guard::MemberRemovals => Guard::MemberRemovals,
            wit::Guard::MembershipRemovals => Guard::MembershipRemovals,
            wit::Guard::Creations => Guard::Creations,
            wit::Guard::Promotions => Guard::Promotions,
            wit::Guard::ReEnablements => Guard::ReEnablements,
            wit::Guard::Updates => Guard::Updates,
            wit::Guard::MemberAdditions => Guard::MemberAdditions,
            wit::Guard::MinimumAdmins => Guard::MinimumAdmins,
            wit::Guard::RequiredAdmins => Guard::RequiredAdmins,
            wit::Guard::ProtectedPeople => Guard::ProtectedPeople,
            wit::Guard::EmptyRoster => Guard::EmptyRoster,
            wit::Guard::IncompleteSnapshot => Guard::IncompleteSnapshot,
        },
        subject,
        limit,
        actual,
        tripped,
        message,
    }
}

/// Puts the path of a part of the plan into an error about it: `start` is what its field is called
/// elsewhere, `place` the part's path in the plan.
fn in_plan(mut error: Error, start: &str, place: &str) -> Error {
    let field = error.field.take().unwrap_or_default();
    let field = match field.strip_prefix(start) {
        Some(rest) => format!("request.plan.{place}{rest}"),
        None => field,
    };
    // The message of an unsupported field names the field.
    error.message = error.message.replace(&format!("`{start}"), &format!("`request.plan.{place}"));
    error.in_field(field)
}
