//! What went wrong half-way: what was written by then is told, and what is nobody's fault but one
//! person's stops nobody else.

use std::sync::atomic::{AtomicUsize, Ordering};

use host_test::retool::lifecycle::{DeprovisionMode, Tombstone};
use host_test::retool::synchronization::{PersonOutcome, SyncRequest};
use mock_retool::{Fault, FaultKind, Hook, Options, Scope, User};

use super::fault::{always, status};
use crate::support::acme::{ADA, GRACE, JOAN, NEW, timeless, written};
use crate::support::{
    World, arrival, by_email, departure, done, email_of, entry, failed, membership, memberships,
    named, restored, restoring, roster_of,
};

const USERS: &str = "/api/v1/users";
const GROUPS: &str = "/api/v1/groups";

#[tokio::test]
async fn half_of_a_provision_is_told() {
    let scopes = vec![Scope::UsersRead, Scope::UsersWrite, Scope::GroupsRead];
    let world = World::acme_with(Options { scopes, ..Options::default() }).await;
    let mut new = arrival(NEW);
    new.groups = memberships([named("Support")]);
    let (case, detail) = failed(world.tenant.provision(&new).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "scope-missing"));
    assert!(detail.message.contains("groups:write"), "{}", detail.message);
    assert_eq!(written(&detail.writes), [format!("user-created {NEW}")]);
}

#[tokio::test]
async fn half_of_a_departure_is_told() {
    let world = World::acme().await;
    world.mock.inject(Fault { skip: 1, ..always("DELETE", GROUPS, FaultKind::Reset) });
    let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let (case, detail) = failed(world.tenant.deprovision(&strip).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(
        written(&detail.writes),
        [
            format!("user-disabled {JOAN}"),
            format!("member-removed {JOAN} [viewer]"),
            format!("member-removed {JOAN} [Support] ?"),
        ]
    );
    world.mock.clear_faults();
    done(world.tenant.deprovision(&strip).await);
    assert_eq!(world.groups_of(JOAN), [""; 0]);
}

/// The connection breaks for good at one of the writes, before it is served or after.
fn breaks_at_write(world: &World, number: usize, served: bool) {
    let writes = AtomicUsize::new(0);
    world.mock.on_request(move |_, logged| {
        let this = usize::from(logged.is_write());
        let earlier = writes.fetch_add(this, Ordering::Relaxed);
        if earlier + this < number {
            Hook::Serve
        } else if earlier < number && served {
            Hook::ServeThenClose
        } else {
            Hook::CloseBefore
        }
    });
}

/// A call that fails gives no tombstone. What `find-user` said before makes one, wherever the
/// departure broke off, and the error tells everything that there is to undo.
#[tokio::test]
async fn half_of_a_departure_is_undone_from_what_was_read_before() {
    for number in 1..=3 {
        for served in [false, true] {
            let world = World::acme().await;
            let (before, groups) = (world.person(JOAN), world.groups_of(JOAN));
            let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");

            let at = format!("write {number}, served: {served}");
            breaks_at_write(&world, number, served);
            let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
            let (case, detail) = failed(world.tenant.deprovision(&strip).await);
            assert_eq!(
                (case, detail.code.as_str()),
                ("transient unavailable", "connection-failed"),
                "{at}"
            );
            world.mock.on_request(|_, _| Hook::Serve);
            let left = groups.iter().filter(|group| !world.groups_of(JOAN).contains(group));
            let mut to_undo: Vec<_> =
                left.map(|group| format!("member-removed {JOAN} [{group}]")).collect();
            if world.person(JOAN).is_disabled {
                to_undo.push(format!("user-disabled {JOAN}"));
            }
            assert_eq!(to_undo.len(), number - usize::from(!served), "{at}");
            let told = written(&detail.writes);
            for write in &to_undo {
                assert!(
                    told.iter().any(|line| line.trim_end_matches(" ?") == write),
                    "{at}: {told:?}"
                );
            }

            let tombstone = Tombstone {
                base_url: world.mock.base_url(),
                user: found,
                raw: None,
                disabled_since: None,
                recorded_at: "2026-01-01T00:00:00Z".into(),
            };
            let request = restoring([tombstone], false);
            let result = restored(world.tenant.restore(&request).await);
            assert_eq!(result.writes.len(), to_undo.len(), "{at}: {:?}", result.writes);
            assert!(result.not_restored.is_empty(), "{at}: {:?}", result.not_restored);
            assert_eq!(world.groups_of(JOAN), groups, "{at}");
            let memberships = before.memberships.clone();
            let after = User { memberships, ..world.person(JOAN) };
            assert_eq!(timeless(after), timeless(before), "{at}");
        }
    }
}

/// Four new people, each in a group, beside everybody who is there.
fn newcomers(world: &World) -> (Vec<String>, SyncRequest) {
    let mut request = roster_of(&world.mock);
    let emails: Vec<_> = (0..4).map(|at| format!("new{at}@acme.example")).collect();
    for email in &emails {
        let mut person = entry(email);
        person.groups = memberships([named("Finance")]);
        request.roster.push(person);
    }
    (emails, request)
}

#[tokio::test]
async fn one_persons_failure_does_not_stop_the_rest() {
    let world = World::acme().await;
    let (emails, request) = newcomers(&world);
    world.mock.on_request(|_, logged| {
        match logged.method == "POST" && logged.body["email"] == "new1@acme.example" {
            true => Hook::Respond(422),
            false => Hook::Serve,
        }
    });
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    for email in &emails {
        let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
        let person = person.expect("a report");
        if email == "new1@acme.example" {
            assert_eq!(person.outcome, PersonOutcome::Failed);
            let failure = person.failure.as_ref().expect("how");
            assert_eq!(failure.code, "server-refused");
            assert_eq!(failure.http_status, Some(422));
            assert_eq!(failure.subject.as_deref(), Some(email.as_str()));
            assert_eq!(failure.request.as_deref(), Some("POST /api/v1/users"));
            assert!(!world.has(email));
        } else {
            assert_eq!(person.outcome, PersonOutcome::Created, "{email}");
            assert_eq!(world.groups_of(email), ["Finance"], "{email}");
        }
    }
    // The rest of the failed person's steps was not written.
    assert!(!written(&report.writes).iter().any(|write| write.contains("new1@")));
    assert_eq!(report.writes.len(), 6);
}

#[tokio::test]
async fn a_person_whose_reads_fail_does_not_stop_the_rest() {
    let world = World::acme().await;
    let mut request = roster_of(&world.mock);
    for person in &mut request.roster {
        person.first_name = Some("Renamed".into());
    }
    world.mock.inject(always("GET", &world.path_of(GRACE), status(500)));
    let report = done(world.tenant.sync(&request).await);
    let outcome = |email| {
        let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
        person.expect("a report").outcome
    };
    assert_eq!(outcome(ADA), PersonOutcome::Updated);
    assert_eq!(outcome(GRACE), PersonOutcome::Failed);
    assert_eq!(outcome(JOAN), PersonOutcome::Updated);
    let failure = report.people.iter().find_map(|person| person.failure.clone());
    let failure = failure.expect("how");
    assert_eq!(failure.request.as_deref(), Some("GET /api/v1/users/{id}"));
    assert_eq!(failure.subject.as_deref(), Some(GRACE));
}

#[tokio::test]
async fn a_group_that_cannot_be_made_costs_its_memberships_alone() {
    let world = World::acme().await;
    let (emails, mut request) = newcomers(&world);
    request.roster.last_mut().expect("somebody").groups = memberships([named("Legal")]);
    world.mock.on_request(|_, logged| match logged.method == "POST" && logged.path == GROUPS {
        true => Hook::Respond(422),
        false => Hook::Serve,
    });
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    assert_eq!(world.members_of("Finance"), emails[..3]);
    let last = report
        .people
        .iter()
        .find(|person| person.email.as_deref() == Some(&*emails[3]))
        .expect("a report");
    assert_eq!(last.outcome, PersonOutcome::Failed);
    assert_eq!(last.failure.as_ref().expect("how").code, "server-refused");
}

#[tokio::test]
async fn a_token_rejected_in_the_middle_stops_everything_and_tells_what_was_written() {
    let world = World::acme().await;
    let (_, request) = newcomers(&world);
    let writes = AtomicUsize::new(0);
    world.mock.on_request(move |_, logged| {
        let earlier = match logged.is_write() {
            true => writes.fetch_add(1, Ordering::Relaxed),
            false => 0,
        };
        if earlier >= 2 { Hook::Respond(401) } else { Hook::Serve }
    });
    let (case, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(detail.subject.as_deref(), Some("new2@acme.example"));
    assert_eq!(
        written(&detail.writes),
        ["user-created new0@acme.example", "user-created new1@acme.example"]
    );
    assert_eq!(world.writes().len(), 3, "it went on");

    world.mock.on_request(|_, _| Hook::Serve);
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.mock.state().invitations.len(), 4);
}

/// A scope that is missing for people is no reason not to do what groups need.
#[tokio::test]
async fn a_missing_scope_fails_those_it_concerns() {
    let scopes = vec![Scope::UsersRead, Scope::GroupsRead, Scope::GroupsWrite];
    let world = World::acme_with(Options { scopes, ..Options::default() }).await;
    let mut request = roster_of(&world.mock);
    request.roster.push(entry(NEW));
    let joan = request.roster.iter_mut().find(|person| email_of(person) == JOAN);
    joan.expect("on the roster").groups.push(membership(named("Finance")));
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    assert_eq!(world.members_of("Finance"), [JOAN]);
    let new =
        report.people.iter().find(|person| person.email.as_deref() == Some(NEW)).expect("a report");
    let failure = new.failure.as_ref().expect("how");
    assert_eq!(failure.code, "scope-missing");
    assert!(failure.message.contains("users:write"), "{}", failure.message);
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_is_each_ones_failure_and_the_next_run_does_the_rest() {
    let world = World::acme().await;
    let (emails, request) = newcomers(&world);
    world.mock.inject(Fault { skip: 2, ..always("POST", USERS, FaultKind::Reset) });
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    let unknown = written(&report.writes).iter().filter(|write| write.ends_with(" ?")).count();
    assert_eq!(unknown, 2, "{:?}", report.writes);
    world.mock.clear_faults();
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.mock.state().invitations, emails);
}
