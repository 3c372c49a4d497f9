//! Calls that fail halfway. The writes before the failure are reported, and the failure of one
//! person does not stop the others.

use std::sync::atomic::{AtomicUsize, Ordering};

use host_test::retool::lifecycle::{DeprovisionMode, Tombstone};
use host_test::retool::synchronization::{PersonOutcome, SyncRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Hook, Options, Scope, User};

use super::dialect::{accounts, current_roster, new_entry, new_user, sent_invitations};
use super::fault::{always, status};
use crate::support::acme::{ADA, GRACE, JOAN, NEW, timeless, written};
use crate::support::{
    World, by_email, departure, done, email_of, failed, membership, memberships, named, restored,
    restoring,
};

over_v2_and_v1!(
    a_provision_that_fails_halfway_reports_its_writes,
    a_deprovision_that_fails_halfway_reports_its_writes,
    a_deprovision_that_fails_halfway_can_be_undone,
    a_failed_person_does_not_stop_the_others,
    a_person_whose_reads_fail_does_not_stop_the_others,
    a_group_that_cannot_be_created_fails_only_its_members,
    a_token_rejected_in_the_middle_stops_the_sync_and_reports_its_writes,
    a_missing_scope_fails_only_the_steps_that_need_it,
    a_lost_connection_fails_single_people_and_the_next_run_does_the_rest,
);

async fn a_provision_that_fails_halfway_reports_its_writes(dialect: Dialect) {
    let scopes = vec![Scope::UsersRead, Scope::UsersWrite, Scope::GroupsRead];
    let options = Options { scopes, ..Options::default() };
    let world = World::acme_over_with(dialect, options).await;
    let mut new = new_user(NEW);
    new.groups = memberships([named("Support")]);
    let (case, detail) = failed(world.tenant.provision(&new).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "scope-missing"));
    assert!(detail.message.contains("groups:write"), "{}", detail.message);
    assert_eq!(written(&detail.writes), [format!("user-created {NEW}")]);
}

async fn a_deprovision_that_fails_halfway_reports_its_writes(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let reset = always("DELETE", world.groups_path(), FaultKind::Reset);
    world.mock.inject(Fault { skip: 1, ..reset });
    let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let (case, detail) = failed(world.tenant.deprovision(&strip).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(
        written(&detail.writes),
        [
            Some(format!("user-disabled {JOAN}")),
            (dialect == Dialect::V2).then(|| format!("sessions-ended {JOAN}")),
            Some(format!("member-removed {JOAN} [viewer]")),
            Some(format!("member-removed {JOAN} [Support] ?")),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
    );
    world.mock.clear_faults();
    done(world.tenant.deprovision(&strip).await);
    assert_eq!(world.groups_of(JOAN), [""; 0]);
}

/// Breaks the connection for good at one of the writes, before or after it is served.
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

/// Where the tombstone of a deprovision that failed comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// An earlier `find-user`.
    EarlierRead,
    /// The error.
    Error,
}

/// Wherever a deprovision fails, the error reports all writes to undo, and a restore undoes them.
async fn a_deprovision_that_fails_halfway_can_be_undone(dialect: Dialect) {
    // Over `/api/v2` the second write ends the sessions.
    let writes = if dialect == Dialect::V2 { 4 } else { 3 };
    for number in 1..=writes {
        for served in [false, true] {
            for source in [Source::Error, Source::EarlierRead] {
                undo_failed_deprovision(dialect, number, served, source).await;
            }
        }
    }
}

async fn undo_failed_deprovision(dialect: Dialect, number: usize, served: bool, source: Source) {
    let world = World::acme_over(dialect).await;
    let (before, groups) = (world.person(JOAN), world.groups_of(JOAN));
    let found = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert!(found.groups.is_some());

    let at = format!("write {number}, served: {served}, {source:?}");
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
    let made = 1..=number - usize::from(!served);
    let undoable = made.filter(|write| dialect != Dialect::V2 || *write != 2);
    assert_eq!(to_undo.len(), undoable.count(), "{at}");
    let reported = written(&detail.writes);
    for write in &to_undo {
        assert!(
            reported.iter().any(|line| line.trim_end_matches(" ?") == write),
            "{at}: {reported:?}"
        );
    }

    let tombstone = match source {
        Source::EarlierRead => Tombstone {
            base_url: world.mock.base_url(),
            user: found,
            raw: None,
            disabled_since: None,
            recorded_at: "2026-01-01T00:00:00Z".into(),
        },
        Source::Error => {
            let [tombstone] = &detail.tombstones[..] else { panic!("{at}: {detail:?}") };
            tombstone.clone()
        }
    };
    let request = restoring([tombstone], false);
    let result = restored(world.tenant.restore(&request).await);
    assert_eq!(result.writes.len(), to_undo.len(), "{at}: {:?}", result.writes);
    // `find-user` does not say who administers the groups.
    let is_said =
        |what: &String| matches!(source, Source::EarlierRead) && what.contains("administer");
    assert!(result.not_restored.iter().all(is_said), "{at}: {:?}", result.not_restored);
    assert_eq!(world.groups_of(JOAN), groups, "{at}");
    let memberships = before.memberships.clone();
    let after = User { memberships, ..world.person(JOAN) };
    assert_eq!(timeless(after), timeless(before), "{at}");
}

/// Returns the addresses of four new people, and a roster with them and all existing users. Each is
/// in one group.
fn with_new_people(world: &World) -> (Vec<String>, SyncRequest) {
    let mut request = current_roster(world);
    let emails: Vec<_> = (0..4).map(|at| format!("new{at}@acme.example")).collect();
    for email in &emails {
        let mut person = new_entry(email);
        person.groups = memberships([named("Finance")]);
        request.roster.push(person);
    }
    (emails, request)
}

async fn a_failed_person_does_not_stop_the_others(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (emails, request) = with_new_people(&world);
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
            let creation = format!("POST {}", world.users_path());
            assert_eq!(failure.request.as_deref(), Some(creation.as_str()));
            assert!(!world.has(email));
        } else {
            assert_eq!(person.outcome, PersonOutcome::Created, "{email}");
            assert_eq!(world.groups_of(email), ["Finance"], "{email}");
        }
    }
    // The failed person's other steps were not made.
    assert!(!written(&report.writes).iter().any(|write| write.contains("new1@")));
    assert_eq!(report.writes.len(), 6);
}

async fn a_person_whose_reads_fail_does_not_stop_the_others(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = current_roster(&world);
    for person in &mut request.roster {
        person.first_name = Some("Renamed".into());
    }
    world.mock.inject(always("GET", &world.user_path(GRACE), status(500)));
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
    let read = format!("GET {}/{{id}}", world.users_path());
    assert_eq!(failure.request.as_deref(), Some(read.as_str()));
    assert_eq!(failure.subject.as_deref(), Some(GRACE));
}

async fn a_group_that_cannot_be_created_fails_only_its_members(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (emails, mut request) = with_new_people(&world);
    request.roster.last_mut().expect("a person").groups = memberships([named("Legal")]);
    let groups = world.groups_path();
    world.mock.on_request(move |_, logged| {
        match logged.method == "POST" && logged.path == groups {
            true => Hook::Respond(422),
            false => Hook::Serve,
        }
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

async fn a_token_rejected_in_the_middle_stops_the_sync_and_reports_its_writes(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (emails, request) = with_new_people(&world);
    let writes = AtomicUsize::new(0);
    world.mock.on_request(move |_, logged| {
        let earlier = match logged.is_write() {
            true => writes.fetch_add(1, Ordering::Relaxed),
            false => 0,
        };
        if earlier >= 2 { Hook::Respond(401) } else { Hook::Serve }
    });
    // With a wider window, more may be on their way.
    let tenant = world.over_with_env(dialect, &[("RETOOL_WINDOW", "1")]);
    let (case, detail) = failed(tenant.sync(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent denied", "token-rejected"));
    assert_eq!(detail.subject.as_deref(), Some("new2@acme.example"));
    assert_eq!(
        written(&detail.writes),
        ["user-created new0@acme.example", "user-created new1@acme.example"]
    );
    assert_eq!(world.writes().len(), 3, "it continued");

    world.mock.on_request(|_, _| Hook::Serve);
    assert!(done(world.tenant.sync(&request).await).complete);
    let mut invited = world.mock.state().invitations;
    invited.sort();
    assert_eq!(invited, sent_invitations(dialect, &emails));
    assert!(emails.iter().all(|email| accounts(&world, email) == 1));
}

/// If the scope to write users is missing, groups are still changed.
async fn a_missing_scope_fails_only_the_steps_that_need_it(dialect: Dialect) {
    let scopes = vec![Scope::UsersRead, Scope::GroupsRead, Scope::GroupsWrite];
    let options = Options { scopes, ..Options::default() };
    let world = World::acme_over_with(dialect, options).await;
    let mut request = current_roster(&world);
    request.roster.push(new_entry(NEW));
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

async fn a_lost_connection_fails_single_people_and_the_next_run_does_the_rest(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (emails, request) = with_new_people(&world);
    let reset = always("POST", world.users_path(), FaultKind::Reset);
    world.mock.inject(Fault { skip: 2, ..reset });
    let report = done(world.tenant.sync(&request).await);
    assert!(!report.complete);
    let unknown = written(&report.writes).iter().filter(|write| write.ends_with(" ?")).count();
    assert_eq!(unknown, 2, "{:?}", report.writes);
    world.mock.clear_faults();
    assert!(done(world.tenant.sync(&request).await).complete);
    let mut invited = world.mock.state().invitations;
    invited.sort();
    assert_eq!(invited, sent_invitations(dialect, &emails));
    assert!(emails.iter().all(|email| accounts(&world, email) == 1));
}
