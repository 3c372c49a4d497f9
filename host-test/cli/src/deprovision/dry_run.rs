//! Shows what `deprovision` would do.

use host_test::json;
use host_test::retool::lifecycle::{DeprovisionPlan, DeprovisionRequest};
use serde_json::json;

use super::request;
use crate::args::DeprovisionArgs;
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;

pub(super) async fn one(
    arguments: &DeprovisionArgs,
    email: &str,
    output: &Output,
) -> Result<Exit, Failure> {
    let request = request(arguments, email)?;
    let (tenant, progress) = tenant(&arguments.connection, "looking at the person")?;
    let plan = progress.reading(tenant.plan_deprovision(&request)).await?;
    output.result(&plan, |plan| render::deprovision_plan(email, plan))?;
    Ok(Exit::Done)
}

/// Looks at everyone. The failure of one person does not stop the others, unless it would be the
/// same for them.
pub(super) async fn many(
    arguments: &DeprovisionArgs,
    requests: Vec<(String, DeprovisionRequest)>,
    output: &Output,
) -> Result<Exit, Failure> {
    let (tenant, progress) = tenant(&arguments.connection, "looking at the people")?;
    let mut people: Vec<(String, Result<DeprovisionPlan, Failure>)> = Vec::new();
    for (email, request) in requests {
        let plan = match tenant.plan_deprovision(&request).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(error) => Err(error.into()),
        };
        match plan {
            Err(failure) if failure.ends_a_run() => return progress.ended(Err(failure)),
            plan => people.push((email, plan)),
        }
    }
    let complete = people.iter().all(|(_, plan)| plan.is_ok());
    progress.end_several(complete);
    let mut values = Vec::new();
    for (email, plan) in &people {
        let mut value = match plan {
            Ok(plan) => json!({ "plan": json::value(plan).map_err(anyhow::Error::from)? }),
            Err(failure) => failure.json(),
        };
        value["email"] = email.as_str().into();
        values.push(value);
    }
    let document = json!({ "people": values, "complete": complete });
    output.result(&document, |_| render::deprovision_plans(&people))?;
    Ok(if complete { Exit::Done } else { Exit::Partly })
}
