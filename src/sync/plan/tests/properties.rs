//! Properties of plans for every roster and organisation, tested on generated ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::GroupRef;
use crate::retool::user_filter::{People, filter_page};
use crate::sync::scope::SyncScope;
use crate::sync::{AbsentPolicy, Snapshot, Span};
use crate::testing::plan::cases::{Case, GROUPS, NAMES, address, cases, shuffled, some};
use crate::testing::plan::{apply, email, fulfilled, group_id, lines, named, plan, try_plan, user};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_plan_for_a_matching_organisation_is_empty((request, _) in cases()) {
        let plan = plan(&request, &fulfilled(&request));
        prop_assert_eq!(lines(&plan.steps), Vec::<String>::new());
        prop_assert_eq!(plan.unchanged.len(), request.roster.len());
        prop_assert!(plan.refusals.is_empty() && plan.seats.is_empty());
    }

    #[test]
    fn an_applied_plan_leaves_nothing_to_do((request, actual) in cases()) {
        let first = plan(&request, &actual);
        prop_assert!(first.tripped().next().is_none());
        let after = apply(&actual, &first.steps);
        let second = plan(&request, &after);
        prop_assert_eq!(lines(&second.steps), Vec::<String>::new());
        prop_assert_eq!(second.refusals, first.refusals);
    }

    #[test]
    fn the_order_of_people_and_groups_does_not_matter(
        ((request, actual), (other_request, other_actual)) in cases_and_other_orders()
    ) {
        prop_assert_eq!(plan(&other_request, &other_actual), plan(&request, &actual));
    }

    #[test]
    fn the_spans_of_a_roster_have_the_same_steps_as_the_whole((mut request, actual) in cases()) {
        // A span does not know the groups of other spans, so all groups are managed.
        request.policy.managed_groups = named(&GROUPS);
        let whole = plan(&request, &actual);
        let mut parts = Vec::new();
        let mut unchanged = 0;
        let bounds = [None, Some("c"), Some("ha"), Some("joan@example.com"), None];
        for ends in bounds.windows(2) {
            let span = Span { start: ends[0].map(String::from), before: ends[1].map(String::from) };
            let mut part = request.clone();
            part.roster.retain(|desired| span.contains(&desired.email));
            part.span = span;
            let plan = plan(&part, &actual);
            parts.extend(lines(&plan.steps));
            unchanged += plan.unchanged.len();
        }
        prop_assert_eq!(parts.len(), whole.steps.len(), "nothing twice");
        let [parts, steps] = [parts, lines(&whole.steps)].map(BTreeSet::from_iter);
        prop_assert_eq!(parts, steps);
        prop_assert_eq!(unchanged, whole.unchanged.len());
    }

    #[test]
    fn users_outside_the_scope_do_not_change_the_plan(
        ((mut request, actual), absent, ends) in (
            cases(),
            select(vec![AbsentPolicy::Keep, AbsentPolicy::Disable, AbsentPolicy::Delete]),
            select(vec![[None, None], [Some("c"), Some("joan@example.com")], [Some("ha"), None]]),
        )
    ) {
        let [start, before] = ends.map(|end| end.map(String::from));
        request.span = Span { start, before };
        request.roster.retain(|desired| request.span.contains(&desired.email));
        request.policy.absent = absent;
        request.policy.guards.required_admins = Vec::from([email(&address("ada")).into()]);
        let page = filter_page(actual.users.clone(), &SyncScope::of(&request));
        let people = People::on(Vec::from([page.page]));
        let users = people.listed.into_iter().map(|listed| listed.user).collect();
        let in_scope = Snapshot { users, others: people.others, ..actual.clone() };
        prop_assert_eq!(try_plan(&request, &in_scope), try_plan(&request, &actual));
    }

    #[test]
    fn every_covered_person_is_in_the_steps_unchanged_or_refused((request, actual) in cases()) {
        let plan = plan(&request, &actual);
        let mut covered: BTreeSet<&str> =
            request.roster.iter().map(|desired| desired.email.key()).collect();
        if request.policy.absent != AbsentPolicy::Keep {
            covered.extend(actual.users.iter().map(|user| user.email.key()));
        }
        let mentioned: BTreeSet<&str> = plan
            .steps
            .iter()
            .filter_map(|step| step.email.as_ref())
            .chain(&plan.unchanged)
            .chain(plan.refusals.iter().map(|refusal| &refusal.email))
            .map(|email| email.key())
            .collect();
        prop_assert_eq!(mentioned, covered);
        for email in &plan.unchanged {
            prop_assert!(plan.steps.iter().all(|step| step.email.as_ref() != Some(email)));
            prop_assert!(plan.refusals.iter().all(|refusal| refusal.email != *email));
        }
    }

    #[test]
    fn protected_people_lose_nothing_in_any_plan(case in cases()) {
        let (request, actual) = all_protected(case);
        let plan = plan(&request, &actual);
        let after = apply(&actual, &plan.steps);
        for before in &actual.users {
            let after = after.users.iter().find(|user| user.id == before.id).expect("still there");
            prop_assert!(after.admin >= before.admin && after.disabled <= before.disabled);
            let groups = after.groups.as_deref().unwrap_or_default();
            for link in before.groups.iter().flatten() {
                prop_assert!(groups.iter().any(|kept| kept.id == link.id));
            }
        }
    }

    #[test]
    fn ids_and_names_of_groups_give_the_same_steps((request, actual) in cases()) {
        let mut by_id = request.clone();
        for group in by_id.roster.iter_mut().flat_map(|desired| &mut desired.groups) {
            if let GroupRef::Name(name) = &**group {
                *group = GroupRef::Id(group_id(name)).into();
            }
        }
        prop_assert_eq!(plan(&by_id, &actual).steps, plan(&request, &actual).steps);
    }
}

proptest! {
    // Each case tries as many cuts as there are steps.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_plan_interrupted_anywhere_continues_to_the_same_result((request, actual) in cases()) {
        let whole = plan(&request, &actual).steps;
        let end = sorted(apply(&actual, &whole));
        let users_and_groups = |snapshot: Snapshot| (snapshot.users, snapshot.groups);
        for cut in 0..whole.len() {
            let half = apply(&actual, &whole[..cut]);
            let rest = plan(&request, &half).steps;
            let other = sorted(apply(&half, &rest));
            prop_assert_eq!(users_and_groups(other), users_and_groups(end.clone()), "cut {}", cut);
        }
    }
}

/// Properties of plans without steps would prove nothing.
#[test]
fn the_cases_have_work_to_do() {
    let cases = some(300, cases());
    let steps: usize =
        cases.iter().map(|(request, actual)| plan(request, actual).steps.len()).sum();
    assert!(steps > 1000, "{steps}");
    let protected = cases.into_iter().map(all_protected);
    let dropped: usize =
        protected.map(|(request, actual)| plan(&request, &actual).refusals.len()).sum();
    assert!(dropped > 100, "plans would remove something: {dropped}");
}

/// A case with users who share an address, and the same case in another order.
fn cases_and_other_orders() -> impl Strategy<Value = (Case, Case)> {
    let with_twins = cases().prop_map(|(request, mut actual)| {
        for address in ["IDA@example.com", "Ida@Example.com"] {
            let mut twin = user(address);
            twin.id.value.push_str(address);
            actual.users.push(twin);
        }
        (request, actual)
    });
    with_twins.prop_flat_map(|case| (Just(case.clone()), shuffled(case)))
}

fn all_protected((mut request, actual): Case) -> Case {
    request.policy.guards.protected_people =
        NAMES.iter().map(|name| email(&address(name)).into()).collect();
    (request, actual)
}

/// An organisation in a form that does not depend on the order of writes.
fn sorted(mut snapshot: Snapshot) -> Snapshot {
    snapshot.users.sort_by(|a, b| a.email.cmp(&b.email));
    snapshot.groups.sort_by(|a, b| a.name.cmp(&b.name));
    for link in snapshot.users.iter_mut().flat_map(|user| user.groups.iter_mut().flatten()) {
        link.name = None;
    }
    for user in &mut snapshot.users {
        user.groups.get_or_insert_default().sort_by(|a, b| a.id.cmp(&b.id));
    }
    snapshot
}
