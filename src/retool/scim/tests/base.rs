//! Finding the path of SCIM, and what other responses mean.

use super::*;
use crate::error::Code;
use crate::retool::{ReadDirectory, WriteDirectory};

const NO_USERS: &str = r#"{"totalResults":0}"#;

#[test]
fn the_first_request_finds_the_path_and_later_requests_use_it() {
    let fake = FakePlatform::replying([reply(200, NO_USERS), reply(200, NO_USERS)]);
    let scim = undiscovered(&fake);
    fake.run(scim.list_users()).unwrap();
    fake.run(scim.list_groups()).unwrap();
    let paging = "startIndex=1&count=500";
    assert_eq!(
        fake.lines(),
        [format!("GET /scim/v2/Users?{paging}"), format!("GET /scim/v2/Groups?{paging}")]
    );
    assert_eq!(scim.base(), Some(Base::Scim));
}

#[test]
fn retools_own_path_is_found_after_a_404_a_page_or_a_redirect() {
    let elsewhere: [fn() -> Reply; 6] = [
        || refusal(404),
        || page(404),
        || page(200),
        || page(302),
        || reply(200, "{}"),
        || reply(404, ""),
    ];
    for first in elsewhere {
        let fake = FakePlatform::replying([first(), reply(200, NO_USERS), refusal(404)]);
        let scim = undiscovered(&fake);
        assert_eq!(fake.run(scim.list_users()).unwrap(), []);
        assert_eq!(fake.run(scim.read_user(&user_id("u1"))).unwrap(), None);
        assert_eq!(
            fake.lines()[1..],
            ["GET /api/scim/v2/Users?startIndex=1&count=500", "GET /api/scim/v2/Users/u1"]
        );
    }
}

#[test]
fn a_base_url_that_ends_in_the_path_is_used_as_it_is() {
    for (url, base) in [
        ("https://acme.retool.com/scim/v2/", Some(Base::Given)),
        ("https://acme.retool.com/pre/API/SCIM/v2", Some(Base::Given)),
        ("https://acme.retool.com", None),
        ("https://acme.retool.com/scim", None),
        ("https://acme.retool.com/scim/v20", None),
    ] {
        assert_eq!(Base::of(&BaseUrl::parse(url).unwrap()), base, "{url}");
    }
    let fake = FakePlatform::replying([refusal(404)]);
    let url = BaseUrl::parse("https://acme.retool.com/pre/scim/v2").unwrap();
    let base = Base::of(&url);
    let client =
        Client::new(fake.platform(), url, Secret::new("t".to_string()), Settings::default());
    let error = fake.run(Scim::new(client, base).list_users()).unwrap_err();
    assert_eq!(error.code, Code::ScimUnavailable);
    assert_eq!(fake.lines(), ["GET /pre/scim/v2/Users?startIndex=1&count=500"]);
}

#[test]
fn a_bare_404_everywhere_is_explained_once() {
    for (first, second) in [(404, 404), (200, 404), (404, 200), (302, 404)] {
        let answer = |status| if status == 404 { reply(404, "") } else { page(status) };
        let fake = FakePlatform::replying([answer(first), answer(second)]);
        let error = fake.run(undiscovered(&fake).list_users()).unwrap_err();
        assert_eq!((error.code, error.http_status), (Code::ScimUnavailable, Some(404)));
        for cause in ["2.32.1", "SSO", "base URL"] {
            assert!(error.message.contains(cause), "{}", error.message);
        }
        assert!(error.request.as_ref().is_some_and(|request| request.ends_with("scim/v2/Users")));
    }
}

#[test]
fn without_a_404_the_error_is_that_of_the_page() {
    let fake = FakePlatform::replying([page(302), page(302)]);
    assert_eq!(fake.run(undiscovered(&fake).list_users()).unwrap_err().code, Code::Redirected);
    let fake = FakePlatform::replying([page(200), reply(200, r#"{"success":false}"#)]);
    assert_eq!(fake.run(undiscovered(&fake).list_users()).unwrap_err().code, Code::HtmlPage);
}

#[test]
fn a_rejected_token_fails_at_once_and_the_error_explains_scims_own_token() {
    for (status, code) in [(401, Code::TokenRejected), (403, Code::Forbidden)] {
        let body = r#"{"message":"no SCIM for you"}"#;
        let fake = FakePlatform::replying([reply(status, body)]);
        let error = fake.run(undiscovered(&fake).list_users()).unwrap_err();
        assert_eq!((error.code, error.http_status), (code, Some(status)));
        assert!(error.message.contains("token of its own"), "{}", error.message);
        assert!(error.message.contains("REST API does not work"), "{}", error.message);
        assert!(error.message.contains("no SCIM for you"), "{}", error.message);
        assert!(!error.message.contains("scope"), "{}", error.message);
    }
}

#[test]
fn after_a_server_error_no_other_path_is_tried() {
    let fake = FakePlatform::replying([refusal(501)]);
    let error = fake.run(undiscovered(&fake).list_users()).unwrap_err();
    assert_eq!((error.code, error.http_status), (Code::OperationUnsupported, Some(501)));
}

#[test]
fn a_record_that_is_found_proves_the_path() {
    let fake = FakePlatform::replying([reply(200, person("u1", "ada@example.com"))]);
    let scim = undiscovered(&fake);
    assert!(fake.run(scim.read_user(&user_id("u1"))).unwrap().is_some());
    assert_eq!(scim.base(), Some(Base::Scim));
    assert_eq!(fake.lines(), ["GET /scim/v2/Users/u1"]);
}

#[test]
fn a_record_that_is_not_found_may_be_under_the_other_path() {
    let fake = FakePlatform::replying([
        refusal(404),
        refusal(404),
        reply(200, NO_USERS),
        reply(200, person("u1", "ada@example.com")),
    ]);
    assert!(fake.run(undiscovered(&fake).read_user(&user_id("u1"))).unwrap().is_some());
    assert_eq!(fake.lines()[3], "GET /api/scim/v2/Users/u1");

    // The record does not exist if a listing proves that the path is right.
    let fake = FakePlatform::replying([refusal(404), reply(200, NO_USERS)]);
    assert_eq!(fake.run(undiscovered(&fake).read_user(&user_id("u1"))).unwrap(), None);
    assert_eq!(fake.lines()[1], "GET /scim/v2/Users?startIndex=1&count=1");
}

#[test]
fn no_write_is_sent_before_the_path_is_known() {
    let fake = FakePlatform::replying([reply(404, ""), reply(404, "")]);
    let error = fake.run(undiscovered(&fake).delete_user(&user_id("u1"))).unwrap_err();
    assert_eq!(error.code, Code::ScimUnavailable);
    assert!(!error.maybe_applied);
    assert!(fake.lines().iter().all(|line| line.starts_with("GET ")));
}

#[test]
fn ids_stay_one_segment_of_the_path() {
    for (id, path) in [
        ("../Groups/1", "/scim/v2/Users/..%2FGroups%2F1"),
        ("a b", "/scim/v2/Users/a%20b"),
        ("%2e%2e", "/scim/v2/Users/%252e%252e"),
    ] {
        let fake = FakePlatform::replying([refusal(404)]);
        assert_eq!(fake.run(scim(&fake).read_user(&user_id(id))).unwrap(), None);
        assert_eq!(fake.lines(), [format!("GET {path}")]);
    }
    for id in ["", ".", ".."] {
        let fake = FakePlatform::replying([]);
        let error = fake.run(scim(&fake).read_user(&user_id(id))).unwrap_err();
        assert_eq!(error.code, Code::InvalidValue);
    }
}

#[test]
fn scims_media_type_is_sent_and_requested() {
    let fake = FakePlatform::replying([reply(200, NO_USERS)]);
    fake.run(undiscovered(&fake).list_users()).unwrap();
    assert_eq!(fake.sent()[0].request.media_type, "application/scim+json");
}
