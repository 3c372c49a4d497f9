//! Writes whose reply is lost or unreadable. It is not known whether they took effect, and nothing
//! is created twice.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest,
};
use host_test::retool::synchronization::{MembershipPolicy, PersonOutcome, RosterEntry};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Hook};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, timeless, written};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, by_email, changing, departure, done, ensuring, entry, failed, memberships, named,
    new_member, roster,
};

over_every_dialect!(
    a_lost_reply_to_a_creation_creates_one_account,
    a_creation_with_an_unknown_result_is_reported_and_can_be_repeated,
    a_lost_reply_to_the_creation_of_a_group_creates_one_group,
    a_lost_reply_to_an_update_loses_no_field,
    a_lost_reply_to_a_removal_is_found_out_by_a_read,
    lost_replies_to_membership_changes_are_found_out_by_a_read,
    a_removal_is_reported_as_done_if_its_repetition_is_refused,
    a_sync_with_lost_replies_creates_each_user_once,
);

/// Returns the faults after which it is not known whether a write took effect.
fn lost() -> Vec<FaultKind> {
    let status = |code| FaultKind::Status { code, retry_after: None, body: None };
    vec![
        FaultKind::LoseReply,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::StatusAfter(502),
        FaultKind::Reset,
        status(500),
        status(503),
        status(408),
    ]
}

/// Returns a fault of the first write.
fn first_write(kind: FaultKind, method: &str) -> Fault {
    Fault { method: Some(method.into()), times: Some(1), ..Fault::new(kind) }
}

/// Returns the method with which a dialect changes a record.
fn change(dialect: Dialect) -> &'static str {
    if dialect == Dialect::V1 { "PUT" } else { "PATCH" }
}

/// Returns the number of accounts with an address.
fn accounts(world: &World, email: &str) -> usize {
    world.mock.state().users.iter().filter(|user| user.email == email).count()
}

async fn a_lost_reply_to_a_creation_creates_one_account(dialect: Dialect) {
    let unread = [FaultKind::InvalidJson, FaultKind::ContentType("text/html".into())];
    for kind in lost().into_iter().chain(unread) {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        // The server would accept a second account with the address.
        world.mock.inject(Fault::new(FaultKind::SecondAccount));
        world.mock.inject(first_write(kind, "POST"));
        let request = ProvisionRequest { groups: memberships([named("Support")]), ..nina(dialect) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Created, "{how}");
        assert_eq!(accounts(&world, NEW), 1, "{how}");
        assert_eq!(world.groups_of(NEW), ["Support"], "{how}");
        assert_eq!(
            written(&result.writes),
            [format!("user-created {NEW}"), format!("member-added {NEW} [Support]")],
            "{how}"
        );
    }
}

async fn a_creation_with_an_unknown_result_is_reported_and_can_be_repeated(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let lost = std::sync::atomic::AtomicBool::new(false);
    world.mock.on_request(move |_, logged| {
        use std::sync::atomic::Ordering::Relaxed;
        match logged.method.as_str() {
            "POST" if !lost.swap(true, Relaxed) => Hook::ServeThenClose,
            // After that no request gets through.
            _ if lost.load(Relaxed) => Hook::CloseBefore,
            _ => Hook::Serve,
        }
    });
    let (case, detail) = failed(world.tenant.provision(&nina(dialect)).await);
    assert_eq!((case, detail.code.as_str()), ("transient unavailable", "connection-failed"));
    assert_eq!(written(&detail.writes), [format!("user-created {NEW} ?")]);

    world.mock.on_request(|_, _| Hook::Serve);
    world.mock.clear_requests();
    let again = done(world.tenant.provision(&nina(dialect)).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!((accounts(&world, NEW), world.count_of_writes()), (1, 0));
}

/// Servers accept two groups with one name. So a read that misses the first would cause a second.
async fn a_lost_reply_to_the_creation_of_a_group_creates_one_group(dialect: Dialect) {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(first_write(kind, "POST"));
        world.mock.inject(first_write(FaultKind::StaleReads { requests: 1 }, "POST"));
        let request = ensuring("Legal");
        done(world.tenant.ensure_group(&request).await);
        let groups = world.mock.state().groups;
        assert_eq!(groups.iter().filter(|group| group.name == "Legal").count(), 1, "{how}");
    }
}

async fn a_lost_reply_to_an_update_loses_no_field(dialect: Dialect) {
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        let before = world.person(JOAN);
        world.mock.inject(first_write(kind, change(dialect)));
        let request = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated, "{how}");
        assert_eq!(written(&result.writes), [format!("user-updated {JOAN}")], "{how}");
        let expected = mock_retool::User { first_name: Some("Joanna".into()), ..before };
        assert_eq!(timeless(world.person(JOAN)), timeless(expected), "{how}");
    }
}

async fn a_lost_reply_to_a_removal_is_found_out_by_a_read(dialect: Dialect) {
    for kind in lost() {
        for mode in [DeprovisionMode::Disable, DeprovisionMode::Delete] {
            let how = format!("{mode:?} {kind:?}");
            let world = World::acme_over(dialect).await;
            let deletes = mode == DeprovisionMode::Delete;
            let method = if deletes { "DELETE" } else { change(dialect) };
            world.mock.inject(first_write(kind.clone(), method));
            let result = done(world.tenant.deprovision(&departure(JOAN, mode)).await);
            let gone = deletes && dialect != Dialect::V2;
            let outcome =
                if gone { DeprovisionOutcome::Deleted } else { DeprovisionOutcome::Deactivated };
            assert_eq!(result.outcome, outcome, "{how}");
            assert_eq!(world.has(JOAN), !gone, "{how}");
            assert!(gone || world.person(JOAN).is_disabled, "{how}");
            assert!(result.writes.iter().all(|write| write.subject == JOAN), "{how}");
            assert!(!written(&result.writes).iter().any(|line| line.ends_with('?')), "{how}");
        }
    }
}

async fn lost_replies_to_membership_changes_are_found_out_by_a_read(dialect: Dialect) {
    let (adds, removes) = match dialect {
        Dialect::Scim => ("PATCH", "PATCH"),
        _ => ("POST", "DELETE"),
    };
    for kind in lost() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
        let fault = first_write(kind, adds);
        world.mock.inject(fault.clone());
        // On SCIM the removal is the second PATCH.
        let skip = u32::from(adds == removes);
        world.mock.inject(Fault { method: Some(removes.into()), skip, ..fault });
        let request = ChangeGroupRequest {
            add_members: vec![new_member(GRACE)],
            remove_members: vec![by_email(KEN)],
            ..changing(named("Support"))
        };
        let result = done(world.tenant.change_group(&request).await);
        assert_eq!(world.members_of("Support"), [ADA, GRACE, JOAN], "{how}");
        assert_eq!(
            written(&result.writes),
            [
                "member-added grace@acme.example [Support]",
                "member-removed ken@acme.example [Support]"
            ],
            "{how}"
        );
        assert!(world.person(JOAN).memberships[1].is_group_admin, "{how}");
    }
}

/// The first try took effect, but its reply was lost. The server refuses the second.
async fn a_removal_is_reported_as_done_if_its_repetition_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut request = roster(vec![entry(JOAN)]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Support")];
    let removes = if dialect == Dialect::Scim { "PATCH" } else { "DELETE" };
    let lost = first_write(FaultKind::LoseReply, removes);
    let refusal = FaultKind::Status { code: 400, retry_after: None, body: None };
    world.mock.inject(lost);
    world.mock.inject(first_write(refusal, removes));
    let report = done(world.tenant.sync(&request).await);
    assert!(!world.members_of("Support").contains(&JOAN.to_owned()));
    let joan =
        report.people.iter().find(|person| person.email.as_deref() == Some(JOAN)).expect("Joan");
    assert_eq!(joan.outcome, PersonOutcome::Updated);
    assert_eq!(joan.groups_removed, world.links(&["Support"]));
}

async fn a_sync_with_lost_replies_creates_each_user_once(dialect: Dialect) {
    for kind in [FaultKind::LoseReply, FaultKind::Reset, FaultKind::StatusAfter(502)] {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(Fault::new(FaultKind::SecondAccount));
        let new: Vec<_> = (0..3).map(|at| format!("new{at}@acme.example")).collect();
        let people = new.iter().map(|email| RosterEntry {
            first_name: Some("New".into()),
            last_name: Some("Person".into()),
            groups: memberships([named("Support"), named("Brand new")]),
            ..entry(email)
        });
        let request = roster(people.collect());
        for skip in [0, 1, 3] {
            for method in ["POST", "PATCH"] {
                world.mock.inject(Fault { skip, ..first_write(kind.clone(), method) });
            }
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{how}: {report:#?}");
        for email in &new {
            assert_eq!(accounts(&world, email), 1, "{how}");
            assert_eq!(world.groups_of(email), ["Brand new", "Support"], "{how}");
            let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
            assert_eq!(person.map(|person| person.outcome), Some(PersonOutcome::Created), "{how}");
        }
        let groups = world.mock.state().groups;
        assert_eq!(groups.iter().filter(|group| group.name == "Brand new").count(), 1, "{how}");
    }
}
