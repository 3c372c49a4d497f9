//! Processes a queue of jobs for many organisations in one process:
//! `tenants tenants.json jobs.jsonl [CONCURRENCY]`
//!
//! Each organisation is a tenant with its own origin, token, limits and connections. Jobs of one
//! tenant run in the order of the file, tenants run concurrently, and every job gives one line of
//! JSON on stdout.

mod job;
mod queue;
mod tenants;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use host_test::Host;
use host_test::text::printable_json;

/// How many calls run at the same time by default.
const CONCURRENCY: u32 = 8;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        // Some jobs have failed; their lines say how.
        Ok(false) => ExitCode::from(4),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the queue, and returns whether every job succeeded.
async fn run() -> Result<bool, Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenants), Some(jobs)) = (args.next(), args.next()) else {
        return Err("tenants tenants.json jobs.jsonl [CONCURRENCY]".into());
    };
    let concurrency = args.next().map_or(Ok(CONCURRENCY), |number| number.parse())?;

    let host = Host::with_concurrency(Host::embedded_component(), concurrency)?;
    let tenants = tenants::open(&host, &fs::read_to_string(tenants)?)?;
    let queues = queue::by_tenant(&fs::read_to_string(jobs)?);
    Ok(queue::work_off(&tenants, queues, |line| println!("{}", printable_json(&line.to_string())))
        .await)
}
