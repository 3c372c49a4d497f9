//! Converts plans and reports of `synchronization` for the contract.

use alloc::format;
use alloc::string::String;

use super::wit;
use crate::guest::{convert, list};
use crate::sync::absence::AbsenceScope;
use crate::sync::report::{PersonOutcome, PersonReport, SyncReport};
use crate::sync::step::{StepOutcome, StepResult};
use crate::sync::{
    AbsentPolicy, Guard, GuardLimits, GuardReport, Limit, MembershipPolicy, Plan, PlanContext,
    Policy, Refusal, SeatChange, Span, Step, StepKind,
};

pub fn plan(plan: Plan, base_url: &str) -> wit::Plan {
    let Plan {
        digest,
        inputs_digest,
        context,
        made_at,
        steps,
        withheld,
        tombstones,
        unchanged: _,
        unchanged_count,
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
        unchanged: unchanged_count,
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
        leave_disabled,
        absent,
        absence,
        inactive_for_days,
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
        leave_disabled: Some(leave_disabled),
        absent: match absent {
            AbsentPolicy::Keep => wit::AbsentPolicy::Keep,
            AbsentPolicy::Disable => wit::AbsentPolicy::Disable,
            AbsentPolicy::Delete => wit::AbsentPolicy::Delete,
            AbsentPolicy::DisableThenDelete(days) => wit::AbsentPolicy::DisableThenDelete(days),
        },
        absence_scope: absence_scope(absence),
        inactive_for_days,
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

/// Converts the scope of absence; `None` if all people with an address are in it.
fn absence_scope(scope: AbsenceScope) -> Option<wit::AbsenceScope> {
    if scope == AbsenceScope::default() {
        return None;
    }
    let AbsenceScope { domains, members_of, spare_created_within_days, without_address } = scope;
    Some(wit::AbsenceScope {
        domains,
        members_of: list(members_of, convert::group_ref),
        spare_created_within_days: Some(spare_created_within_days),
        without_address: Some(without_address),
    })
}

fn guards(limits: GuardLimits) -> wit::Guards {
    let GuardLimits {
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
    } = limits;
    let limit = |Limit { percent, floor }| {
        Some(wit::GuardLimit { percent: Some(percent), floor: Some(floor) })
    };
    wit::Guards {
        user_removals: limit(user_removals),
        member_removals: limit(member_removals),
        membership_removals: limit(membership_removals),
        creations: limit(creations),
        promotions: limit(promotions),
        re_enablements: limit(re_enablements),
        updates: limit(updates),
        member_additions: limit(member_additions),
        minimum_admins: Some(minimum_admins),
        required_admins: list(required_admins, convert::user_ref),
        protected_people: list(protected_people, convert::user_ref),
        allow_empty_roster,
    }
}

fn step(step: Step, context: &PlanContext) -> wit::Step {
    let Step { kind, email, user, group_name, group, group_admin, changes, precondition } = step;
    let guards = &context.policy.guards;
    wit::Step {
        kind: match kind {
            StepKind::CreateGroup => wit::StepKind::CreateGroup,
            StepKind::CreateUser => wit::StepKind::CreateUser,
            StepKind::InviteUser => wit::StepKind::InviteUser,
            StepKind::RenameUser => wit::StepKind::RenameUser,
            StepKind::EnableUser => wit::StepKind::EnableUser,
            StepKind::UpdateUser => wit::StepKind::UpdateUser,
            StepKind::ChangeAttributes => wit::StepKind::ChangeAttributes,
            StepKind::AddMember => wit::StepKind::AddMember,
            StepKind::ChangeMember => wit::StepKind::ChangeMember,
            StepKind::RemoveMember => wit::StepKind::RemoveMember,
            StepKind::DisableUser => wit::StepKind::DisableUser,
            StepKind::DeleteUser => wit::StepKind::DeleteUser,
            StepKind::CancelInvitation => wit::StepKind::CancelInvitation,
        },
        organisation: context.organisation.clone(),
        dialect: convert::dialect(Some(context.dialect)),
        minimum_admins: guards.minimum_admins,
        required_admins: list(guards.required_admins.clone(), convert::user_ref),
        email: email.and_then(convert::address),
        user: user.map(convert::user_id),
        group_name,
        group: group.map(convert::group_id),
        group_admin,
        changes: convert::field_changes(changes),
        precondition,
    }
}

fn refusal(refusal: Refusal) -> wit::PersonRefusal {
    let Refusal { email, login, user, reason, message } = refusal;
    wit::PersonRefusal {
        email: convert::address(email),
        login,
        user: user.map(convert::user_id),
        code: reason.as_str().into(),
        message,
    }
}

fn seat_change(seats: SeatChange) -> wit::SeatChange {
    let after = seats.after();
    let SeatChange { user_type, before, added, removed } = seats;
    wit::SeatChange { user_type: convert::user_type(user_type), before, added, removed, after }
}

fn guard_report(report: GuardReport) -> wit::GuardReport {
    let GuardReport { guard, subject, limit, actual, tripped, message } = report;
    wit::GuardReport {
        guard: match guard {
            Guard::UserRemovals => wit::Guard::UserRemovals,
            Guard::MemberRemovals => wit::Guard::MemberRemovals,
            Guard::MembershipRemovals => wit::Guard::MembershipRemovals,
            Guard::Creations => wit::Guard::Creations,
            Guard::Promotions => wit::Guard::Promotions,
            Guard::ReEnablements => wit::Guard::ReEnablements,
            Guard::Updates => wit::Guard::Updates,
            Guard::MemberAdditions => wit::Guard::MemberAdditions,
            Guard::MinimumAdmins => wit::Guard::MinimumAdmins,
            Guard::RequiredAdmins => wit::Guard::RequiredAdmins,
            Guard::ProtectedPeople => wit::Guard::ProtectedPeople,
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

pub fn step_result(result: StepResult, base_url: &str) -> wit::StepResult {
    let StepResult { outcome, note, tombstone, writes } = result;
    let (outcome, mut reason) = match outcome {
        StepOutcome::Applied => (wit::StepOutcome::Applied, None),
        StepOutcome::Deactivated => (
            wit::StepOutcome::Applied,
            Some(String::from("The server only disabled the account; it does not delete.")),
        ),
        StepOutcome::AlreadySo => (wit::StepOutcome::AlreadySo, None),
        StepOutcome::Stale(reason) => (wit::StepOutcome::Stale, Some(reason)),
    };
    if let Some(note) = note {
        reason = Some(joined(note, reason));
    }
    wit::StepResult {
        outcome,
        reason,
        tombstone: tombstone.map(|record| convert::tombstone(record, base_url)),
        writes: convert::writes(writes),
    }
}

pub fn sync_report(report: SyncReport, base_url: &str) -> wit::SyncReport {
    let SyncReport {
        plan,
        people,
        groups_created,
        groups_failed,
        tombstones,
        limitations,
        next,
        complete,
        writes,
    } = report;
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
        limitations,
        next,
        complete,
        writes: convert::writes(writes),
    }
}

/// Returns two texts as one.
fn joined(text: String, more: Option<String>) -> String {
    match more {
        Some(more) => format!("{text} {more}"),
        None => text,
    }
}

fn person_report(person: PersonReport, base_url: &str) -> wit::PersonReport {
    let PersonReport {
        email,
        login,
        user,
        outcome,
        changes,
        groups_added,
        groups_changed,
        groups_removed,
        disabled_since,
        note,
    } = person;
    let (mut refusal, mut failure) = (note, None);
    let outcome = match outcome {
        PersonOutcome::Created => wit::PersonOutcome::Created,
        PersonOutcome::Invited => wit::PersonOutcome::Invited,
        PersonOutcome::Renamed => wit::PersonOutcome::Renamed,
        PersonOutcome::Updated => wit::PersonOutcome::Updated,
        PersonOutcome::ReEnabled => wit::PersonOutcome::ReEnabled,
        PersonOutcome::Disabled => wit::PersonOutcome::Disabled,
        PersonOutcome::Deleted => wit::PersonOutcome::Deleted,
        PersonOutcome::Unchanged => wit::PersonOutcome::Unchanged,
        PersonOutcome::Refused(why) => {
            refusal = Some(joined(why, refusal));
            wit::PersonOutcome::Refused
        }
        PersonOutcome::Stale(how) => {
            refusal = Some(joined(how, refusal));
            wit::PersonOutcome::Stale
        }
        PersonOutcome::NotBegun(why) => {
            refusal = Some(joined(why, refusal));
            wit::PersonOutcome::NotBegun
        }
        PersonOutcome::Failed(error) => {
            failure = Some(convert::error_detail(error, base_url));
            wit::PersonOutcome::Failed
        }
    };
    wit::PersonReport {
        email: convert::address(email),
        login,
        user: user.map(convert::user_id),
        outcome,
        changes: convert::field_changes(changes),
        groups_added: list(groups_added, convert::group_link),
        groups_changed: list(groups_changed, convert::group_link),
        groups_removed: list(groups_removed, convert::group_link),
        disabled_since,
        refusal,
        failure,
    }
}
