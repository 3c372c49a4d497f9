//! Which changes are returned.

use proptest::prelude::*;

use crate::domain::{Email, User, UserType};
use crate::testing::feed::{Directory, group, link, member, user};

fn directory(users: Vec<User>) -> Directory {
    Directory { users, groups: (1..=9).map(group).collect(), ..Directory::default() }
}

/// Returns the changes between two sets of users.
fn between(before: Vec<User>, after: Vec<User>) -> Vec<String> {
    let cursor = directory(before).cursor();
    directory(after).changes(Some(&cursor)).expect("changes").0
}

#[test]
fn without_a_change_nothing_is_reported_and_the_cursor_is_the_same() {
    let acme = directory(vec![member(2, &[3, 1]), user(1)]);
    let cursor = acme.cursor();
    assert_eq!(acme.changes(Some(&cursor)), Ok((vec![], cursor)));
}

#[test]
fn the_cursor_does_not_depend_on_the_order_of_users_and_groups() {
    let one = directory(vec![member(1, &[1, 2, 3]), user(2)]).cursor();
    let other = directory(vec![user(2), member(1, &[3, 1, 2])]).cursor();
    assert_eq!(one, other);
}

#[test]
fn changes_are_ordered_by_user_and_then_by_kind() {
    let before = vec![
        member(2, &[1, 2]),
        User { disabled: true, ..member(3, &[1]) },
        member(4, &[5]),
        user(5),
    ];
    let mut second = member(2, &[2, 3, 4]);
    second.disabled = true;
    second.email = Email::new("other@acme.example");
    second.admin = true;
    let after = vec![
        User { disabled: true, ..member(6, &[7]) },
        user(5),
        member(3, &[1]),
        second,
        member(1, &[2, 1]),
    ];
    assert_eq!(
        between(before, after),
        [
            "created 1",
            "joined 1 1 (Group 1)",
            "joined 1 2 (Group 2)",
            "updated 2: email, admin",
            "disabled 2",
            "joined 2 3 (Group 3)",
            "joined 2 4 (Group 4)",
            "left 2 1 (Group 1)",
            "enabled 3",
            "deleted 4",
            "created 6",
            "disabled 6",
            "joined 6 7 (Group 7)",
        ]
    );
}

#[test]
fn leaving_a_deleted_group_is_reported_without_its_name() {
    assert_eq!(between(vec![member(1, &[12, 2])], vec![member(1, &[2])]), ["left 1 12"]);
}

#[test]
fn the_group_name_in_the_users_record_takes_precedence() {
    let mut named = member(1, &[]);
    let mut link = link(3);
    link.name = Some("Renamed".into());
    named.groups = Some(vec![link]);
    assert_eq!(between(vec![user(1)], vec![named]), ["joined 1 3 (Renamed)"]);
}

#[test]
fn a_duplicate_membership_is_reported_once() {
    assert_eq!(between(vec![user(1)], vec![member(1, &[3, 3])]), ["joined 1 3 (Group 3)"]);
}

#[test]
fn ids_that_are_not_uuids_are_compared_exactly() {
    let plain = |id: &str| {
        let mut user = user(1);
        user.id.value = id.into();
        user
    };
    let before = directory(vec![plain("0000000a-x"), plain("0000000b-y"), plain("0000000c")]);
    let mut after = directory(vec![plain("0000000a-x"), plain("0000000C"), plain("0000000c")]);
    after.users[2].last_name = None;
    let (changes, cursor) = after.changes(Some(&before.cursor())).expect("changes");
    assert_eq!(changes, ["created 12", "deleted 11", "updated 12: last-name"]);
    assert_eq!(after.changes(Some(&cursor)).expect("changes").0, [""; 0]);
}

#[test]
fn a_user_omitted_by_a_listing_is_read_and_not_deleted() {
    let mut acme = directory(vec![user(1), member(2, &[4]), user(3), user(4)]);
    let cursor = acme.cursor();
    acme.users.remove(3);
    acme.users[1].disabled = true;
    acme.omitted = vec![vec![2]].into();
    let (changes, next) = acme.changes(Some(&cursor)).expect("changes");
    assert_eq!(changes, ["disabled 2", "deleted 4"]);
    assert_eq!(acme.records.borrow().len(), 2, "the two missing users");
    assert_eq!(acme.changes(Some(&next)).expect("changes").0, [""; 0]);
}

#[test]
fn memberships_are_unchanged_if_a_record_does_not_contain_them() {
    let acme = directory(vec![user(1), member(2, &[4, 5])]);
    let cursor = acme.cursor();
    let acme = Directory { omitted: vec![vec![2]].into(), groupless_records: true, ..acme };
    assert_eq!(acme.changes(Some(&cursor)), Ok((vec![], cursor)));
}

#[test]
fn many_missing_users_are_looked_up_in_a_second_listing() {
    let mut acme = directory((0..100).map(user).collect());
    let cursor = acme.cursor();
    acme.users.truncate(50);
    acme.omitted = vec![vec![7, 8], vec![9]].into();
    let (changes, next) = acme.changes(Some(&cursor)).expect("changes");
    let expected: Vec<_> = (50..100).map(|number| format!("deleted {number}")).collect();
    assert_eq!(changes, expected);
    assert_eq!(acme.listings.get(), 2);
    assert!(acme.records.borrow().is_empty());
    assert_eq!(acme.changes(Some(&next)).expect("changes").0, [""; 0]);
}

#[test]
fn few_missing_users_after_a_second_listing_are_read_one_by_one() {
    let mut acme = directory((0..100).map(user).collect());
    let cursor = acme.cursor();
    acme.users.pop();
    acme.omitted = vec![(0..50).collect(), vec![3, 70]].into();
    assert_eq!(acme.changes(Some(&cursor)).expect("changes").0, ["deleted 99"]);
    assert_eq!(acme.listings.get(), 2);
    // The first listing contains 70. Neither contains 3.
    assert_eq!(acme.records.borrow().len(), 2);
}

/// Generates a user with this number and arbitrary values in all fields that the feed compares.
/// A record that can't be used is no evidence of a change.
#[test]
fn a_user_with_an_unusable_record_counts_as_unchanged() {
    let users = vec![user(1), user(2), user(3)];
    let cursor = directory(users.clone()).cursor();
    let acme = Directory { unreadable: vec![2], ..directory(users.clone()) };
    let (changes, next) = acme.changes(Some(&cursor)).expect("changes");
    assert_eq!((changes, &next), (vec![], &cursor));
    assert!(acme.records.borrow().is_empty(), "the record can't be read one by one either");
    let (changes, _) = directory(users).changes(Some(&next)).expect("changes");
    assert_eq!(changes, [""; 0]);
    // A new user is reported once the record can be used.
    let acme =
        Directory { unreadable: vec![4], ..directory(vec![user(1), user(2), user(3), user(4)]) };
    let (changes, next) = acme.changes(Some(&cursor)).expect("changes");
    assert_eq!((changes, next), (vec![], cursor));
}

fn any_user(number: u32) -> impl Strategy<Value = User> {
    let name = proptest::option::of("[ab]");
    let groups = proptest::collection::btree_set(1..6u32, 0..4);
    (name.clone(), name, 0..4u8, any::<bool>(), any::<bool>(), groups).prop_map(
        move |(first_name, last_name, user_type, admin, disabled, groups)| {
            let groups: Vec<_> = groups.into_iter().collect();
            let user_type = match user_type {
                0 => None,
                1 => Some(UserType::Default),
                2 => Some(UserType::EndUser),
                _ => Some(UserType::Unrecognized),
            };
            User { first_name, last_name, user_type, admin, disabled, ..member(number, &groups) }
        },
    )
}

fn organisation() -> impl Strategy<Value = Vec<User>> {
    proptest::collection::btree_set(0..12u32, 0..8)
        .prop_flat_map(|numbers| numbers.into_iter().map(any_user).collect::<Vec<_>>())
        .prop_shuffle()
}

/// A copy of the organisation that is kept up to date by changes alone: the users, whether they
/// are disabled, and their groups.
#[derive(Clone, Debug, Default, PartialEq)]
struct Follower {
    people: std::collections::BTreeMap<u32, (bool, std::collections::BTreeSet<u32>)>,
}

impl Follower {
    fn of(users: &[User]) -> Self {
        let people = users.iter().map(|user| {
            let number = u32::from_str_radix(&user.id.value[..8], 16).expect("a number");
            let groups = user.groups.iter().flatten();
            let groups = groups.map(|link| link.id.value.parse().expect("a number"));
            (number, (user.disabled, groups.collect()))
        });
        Follower { people: people.collect() }
    }

    /// Applies a change. Panics if it changes nothing.
    fn apply(&mut self, line: &str) {
        let words: Vec<&str> = line.split([' ', ':']).collect();
        let number = words[1].parse().expect("a number");
        let group = || words[2].parse::<u32>().expect("a number");
        if words[0] == "created" {
            let known = self.people.insert(number, Default::default());
            assert_eq!(known, None, "{line}");
            return;
        }
        let person = self.people.get_mut(&number).expect("a known user");
        let changed = match words[0] {
            "updated" => true,
            "disabled" => !std::mem::replace(&mut person.0, true),
            "enabled" => std::mem::replace(&mut person.0, false),
            "joined" => person.1.insert(group()),
            "left" => person.1.remove(&group()),
            "deleted" => self.people.remove(&number).is_some(),
            other => panic!("{other}"),
        };
        assert!(changed, "{line} is reported again");
    }
}

proptest! {
    #[test]
    fn applying_all_changes_gives_the_current_state(
        states in proptest::collection::vec(organisation(), 2..5)
    ) {
        let mut follower = Follower::of(&states[0]);
        let mut cursor = directory(states[0].clone()).cursor();
        let first = cursor.clone();
        for state in &states[1..] {
            let (changes, next) = directory(state.clone()).changes(Some(&cursor)).expect("changes");
            changes.iter().for_each(|line| follower.apply(line));
            prop_assert_eq!(&follower, &Follower::of(state));
            cursor = next;
        }
        // A cursor stays valid: an old one returns all changes in one step.
        let last = states.last().expect("a state");
        let mut late = Follower::of(&states[0]);
        let (changes, next) = directory(last.clone()).changes(Some(&first)).expect("changes");
        changes.iter().for_each(|line| late.apply(line));
        prop_assert_eq!(&late, &Follower::of(last));
        prop_assert_eq!(next, cursor);
    }

    #[test]
    fn exactly_the_fields_that_differ_are_reported(one in any_user(1), other in any_user(1)) {
        let reported = between(vec![one.clone()], vec![other.clone()]);
        let reported = reported.iter().find_map(|line| line.strip_prefix("updated 1: "));
        let mut fields = Vec::new();
        for (field, differs) in [
            ("first-name", one.first_name != other.first_name),
            ("last-name", one.last_name != other.last_name),
            ("user-type", one.user_type != other.user_type),
            ("admin", one.admin != other.admin),
        ] {
            fields.extend(differs.then_some(field));
        }
        prop_assert_eq!(reported.unwrap_or_default(), fields.join(", "));
    }

    #[test]
    fn incomplete_listings_cause_no_duplicate_and_no_missing_changes(
        before in organisation(),
        after in organisation(),
        omitted in proptest::collection::vec(0..12u32, 0..6),
    ) {
        let mut follower = Follower::of(&before);
        let cursor = directory(before).cursor();
        let acme = Directory { omitted: vec![omitted].into(), ..directory(after.clone()) };
        let (changes, cursor) = acme.changes(Some(&cursor)).expect("changes");
        changes.iter().for_each(|line| follower.apply(line));
        // A new user omitted by the listing is reported by the next call.
        let (changes, _) = acme.changes(Some(&cursor)).expect("changes");
        prop_assert!(changes.iter().all(|line| !line.starts_with("deleted")), "{changes:?}");
        changes.iter().for_each(|line| follower.apply(line));
        prop_assert_eq!(follower, Follower::of(&after));
    }
}
