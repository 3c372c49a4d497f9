//! The demonstration: everything that the component does, against a mock, with the number of
//! requests that each step took. It fails if a step does not come out as expected.

mod scene;
mod stage;

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::render;
use crate::retool::lifecycle::{DeprovisionOutcome, ProvisionOutcome};
use crate::retool::synchronization::PersonOutcome;
use scene::Scene;
use stage::Stage;

/// Plays the demonstration with a mock that takes `latency` for each request.
pub(crate) async fn run(latency: Duration, output: &Output) -> Result<Exit, Failure> {
    let mut stage = Stage::open(latency, *output).await?;
    stage.narrate(&format!(
        "A mock Retool is at {}. The component runs in a sandbox that can reach it and nothing \
         else.",
        stage.base_url()
    ))?;

    check(&mut stage).await?;
    arrival(&mut stage).await?;
    let scene = Scene::of(stage.tenant()).await?;
    roster(&mut stage, &scene).await?;
    guard(&mut stage, &scene).await?;
    departure(&mut stage).await?;

    if output.is_json() {
        output.document(&json!({ "steps": stage.steps() }))?;
    }
    Ok(Exit::Done)
}

async fn check(stage: &mut Stage) -> Result<(), Failure> {
    stage.begin("check", "Is the connection in order?")?;
    let report = stage.tenant().check_connection().await??;
    stage.show(&render::check(&stage.base_url(), &report))?;
    stage.end(|requests| {
        expect(report.healthy, "the connection is healthy")?;
        expect(requests.writes == 0, "a check writes nothing")
    })
}

async fn arrival(stage: &mut Stage) -> Result<(), Failure> {
    let request = scene::newcomer();

    stage.begin("provision", "Ada starts today, and needs two groups.")?;
    let result = stage.tenant().provision(&request).await??;
    stage.show(&render::provision(&result))?;
    stage.end(|_| {
        expect(result.outcome == ProvisionOutcome::Created, "Ada is new")?;
        expect(result.invitation_sent, "Ada is invited")?;
        expect(result.groups_added.len() == 2, "Ada joins two groups")
    })?;

    stage.begin("provision again", "The same once more, as a retry would.")?;
    let result = stage.tenant().provision(&request).await??;
    stage.show(&render::provision(&result))?;
    stage.end(|requests| {
        expect(result.outcome == ProvisionOutcome::Unchanged, "nothing changes")?;
        expect(requests.writes == 0, "a repeated call writes nothing")
    })
}

async fn roster(stage: &mut Stage, scene: &Scene) -> Result<(), Failure> {
    let request = scene.request()?;

    stage.begin(
        "plan",
        "This month's roster has two new people, two with other names or groups, and one has left.",
    )?;
    stage.show(&scene.roster)?;
    stage.narrate("")?;
    let plan = stage.tenant().plan_sync(&request).await??;
    stage.show(&render::plan(&plan))?;
    stage.end(|requests| {
        expect(!plan.steps.is_empty(), "there is something to do")?;
        expect(plan.guards.iter().all(|guard| !guard.tripped), "no guard trips")?;
        expect(requests.writes == 0, "a plan writes nothing")
    })?;

    stage.begin("sync", "The same roster, applied.")?;
    let report = stage.tenant().sync(&request).await??;
    stage.show(&render::report(&report))?;
    let number = |outcome| {
        let matching = report.people.iter().filter(|person| person.outcome == outcome);
        matching.count()
    };
    stage.end(|requests| {
        expect(report.complete, "everybody is as the roster says")?;
        expect(number(PersonOutcome::Created) == 2, "two people are new")?;
        expect(number(PersonOutcome::Updated) == 2, "two people change")?;
        expect(number(PersonOutcome::Disabled) == 1, "one person leaves")?;
        expect(requests.writes == plan.steps.len(), "there is one write for each step of the plan")
    })?;

    stage.begin("sync again", "The same roster once more: there is nothing to do.")?;
    let report = stage.tenant().sync(&request).await??;
    stage.show(&render::report(&report))?;
    stage.end(|requests| {
        expect(report.complete, "everybody is as the roster says")?;
        expect(requests.writes == 0, "a converged sync writes nothing")
    })
}

async fn guard(stage: &mut Stage, scene: &Scene) -> Result<(), Failure> {
    stage.begin(
        "plan, refused",
        "A roster that was cut short: applied as it is, it would lock nearly everybody out.",
    )?;
    let plan = stage.tenant().plan_sync(&scene.cut_short()?).await??;
    stage.show(&render::plan(&plan))?;
    stage.end(|requests| {
        expect(plan.guards.iter().any(|guard| guard.tripped), "a guard trips")?;
        expect(plan.steps.is_empty(), "a refused plan has no steps")?;
        expect(!plan.withheld.is_empty(), "it shows what it withholds")?;
        expect(requests.writes == 0, "a plan writes nothing")
    })
}

async fn departure(stage: &mut Stage) -> Result<(), Failure> {
    let request = scene::leaver();
    stage.begin("deprovision", "Ada leaves again.")?;
    let result = stage.tenant().deprovision(&request).await??;
    stage.show(&render::deprovision(scene::ADA, &result))?;
    stage.end(|_| {
        expect(result.outcome == DeprovisionOutcome::Deactivated, "Ada is disabled")?;
        expect(result.groups_removed.len() == 2, "Ada leaves both groups")?;
        expect(result.tombstone.is_some(), "what Ada was is recorded")
    })
}

fn expect(holds: bool, what: &'static str) -> anyhow::Result<()> {
    ensure!(holds, "it does not hold that {what}");
    Ok(())
}
