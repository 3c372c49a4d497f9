//! Many users are restored side by side.

use alloc::collections::BTreeMap;

use super::*;
use crate::domain::UserType;
use crate::http::Clock;

/// How long each request takes, in milliseconds.
const LATENCY_MS: u64 = 100;

fn address(number: usize) -> String {
    format!("p{number}@example.com")
}

fn id(number: usize) -> UserId {
    UserId { dialect: Dialect::V2, value: format!("user_{number}") }
}

/// A server with this many disabled users. A PATCH of the user `refused` is answered with 401.
fn disabled(people: usize, refused: Option<usize>) -> FakePlatform {
    let mut active: BTreeMap<usize, bool> = (0..people).map(|number| (number, false)).collect();
    FakePlatform::new(move |request| {
        let record = |number: usize, active: bool| {
            format!(
                r#"{{"id":"user_{number}","email":"{}","first_name":"P","last_name":"D",
                "active":{active},"is_admin":false,"user_type":"default","groups":[]}}"#,
                address(number)
            )
        };
        let one = |record: &str| Reply::json(200, format!(r#"{{"success":true,"data":{record}}}"#));
        let path = request.path_and_query.as_str();
        let number = |text: &str| -> usize {
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("a number")
        };
        let reply = match (request.method, path) {
            (Method::Get, path) if path.starts_with("/api/v2/users?email=p") => {
                let number = number(&path["/api/v2/users?email=p".len()..]);
                one(&format!("[{}]", record(number, active[&number])))
            }
            (method, path) if path.starts_with("/api/v2/users/user_") => {
                let number = number(&path["/api/v2/users/user_".len()..]);
                if method == Method::Patch {
                    if refused == Some(number) {
                        return Reply::json(401, "{}").after(LATENCY_MS);
                    }
                    active.insert(number, true);
                }
                one(&record(number, active[&number]))
            }
            (Method::Get, "/api/v2/user_invites") => one("[]"),
            (method, path) => panic!("{method:?} {path}"),
        };
        reply.after(LATENCY_MS)
    })
}

/// Restores users with these numbers, and returns how long it took.
fn restore_all(fake: &FakePlatform, numbers: &[usize]) -> (Result<Restored>, u64) {
    let tombstone = |number: &usize| Tombstone {
        user: User {
            email: Email::new(&address(*number)),
            first_name: Some("P".into()),
            last_name: Some("D".into()),
            user_type: Some(UserType::Default),
            groups: Some(Vec::new()),
            ..User::with_id(id(*number))
        },
        raw: None,
        disabled_since: None,
        recorded_at: String::new(),
    };
    let tombstones = numbers.iter().map(tombstone).collect();
    let restoration = Restoration { tombstones, re_create: false, way_in: None };
    let before = fake.clock().monotonic_ms();
    let done = fake.run(restore(&v2(fake), &restoration));
    (done, fake.clock().monotonic_ms() - before)
}

#[test]
fn users_are_restored_side_by_side_and_reported_in_the_order_of_the_tombstones() {
    let fake = disabled(40, None);
    let (_, alone) = restore_all(&fake, &[39]);
    let numbers: Vec<usize> = (0..32).rev().collect();
    let (done, took) = restore_all(&fake, &numbers);
    let done = done.expect("no failure");
    assert!(took <= 5 * alone, "{took} ms for 32 users in a window of 8, {alone} ms for one");
    let restored: Vec<UserId> = done.people.iter().map(|person| person.id.clone()).collect();
    assert_eq!(restored, numbers.iter().map(|number| id(*number)).collect::<Vec<_>>());
    let outcomes = done.people.iter().map(|person| person.outcome.as_ref().map(|one| one.outcome));
    assert!(outcomes.into_iter().all(|outcome| outcome == Ok(RestoreOutcome::ReEnabled)));
    let subjects: Vec<&str> = done.writes.iter().map(|write| write.subject.as_str()).collect();
    assert_eq!(subjects, numbers.iter().map(|number| address(*number)).collect::<Vec<_>>());
}

#[test]
fn after_a_rejected_token_nobody_is_begun_and_no_write_is_lost() {
    let fake = disabled(40, Some(3));
    let numbers: Vec<usize> = (0..40).collect();
    let error = restore_all(&fake, &numbers).0.expect_err("a rejected token");
    assert_eq!(error.code, Code::TokenRejected);
    let patched = |line: &String| line.starts_with("PATCH");
    let sent = fake.lines().iter().filter(|line| patched(line)).count();
    assert!(sent < 17, "{sent} users were begun");
    let confirmed = error.writes.iter().filter(|write| write.confirmed).count();
    assert_eq!(confirmed, sent - 1, "{:?}", error.writes);
}
