//! Runs the embedded component in its sandbox against mocks.

use std::path::Path;
use std::time::Duration;

use host_test::requests::{self, by_email};
use host_test::retool::directory::PageRequest;
use host_test::retool::synchronization::{
    MembershipPolicy, Plan, RosterEntry, StepOutcome, SyncPolicy,
};
use host_test::retool::types::{
    Connection, Dialect, Error, ErrorDetail, ErrorKind, GroupRef, UserType,
};
use host_test::{
    CancellationToken, Event, Host, HostError, Limits, Tenant, TenantOptions, error_case, json,
};
use mock_retool::{Fault, FaultKind, Hook, Mock, Options};

async fn mock() -> Mock {
    Mock::start(Options::default()).await.expect("a mock")
}

fn options(mock: &Mock) -> TenantOptions {
    TenantOptions::new(mock.base_url()).env("RETOOL_API_TOKEN", mock.token())
}

fn tenant(options: TenantOptions) -> Tenant {
    // SAFETY: the build folder is trusted as the build is.
    let host = unsafe { Host::shared_in(Path::new(env!("CARGO_TARGET_TMPDIR"))) };
    host.expect("a host").tenant(options)
}

/// Returns the address of an existing user.
fn first_email(mock: &Mock) -> String {
    mock.state().users[0].email.clone()
}

#[tokio::test]
async fn a_call_reaches_the_server_and_returns_its_answer() {
    let mock = mock().await;
    let email = first_email(&mock);
    let user = tenant(options(&mock))
        .find_user(&by_email(&email))
        .await
        .expect("the host")
        .expect("the component");
    assert_eq!(user.expect("a user").email, Some(email));
    assert!(!mock.requests().is_empty());
}

#[tokio::test]
async fn another_origin_is_refused_before_anything_is_sent() {
    let (own, other) = (mock().await, mock().await);
    let tenant = tenant(options(&own));
    let elsewhere = tenant
        .with_connection(Connection { base_url: other.base_url(), ..tenant.connection().clone() });
    let error = elsewhere.find_user(&by_email("ada@example.com")).await.expect_err("a refusal");
    assert_eq!(
        error,
        HostError::Egress {
            function: "find-user",
            attempted: other.base_url(),
            allowed: Some(own.base_url()),
        }
    );
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn an_invalid_base_url_is_refused_by_the_component() {
    let tenant = tenant(TenantOptions::new("nonsense").env("RETOOL_API_TOKEN", "t"));
    let error = tenant
        .find_user(&by_email("ada@example.com"))
        .await
        .expect("the host")
        .expect_err("a refusal");
    let Error::Permanent(detail) = &error else { panic!("{error:?}") };
    assert_eq!(detail.kind, ErrorKind::Denied, "{error:?}");
}

#[tokio::test]
async fn the_component_sees_only_the_given_environment() {
    let mock = mock().await;
    let without = tenant(TenantOptions::new(mock.base_url()));
    let error = without
        .find_user(&by_email("ada@example.com"))
        .await
        .expect("the host")
        .expect_err("a refusal");
    let (case, detail) = error_case(&error);
    let detail = detail.expect("detail");
    assert_eq!((case, detail.kind), ("permanent", ErrorKind::Denied));
    assert!(detail.message.contains("RETOOL_API_TOKEN"), "{error:?}");
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn waiting_ends_at_the_wall_clock_limit() {
    let mock = Mock::start(Options { latency: Duration::from_secs(600), ..Options::default() })
        .await
        .expect("a mock");
    let limit = Duration::from_millis(100);
    let tenant = tenant(options(&mock).limits(Limits { wall_clock: limit, ..Limits::default() }));
    let error = tenant.find_user(&by_email("ada@example.com")).await.expect_err("the limit");
    assert_eq!(error, HostError::WallClock { function: "find-user", limit });
}

#[tokio::test]
async fn waiting_is_not_counted_as_computing() {
    let mock = Mock::start(Options { latency: Duration::from_millis(400), ..Options::default() })
        .await
        .expect("a mock");
    let tenant = tenant(
        options(&mock).limits(Limits { compute: Duration::from_millis(300), ..Limits::default() }),
    );
    let found = tenant.find_user(&by_email("ada@example.com")).await;
    assert!(found.is_ok(), "{found:?}");
}

#[tokio::test]
async fn memory_beyond_the_limit_is_refused() {
    let mock = mock().await;
    let limit = 64 << 10;
    let tenant = tenant(options(&mock).limits(Limits { memory: limit, ..Limits::default() }));
    let error = tenant.find_user(&by_email("ada@example.com")).await.expect_err("the limit");
    assert_eq!(error, HostError::Memory { function: "find-user", limit });
}

#[tokio::test]
async fn the_components_log_is_kept_and_passed_to_the_sink() {
    use std::sync::{Arc, Mutex};

    let mock = mock().await;
    mock.inject(Fault {
        times: Some(1),
        ..Fault::new(FaultKind::Status { code: 503, retry_after: None, body: None })
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let tenant = tenant(options(&mock).on_log(move |line| {
        sink.lock().expect("lines").push(line.to_owned());
    }));
    let found = tenant.find_user(&by_email(first_email(&mock))).await.expect("the host");
    assert!(found.is_ok(), "{found:?}");

    let log = tenant.log();
    assert!(log.iter().any(|line| line.contains("503")), "a retry is logged: {log:?}");
    assert!(!log.concat().contains(mock.token()), "{log:?}");
    assert_eq!(*seen.lock().expect("lines"), log);

    tenant.clear_log();
    assert!(tenant.log().is_empty());
}

#[tokio::test]
async fn events_are_passed_on_with_their_values_and_logged_in_words() {
    use std::sync::{Arc, Mutex};

    let mock = Mock::start(Options { users: 120, ..Options::default() }).await.expect("a mock");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let options = options(&mock)
        .dialect(Dialect::V1)
        .env("RETOOL_PAGE_SIZE", "5")
        .env("RETOOL_PROFILE", "1")
        .on_event(move |event| sink.lock().expect("events").push(event.clone()));
    let tenant = tenant(options);
    let listed = tenant.changes_since(None).await.expect("the host");
    assert!(listed.is_ok(), "{listed:?}");

    let events = std::mem::take(&mut *seen.lock().expect("events"));
    let (Some(Event::Profile(profile)), progress) = (events.last(), &events[..events.len() - 1])
    else {
        panic!("the last event is not the profile: {events:?}");
    };
    assert_eq!(tenant.timing().profile, *profile);
    assert!(!profile.decoding.is_zero(), "{profile:?}");
    let done = progress.iter().map(|event| match event {
        Event::Progress(progress) => {
            assert_eq!(progress.task, "listing");
            assert_eq!(progress.what.as_deref(), Some("users"));
            assert_eq!((progress.total, progress.unit.as_deref()), (Some(24), Some("pages")));
            progress.done
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(done.collect::<Vec<_>>(), [3, 6, 9, 12, 15, 18, 21]);

    let log = tenant.log();
    for event in &events {
        assert!(log.contains(&event.to_string()), "{event} is not in {log:?}");
    }
    assert!(!log.iter().any(|line| line.starts_with("event/")), "{log:?}");
}

#[tokio::test]
async fn why_a_request_failed_is_an_event_of_the_host() {
    use std::sync::{Arc, Mutex};

    let mock = mock().await;
    // The mock serves plain HTTP only.
    let base_url = mock.base_url().replace("http://", "https://");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let options = TenantOptions::new(&base_url)
        .env("RETOOL_API_TOKEN", mock.token())
        .on_event(move |event| sink.lock().expect("events").push(event.clone()));
    let tenant = tenant(options);
    assert!(!tenant.check_connection().await.expect("the host").expect("a report").healthy);
    let events = seen.lock().expect("events");
    assert!(!events.is_empty());
    for event in &*events {
        let Event::RequestFailed(failure) = event else { panic!("{event:?}") };
        assert_eq!(failure.origin, base_url);
        assert!(failure.reason.to_string().starts_with("TLS failed"), "{failure:?}");
        assert!(tenant.log().contains(&event.to_string()), "{:?}", tenant.log());
    }
}

#[tokio::test]
async fn a_plan_stored_as_json_can_be_applied() {
    let mock = mock().await;
    let tenant = tenant(options(&mock));
    let mary = RosterEntry {
        first_name: Some("Mary".to_owned()),
        last_name: Some("Shelley".to_owned()),
        user_type: Some(UserType::Default),
        groups: vec![requests::membership(GroupRef::Name("Engineering".to_owned()))],
        ..requests::roster_entry("mary@example.com")
    };
    let policy = SyncPolicy {
        create_missing: true,
        memberships: MembershipPolicy::Add,
        ..requests::sync_policy()
    };
    let request = requests::sync(vec![mary], policy);
    let plan = tenant.plan_sync(&request).await.expect("the host").expect("a plan");
    let kept = json::value(&plan).expect("JSON").to_string();
    let read: Plan = json::from_value(serde_json::from_str(&kept).expect("JSON")).expect("a plan");
    assert_eq!(read, plan);
    assert_eq!(read.steps.len(), 2);
    for step in &read.steps {
        let applied = tenant.apply_step(step).await.expect("the host").expect("a result");
        assert_eq!(applied.outcome, StepOutcome::Applied);
    }
    assert!(mock.state().user_by_email("mary@example.com").is_some());
}

#[tokio::test]
async fn calls_beyond_the_concurrency_limit_wait() {
    let mock = mock().await;
    let host = Host::with_concurrency(Host::embedded_component(), 1).expect("a host");
    let tenant = host.tenant(options(&mock));
    let user = by_email(first_email(&mock));
    let (first, second) = tokio::join!(tenant.find_user(&user), tenant.find_user(&user));
    assert!(first.expect("the host").is_ok() && second.expect("the host").is_ok());
}

#[tokio::test]
async fn calls_of_several_tenants_run_concurrently() {
    let mocks = [mock().await, mock().await];
    let page = PageRequest {
        cursor: None,
        page_size: Some(3),
        with_members: false,
        with_other_ids: false,
    };
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let mock = &mocks[number % 2];
            let tenant = tenant(options(mock));
            let page = page.clone();
            let first = first_email(mock);
            tokio::spawn(async move {
                let page = tenant.page_users(&page).await;
                let page = page.expect("the host").expect("the component");
                assert_eq!(page.users.len(), 3);
                assert_eq!(page.users[0].email.as_ref(), Some(&first));
            })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic");
    }
}

#[tokio::test]
async fn a_dropped_call_ends_and_releases_its_permit() {
    let mock = Mock::start(Options { latency: Duration::from_secs(600), ..Options::default() })
        .await
        .expect("a mock");
    let tenant = tenant(options(&mock));
    let ada = by_email("ada@example.com");
    for _ in 0..100 {
        let call = tenant.find_user(&ada);
        let dropped = tokio::time::timeout(Duration::from_millis(2), call).await;
        assert!(dropped.is_err(), "it was answered: {dropped:?}");
    }
    drop(mock);
    let other = self::mock().await;
    let found = self::tenant(options(&other)).find_user(&by_email(first_email(&other))).await;
    assert!(found.is_ok_and(|found| found.is_ok()));
}

#[test]
fn the_shared_host_is_created_once() {
    let component = Host::embedded_component();
    assert_eq!(&component[..4], b"\0asm");
    let started = std::time::Instant::now();
    Host::shared().expect("a host");
    let first = started.elapsed();
    let started = std::time::Instant::now();
    for _ in 0..1000 {
        Host::shared().expect("a host");
    }
    assert!(started.elapsed() < first.max(Duration::from_millis(50)));
}

/// Returns a roster with this many new people.
fn new_people(count: usize) -> Vec<RosterEntry> {
    let person = |number| RosterEntry {
        user_type: Some(UserType::Default),
        ..requests::roster_entry(format!("new-{number}@example.com"))
    };
    (0..count).map(person).collect()
}

/// Returns the error of a call that was stopped.
fn stopped<T: std::fmt::Debug>(answer: Result<Result<T, Error>, HostError>) -> ErrorDetail {
    match answer.expect("the host") {
        Err(Error::Transient(detail)) if detail.code == "call-stopped" => detail,
        other => panic!("{other:?}"),
    }
}

/// Calls until the component answers: while other tests have every place of the host, the host
/// itself ends a stopped call.
async fn begun<T>(
    call: impl AsyncFn() -> Result<Result<T, Error>, HostError>,
) -> Result<Result<T, Error>, HostError> {
    loop {
        match call().await {
            Err(HostError::Stopped { .. }) => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

#[tokio::test]
async fn a_stopped_call_returns_its_writes_and_another_tenants_call_goes_on() {
    let (mock, other) = (mock().await, self::mock().await);
    let stop = CancellationToken::new();
    let (at_second, posts) = (stop.clone(), std::sync::atomic::AtomicUsize::new(0));
    mock.on_request(move |_, request| {
        let post = request.method == "POST";
        if post && posts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            at_second.cancel();
        }
        Hook::Serve
    });
    let policy = SyncPolicy { create_missing: true, ..requests::sync_policy() };
    let request = requests::sync(new_people(4), policy);
    // With a wider window it is open how many creations are on their way.
    let acme = tenant(options(&mock).dialect(Dialect::V1).env("RETOOL_WINDOW", "1"));
    let to_stop = acme.with_stop(stop.clone());
    let neighbour = tenant(options(&other).dialect(Dialect::V1));
    let (ended, neighbours) = tokio::join!(to_stop.sync(&request), neighbour.sync(&request));
    assert_eq!(stopped(ended).writes.len(), 2);
    assert!(neighbours.expect("the host").expect("the component").complete);

    // A call that begins later is stopped before it sends anything.
    mock.clear_requests();
    stopped(begun(async || to_stop.sync(&request).await).await);
    assert!(mock.requests().is_empty());
    // The same tenant without the token does what is left.
    let report = acme.sync(&request).await.expect("the host").expect("the component");
    assert_eq!((report.complete, report.writes.len()), (true, 2));
}

#[tokio::test]
async fn one_token_stops_the_calls_of_several_tenants() {
    let (one, other) = (mock().await, mock().await);
    let stop = CancellationToken::new();
    stop.cancel();
    for mock in [one, other] {
        let tenant = tenant(options(&mock).stop_on(stop.clone()));
        stopped(begun(async || tenant.find_user(&by_email("ada@example.com")).await).await);
        assert!(mock.requests().is_empty());
    }
}
