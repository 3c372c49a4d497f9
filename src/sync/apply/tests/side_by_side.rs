//! Steps of different people that are applied side by side, against a fake server of `/api/v1`
//! whose replies arrive in any order.

use core::cell::Cell;

use serde_json::{Value, json};

use super::*;
use crate::domain::{GroupRef, UserPatch, UserType, Write, WriteKind};
use crate::http::Request;
use crate::retool::v1::V1;
use crate::sync::MembershipPolicy;

/// A request that was served: when it began, when its reply arrived, and what it was.
#[derive(Clone, Debug)]
struct Served {
    began: u64,
    ended: u64,
    method: Method,
    path: String,
    /// The person, by the number in the address.
    person: Option<String>,
}

impl Served {
    fn is_write(&self) -> bool {
        self.method != Method::Get
    }
}

/// An organisation, and what happened to it.
struct Office {
    people: BTreeMap<String, Value>,
    /// Ids of the members, by group.
    groups: BTreeMap<u32, Vec<String>>,
    /// The administrators who lose their rights right after the listing.
    demoted_later: Vec<String>,
    served: Vec<Served>,
    /// The status of every creation from this number on.
    refused_from: Option<(usize, u16)>,
    created: usize,
}

impl Office {
    fn new() -> Self {
        Office {
            people: BTreeMap::new(),
            groups: BTreeMap::from([(4, Vec::new()), (5, Vec::new())]),
            demoted_later: Vec::new(),
            served: Vec::new(),
            refused_from: None,
            created: 0,
        }
    }

    fn add(&mut self, name: &str, admin: bool) {
        let record = json!({
            "id": name, "email": format!("{name}@example.com"), "firstName": "A", "lastName": "B",
            "isAdmin": admin, "isDisabled": false, "userType": "default",
        });
        self.people.insert(name.to_string(), record);
    }

    fn record(&self, id: &str) -> Option<Value> {
        let mut record = self.people.get(id)?.clone();
        let links = self.groups.iter().filter(|(_, members)| members.iter().any(|own| own == id));
        record["groups"] =
            links.map(|(group, _)| json!({"id": group, "name": name(*group)})).collect();
        Some(record)
    }

    fn admins(&self) -> usize {
        let is_one = |record: &&Value| {
            record["isAdmin"] == json!(true) && record["isDisabled"] == json!(false)
        };
        self.people.values().filter(is_one).count()
    }

    fn serve(&mut self, request: &Request) -> (u16, Value, Option<String>) {
        let (path, query) =
            request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let segments: Vec<&str> = path.split('/').skip(3).collect();
        let body: Value = request
            .body
            .as_deref()
            .map_or(Value::Null, |body| serde_json::from_slice(body).expect("JSON"));
        let number = |text: &str| text.parse::<u32>().expect("a group");
        match (request.method, &segments[..]) {
            (Method::Get, ["users"]) => {
                let wanted = query.split("email=").nth(1).map(|text| text.replace("%40", "@"));
                let ids: Vec<String> = self.people.keys().cloned().collect();
                let users: Vec<Value> = ids
                    .iter()
                    .filter_map(|id| self.record(id))
                    .filter(|record| wanted.as_ref().is_none_or(|it| record["email"] == json!(it)))
                    .collect();
                for id in core::mem::take(&mut self.demoted_later) {
                    self.people.get_mut(&id).expect("a person")["isAdmin"] = json!(false);
                }
                (200, json!({"total": users.len(), "users": users}), None)
            }
            (Method::Get, ["users", id]) => match self.record(id) {
                Some(record) => (200, record, Some((*id).to_string())),
                None => (404, json!({}), None),
            },
            (Method::Post, ["users"]) => {
                self.created += 1;
                if let Some((_, status)) =
                    self.refused_from.filter(|(from, _)| self.created >= *from)
                {
                    return (status, json!({}), None);
                }
                let address = body["email"].as_str().expect("an address");
                let id = address.split('@').next().unwrap_or_default().to_string();
                self.add(&id, false);
                (200, self.record(&id).expect("a new person"), Some(id))
            }
            (Method::Put, ["users", id]) => {
                let record = self.people.get_mut(*id).expect("a person");
                for (field, value) in body.as_object().expect("an object") {
                    record[field] = value.clone();
                }
                (200, self.record(id).expect("a person"), Some((*id).to_string()))
            }
            (Method::Delete, ["users", id]) => {
                self.people.remove(*id);
                (200, json!({"success": true}), Some((*id).to_string()))
            }
            (Method::Get, ["groups"]) => {
                let groups = self.groups.keys().map(|id| json!({"id": id, "name": name(*id)}));
                (200, json!({"groups": groups.collect::<Vec<Value>>()}), None)
            }
            (Method::Get, ["groups", id, "members"]) => {
                let members = self.groups[&number(id)].iter().map(|id| json!({"id": id}));
                (200, json!({"members": members.collect::<Vec<Value>>()}), None)
            }
            (Method::Post, ["groups", id, "members"]) => {
                let person = body["userId"].as_str().expect("an id").to_string();
                self.groups.get_mut(&number(id)).expect("a group").push(person.clone());
                (200, json!({"success": true}), Some(person))
            }
            (Method::Delete, ["groups", id, "members", person]) => {
                let members = self.groups.get_mut(&number(id)).expect("a group");
                members.retain(|own| own != person);
                (200, json!({"success": true}), Some((*person).to_string()))
            }
            (method, _) => panic!("{method:?} {path}"),
        }
    }
}

fn name(group: u32) -> &'static str {
    if group == 4 { "Engineering" } else { "Support" }
}

/// Starts a server. `latency` gives how long each reply takes, by the number of the request.
fn office(
    office: Office,
    latency: impl Fn(u64) -> u64 + 'static,
) -> (FakePlatform, Rc<RefCell<Office>>) {
    let office = Rc::new(RefCell::new(office));
    let (own, count) = (Rc::clone(&office), Cell::new(0));
    let clock: Rc<RefCell<Option<Rc<crate::testing::platform::FakeClock>>>> = Rc::default();
    let its_clock = Rc::clone(&clock);
    let fake = FakePlatform::new(move |request| {
        count.set(count.get() + 1);
        let took = latency(count.get());
        let mut office = own.borrow_mut();
        let (status, body, person) = office.serve(request);
        let clock = its_clock.borrow();
        let began = crate::http::Clock::monotonic_ms(&**clock.as_ref().expect("a clock"));
        let (method, path) = (request.method, request.path_and_query.clone());
        office.served.push(Served { began, ended: began + took, method, path, person });
        Reply::json(status, body.to_string()).after(took)
    });
    *clock.borrow_mut() = Some(fake.clock());
    (fake, office)
}

fn v1(fake: &FakePlatform, window: u32) -> V1 {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
    let secret = Secret::new("t0ken".to_string());
    let settings = Settings { window, ..Settings::default() };
    V1::new(Client::new(fake.platform(), base, secret, settings))
}

/// An entry in both groups.
fn wanted(name: &str) -> DesiredUser {
    DesiredUser {
        fields: UserPatch { user_type: Some(UserType::Default), ..UserPatch::default() },
        groups: Vec::from(["Engineering", "Support"].map(|it| GroupRef::Name(it.into()).into())),
        ..DesiredUser::new(Email::new(&format!("{name}@example.com")))
    }
}

fn everything(roster: Vec<DesiredUser>) -> SyncRequest {
    let limit = Limit::new(100, 1000);
    SyncRequest {
        roster,
        policy: Policy {
            create_missing: true,
            update_existing: true,
            absent: AbsentPolicy::Disable,
            memberships: MembershipPolicy::Exact,
            guards: GuardLimits {
                user_removals: limit,
                member_removals: limit,
                membership_removals: limit,
                creations: limit,
                member_additions: limit,
                minimum_admins: 1,
                ..GuardLimits::default()
            },
            ..Policy::default()
        },
        ..SyncRequest::default()
    }
}

fn run(fake: &FakePlatform, window: u32, request: &SyncRequest) -> Result<SyncReport> {
    let log = fake.platform().log;
    fake.run(sync(&v1(fake, window), request, None, &occasion(), &*log))
}

/// The boss, ten leavers in a group, and twenty joiners.
fn busy() -> (Office, SyncRequest) {
    let mut office = Office::new();
    office.add("boss", true);
    for number in 0..10 {
        let name = format!("old{number}");
        office.add(&name, false);
        office.groups.get_mut(&5).expect("a group").push(name);
    }
    let mut roster = Vec::from([DesiredUser::new(Email::new("boss@example.com"))]);
    roster.extend((0..20).map(|number| wanted(&format!("new{number:02}"))));
    // Half of the others stay, without their group.
    let stays = |number| DesiredUser::new(Email::new(&format!("old{number}@example.com")));
    roster.extend((0..5).map(stays));
    (office, everything(roster))
}

fn scattered(seed: u64) -> impl Fn(u64) -> u64 {
    move |number| 10 + (number.wrapping_mul(0x9E37_79B9) ^ seed.wrapping_mul(7919)) % 190
}

#[test]
fn as_many_steps_run_at_once_as_the_window_allows_and_one_of_each_person() {
    for window in [1, 4, 8] {
        let (before, request) = busy();
        let (fake, after) = office(before, scattered(u64::from(window)));
        let report = run(&fake, window, &request).expect("a report");
        assert!(report.complete, "{:?}", report.people);
        let served = &after.borrow().served;
        let at_once = |at: u64| { served.iter() }.filter(move |it| it.began <= at && at < it.ended);
        let most = served.iter().map(|it| at_once(it.began).count()).max();
        assert_eq!(most, Some(window as usize));
        for one in served.iter().filter(|it| it.is_write()) {
            let same = at_once(one.began).filter(|it| it.is_write() && it.person == one.person);
            assert_eq!(same.count(), 1, "two writes about one person: {one:?}");
        }
    }
}

/// A removal that fails half-way leaves nobody without what they should have.
#[test]
fn everything_that_adds_has_ended_before_anything_is_removed() {
    let (before, request) = busy();
    let (fake, after) = office(before, scattered(3));
    run(&fake, 8, &request).expect("a report");
    let served = &after.borrow().served;
    let is_removal = |it: &&Served| it.method == Method::Put || it.method == Method::Delete;
    let adds = served.iter().filter(|it| it.method == Method::Post);
    let last_addition = adds.map(|it| it.ended).max().expect("additions");
    let removals = served.iter().filter(is_removal);
    let first_removal = removals.map(|it| it.began).min().expect("removals");
    assert!(last_addition <= first_removal);
    let creations = |it: &&Served| it.method == Method::Post && it.path.ends_with("/users");
    let members = |it: &&Served| it.method == Method::Post && it.path.ends_with("/members");
    let created = served.iter().filter(creations).map(|it| it.ended).max();
    assert!(created <= served.iter().filter(members).map(|it| it.began).min());
    let left = |it: &&Served| it.method == Method::Delete;
    let left = served.iter().filter(left).map(|it| it.ended).max();
    assert!(left <= served.iter().filter(|it| it.method == Method::Put).map(|it| it.began).min());
}

#[test]
fn the_report_is_the_same_whichever_reply_comes_first() {
    let mut reports = Vec::new();
    for (seed, window) in [(0, 1), (1, 8), (2, 8), (3, 3), (4, 64)] {
        let (before, request) = busy();
        let (fake, after) = office(before, scattered(seed));
        let report = run(&fake, window, &request).expect("a report");
        let people: Vec<String> =
            report.people.iter().map(|person| format!("{person:?}")).collect();
        let tombstones: Vec<Email> =
            report.tombstones.iter().map(|kept| kept.user.email.clone()).collect();
        assert_eq!(after.borrow().people.len(), 31);
        reports.push((people, report.writes, tombstones));
    }
    assert!(reports.windows(2).all(|two| two[0] == two[1]));
}

/// What was begun is finished and reported; nothing else is begun.
#[test]
fn a_rejected_token_stops_what_has_not_begun_and_loses_no_write() {
    let (mut before, request) = busy();
    before.refused_from = Some((4, 401));
    let (fake, after) = office(before, scattered(9));
    let error = run(&fake, 8, &request).expect_err("no token");
    assert_eq!(error.code, Code::TokenRejected);
    let office = after.borrow();
    let created: Vec<&str> = { error.writes.iter() }
        .filter(|write| write.kind == WriteKind::UserCreated && write.confirmed)
        .map(|write| write.subject.as_str())
        .collect();
    assert_eq!(created.len(), 3);
    assert!(created.iter().all(|it| office.people.contains_key(&it.replace("@example.com", ""))));
    assert!(office.created <= 3 + 8, "{} creations were begun", office.created);
    assert!(office.served.iter().all(|it| it.method != Method::Put));
}

/// A creation that is refused is about one person.
#[test]
fn the_failure_of_one_person_stops_the_steps_of_that_person_only() {
    let (mut before, request) = busy();
    before.refused_from = Some((20, 422));
    let (fake, after) = office(before, |_| 10);
    let report = run(&fake, 8, &request).expect("a report");
    let failed = |person: &&PersonReport| matches!(person.outcome, PersonOutcome::Failed(_));
    assert_eq!(report.people.iter().filter(failed).count(), 1);
    assert!(!report.complete);
    let office = after.borrow();
    // Five of the leavers are disabled, and keep their group.
    assert_eq!((office.groups[&4].len(), office.groups[&5].len()), (19, 24));
}

/// What is in flight when the time is over is reported once each, as not confirmed.
#[test]
fn writes_in_flight_at_the_deadline_are_unknown() {
    let (before, request) = busy();
    let (fake, _) = office(before, |number| if number > 6 { 1_000_000 } else { 10 });
    let error = run(&fake, 8, &request).expect_err("no time");
    assert_eq!(error.code, Code::DeadlineExceeded);
    let unknown: Vec<&Write> = error.writes.iter().filter(|write| !write.confirmed).collect();
    assert_eq!(unknown.len(), 8, "{:?}", error.writes);
    let mut subjects: Vec<&str> = unknown.iter().map(|write| &*write.subject).collect();
    subjects.dedup();
    assert_eq!(subjects.len(), 8);
}

/// Each would see the other as the one who is left.
#[test]
fn two_administrators_do_not_lose_their_rights_at_once() {
    for seed in 0..8 {
        let mut before = Office::new();
        for name in ["ann", "boss", "cid", "dan"] {
            before.add(name, name != "dan");
        }
        // After the plan was made, another administrator takes the rights of the one who stays.
        before.demoted_later.push("boss".to_string());
        let roster = Vec::from([DesiredUser::new(Email::new("boss@example.com"))]);
        let (fake, after) = office(before, scattered(seed));
        let report = run(&fake, 8, &everything(roster)).expect("a report");
        assert_eq!(after.borrow().admins(), 1, "seed {seed}");
        let failed: Vec<&str> = { report.people.iter() }
            .filter(|person| matches!(person.outcome, PersonOutcome::Failed(_)))
            .map(|person| person.email.as_str())
            .collect();
        assert_eq!(failed, ["cid@example.com"], "seed {seed}");
        assert_eq!(after.borrow().people["dan"]["isDisabled"], json!(true));
    }
}
