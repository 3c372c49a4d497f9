//! Invitations that are not accepted yet.

use super::*;
use crate::domain::{Changes, NewInvitation, UserPatch};
use crate::retool::WriteDirectory;

const SEVEN: &str = "invite-7";

fn new() -> String {
    invite(7, "New@acme.example")
}

/// Returns a reply with a date by the server's clock.
fn at(date: &str, reply: Reply) -> Reply {
    let mut response = reply.outcome.expect("an answer");
    response.date = Some(date.to_string());
    response.into()
}

/// Finds `new@acme.example`, which no account has.
fn find(invites: Reply) -> Result<Vec<User>> {
    let fake = FakePlatform::replying([all(&[]), all(&[person("ann")]), invites]);
    fake.run(directory(&fake).find_users(&email("new@acme.example").into()))
}

#[test]
fn a_pending_invitation_counts_as_the_invited_user() {
    let found = find(all(&[invite(6, "other@acme.example"), new()])).expect("an answer");
    assert_eq!(found.len(), 1);
    let user = &found[0];
    assert_eq!((user.id.value.as_str(), user.invited, user.disabled), (SEVEN, Some(true), false));
    let groups = user.groups.as_deref().expect("groups");
    assert_eq!(groups[0].id, group_id("4"));
    let both = find(all(&[invite(10, "new@acme.example"), new()])).expect("an answer");
    let [newest] = &both[..] else { panic!("several invitations of one address are one person") };
    assert_eq!(newest.id.value, "invite-10");
}

#[test]
fn an_account_takes_precedence_over_an_invitation() {
    let fake = FakePlatform::replying([all(&[person("new")])]);
    let found =
        fake.run(directory(&fake).find_users(&email("new@acme.example").into())).expect("Ann");
    assert_eq!(found[0].invited, Some(false));
    let fake =
        FakePlatform::replying([all(&[new()]), all(&[record("new", &fields("N", "D", false))])]);
    let users = fake.run(directory(&fake).list_users()).expect("users");
    assert_eq!(users.iter().map(|user| user.id.value.as_str()).collect::<Vec<_>>(), ["user_new"]);
}

#[test]
fn a_claimed_or_expired_invitation_does_not_count() {
    let claimed = new().replace(r#""claimed_by":null"#, r#""claimed_by":"user_x""#);
    let expired = new().replace("1994-11-07T00:00", "1994-11-06T08:49");
    for gone in [claimed, expired] {
        let listed = all(core::slice::from_ref(&gone));
        assert_eq!(find(at(NOW, listed)), Ok(Vec::new()), "{gone}");
        let fake = FakePlatform::replying([at(NOW, one(&gone))]);
        assert_eq!(fake.run(directory(&fake).read_user(&user_id(SEVEN))), Ok(None));
        let group = group_record(4, &[], &[gone]);
        let fake = FakePlatform::replying([at(NOW, one(&group))]);
        let members = fake.run(directory(&fake).list_members(&[group_id("4")]));
        assert_eq!(members, Ok(Vec::from([Some(Vec::new())])));
    }
}

/// The host's clock may be wrong. A valid invitation must not be replaced because of it.
#[test]
fn without_a_date_of_the_server_an_invitation_has_not_expired() {
    let old = new().replace("1994-11-07", "1994-11-01");
    let found = find(all(core::slice::from_ref(&old))).expect("an answer");
    assert_eq!(found.len(), 1);
    let fake = FakePlatform::replying([one(&old)]);
    let read = fake.run(directory(&fake).read_user(&user_id(SEVEN)));
    assert!(read.expect("an answer").is_some());
    let fake = FakePlatform::replying([one(&group_record(4, &[], &[old]))]);
    let members = fake.run(directory(&fake).list_members(&[group_id("4")])).expect("an answer");
    assert_eq!(members[0].as_ref().map(Vec::len), Some(1));
}

/// The end of an invitation is compared with the server's clock.
#[test]
fn the_servers_clock_decides_whether_an_invitation_has_expired() {
    for (date, pending) in [
        (NOW, true),
        ("Sun, 06 Nov 1994 23:59:59 GMT", true),
        ("Mon, 07 Nov 1994 00:00:00 GMT", false),
        ("Mon, 23 Nov 2026 17:00:00 GMT", false),
    ] {
        assert_eq!(
            find(at(date, all(&[new()]))).map(|found| !found.is_empty()),
            Ok(pending),
            "{date}"
        );
    }
}

#[test]
fn a_server_without_invitations_has_none() {
    let mut page = crate::http::Response {
        status: 404,
        content_type: Some("text/html".to_string()),
        body: b"<pre>Cannot GET</pre>".to_vec(),
        ..crate::http::Response::default()
    };
    for reply in [no_route(), page.clone().into()] {
        assert_eq!(find(reply), Ok(Vec::new()));
    }
    // One page of HTML proves nothing. The last of three does.
    page.status = 200;
    let page: Reply = page.into();
    let users = || [all(&[]), all(&[person("ann")])];
    let [a, b] = users();
    let fake = FakePlatform::replying([a, b, page.clone(), all(&[new()])]);
    let found = fake.run(directory(&fake).find_users(&email("new@acme.example").into()));
    assert_eq!(found.expect("an answer").len(), 1);
    let [a, b] = users();
    let fake = FakePlatform::replying([a, b, page.clone(), page.clone(), page]);
    let found = fake.run(directory(&fake).find_users(&email("new@acme.example").into()));
    assert_eq!(found, Ok(Vec::new()));
    assert_eq!(code(find(refused(403))), Code::Forbidden);
    assert_eq!(code(find(Reply::json(200, r#"{"success":false}"#))), Code::ServerRefused);
}

#[test]
fn an_invitation_is_read_without_its_secret_link() {
    let fake = FakePlatform::replying([one(&new())]);
    let account = fake.run(directory(&fake).read_user(&user_id(SEVEN)));
    let account = account.expect("an answer").expect("an invitation");
    assert_eq!(account.user.email, email("new@acme.example"));
    assert!(
        account.raw.contains("invited_by") && !account.raw.contains("s3cret"),
        "{}",
        account.raw
    );
    assert_eq!(lines(&fake), ["GET /user_invites/7"]);
    let fake = FakePlatform::replying([one(&invite(8, "new@acme.example"))]);
    assert_eq!(code(fake.run(directory(&fake).read_user(&user_id(SEVEN)))), Code::WrongPerson);
    let group = group_record(4, &[], &[new()]);
    let fake = FakePlatform::replying([one(&group)]);
    let group = fake.run(directory(&fake).read_group(&group_id("4")));
    let group = group.expect("an answer").expect("a group");
    assert!(!group.raw.contains("s3cret"), "{}", group.raw);
}

#[test]
fn an_invitation_is_withdrawn_and_its_fields_can_not_be_set() {
    for (reply, expected) in [(nothing(), true), (no_route(), false)] {
        let fake = FakePlatform::replying([reply]);
        assert_eq!(fake.run(directory(&fake).delete_user(&user_id(SEVEN))), Ok(expected));
        assert_eq!(lines(&fake), ["DELETE /user_invites/7"]);
    }
    let fake = FakePlatform::replying([one(&new())]);
    let directory = directory(&fake);
    let account = fake.run(directory.read_user(&user_id(SEVEN)));
    let account = account.expect("an answer").expect("an invitation");
    let patch = UserPatch { disabled: Some(true), ..UserPatch::default() };
    let updated = fake.run(directory.update_user(&account, &patch));
    assert_eq!(code(updated), Code::OperationUnsupported);
    assert_eq!(fake.run(directory.end_sessions(&user_id(SEVEN))), Ok(false));
    assert_eq!(fake.lines().len(), 1);
}

#[test]
fn an_invitation_is_added_to_and_removed_from_groups_by_its_own_routes() {
    let group = |invites: &[String]| one(&group_record(4, &[("ann", true)], invites));
    let people = [user_id(SEVEN), user_id("user_ann"), user_id("user_bob")];
    let fake = FakePlatform::replying([
        group(&[]),
        one(&group_record(4, &[("ann", true), ("bob", false)], &[])),
        group(&[new()]),
    ]);
    let added = fake.run(directory(&fake).add_members(&group_id("4"), &people));
    assert_eq!(added, Ok(Vec::from([true, false, true])));
    assert_eq!(
        lines(&fake),
        ["GET /groups/4", "POST /groups/4/members", "POST /groups/4/user_invites"]
    );
    assert_eq!(last_body(&fake), r#"{"userInviteIds":[7]}"#);
    assert!(!fake.sent()[1].body().contains("invite"));

    let fake = FakePlatform::replying([group(&[new()])]);
    let added = fake.run(directory(&fake).add_member(&group_id("4"), &user_id(SEVEN)));
    assert_eq!(added, Ok(false));

    let fake = FakePlatform::replying([nothing(), group(&[])]);
    let removed = fake.run(directory(&fake).remove_member(&group_id("4"), &user_id(SEVEN)));
    assert_eq!(removed, Ok(true));
    assert_eq!(lines(&fake), ["DELETE /groups/4/user_invites/7", "GET /groups/4"]);

    // Nothing is written if one of the ids is invalid.
    let fake = FakePlatform::replying([group(&[])]);
    let people = [user_id("user_bob"), user_id("invite-x")];
    let added = fake.run(directory(&fake).add_members(&group_id("4"), &people));
    assert_eq!(code(added), Code::InvalidValue);
}

#[test]
fn a_member_with_an_account_and_an_invitation_is_listed_once() {
    let group = group_record(4, &[("new", false)], &[new(), invite(8, "eve@acme.example")]);
    let fake = FakePlatform::replying([one(&group)]);
    let members = fake.run(directory(&fake).list_members(&[group_id("4")])).expect("members");
    let ids: Vec<_> = members[0].iter().flatten().map(|member| member.id.value.as_str()).collect();
    assert_eq!(ids, ["user_new", "invite-8"]);
}

/// If an account was added before an invitation is refused, the error has `maybe_applied`.
#[test]
fn a_refusal_after_an_addition_is_maybe_applied() {
    let fake = FakePlatform::replying([
        one(&group_record(4, &[], &[])),
        one(&group_record(4, &[("ann", false)], &[])),
        refused(404),
        refused(404),
        all(&[]),
    ]);
    let people = [user_id("user_ann"), user_id(SEVEN)];
    let error = failure(fake.run(directory(&fake).add_members(&group_id("4"), &people)));
    assert_eq!((error.http_status, error.maybe_applied), (Some(404), true));
}

/// A server that lacks a route answers with a 404, or with a page of HTML and a good status.
fn missing_routes() -> [Reply; 4] {
    let page = |status| crate::http::Response {
        status,
        content_type: Some("text/html; charset=utf-8".to_string()),
        body: b"<!doctype html><title>Retool</title>".to_vec(),
        ..crate::http::Response::default()
    };
    [no_route(), page(404).into(), page(200).into(), Reply::json(404, "")]
}

#[test]
fn an_invitation_whose_route_is_missing_is_in_the_list() {
    for reply in missing_routes() {
        let list = all(&[invite(6, "other@acme.example"), new()]);
        let fake = FakePlatform::replying([reply, list]);
        let account = fake.run(directory(&fake).read_user(&user_id(SEVEN)));
        let account = account.expect("an answer").expect("an invitation");
        assert_eq!(account.user.email, email("new@acme.example"));
        assert!(!account.raw.contains("s3cret"), "{}", account.raw);
        assert_eq!(lines(&fake), ["GET /user_invites/7", "GET /user_invites"]);
    }
    for reply in missing_routes() {
        let fake = FakePlatform::replying([reply, no_route()]);
        assert_eq!(fake.run(directory(&fake).read_user(&user_id(SEVEN))), Ok(None));
    }
}

#[test]
fn an_invitation_is_sent_with_its_groups_and_once() {
    let new_invitation = |groups: &[&str]| NewInvitation {
        email: email("New@acme.example"),
        groups: groups.iter().map(|id| group_id(id)).collect(),
        metadata: Changes::new(),
    };
    let fake = FakePlatform::replying([one(&new()), one(&new())]);
    let directory = directory(&fake);
    let user = fake.run(directory.invite(&new_invitation(&["4", "16777217"]))).expect("a user");
    assert_eq!((user.id.value.as_str(), user.invited), (SEVEN, Some(true)));
    assert!(!format!("{user:?}").contains("s3cret"));
    assert_eq!(last_body(&fake), r#"{"email":"New@acme.example","defaultGroupIds":[4,16777217]}"#);
    fake.run(directory.invite(&new_invitation(&[]))).expect("a user");
    assert_eq!(last_body(&fake), r#"{"email":"New@acme.example"}"#);
    let refused = fake.run(directory.invite(&new_invitation(&["x"])));
    assert_eq!(code(refused), Code::InvalidValue);
    assert_eq!(fake.lines().len(), 2);
}

#[test]
fn a_route_that_is_missing_is_an_operation_that_is_not_supported() {
    for (at, reply) in missing_routes().into_iter().enumerate() {
        let fake = FakePlatform::replying([reply]);
        let invitation = NewInvitation {
            email: email("new@acme.example"),
            groups: Vec::new(),
            metadata: Changes::new(),
        };
        let error = failure(fake.run(directory(&fake).invite(&invitation)));
        assert_eq!((error.code, error.maybe_applied), (Code::OperationUnsupported, false), "{at}");
        assert!(!crate::error::ends_the_run(&error));
    }
    // Of the groups of an invitation that is there.
    for (at, reply) in missing_routes().into_iter().enumerate() {
        let is_page = at == 1 || at == 2;
        let mut replies = Vec::from([one(&group_record(4, &[], &[])), reply]);
        replies.extend((!is_page).then(|| one(&new())));
        let fake = FakePlatform::replying(replies);
        let added = fake.run(directory(&fake).add_member(&group_id("4"), &user_id(SEVEN)));
        let error = failure(added);
        assert_eq!((error.code, error.maybe_applied), (Code::OperationUnsupported, false), "{at}");
    }
    for reply in missing_routes() {
        let fake = FakePlatform::replying([reply, one(&group_record(4, &[], &[new()]))]);
        let removed = fake.run(directory(&fake).remove_member(&group_id("4"), &user_id(SEVEN)));
        assert_eq!(code(removed), Code::OperationUnsupported);
    }
}

#[test]
fn invitations_to_an_address_are_open_or_expired() {
    let expired = invite(6, "NEW@acme.example").replace("1994-11-07", "1994-11-05");
    let accepted =
        invite(5, "new@acme.example").replace(r#""claimed_by":null"#, r#""claimed_by":"user_x""#);
    let other = invite(4, "other@acme.example");
    let listed = all(&[new(), expired, accepted, other]);
    let fake = FakePlatform::replying([at(NOW, listed)]);
    let found = fake.run(directory(&fake).invitations_to(&email("new@acme.example")));
    let found = found.expect("an answer").expect("a list");
    let found: Vec<_> = found.iter().map(|one| (one.user.id.value.as_str(), one.open)).collect();
    assert_eq!(found, [(SEVEN, true), ("invite-6", false)]);
    for reply in missing_routes() {
        let fake = FakePlatform::replying([reply.clone(), reply.clone(), reply]);
        let found = fake.run(directory(&fake).invitations_to(&email("new@acme.example")));
        assert_eq!(found, Ok(None), "the server does not list its invitations");
    }
}

/// The fields are those of `raw` in a tombstone.
#[test]
fn no_field_that_may_be_a_link_is_kept() {
    let links = r#""url":"x","inviteLink":"s3cret-a","signup_token":"s3cret-b","meta":{"a":"https:\/\/x\/s3cret-c"},"team":"blue","#;
    let record = new().replacen('{', &format!("{{{links}"), 1);
    let fake = FakePlatform::replying([one(&record)]);
    let account = fake.run(directory(&fake).read_user(&user_id(SEVEN)));
    let raw = account.expect("an answer").expect("an invitation").raw;
    assert!(raw.contains("blue") && !raw.contains("s3cret"), "{raw}");
}

#[test]
fn attributes_of_an_invitation_have_a_route_of_their_own() {
    let account = || {
        let fake = FakePlatform::replying([one(&new())]);
        let account = fake.run(directory(&fake).read_user(&user_id(SEVEN)));
        account.expect("an answer").expect("an invitation")
    };
    let set = |replies: Vec<Reply>| {
        let fake = FakePlatform::new({
            let replies = core::cell::RefCell::new(replies);
            move |_| replies.borrow_mut().remove(0)
        });
        let set = fake.run(directory(&fake).set_attribute(&account(), "team", Some("blue")));
        (set, lines(&fake))
    };
    let (user, sent) = set(Vec::from([one(r#"{"metadata":{"team":"blue"}}"#)]));
    let user = user.expect("a user");
    assert_eq!(user.metadata.expect("metadata").get("team"), Some(r#""blue""#));
    assert_eq!(sent, ["POST /user_invites/7/user_attributes"]);
    for (at, reply) in missing_routes().into_iter().enumerate() {
        let (set, _) = set(Vec::from([reply, one(&new())]));
        let error = failure(set);
        assert_eq!((error.code, error.maybe_applied), (Code::OperationUnsupported, false), "{at}");
    }
}
