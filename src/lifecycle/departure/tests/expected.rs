//! The id that a caller expects.

use super::*;
use crate::http::Method;
use crate::lifecycle::testing::{ADA, FakeV1, State};

fn expecting(dialect: Dialect, id: &str) -> Departure {
    let expected_id = Some(UserId { dialect, value: id.into() });
    Departure { expected_id, minimum_admins: 0, ..departure(Mode::Disable) }
}

fn deprovisioned(server: &FakeV1, departure: &Departure) -> Result<Deprovisioned> {
    server.fake.run(deprovision(&server.directory(), departure, 0))
}

#[test]
fn an_account_with_another_address_by_now_is_not_gone() {
    let server = FakeV1::new(State { email: "countess@example.com".into(), ..State::default() });
    let error = deprovisioned(&server, &expecting(Dialect::V1, ADA)).expect_err("Ada lives");
    assert_eq!(error.code, Code::WrongPerson);
    assert_eq!(error.field.as_deref(), Some("request.expected-id"));
    for address in ["ada@example.com", "countess@example.com"] {
        assert!(error.message.contains(address), "{}", error.message);
    }
    assert_eq!(server.count(Method::Put), 0);
}

#[test]
fn an_account_that_neither_the_address_nor_the_id_finds_is_gone() {
    let server = FakeV1::new(State { exists: false, ..State::default() });
    let done = deprovisioned(&server, &expecting(Dialect::V1, ADA)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::AlreadyGone);
    assert_eq!(server.lines().last().map(String::as_str), Some("GET /users/u-ada"));
}

#[test]
fn the_account_of_the_address_must_have_the_id() {
    let server = FakeV1::new(State::default());
    let error = deprovisioned(&server, &expecting(Dialect::V1, "u-bob")).expect_err("another");
    assert_eq!(error.code, Code::WrongPerson);
    assert!(error.message.contains("gone"), "{}", error.message);
    assert_eq!(server.count(Method::Put), 0);
    let done = deprovisioned(&server, &expecting(Dialect::V1, ADA)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::Deactivated);
}

/// An id of another API proves nothing about an account here: neither that it is the person, nor
/// that the person is gone.
#[test]
fn an_id_of_another_dialect_is_refused() {
    for exists in [true, false] {
        for dialect in [Dialect::V2, Dialect::Scim] {
            let server = FakeV1::new(State { exists, ..State::default() });
            let error = deprovisioned(&server, &expecting(dialect, ADA)).expect_err("another API");
            assert_eq!(error.code, Code::WrongPerson);
            assert!(error.message.contains(dialect.as_str()), "{}", error.message);
            assert_eq!(server.count(Method::Put), 0);
        }
    }
}

/// The look-up by address is short, and the account has the address: nothing can be concluded.
#[test]
fn two_views_that_contradict_each_other_are_an_error_that_may_pass() {
    let server = FakePlatform::new(|request| match request.path_and_query.as_str() {
        "/api/v2/users/user_1?includeGroups=true" => one(&account(true)),
        _ => list(""),
    });
    let departure = expecting(Dialect::V2, "user_1");
    let error = server.run(deprovision(&v2(&server), &departure, 0)).expect_err("two views");
    assert_eq!((error.code, error.is_permanent()), (Code::ListingIncomplete, false));
}
