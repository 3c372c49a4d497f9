//! Whatever is altered in a plan changes its digest, but for dates of making and texts for people.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::{Email, FieldChange, LinkedGroup};
use crate::sync::{Guard, RefusalReason, StepKind};
use crate::sync::{Refusal, Step};
use crate::testing::plan::cases::cases;

/// An alteration. It does nothing to a plan that lacks what it alters.
type Alteration = fn(&mut Plan);

/// Returns the first step of a plan.
fn step(plan: &mut Plan) -> Option<&mut Step> {
    plan.steps.first_mut().or(plan.withheld.first_mut())
}

fn change(plan: &mut Plan) -> Option<&mut FieldChange> {
    { plan.steps.iter_mut() }.chain(&mut plan.withheld).find_map(|step| step.changes.first_mut())
}

fn user(plan: &mut Plan) -> Option<&mut User> {
    plan.tombstones.first_mut().map(|tombstone| &mut tombstone.user)
}

fn link(plan: &mut Plan) -> Option<&mut LinkedGroup> {
    let mut tombstones = plan.tombstones.iter_mut();
    tombstones.find_map(|one| one.user.groups.as_mut()?.first_mut()).map(|link| &mut **link)
}

/// Replaces a text by another one.
fn other(text: Option<&mut String>) {
    text.into_iter().for_each(|text| text.push('x'));
}

fn toggle(text: &mut Option<String>) {
    match text {
        Some(_) => *text = None,
        None => *text = Some(String::new()),
    }
}

/// One alteration of everything that the digest covers.
const COVERED: &[Alteration] = &[
    |plan| plan.inputs_digest.push('0'),
    |plan| plan.context.organisation.push('x'),
    |plan| {
        plan.context.dialect = match plan.context.dialect {
            Dialect::V1 => Dialect::V2,
            Dialect::V2 | Dialect::Scim => Dialect::V1,
        }
    },
    |plan| toggle(&mut plan.context.span.start),
    |plan| toggle(&mut plan.context.span.before),
    |plan| plan.context.policy.create_missing ^= true,
    |plan| plan.context.policy.update_existing ^= true,
    |plan| plan.context.policy.re_enable_disabled ^= true,
    |plan| {
        plan.context.policy.absent = match plan.context.policy.absent {
            AbsentPolicy::Keep => AbsentPolicy::Delete,
            AbsentPolicy::DisableThenDelete(days) => AbsentPolicy::DisableThenDelete(days + 1),
            AbsentPolicy::Disable | AbsentPolicy::Delete => AbsentPolicy::DisableThenDelete(1),
        }
    },
    |plan| plan.context.policy.leave_disabled ^= true,
    |plan| plan.context.policy.absence.domains.push("another.example".into()),
    |plan| plan.context.policy.absence.members_of.push(GroupRef::Name("Another".into())),
    |plan| plan.context.policy.absence.spare_created_within_days ^= 1,
    |plan| plan.context.policy.absence.without_address ^= true,
    |plan| {
        let days = &mut plan.context.policy.inactive_for_days;
        *days = days.map_or(Some(0), |days| days.checked_sub(1));
    },
    |plan| {
        plan.context.policy.memberships = match plan.context.policy.memberships {
            MembershipPolicy::Exact => MembershipPolicy::Add,
            MembershipPolicy::Leave | MembershipPolicy::Add => MembershipPolicy::Exact,
        }
    },
    |plan| plan.context.policy.managed_groups.push(GroupRef::Name("Another".into())),
    |plan| plan.context.policy.create_missing_groups ^= true,
    |plan| {
        plan.context.policy.default_user_type = match plan.context.policy.default_user_type {
            None => Some(UserType::Mobile),
            Some(_) => None,
        }
    },
    |plan| plan.context.policy.guards.user_removals.percent ^= 1,
    |plan| plan.context.policy.guards.member_removals.floor ^= 1,
    |plan| plan.context.policy.guards.membership_removals.percent ^= 1,
    |plan| plan.context.policy.guards.creations.floor ^= 1,
    |plan| plan.context.policy.guards.promotions.percent ^= 1,
    |plan| plan.context.policy.guards.re_enablements.floor ^= 1,
    |plan| plan.context.policy.guards.updates.percent ^= 1,
    |plan| plan.context.policy.guards.member_additions.floor ^= 1,
    |plan| plan.context.policy.guards.minimum_admins ^= 1,
    |plan| plan.context.policy.guards.required_admins.push(email("another@example.com").into()),
    |plan| plan.context.policy.guards.protected_people.push(email("another@example.com").into()),
    |plan| plan.context.policy.guards.allow_empty_roster ^= true,
    |plan| drop(plan.steps.pop()),
    |plan| {
        let first = plan.steps.first().cloned();
        plan.steps.extend(first);
    },
    |plan| plan.steps.reverse(),
    |plan| core::mem::swap(&mut plan.steps, &mut plan.withheld),
    |plan| {
        step(plan).into_iter().for_each(|step| {
            step.kind = match step.kind {
                StepKind::CreateUser => StepKind::DeleteUser,
                _ => StepKind::CreateUser,
            }
        })
    },
    |plan| {
        let email = step(plan).map(|step| &mut step.email);
        email.into_iter().for_each(|old| {
            *old = match old {
                Some(_) => None,
                None => Some(email_of_another()),
            }
        })
    },
    |plan| other(step(plan).and_then(|step| step.user.as_mut()).map(|id| &mut id.value)),
    |plan| {
        step(plan).and_then(|step| step.user.as_mut()).into_iter().for_each(|id| {
            id.dialect = match id.dialect {
                Dialect::Scim => Dialect::V1,
                Dialect::V1 | Dialect::V2 => Dialect::Scim,
            }
        })
    },
    |plan| step(plan).into_iter().for_each(|step| toggle(&mut step.group_name)),
    |plan| other(step(plan).and_then(|step| step.group.as_mut()).map(|id| &mut id.value)),
    |plan| other(step(plan).map(|step| &mut step.precondition)),
    |plan| step(plan).into_iter().for_each(|step| drop(step.changes.pop())),
    |plan| change(plan).into_iter().for_each(|change| change.field = "another".into()),
    |plan| change(plan).into_iter().for_each(|change| toggle(&mut change.before)),
    |plan| other(change(plan).and_then(|change| change.after.as_mut())),
    |plan| drop(plan.tombstones.pop()),
    |plan| other(user(plan).map(|user| &mut user.id.value)),
    |plan| user(plan).into_iter().for_each(|user| user.email = email_of_another()),
    |plan| user(plan).into_iter().for_each(|user| toggle(&mut user.first_name)),
    |plan| user(plan).into_iter().for_each(|user| toggle(&mut user.last_name)),
    |plan| user(plan).into_iter().for_each(|user| toggle(&mut user.profile_photo_url)),
    |plan| user(plan).into_iter().for_each(|user| toggle(&mut user.times.created_at)),
    |plan| user(plan).into_iter().for_each(|user| toggle(&mut user.times.updated_at)),
    |plan| user(plan).into_iter().for_each(|user| toggle(&mut user.times.last_active_at)),
    |plan| user(plan).into_iter().for_each(|user| user.admin ^= true),
    |plan| user(plan).into_iter().for_each(|user| user.disabled ^= true),
    |plan| {
        user(plan).into_iter().for_each(|user| {
            user.user_type = match user.user_type {
                None => Some(UserType::Embed),
                Some(_) => None,
            };
            user.invited = Some(false);
        })
    },
    |plan| user(plan).into_iter().for_each(|user| user.groups = None),
    |plan| other(link(plan).map(|link| &mut link.id.value)),
    |plan| link(plan).into_iter().for_each(|link| toggle(&mut link.name)),
    |plan| link(plan).into_iter().for_each(|link| link.group_admin = Some(true)),
    |plan| plan.tombstones.iter_mut().take(1).for_each(|one| toggle(&mut one.raw)),
    |plan| plan.tombstones.iter_mut().take(1).for_each(|one| toggle(&mut one.disabled_since)),
    |plan| plan.unchanged_count ^= 1,
    |plan| {
        plan.refusals.push(Refusal {
            email: email_of_another(),
            login: None,
            user: None,
            reason: RefusalReason::ProtectedPerson,
            message: String::new(),
        })
    },
    |plan| {
        plan.refusals.iter_mut().take(1).for_each(|one| {
            one.reason = match one.reason {
                RefusalReason::UserDisabled => RefusalReason::NameRequired,
                _ => RefusalReason::UserDisabled,
            }
        })
    },
    |plan| plan.refusals.iter_mut().take(1).for_each(|one| one.email = email_of_another()),
    |plan| plan.seats.iter_mut().take(1).for_each(|seats| seats.before ^= 1),
    |plan| plan.seats.iter_mut().take(1).for_each(|seats| seats.added ^= 1),
    |plan| plan.seats.iter_mut().take(1).for_each(|seats| seats.removed ^= 1),
    |plan| plan.seats.iter_mut().take(1).for_each(|seats| seats.user_type = UserType::Embed),
    |plan| drop(plan.guards.pop()),
    |plan| {
        plan.guards.iter_mut().take(1).for_each(|report| {
            report.guard = match report.guard {
                Guard::EmptyRoster => Guard::Updates,
                _ => Guard::EmptyRoster,
            }
        })
    },
    |plan| plan.guards.iter_mut().take(1).for_each(|report| toggle(&mut report.subject)),
    |plan| plan.guards.iter_mut().take(1).for_each(|report| report.limit ^= 1),
    |plan| plan.guards.iter_mut().take(1).for_each(|report| report.actual ^= 1),
    |plan| plan.guards.iter_mut().take(1).for_each(|report| report.tripped ^= true),
];

/// One alteration of everything that the digest leaves out.
const LEFT_OUT: &[Alteration] = &[
    |plan| plan.digest.push('0'),
    |plan| plan.made_at.push('0'),
    |plan| plan.unchanged.clear(),
    |plan| plan.limitations.push("reworded".into()),
    |plan| plan.limitations.clear(),
    |plan| plan.guards.iter_mut().for_each(|report| report.message.push('!')),
    |plan| plan.refusals.iter_mut().for_each(|refusal| refusal.message.push('!')),
    |plan| plan.tombstones.iter_mut().for_each(|one| one.recorded_at.push('0')),
];

fn email_of_another() -> Email {
    email("another@example.com")
}

#[test]
fn every_alteration_alters_a_plan_with_everything_in_it() {
    let (mut request, mut actual) = busy();
    request.policy.create_missing = true;
    request.policy.absent = AbsentPolicy::Delete;
    join(account(&mut actual, "old@example.com"), "Support");
    let mut two = super::user("two@example.com");
    actual.users.push(two.clone());
    two.id.value.push('2');
    actual.users.push(two);
    let mut made = plan(&request, &actual);
    // The first step is that of an existing person in an existing group.
    made.steps.sort_by_key(|step| step.user.is_none() || step.group.is_none());
    let mut with_group = made.steps[0].clone();
    with_group.user.get_or_insert_with(|| user_id("ada@example.com"));
    with_group.group.get_or_insert_with(|| group_id("Support"));
    with_group.changes = made.steps.iter().flat_map(|step| step.changes.clone()).collect();
    made.steps.insert(0, with_group);
    assert!(!made.refusals.is_empty() && !made.seats.is_empty());
    let digest = super::super::plan(&made);
    let mut digests = BTreeSet::from([digest.clone()]);
    for (number, alter) in COVERED.iter().enumerate() {
        let mut altered = made.clone();
        alter(&mut altered);
        assert_ne!(altered, made, "alteration {number}");
        assert!(digests.insert(super::super::plan(&altered)), "alteration {number}");
    }
    for (number, alter) in LEFT_OUT.iter().enumerate() {
        let mut altered = made.clone();
        alter(&mut altered);
        assert_eq!(super::super::plan(&altered), digest, "alteration {number}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_digest_can_be_computed_from_the_plan_alone((request, actual) in cases()) {
        let mut made = plan(&request, &actual);
        prop_assert_eq!(super::super::plan(&made), made.digest.clone());
        for alter in LEFT_OUT {
            alter(&mut made);
        }
        let digest = super::super::plan(&made);
        prop_assert_eq!(digest, plan(&request, &actual).digest);
    }

    /// Two different plans never have one digest.
    #[test]
    fn every_alteration_of_any_plan_changes_the_digest(
        (request, actual) in cases(),
        first in 0..COVERED.len(),
        second in 0..COVERED.len(),
    ) {
        let made = plan(&request, &actual);
        let altered = |alter: Alteration| {
            let mut altered = made.clone();
            alter(&mut altered);
            altered
        };
        let plans = [made.clone(), altered(COVERED[first]), altered(COVERED[second])];
        for one in &plans {
            for two in &plans {
                let same = super::super::plan(one) == super::super::plan(two);
                prop_assert_eq!(one == two, same, "alterations {} and {}", first, second);
            }
        }
    }

    #[test]
    fn the_order_of_the_roster_does_not_change_the_plan((request, actual) in cases()) {
        let mut turned = request.clone();
        turned.roster.reverse();
        let mut elsewhere = actual.clone();
        elsewhere.users.reverse();
        prop_assert_eq!(plan(&request, &actual), plan(&turned, &elsewhere));
    }
}

/// A covered text that is longer by what another one is shorter.
#[test]
fn texts_do_not_run_into_each_other() {
    let (request, actual) = busy();
    let made = plan(&request, &actual);
    let with = |organisation: &str, inputs: &str| {
        let mut plan = made.clone();
        plan.context.organisation = organisation.into();
        plan.inputs_digest = inputs.into();
        super::super::plan(&plan)
    };
    let digests =
        BTreeSet::from([with("ab", "c"), with("a", "bc"), with("abc", ""), with("", "abc")]);
    assert_eq!(digests.len(), 4);
    // A plan is not mistaken for a state.
    assert_ne!(super::super::plan(&made), absent());
}
