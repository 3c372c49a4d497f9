//! People who are named by id.

use super::*;
use crate::domain::Email;
use crate::http::Method;
use crate::lifecycle::testing::{ADA, FakeV1, State};

fn by_id(id: &str) -> Departure {
    let user = UserRef::Id(UserId { dialect: Dialect::V1, value: id.into() });
    Departure { user, minimum_admins: 0, ..departure(Mode::Disable) }
}

fn deprovisioned(server: &FakeV1, departure: &Departure) -> Result<Deprovisioned> {
    server.fake.run(deprovision(&server.directory(), departure, 0))
}

#[test]
fn the_account_with_the_id_is_disabled_whatever_its_address() {
    let server = FakeV1::new(State { email: "countess@example.com".into(), ..State::default() });
    let done = deprovisioned(&server, &by_id(ADA)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::Deactivated);
    assert_eq!(done.tombstone.expect("a tombstone").user.email.as_str(), "countess@example.com");
}

#[test]
fn an_account_is_gone_only_if_the_server_is_seen_to_work() {
    let server = FakeV1::new(State { exists: false, ..State::default() });
    let done = deprovisioned(&server, &by_id(ADA)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::AlreadyGone);
    assert!(server.lines().len() > 1, "a listing, too: {:?}", server.lines());
    // With a wrong base URL everything is missing.
    let fake = FakePlatform::new(|_| Reply::json(404, "{}"));
    let departure = Departure {
        user: UserRef::Id(UserId { dialect: Dialect::V2, value: "u".into() }),
        ..by_id("u")
    };
    let error = fake.run(deprovision(&v2(&fake), &departure, 0)).expect_err("nothing works");
    assert_ne!(error.code, Code::UserNotFound);
}

#[test]
fn protection_by_address_holds_for_a_person_named_by_id() {
    let server = FakeV1::new(State::default());
    let protected = UserRef::Email(Email::new("ADA@example.com"));
    let departure = Departure { protected_people: vec![protected], ..by_id(ADA) };
    let error = deprovisioned(&server, &departure).expect_err("Ada is protected");
    assert_eq!(error.code, Code::ProtectedPerson);
    assert_eq!(server.count(Method::Put), 0);
}

#[test]
fn an_id_of_another_api_and_a_login_are_refused_before_any_request() {
    let refs = [
        (UserRef::Id(UserId { dialect: Dialect::Scim, value: ADA.into() }), Code::InvalidValue),
        (UserRef::Login(Email::new("ada")), Code::OperationUnsupported),
    ];
    for (who, code) in refs {
        for protects in [true, false] {
            let server = FakeV1::new(State::default());
            let departure = match protects {
                true => Departure { protected_people: vec![who.clone()], ..by_id(ADA) },
                false => Departure { user: who.clone(), ..by_id(ADA) },
            };
            let error = deprovisioned(&server, &departure).expect_err("nobody is meant");
            assert_eq!(error.code, code);
            assert!(error.field.is_some());
            assert!(server.lines().is_empty());
        }
    }
}
