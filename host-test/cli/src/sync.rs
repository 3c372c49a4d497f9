//! `plan` and `sync`.

use std::collections::BTreeSet;
use std::mem;
use std::path::Path;

use anyhow::anyhow;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::apply::Work;
use super::args::{ConnectionArgs, Memberships, PlanArgs, SyncArgs, SyncNowArgs};
use super::connection::tenant;
use super::consent::{self, Consent};
use super::directory::listing;
use super::failure::Failure;
use super::files::{self, Input};
use super::grace::{self, GraceFile};
use super::ids::user_id_of;
use super::log;
use super::output::Output;
use super::plan_file::{self, check_free, exit, is_tripped, keep_page};
use crate::exit::Exit;
use crate::render::{self, Form, LastActive, Source, counts};
use crate::roster::{self, Format, MAX_BYTES, ROSTER_FIELD, Roster};
use host_test::retool::synchronization::{
    ApplyPlanRequest, DisabledRecord, EmailSpan, MembershipPolicy, Plan, RosterEntry, StepKind,
    SyncPolicy, SyncRequest,
};
use host_test::retool::types::{Dialect, ErrorDetail, GroupRef};

pub(crate) async fn plan(arguments: PlanArgs, output: &Output) -> Result<Exit, Failure> {
    let PlanArgs { sync: arguments, html, out, form } = arguments;
    for path in html.iter().chain(&out) {
        check_free(path)?;
    }
    let roster = read(&arguments)?;
    let grace = arguments.absence.grace_file.as_deref();
    let grace = grace.map(|path| grace::read(path, &arguments.connection.base_url)).transpose()?;
    let plan = made(&arguments, roster, grace.unwrap_or_default()).await?;
    if let Some(path) = &html {
        let name = arguments.roster.name();
        let roster = name.file_name().unwrap_or_default().to_string_lossy();
        let base_url = &arguments.connection.base_url;
        let last_active = last_active(&arguments.connection, &plan).await;
        keep_page(&plan, &render::About { base_url, roster: &roster, last_active }, path)?;
    }
    if let Some(path) = &out {
        plan_file::save(&plan, path)?;
    }
    output.read(&plan, counts::of_plan(&plan), |plan| {
        let page = html.as_deref().map(render::page_kept).unwrap_or_default();
        let saved = out.as_deref().map(render::plan_saved).unwrap_or_default();
        render::plan(plan, form.form()) + &page + &saved
    })?;
    Ok(form.exit(exit(&plan), !plan.steps.is_empty()))
}

/// Reads when those who are to be disabled or deleted were last active. The plan does not have it:
/// otherwise each login would change its digest.
async fn last_active(connection: &ConnectionArgs, plan: &Plan) -> Option<LastActive> {
    let steps = plan.steps.iter().chain(&plan.withheld);
    let removed: BTreeSet<&str> = steps
        .filter(|step| matches!(step.kind, StepKind::DisableUser | StepKind::DeleteUser))
        .filter_map(|step| step.user.as_ref().map(user_id_of))
        .collect();
    // SCIM has no such field.
    if removed.is_empty() || plan.dialect == Dialect::Scim {
        return None;
    }
    let read = async {
        let (tenant, progress) = tenant(connection, "reading")?;
        progress.ended(listing::users(&tenant).await)
    };
    match read.await {
        Ok(users) => {
            let users = users.into_iter();
            let users = users.map(|user| (user_id_of(&user.id).to_owned(), user.last_active_at));
            Some(users.filter(|(id, _)| removed.contains(&**id)).collect())
        }
        Err(failure) => {
            let why = failure.text();
            log::note(&format!(
                "The page does not say when people were last active, which could not be read: {}",
                why.trim_end()
            ));
            None
        }
    }
}

/// Makes a plan, shows it and asks if there is a terminal, and applies exactly this plan.
pub(crate) async fn sync(arguments: SyncNowArgs, output: &Output) -> Result<Exit, Failure> {
    let consent = Consent::of(&arguments)?;
    let SyncNowArgs { sync: arguments, yes: _, tombstones, report, form } = arguments;
    if let Some(path) = &report {
        files::check_free(path, "a report", "give another file").map_err(Failure::Usage)?;
    }
    let roster = read(&arguments)?;
    let grace = arguments.absence.grace_file.clone();
    let grace = grace.map(|path| GraceFile::open(path, &arguments.connection.base_url));
    let grace = grace.transpose()?;
    let records = grace.as_ref().map(GraceFile::records).unwrap_or_default();
    let plan = made(&arguments, roster, records).await?;
    if is_tripped(&plan) {
        output.say(render::plan(&plan, form.form()).trim_end())?;
    } else if consent == Consent::Asked && !plan.steps.is_empty() {
        consent::ask(&render::plan(&plan, Form::Whole))?;
    }
    let work = Work {
        connection: &arguments.connection,
        request: ApplyPlanRequest {
            approved_digest: plan.digest.clone(),
            plan,
            first: 0,
            count: None,
        },
        source: Source::Roster,
        records: tombstones.folder,
        page: report,
        grace,
        form,
    };
    work.run(output).await
}

/// Plans.
async fn made(
    arguments: &SyncArgs,
    mut roster: Roster,
    disabled_since: Vec<DisabledRecord>,
) -> Result<Plan, Failure> {
    // Errors need only the lines.
    let entries = mem::take(&mut roster.entries);
    let request = request(arguments, entries, disabled_since);
    let (tenant, progress) = tenant(&arguments.connection, "planning")?;
    progress.reading(tenant.plan_sync(&request)).await.map_err(|failure| {
        failure.located(|error| {
            place(error, &arguments.roster.name(), &roster, arguments.absence.grace_file.as_deref())
        })
    })
}

/// Checks the switches that clap can't check.
fn check(arguments: &SyncArgs) -> Result<(), Failure> {
    match arguments.absence.contradiction() {
        Some(why) => Err(Failure::Usage(anyhow!(why))),
        None => Ok(()),
    }
}

/// Checks the arguments and reads the roster. Says on stderr how it was read.
fn read(arguments: &SyncArgs) -> Result<Roster, Failure> {
    check(arguments)?;
    let file = &arguments.roster;
    let name = file.name();
    let bytes = Input::of(&file.path).read(MAX_BYTES).map_err(Failure::Usage)?;
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let roster = roster::parse(&bytes, Format::of(&file.path, &bytes), &file.options(today))
        .map_err(|refusal| Failure::Roster { path: name.clone(), refusal })?;
    let note = render::roster_read(&name.to_string_lossy(), roster.entries.len(), &roster.source);
    if let Some(note) = note {
        log::note(note.trim_end());
    }
    Ok(roster)
}

/// Returns the line in the file for the number of a bad entry, which the component reports. Also
/// replaces the number in the message.
fn place(
    error: &mut ErrorDetail,
    path: &Path,
    roster: &Roster,
    grace: Option<&Path>,
) -> Option<String> {
    error.message = roster.located(&error.message);
    if error.field.as_deref().is_some_and(|field| field.starts_with("request.disabled-since")) {
        return grace.map(|path| path.display().to_string());
    }
    let field = error.field.as_deref().filter(|field| field.starts_with(ROSTER_FIELD))?;
    Some(format!("{}, {}", path.display(), roster.located(field)))
}

/// Returns the request. `disabled_since` is what the file of --grace-file has.
fn request(
    arguments: &SyncArgs,
    roster: Vec<RosterEntry>,
    disabled_since: Vec<DisabledRecord>,
) -> SyncRequest {
    let SyncArgs {
        connection: _,
        roster: _,
        absence,
        memberships,
        manage_groups,
        create_missing_groups,
        no_create,
        no_update,
        re_enable,
        leave_disabled,
        default_user_type,
        start,
        before,
        expect,
        guards: limits,
    } = arguments;
    let span = (start.is_some() || before.is_some())
        .then(|| EmailSpan { start: start.clone(), before: before.clone() });
    SyncRequest {
        roster,
        span,
        policy: SyncPolicy {
            create_missing: !no_create,
            update_existing: !no_update,
            re_enable_disabled: *re_enable,
            leave_disabled: leave_disabled.then_some(true),
            absent: absence.policy(),
            absence_scope: absence.scope(),
            inactive_for_days: absence.inactive_for_days,
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
        disabled_since,
        expected_digest: expect.clone(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Arguments, Command};
    use super::*;
    use crate::roster::Source;
    use crate::testing::detail;
    use host_test::requests;
    use host_test::retool::synchronization::{AbsenceScope, AbsentPolicy, Guards};
    use host_test::retool::types::UserType;

    fn requested(flags: &[&str]) -> SyncRequest {
        let line = [&["x", "sync", "--base-url=x", "--roster=people.csv"], flags].concat();
        match Arguments::try_parse_from(line).expect("arguments").command {
            Some(Command::Sync(arguments)) => request(&arguments.sync, Vec::new(), Vec::new()),
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
    fn the_people_of_a_roster_are_not_copied() {
        let line = ["x", "sync", "--base-url=x", "--roster=people.csv"];
        let Some(Command::Sync(arguments)) =
            Arguments::try_parse_from(line).expect("arguments").command
        else {
            panic!("another command");
        };
        let people = vec![requests::roster_entry("ada@x.com")];
        let place = people.as_ptr();
        assert_eq!(request(&arguments.sync, people, Vec::new()).roster.as_ptr(), place);
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
            "--expect=3f2a",
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
    fn the_scope_of_absence_and_its_grace_are_passed_on() {
        let policy = requested(&[
            "--absent=disable",
            "--delete-after-days=30",
            "--grace-file=grace.json",
            "--absent-domain=x.com",
            "--absent-domain=y.com",
            "--absent-member-of=Contractors",
            "--spare-created-within-days=7",
            "--absent-without-address",
            "--inactive-for-days=90",
            "--leave-disabled",
        ])
        .policy;
        assert_eq!(policy.absent, AbsentPolicy::DisableThenDelete(30));
        let scope = AbsenceScope {
            domains: vec!["x.com".to_owned(), "y.com".to_owned()],
            members_of: vec![GroupRef::Name("Contractors".to_owned())],
            spare_created_within_days: Some(7),
            without_address: Some(true),
        };
        assert_eq!(policy.absence_scope, Some(scope));
        assert_eq!((policy.inactive_for_days, policy.leave_disabled), (Some(90), Some(true)));
    }

    #[test]
    fn switches_of_absence_that_contradict_each_other_are_wrong_usage() {
        let line = |flags: &[&str]| {
            let line = [&["x", "sync", "--base-url=x", "--roster=people.csv"], flags].concat();
            Arguments::try_parse_from(line).map(|arguments| match arguments.command {
                Some(Command::Sync(arguments)) => check(&arguments.sync).is_ok(),
                other => panic!("{other:?}"),
            })
        };
        let days = ["--delete-after-days=30", "--grace-file=f"];
        assert!(line(&[days[0], days[1], "--absent=disable"]).expect("arguments"));
        assert!(!line(&days).expect("arguments"));
        assert!(!line(&[days[0], days[1], "--absent=delete"]).expect("arguments"));
        for wrong in [
            [days[0], "--absent=disable"],
            [days[1], "--absent=disable"],
            ["--re-enable", "--leave-disabled"],
        ] {
            assert!(line(&wrong).is_err(), "{wrong:?}");
        }
        assert!(line(&["--delete-after-days=0", days[1], "--absent=disable"]).is_err());
    }

    #[test]
    fn an_error_names_a_bad_entry_by_its_line() {
        let place = |field: &str, lines: &[u64]| {
            let mut error = ErrorDetail {
                field: Some(field.to_owned()),
                ..detail("invalid-email", "No address in request.roster[0].")
            };
            let lines = lines.to_vec();
            let roster = Roster { entries: Vec::new(), lines, source: Source::default() };
            let place =
                place(&mut error, Path::new("people.csv"), &roster, Some(Path::new("g.json")));
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
        let grace = place("request.disabled-since[0].user", &[2, 5]).0;
        assert_eq!(grace.as_deref(), Some("g.json"));
    }
}
