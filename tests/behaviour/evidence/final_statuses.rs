//! A final status is final, and certain: the write was not made, and another try does not help.

use host_test::Tenant;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::types::{Dialect, ErrorDetail};
use mock_retool::{Fault, FaultKind, Organisation};

use crate::support::acme::{GRACE, JOAN, NEW, written};
use crate::support::dialects::{ALL, known, nina};
use crate::support::{
    World, changing, departure, ensuring, entry, failed, memberships, named, new_member, removing,
    roster,
};

/// Statuses with which a server, or a proxy in between, says for good that it did nothing.
const FINAL: [(u16, &str, &str); 11] = [
    (300, "permanent denied", "redirected"),
    (301, "permanent denied", "redirected"),
    (302, "permanent denied", "redirected"),
    (303, "permanent denied", "redirected"),
    (307, "permanent denied", "redirected"),
    (308, "permanent denied", "redirected"),
    (407, "permanent denied", "access-blocked"),
    (501, "permanent unsupported", "operation-unsupported"),
    (505, "permanent unsupported", "operation-unsupported"),
    (510, "permanent unsupported", "operation-unsupported"),
    (511, "permanent denied", "access-blocked"),
];

/// How many calls `call` knows.
const CALLS: usize = 8;

async fn call(tenant: &Tenant, dialect: Dialect, number: usize) -> (&'static str, ErrorDetail) {
    match number {
        0 => failed(tenant.provision(&nina(dialect)).await),
        1 => {
            let renamed = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
            failed(tenant.provision(&renamed).await)
        }
        2 => {
            let joining =
                ProvisionRequest { groups: memberships([named("Finance")]), ..known(GRACE) };
            failed(tenant.provision(&joining).await)
        }
        3 => failed(tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await),
        4 => failed(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await),
        5 => failed(tenant.ensure_group(&ensuring("Legal")).await),
        6 => {
            let mut change = changing(named("Support"));
            change.add_members = vec![new_member(GRACE)];
            failed(tenant.change_group(&change).await)
        }
        _ => failed(tenant.remove_group(&removing(named("Finance"), true)).await),
    }
}

/// Returns how many forms of a write are tried. SCIM's users can be changed with two forms of PATCH
/// and with PUT, and members added with two forms of PATCH. A server that supports one of them may
/// answer 501 to the others.
fn forms(dialect: Dialect, number: usize, code: u16) -> usize {
    match (dialect, number, code) {
        (Dialect::Scim, 1 | 3, 501) => 3,
        (Dialect::Scim, 2 | 6, 501) => 2,
        _ => 1,
    }
}

fn for_writes(kind: &FaultKind) -> Vec<Fault> {
    ["POST", "PUT", "PATCH", "DELETE"]
        .map(|method| Fault { method: Some(method.into()), ..Fault::new(kind.clone()) })
        .into()
}

#[tokio::test]
async fn a_write_with_a_final_status_is_sent_once_and_certainly_not_made() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        for (code, case, reason) in FINAL {
            world.mock.clear_faults();
            let kind = FaultKind::Status { code, retry_after: None, body: None };
            for_writes(&kind).into_iter().for_each(|fault| world.mock.inject(fault));
            for number in 0..CALLS {
                let what = format!("{dialect:?}, call {number}, {code}");
                world.mock.clear_requests();
                let (actual, detail) = call(&world.tenant, dialect, number).await;
                assert_eq!((actual, detail.code.as_str()), (case, reason), "{what}");
                assert_eq!((detail.http_status, detail.attempts), (Some(code), 1), "{what}");
                assert_eq!(written(&detail.writes), [""; 0], "{what}: nothing is unknown");
                assert_eq!(world.writes().len(), forms(dialect, number, code), "{what}");
                assert!(!detail.message.contains("again later"), "{what}: {}", detail.message);
            }
        }
        assert_eq!(world.mock.state(), before, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_final_status_after_a_lost_reply_leaves_the_first_try_unknown() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        for fault in for_writes(&FaultKind::Reset) {
            world.mock.inject(Fault { times: Some(1), ..fault });
        }
        let kind = FaultKind::Status { code: 501, retry_after: None, body: None };
        for_writes(&kind).into_iter().for_each(|fault| world.mock.inject(fault));
        let (case, detail) = call(&world.tenant, dialect, 1).await;
        assert_eq!((case, detail.http_status), ("permanent unsupported", Some(501)));
        assert_eq!(written(&detail.writes), [format!("user-updated {JOAN} ?")], "{dialect:?}");
        // The first PATCH and the PUT are sent again after the lost reply.
        let expected = if dialect == Dialect::Scim { 5 } else { 2 };
        assert_eq!(world.writes().len(), expected, "{dialect:?}");
    }
}

/// A roster of many, on a server that does not support the write: one request for each.
#[tokio::test]
async fn a_sync_asks_once_for_each_person() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let before: Organisation = world.mock.state();
        let kind = FaultKind::Status { code: 501, retry_after: None, body: None };
        for_writes(&kind).into_iter().for_each(|fault| world.mock.inject(fault));
        let people = [NEW, "other@acme.example", "third@acme.example"].map(|email| {
            let mut person = entry(email);
            (person.first_name, person.last_name) = (Some("A".into()), Some("B".into()));
            person
        });
        let mut request = roster(people.into());
        if dialect == Dialect::Scim {
            request.policy.default_user_type = None;
        }
        let report = crate::support::done(world.tenant.sync(&request).await);
        assert!(!report.complete);
        assert_eq!(written(&report.writes), [""; 0], "{dialect:?}");
        assert_eq!(world.writes().len(), 3, "{dialect:?}: one for each person");
        for person in &report.people {
            let failure = person.failure.as_ref().expect("a failure");
            assert_eq!(failure.code, "operation-unsupported", "{dialect:?}");
        }
        assert_eq!(world.mock.state(), before, "{dialect:?}");
    }
}
