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

/// A server whose listing lacks the account with the id `user_1`, or has another one instead.
fn server_without(listed: String) -> FakePlatform {
    let active = Rc::new(Cell::new(true));
    FakePlatform::new(move |request| {
        let of_ada = request.path_and_query.starts_with("/api/v2/users/user_1");
        match (request.method, of_ada) {
            (Method::Patch, true) => {
                active.set(false);
                one(&account(false))
            }
            (_, true) => one(&account(active.get())),
            _ => list(&listed),
        }
    })
}

#[test]
fn an_account_that_the_look_up_misses_is_found_by_its_id_and_address() {
    let server = server_without(String::new());
    let departure = expecting(Dialect::V2, "user_1");
    let done = server.run(deprovision(&v2(&server), &departure, 0)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::Deactivated);
    // Without the id, nothing shows that the listing is short.
    let departure = Departure { expected_id: None, ..departure };
    let done = server.run(deprovision(&v2(&server), &departure, 0)).expect("no failure");
    assert_eq!(done.outcome, DeprovisionOutcome::AlreadyGone);
}

#[test]
fn of_two_accounts_with_the_address_neither_is_touched() {
    let server = server_without(account(true).replace("user_1", "user_2"));
    let departure = expecting(Dialect::V2, "user_1");
    let error = server.run(deprovision(&v2(&server), &departure, 0)).expect_err("two accounts");
    assert_eq!(error.code, Code::AmbiguousUser);
    assert!(server.sent().iter().all(|sent| sent.request.method == Method::Get));
}
