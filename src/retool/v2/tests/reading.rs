use super::*;
use crate::domain::AccessField;

#[test]
fn listing_users_and_groups_takes_three_requests() {
    let fake = FakePlatform::replying([
        all(&[invite(7, "new@acme.example")]),
        all(&[person("ann"), record("ken", &fields("Ken", "Doe", false))]),
        all(&[group_record(4, &[("ann", true)], &[invite(7, "new@acme.example")])]),
    ]);
    let directory = directory(&fake);
    let users = fake.run(directory.list_users()).expect("users");
    assert_eq!(emails(&users), ["ann@acme.example", "ken@acme.example", "new@acme.example"]);
    assert_eq!(users.iter().map(|user| user.disabled).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(
        users.iter().map(|user| user.invited).collect::<Vec<_>>(),
        [Some(false), Some(false), Some(true)]
    );
    let groups = fake.run(directory.list_groups()).expect("groups");
    let members = groups[0].members.as_deref().expect("members");
    let ids: Vec<_> = members.iter().map(|member| member.id.value.as_str()).collect();
    assert_eq!(ids, ["user_ann", "invite-7"]);
    assert_eq!((members[0].group_admin, members[1].group_admin), (Some(true), None));
    assert_eq!(AccessField::UniversalApp.of(&groups[0].access), Some("use"));
    assert_eq!(
        fake.lines(),
        ["GET /proxy/api/v2/user_invites", "GET /proxy/api/v2/users", "GET /proxy/api/v2/groups"]
    );
}

#[test]
fn a_user_is_read_with_groups_and_the_whole_record() {
    let expected_raw =
        record("ann", r#""groups":[{"legacy_id":4,"id":null,"name":"Support"}],"active":true,"#);
    let fake = FakePlatform::replying([one(&expected_raw)]);
    let account = fake.run(directory(&fake).read_user(&user_id("user_ann")));
    let account = account.expect("an answer").expect("an account");
    let groups = account.user.groups.expect("groups");
    assert_eq!((groups[0].id.value.as_str(), groups[0].label()), ("4", "Support"));
    assert_eq!(account.raw, expected_raw, "byte for byte");
    assert!(account.raw.contains(r#""legacy_id":16777217"#));
    assert_eq!(lines(&fake), ["GET /users/user_ann?includeGroups=true"]);
}

#[test]
fn an_answer_about_another_user_or_group_is_refused() {
    let fake = FakePlatform::replying([one(&person("bob"))]);
    let read = fake.run(directory(&fake).read_user(&user_id("user_ann")));
    assert_eq!(code(read), Code::WrongPerson);
    let fake = FakePlatform::replying([one(&group_record(5, &[], &[]))]);
    let read = fake.run(directory(&fake).read_group(&group_id("4")));
    assert_eq!(code(read), Code::AnswerUnusable);
}

#[test]
fn an_id_stays_one_segment_of_the_path() {
    for (id, path) in [
        ("../groups/1", "..%2Fgroups%2F1"),
        ("a b", "a%20b"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c", "a%3Fb%23c"),
    ] {
        let fake = FakePlatform::replying([no_route()]);
        let read = fake.run(directory(&fake).read_user(&user_id(id)));
        assert_eq!(read, Ok(None));
        assert_eq!(lines(&fake), [format!("GET /users/{path}?includeGroups=true")]);
    }
    let fake = FakePlatform::replying([]);
    assert_eq!(code(fake.run(directory(&fake).read_user(&user_id("..")))), Code::InvalidValue);
}

/// Also with status 200.
#[test]
fn a_refusal_is_an_error_whatever_the_status() {
    for body in [
        r#"{"success":false,"message":"No."}"#,
        r#"{"success":false,"data":null}"#,
        r#"{"success":false,"data":{"reason":1}}"#,
        r#"{"success":false,"data":[]}"#,
    ] {
        let refusal = move || Reply::json(200, body);
        let fake = FakePlatform::new(move |_| refusal());
        let (directory, id) = (directory(&fake), group_id("4"));
        let ann = user_id("user_ann");
        let failures = [
            failure(fake.run(directory.list_users())),
            failure(fake.run(directory.list_groups())),
            failure(fake.run(directory.page_users(None, None))),
            failure(fake.run(directory.find_users(&email("ann@acme.example").into()))),
            failure(fake.run(directory.read_user(&ann))),
            failure(fake.run(directory.read_group(&id))),
        ];
        for error in failures {
            assert_eq!((error.code, error.http_status), (Code::ServerRefused, Some(200)), "{body}");
            assert!(!error.maybe_applied);
        }
    }
}

#[test]
fn a_missing_list_means_a_wrong_base_url() {
    let fake = FakePlatform::new(|_| no_route());
    let directory = directory(&fake);
    assert_eq!(code(fake.run(directory.list_users())), Code::BaseUrlWrong);
    assert_eq!(code(fake.run(directory.page_users(None, None))), Code::BaseUrlWrong);
    assert_eq!(code(fake.run(directory.find_users(&email("a@b.c").into()))), Code::BaseUrlWrong);
    assert_eq!(code(fake.run(directory.list_groups())), Code::BaseUrlWrong);
    // A missing record only means that the record does not exist.
    assert_eq!(fake.run(directory.read_user(&user_id("user_ann"))), Ok(None));
    assert_eq!(fake.run(directory.read_group(&group_id("4"))), Ok(None));
    assert_eq!(fake.run(directory.list_members(&[group_id("4")])), Ok(Vec::from([None])));
}

#[test]
fn an_answer_of_another_shape_is_an_error_and_not_an_empty_result() {
    for body in
        ["null", "{}", "[]", "[true,[]]", r#"{"success":true}"#, r#"{"success":true,"data":{}}"#]
    {
        let fake = FakePlatform::new(move |_| Reply::json(200, body));
        let directory = directory(&fake);
        assert_eq!(code(fake.run(directory.list_users())), Code::AnswerUnusable, "{body}");
        assert_eq!(code(fake.run(directory.list_groups())), Code::AnswerUnusable, "{body}");
        let read = fake.run(directory.read_user(&user_id("user_ann")));
        assert_eq!(code(read), Code::AnswerUnusable, "{body}");
        let read = fake.run(directory.read_group(&group_id("4")));
        assert_eq!(code(read), Code::AnswerUnusable, "{body}");
    }
}

#[test]
fn a_user_is_found_by_the_address_in_the_response() {
    let fake = FakePlatform::replying([all(&[person("ann")])]);
    let found =
        fake.run(directory(&fake).find_users(&email("ANN@acme.example").into())).expect("Ann");
    assert_eq!(emails(&found), ["ann@acme.example"]);
    assert_eq!(lines(&fake), ["GET /users?email=ANN%40acme.example"]);
}

#[test]
fn an_address_is_encoded_in_the_query() {
    let fake = FakePlatform::replying([all(&[]), all(&[]), all(&[])]);
    let found = fake.run(directory(&fake).find_users(&email("o'b+x&limit=1@acme.example").into()));
    assert_eq!(found, Ok(Vec::new()));
    assert_eq!(lines(&fake)[0], "GET /users?email=o%27b%2Bx%26limit%3D1%40acme.example");
}

/// No user, another user, a duplicate user, or only a part: the whole listing decides.
#[test]
fn an_inconclusive_search_is_confirmed_by_the_whole_listing() {
    let inconclusive = [
        all(&[]),
        all(&[person("bob")]),
        all(&[person("ann"), person("bob")]),
        all(&[person("ann"), person("ann")]),
        page(&[person("ann")], 2, None),
        page(&[person("ann")], 1, Some("more")),
        Reply::fails(TransportError::TooLarge),
    ];
    for answer in inconclusive {
        let fake = FakePlatform::replying([answer, all(&[person("bob"), person("ann")])]);
        let found = fake.run(directory(&fake).find_users(&email("ann@acme.example").into()));
        assert_eq!(emails(&found.expect("Ann")), ["ann@acme.example"]);
        assert_eq!(lines(&fake), ["GET /users?email=ann%40acme.example", "GET /users"]);
    }
}

#[test]
fn all_users_with_one_address_are_found() {
    let other = person("ann").replacen("user_ann", "user_ann2", 1).replace("ann@", "Ann@");
    let fake = FakePlatform::replying([all(&[person("ann"), other])]);
    let found =
        fake.run(directory(&fake).find_users(&email("ann@acme.example").into())).expect("both");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_user_is_missing_only_if_all_three_lists_lack_them() {
    let fake = FakePlatform::replying([all(&[]), all(&[person("bob")]), all(&[])]);
    let found = fake.run(directory(&fake).find_users(&email("ann@acme.example").into()));
    assert_eq!(found, Ok(Vec::new()));
    assert_eq!(
        lines(&fake),
        ["GET /users?email=ann%40acme.example", "GET /users", "GET /user_invites"]
    );
}

#[test]
fn users_with_short_records_are_read_individually() {
    let short = |name: &str| format!(r#"{{"id":"user_{name}","email":"{name}@acme.example"}}"#);
    let fake = FakePlatform::replying([
        all(&[]),
        all(&[short("ann"), person("bob"), short("cid"), short("dan")]),
        one(&record("ann", &fields("Ann", "Doe", false))),
        one(&person("cid")),
        no_route(),
    ]);
    let users = fake.run(directory(&fake).list_users()).expect("users");
    assert_eq!(emails(&users), ["ann@acme.example", "bob@acme.example", "cid@acme.example"]);
    assert!(users[0].disabled);

    // A server whose single records are short too is asked for one user only.
    let fake = FakePlatform::replying([
        all(&[]),
        all(&[short("ann"), short("bob"), short("cid")]),
        one(&short("ann")),
    ]);
    let users = fake.run(directory(&fake).list_users()).expect("users");
    assert_eq!(users.len(), 3);
}

#[test]
fn members_are_read_concurrently_and_must_be_in_the_record() {
    let fake = FakePlatform::replying([
        one(&group_record(4, &[("ann", false)], &[])),
        no_route(),
        one(r#"{"id":6,"name":"x"}"#),
    ]);
    let directory = directory(&fake);
    let ids = [group_id("4"), group_id("5")];
    let members = fake.run(directory.list_members(&ids)).expect("members");
    assert_eq!(members[0].as_ref().map(Vec::len), Some(1));
    assert_eq!(members[1], None);
    let members = fake.run(directory.list_members(&[group_id("6")]));
    assert_eq!(code(members), Code::AnswerUnusable);
    assert_eq!(lines(&fake), ["GET /groups/4", "GET /groups/5", "GET /groups/6"]);
}

#[test]
fn a_rejected_token_or_forbidden_request_is_not_retried() {
    for (status, expected) in [(401, Code::TokenRejected), (403, Code::Forbidden)] {
        let fake = FakePlatform::new(move |_| refused(status));
        assert_eq!(code(fake.run(directory(&fake).list_users())), expected);
        assert_eq!(fake.lines().len(), 1);
    }
}
