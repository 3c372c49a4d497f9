//! `show` and `apply`: a plan in a file.

use std::io;
use std::path::Path;

use anyhow::Context;

use super::Exit;
use super::args::{ApplyArgs, ShowArgs};
use super::connection::{host, tenant};
use super::failure::Failure;
use super::files;
use super::output::Output;
use super::sync::{check_free, exit, keep_page};
use crate::TenantOptions;
use crate::answer::error_case;
use crate::json;
use crate::render;
use crate::retool::synchronization::{ApplyPlanRequest, Plan};
use crate::retool::types::ErrorDetail;
use crate::text::printable_json;

/// The largest file with a plan, in bytes. One of 10,000 people has 8 MB.
const MOST_BYTES: usize = 128 << 20;

pub(crate) async fn show(arguments: &ShowArgs, output: &Output) -> Result<Exit, Failure> {
    let ShowArgs { plan: path, html } = arguments;
    if let Some(html) = html {
        check_free(html)?;
    }
    let plan = read(path)?;
    check_digest(&plan).await.map_err(|failure| failure.located(|error| place(error, path)))?;
    if let Some(html) = html {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let about = render::About { base_url: &plan.organisation, roster: &file };
        keep_page(&plan, &about, html)?;
    }
    output.result(&plan, |plan| {
        let page = html.as_deref().map(render::page_kept).unwrap_or_default();
        render::plan(plan) + &page
    })?;
    Ok(exit(&plan))
}

pub(crate) async fn apply(arguments: ApplyArgs, output: &Output) -> Result<Exit, Failure> {
    let ApplyArgs { connection, plan: path, approved_digest, first, count } = arguments;
    let request = ApplyPlanRequest { plan: read(&path)?, approved_digest, first, count };
    let (tenant, progress) = tenant(&connection, "applying")?;
    let report = progress
        .writing(tenant.apply_plan(&request))
        .await
        .map_err(|failure| failure.located(|error| place(error, &path)))?;
    output
        .result(&report, render::applied)
        .map_err(|failure| failure.after(report.writes.len(), &report.tombstones))?;
    Ok(if report.complete { Exit::Done } else { Exit::Partly })
}

/// Fails if a plan does not have its own digest: an approver would approve something else than what
/// is shown. The component finds that out before it reads a token or sends anything, so it is asked
/// to apply the plan under no digest.
async fn check_digest(plan: &Plan) -> Result<(), Failure> {
    let tenant = host()?.tenant(TenantOptions::new(&plan.organisation).dialect(plan.dialect));
    let request = ApplyPlanRequest {
        plan: plan.clone(),
        approved_digest: String::new(),
        first: 0,
        count: None,
    };
    match tenant.apply_plan(&request).await? {
        Err(error) => match error_case(&error).1 {
            Some(detail) if detail.field.as_deref() == Some("request.approved-digest") => Ok(()),
            _ => Err(error.into()),
        },
        Ok(_) => Err(Failure::Other(anyhow::anyhow!("The plan could not be checked."))),
    }
}

/// Writes a plan to a new file.
pub(super) fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    json::value(plan)
        .map_err(io::Error::other)
        .and_then(|plan| files::create(path, &printable_json(&format!("{plan:#}\n"))))
        .with_context(|| format!("{} could not be written", path.display()))?;
    Ok(())
}

fn read(path: &Path) -> Result<Plan, Failure> {
    let read = || {
        let text = files::read(path, MOST_BYTES)
            .with_context(|| format!("{} could not be read", path.display()))?;
        serde_json::from_slice(&text)
            .and_then(json::from_value)
            .with_context(|| format!("{} is not a plan", path.display()))
    };
    read().map_err(Failure::Usage)
}

/// Returns the user's file and the field in it for a parameter of the component, or the switch.
fn place(error: &ErrorDetail, path: &Path) -> Option<String> {
    let field = error.field.as_deref()?;
    Some(match field.strip_prefix("request.plan") {
        Some("") => path.display().to_string(),
        Some(field) => {
            format!("{}, {}", path.display(), field.trim_start_matches('.').replace('-', "_"))
        }
        None => field.replace("request.", "--"),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::{self, detail};

    #[test]
    fn a_saved_plan_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        let plan = testing::plan();
        save(&plan, &path).expect("a new file");
        assert_eq!(read(&path).expect("a plan"), plan);
        assert!(save(&plan, &path).is_err(), "it is never overwritten");
        fs::write(&path, "{}").expect("a file");
        assert!(matches!(read(&path), Err(Failure::Usage(_))));
    }

    #[test]
    fn an_error_names_the_file_or_the_switch() {
        let place = |field: &str| {
            let error = ErrorDetail {
                field: Some(field.to_owned()),
                ..detail("plan-changed", "It was altered.")
            };
            place(&error, Path::new("plan.json")).expect("a place")
        };
        assert_eq!(place("request.plan"), "plan.json");
        assert_eq!(place("request.plan.steps[3].group-name"), "plan.json, steps[3].group_name");
        assert_eq!(place("request.approved-digest"), "--approved-digest");
        assert_eq!(place("request.first"), "--first");
    }
}
