//! A host that is killed in the middle of a sync and runs it again: the end is the same
//! wherever it was killed, and nobody is invited twice.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncRequest};
use mock_retool::{Hook, LoggedRequest, Options, Organisation};
use tokio::sync::oneshot;

use crate::support::{World, done, entry, named, roster_of};

/// So that a listing of 200 people has a second page to be killed at.
const PAGES: &[(&str, &str)] = &[("RETOOL_PAGE_SIZE", "150")];

/// More than any of these runs makes: one that does not end is an error, not a hanging test.
const MOST_CALLS: usize = 200;

/// An organisation that can be made again and again, and what shall become of it.
#[derive(Clone, Copy)]
struct Scene {
    people: usize,
    absent: AbsentPolicy,
}

impl Scene {
    async fn world(self) -> World {
        let mut world = World::with(Options { users: self.people, ..Options::default() }).await;
        world.tenant = world.tenant_with(PAGES);
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
    fn request(self, world: &World) -> SyncRequest {
        let mut request = roster_of(&world.mock);
        let state = world.mock.state();
        for user in state.users.iter().filter(|user| user.is_disabled) {
            let mut back = entry(&user.email);
            back.groups = state.groups_of(user).map(|group| named(&group.name)).collect();
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
            person.groups = vec![named("Finance"), named("Brand new")];
        }
        let leavers = 10 + 3 * share;
        request.roster.drain(leavers..leavers + share / 2);
        for at in 0..share {
            let mut person = entry(&format!("new{at}@example.com"));
            person.first_name = Some(format!("New {at}"));
            person.groups = vec![named("Support"), named("Brand new")];
            request.roster.push(person);
        }
        request.policy.absent = self.absent;
        request.policy.memberships = MembershipPolicy::Exact;
        request
    }
}

/// What an organisation comes to, without ids and times, which depend on the order of events.
#[derive(Debug, PartialEq)]
struct EndState {
    people: BTreeMap<String, String>,
    groups: Vec<String>,
    invitations: Vec<String>,
}

impl EndState {
    fn of(organisation: &Organisation) -> EndState {
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

    fn assert_nothing_is_double(&self, organisation: &Organisation, when: &str) {
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

/// Where in a request the host is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// It was sent, and the server has not looked at it.
    BeforeItIsServed,
    /// The server has done it, and nobody heard the answer.
    BeforeTheReply,
}

/// Runs a sync until the request of which `at` says so, and drops it there: its answer, if it
/// ended before.
///
/// The runtime must be of one thread: then the mock is through with the request, whatever is to
/// become of it, when the waiting task gets to know.
async fn killed(
    world: &World,
    request: &SyncRequest,
    moment: Moment,
    at: impl Fn(usize, &LoggedRequest) -> bool + Send + Sync + 'static,
) -> bool {
    let (told, tell) = oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    world.mock.clear_requests();
    world.mock.on_request(move |number, logged| {
        if !at(number, logged) {
            return Hook::Serve;
        }
        if let Some(told) = told.lock().expect("the sender").take() {
            let _ = told.send(());
        }
        match moment {
            Moment::BeforeItIsServed => Hook::CloseBefore,
            Moment::BeforeTheReply => Hook::ServeThenClose,
        }
    });
    let ended = tokio::select! {
        biased;
        _ = tell => true,
        answer = world.tenant.sync(request) => {
            assert!(done(answer).complete);
            false
        }
    };
    world.mock.on_request(|_, _| Hook::Serve);
    ended
}

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The end of a run that nobody disturbed, and how many requests it took, of which how many
/// write.
async fn undisturbed(scene: Scene) -> (EndState, usize, usize) {
    let world = scene.world().await;
    let request = scene.request(&world);
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

/// Kills a sync at every one of its requests, at both moments, runs it again, and compares.
fn killed_at_every_request(scene: Scene) -> (usize, usize) {
    let (end, requests, writes) = on_one_thread(undisturbed(scene));
    let next = AtomicUsize::new(1);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > requests {
                return;
            }
            for moment in [Moment::BeforeItIsServed, Moment::BeforeTheReply] {
                on_one_thread(killed_once(scene, number, moment, &end));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(2, usize::from).min(8);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    (requests, writes)
}

async fn killed_once(scene: Scene, number: usize, moment: Moment, end: &EndState) {
    let when = format!("killed at request {number}, {moment:?}");
    let world = scene.world().await;
    let request = scene.request(&world);
    assert!(
        killed(&world, &request, moment, move |at, _| at == number).await,
        "{when}: it was over before"
    );
    assert_eq!(world.mock.requests().len(), number, "{when}: it went on");

    let report = done(world.tenant.sync(&request).await);
    assert!(report.complete, "{when}: {report:#?}");
    let state = world.mock.state();
    let now = EndState::of(&state);
    now.assert_nothing_is_double(&state, &when);
    assert_eq!(now, *end, "{when}");
}

#[test]
fn killed_at_any_request_of_a_sync_of_200_people_it_ends_the_same() {
    let (requests, writes) =
        killed_at_every_request(Scene { people: 200, absent: AbsentPolicy::Delete });
    // So that nobody can make this test small without noticing.
    assert!((40..=90).contains(&writes), "{writes} writes");
    assert!(requests > writes + 20, "{requests} requests");
}

#[test]
fn killed_at_any_request_of_a_sync_that_disables_it_ends_the_same() {
    let (_, writes) = killed_at_every_request(Scene { people: 40, absent: AbsentPolicy::Disable });
    assert!(writes >= 10, "{writes} writes");
}

/// Every run gets one write further.
#[test]
fn killed_after_every_write_in_turn_it_ends_the_same() {
    let scene = Scene { people: 200, absent: AbsentPolicy::Delete };
    on_one_thread(async {
        let (end, _, writes) = undisturbed(scene).await;
        let world = scene.world().await;
        let request = scene.request(&world);
        let mut kills = 0;
        while killed(&world, &request, Moment::BeforeTheReply, |_, logged| logged.is_write()).await
        {
            kills += 1;
            assert!(kills < MOST_CALLS, "it never ends");
        }
        let state = world.mock.state();
        let now = EndState::of(&state);
        now.assert_nothing_is_double(&state, "killed after every write");
        assert_eq!(now, end);
        assert_eq!(kills, writes, "a write was lost, or done twice");
    });
}
