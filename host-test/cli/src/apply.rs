//! `show` and `apply`: a plan in a file. `sync` applies its plan in the same way.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use jiff::{Timestamp, Unit};

use super::args::{ApplyArgs, ApprovalArgs, ConnectionArgs, ShowArgs};
use super::connection::{host, tenant};
use super::failure::Failure;
use super::files;
use super::grace::GraceFile;
use super::output::Output;
use super::plan_file::{check_free, exit, is_tripped, keep_page, read};
use super::slices::{self, Done};
use super::tombstones::Records;
use crate::exit::Exit;
use crate::form::FormArgs;
use crate::render::{self, Applied, Source, counts};
use host_test::TenantOptions;
use host_test::error_case;
use host_test::retool::synchronization::{ApplyPlanRequest, Plan};
use host_test::retool::types::ErrorDetail;

pub(crate) async fn show(arguments: &ShowArgs, output: &Output) -> Result<Exit, Failure> {
    let ShowArgs { plan: path, html, form } = arguments;
    if let Some(html) = html {
        check_free(html)?;
    }
    let plan = read(path)?;
    check_digest(&plan).await.map_err(|failure| failure.located(|error| place(error, path)))?;
    if let Some(html) = html {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let about =
            render::About { base_url: &plan.organisation, roster: &file, last_active: None };
        keep_page(&plan, &about, html)?;
    }
    output.read(&plan, counts::of_plan(&plan), |plan| {
        let page = html.as_deref().map(render::page_kept).unwrap_or_default();
        render::plan(plan, form.form()) + &page
    })?;
    Ok(form.exit(exit(&plan), !plan.steps.is_empty()))
}

pub(crate) async fn apply(arguments: ApplyArgs, output: &Output) -> Result<Exit, Failure> {
    let ApplyArgs {
        connection,
        plan: path,
        approval,
        first,
        count,
        grace_file,
        tombstones,
        report,
        form,
    } = arguments;
    if let Some(path) = &report {
        files::check_free(path, "a report", "give another file").map_err(Failure::Usage)?;
    }
    let plan = read(&path)?;
    let request = ApplyPlanRequest { plan, approved_digest: approved(&approval)?, first, count };
    let grace = grace_file.map(|file| GraceFile::open(file, &connection.base_url));
    let work = Work {
        connection: &connection,
        request,
        source: Source::Plan,
        records: tombstones.folder,
        page: report,
        grace: grace.transpose()?,
        form,
    };
    work.run(output).await.map_err(|failure| failure.located(|error| place(error, &path)))
}

/// The most bytes of a file with a digest.
const MOST_OF_APPROVAL: usize = 64 << 10;

/// Returns the digest that was approved.
fn approved(approval: &ApprovalArgs) -> Result<String, Failure> {
    let ApprovalArgs { approve, approve_file } = approval;
    if let Some(file) = approve_file {
        let text = files::read(file, MOST_OF_APPROVAL)
            .with_context(|| format!("{} could not be read", file.display()))
            .map_err(Failure::Usage)?;
        let text = String::from_utf8_lossy(&text);
        let digest = text.lines().next().unwrap_or_default().trim();
        if digest.is_empty() {
            return Err(Failure::Usage(anyhow!(
                "the first line of {} is empty: it must be the digest that was approved",
                file.display()
            )));
        }
        return Ok(digest.to_owned());
    }
    Ok(approve.as_deref().unwrap_or_default().trim().to_owned())
}

/// A plan to apply.
pub(super) struct Work<'a> {
    pub(super) connection: &'a ConnectionArgs,
    pub(super) request: ApplyPlanRequest,
    pub(super) source: Source,
    /// The folder for the records of the people who are to be disabled, deleted or stripped.
    pub(super) records: Option<PathBuf>,
    /// The new file for the report as a page.
    pub(super) page: Option<PathBuf>,
    pub(super) grace: Option<GraceFile>,
    pub(super) form: FormArgs,
}

impl Work<'_> {
    /// Writes the records, applies the plan, and prints the report.
    pub(super) async fn run(self, output: &Output) -> Result<Exit, Failure> {
        let Work { connection, request, source, records, page, mut grace, form } = self;
        let plan = request.plan.clone();
        let (tenant, progress) = tenant(connection, "applying")?;
        // A plan that is refused changes nobody.
        let is_refused = is_tripped(&plan) || request.approved_digest != plan.digest;
        let folder = records.filter(|_| !is_refused);
        let records = folder.map(|folder| Records::write(&folder, &plan)).transpose()?;
        let mut stored = Ok(());
        let answer = slices::apply(&tenant, progress, request, |done| {
            if let Some(file) = &mut grace {
                match done {
                    Done::Report(report) => file.learn(&report.people),
                    Done::Removed(tombstones) => file.learn_from(tombstones),
                }
                stored = file.store();
            }
        });
        let answer = answer.await;
        let unrecorded = stored.err().map(Failure::Unrecorded);
        let report = match answer {
            Ok(report) => report,
            Err(failure) => {
                if let Some(unrecorded) = unrecorded {
                    output.beside(&unrecorded);
                }
                return Err(match records {
                    Some(records) => records.after(failure),
                    None => failure,
                });
            }
        };
        if let Some(records) = &records {
            records.complete(&plan, &report.tombstones);
        }
        let place = records.as_ref().map(Records::place);
        let kept = place.map(|(folder, count)| render::kept_in(folder, count));
        let page = page.map(|path| {
            let about = Applied {
                source,
                unchanged: plan.unchanged as usize,
                refusals: &plan.refusals,
                ended_at: &Timestamp::now().round(Unit::Second).unwrap_or_default().to_string(),
                records: kept.as_deref().map(|kept| kept.trim_end().replace('`', "")),
            };
            files::create(&path, &render::report_page(&report, &about))
                .with_context(|| format!("the report {} could not be written", path.display()))
                .map(|()| path)
        });
        let (page, unwritten) = match page {
            Some(Ok(path)) => (render::report_kept(&path), None),
            Some(Err(error)) => (String::new(), Some(Failure::Unrecorded(error))),
            None => (String::new(), None),
        };
        let counts = counts::of_report(&report, plan.unchanged as usize);
        let printed = output.counted(&report, counts, |report| {
            let kept = kept.as_deref().unwrap_or_default();
            render::report(report, source, &plan, form.form()) + kept + &page
        });
        // They are printed if nothing else has them.
        let unkept = if place.is_some() { &[] } else { &report.tombstones[..] };
        let printed = printed.map_err(|failure| failure.after(report.writes.len(), unkept));
        // Also if nothing could be printed.
        let unrecorded = unrecorded.into_iter().chain(unwritten);
        let unrecorded = unrecorded.map(|failure| output.beside(&failure)).last();
        printed?;
        let exit = unrecorded.unwrap_or(if report.complete { Exit::Done } else { Exit::Partly });
        Ok(form.exit(exit, !report.writes.is_empty()))
    }
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
        Ok(_) => Err(Failure::Other(anyhow!("The plan could not be checked."))),
    }
}

/// Returns the user's file and the field in it for a parameter of the component, or the switch.
fn place(error: &ErrorDetail, path: &Path) -> Option<String> {
    let field = error.field.as_deref()?;
    Some(match field.strip_prefix("request.plan") {
        Some("") => path.display().to_string(),
        Some(field) => {
            format!("{}, {}", path.display(), field.trim_start_matches('.').replace('-', "_"))
        }
        None => return render::switch_of_field(field),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::detail;

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
        assert_eq!(place("request.approved-digest"), "--approve");
        assert_eq!(place("request.first"), "--first");
    }
}
