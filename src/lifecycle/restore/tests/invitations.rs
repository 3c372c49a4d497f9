//! The tombstone of an invitation is restored by an invitation, and never changes an account.

use super::*;

/// Ada's account, if she has one, and the ids of her open invitations.
#[derive(Default)]
struct Server {
    account: Option<bool>,
    invitations: Vec<u32>,
}

fn server(server: Server) -> FakePlatform {
    let server = RefCell::new(server);
    FakePlatform::new(move |request| {
        let server = &mut *server.borrow_mut();
        let list = |records: &[String]| {
            let records = records.join(",");
            let body = format!(r#"{{"success":true,"data":[{records}],"has_more":false}}"#);
            Reply::json(200, body)
        };
        let one = |record: &str| Reply::json(200, format!(r#"{{"success":true,"data":{record}}}"#));
        let invitation =
            |id: &u32| format!(r#"{{"id":{id},"invited_email":"ada@example.com","groups":[]}}"#);
        let account = |enabled: bool| {
            format!(
                r#"{{"id":"user_1","email":"ada@example.com","first_name":"Ada","last_name":"Byron",
                "active":{enabled},"is_admin":false,"user_type":"default","groups":[]}}"#
            )
        };
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.trim_start_matches("/api/v2/").split('/').collect();
        match (request.method, &segments[..]) {
            (Method::Get, ["users"]) => {
                list(&server.account.into_iter().map(account).collect::<Vec<_>>())
            }
            (Method::Get, ["user_invites"]) => {
                list(&server.invitations.iter().map(invitation).collect::<Vec<_>>())
            }
            (Method::Get, ["user_invites", id]) => {
                let id = id.parse::<u32>().expect("an id");
                match server.invitations.contains(&id) {
                    true => one(&invitation(&id)),
                    false => Reply::json(404, "{}"),
                }
            }
            (Method::Post, ["user_invites"]) => {
                server.invitations.push(8);
                one(&invitation(&8))
            }
            (method, _) => panic!("{method:?} {path}"),
        }
    })
}

/// Restores the tombstone of the invitation 7.
fn restored(fake: &FakePlatform, re_create: bool, way_in: Option<WayIn>) -> Result<PersonRestored> {
    let (was, directory) =
        (server(Server { account: None, invitations: Vec::from([7]) }), v2(fake));
    let found = was.run(async { find_by_email(&v2(&was), &Email::new("ada@example.com")).await });
    let user = found?.expect("the invitation");
    assert!(user.is_invitation());
    let recorded_at = String::from("2026-03-05T00:00:00.000Z");
    let tombstone = Tombstone { user, raw: None, disabled_since: None, recorded_at };
    let restoration = Restoration { tombstones: Vec::from([tombstone]), re_create, way_in };
    let mut done = fake.run(restore(&directory, &restoration))?;
    done.people.pop().expect("Ada").outcome
}

fn writes(fake: &FakePlatform) -> Vec<String> {
    fake.lines().into_iter().filter(|line| !line.starts_with("GET")).collect()
}

/// The account was disabled before, and kept so, while the invitation was withdrawn.
#[test]
fn an_account_with_the_address_of_an_invitation_is_never_changed() {
    for (enabled, left) in [(false, &[][..]), (true, &[]), (false, &[7])] {
        for way_in in [None, Some(WayIn::Account), Some(WayIn::Invitation)] {
            for re_create in [true, false] {
                let (account, invitations) = (Some(enabled), left.to_vec());
                let fake = server(Server { account, invitations });
                let error = restored(&fake, re_create, way_in).expect_err("an account");
                assert_eq!(error.code, Code::WrongPerson, "{error:?}");
                assert!(error.message.contains("invitation"), "{}", error.message);
                assert_eq!(writes(&fake), [""; 0]);
            }
        }
    }
}

#[test]
fn an_invitation_is_restored_by_an_invitation_if_no_other_way_is_given() {
    let fake = server(Server::default());
    let person = restored(&fake, true, None).expect("an invitation");
    assert_eq!((person.outcome, person.invitation_sent), (RestoreOutcome::Invited, true));
    assert!(person.user.is_invitation());
    let [note] = &person.not_restored[..] else { panic!("{:?}", person.not_restored) };
    assert!(note.contains("new one"), "{note}");
    assert_eq!(writes(&fake).len(), 1);
    // The repetition finds the new invitation.
    let person = restored(&fake, true, None).expect("an invitation");
    assert_eq!((person.outcome, person.invitation_sent), (RestoreOutcome::Unchanged, false));
    assert_eq!(writes(&fake).len(), 1);

    let fake = server(Server::default());
    let error = restored(&fake, false, None).expect_err("not allowed");
    assert_eq!(error.code, Code::UserNotFound);
    assert_eq!(writes(&fake), [""; 0]);
}
