//! Applies a slice of an approved plan.

use alloc::format;
use alloc::vec::Vec;

use super::approved::Approved;
use super::fresh::{Fresh, Judged};
use super::kept::KeptAccounts;
use super::run::Run;
use super::{finish, not_begun, refuse, unique_ids};
use crate::domain::{Dialect, Email, Tombstone, UserRef};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::fingerprint::fingerprint;
use crate::http::Log;
use crate::lifecycle::find_one;
use crate::retool::Directory;
use crate::retool::user_filter::{Others, UserFilter, Who};
use crate::sort;
use crate::sync::report::{PersonOutcome, SyncReport};
use crate::sync::{LOGIN, Plan, Snapshot, Step, StepKind, snapshot, step};
use crate::time::format_iso;

/// Keeps the users that the steps of a slice are about.
struct SliceScope {
    /// Fingerprints of their addresses and logins, sorted.
    named: Vec<u64>,
    /// Fingerprints of their ids, sorted.
    ids: Vec<u64>,
}

impl SliceScope {
    fn of<'a>(steps: impl Iterator<Item = &'a Step>) -> Self {
        let (mut named, mut ids) = (Vec::new(), Vec::new());
        for step in steps {
            named.extend(step.email.iter().map(|email| fingerprint(email.key())));
            ids.extend(step.user.iter().map(|id| fingerprint(&id.value)));
            let logins = step.changes.iter().filter(|change| change.field == LOGIN);
            named.extend(logins.map(|change| fingerprint(Email::new(&change.after).key())));
        }
        named.sort_unstable();
        ids.sort_unstable();
        SliceScope { named, ids }
    }
}

impl UserFilter for SliceScope {
    fn wants(&self, who: &Who<'_>) -> bool {
        let is_named = |name: &str| self.named.binary_search(&fingerprint(name)).is_ok();
        who.names().any(is_named) || self.ids.binary_search(&fingerprint(who.id)).is_ok()
    }

    fn wants_admins(&self) -> bool {
        false
    }
}

/// Applies the steps of a slice: compares each with one fresh listing, and writes those that do not
/// hold yet. A step that is stale is reported for its person, whose other steps are not written.
/// `now` is in milliseconds since the Unix epoch. On failure the error contains the writes so far.
pub async fn apply_plan(
    directory: &dyn Directory,
    approved: Approved,
    now: i64,
    log: &dyn Log,
) -> Result<SyncReport> {
    let Approved { plan, first, end } = approved;
    check_dialect(plan.context.dialect, directory.capabilities().dialect)?;
    let steps = &plan.steps[first..end];
    for (index, step) in steps.iter().enumerate() {
        step::check(step, plan.context.dialect).map_err(|mut error| {
            let field = error.field.take().unwrap_or_default();
            let field = field.strip_prefix("step").unwrap_or(&field);
            error.in_field(format!("request.plan.steps[{}]{field}", first + index))
        })?;
    }
    let removes = |step: &Step| matches!(step.kind, StepKind::DisableUser | StepKind::DeleteUser);
    // Before a removal, the people that earlier slices created must be in the listing.
    let created = match steps.iter().any(removes) {
        true => &plan.steps[..first],
        false => &[],
    };
    let created = || created.iter().filter(|step| step.kind == StepKind::CreateUser);
    let snapshot = match steps {
        [] => Snapshot {
            dialect: plan.context.dialect,
            users: Vec::new(),
            others: Others::default(),
            groups: Vec::new(),
            complete: true,
        },
        steps => {
            let scope = SliceScope::of(steps.iter().chain(created()));
            snapshot::read(directory, &scope, needs_memberships(steps)).await?
        }
    };
    let fresh = Fresh::new(&snapshot, directory.capabilities(), steps).after(&plan.steps[..first]);

    let mut ids = unique_ids(&snapshot.users);
    for step in steps {
        if let (Some(email), Some(id)) = (&step.email, &step.user) {
            ids.insert(email.clone(), id.clone());
        }
    }
    let mut people = not_begun(steps.iter().filter_map(|step| step.email.as_ref()), &ids);
    let is_whole = end - first == plan.steps.len();
    let named = people.keys().cloned().collect::<Vec<_>>();
    refuse(&mut people, &plan, &ids);
    people.retain(|email, _| is_whole || named.binary_search(email).is_ok());

    let kept = KeptAccounts::of(&plan, directory.capabilities());
    let mut run = Run::new(directory, people, &plan.context.policy.guards, kept, now);
    let seen = seen_now(&plan, &fresh, now);
    let ended = run.apply_slice(&fresh, steps, created(), log).await;
    let next = (end < plan.steps.len()).then_some(end as u32);
    finish(run, plan, seen, ended, next)
}

fn check_dialect(planned: Dialect, spoken: Dialect) -> Result<()> {
    if planned == spoken {
        return Ok(());
    }
    let message = format!(
        "The plan was made over {}, and this connection speaks {}. Nothing was written. Apply it over {}.",
        planned.as_str(),
        spoken.as_str(),
        planned.as_str()
    );
    Err(Error::new(Code::WrongDialect, message).in_field("request.plan.dialect"))
}

/// Returns whether the steps need groups and memberships.
fn needs_memberships(steps: &[Step]) -> bool {
    steps.iter().any(|step| {
        matches!(
            step.kind,
            StepKind::CreateGroup
                | StepKind::AddMember
                | StepKind::RemoveMember
                | StepKind::DeleteUser
        )
    })
}

/// Returns the accounts that the plan takes something from, as the fresh listing has them. Earlier
/// slices may have changed them since the plan was made.
fn seen_now(plan: &Plan, fresh: &Fresh<'_>, now: i64) -> Vec<Tombstone> {
    let mut seen = plan.tombstones.clone();
    for tombstone in &mut seen {
        let Some(user) = fresh.user(&tombstone.user.id) else { continue };
        tombstone.user = user.clone();
        tombstone.user.forget_times();
        if let Some(groups) = &mut tombstone.user.groups {
            sort::sort_by(groups, |a, b| a.id.cmp(&b.id));
        }
        tombstone.recorded_at = format_iso(now);
    }
    seen
}

impl Run<'_> {
    /// Compares the steps with the fresh listing, then applies those that do not hold yet.
    async fn apply_slice(
        &mut self,
        fresh: &Fresh<'_>,
        steps: &[Step],
        created: impl Iterator<Item = &Step>,
        log: &dyn Log,
    ) -> Result<()> {
        for step in created {
            let Some(email) = step.email.as_ref().filter(|email| !fresh.has(email)) else {
                continue;
            };
            // A person who exists although the listing lacks them: it may lack others too.
            if find_one(self.directory, &UserRef::Email(email.clone())).await?.is_some() {
                self.overlooked.push(email.clone());
            }
        }
        let mut left = Vec::new();
        for step in steps {
            if let (Some(name), Some(link)) = (&step.group_name, fresh.group_of(step)) {
                self.new_groups.insert(name.clone(), link);
            }
            if !self.can_continue(step) {
                continue;
            }
            let outcome = match fresh.judge(self.directory, step).await {
                Ok(Judged::Holds) => continue,
                Ok(Judged::Stale(how)) => PersonOutcome::Stale(how),
                Ok(Judged::NotBegun(why)) => PersonOutcome::NotBegun(why),
                Ok(Judged::Apply | Judged::Read(..) | Judged::AskGroup(..)) => {
                    left.push(step);
                    continue;
                }
                Err(error) if ends_the_run(&error) => return Err(error),
                Err(error) => {
                    self.note_failure(step, error);
                    continue;
                }
            };
            if let Some(person) = step.email.as_ref().and_then(|email| self.people.get_mut(email)) {
                person.outcome = outcome;
            }
        }
        self.apply(&left, log).await
    }
}
