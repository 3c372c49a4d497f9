//! Syncs against a fake SCIM server whose deletions delete or only disable.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;

use super::*;
use crate::config::Settings;
use crate::http::{BaseUrl, Client, Method, Secret};
use crate::retool::scim::{Base, Scim};
use crate::sync::{AbsentPolicy, DesiredUser, GuardLimits, Limit, Policy};
use crate::testing::platform::{FakePlatform, Reply};

/// The users, by id, and whether each is enabled.
type Users = Rc<RefCell<BTreeMap<String, bool>>>;

/// A server with an administrator, `enabled` and `disabled` users.
fn server(enabled: usize, disabled: usize, deletes: bool) -> (FakePlatform, Users) {
    let mut users = BTreeMap::from([("boss".to_string(), true)]);
    for number in 0..enabled {
        users.insert(format!("e{number}"), true);
    }
    for number in 0..disabled {
        users.insert(format!("d{number}"), false);
    }
    let users: Users = Rc::new(RefCell::new(users));
    let own = Rc::clone(&users);
    let fake = FakePlatform::new(move |request| {
        let users = &mut *own.borrow_mut();
        let record = |(id, active): (&String, &bool)| {
            let admin = if id == "boss" { r#"{"value":"g1","display":"admin"}"# } else { "" };
            format!(
                r#"{{"id":"{id}","userName":"{id}@example.com","active":{active},"groups":[{admin}]}}"#
            )
        };
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let id = path.strip_prefix("/scim/v2/Users/");
        match (request.method, id) {
            (Method::Get, None) if path == "/scim/v2/Groups" => {
                Reply::json(200, r#"{"totalResults":0,"Resources":[]}"#)
            }
            (Method::Get, None) => {
                let records: Vec<String> = users.iter().map(record).collect();
                let (total, records) = (records.len(), records.join(","));
                Reply::json(200, format!(r#"{{"totalResults":{total},"Resources":[{records}]}}"#))
            }
            (Method::Get, Some(id)) => match users.get_key_value(id) {
                Some(user) => Reply::json(200, record(user)),
                None => Reply::json(404, "{}"),
            },
            (Method::Delete, Some(id)) => {
                if deletes {
                    users.remove(id);
                } else {
                    users.insert(id.to_string(), false);
                }
                Reply::json(204, "")
            }
            (method, _) => panic!("{method:?} {path}"),
        }
    });
    (fake, users)
}

fn scim(fake: &FakePlatform) -> Scim {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
    let secret = Secret::new("t0ken".to_string());
    let client = Client::new(fake.platform(), base, secret, Settings::default());
    Scim::new(client, Some(Base::Scim))
}

fn occasion() -> Occasion {
    Occasion { organisation: "https://acme.retool.com".into(), now: 0 }
}

/// A roster with the administrator alone: everyone else is absent, and to be deleted.
fn request(floor: u32) -> SyncRequest {
    SyncRequest {
        roster: Vec::from([DesiredUser::new(Email::new("boss@example.com"))]),
        policy: Policy {
            absent: AbsentPolicy::Delete,
            guards: GuardLimits {
                user_removals: Limit { percent: 0, floor },
                minimum_admins: 1,
                ..GuardLimits::default()
            },
            ..Policy::default()
        },
        ..SyncRequest::default()
    }
}

fn synced(fake: &FakePlatform, floor: u32) -> Result<SyncReport> {
    let log = fake.platform().log;
    fake.run(sync(&scim(fake), &request(floor), None, &occasion(), &*log))
}

fn deletions(fake: &FakePlatform) -> usize {
    fake.sent().iter().filter(|sent| sent.request.method == Method::Delete).count()
}

/// A hundred accounts that earlier deletions left disabled: the limit is one, every night.
#[test]
fn accounts_that_a_deletion_left_disabled_do_not_count_towards_the_limit() {
    let (fake, users) = server(1, 100, false);
    for night in 0..3 {
        let before = deletions(&fake);
        let report = synced(&fake, 1).expect("no guard trips");
        assert!(report.complete, "night {night}");
        assert_eq!(users.borrow().len(), 102);
        assert!(report.limitations.iter().any(|note| note.contains("only disables")));
        // One deletion shows what this server does with the rest.
        assert_eq!(deletions(&fake) - before, 1, "night {night}");
        let unchanged = |person: &&PersonReport| person.outcome == PersonOutcome::Unchanged;
        let expected = if night == 0 { 101 } else { 102 };
        assert_eq!(report.people.iter().filter(unchanged).count(), expected);
    }
}

/// The same plan, on a server that deletes: what the limit leaves is deleted, and no more.
#[test]
fn a_server_that_deletes_loses_no_more_disabled_accounts_than_the_limit_allows() {
    let (fake, users) = server(1, 5, true);
    let report = synced(&fake, 3).expect("no guard trips");
    assert!(!report.complete);
    assert_eq!((users.borrow().len(), deletions(&fake)), (4, 3));
    let refused: Vec<&str> = report
        .people
        .iter()
        .filter_map(|person| match &person.outcome {
            PersonOutcome::Refused(why) => Some(why.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(refused.len(), 3);
    assert!(refused[0].contains("user-removals") && refused[0].contains("Sync again"));
    let report = synced(&fake, 3).expect("no guard trips");
    assert!(report.complete && users.borrow().len() == 1);
}

#[test]
fn enabled_accounts_count_towards_the_limit_as_ever() {
    for deletes in [true, false] {
        let (fake, _) = server(4, 0, deletes);
        let error = synced(&fake, 3).expect_err("four removals");
        assert_eq!(error.code, Code::GuardTripped);
        assert_eq!(deletions(&fake), 0);
    }
}

mod side_by_side;
mod slices;
