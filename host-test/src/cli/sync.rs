//! `plan` and `sync`.

use std::path::Path;

use anyhow::{Context, anyhow};

use super::Exit;
use super::apply;
use super::args::{Absent, Memberships, PlanArgs, SyncArgs};
use super::connection::tenant;
use super::failure::Failure;
use super::files;
use super::output::Output;
use crate::render;
use crate::retool::synchronization::{
    AbsentPolicy, EmailSpan, MembershipPolicy, Plan, SyncPolicy, SyncRequest,
};
use crate::retool::types::{ErrorDetail, GroupRef};
use crate::roster::{self, Format, MAX_BYTES, ROSTER_FIELD, Roster};

pub(crate) async fn plan(arguments: PlanArgs, output: &Output) -> Result<Exit, Failure> {
    let PlanArgs { sync: arguments, html, save } = arguments;
    for path in html.iter().chain(&save) {
        check_free(path)?;
    }
    let roster = read(&arguments.roster)?;
    let request = request(&arguments, &roster);
    let (tenant, progress) = tenant(&arguments.connection, "planning")?;
    let plan = progress
        .reading(tenant.plan_sync(&request))
        .await
        .map_err(|failure| failure.located(|error| place(error, &arguments.roster, &roster)))?;
    if let Some(path) = &html {
        let roster = arguments.roster.file_name().unwrap_or_default().to_string_lossy();
        let base_url = &arguments.connection.base_url;
        keep_page(&plan, &render::About { base_url, roster: &roster }, path)?;
    }
    if let Some(path) = &save {
        apply::save(&plan, path)?;
    }
    output.result(&plan, |plan| {
        let page = html.as_deref().map(render::page_kept).unwrap_or_default();
        let saved = save.as_deref().map(render::plan_saved).unwrap_or_default();
        render::plan(plan) + &page + &saved
    })?;
    Ok(exit(&plan))
}

/// Returns the exit code for a plan that was only made or shown.
pub(super) fn exit(plan: &Plan) -> Exit {
    if plan.guards.iter().any(|guard| guard.tripped) { Exit::Refused } else { Exit::Done }
}

pub(crate) async fn sync(arguments: SyncArgs, output: &Output) -> Result<Exit, Failure> {
    let roster = read(&arguments.roster)?;
    let request = request(&arguments, &roster);
    let (tenant, progress) = tenant(&arguments.connection, "syncing")?;
    let report = progress
        .writing(tenant.sync(&request))
        .await
        .map_err(|failure| failure.located(|error| place(error, &arguments.roster, &roster)))?;
    output
        .result(&report, render::report)
        .map_err(|failure| failure.after(report.writes.len(), &report.tombstones))?;
    Ok(if report.complete { Exit::Done } else { Exit::Partly })
}

/// Checks that the file of a plan can be created, before any request is made.
pub(super) fn check_free(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::Usage(anyhow!(
            "{} is there already, and a plan is never overwritten: give another file",
            path.display()
        )));
    }
    files::probe(path)
        .with_context(|| format!("{} could not be written", path.display()))
        .map_err(Failure::Usage)
}

pub(super) fn keep_page(
    plan: &Plan,
    about: &render::About<'_>,
    path: &Path,
) -> Result<(), Failure> {
    files::create(path, &render::page(plan, about))
        .with_context(|| format!("{} could not be written", path.display()))?;
    Ok(())
}

fn read(path: &Path) -> Result<Roster, Failure> {
    let bytes = files::read(path, MAX_BYTES)
        .with_context(|| format!("{} could not be read", path.display()))
        .map_err(Failure::Usage)?;
    roster::parse(&bytes, Format::of(path, &bytes))
        .map_err(|error| Failure::Roster { path: path.to_owned(), error })
}

/// Returns the line in the file for the number of a bad entry, which the component reports. Also
/// replaces the number in the message.
fn place(error: &mut ErrorDetail, path: &Path, roster: &Roster) -> Option<String> {
    error.message = roster.located(&error.message);
    let field = error.field.as_deref().filter(|field| field.starts_with(ROSTER_FIELD))?;
    Some(format!("{}, {}", path.display(), roster.located(field)))
}

fn request(arguments: &SyncArgs, roster: &Roster) -> SyncRequest {
    let SyncArgs {
        connection: _,
        roster: _,
        absent,
        memberships,
        manage_groups,
        create_missing_groups,
        no_create,
        no_update,
        re_enable,
        default_user_type,
        start,
        before,
        expected_digest,
        guards: limits,
    } = arguments;
    let span = (start.is_some() || before.is_some())
        .then(|| EmailSpan { start: start.clone(), before: before.clone() });
    SyncRequest {
        roster: roster.entries.clone(),
        span,
        policy: SyncPolicy {
            create_missing: !no_create,
            update_existing: !no_update,
            re_enable_disabled: *re_enable,
            leave_disabled: None,
            absent: match absent {
                Absent::Keep => AbsentPolicy::Keep,
                Absent::Disable => AbsentPolicy::Disable,
                Absent::Delete => AbsentPolicy::Delete,
            },
            absence_scope: None,
            inactive_for_days: None,
            memberships: match memberships {
                Memberships::Leave => MembershipPolicy::Leave,
                Memberships::Add => MembershipPolicy::Add,
                Memberships::Exact => MembershipPolicy::Exact,
            },
            managed_groups: manage_groups.iter().cloned().map(GroupRef::Name).collect(),
            create_missing_groups: *create_missing_groups,
            default_user_type: default_user_type.map(Into::into),
            guards: limits.guards(),
        },
        disabled_since: Vec::new(),
        expected_digest: expected_digest.clone(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Arguments, Command};
    use super::*;
    use crate::requests;
    use crate::retool::synchronization::Guards;
    use crate::retool::types::UserType;
    use crate::testing::detail;

    fn requested(flags: &[&str]) -> SyncRequest {
        let line = [&["x", "sync", "--base-url=x", "--roster=people.csv"], flags].concat();
        let roster = Roster { entries: Vec::new(), lines: Vec::new() };
        match Arguments::try_parse_from(line).expect("arguments").command {
            Some(Command::Sync(arguments)) => request(&arguments, &roster),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn by_default_people_are_created_and_updated_and_not_removed() {
        assert_eq!(
            requested(&[]),
            requests::sync(
                Vec::new(),
                SyncPolicy {
                    create_missing: true,
                    update_existing: true,
                    memberships: MembershipPolicy::Add,
                    ..requests::sync_policy()
                }
            )
        );
    }

    #[test]
    fn every_flag_is_passed_on() {
        let request = requested(&[
            "--absent=delete",
            "--memberships=exact",
            "--manage-group",
            "A",
            "B",
            "--create-missing-groups",
            "--no-create",
            "--no-update",
            "--re-enable",
            "--default-user-type=mobile",
            "--start=a@x.com",
            "--before=n@x.com",
            "--expected-digest=3f2a",
            "--max-user-removals-percent=1",
            "--max-user-removals-floor=2",
            "--max-member-removals-percent=3",
            "--max-member-removals-floor=4",
            "--minimum-admins=5",
            "--require-admin=r@x.com",
            "--protect=p@x.com",
            "--protect=q@x.com",
            "--allow-empty-roster",
        ]);
        assert_eq!(
            request,
            SyncRequest {
                roster: Vec::new(),
                span: Some(EmailSpan {
                    start: Some("a@x.com".to_owned()),
                    before: Some("n@x.com".to_owned()),
                }),
                policy: SyncPolicy {
                    create_missing: false,
                    update_existing: false,
                    re_enable_disabled: true,
                    absent: AbsentPolicy::Delete,
                    memberships: MembershipPolicy::Exact,
                    managed_groups: vec![
                        GroupRef::Name("A".to_owned()),
                        GroupRef::Name("B".to_owned()),
                    ],
                    create_missing_groups: true,
                    default_user_type: Some(UserType::Mobile),
                    guards: Guards {
                        user_removals: requests::guard_limit(Some(1), Some(2)),
                        member_removals: requests::guard_limit(Some(3), Some(4)),
                        minimum_admins: Some(5),
                        required_admins: vec![requests::by_email("r@x.com")],
                        protected_people: ["p@x.com", "q@x.com"].map(requests::by_email).to_vec(),
                        allow_empty_roster: true,
                        ..requests::default_guards()
                    },
                    ..requests::sync_policy()
                },
                expected_digest: Some("3f2a".to_owned()),
                ..requests::sync(Vec::new(), requests::sync_policy())
            }
        );
    }

    #[test]
    fn an_error_names_a_bad_entry_by_its_line() {
        let place = |field: &str, lines: &[u64]| {
            let mut error = ErrorDetail {
                field: Some(field.to_owned()),
                ..detail("invalid-email", "No address in request.roster[0].")
            };
            let roster = Roster { entries: Vec::new(), lines: lines.to_vec() };
            let place = place(&mut error, Path::new("people.csv"), &roster);
            (place, error.message)
        };
        let at = |place: &str, message: &str| (Some(place.to_owned()), message.to_owned());
        assert_eq!(
            place("request.roster[1].first-name", &[2, 5]),
            at("people.csv, line 5, first name", "No address in line 2.")
        );
        assert_eq!(
            place("request.roster[1].user.email", &[]),
            at("people.csv, person 2, email", "No address in person 1.")
        );
        assert_eq!(place("request.policy.guards", &[2, 5]).0, None);
    }
}
