//! A sync of a little of everything, and what an organisation comes to in the end.

use std::collections::{BTreeMap, BTreeSet};

use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncRequest};
use mock_retool::{Fault, FaultKind, Options, Organisation};

use crate::support::{World, done, entry, membership, memberships, named, roster_of};

/// So that a listing of 200 people has a second page to be killed at.
const PAGES: &[(&str, &str)] = &[("RETOOL_PAGE_SIZE", "150")];

/// An organisation that can be made again and again, and what shall become of it.
#[derive(Clone, Copy)]
pub struct Scene {
    /// How many people there are at the start.
    pub people: usize,
    /// What happens to those who are to leave.
    pub absent: AbsentPolicy,
}

impl Scene {
    /// The organisation as it is at the start.
    pub async fn world(self) -> World {
        let mut world = World::with(Options { users: self.people, ..Options::default() }).await;
        world.tenant = world.tenant_with(PAGES);
        // A server that refused a second account would hide that one was asked for.
        world.mock.inject(Fault::new(FaultKind::SecondAccount));
        // Four people of the roster who were disabled are enough.
        world.mock.edit(|organisation| {
            let disabled = organisation.users.iter_mut().filter(|user| user.is_disabled);
            for user in disabled.skip(4) {
                user.is_disabled = false;
            }
        });
        world
    }

    /// Of everything a little: new people, a new group, other names, people who come back, who
    /// change groups, and who leave.
    pub fn request(self, world: &World) -> SyncRequest {
        let mut request = roster_of(&world.mock);
        let state = world.mock.state();
        for user in state.users.iter().filter(|user| user.is_disabled) {
            let mut back = entry(&user.email);
            back.groups =
                state.groups_of(user).map(|group| membership(named(&group.name))).collect();
            request.roster.push(back);
        }
        let share = self.people / 20;
        for at in 0..share {
            let person = &mut request.roster[10 + at];
            person.first_name = Some(format!("Renamed {at}"));
        }
        for at in 0..share / 2 {
            // The last group of somebody is one of those that can be left.
            request.roster[10 + share + at].groups.pop();
            let person = &mut request.roster[10 + 2 * share + at];
            person.groups = memberships([named("Finance"), named("Brand new")]);
        }
        let leavers = 10 + 3 * share;
        request.roster.drain(leavers..leavers + share / 2);
        for at in 0..share {
            let mut person = entry(&format!("new{at}@example.com"));
            person.first_name = Some(format!("New {at}"));
            person.groups = memberships([named("Support"), named("Brand new")]);
            request.roster.push(person);
        }
        request.policy.absent = self.absent;
        request.policy.memberships = MembershipPolicy::Exact;
        request
    }

    /// The end of a run that nobody disturbed, and how many requests it took, of which how many
    /// write.
    pub async fn undisturbed(self) -> (EndState, usize, usize) {
        let world = self.world().await;
        let request = self.request(&world);
        let before = EndState::of(&world.mock.state());
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{report:#?}");
        let requests = world.mock.requests().len();
        let writes = world.writes().len();
        let end = EndState::of(&world.mock.state());
        assert_ne!(before, end);
        end.assert_nothing_is_double(&world.mock.state(), "undisturbed");

        world.mock.clear_requests();
        assert!(done(world.tenant.sync(&request).await).complete);
        assert_eq!(world.writes(), [], "there was something left to do");
        (end, requests, writes)
    }
}

/// What an organisation comes to, without ids and times, which depend on the order of events.
#[derive(Debug, PartialEq)]
pub struct EndState {
    people: BTreeMap<String, String>,
    groups: Vec<String>,
    invitations: Vec<String>,
}

impl EndState {
    /// Of this organisation.
    pub fn of(organisation: &Organisation) -> EndState {
        let people = organisation.users.iter().map(|user| {
            let groups: BTreeSet<_> = organisation
                .groups_of(user)
                .map(|group| {
                    let admin = user.memberships.iter().any(|membership| {
                        membership.group == group.id && membership.is_group_admin
                    });
                    (group.name.clone(), admin)
                })
                .collect();
            let fields = format!(
                "{:?} {:?} {:?} admin {} disabled {} {} {:?} in {groups:?}",
                user.first_name,
                user.last_name,
                user.profile_photo_url,
                user.is_admin,
                user.is_disabled,
                user.user_type,
                user.extra
            );
            (user.email.to_lowercase(), fields)
        });
        let mut groups: Vec<_> = organisation
            .groups
            .iter()
            .map(|group| format!("{} {}", group.name, group.universal_app_access))
            .collect();
        groups.sort();
        let mut invitations = organisation.invitations.clone();
        invitations.sort();
        EndState { people: people.collect(), groups, invitations }
    }

    /// Nobody has two accounts or was invited twice, and no two groups have one name.
    pub fn assert_nothing_is_double(&self, organisation: &Organisation, when: &str) {
        assert_eq!(
            self.people.len(),
            organisation.users.len(),
            "{when}: somebody has two accounts"
        );
        for (what, names) in [("invited", &self.invitations), ("made", &self.groups)] {
            let distinct: BTreeSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{when}: {what} twice: {names:?}");
        }
    }
}
