//! Provisions of single people: invitations with groups, and the order of requests.

use alloc::format;
use alloc::string::{String, ToString};

use super::*;
use crate::config::Settings;
use crate::domain::{GroupId, GroupIdKind, UserPatch};
use crate::http::{BaseUrl, Client, Method, Secret};
use crate::lifecycle::testing::{FakeV1, State};
use crate::retool::v2::V2;
use crate::testing::platform::{FakePlatform, Reply};

const ADDRESS: &str = "ada@example.com";

/// A server with one group, one account of somebody else, and these invitations.
fn server(invitations: &'static str) -> FakePlatform {
    FakePlatform::new(move |request| {
        let list =
            |records: &str| Reply::json(200, format!(r#"{{"success":true,"data":[{records}]}}"#));
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        match (request.method, path) {
            (Method::Get, "/api/v2/user_invites") => list(invitations),
            (Method::Get, "/api/v2/groups") => {
                list(r#"{"id":4,"name":"Support","members":[],"user_invites":[]}"#)
            }
            (Method::Get, "/api/v2/users") => {
                list(r#"{"id":"user_1","email":"bob@example.com","active":true}"#)
            }
            (method, path) => panic!("{method:?} {path}"),
        }
    })
}

fn arrival(group_admin: bool, skip_lookup: bool) -> Arrival {
    let id = |value: &str| GroupRef::Id(GroupId { kind: GroupIdKind::Rest, value: value.into() });
    Arrival {
        email: Email::new(ADDRESS),
        id: None,
        login: None,
        former_emails: Vec::new(),
        fields: UserPatch::default(),
        attributes: Changes::default(),
        groups: Vec::from([id("5"), id("4")]),
        group_admins: BTreeMap::from([(id("5"), false), (id("4"), group_admin)]),
        create_missing_groups: false,
        create_missing: true,
        update_existing: true,
        re_enable_disabled: false,
        skip_closed_groups: false,
        way_in: Some(WayIn::Invitation),
        skip_fields_of_invitation: false,
        skip_lookup,
        keep_accounts: false,
    }
}

#[test]
fn an_invitation_is_not_sent_if_the_person_should_administer_a_group() {
    let invited = r#"{"id":7,"invited_email":"ada@example.com","groups":[]}"#;
    for (invitations, skip_lookup) in [("", false), ("", true), (invited, false)] {
        let fake = server(invitations);
        let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
        let secret = Secret::new("t0ken".to_string());
        let directory = V2::new(Client::new(fake.platform(), base, secret, Settings::default()));
        let refused = fake.run(provision(&directory, &arrival(true, skip_lookup)));
        let error = refused.expect_err("a refusal");
        assert_eq!(error.code, Code::OperationUnsupported, "{}", error.message);
        assert_eq!(error.field.as_deref(), Some("request.groups[1].group-admin"));
        assert_eq!(error.subject.as_deref(), Some(ADDRESS));
        let lines: Vec<String> = fake.lines();
        assert!(lines.iter().all(|line| line.starts_with("GET ")), "{lines:?}");
    }
}

/// A PUT of an older record would undo what another administrator changed during a slow look-up.
#[test]
fn the_record_that_a_renaming_sends_is_read_after_all_look_ups() {
    let server = FakeV1::new(State::default());
    let arrival = Arrival {
        email: Email::new("ada.king@example.com"),
        former_emails: Vec::from([Email::new("ada@example.com")]),
        groups: Vec::new(),
        group_admins: BTreeMap::new(),
        way_in: None,
        ..arrival(false, false)
    };
    let done = server.fake.run(provision(&server.directory(), &arrival)).expect("a new address");
    assert_eq!(done.outcome, ProvisionOutcome::Renamed);
    assert_eq!(server.state.borrow().email, "ada.king@example.com");
    let lines = server.lines();
    let written = lines.iter().position(|line| line.starts_with("PUT ")).expect("a PUT");
    assert_eq!(lines[written - 1], "GET /users/u-ada");
    assert!(lines[..written].iter().any(|line| line.contains("ada.king%40example.com")));
    // One for all addresses, and one right before the write.
    let is_listing = |line: &&String| line.starts_with("GET /users?page");
    assert_eq!(lines.iter().filter(is_listing).count(), 2, "{lines:?}");
}
