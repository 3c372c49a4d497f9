//! A sync with every kind of change, and the final state of an organisation.

use std::collections::{BTreeMap, BTreeSet};

use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Options, Organisation};

use super::dialect::{current_roster, new_entry};
use crate::support::{World, allow_growth, done, entry, membership, memberships, named};

/// Returns settings with which a listing of 100 people (over `/api/v1`) or 200 people (over
/// `/api/v2`) has a second page, at which the host can be killed.
fn settings(dialect: Dialect) -> &'static [(&'static str, &'static str)] {
    match dialect {
        Dialect::V1 => &[("RETOOL_PAGE_SIZE", "75")],
        // The list of all users is read by page only if it is too large for one response.
        _ => &[("RETOOL_PAGE_SIZE", "100"), ("RETOOL_MAX_BODY_BYTES", "65536")],
    }
}

/// An organisation that can be created again and again, and its roster.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// The dialect that the tenant speaks.
    pub dialect: Dialect,
    /// The number of people at the start.
    pub people: usize,
    /// What happens to people who are not on the roster.
    pub absent: AbsentPolicy,
}

impl Scenario {
    /// Creates the organisation as it is at the start.
    pub async fn world(self) -> World {
        let mut world = World::with(Options { users: self.people, ..Options::default() }).await;
        world.tenant = world.over_with_env(self.dialect, settings(self.dialect));
        // A server that refuses a second account would hide a duplicate creation.
        world.mock.inject(Fault::new(FaultKind::SecondAccount));
        // Four disabled people on the roster are enough.
        world.mock.edit(|organisation| {
            let disabled = organisation.users.iter_mut().filter(|user| user.is_disabled);
            for user in disabled.skip(4) {
                user.is_disabled = false;
            }
        });
        world
    }

    /// Returns the request. It contains some of each: new people, a new group, other names, people
    /// who are enabled again, who change groups, and who leave.
    pub fn request(self, world: &World) -> SyncRequest {
        let mut request = current_roster(world);
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
            // The last group of a person is not a built-in one, so it can be left.
            request.roster[10 + share + at].groups.pop();
            let person = &mut request.roster[10 + 2 * share + at];
            person.groups = memberships([named("Finance"), named("Brand new")]);
        }
        let leavers = 10 + 3 * share;
        request.roster.drain(leavers..leavers + share / 2);
        for at in 0..share {
            let mut person = new_entry(&format!("new{at}@example.com"));
            person.first_name = Some(format!("New {at}"));
            person.groups = memberships([named("Support"), named("Brand new")]);
            request.roster.push(person);
        }
        request.policy.absent = self.absent;
        request.policy.memberships = MembershipPolicy::Exact;
        allow_growth(&mut request);
        request
    }

    /// Runs the sync without faults.
    pub async fn undisturbed(self) -> Undisturbed {
        let world = self.world().await;
        let request = self.request(&world);
        let before = EndState::of(&world.mock.state());
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{report:#?}");
        let requests = world.mock.requests().len();
        let writes = world.writes().len();
        let ended_sessions = world.mock.state().ended_sessions.len();
        let end = EndState::of(&world.mock.state());
        assert_ne!(before, end);
        end.assert_no_duplicates(&world.mock.state(), "undisturbed");

        world.mock.clear_requests();
        assert!(done(world.tenant.sync(&request).await).complete);
        assert_eq!(world.writes(), [], "there was something left to do");
        Undisturbed { end, requests, writes, ended_sessions }
    }
}

/// A sync without faults.
pub struct Undisturbed {
    /// The final state.
    pub end: EndState,
    /// The number of requests.
    pub requests: usize,
    /// The number of writes among them.
    pub writes: usize,
    /// The number of writes that ended the sessions of a user.
    pub ended_sessions: usize,
}

/// The final state of an organisation, without ids and times, which depend on the order of events.
#[derive(Debug, PartialEq)]
pub struct EndState {
    people: BTreeMap<String, String>,
    groups: Vec<String>,
    invitations: Vec<String>,
}

impl EndState {
    /// Returns the state of an organisation.
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
                "{:?} {:?} {:?} admin {} disabled {} {} {:?} {:?} {:?} in {groups:?}",
                user.first_name,
                user.last_name,
                user.profile_photo_url,
                user.is_admin,
                user.is_disabled,
                user.user_type,
                user.seat_type,
                user.metadata,
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

    /// Fails if a user has two accounts or was invited twice, or if two groups have the same name.
    pub fn assert_no_duplicates(&self, organisation: &Organisation, when: &str) {
        assert_eq!(self.people.len(), organisation.users.len(), "{when}: a user has two accounts");
        for (what, names) in [("invited", &self.invitations), ("created", &self.groups)] {
            let distinct: BTreeSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{when}: {what} twice: {names:?}");
        }
    }
}
