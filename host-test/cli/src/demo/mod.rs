//! The walkthrough: all that the component does, in chapters, against a mock. Prints the number
//! of requests of each chapter, and fails if one does not end as expected.

mod requests;
mod walkthrough;

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use host_test::retool::lifecycle::{DeprovisionOutcome, ProvisionOutcome};
use host_test::retool::synchronization::PersonOutcome;
use requests::RosterFile;
use walkthrough::Walkthrough;

/// Runs all chapters, with a mock that takes `latency` for each request.
pub(crate) async fn run(latency: Duration, output: &Output) -> Result<Exit, Failure> {
    let mut walkthrough = Walkthrough::open(latency, *output).await?;
    walkthrough.narrate(&format!(
        "A mock Retool is at {}. The component runs in a sandbox that can reach it and nothing \
         else.",
        walkthrough.base_url()
    ))?;

    check(&mut walkthrough).await?;
    arrival(&mut walkthrough).await?;
    let roster_file = RosterFile::of(walkthrough.tenant()).await?;
    roster(&mut walkthrough, &roster_file).await?;
    guard(&mut walkthrough, &roster_file).await?;
    departure(&mut walkthrough).await?;

    if output.is_json() {
        output.document(&json!({ "chapters": walkthrough.chapters() }))?;
    }
    Ok(Exit::Done)
}

async fn check(walkthrough: &mut Walkthrough) -> Result<(), Failure> {
    walkthrough.begin("check", "Is the connection in order?")?;
    let report = walkthrough.tenant().check_connection().await??;
    walkthrough.show(&render::check(&walkthrough.base_url(), &report, &[]))?;
    walkthrough.end(|requests| {
        expect(report.healthy, "the connection is healthy")?;
        expect(requests.writes == 0, "a check writes nothing")
    })
}

async fn arrival(walkthrough: &mut Walkthrough) -> Result<(), Failure> {
    let request = requests::newcomer();

    walkthrough.begin("provision", "Ada starts today, and needs two groups.")?;
    let result = walkthrough.tenant().provision(&request).await??;
    walkthrough.show(&render::provision(&result))?;
    walkthrough.end(|_| {
        expect(result.outcome == ProvisionOutcome::Created, "Ada is new")?;
        expect(result.groups_added.len() == 2, "Ada joins two groups")
    })?;

    walkthrough.begin("provision again", "The same once more, as a retry would.")?;
    let result = walkthrough.tenant().provision(&request).await??;
    walkthrough.show(&render::provision(&result))?;
    walkthrough.end(|requests| {
        expect(result.outcome == ProvisionOutcome::Unchanged, "nothing changes")?;
        expect(requests.writes == 0, "a repeated call writes nothing")
    })
}

async fn roster(walkthrough: &mut Walkthrough, roster_file: &RosterFile) -> Result<(), Failure> {
    let request = roster_file.request()?;

    walkthrough.begin(
        "plan",
        "This month's roster has two new people, two with other names or groups, and one has left.",
    )?;
    walkthrough.show(&roster_file.roster)?;
    walkthrough.narrate("")?;
    let plan = walkthrough.tenant().plan_sync(&request).await??;
    walkthrough.show(&render::plan(&plan, render::Form::Whole))?;
    walkthrough.end(|requests| {
        expect(!plan.steps.is_empty(), "there is something to do")?;
        expect(plan.guards.iter().all(|guard| !guard.tripped), "no guard trips")?;
        expect(requests.writes == 0, "a plan writes nothing")
    })?;

    walkthrough.begin("sync", "The same roster, applied.")?;
    let report = walkthrough.tenant().sync(&request).await??;
    walkthrough.show(&render::synced(
        &report,
        render::Source::Roster,
        0,
        &[],
        render::Form::Whole,
    ))?;
    let number = |outcome| {
        let matching = report.people.iter().filter(|person| person.outcome == outcome);
        matching.count()
    };
    walkthrough.end(|requests| {
        expect(report.complete, "every user is as the roster says")?;
        expect(number(PersonOutcome::Created) == 2, "two people are new")?;
        expect(number(PersonOutcome::Updated) == 2, "two people change")?;
        expect(number(PersonOutcome::Disabled) == 1, "one person leaves")?;
        expect(requests.writes == plan.steps.len(), "there is one write for each step of the plan")
    })?;

    walkthrough.begin("sync again", "The same roster once more: there is nothing to do.")?;
    let report = walkthrough.tenant().sync(&request).await??;
    walkthrough.show(&render::synced(
        &report,
        render::Source::Roster,
        0,
        &[],
        render::Form::Whole,
    ))?;
    walkthrough.end(|requests| {
        expect(report.complete, "every user is as the roster says")?;
        expect(requests.writes == 0, "a converged sync writes nothing")
    })
}

async fn guard(walkthrough: &mut Walkthrough, roster_file: &RosterFile) -> Result<(), Failure> {
    walkthrough.begin(
        "plan, refused",
        "A roster that was cut short: applied as it is, it would lock nearly everyone out.",
    )?;
    let plan = walkthrough.tenant().plan_sync(&roster_file.cut_short()?).await??;
    walkthrough.show(&render::plan(&plan, render::Form::Whole))?;
    walkthrough.end(|requests| {
        expect(plan.guards.iter().any(|guard| guard.tripped), "a guard trips")?;
        expect(plan.steps.is_empty(), "a refused plan has no steps")?;
        expect(!plan.withheld.is_empty(), "it shows what it withholds")?;
        expect(requests.writes == 0, "a plan writes nothing")
    })
}

async fn departure(walkthrough: &mut Walkthrough) -> Result<(), Failure> {
    let request = requests::leaver();
    walkthrough.begin("deprovision", "Ada leaves again.")?;
    let result = walkthrough.tenant().deprovision(&request).await??;
    walkthrough.show(&render::deprovision(requests::ADA, &result))?;
    walkthrough.end(|_| {
        expect(result.outcome == DeprovisionOutcome::Deactivated, "Ada is disabled")?;
        expect(result.groups_removed.len() == 2, "Ada leaves both groups")?;
        expect(result.tombstone.is_some(), "what Ada was is recorded")
    })
}

fn expect(holds: bool, what: &'static str) -> anyhow::Result<()> {
    ensure!(holds, "it does not hold that {what}");
    Ok(())
}
