//! What the server can't do, and how it fails.

use super::*;

pub(super) async fn unsupported(table: &mut Table) {
    let world = World::acme().await;
    let mock = &world.mock;
    let unsupported = Expected { case: "permanent unsupported", ..Expected::default() };
    let expected = Expected { code: "operation-unsupported", ..unsupported };
    let user_type = Expected { field: Some("request.user-type"), subject: Some(NEW), ..expected };
    let mut end_user = new_user(NEW);
    end_user.user_type = Some(UserType::EndUser);
    let expected = Expected { says: &["end-user"], ..user_type };
    table.expect("end user", failed(world.tenant.provision(&end_user).await), expected);
    let mut mobile = new_user(NEW);
    mobile.user_type = Some(UserType::Mobile);
    let expected = Expected { says: &["mobile"], ..user_type };
    table.expect("mobile", failed(world.over(Dialect::V1).provision(&mobile).await), expected);
    assert_eq!(world.requests(), [""; 0]);

    // /api/v2 can't make a user an administrator.
    let mut admin = arrival(JOAN);
    admin.admin = Some(true);
    let expected = Expected {
        field: Some("request.admin"),
        subject: Some(JOAN),
        says: &["admin"],
        ..expected
    };
    table.expect("admin", failed(world.tenant.provision(&admin).await), expected);
    let mut nameless = new_user(NEW);
    nameless.last_name = None;
    let expected = Expected {
        case: "permanent invalid-input",
        code: "name-required",
        field: Some("request.last-name"),
        subject: Some(NEW),
        ..Expected::default()
    };
    table.expect("nameless", failed(world.tenant.provision(&nameless).await), expected);

    // The server has no SCIM.
    let bare = World::acme_with(Options { scim_not_configured: true, ..Options::default() }).await;
    let scim = tenant(&bare.mock, &[("RETOOL_SCIM_TOKEN", bare.mock.scim_token())], |connection| {
        connection.dialect = Dialect::Scim;
    });
    let expected = Expected {
        code: "scim-unavailable",
        request: Some("GET /api/scim/v2/Users"),
        status: Some(404),
        attempts: 1,
        subject: Some(JOAN),
        says: &["2.32.1", "SSO"],
        ..unsupported
    };
    table.expect("scim", failed(scim.find_user(&by_email(JOAN)).await), expected);
    assert!(world.writes().is_empty());
    world.requests();

    // `auto` fails closed: it asks the server, and does not guess.
    let misdirected = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.base_url += "/wrong";
        connection.dialect = Dialect::Auto;
    });
    let base_url = format!("{}/wrong", mock.base_url());
    let expected = Expected {
        code: "dialect-unsupported",
        request: Some("GET /api/v1/users"),
        status: Some(404),
        attempts: 1,
        subject: Some(&base_url),
        says: &["/api/v1", "base URL"],
        ..unsupported
    };
    table.expect("auto", failed(misdirected.provision(&new_user(NEW)).await), expected);
    assert_eq!(world.requests(), ["GET /wrong/api/v2/users", "GET /wrong/api/v1/users"]);
}

pub(super) async fn failures(table: &mut Table) {
    let world = World::acme().await;
    world.mock.inject(Fault { method: Some("POST".into()), ..Fault::new(FaultKind::LoseReply) });
    let mut request = arrival(NEW);
    request.create_missing = true;
    (request.first_name, request.last_name, request.user_type) = (None, None, None);
    request.way_in = Some(WayIn::Invitation);
    request.skip_lookup = Some(true);
    let expected = Expected {
        case: "permanent conflict",
        code: "outcome-unknown",
        request: Some("POST /api/v2/user_invites"),
        attempts: 1,
        subject: Some(NEW),
        says: &["twice"],
        ..Expected::default()
    };
    table.expect("unseen", failed(world.tenant.provision(&request).await), expected);

    let at_users = Expected {
        case: "transient unavailable",
        request: Some(LIST_USERS),
        subject: Some(JOAN),
        ..Expected::default()
    };
    let cases = [
        (
            status(500),
            Expected { code: "server-error", status: Some(500), attempts: 3, ..at_users },
        ),
        (FaultKind::Reset, Expected { code: "connection-failed", attempts: 3, ..at_users }),
        (
            FaultKind::Html200,
            Expected {
                case: "permanent unsupported",
                code: "html-page",
                status: Some(200),
                attempts: 1,
                says: &["plan", "proxy", "base URL"],
                ..at_users
            },
        ),
        (
            FaultKind::InvalidJson,
            Expected { code: "answer-unusable", status: Some(200), attempts: 1, ..at_users },
        ),
        // The filter may have been ignored, so the list of all users is requested next, by page.
        // That request is not about one user.
        (
            FaultKind::HugeBody(9 << 20),
            Expected { code: "body-too-large", attempts: 1, subject: None, ..at_users },
        ),
        (
            FaultKind::Drip { bytes_per_tick: 1, tick: Duration::from_millis(50) },
            Expected { code: "deadline-exceeded", attempts: 1, ..at_users },
        ),
        (
            status_after(429, "3600"),
            Expected {
                case: "transient rate-limited",
                code: "rate-limited",
                status: Some(429),
                attempts: 1,
                ..at_users
            },
        ),
    ];
    for (kind, expected) in cases {
        let world = World::acme().await;
        let hurried = [("RETOOL_DEADLINE_MS", "900")];
        let late = expected.code == "deadline-exceeded";
        let tenant = world.tenant_with(if late { &hurried } else { &[] });
        world.mock.inject(Fault::new(kind.clone()));
        table.expect(
            &format!("{kind:?}"),
            failed(tenant.find_user(&by_email(JOAN)).await),
            expected,
        );
    }
    let world = World::acme().await;
    let stop = CancellationToken::new();
    stop.cancel();
    let tenant = world.tenant.with_stop(stop);
    let expected = Expected { code: "call-stopped", attempts: 0, ..at_users };
    // While other tests have every place of the host, the host itself ends the call.
    let answer = loop {
        match tenant.find_user(&by_email(JOAN)).await {
            Err(HostError::Stopped { .. }) => tokio::task::yield_now().await,
            answer => break answer,
        }
    };
    table.expect("stopped", failed(answer), expected);
    assert!(world.mock.requests().is_empty());

    let world = World::acme_over(Dialect::V1).await;
    world.mock.inject(Fault::new(FaultKind::HugeBody(9 << 20)));
    let expected = Expected {
        code: "body-too-large",
        attempts: 1,
        request: Some("GET /api/v1/users"),
        ..at_users
    };
    table.expect("v1 body", failed(world.tenant.find_user(&by_email(JOAN)).await), expected);

    let world = World::with(Options { users: 60, ..Options::default() }).await;
    // So low a limit that the users are read by page.
    let env = [("RETOOL_PAGE_SIZE", "10"), ("RETOOL_MAX_BODY_BYTES", "20000")];
    let tenant = world.tenant_with(&env);
    world.mock.inject(Fault::new(FaultKind::RepeatPage));
    let expected = Expected {
        case: "transient unavailable",
        code: "listing-incomplete",
        subject: Some("users"),
        ..Expected::default()
    };
    table.expect("pages", failed(tenant.plan_sync(&current_roster(&world)).await), expected);
}
