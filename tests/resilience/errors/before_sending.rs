//! Errors of the settings and of the request, which are found before anything is sent.

use super::*;

pub(super) async fn environment(table: &mut Table) {
    let mock = Mock::start(Options::default()).await.expect("a mock");
    let token = [("RETOOL_API_TOKEN", mock.token())];
    let denied = Expected { case: "permanent denied", ..Expected::default() };

    let missing = Expected { code: "token-missing", ..denied };
    let unset = tenant(&mock, &[], |_| {});
    let says = &["RETOOL_API_TOKEN"][..];
    table.expect(
        "unset",
        failed(unset.find_user(&by_email(JOAN)).await),
        Expected { says, ..missing },
    );
    let empty = tenant(&mock, &[("RETOOL_API_TOKEN", "")], |_| {});
    table.expect(
        "empty",
        failed(empty.find_user(&by_email(JOAN)).await),
        Expected { says, ..missing },
    );
    let other = tenant(&mock, &token, |connection| {
        connection.api_token_variable = Some("RETOOL_ACME".into());
    });
    let says = &["RETOOL_ACME"][..];
    table.expect(
        "another",
        failed(other.find_user(&by_email(JOAN)).await),
        Expected { says, ..missing },
    );

    let refused = Expected { code: "variable-refused", says: &["RETOOL_"], ..denied };
    for name in ["AWS_SECRET_ACCESS_KEY", "PATH", "RETOOL_", "retool_api_token", ""] {
        let env = [("AWS_SECRET_ACCESS_KEY", "s3cret"), ("PATH", "s3cret"), ("", "s3cret")];
        let other = tenant(&mock, &env, |connection| {
            connection.api_token_variable = Some(name.into());
        });
        table.expect(name, failed(other.find_user(&by_email(JOAN)).await), refused);
    }

    let invalid = Expected { code: "token-invalid", says: &["RETOOL_API_TOKEN"], ..denied };
    for token in ["mock-token\n", " mock-token", "mock\ttoken", "möck-token", "a\r\nHost: evil"] {
        let bad = tenant(&mock, &[("RETOOL_API_TOKEN", token)], |_| {});
        table.expect(token, failed(bad.find_user(&by_email(JOAN)).await), invalid);
    }

    let settings = [
        ("RETOOL_DEADLINE_MS", "0"),
        ("RETOOL_DEADLINE_MS", "3600001"),
        ("RETOOL_WINDOW", "65"),
        ("RETOOL_PAGE_SIZE", "1001"),
        ("RETOOL_MAX_BODY_BYTES", "1"),
        ("RETOOL_MAX_ATTEMPTS", "0"),
        ("RETOOL_MAX_ATTEMPTS", "many"),
        ("RETOOL_WINDOW", ""),
        ("RETOOL_WINDOW", "-1"),
    ];
    for (name, value) in settings {
        let bad = tenant(&mock, &[token[0], (name, value)], |_| {});
        let says = &[name, "default"][..];
        let expected = Expected { code: "setting-invalid", says, ..denied };
        table.expect(name, failed(bad.find_user(&by_email(JOAN)).await), expected);
    }
    assert_eq!(mock.requests(), []);
}

pub(super) async fn addresses(table: &mut Table) {
    let mock = Mock::start(Options::default()).await.expect("a mock");
    let host = mock.base_url();
    let host = host.strip_prefix("http://").expect("plain HTTP");
    let denied = Expected {
        case: "permanent denied",
        field: Some("connection.base-url"),
        ..Expected::default()
    };
    let at = |base_url: &str| {
        tenant(&mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
            connection.base_url = base_url.to_owned();
        })
    };
    let invalid = [
        String::new(),
        "acme.retool.com".into(),
        "ftp://acme.retool.com".into(),
        "https://".into(),
        "https://acme .retool.com".into(),
        format!("http://admin:hunter2@{host}"),
        format!("http://{host}/?token=hunter2"),
        format!("http://{host}#fragment"),
        format!("http://{host}/a/../b"),
        format!("http://{host}/api/v2"),
        format!("http://{host}/api/v1"),
        "https://acme.retool.com:99999".into(),
        "https://127.1".into(),
    ];
    for address in invalid {
        let error = failed(at(&address).find_user(&by_email(JOAN)).await);
        assert!(!error.1.message.contains("hunter2"), "{}", error.1.message);
        let expected = Expected { code: "base-url-invalid", says: &["https://"], ..denied };
        table.expect(&address, error, expected);
    }
    for address in
        ["http://acme.retool.com", "HTTP://10.0.0.7:3000", "http://127.0.0.1.evil.example"]
    {
        let expected = Expected { code: "https-required", says: &["https://"], ..denied };
        table.expect(address, failed(at(address).find_user(&by_email(JOAN)).await), expected);
        // A check of the connection sends nothing either.
        table.expect(address, failed(at(address).check_connection().await), expected);
    }
    assert_eq!(mock.requests(), []);
}

/// One case of each code. The module `input` has the others.
pub(super) async fn input(table: &mut Table) {
    let world = World::acme().await;
    let tenant = &world.tenant;
    let invalid = Expected { case: "permanent invalid-input", ..Expected::default() };
    let page = |cursor: Option<&str>, page_size| PageRequest {
        cursor: cursor.map(str::to_owned),
        page_size,
        ..first_page()
    };

    let expected = Expected { code: "invalid-email", field: Some("user.email"), ..invalid };
    table.expect("email", failed(tenant.find_user(&by_email("nobody")).await), expected);
    let mut request = new_user(NEW);
    request.first_name = Some("x".repeat(10_000));
    let expected = Expected { code: "invalid-text", field: Some("request.first-name"), ..invalid };
    table.expect("name", failed(tenant.provision(&request).await), expected);
    let days = departure(JOAN, DeprovisionMode::DeleteOnceDisabled(0));
    let expected = Expected { code: "invalid-value", field: Some("request.mode"), ..invalid };
    table.expect("days", failed(tenant.deprovision(&days).await), expected);
    let request = roster(vec![entry(JOAN), entry("Joan@Acme.Example")]);
    let expected = Expected {
        code: "duplicate-person",
        field: Some("request.roster[1].user.email"),
        subject: Some("Joan@Acme.Example"),
        says: &["request.roster[0]"],
        ..invalid
    };
    table.expect("twice", failed(tenant.sync(&request).await), expected);
    let mut request = new_user(NEW);
    request.groups = memberships([named("Support"), named(" Support ")]);
    let expected =
        Expected { code: "duplicate-group", field: Some("request.groups[1]"), ..invalid };
    table.expect("group twice", failed(tenant.provision(&request).await), expected);
    request.groups = memberships([named("Support"), numbered(5)]);
    let expected =
        Expected { code: "group-by-name-and-id", field: Some("request.groups[1]"), ..invalid };
    table.expect("both ways", failed(tenant.provision(&request).await), expected);
    let mut request = roster(vec![entry(JOAN)]);
    request.span = Some(host_test::retool::synchronization::EmailSpan {
        start: Some("k".into()),
        before: None,
    });
    let expected = Expected {
        code: "outside-span",
        field: Some("request.roster[0].user.email"),
        subject: Some(JOAN),
        ..invalid
    };
    table.expect("span", failed(tenant.plan_sync(&request).await), expected);
    let expected =
        Expected { code: "page-size-out-of-range", field: Some("page.page-size"), ..invalid };
    table.expect("page", failed(tenant.page_users(&page(None, Some(0))).await), expected);
    let expected = Expected { code: "cursor-invalid", field: Some("page.cursor"), ..invalid };
    table.expect("cursor", failed(tenant.page_users(&page(Some("?"), None)).await), expected);
    let expected = Expected { code: "step-invalid", field: Some("step.user"), ..invalid };
    let step = step(&world.mock, StepKind::UpdateUser, JOAN, None);
    table.expect("step", failed(tenant.apply_step(&step).await), expected);
    assert_eq!(world.requests(), [""; 0]);

    // This is the only one that depends on the existing users.
    let mut request = new_user(NEW);
    request.user_type = None;
    let expected = Expected {
        code: "user-type-required",
        field: Some("request.user-type"),
        subject: Some(NEW),
        ..invalid
    };
    table.expect("seat", failed(tenant.provision(&request).await), expected);
    assert_eq!(world.writes(), []);
}
