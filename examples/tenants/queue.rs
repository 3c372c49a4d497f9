//! The order in which jobs run.

use std::collections::BTreeMap;

use host_test::Tenant;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::job::{Job, Outcome};

/// The number of a line, and its job or the reason why it is not a job.
type Numbered = (usize, Result<Job, String>);

/// Sorts the lines of a file into one queue per tenant. Unreadable lines go to a queue with an
/// empty name.
pub fn by_tenant(file: &str) -> BTreeMap<String, Vec<Numbered>> {
    let mut queues = BTreeMap::<String, Vec<Numbered>>::new();
    for (at, line) in file.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let job = serde_json::from_str::<Job>(line).map_err(|error| error.to_string());
        let tenant = job.as_ref().map_or(String::new(), |job| job.tenant.clone());
        queues.entry(tenant).or_default().push((at + 1, job));
    }
    queues
}

/// Processes the queues concurrently, and passes the line of each finished job to `print` at once.
/// Returns whether every job succeeded.
pub async fn work_off(
    tenants: &BTreeMap<String, Tenant>,
    queues: BTreeMap<String, Vec<Numbered>>,
    mut print: impl FnMut(Value),
) -> bool {
    let (send, mut receive) = mpsc::channel(64);
    let mut running = JoinSet::new();
    for (name, queue) in queues {
        let tenant = tenants.get(&name).cloned();
        let send = send.clone();
        running.spawn(async move {
            for (line, job) in queue {
                let done = run(tenant.as_ref(), line, job).await;
                // The receiver is gone, so the remaining jobs are not needed.
                if send.send(done).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(send);

    let mut all = true;
    while let Some((succeeded, line)) = receive.recv().await {
        all &= succeeded;
        print(line);
    }
    // A queue that panicked has not sent all of its lines, so it counts as failed.
    while let Some(ended) = running.join_next().await {
        all &= ended.is_ok();
    }
    all
}

async fn run(tenant: Option<&Tenant>, line: usize, job: Result<Job, String>) -> (bool, Value) {
    let (job, outcome) = match (job, tenant) {
        (Err(error), _) => (None, Outcome::Unreadable(error)),
        (Ok(job), None) => {
            let unknown = Outcome::Unreadable(format!("no tenant is called {:?}", job.tenant));
            (Some(job), unknown)
        }
        (Ok(job), Some(tenant)) => {
            let outcome = job.run(tenant).await;
            (Some(job), outcome)
        }
    };
    let (tenant, function) = job.map(|job| (job.tenant, job.function)).unzip();
    let mut printed = json!({ "line": line, "tenant": tenant, "function": function });
    let (name, value) = outcome.entry();
    printed[name] = value;
    (name == "ok", printed)
}
