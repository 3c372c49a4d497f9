//! `campaign [seeds] [from] [v1|v2|scim] [defect]`: runs the simulation, with a planted defect if
//! one is given.

use std::process::ExitCode;

use simulation::{Campaign, Defect, Dialect};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        |default| arguments.next().map_or(default, |text| text.parse().unwrap_or(default));
    let (seeds, from) = (number(2000), number(0));
    let (mut dialect, mut defect) = (None, None);
    for argument in arguments {
        match argument.as_str() {
            "v1" => dialect = Some(Dialect::V1),
            "v2" => dialect = Some(Dialect::V2),
            "scim" => dialect = Some(Dialect::Scim),
            name => defect = Defect::named(name),
        }
    }
    let tally = Campaign { from, seeds, threads: 2, dialect, defect }.make(|_| {});
    println!("{:?}", tally.figures);
    let Some(failure) = tally.failure else { return ExitCode::SUCCESS };
    for line in failure.trace {
        println!("{line}");
    }
    println!("seed {} over {:?}: {:#?}", failure.seed, failure.dialect, failure.violations);
    ExitCode::FAILURE
}
