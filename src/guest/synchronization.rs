//! `synchronization`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Answer, Component, call, contract, convert, list, unsupported};
use crate::bindings::exports::user_lifecycle::retool::synchronization as wit;
use crate::domain::{Dialect, Email, Field, FieldChange, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::BaseUrl;
use crate::input;
use crate::sync::report::{PersonOutcome, PersonReport, SyncReport};
use crate::sync::step::{StepOutcome, StepResult};
use crate::sync::{
    AbsentPolicy, DesiredUser, Guard, GuardLimits, GuardReport, MembershipPolicy, Plan,
    PlanContext, Policy, Refusal, SeatChange, Span, Step, StepKind, SyncRequest, apply, step,
};

impl wit::Guest for Component {
    fn plan_sync(connection: contract::Connection, request: wit::SyncRequest) -> Answer<wit::Plan> {
        call(
            connection,
            |_| checked_request(request),
            async |session, request| {
                apply::plan_sync(session.reader(), &request, &session.occasion()).await
            },
            plan,
        )
    }

    fn apply_step(connection: contract::Connection, step: wit::Step) -> Answer<wit::StepResult> {
        call(
            connection,
            |connection| checked_step(step, &connection.base_url),
            async |session, (step, dialect)| {
                step::check_dialect(dialect, session.reader())?;
                step::apply(&*session.directory, &step, session.now).await
            },
            step_result,
        )
    }

    fn sync(
        connection: contract::Connection,
        request: wit::SyncRequest,
    ) -> Answer<wit::SyncReport> {
        call(
            connection,
            |_| checked_request(request),
            async |session, request| {
                let (directory, log) = (&*session.directory, &*session.log);
                apply::sync(directory, &request, &session.occasion(), log).await
            },
            sync_report,
        )
    }

    fn apply_plan(
        connection: contract::Connection,
        _: wit::ApplyPlanRequest,
    ) -> Answer<wit::SyncReport> {
        Err(convert::error(unsupported::function("apply-plan"), &connection.base_url))
    }
}

/// A checked request.
fn checked_request(request: wit::SyncRequest) -> Result<SyncRequest> {
    let wit::SyncRequest { roster, span, policy, disabled_since, expected_digest } = request;
    unsupported::unless(disabled_since.is_empty(), &"request.disabled-since")?;
    unsupported::unless(expected_digest.is_none(), &"request.expected-digest")?;
    let roster = roster.into_iter().enumerate();
    input::sync_request(SyncRequest {
        roster: roster.map(|(index, entry)| desired(index, entry)).collect::<Result<_>>()?,
        span: span
            .map_or_else(Span::default, |span| Span { start: span.start, before: span.before }),
        policy: given_policy(policy)?,
    })
}

fn desired(index: usize, entry: wit::RosterEntry) -> Result<DesiredUser> {
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
    unsupported::unless(email.is_none(), &format_args!("{field}.email"))?;
    unsupported::unless(login.is_none(), &format_args!("{field}.login"))?;
    unsupported::unless(former_emails.is_empty(), &format_args!("{field}.former-emails"))?;
    unsupported::unless(metadata.is_none(), &format_args!("{field}.metadata"))?;
    unsupported::unless(attributes.is_empty(), &format_args!("{field}.attributes"))?;
    unsupported::unless(clear.is_empty(), &format_args!("{field}.clear"))?;
    unsupported::unless(way_in.is_none(), &format_args!("{field}.way-in"))?;
    Ok(DesiredUser {
        email: Email::new(&convert::email_of(&format_args!("{field}.user"), user)?),
        fields: UserPatch {
            first_name,
            last_name,
            user_type: user_type.map(convert::given_user_type),
            admin,
            disabled: None,
            profile_photo_url,
        },
        groups: convert::memberships(&format_args!("{field}.groups"), groups)?,
    })
}

fn given_policy(policy: wit::SyncPolicy) -> Result<Policy> {
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
    unsupported::unless(leave_disabled != Some(true), &"request.policy.leave-disabled")?;
    unsupported::unless(absence_scope.is_none(), &"request.policy.absence-scope")?;
    unsupported::unless(inactive_for_days.is_none(), &"request.policy.inactive-for-days")?;
    Ok(Policy {
        create_missing,
        update_existing,
        re_enable_disabled,
        absent: match absent {
            wit::AbsentPolicy::Keep => AbsentPolicy::Keep,
            wit::AbsentPolicy::Disable => AbsentPolicy::Disable,
            wit::AbsentPolicy::Delete => AbsentPolicy::Delete,
            wit::AbsentPolicy::DisableThenDelete(_) => {
                let field = &"request.policy.absent.disable-then-delete";
                return Err(unsupported::field_error(field));
            }
        },
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

/// The limits, with the contract's defaults filled in.
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
    for (limit, name) in [
        (membership_removals, "membership-removals"),
        (creations, "creations"),
        (promotions, "promotions"),
        (re_enablements, "re-enablements"),
        (updates, "updates"),
        (member_additions, "member-additions"),
    ] {
        unsupported::unless(limit.is_none(), &format_args!("request.policy.guards.{name}"))?;
    }
    let default = GuardLimits::default();
    let limit = |given: Option<wit::GuardLimit>, percent, floor| {
        let (given_percent, given_floor) =
            given.map_or((None, None), |limit| (limit.percent, limit.floor));
        (given_percent.unwrap_or(percent), given_floor.unwrap_or(floor))
    };
    let (max_user_removal_percent, max_user_removal_floor) =
        limit(user_removals, default.max_user_removal_percent, default.max_user_removal_floor);
    let (max_member_removal_percent, max_member_removal_floor) = limit(
        member_removals,
        default.max_member_removal_percent,
        default.max_member_removal_floor,
    );
    let field = "request.policy.guards";
    Ok(GuardLimits {
        max_user_removal_percent,
        max_user_removal_floor,
        max_member_removal_percent,
        max_member_removal_floor,
        minimum_admins: minimum_admins.unwrap_or(default.minimum_admins),
        required_admins: convert::emails_of(&format!("{field}.required-admins"), required_admins)?,
        protected_people: convert::emails_of(
            &format!("{field}.protected-people"),
            protected_people,
        )?,
        allow_empty_roster,
    })
}

/// A checked step, and the dialect that it was planned for; it must be of the organisation at
/// `base_url`.
fn checked_step(step: wit::Step, base_url: &str) -> Result<(Step, Dialect)> {
    let wit::Step {
        kind,
        organisation,
        dialect,
        // The plan's guards have judged it.
        minimum_admins: _,
        required_admins: _,
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
                "No step is planned for `auto`. Take the step as the plan has it.",
            ));
        }
    };
    unsupported::unless(group_admin.is_none(), &"step.group-admin")?;
    let kind = given_step_kind(kind)?;
    let email = match kind {
        StepKind::CreateGroup => None,
        // Only a person whom a caller named is created.
        StepKind::CreateUser => {
            Some(input::email(&"step.email", email.as_deref().unwrap_or_default())?)
        }
        _ => Some(step_email(email.as_deref().unwrap_or_default())?),
    };
    let group_name =
        group_name.map(|name| input::group_name(&"step.group-name", &name)).transpose()?;
    let group = group.map(convert::given_group_id);
    let step = Step {
        kind,
        email,
        user: user.map(convert::given_user_id),
        group_name,
        group: group.map(|id| input::group_id(&"step.group", id)).transpose()?,
        changes: changes.into_iter().map(given_change).collect::<Result<_>>()?,
        precondition,
    };
    Ok((step, dialect))
}

fn given_step_kind(kind: wit::StepKind) -> Result<StepKind> {
    Ok(match kind {
        wit::StepKind::CreateGroup => StepKind::CreateGroup,
        wit::StepKind::CreateUser => StepKind::CreateUser,
        wit::StepKind::EnableUser => StepKind::EnableUser,
        wit::StepKind::UpdateUser => StepKind::UpdateUser,
        wit::StepKind::AddMember => StepKind::AddMember,
        wit::StepKind::RemoveMember => StepKind::RemoveMember,
        wit::StepKind::DisableUser => StepKind::DisableUser,
        wit::StepKind::DeleteUser => StepKind::DeleteUser,
        wit::StepKind::ChangeGroup
        | wit::StepKind::InviteUser
        | wit::StepKind::RenameUser
        | wit::StepKind::ChangeAttributes
        | wit::StepKind::ChangeMember
        | wit::StepKind::CancelInvitation => return Err(unsupported::field_error(&"step.kind")),
    })
}

/// An address that a plan took from the server, which may hold what callers may not give.
fn step_email(email: &str) -> Result<Email> {
    let email = Email::new(email);
    if email.key().is_empty() {
        return Err(invalid_step("step.email", "The step names nobody. Nothing was written."));
    }
    Ok(email)
}

fn given_change(change: contract::FieldChange) -> Result<FieldChange> {
    let contract::FieldChange { field, before, after } = change;
    let field = Field::parse(&field).ok_or_else(|| {
        invalid_step(
            "step.changes",
            "The step changes a field that no plan changes. Nothing was written.",
        )
    })?;
    let Some(after) = after else {
        return Err(unsupported::field_error(&"step.changes.after"));
    };
    let after = match field {
        Field::FirstName | Field::LastName => {
            input::name(&"step.changes", Some(after))?.unwrap_or_default()
        }
        Field::UserType | Field::Admin | Field::Disabled | Field::ProfilePhotoUrl => after,
    };
    Ok(FieldChange { field: field.as_str(), before, after })
}

fn invalid_step(field: &str, message: &str) -> Error {
    Error::new(Code::StepInvalid, message).in_field(field)
}

fn plan(plan: Plan, base_url: &str) -> wit::Plan {
    let Plan {
        digest,
        inputs_digest,
        context,
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
    let steps = list(steps, |step| self::step(step, &context));
    let withheld = list(withheld, |step| self::step(step, &context));
    let PlanContext { organisation, dialect, span, policy } = context;
    wit::Plan {
        digest,
        inputs_digest,
        organisation,
        dialect: convert::dialect(Some(dialect)),
        span: self::span(span),
        policy: self::policy(policy),
        made_at,
        steps,
        withheld,
        tombstones: convert::tombstones(tombstones, base_url),
        unchanged: unchanged.len() as u32,
        refusals: list(refusals, refusal),
        seats: list(seats, seat_change),
        guards: list(guards, guard_report),
        limitations,
    }
}

fn span(span: Span) -> Option<wit::EmailSpan> {
    let Span { start, before } = span;
    (start.is_some() || before.is_some()).then_some(wit::EmailSpan { start, before })
}

fn policy(policy: Policy) -> wit::SyncPolicy {
    let Policy {
        create_missing,
        update_existing,
        re_enable_disabled,
        absent,
        memberships,
        managed_groups,
        create_missing_groups,
        default_user_type,
        guards,
    } = policy;
    wit::SyncPolicy {
        create_missing,
        update_existing,
        re_enable_disabled,
        leave_disabled: Some(false),
        absent: match absent {
            AbsentPolicy::Keep => wit::AbsentPolicy::Keep,
            AbsentPolicy::Disable => wit::AbsentPolicy::Disable,
            AbsentPolicy::Delete => wit::AbsentPolicy::Delete,
        },
        absence_scope: None,
        inactive_for_days: None,
        memberships: match memberships {
            MembershipPolicy::Leave => wit::MembershipPolicy::Leave,
            MembershipPolicy::Add => wit::MembershipPolicy::Add,
            MembershipPolicy::Exact => wit::MembershipPolicy::Exact,
        },
        managed_groups: list(managed_groups, convert::group_ref),
        create_missing_groups,
        default_user_type: default_user_type.map(convert::user_type),
        guards: self::guards(guards),
    }
}

fn guards(limits: GuardLimits) -> wit::Guards {
    let GuardLimits {
        max_user_removal_percent,
        max_user_removal_floor,
        max_member_removal_percent,
        max_member_removal_floor,
        minimum_admins,
        required_admins,
        protected_people,
        allow_empty_roster,
    } = limits;
    let limit =
        |percent, floor| Some(wit::GuardLimit { percent: Some(percent), floor: Some(floor) });
    wit::Guards {
        user_removals: limit(max_user_removal_percent, max_user_removal_floor),
        member_removals: limit(max_member_removal_percent, max_member_removal_floor),
        membership_removals: None,
        creations: None,
        promotions: None,
        re_enablements: None,
        updates: None,
        member_additions: None,
        minimum_admins: Some(minimum_admins),
        required_admins: list(required_admins, convert::user_ref),
        protected_people: list(protected_people, convert::user_ref),
        allow_empty_roster,
    }
}

fn step(step: Step, context: &PlanContext) -> wit::Step {
    let Step { kind, email, user, group_name, group, changes, precondition } = step;
    let guards = &context.policy.guards;
    wit::Step {
        kind: match kind {
            StepKind::CreateGroup => wit::StepKind::CreateGroup,
            StepKind::CreateUser => wit::StepKind::CreateUser,
            StepKind::EnableUser => wit::StepKind::EnableUser,
            StepKind::UpdateUser => wit::StepKind::UpdateUser,
            StepKind::AddMember => wit::StepKind::AddMember,
            StepKind::RemoveMember => wit::StepKind::RemoveMember,
            StepKind::DisableUser => wit::StepKind::DisableUser,
            StepKind::DeleteUser => wit::StepKind::DeleteUser,
        },
        organisation: context.organisation.clone(),
        dialect: convert::dialect(Some(context.dialect)),
        minimum_admins: guards.minimum_admins,
        required_admins: list(guards.required_admins.clone(), convert::user_ref),
        email: email.and_then(convert::address),
        user: user.map(convert::user_id),
        group_name,
        group: group.map(convert::group_id),
        group_admin: None,
        changes: convert::field_changes(changes),
        precondition,
    }
}

fn refusal(refusal: Refusal) -> wit::PersonRefusal {
    let Refusal { email, reason, message } = refusal;
    wit::PersonRefusal {
        email: convert::address(email),
        login: None,
        user: None,
        code: reason.as_str().into(),
        message,
    }
}

fn seat_change(seats: SeatChange) -> wit::SeatChange {
    let SeatChange { user_type, before, added, removed } = seats;
    wit::SeatChange {
        user_type: convert::user_type(user_type),
        before,
        added,
        removed,
        after: (before + added).saturating_sub(removed),
    }
}

fn guard_report(report: GuardReport) -> wit::GuardReport {
    let GuardReport { guard, subject, limit, actual, tripped, message } = report;
    wit::GuardReport {
        guard: match guard {
            Guard::UserRemovals => wit::Guard::UserRemovals,
            Guard::MemberRemovals => wit::Guard::MemberRemovals,
            Guard::MinimumAdmins => wit::Guard::MinimumAdmins,
            Guard::RequiredAdmins => wit::Guard::RequiredAdmins,
            Guard::EmptyRoster => wit::Guard::EmptyRoster,
            Guard::IncompleteSnapshot => wit::Guard::IncompleteSnapshot,
        },
        subject,
        limit,
        actual,
        tripped,
        message,
    }
}

fn step_result(result: StepResult, base_url: &str) -> wit::StepResult {
    let StepResult { outcome, tombstone, writes } = result;
    let (outcome, reason) = match outcome {
        StepOutcome::Applied => (wit::StepOutcome::Applied, None),
        StepOutcome::Deactivated => (
            wit::StepOutcome::Applied,
            Some(String::from("The server only disabled the account; it does not delete.")),
        ),
        StepOutcome::AlreadySo => (wit::StepOutcome::AlreadySo, None),
        StepOutcome::Stale(reason) => (wit::StepOutcome::Stale, Some(reason)),
    };
    wit::StepResult {
        outcome,
        reason,
        tombstone: tombstone.map(|record| convert::tombstone(record, base_url)),
        writes: convert::writes(writes),
    }
}

fn sync_report(report: SyncReport, base_url: &str) -> wit::SyncReport {
    let SyncReport { plan, people, groups_created, groups_failed, tombstones, complete, writes } =
        report;
    wit::SyncReport {
        digest: plan.digest,
        organisation: plan.context.organisation,
        dialect: convert::dialect(Some(plan.context.dialect)),
        people: list(people, |person| person_report(person, base_url)),
        groups_created: list(groups_created, convert::group_link),
        groups_failed: list(groups_failed, |error| convert::error_detail(error, base_url)),
        tombstones: convert::tombstones(tombstones, base_url),
        seats: list(plan.seats, seat_change),
        guards: list(plan.guards, guard_report),
        limitations: plan.limitations,
        next: None,
        complete,
        writes: convert::writes(writes),
    }
}

fn person_report(person: PersonReport, base_url: &str) -> wit::PersonReport {
    let PersonReport { email, user, outcome, changes, groups_added, groups_removed } = person;
    let (mut refusal, mut failure) = (None, None);
    let outcome = match outcome {
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
            failure = Some(convert::error_detail(error, base_url));
            wit::PersonOutcome::Failed
        }
    };
    wit::PersonReport {
        email: convert::address(email),
        login: None,
        user: user.map(convert::user_id),
        outcome,
        changes: convert::field_changes(changes),
        groups_added: list(groups_added, convert::group_link),
        groups_changed: Vec::new(),
        groups_removed: list(groups_removed, convert::group_link),
        disabled_since: None,
        refusal,
        failure,
    }
}
