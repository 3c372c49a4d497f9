//! Who administers a group is a part of a membership, and is restored with it.

use alloc::rc::Rc;
use alloc::string::ToString;
use core::cell::RefCell;

use super::*;
use crate::config::Settings;
use crate::domain::{GroupIdKind, LinkedGroup};
use crate::http::{BaseUrl, Client, Method, Secret};
use crate::lifecycle::{add_group_admins, find_with_memberships};
use crate::retool::v2::V2;
use crate::testing::platform::{FakePlatform, Reply};

mod invitations;
mod many;

/// Ada's memberships, each with whether she administers the group, and how the server answers when
/// she is made an administrator.
#[derive(Default)]
struct State {
    memberships: Vec<(u32, bool)>,
    administration: u16,
}

fn server(state: State) -> (FakePlatform, Rc<RefCell<State>>) {
    let state = Rc::new(RefCell::new(state));
    let own = Rc::clone(&state);
    let fake = FakePlatform::new(move |request| {
        let state = &mut *own.borrow_mut();
        let one = |record: &str| Reply::json(200, format!(r#"{{"success":true,"data":{record}}}"#));
        let ada = |with_groups: bool| {
            let links =
                state.memberships.iter().map(|(id, _)| format!(r#"{{"id":{id},"name":"G{id}"}}"#));
            let links = links.collect::<Vec<_>>().join(",");
            let groups =
                if with_groups { format!(r#","groups":[{links}]"#) } else { String::new() };
            format!(
                r#"{{"id":"user_1","email":"ada@example.com","first_name":"Ada","last_name":"Byron",
                "active":true,"is_admin":false,"user_type":"default"{groups}}}"#
            )
        };
        let group = |id: u32| {
            let own = state.memberships.iter().find(|(own, _)| *own == id);
            let member = own.map(|(_, admin)| {
                format!(r#"{{"id":"user_1","email":"ada@example.com","is_group_admin":{admin}}}"#)
            });
            format!(
                r#"{{"id":{id},"name":"G{id}","members":[{}],"user_invites":[]}}"#,
                member.unwrap_or_default()
            )
        };
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.trim_start_matches("/api/v2/").split('/').collect();
        let number = |id: &str| id.parse::<u32>().expect("a group");
        match (request.method, &segments[..]) {
            (Method::Get, ["users"]) => one(&format!("[{}]", ada(false))),
            (Method::Get, ["users", _]) => one(&ada(true)),
            (Method::Get, ["groups"]) => one(&format!("[{},{}]", group(4), group(5))),
            (Method::Get, ["groups", id]) => one(&group(number(id))),
            (Method::Post, ["groups", id, "members"]) => {
                let body = request.body.as_deref().unwrap_or_default();
                let admin = core::str::from_utf8(body).expect("JSON").contains(r#"admin":true"#);
                if admin && state.administration != 200 {
                    return Reply::json(state.administration, "{}");
                }
                state.memberships.retain(|(own, _)| *own != number(id));
                state.memberships.push((number(id), admin));
                one("{}")
            }
            (method, _) => panic!("{method:?} {path}"),
        }
    });
    (fake, state)
}

fn v2(fake: &FakePlatform) -> V2 {
    let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
    let secret = Secret::new("t0ken".to_string());
    V2::new(Client::new(fake.platform(), base, secret, Settings::default()))
}

/// Ada's tombstone, as a call that takes these memberships makes it.
fn found(memberships: &[(u32, bool)]) -> User {
    let (fake, _) = server(State { memberships: memberships.to_vec(), administration: 200 });
    let found = fake.run(async {
        let directory = v2(&fake);
        let who = Email::new("ada@example.com").into();
        let mut user = find_with_memberships(&directory, &who).await?.expect("Ada");
        add_group_admins(&directory, &mut user).await?;
        Ok(user)
    });
    let found: Result<User> = found;
    found.expect("an answer")
}

fn restored(fake: &FakePlatform, user: User) -> Result<(PersonRestored, Vec<Write>)> {
    let tombstone = Tombstone {
        user,
        raw: None,
        disabled_since: None,
        recorded_at: String::from("2026-03-05T00:00:00.000Z"),
    };
    let restoration =
        Restoration { tombstones: Vec::from([tombstone]), re_create: false, way_in: None };
    let mut done = fake.run(restore(&v2(fake), &restoration))?;
    let person = done.people.pop().expect("Ada").outcome?;
    Ok((person, done.writes))
}

fn link(id: u32, group_admin: Option<bool>) -> GroupLink {
    let id = GroupId { kind: GroupIdKind::Rest, value: id.to_string() };
    LinkedGroup { id, name: Some("Old name".into()), group_admin }.into()
}

#[test]
fn a_found_user_has_the_memberships_and_a_tombstone_who_administers_the_groups() {
    let (fake, _) = server(State { memberships: Vec::from([(4, true)]), administration: 200 });
    let ada = Email::new("ada@example.com").into();
    let user = fake.run(find_with_memberships(&v2(&fake), &ada));
    let groups = user.expect("an answer").expect("Ada").groups;
    assert_eq!(
        groups,
        Some(Vec::from([GroupLink::new(link(4, None).id.clone(), Some("G4".into()))]))
    );

    let user = found(&[(4, true), (5, false)]);
    let administered: Vec<Option<bool>> =
        user.groups.iter().flatten().map(|link| link.group_admin).collect();
    assert_eq!(administered, [Some(true), Some(false)]);
    assert_eq!(found(&[]).groups, Some(Vec::new()));
}

#[test]
fn the_administration_of_a_group_is_restored_with_the_membership() {
    for now in [&[][..], &[(4, false)], &[(4, true)]] {
        let (fake, state) = server(State { memberships: now.to_vec(), administration: 200 });
        let (person, writes) = restored(&fake, found(&[(4, true), (5, false)])).expect("Ada");
        assert_eq!(state.borrow().memberships.len(), 2);
        assert!(state.borrow().memberships.contains(&(4, true)), "{now:?}");
        assert_eq!(person.not_restored, [""; 0]);
        let changed = writes.iter().filter(|write| write.kind == WriteKind::MemberChanged);
        assert_eq!(changed.count(), usize::from(now != [(4, true)]), "{now:?}");
        // A repetition writes nothing.
        let (person, writes) = restored(&fake, found(&[(4, true), (5, false)])).expect("Ada");
        assert_eq!((person.outcome, writes.len()), (RestoreOutcome::Unchanged, 0));
    }
}

#[test]
fn what_can_not_be_restored_of_a_membership_is_said() {
    // The server refuses it.
    let (fake, _) = server(State { memberships: Vec::new(), administration: 422 });
    let (person, _) = restored(&fake, found(&[(4, true)])).expect("Ada");
    assert_eq!(person.not_restored, ["The administration of the group G4: give it in Retool."]);

    // The tombstone does not say it, or says nothing about groups.
    let mut silent = found(&[]);
    silent.groups = Some(Vec::from([link(4, None), link(5, Some(false))]));
    let (fake, _) = server(State { memberships: Vec::new(), administration: 200 });
    let (person, _) = restored(&fake, silent.clone()).expect("Ada");
    let [what] = &person.not_restored[..] else { panic!("{:?}", person.not_restored) };
    assert!(what.contains("G4"), "{what}");
    silent.groups = None;
    let (person, _) = restored(&fake, silent).expect("Ada");
    let [what] = &person.not_restored[..] else { panic!("{:?}", person.not_restored) };
    assert!(what.contains("no membership was restored"), "{what}");
}

#[test]
fn a_lost_reply_to_the_administration_is_a_failure_of_the_person_with_all_writes() {
    let (fake, _) = server(State { memberships: Vec::new(), administration: 503 });
    let error = restored(&fake, found(&[(4, true)])).expect_err("a failure");
    assert_eq!(error.subject.as_deref(), Some("ada@example.com"));
    let writes: Vec<(WriteKind, bool)> =
        error.writes.iter().map(|write| (write.kind, write.confirmed)).collect();
    assert_eq!(writes, [(WriteKind::MemberAdded, true), (WriteKind::MemberChanged, false)]);
}
