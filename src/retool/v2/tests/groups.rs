//! Groups and their members.

use super::*;
use crate::domain::{AccessField, AccessSetting, GroupAccount, GroupPatch};
use crate::retool::WriteDirectory;
use crate::retool::read_back::READINGS;

fn group(members: &[(&str, bool)]) -> String {
    group_record(4, members, &[])
}

fn app(value: &str) -> AccessSetting {
    AccessSetting { field: AccessField::UniversalApp, value: value.into() }
}

fn ids(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user_id(&format!("user_{name}"))).collect()
}

fn group_account() -> GroupAccount {
    let record = group_record(4, &[("ann", true)], &[invite(7, "new@acme.example")]);
    let fake = FakePlatform::replying([one(&record)]);
    let account = fake.run(directory(&fake).read_group(&group_id("4")));
    account.expect("an answer").expect("a group")
}

/// Adds users to group 4.
fn add(
    people: &[&str],
    replies: impl IntoIterator<Item = Reply>,
) -> (Result<Vec<bool>>, FakePlatform) {
    let fake = FakePlatform::replying(replies);
    let added = fake.run(directory(&fake).add_members(&group_id("4"), &ids(people)));
    (added, fake)
}

#[test]
fn users_are_added_at_once_and_existing_members_are_not_written() {
    let (added, fake) = add(
        &["ann", "bob", "cid", "bob", "dan"],
        [
            one(&group(&[("ann", true), ("dan", false)])),
            one(&group(&[("ann", true), ("bob", false), ("cid", false), ("dan", false)])),
        ],
    );
    assert_eq!(added, Ok(Vec::from([false, true, true, false, false])));
    assert_eq!(lines(&fake), ["GET /groups/4", "POST /groups/4/members"]);
    assert_eq!(
        last_body(&fake),
        r#"{"members":[{"id":"user_bob","is_group_admin":false},{"id":"user_cid","is_group_admin":false}]}"#
    );
}

#[test]
fn nothing_is_written_if_all_users_are_members() {
    let (added, fake) = add(&["ann"], [one(&group(&[("ann", true)]))]);
    assert_eq!(added, Ok(Vec::from([false])));
    assert_eq!(lines(&fake), ["GET /groups/4"]);
    let (added, _) = add(&[], []);
    assert_eq!(added, Ok(Vec::new()));
    let fake = FakePlatform::replying([one(&group(&[])), one(&group(&[("ann", false)]))]);
    let added = fake.run(directory(&fake).add_member(&group_id("4"), &user_id("user_ann")));
    assert_eq!(added, Ok(true));
}

/// The existing members must be known, or their roles would be overwritten.
#[test]
fn no_user_is_added_to_a_group_without_a_list_of_members() {
    let (added, _) = add(&["bob"], [one(r#"{"id":4,"name":"Group 4"}"#)]);
    assert_eq!(code(added), Code::AnswerUnusable);
    // The group may have been created a moment ago, so it is read more than once.
    let (added, _) = add(&["bob"], [(); READINGS as usize].map(|()| no_route()));
    assert_eq!(code(added), Code::GroupNotFound);
    let (added, _) = add(&["bob"], [one(&group_record(5, &[], &[]))]);
    assert_eq!(code(added), Code::AnswerUnusable);
}

#[test]
fn additions_missing_from_the_response_are_read_back() {
    for answer in [nothing(), one("null"), one(r#"{"id":4,"name":"x"}"#), one(&group(&[]))] {
        let (added, fake) = add(
            &["bob"],
            [one(&group(&[])), answer, one(&group(&[])), one(&group(&[("bob", false)]))],
        );
        assert_eq!(added, Ok(Vec::from([true])));
        assert_eq!(lines(&fake).len(), 4);
    }
    let fake = FakePlatform::new(|_| one(&group(&[])));
    let added = fake.run(directory(&fake).add_members(&group_id("4"), &ids(&["bob"])));
    let error = failure(added);
    assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
}

#[test]
fn after_a_lost_reply_the_group_is_read_before_additions_are_repeated() {
    let empty = || one(&group(&[]));
    // Applied, and another administrator made one of them an administrator since.
    let (added, _) =
        add(&["bob", "cid"], [empty(), lost(), one(&group(&[("bob", true), ("cid", false)]))]);
    assert_eq!(added, Ok(Vec::from([true, true])));
    // Half applied: only the other half is written again.
    let (added, fake) = add(
        &["bob", "cid"],
        [
            empty(),
            lost(),
            one(&group(&[("bob", true)])),
            one(&group(&[("bob", true), ("cid", false)])),
        ],
    );
    assert_eq!(added, Ok(Vec::from([true, true])));
    assert!(!last_body(&fake).contains("user_bob"));
    // The outcome stays unknown.
    let (added, _) = add(&["bob"], [empty(), lost(), empty(), lost(), empty(), lost()]);
    let error = failure(added);
    assert_eq!((error.attempts, error.maybe_applied), (3, true));
}

#[test]
fn a_refused_addition_is_an_error() {
    for reply in [refused(400), refused(404), Reply::json(200, r#"{"success":false}"#)] {
        let (added, _) = add(&["bob"], [one(&group(&[])), reply]);
        assert_eq!(code(added), Code::ServerRefused);
    }
}

#[test]
fn many_users_are_added_in_requests_of_less_than_100_kb() {
    let names: Vec<String> = (0..1500).map(|at| format!("p{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let members: Vec<(&str, bool)> = names.iter().map(|name| (*name, false)).collect();
    let (added, fake) =
        add(&names, [one(&group(&[])), one(&group(&members)), one(&group(&members))]);
    assert_eq!(added.map(|new| new.len()), Ok(1500));
    let sent: Vec<_> = fake.sent()[1..].iter().map(|sent| sent.body().len()).collect();
    assert!(sent.len() == 2 && sent.iter().all(|length| *length < 100_000), "{sent:?}");
}

#[test]
fn a_member_is_removed_and_the_response_or_a_read_confirms_it() {
    let leave = |replies: Vec<Reply>| {
        let fake = FakePlatform::replying(replies);
        let removed =
            fake.run(directory(&fake).remove_member(&group_id("4"), &user_id("user_bob")));
        (removed, lines(&fake))
    };
    let (removed, sent) = leave(Vec::from([one(&group(&[("ann", true)]))]));
    assert_eq!(
        (removed, sent),
        (Ok(true), Vec::from(["DELETE /groups/4/members/user_bob".to_string()]))
    );
    let (removed, _) = leave(Vec::from([no_route()]));
    assert_eq!(removed, Ok(false));
    let (removed, _) = leave(Vec::from([lost(), no_route()]));
    assert_eq!(removed, Ok(true), "the removal took effect, only its reply was lost");
    // The response does not contain the removal, or not yet.
    for answer in [nothing(), one(&group(&[("bob", false)])), one(r#"{"id":4,"name":"x"}"#)] {
        let (removed, sent) =
            leave(Vec::from([answer, one(&group(&[("bob", false)])), one(&group(&[]))]));
        assert_eq!((removed, sent.len()), (Ok(true), 3));
    }
    let (removed, _) = leave(Vec::from([nothing(), no_route()]));
    assert_eq!(removed, Ok(true), "a deleted group has no members");
    let (removed, _) = leave(Vec::from([refused(400)]));
    assert_eq!(code(removed), Code::ServerRefused);
    let (removed, _) = leave(Vec::from([Reply::json(200, r#"{"success":false}"#)]));
    assert_eq!(code(removed), Code::ServerRefused);
    let fake = FakePlatform::new(|_| one(&group(&[("bob", false)])));
    let removed = fake.run(directory(&fake).remove_member(&group_id("4"), &user_id("user_bob")));
    assert_eq!(code(removed), Code::NotVerified);
}

#[test]
fn a_group_is_created_once_and_by_its_name() {
    let fake = FakePlatform::replying([one(&group(&[]))]);
    let created =
        fake.run(directory(&fake).create_group("Group 4", &[app("use")])).expect("a group");
    assert_eq!(created.id, group_id("4"));
    assert_eq!(lines(&fake), ["POST /groups"]);
    assert_eq!(last_body(&fake), r#"{"name":"Group 4","universal_app_access":"use"}"#);
    let fake = FakePlatform::replying([one(&group(&[]))]);
    let other = fake.run(directory(&fake).create_group("Group Four", &[]));
    assert_eq!(code(other), Code::NotVerified);
    assert_eq!(last_body(&fake), r#"{"name":"Group Four"}"#);
    let fake = FakePlatform::replying([lost()]);
    assert!(failure(fake.run(directory(&fake).create_group("Group 4", &[]))).maybe_applied);
}

#[test]
fn only_the_fields_of_a_groups_patch_are_sent() {
    let renamed = group(&[("ann", true)]).replace("Group 4", "Support");
    let fake = FakePlatform::replying([one(&renamed)]);
    let patch = GroupPatch { name: Some("Support".into()), access: Vec::new() };
    let after = fake.run(directory(&fake).update_group(&group_account(), &patch)).expect("a group");
    assert_eq!(
        (after.name.as_str(), after.members.map(|members| members.len())),
        ("Support", Some(1))
    );
    assert_eq!(lines(&fake), ["PATCH /groups/4"]);
    assert_eq!(
        last_body(&fake),
        r#"{"operations":[{"op":"replace","path":"/name","value":"Support"}]}"#
    );
    let opened = group(&[]).replace(r#""use""#, r#""own""#);
    let fake = FakePlatform::replying([nothing(), one(&group(&[])), one(&opened)]);
    let patch = GroupPatch { name: None, access: vec![app("own")] };
    assert!(fake.run(directory(&fake).update_group(&group_account(), &patch)).is_ok());
    assert_eq!(
        fake.sent()[0].body(),
        r#"{"operations":[{"op":"replace","path":"/universal_app_access","value":"own"}]}"#
    );
    let fake = FakePlatform::replying([]);
    let nothing = fake.run(directory(&fake).update_group(&group_account(), &GroupPatch::default()));
    assert_eq!(nothing, Ok(group_account().group));
}

#[test]
fn a_group_change_must_hold_and_after_a_lost_reply_the_group_is_read() {
    let patch = GroupPatch { name: Some("Support".into()), access: Vec::new() };
    let renamed = || group(&[]).replace("Group 4", "Support");
    let fake = FakePlatform::replying([lost(), one(&renamed())]);
    assert!(fake.run(directory(&fake).update_group(&group_account(), &patch)).is_ok());
    let fake = FakePlatform::replying([lost(), one(&group(&[])), one(&renamed())]);
    assert!(fake.run(directory(&fake).update_group(&group_account(), &patch)).is_ok());
    let lossy =
        renamed().replace(r#""created_at":"2026-01-05T09:00:00.000Z""#, r#""created_at":null"#);
    for after in [group(&[]), lossy] {
        let fake = FakePlatform::new(move |_| one(&after));
        let error = failure(fake.run(directory(&fake).update_group(&group_account(), &patch)));
        assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    }
    let fake = FakePlatform::replying([Reply::json(200, r#"{"success":false}"#)]);
    let refused = fake.run(directory(&fake).update_group(&group_account(), &patch));
    assert_eq!(code(refused), Code::ServerRefused);
}

#[test]
fn a_group_is_deleted() {
    let delete = |replies: Vec<Reply>| {
        let fake = FakePlatform::replying(replies);
        fake.run(directory(&fake).delete_group(&group_id("4")))
    };
    assert_eq!(delete(Vec::from([nothing()])), Ok(true));
    assert_eq!(delete(Vec::from([no_route()])), Ok(false));
    assert_eq!(delete(Vec::from([lost(), no_route()])), Ok(true));
    assert_eq!(
        code(delete(Vec::from([Reply::json(200, r#"{"success":false}"#)]))),
        Code::ServerRefused
    );
    assert_eq!(code(delete(Vec::from([Reply::json(200, "null")]))), Code::AnswerUnusable);
}

#[test]
fn an_administrator_is_added_with_one_request_and_read_back() {
    let add = |replies: Vec<Reply>| {
        let fake = FakePlatform::replying(replies);
        let added =
            fake.run(directory(&fake).add_group_admin(&group_id("4"), &user_id("user_bob")));
        (added, fake)
    };
    let (out, in_it) = (group(&[]), group(&[("bob", true)]));
    let (added, fake) = add(vec![one(&out), one(&in_it), one(&in_it)]);
    assert_eq!(added, Ok(true));
    assert_eq!(lines(&fake), ["GET /groups/4", "POST /groups/4/members", "GET /groups/4"]);
    assert_eq!(fake.sent()[1].body(), r#"{"members":[{"id":"user_bob","is_group_admin":true}]}"#);
    // The reply is lost, and somebody else added the user as a plain member meanwhile.
    let plain = group(&[("bob", false)]);
    let (added, fake) =
        add(vec![one(&out), lost(), one(&plain), one(&plain), one(&in_it), one(&in_it)]);
    assert_eq!(added, Ok(true));
    assert_eq!(lines(&fake).iter().filter(|line| line.starts_with("POST")).count(), 2);
}

#[test]
fn who_administers_a_group_is_set_and_read_back() {
    for administers in [true, false] {
        let set = |now: bool| {
            let record = group(&[("bob", now)]);
            let fake = FakePlatform::new(move |_| one(&record));
            let group = group_id("4");
            let made = fake.run(directory(&fake).set_group_admin(
                &group,
                &user_id("user_bob"),
                administers,
            ));
            (made, fake)
        };
        let (made, fake) = set(administers);
        assert_eq!(made, Ok(()));
        assert_eq!(
            fake.sent()[0].body(),
            format!(r#"{{"members":[{{"id":"user_bob","is_group_admin":{administers}}}]}}"#)
        );
        let error = failure(set(!administers).0);
        assert_eq!((error.code, error.maybe_applied), (Code::NotVerified, true));
    }
}
