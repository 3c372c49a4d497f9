//! Guards are monotone: what is allowed under a limit is allowed under a more generous one, and
//! what is refused is refused too if it takes more away.

use proptest::prelude::*;

use crate::sync::guards::judge;
use crate::sync::plan::testing::cases::{Case, GROUPS, guarded_cases, limits, some};
use crate::sync::plan::testing::{named, plan};
use crate::sync::{AbsentPolicy, Guard, GuardLimits, GuardReport, Step, StepKind};

/// A guard, and the group or person it is about.
type Judgement = (Guard, Option<String>);

fn tripped(reports: &[GuardReport]) -> Vec<Judgement> {
    let tripped = reports.iter().filter(|report| report.tripped);
    tripped.map(|report| (report.guard, report.subject.clone())).collect()
}

/// Those that the others lack.
fn missing(these: &[Judgement], others: &[Judgement]) -> Vec<Judgement> {
    these.iter().filter(|guard| !others.contains(guard)).cloned().collect()
}

/// Each limit as the more generous of the two has it.
fn generous(one: &GuardLimits, other: &GuardLimits) -> GuardLimits {
    let in_both = |email: &&_| other.required_admins.contains(email);
    GuardLimits {
        max_user_removal_percent: one.max_user_removal_percent.max(other.max_user_removal_percent),
        max_user_removal_floor: one.max_user_removal_floor.max(other.max_user_removal_floor),
        max_member_removal_percent: one
            .max_member_removal_percent
            .max(other.max_member_removal_percent),
        max_member_removal_floor: one.max_member_removal_floor.max(other.max_member_removal_floor),
        minimum_admins: one.minimum_admins.min(other.minimum_admins),
        required_admins: one.required_admins.iter().filter(in_both).cloned().collect(),
        protected_people: one.protected_people.clone(),
        allow_empty_roster: one.allow_empty_roster || other.allow_empty_roster,
    }
}

/// The steps of a case, whether or not they are withheld: first those that take nothing away,
/// then the removals in any order.
fn additions_and_removals() -> impl Strategy<Value = (Case, Vec<Step>, Vec<Step>)> {
    guarded_cases().prop_flat_map(|(request, actual)| {
        let plan = plan(&request, &actual);
        let steps = plan.steps.into_iter().chain(plan.withheld);
        let (removals, additions): (Vec<_>, Vec<_>) = steps.partition(|step| {
            matches!(
                step.kind,
                StepKind::RemoveMember | StepKind::DisableUser | StepKind::DeleteUser
            )
        });
        (Just((request, actual)), Just(additions), Just(removals).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn a_more_generous_limit_trips_nothing_new((strict, actual) in guarded_cases(), more in limits()) {
        let mut loose = strict.clone();
        loose.policy.guards = generous(&strict.policy.guards, &more);
        let (strict, loose) = (plan(&strict, &actual), plan(&loose, &actual));
        prop_assert_eq!(missing(&tripped(&loose.guards), &tripped(&strict.guards)), []);
    }

    #[test]
    fn one_removal_more_untrips_nothing(
        ((request, actual), mut steps, removals) in additions_and_removals()
    ) {
        let mut before = tripped(&judge(&request, &actual, &steps));
        for removal in removals {
            steps.push(removal);
            let after = tripped(&judge(&request, &actual, &steps));
            prop_assert_eq!(missing(&before, &after), []);
            before = after;
        }
    }

    /// Deleted, they take all of their memberships with them, so that nobody's absence means
    /// fewer removals; and the groups are managed whoever names them.
    #[test]
    fn one_person_fewer_on_the_roster_untrips_nothing(
        (mut request, actual) in guarded_cases(),
        who in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!request.roster.is_empty());
        request.policy.absent = AbsentPolicy::Delete;
        request.policy.managed_groups = named(&GROUPS);
        let before = tripped(&plan(&request, &actual).guards);
        request.roster.remove(who.index(request.roster.len()));
        let after = tripped(&plan(&request, &actual).guards);
        prop_assert_eq!(missing(&before, &after), []);
    }
}

/// Guards that always trip, or never, would be monotone too.
#[test]
fn every_guard_trips_in_some_cases_and_not_in_others() {
    let reports: Vec<_> = some(500, guarded_cases())
        .iter()
        .flat_map(|(request, actual)| plan(request, actual).guards)
        .collect();
    for guard in [
        Guard::UserRemovals,
        Guard::MemberRemovals,
        Guard::MinimumAdmins,
        Guard::RequiredAdmins,
        Guard::EmptyRoster,
        Guard::IncompleteSnapshot,
    ] {
        let of_it = || reports.iter().filter(|report| report.guard == guard);
        let tripped = of_it().filter(|report| report.tripped).count();
        assert!(tripped >= 10, "{guard:?} trips {tripped} times");
        assert!(of_it().count() - tripped >= 10, "{guard:?} trips too often");
    }
}
