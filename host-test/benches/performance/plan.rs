//! Planning for an organisation without changes: the component, and the same logic compiled
//! natively.

use std::time::Duration;

use host_test::Host;
use host_test::retool::synchronization::SyncRequest;
use retool_lifecycle::domain::{Dialect, Email, GroupRef, SharedRefs, UserPatch, UserType};
use retool_lifecycle::session::{Connection, Session, Wanted};
use retool_lifecycle::sync::{DesiredUser, MembershipPolicy, Policy, Span, apply};
use serde::Serialize;

use crate::listing::in_turns;
use crate::measure::Median;
use crate::native::TOKEN;
use crate::server::{PAGE, Server};
use crate::{native, people, roster};

const WINDOW: usize = 8;

/// One size of organisation.
#[derive(Serialize)]
pub struct Row {
    users: usize,
    rounds: usize,
    guest: Median,
    native: Median,
    /// The largest linear memory of a call with everyone on one roster, in MiB.
    memory_mib: f64,
    /// The same for a roster of 1,000 people, with a span.
    memory_of_a_part_mib: f64,
}

/// Runs everything.
pub async fn measure() -> Vec<Row> {
    let host = Host::embedded().expect("a host");
    let mut rows = Vec::new();
    for (users, rounds) in [(1_000, 15), (10_000, 9), (100_000, 5)] {
        let server = Server::start(users, Duration::ZERO, false);
        let tenant = roster::tenant(&host, &server, WINDOW);
        let request = roster::converged(users, true);
        let desired = natively(users);
        let connections = native::connections(&server);
        let guest = async || {
            let plan = tenant.plan_sync(&request).await.expect("a call").expect("a plan");
            assert!(plan.steps.is_empty(), "{:?}", plan.steps.first());
        };
        let native = async || {
            let session = session(&server, &connections);
            let plan = apply::plan_sync(session.reader(), &desired, None, &session.occasion())
                .await
                .expect("a plan");
            assert!(plan.steps.is_empty());
        };
        let (guest, native) = in_turns(rounds, guest, native).await;
        let memory_mib = tenant.peak_memory() as f64 / f64::from(1 << 20);
        let part = roster::tenant(&host, &server, WINDOW);
        let of_a_part = part_of(&request);
        part.plan_sync(&of_a_part).await.expect("a call").expect("a plan");
        let memory_of_a_part_mib = part.peak_memory() as f64 / f64::from(1 << 20);
        eprintln!(
            "plan of {users}: wall {:.2}, CPU {:.2}, {memory_mib:.1} MiB, in parts {memory_of_a_part_mib:.1} MiB",
            guest.wall_ms / native.wall_ms,
            guest.cpu_ms / native.cpu_ms,
        );
        rows.push(Row { users, rounds, guest, native, memory_mib, memory_of_a_part_mib });
    }
    rows
}

/// Returns the request for the first 1,000 people, with the span that covers them.
fn part_of(request: &SyncRequest) -> SyncRequest {
    let mut part = request.clone();
    let before = (part.roster.len() > 1_000).then(|| people::email(1_000));
    part.roster.truncate(1_000);
    part.span = Some(host_test::retool::synchronization::EmailSpan { start: None, before });
    part
}

fn session(server: &Server, connections: &native::Connections) -> Session {
    let env = [
        ("RETOOL_API_TOKEN", TOKEN.to_owned()),
        ("RETOOL_WINDOW", WINDOW.to_string()),
        ("RETOOL_PAGE_SIZE", PAGE.to_string()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value));
    let connection = Connection {
        base_url: server.base_url.clone(),
        wanted: Wanted::Dialect(Dialect::V1),
        api_token_variable: None,
        scim_token_variable: None,
    };
    Session::open(connection, &env, native::platform(connections.clone())).expect("a session")
}

/// Returns the same roster in the component's own types.
fn natively(users: usize) -> retool_lifecycle::sync::SyncRequest {
    let mut groups = SharedRefs::default();
    let desired = |at: usize| DesiredUser {
        fields: UserPatch {
            first_name: Some(format!("Given{at}")),
            last_name: Some(format!("Family{at}")),
            user_type: Some(UserType::Default),
            ..UserPatch::default()
        },
        groups: people::groups_of(at).map(|name| groups.get(GroupRef::Name(name))).to_vec(),
        ..DesiredUser::new(Email::new(&people::email(at)))
    };
    retool_lifecycle::sync::SyncRequest {
        roster: (0..users).map(desired).collect(),
        span: Span::default(),
        policy: Policy {
            create_missing: true,
            update_existing: true,
            memberships: MembershipPolicy::Exact,
            default_user_type: Some(UserType::Default),
            ..Policy::default()
        },
        disabled_since: Vec::new(),
    }
}
