//! `campaign [seeds] [from] [defect]`: the simulation without the host.

use std::process::ExitCode;

use simulation::{Campaign, Defect};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        |default| arguments.next().map_or(default, |text| text.parse().unwrap_or(default));
    let (seeds, from) = (number(2000), number(0));
    let defect = arguments.next().and_then(|name| Defect::named(&name));
    let tally = Campaign { from, seeds, threads: 2, defect }.make(|_| {});
    println!("{:?}", tally.figures);
    let Some(failure) = tally.failure else { return ExitCode::SUCCESS };
    for line in failure.trace {
        println!("{line}");
    }
    println!("seed {}: {:#?}", failure.seed, failure.violations);
    ExitCode::FAILURE
}
