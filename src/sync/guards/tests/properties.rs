//! Guards are monotone: a plan that passes a limit passes a higher one, and a plan that trips a
//! guard still trips it with more removals.

use proptest::prelude::*;

use crate::sync::absence::Absence;
use crate::sync::guards::judge;
use crate::sync::{AbsentPolicy, Guard, GuardLimits, GuardReport, Limit, Step, StepKind};
use crate::testing::plan::cases::{Case, GROUPS, guarded_cases, limits, some};
use crate::testing::plan::{named, plan};

/// A guard, and the group or person it is about.
type GuardKey = (Guard, Option<String>);

fn tripped(reports: &[GuardReport]) -> Vec<GuardKey> {
    let tripped = reports.iter().filter(|report| report.tripped);
    tripped.map(|report| (report.guard, report.subject.clone())).collect()
}

/// The same for the guards that compare what is removed with what is left. A membership that goes
/// with its account does not count as removed over all groups.
fn tripped_by_removals(reports: &[GuardReport]) -> Vec<GuardKey> {
    let of_removals = |(guard, _): &GuardKey| {
        matches!(
            guard,
            Guard::UserRemovals
                | Guard::MemberRemovals
                | Guard::MinimumAdmins
                | Guard::RequiredAdmins
                | Guard::EmptyRoster
                | Guard::IncompleteSnapshot
        )
    };
    tripped(reports).into_iter().filter(of_removals).collect()
}

/// Returns the items of `these` that `others` lacks.
fn missing(these: &[GuardKey], others: &[GuardKey]) -> Vec<GuardKey> {
    these.iter().filter(|guard| !others.contains(guard)).cloned().collect()
}

/// For each limit, a function that raises it to that of other limits, if that is more generous.
const RAISES: [fn(&mut GuardLimits, &GuardLimits); 11] = [
    |to, more| raise(&mut to.user_removals, more.user_removals),
    |to, more| raise(&mut to.member_removals, more.member_removals),
    |to, more| raise(&mut to.membership_removals, more.membership_removals),
    |to, more| raise(&mut to.creations, more.creations),
    |to, more| raise(&mut to.promotions, more.promotions),
    |to, more| raise(&mut to.re_enablements, more.re_enablements),
    |to, more| raise(&mut to.updates, more.updates),
    |to, more| raise(&mut to.member_additions, more.member_additions),
    |to, more| to.minimum_admins = more.minimum_admins.min(to.minimum_admins),
    |to, more| to.required_admins.retain(|email| more.required_admins.contains(email)),
    |to, more| to.allow_empty_roster |= more.allow_empty_roster,
];

fn raise(limit: &mut Limit, other: Limit) {
    limit.percent = limit.percent.max(other.percent);
    limit.floor = limit.floor.max(other.floor);
}

/// A case with its steps, whether or not they are withheld: the steps that remove nothing, and the
/// removals in any order.
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
    fn raising_a_limit_trips_no_further_guard((request, actual) in guarded_cases(), more in limits()) {
        let before = tripped(&plan(&request, &actual).guards);
        for raise in RAISES {
            let mut request = request.clone();
            raise(&mut request.policy.guards, &more);
            let after = tripped(&plan(&request, &actual).guards);
            prop_assert_eq!(missing(&after, &before), [], "{:?}", request.policy.guards);
        }
    }

    #[test]
    fn one_more_removal_untrips_no_guard(
        ((request, actual), mut steps, removals) in additions_and_removals()
    ) {
        let absence = Absence::of(&request, &actual).expect("no groups in the scope");
        let mut before = tripped(&judge(&request, &actual, &absence, &[], &steps));
        for removal in removals {
            steps.push(removal);
            let after = tripped(&judge(&request, &actual, &absence, &[], &steps));
            prop_assert_eq!(missing(&before, &after), []);
            before = after;
        }
    }

    /// Absent users are deleted with all of their memberships, so one more absent user never means
    /// fewer removals. All groups are managed, so they don't depend on the roster.
    #[test]
    fn one_person_fewer_on_the_roster_untrips_no_guard(
        (mut request, mut actual) in guarded_cases(),
        who in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!request.roster.is_empty());
        request.policy.absent = AbsentPolicy::Delete;
        request.policy.managed_groups = named(&GROUPS);
        // Out of an incomplete listing, no absent user is deleted.
        actual.complete = true;
        let before = tripped_by_removals(&plan(&request, &actual).guards);
        request.roster.remove(who.index(request.roster.len()));
        let after = tripped_by_removals(&plan(&request, &actual).guards);
        prop_assert_eq!(missing(&before, &after), []);
    }
}

/// Guards that always trip, or never trip, would be monotone too. The guard for incomplete listings
/// trips for no plan: such a plan contains no removal by absence.
#[test]
fn every_guard_trips_in_some_cases_and_not_in_others() {
    let reports: Vec<_> = some(500, guarded_cases())
        .iter()
        .flat_map(|(request, actual)| plan(request, actual).guards)
        .collect();
    for guard in [
        Guard::UserRemovals,
        Guard::MemberRemovals,
        Guard::MembershipRemovals,
        Guard::Creations,
        Guard::Promotions,
        Guard::ReEnablements,
        Guard::Updates,
        Guard::MemberAdditions,
        Guard::MinimumAdmins,
        Guard::RequiredAdmins,
        Guard::EmptyRoster,
    ] {
        let of_it = || reports.iter().filter(|report| report.guard == guard);
        let tripped = of_it().filter(|report| report.tripped).count();
        assert!(tripped >= 10, "{guard:?} trips {tripped} times");
        assert!(of_it().count() - tripped >= 10, "{guard:?} trips too often");
    }
}
