//! The time from the start of a process to the first answer.

use std::time::{Duration, Instant};

use host_test::{Host, TenantOptions, requests};
use serde::Serialize;

use crate::measure::{median, ms};

const ROUNDS: usize = 9;
const CALLS: usize = 2_000;

/// Medians, in microseconds.
#[derive(Serialize)]
pub struct Start {
    /// Compiling the component.
    compile_us: f64,
    /// Loading compiled code, including the pool of instances.
    load_us: f64,
    /// Creating an instance and dropping it.
    instantiate_us: f64,
    /// The first call of a host. The call returns without sending a request.
    first_call_us: f64,
    /// A later call of this kind, with a new instance each time.
    call_us: f64,
}

/// Runs everything.
pub async fn measure() -> Start {
    let component = Host::embedded_component();
    let folder = tempfile::tempdir().expect("a folder");
    // SAFETY: the folder is this process's own.
    let load = || unsafe { Host::precompiled(component, 64, folder.path()) }.expect("a host");
    load();
    let (mut compiled, mut loaded, mut first) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        compiled.push(timed(|| Host::embedded().expect("a host")).1);
        let (host, took) = timed(load);
        loaded.push(took);
        let tenant = host.tenant(TenantOptions::new("https://acme.example"));
        let start = Instant::now();
        assert!(tenant.find_user(&requests::by_email("")).await.expect("a call").is_err());
        first.push(start.elapsed());
    }
    let tenant = load().tenant(TenantOptions::new("https://acme.example"));
    let (mut instances, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let start = Instant::now();
        tenant.instantiate().await.expect("an instance");
        instances.push(start.elapsed());
        let start = Instant::now();
        assert!(tenant.find_user(&requests::by_email("")).await.expect("a call").is_err());
        calls.push(start.elapsed());
    }
    let us = |durations: Vec<Duration>| median(durations.into_iter().map(ms)) * 1000.0;
    let start = Start {
        compile_us: us(compiled),
        load_us: us(loaded),
        instantiate_us: us(instances),
        first_call_us: us(first),
        call_us: us(calls),
    };
    eprintln!("instantiate {:.1} us, load {:.0} us", start.instantiate_us, start.load_us);
    start
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}
