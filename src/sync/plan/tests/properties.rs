//! What holds for every roster and organisation, tried on many that are made up.

use std::collections::BTreeSet;

use crate::domain::{GroupRef, UserType};
use crate::sync::plan::testing::{
    Random, apply, desired, email, fulfilled, group, join, lines, model, named, permissive, plan,
    user,
};
use crate::sync::{AbsentPolicy, MembershipPolicy, Snapshot, Span, SyncRequest};

const NAMES: [&str; 12] =
    ["ada", "bea", "cleo", "dora", "edith", "fay", "grace", "hedy", "ida", "joan", "kate", "lise"];
const GROUPS: [&str; 5] = ["Engineering", "Support", "Sales", "Finance", "Legal"];
const FIRST: [Option<&str>; 3] = [None, Some("One"), Some("Two")];
const TYPES: [UserType; 2] = [UserType::Default, UserType::EndUser];

/// A roster and an organisation that have some people in common.
fn case(seed: u64) -> (SyncRequest, Snapshot) {
    let mut random = Random::new(seed);
    let mut roster = Vec::new();
    let mut users = Vec::new();
    for name in NAMES {
        let address = format!("{name}@example.com");
        if !random.one_in(3) {
            let groups: Vec<&str> = GROUPS.into_iter().filter(|_| random.one_in(3)).collect();
            let mut desired = desired(&address, &groups);
            desired.fields.first_name = random.pick(&FIRST).map(String::from);
            desired.fields.user_type = Some(*random.pick(&TYPES));
            desired.fields.admin = *random.pick(&[None, Some(false), Some(true)]);
            roster.push(desired);
        }
        if !random.one_in(4) {
            let mut user = user(&address);
            user.first_name = random.pick(&FIRST).map(String::from);
            user.user_type = Some(*random.pick(&TYPES));
            user.admin = random.one_in(3);
            user.disabled = random.one_in(4);
            for group in GROUPS {
                if random.one_in(3) {
                    join(&mut user, group);
                }
            }
            users.push(user);
        }
    }
    let mut policy = permissive();
    policy.absent =
        *random.pick(&[AbsentPolicy::Keep, AbsentPolicy::Disable, AbsentPolicy::Delete]);
    policy.memberships =
        *random.pick(&[MembershipPolicy::Leave, MembershipPolicy::Add, MembershipPolicy::Exact]);
    policy.managed_groups = named(&GROUPS[..random.below(GROUPS.len() + 1)]);
    policy.guards.max_user_removal_floor = 100;
    policy.guards.max_member_removal_floor = 100;
    if random.one_in(3) {
        policy.guards.protected_people = vec![email("ada@example.com"), email("kate@example.com")];
    }
    let actual =
        Snapshot { groups: GROUPS.into_iter().map(group).collect(), users, ..fulfilled(&model()) };
    let request = SyncRequest { roster, span: Span::default(), policy };
    (request, actual)
}

#[test]
fn a_plan_that_is_applied_leaves_nothing_to_do() {
    let mut worked = 0;
    for seed in 0..400 {
        let (request, actual) = case(seed);
        let first = plan(&request, &actual);
        assert!(first.tripped().next().is_none());
        worked += first.steps.len();
        let after = apply(&actual, &first.steps);
        let second = plan(&request, &after);
        assert_eq!(lines(&second.steps), Vec::<String>::new(), "seed {seed}");
        assert_eq!(second.refusals, first.refusals, "seed {seed}");
    }
    assert!(worked > 1000, "the cases have work to do: {worked}");
}

#[test]
fn a_plan_cut_off_anywhere_is_carried_on_to_the_same_end() {
    for seed in 0..40 {
        let (request, actual) = case(seed);
        let whole = plan(&request, &actual).steps;
        let end = sorted(apply(&actual, &whole));
        for cut in 0..whole.len() {
            let half = apply(&actual, &whole[..cut]);
            let rest = plan(&request, &half).steps;
            assert_eq!(sorted(apply(&half, &rest)), end, "seed {seed}, cut {cut}");
        }
    }
}

#[test]
fn the_order_of_people_and_groups_does_not_matter() {
    for seed in 0..200 {
        let (request, mut actual) = case(seed);
        for address in ["IDA@example.com", "Ida@Example.com"] {
            let mut twin = user(address);
            twin.id.value.push_str(address);
            actual.users.push(twin);
        }
        let expected = plan(&request, &actual);
        let mut random = Random::new(seed + 1);
        let (mut request, mut actual) = (request, actual);
        random.shuffle(&mut request.roster);
        random.shuffle(&mut request.policy.managed_groups);
        random.shuffle(&mut request.policy.guards.protected_people);
        random.shuffle(&mut actual.users);
        random.shuffle(&mut actual.groups);
        for desired in &mut request.roster {
            random.shuffle(&mut desired.groups);
        }
        for user in &mut actual.users {
            random.shuffle(user.groups.get_or_insert_default());
        }
        assert_eq!(plan(&request, &actual), expected, "seed {seed}");
    }
}

#[test]
fn the_spans_of_a_roster_take_the_same_steps_as_the_whole() {
    let bounds = [None, Some("c"), Some("ha"), Some("joan@example.com"), None];
    for seed in 0..200 {
        let (mut request, mut actual) = case(seed);
        // A span can't know what another names, so groups are managed by all; and a group
        // that is missing would be created by the first.
        request.policy.managed_groups = named(&GROUPS);
        actual.groups = GROUPS.into_iter().map(group).collect();
        let whole: BTreeSet<String> = lines(&plan(&request, &actual).steps).into_iter().collect();
        let mut parts = Vec::new();
        let mut unchanged = 0;
        for ends in bounds.windows(2) {
            let span = Span { start: ends[0].map(String::from), before: ends[1].map(String::from) };
            let mut part = request.clone();
            part.roster.retain(|desired| span.contains(&desired.email));
            part.span = span;
            let plan = plan(&part, &actual);
            parts.extend(lines(&plan.steps));
            unchanged += plan.unchanged.len();
        }
        assert_eq!(parts.len(), whole.len(), "seed {seed}: nothing twice");
        assert_eq!(parts.into_iter().collect::<BTreeSet<_>>(), whole);
        assert_eq!(unchanged, plan(&request, &actual).unchanged.len());
    }
}

#[test]
fn everybody_covered_is_in_the_steps_unchanged_or_refused() {
    for seed in 0..200 {
        let (request, actual) = case(seed);
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
        assert_eq!(mentioned, covered, "seed {seed}");
        for email in &plan.unchanged {
            assert!(plan.steps.iter().all(|step| step.email.as_ref() != Some(email)));
            assert!(plan.refusals.iter().all(|refusal| refusal.email != *email));
        }
    }
}

#[test]
fn protected_people_lose_nothing_in_any_plan() {
    let mut dropped = 0;
    for seed in 0..300 {
        let (mut request, actual) = case(seed);
        request.policy.guards.protected_people =
            NAMES.iter().map(|name| email(&format!("{name}@example.com"))).collect();
        let plan = plan(&request, &actual);
        let after = apply(&actual, &plan.steps);
        dropped += plan.refusals.len();
        for before in &actual.users {
            let after = after.users.iter().find(|user| user.id == before.id).expect("still there");
            assert!(after.admin >= before.admin && after.disabled <= before.disabled);
            let groups = after.groups.as_deref().unwrap_or_default();
            for link in before.groups.iter().flatten() {
                assert!(groups.iter().any(|kept| kept.id == link.id), "seed {seed}");
            }
        }
    }
    assert!(dropped > 100, "the cases would take something: {dropped}");
}

#[test]
fn ids_and_names_of_groups_give_the_same_steps() {
    for seed in 0..100 {
        let (request, actual) = case(seed);
        let mut by_id = request.clone();
        for group in by_id.roster.iter_mut().flat_map(|desired| &mut desired.groups) {
            if let GroupRef::Name(name) = group {
                *group = GroupRef::Id(crate::sync::plan::testing::group_id(name));
            }
        }
        assert_eq!(plan(&by_id, &actual).steps, plan(&request, &actual).steps, "seed {seed}");
    }
}

/// An organisation in a form that does not depend on the order of writes.
fn sorted(mut world: Snapshot) -> Snapshot {
    world.users.sort_by(|a, b| a.email.cmp(&b.email));
    world.groups.sort_by(|a, b| a.name.cmp(&b.name));
    for link in world.users.iter_mut().flat_map(|user| user.groups.iter_mut().flatten()) {
        link.name = None;
    }
    for user in &mut world.users {
        user.groups.get_or_insert_default().sort_by(|a, b| a.id.cmp(&b.id));
    }
    world
}
