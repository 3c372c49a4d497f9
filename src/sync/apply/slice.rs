//! Applies a slice of an approved plan.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::approved::Approved;
use super::fresh::{Fresh, Judged};
use super::kept::KeptAccounts;
use super::run::Run;
use super::{finish, ids_of, not_begun, refuse};
use crate::domain::{Dialect, Email, Tombstone, UserId, UserRef};
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
    /// Whether a step disables or deletes a person: it may depend on when the account was last
    /// changed, or its user last active.
    needs_times: bool,
}

impl SliceScope {
    fn of<'a>(steps: impl Iterator<Item = &'a Step>) -> Self {
        let (mut named, mut ids, mut needs_times) = (Vec::new(), Vec::new(), false);
        for step in steps {
            needs_times |= matches!(step.kind, StepKind::DisableUser | StepKind::DeleteUser);
            named.extend(step.email.iter().map(|email| fingerprint(email.key())));
            ids.extend(step.user.iter().map(|id| fingerprint(&id.value)));
            let logins = step.changes.iter().filter(|change| change.field == LOGIN);
            named.extend(logins.map(|change| {
                fingerprint(Email::new(change.after.as_deref().unwrap_or_default()).key())
            }));
        }
        named.sort_unstable();
        ids.sort_unstable();
        SliceScope { named, ids, needs_times }
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

    fn wants_times(&self) -> bool {
        self.needs_times
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
    // Before a removal, the people that earlier slices created must be in the listing.
    let created = match steps.iter().any(|step| step.kind.removes_person()) {
        true => &plan.steps[..first],
        false => &[],
    };
    let created = || created.iter().filter(|step| step.kind.makes_person());
    let snapshot = match steps {
        [] => Snapshot {
            dialect: plan.context.dialect,
            users: Vec::new(),
            others: Others::default(),
            invitations: Vec::new(),
            groups: Vec::new(),
            attributes: None,
            complete: true,
            read_at: None,
        },
        steps => {
            let scope = SliceScope::of(steps.iter().chain(created()));
            snapshot::read(directory, &scope, needs_memberships(steps)).await?
        }
    };
    let fresh = Fresh::new(&snapshot, directory.capabilities(), steps).after(&plan.steps[..first]);

    let ids = ids_of(&snapshot.users, steps);
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
                | StepKind::ChangeMember
                | StepKind::RemoveMember
                | StepKind::DeleteUser
        )
    })
}

/// Returns the accounts that the plan takes something from, as the fresh listing has them. Earlier
/// slices may have changed them since the plan was made.
fn seen_now(plan: &Plan, fresh: &Fresh<'_>, now: i64) -> Vec<Tombstone> {
    let mut seen = plan.tombstones.clone();
    let renames = plan.steps.iter().filter(|step| step.kind == StepKind::RenameUser);
    let renamed: BTreeSet<&UserId> = renames.filter_map(|step| step.user.as_ref()).collect();
    for tombstone in &mut seen {
        let Some(user) = fresh.user(&tombstone.user.id) else { continue };
        // One names the account by the address that it has after the plan.
        let email = core::mem::replace(&mut tombstone.user, user.clone()).email;
        if renamed.contains(&&tombstone.user.id) {
            tombstone.user.email = email;
        }
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
