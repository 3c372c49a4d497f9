//! Finding users by address and groups by name.

use super::*;
use crate::domain::User;
use crate::error::{Code, Result};
use crate::retool::{ReadDirectory, WriteDirectory};

/// Looks up an address on a server that gives these replies. Also returns the requests.
fn find(email: &str, replies: impl IntoIterator<Item = Reply>) -> (Result<Vec<User>>, Vec<String>) {
    let fake = FakePlatform::replying(replies);
    let found = fake.run(scim(&fake).find_users(&Email::new(email).into()));
    (found, fake.lines())
}

fn hits(records: &[String]) -> Reply {
    reply(200, list(records.len(), records))
}

#[test]
fn the_address_is_quoted_as_json_and_then_encoded() {
    let cases = [
        ("a+b@x", "%22a%2Bb%40x%22"),
        ("o'brien@x", "%22o%27brien%40x%22"),
        (r#""q"@x"#, "%22%5C%22q%5C%22%40x%22"),
        (r"back\slash@x", "%22back%5C%5Cslash%40x%22"),
        (r#"x" or userName pr or "@x"#, "%22x%5C%22%20or%20userName%20pr%20or%20%5C%22%40x%22"),
        ("ü@x", "%22%C3%BC%40x%22"),
        ("a&b=c#d%40@x", "%22a%26b%3Dc%23d%2540%40x%22"),
    ];
    for (email, encoded) in cases {
        let record = format!(
            r#"{{"id":"u1","userName":{},"active":true}}"#,
            serde_json::to_string(email).unwrap()
        );
        let (found, lines) = find(email, [hits(&[record])]);
        assert_eq!(found.unwrap().len(), 1, "{email}");
        assert_eq!(lines, [format!("GET /scim/v2/Users?filter=userName%20eq%20{encoded}")]);
    }
}

#[test]
fn addresses_are_compared_without_case_and_spaces_and_both_users_are_found() {
    let both = [person("u1", "Ada@Example.com"), person("u2", " ada@example.com ")];
    let (found, lines) = find("ADA@example.com", [hits(&both)]);
    assert_eq!(found.unwrap().len(), 2);
    assert_eq!(lines.len(), 1);
}

/// Each of these responses proves nothing, so the whole listing is searched.
#[test]
fn an_inconclusive_answer_is_confirmed_by_the_whole_listing() {
    let ada = person("u1", "ada@example.com");
    let grace = person("u2", "grace@example.com");
    let all_users = [grace.clone(), ada.clone()];
    let answers: [(&str, Reply); 7] = [
        ("no user", reply(200, r#"{"totalResults":0}"#)),
        ("another user", hits(core::slice::from_ref(&grace))),
        ("all users", hits(&all_users)),
        ("a duplicate", hits(&[ada.clone(), ada.clone()])),
        ("one of more", reply(200, list(2, core::slice::from_ref(&ada)))),
        ("a 404 for no match", refusal(404)),
        ("no filters", refusal(400)),
    ];
    for (what, answer) in answers {
        let (found, lines) = find("ada@example.com", [answer, hits(&all_users)]);
        assert_eq!(found.expect(what)[0].id, user_id("u1"));
        assert_eq!(lines[1], "GET /scim/v2/Users?startIndex=1&count=500", "{what}");
    }
    let (found, _) =
        find("nobody@example.com", [reply(200, r#"{"totalResults":0}"#), hits(&all_users)]);
    assert_eq!(found.unwrap(), []);
}

#[test]
fn a_user_whose_address_changes_between_two_reads_is_not_found() {
    let short = r#"{"id":"u1","userName":"ada@example.com"}"#.to_string();
    let (found, lines) =
        find("ada@example.com", [hits(&[short]), reply(200, person("u1", "eve@example.com"))]);
    assert_eq!(found.unwrap(), []);
    assert_eq!(lines[1], "GET /scim/v2/Users/u1");
}

#[test]
fn a_user_with_the_address_in_another_attribute_is_found_in_the_listing() {
    let record = r#"{"id":"u1","userName":"ada","active":true,"emails":[{"value":"ada@example.com","type":"work"}]}"#;
    let (found, _) =
        find("ada@example.com", [reply(200, r#"{"totalResults":0}"#), hits(&[record.to_string()])]);
    assert_eq!(found.unwrap()[0].email, ada());
}

#[test]
fn a_failed_search_is_an_error() {
    for (status, code) in [(401, Code::TokenRejected), (403, Code::Forbidden)] {
        let (found, lines) = find("ada@example.com", [refusal(status)]);
        let error = found.unwrap_err();
        assert_eq!((error.code, lines.len()), (code, 1));
        assert_eq!(error.subject.as_deref(), Some("ada@example.com"));
    }
}

#[test]
fn a_second_group_of_the_same_name_is_not_created() {
    let group = |id: &str, name: &str| format!(r#"{{"id":"{id}","displayName":"{name}"}}"#);
    for (groups, code) in [
        (Vec::from([group("g1", "Support")]), Code::NameTaken),
        (Vec::from([group("g1", "Support"), group("g2", " Support ")]), Code::AmbiguousGroup),
    ] {
        let fake = FakePlatform::replying([hits(&groups)]);
        let error = fake.run(scim(&fake).create_group("Support", &[])).unwrap_err();
        assert_eq!((error.code, error.maybe_applied), (code, false));
        assert_eq!(fake.lines(), ["GET /scim/v2/Groups?filter=displayName%20eq%20%22Support%22"]);
    }
    // Other groups, from a server that ignores the filter, do not matter.
    let fake = FakePlatform::replying([
        hits(&[group("g1", "Sales"), group("g2", "support")]),
        reply(201, group("g3", "Support")),
    ]);
    assert_eq!(fake.run(scim(&fake).create_group("Support", &[])).unwrap().id, group_id("g3"));
}

/// An account whose login and mail are different addresses.
fn john(login: &str, mail: &str) -> String {
    format!(
        r#"{{"id":"{login}","userName":"{login}","active":true,
        "emails":[{{"value":"second@example.com"}},{{"value":"{mail}","primary":true}}]}}"#
    )
}

#[test]
fn an_account_is_found_by_each_address_and_by_its_login() {
    let record = john("jdoe@contoso.example", "john@example.com");
    let other = person("u2", "grace@example.com");
    let all_users = [other, record.clone()];
    for (name, is_login) in
        [("john@example.com", false), ("Second@example.com", false), ("JDoe@contoso.example", true)]
    {
        // The filter finds logins. Whether the address is another user's mail, the listing says.
        let hit = if is_login { hits(core::slice::from_ref(&record)) } else { hits(&[]) };
        let (found, lines) = find(name, [hit, hits(&all_users)]);
        let found = found.unwrap();
        assert_eq!(emails(&found), ["john@example.com"], "{name}");
        assert_eq!(found[0].login(), Some("jdoe@contoso.example"));
        assert_eq!(lines.len(), 2, "{name}");
    }
    // Two accounts that one address means are both found.
    let all_users = [record.clone(), john("john@example.com", "other@example.com")];
    let (found, _) = find("john@example.com", [hits(&all_users[1..]), hits(&all_users)]);
    assert_eq!(found.unwrap().len(), 2);
}

#[test]
fn a_login_is_found_with_one_request_and_an_address_is_no_login() {
    let login = |text: &str| crate::domain::UserRef::Login(Email::new(text));
    let record = r#"{"id":"svc","userName":"svc-deploy","active":true}"#.to_string();
    let fake = FakePlatform::replying([hits(core::slice::from_ref(&record))]);
    let found = fake.run(scim(&fake).find_users(&login("SVC-Deploy"))).unwrap();
    assert_eq!((found.len(), found[0].email.is_address()), (1, false));
    let record = john("jdoe@contoso.example", "john@example.com");
    let fake = FakePlatform::replying([hits(&[]), hits(&[record])]);
    assert_eq!(fake.run(scim(&fake).find_users(&login("john@example.com"))).unwrap().len(), 0);
}
