//! Measures the cost of the component compared to native clients: `cargo bench -p host-test`.
//!
//! All contenders make the same requests over a pool of connections to one server, which runs in a
//! process of its own. They take turns in one run. The results are medians and their ratios. They
//! go to `docs/performance.md`, between its markers, and as data to `target/performance.json`.
//! `-- listing plan apply start tenants size` runs only the named parts, and `--look` does not change the
//! documentation.

mod apply;
mod listing;
mod measure;
#[path = "../../tests/support/misbehaving.rs"]
#[allow(dead_code)]
mod misbehaving;
mod native;
mod people;
mod plan;
mod replay;
mod report;
mod roster;
mod server;
mod size;
mod start;
mod tenants;

use std::env;

use report::Report;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|text| text != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "serve") {
        server::serve(&arguments[1..]);
        return;
    }
    let parts: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|text| !text.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let mut report = Report::load();
    if wanted("size") {
        report.put("size", &size::measure());
    }
    if wanted("start") {
        report.put("start", &on_one_thread(start::measure()));
    }
    if wanted("listing") {
        report.put("listing", &on_one_thread(listing::measure()));
    }
    if wanted("plan") {
        report.put("plan", &on_one_thread(plan::measure()));
    }
    if wanted("apply") {
        report.put("apply", &on_one_thread(apply::measure()));
    }
    if wanted("tenants") {
        report.put("tenants", &tenants::measure());
    }
    report.save(!arguments.iter().any(|text| text == "--look"));
}

/// Runs the work on one thread. A short job costs a third of what it costs on several threads, and
/// several threads would hide that cost.
fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}
