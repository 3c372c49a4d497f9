//! Applying an approved plan of new people: through the component, and with a native client that
//! sends the same requests in the same window.

use std::time::Duration;

use host_test::retool::synchronization::{
    ApplyPlanRequest, Guards, MembershipPolicy, RosterEntry, SyncPolicy, SyncRequest,
};
use host_test::retool::types::{Dialect, GroupRef, UserType};
use host_test::{Host, Tenant, TenantOptions, requests};
use mock_retool::{Mock, Options};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::measure::{Median, Taken, run};
use crate::{native, replay};

/// How many groups there are besides the built-in ones. Each person joins two of them.
const GROUPS: usize = 20;

/// Requests per minute in the row about a quota.
const QUOTA: u32 = 3_000;

/// One plan, applied by both.
#[derive(Serialize)]
pub struct Row {
    dialect: &'static str,
    people: usize,
    latency_ms: u64,
    window: usize,
    rounds: usize,
    requests: usize,
    guest: Median,
    native: Median,
    memory_mib: f64,
}

/// A plan that needs more requests than the server takes in a minute.
#[derive(Serialize)]
pub struct Throttled {
    people: usize,
    quota: u32,
    requests: usize,
    refused: usize,
    wall_s: f64,
    /// How long the quota makes the fastest client wait.
    allowed_s: f64,
}

/// All of it.
#[derive(Serialize)]
pub struct Applied {
    rows: Vec<Row>,
    throttled: Throttled,
}

/// Runs everything.
pub async fn measure() -> Applied {
    // The server has a thread of its own.
    let servers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let servers = servers.expect("a runtime");
    let host = Host::embedded().expect("a host");
    let mut rows = Vec::new();
    for dialect in [Dialect::V1, Dialect::V2, Dialect::Scim] {
        for latency_ms in [0, 20, 50] {
            for window in [1, 8, 32] {
                // One request after the other takes minutes for everyone, and tells nothing more.
                let people = if window == 1 && latency_ms > 0 { 100 } else { 1_000 };
                let bench = Bench { host: &host, servers: &servers, dialect, people };
                rows.push(bench.row(latency_ms, window).await);
            }
        }
    }
    let bench = Bench { host: &host, servers: &servers, dialect: Dialect::V1, people: 1_000 };
    let applied = Applied { rows, throttled: bench.throttled().await };
    // Its tasks are not waited for, which is not allowed here.
    servers.shutdown_background();
    applied
}

/// A new server for each run, as a plan can be applied once.
struct Bench<'h> {
    host: &'h Host,
    servers: &'h Runtime,
    dialect: Dialect,
    people: usize,
}

impl Bench<'_> {
    async fn row(&self, latency_ms: u64, window: usize) -> Row {
        let (mut guests, mut natives): (Vec<Taken>, Vec<Taken>) = (Vec::new(), Vec::new());
        let rounds = if latency_ms == 0 { 5 } else { 3 };
        let (mut sent, mut memory) = (0, 0);
        for round in 0..=rounds {
            let options = || self.options(latency_ms, None);
            let (mock, tenant, request) = self.planned(options(), window).await;
            let guest = run(apply(&tenant, &request)).await.1;
            memory = tenant.peak_memory();
            let requests = mock.requests();
            sent = requests.len();
            let stages = replay::stages(requests);
            let mock = self.start(options()).await;
            let connections = native::plain_connections();
            let base_url = mock.base_url();
            let token = self.token(&mock);
            let native =
                run(replay::send(&connections, &base_url, &token, &stages, window)).await.1;
            // The first round warms up.
            if round > 0 {
                guests.push(guest);
                natives.push(native);
            }
        }
        let row = Row {
            dialect: name(self.dialect),
            people: self.people,
            latency_ms,
            window,
            rounds,
            requests: sent,
            guest: Median::of(&guests),
            native: Median::of(&natives),
            memory_mib: memory as f64 / f64::from(1 << 20),
        };
        eprintln!(
            "apply {} joiners over {} at {latency_ms} ms, window {window}: {sent} requests, wall {:.2}, {:.1} MiB",
            self.people,
            row.dialect,
            row.guest.wall_ms / row.native.wall_ms,
            row.memory_mib,
        );
        row
    }

    async fn throttled(&self) -> Throttled {
        let (mock, tenant, request) = self.planned(self.options(20, Some(QUOTA)), 8).await;
        let ((), taken) = run(apply(&tenant, &request)).await;
        let requests = mock.requests();
        let refused = requests.iter().filter(|request| request.status == Some(429)).count();
        // The requests of the plan were in the same minute.
        let served = requests.len() - refused;
        let throttled = Throttled {
            people: self.people,
            quota: QUOTA,
            requests: requests.len(),
            refused,
            wall_s: taken.wall.as_secs_f64(),
            allowed_s: ((served - 1) / QUOTA as usize * 60) as f64,
        };
        eprintln!(
            "apply {} joiners at a quota of {QUOTA} a minute: {:.1} s of {:.0} s, {refused} of {} refused",
            self.people, throttled.wall_s, throttled.allowed_s, throttled.requests,
        );
        throttled
    }

    fn options(&self, latency_ms: u64, quota: Option<u32>) -> Options {
        let latency = Duration::from_millis(latency_ms);
        Options { users: 50, groups: GROUPS, latency, quota, ..Options::default() }
    }

    async fn start(&self, options: Options) -> Mock {
        let mock = self.servers.spawn(Mock::start(options)).await.expect("its task");
        mock.expect("a server")
    }

    fn tenant(&self, mock: &Mock, window: usize) -> Tenant {
        let options = TenantOptions::new(mock.base_url())
            .dialect(self.dialect)
            .env("RETOOL_API_TOKEN", mock.token())
            .env("RETOOL_SCIM_TOKEN", SCIM_TOKEN)
            .env("RETOOL_WINDOW", window.to_string());
        self.host.tenant(options)
    }

    fn token(&self, mock: &Mock) -> String {
        match self.dialect {
            Dialect::Scim => SCIM_TOKEN.to_owned(),
            _ => mock.token().to_owned(),
        }
    }

    /// Starts a server and makes a plan for it. The log of the server is empty then.
    async fn planned(&self, options: Options, window: usize) -> (Mock, Tenant, ApplyPlanRequest) {
        let mock = self.start(options).await;
        let tenant = self.tenant(&mock, window);
        let plan = tenant.plan_sync(&self.request(&mock)).await.expect("a call").expect("a plan");
        let approved_digest = plan.digest.clone();
        let request = ApplyPlanRequest { plan, approved_digest, first: 0, count: None };
        mock.clear_requests();
        // The peak memory of the plan is not that of its application.
        let tenant = self.tenant(&mock, window);
        (mock, tenant, request)
    }

    fn request(&self, mock: &Mock) -> SyncRequest {
        let groups: Vec<String> =
            mock.state().groups.into_iter().rev().take(GROUPS).map(|group| group.name).collect();
        let limit = || requests::guard_limit(Some(100), Some(5_000));
        let entry = |at: usize| RosterEntry {
            first_name: Some(format!("Given{at}")),
            last_name: Some(format!("Family{at}")),
            user_type: (self.dialect != Dialect::Scim).then_some(UserType::Default),
            groups: [at % GROUPS, (at + 1 + at / GROUPS % (GROUPS - 1)) % GROUPS]
                .map(|at| requests::membership(GroupRef::Name(groups[at].clone())))
                .to_vec(),
            ..requests::roster_entry(format!("joiner{at:04}@acme.example"))
        };
        requests::sync(
            (0..self.people).map(entry).collect(),
            SyncPolicy {
                create_missing: true,
                memberships: MembershipPolicy::Add,
                guards: Guards {
                    creations: limit(),
                    member_additions: limit(),
                    ..requests::default_guards()
                },
                ..requests::sync_policy()
            },
        )
    }
}

/// The token of the mock for SCIM, by default.
const SCIM_TOKEN: &str = "mock-scim-token";

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V1 => "v1",
        Dialect::V2 => "v2",
        Dialect::Scim => "SCIM",
        Dialect::Auto => "auto",
    }
}

async fn apply(tenant: &Tenant, request: &ApplyPlanRequest) {
    let report = tenant.apply_plan(request).await.expect("a call").expect("a report");
    assert!(report.complete);
}
