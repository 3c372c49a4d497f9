use std::collections::BTreeSet;

use mock_retool::{EDITOR, Options, Organisation, VIEWER};

use crate::client::start;

fn enabled_admins(state: &Organisation) -> usize {
    state.users.iter().filter(|user| user.is_admin && !user.is_disabled).count()
}

#[tokio::test]
async fn the_same_options_generate_the_same_organisation() {
    let (one, _) = start(Options::default()).await;
    let (other, _) = start(Options::default()).await;
    assert_eq!(one.state(), other.state());

    let (reseeded, _) = start(Options { seed: 1, ..Options::default() }).await;
    assert_ne!(one.state().users[0].id, reseeded.state().users[0].id);
}

#[test]
fn a_seeded_organisation_has_users_of_every_kind() {
    for users in [6, 12, 500] {
        let state = Organisation::seeded(7, users, 5);
        assert_eq!(state.users.len(), users);
        assert_eq!(enabled_admins(&state), 3);
        assert!(state.users.iter().any(|user| user.is_disabled));
        assert!(state.users.iter().any(|user| user.user_type == "endUser"));
        assert!(state.users.iter().all(|user| !user.extra.is_empty()));
        assert!(state.members(EDITOR).count() > 0);
        assert!(state.members(VIEWER).count() > 0);
        assert!(state.invitations.is_empty());
    }
}

#[test]
fn every_user_has_a_unique_address_and_id() {
    let state = Organisation::seeded(0, 2_000, 7);
    let emails: BTreeSet<&str> = state.users.iter().map(|user| user.email.as_str()).collect();
    let ids: BTreeSet<&str> = state.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!((emails.len(), ids.len()), (2_000, 2_000));
    for user in &state.users {
        let (mailbox, domain) = user.email.split_once('@').expect("an address");
        let first = user.first_name.as_deref().expect("a name").to_lowercase();
        let last = user.last_name.as_deref().expect("a name").to_lowercase();
        assert_eq!(domain, "example.com");
        assert!(mailbox.starts_with(&format!("{first}.{last}")), "{mailbox}");
    }
    assert_eq!(state.groups[8].name, "Team 6");
    assert_eq!(state.groups[9].name, "Team 7");
}

#[test]
fn small_and_empty_organisations_are_possible() {
    for (users, groups, admins) in [(0, 0, 0), (1, 0, 1), (3, 1, 2)] {
        let state = Organisation::seeded(0, users, groups);
        assert_eq!(state.users.len(), users);
        assert_eq!(state.groups.len(), groups + 3);
        assert_eq!(enabled_admins(&state), admins);
    }
}

#[tokio::test]
async fn an_empty_organisation_has_only_the_built_in_groups() {
    let (mock, _) = start(Options { empty: true, ..Options::default() }).await;
    let names: Vec<String> = mock.state().groups.into_iter().map(|group| group.name).collect();
    assert_eq!(names, ["admin", "editor", "viewer"]);
    assert!(mock.state().users.is_empty());
}
