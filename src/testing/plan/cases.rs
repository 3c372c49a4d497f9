//! Generated rosters and organisations, for property tests. A failing case shrinks: fewer people,
//! fewer groups, fewer differences.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{desired, email, group, join, named, permissive, user};
use crate::domain::{Dialect, User, UserType};
use crate::retool::user_filter::Others;
use crate::sync::{
    AbsentPolicy, DesiredUser, GuardLimits, Limit, MembershipPolicy, Policy, Snapshot, Span,
    SyncRequest,
};

/// A request and the current organisation.
pub(crate) type Case = (SyncRequest, Snapshot);

/// The names of the people that may exist.
pub(crate) const NAMES: [&str; 12] =
    ["ada", "bea", "cleo", "dora", "edith", "fay", "grace", "hedy", "ida", "joan", "kate", "lise"];
/// The groups that they may be in.
pub(crate) const GROUPS: [&str; 5] = ["Engineering", "Support", "Sales", "Finance", "Legal"];

const FIRST: [Option<&str>; 3] = [None, Some("One"), Some("Two")];
const TYPES: [UserType; 2] = [UserType::Default, UserType::EndUser];

/// The address of a person.
pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// Generates a roster and an organisation that have some people in common, and a policy whose
/// guards don't trip.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let people = NAMES
        .map(|name| (option::weighted(0.7, entry(name)), option::weighted(0.75, account(name))));
    (people, policy()).prop_map(|(people, policy)| {
        let (roster, users): (Vec<_>, Vec<_>) = people.into_iter().unzip();
        let roster = roster.into_iter().flatten().collect();
        let request =
            SyncRequest { roster, span: Span::default(), policy, disabled_since: Vec::new() };
        let actual = Snapshot {
            dialect: Dialect::V1,
            users: users.into_iter().flatten().collect(),
            others: Others::default(),
            invitations: vec![],
            groups: GROUPS.into_iter().map(group).collect(),
            attributes: None,
            complete: true,
            read_at: None,
        };
        (request, actual)
    })
}

/// Generates a roster entry.
fn entry(name: &'static str) -> impl Strategy<Value = DesiredUser> {
    let admin = select(vec![None, Some(false), Some(true)]);
    (select(&FIRST[..]), select(&TYPES[..]), admin, some_groups()).prop_map(
        move |(first_name, user_type, admin, groups)| {
            let mut desired = desired(&address(name), &groups);
            desired.fields.first_name = first_name.map(String::from);
            desired.fields.user_type = Some(user_type);
            desired.fields.admin = admin;
            desired
        },
    )
}

/// Generates an account.
fn account(name: &'static str) -> impl Strategy<Value = User> {
    let (admin, disabled) = (prop::bool::weighted(0.3), prop::bool::weighted(0.25));
    (select(&FIRST[..]), select(&TYPES[..]), admin, disabled, some_groups()).prop_map(
        move |(first_name, user_type, admin, disabled, groups)| {
            let mut user = user(&address(name));
            user.first_name = first_name.map(String::from);
            user.user_type = Some(user_type);
            user.admin = admin;
            user.disabled = disabled;
            for group in groups {
                join(&mut user, group);
            }
            user
        },
    )
}

fn some_groups() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(&GROUPS[..], 0..=4)
}

fn policy() -> impl Strategy<Value = Policy> {
    use AbsentPolicy::{Delete, Disable, Keep};
    use MembershipPolicy::{Add, Exact, Leave};
    let absent = select(vec![Keep, Disable, Delete]);
    let memberships = select(vec![Leave, Add, Exact]);
    let managed = subsequence(&GROUPS[..], 0..=GROUPS.len());
    let protected = prop_oneof![2 => Just(&[][..]), 1 => Just(&["ada", "kate"][..])];
    (absent, memberships, managed, protected).prop_map(
        |(absent, memberships, managed, protected)| {
            let mut policy = permissive();
            policy.absent = absent;
            policy.memberships = memberships;
            policy.managed_groups = named(&managed);
            policy.guards.protected_people =
                protected.iter().map(|name| email(&address(name)).into()).collect();
            policy
        },
    )
}

/// Generates the same case with people and groups in another order.
pub(crate) fn shuffled((request, actual): Case) -> impl Strategy<Value = Case> {
    let roster = request.roster.iter().cloned().map(|desired| {
        let groups = Just(desired.groups.clone()).prop_shuffle();
        groups.prop_map(move |groups| DesiredUser { groups, ..desired.clone() })
    });
    let users = actual.users.iter().cloned().map(|user| {
        let groups = Just(user.groups.clone().unwrap_or_default()).prop_shuffle();
        groups.prop_map(move |groups| {
            let groups = Some(groups);
            User { groups, ..user.clone() }
        })
    });
    let policy = request.policy.clone();
    (
        roster.collect::<Vec<_>>().prop_shuffle(),
        Just(policy.managed_groups).prop_shuffle(),
        Just(policy.guards.protected_people).prop_shuffle(),
        users.collect::<Vec<_>>().prop_shuffle(),
        Just(actual.groups.clone()).prop_shuffle(),
    )
        .prop_map(move |(roster, managed_groups, protected_people, users, groups)| {
            let (mut request, actual) = (request.clone(), actual.clone());
            request.roster = roster;
            request.policy.managed_groups = managed_groups;
            request.policy.guards.protected_people = protected_people;
            (request, Snapshot { users, groups, ..actual })
        })
}

/// Generates guards that trip for some cases and not for others.
pub(crate) fn limits() -> impl Strategy<Value = GuardLimits> {
    let limit = (select(vec![0, 5, 25, 50, 100]), 0..5u32)
        .prop_map(|(percent, floor)| Limit { percent, floor });
    // Mostly one guard or two, so that each of them decides in some cases.
    let limit = prop_oneof![2 => Just(Limit::new(100, 100)), 1 => limit];
    let required = subsequence(&NAMES[..], 0..=2);
    (prop::array::uniform8(limit), 0..5u32, required, any::<bool>()).prop_map(
        |(limits, minimum_admins, required, empty)| GuardLimits {
            user_removals: limits[0],
            member_removals: limits[1],
            membership_removals: limits[2],
            creations: limits[3],
            promotions: limits[4],
            re_enablements: limits[5],
            updates: limits[6],
            member_additions: limits[7],
            minimum_admins,
            required_admins: required.iter().map(|name| email(&address(name)).into()).collect(),
            protected_people: Vec::new(),
            allow_empty_roster: empty,
        },
    )
}

/// Generates cases with guards that may trip. Sometimes the roster is empty, or the listing is
/// incomplete.
pub(crate) fn guarded_cases() -> impl Strategy<Value = Case> {
    let (empty, complete) = (prop::bool::weighted(0.1), prop::bool::weighted(0.8));
    (cases(), limits(), empty, complete).prop_map(
        |((mut request, mut actual), limits, empty, complete)| {
            let protected_people = request.policy.guards.protected_people;
            request.policy.guards = GuardLimits { protected_people, ..limits };
            if empty {
                request.roster.clear();
            }
            actual.complete = complete;
            (request, actual)
        },
    )
}

/// Draws `count` values, the same ones every time.
pub(crate) fn some<T: Strategy>(count: usize, strategy: T) -> Vec<T::Value> {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut draw = || strategy.new_tree(&mut runner).expect("a case").current();
    (0..count).map(|_| draw()).collect()
}
