//! Invitations that are not accepted yet.

use super::*;
use crate::domain::UserPatch;
use crate::retool::WriteDirectory;

const SEVEN: &str = "invite-7";

fn new() -> String {
    invite(7, "New@acme.example")
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
    let both = find(all(&[new(), invite(8, "new@acme.example")])).expect("an answer");
    assert_eq!(both.len(), 2, "the caller must choose one of them");
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
        assert_eq!(find(all(core::slice::from_ref(&gone))), Ok(Vec::new()), "{gone}");
        let fake = FakePlatform::replying([one(&gone)]);
        assert_eq!(fake.run(directory(&fake).read_user(&user_id(SEVEN))), Ok(None));
        let group = group_record(4, &[], &[gone]);
        let fake = FakePlatform::replying([one(&group)]);
        let members = fake.run(directory(&fake).list_members(&[group_id("4")]));
        assert_eq!(members, Ok(Vec::from([Some(Vec::new())])));
    }
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
        let mut response = all(&[new()]).outcome.expect("an answer");
        response.date = Some(date.to_string());
        assert_eq!(find(response.into()).map(|found| !found.is_empty()), Ok(pending), "{date}");
    }
}

#[test]
fn a_server_without_invitations_has_none() {
    let page = crate::http::Response {
        status: 404,
        content_type: Some("text/html".to_string()),
        body: b"<pre>Cannot GET</pre>".to_vec(),
        ..crate::http::Response::default()
    };
    for reply in [no_route(), page.into()] {
        assert_eq!(find(reply), Ok(Vec::new()));
    }
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
    ]);
    let people = [user_id("user_ann"), user_id(SEVEN)];
    let error = failure(fake.run(directory(&fake).add_members(&group_id("4"), &people)));
    assert_eq!((error.http_status, error.maybe_applied), (Some(404), true));
}
