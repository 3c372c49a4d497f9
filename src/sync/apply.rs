//! Makes a plan and applies it at once, right after the listing that it was made from, or applies an
//! approved plan in slices: step by step in order, with a report for every person.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::report::{PersonOutcome, PersonReport, SyncReport};
use super::scope::SyncScope;
use super::{
    GuardReport, Occasion, Plan, Refusal, Snapshot, Step, StepKind, SyncRequest, plan, refs,
    snapshot,
};
use crate::domain::{AttributeDefinition, Email, Tombstone, User, UserId, Write};
use crate::error::{Code, Error, Result};
use crate::http::Log;
use crate::lifecycle::{DELETIONS_DISABLE, Definitions, NO_REQUEST};
use crate::profile::{self, Phase};
use crate::retool::{Directory, ReadDirectory};
use crate::write_log;

mod approved;
mod batch;
mod fresh;
mod independent;
mod kept;
mod order;
mod overlooked;
mod read_back;
mod run;
mod single;
mod slice;

pub use approved::{Approved, Part, altered};
pub use slice::apply_plan;

use kept::KeptAccounts;
use overlooked::{overlooked, unconfirmed_types};
use run::Run;

/// Plans without writing. Fails with `plan-changed` if the plan has another digest than `expected`.
pub async fn plan_sync(
    directory: &dyn ReadDirectory,
    request: &SyncRequest,
    expected: Option<&str>,
    occasion: &Occasion,
) -> Result<Plan> {
    let snapshot = read_snapshot(directory, request).await?;
    make_plan(&snapshot, request, expected, occasion)
}

/// Reads the snapshot that a plan for a request needs.
async fn read_snapshot(directory: &dyn ReadDirectory, request: &SyncRequest) -> Result<Snapshot> {
    refs::check(request, directory.capabilities().dialect)?;
    let attributes = read_attributes(directory, request).await?;
    let memberships = plan::needs_memberships(request);
    let snapshot = snapshot::read(directory, &SyncScope::of(request), memberships).await?;
    Ok(Snapshot { attributes, ..snapshot })
}

/// Reads which user attributes there are, if the roster names any. Fails for one that does not
/// exist.
async fn read_attributes(
    directory: &dyn ReadDirectory,
    request: &SyncRequest,
) -> Result<Option<Vec<AttributeDefinition>>> {
    let is_named = request.roster.iter().any(|desired| !desired.details.attributes.is_empty());
    if !is_named || !directory.capabilities().sets_attributes {
        return Ok(None);
    }
    let Some(definitions) = directory.list_attributes().await? else { return Ok(None) };
    let known = Definitions::new(definitions.clone());
    for (index, desired) in request.roster.iter().enumerate() {
        known.check(&desired.details.attributes).map_err(|mut error| {
            let field = error.field.take().unwrap_or_default();
            let field = field.replacen("request", &format!("request.roster[{index}]"), 1);
            error.in_field(field).about(desired.label())
        })?;
    }
    Ok(Some(definitions))
}

fn make_plan(
    snapshot: &Snapshot,
    request: &SyncRequest,
    expected: Option<&str>,
    occasion: &Occasion,
) -> Result<Plan> {
    let plan = profile::time(Phase::Planning, || plan::plan(request, snapshot, occasion))?;
    if expected.is_some_and(|expected| expected != plan.digest) {
        let message = format!(
            "The roster, the policy or the organisation is not as it was approved: the plan has the \
             digest {} now. Nothing was written. Plan again and have that plan approved.",
            plan.digest
        );
        return Err(Error::new(Code::PlanChanged, message).in_field("request.expected-digest"));
    }
    Ok(plan)
}

/// Plans and applies. On failure the error contains the writes so far. Fails with `plan-changed`,
/// and writes nothing, if the plan has another digest than `expected`.
pub async fn sync(
    directory: &dyn Directory,
    request: &SyncRequest,
    expected: Option<&str>,
    occasion: &Occasion,
    log: &dyn Log,
) -> Result<SyncReport> {
    let snapshot = read_snapshot(directory, request).await?;
    let plan = make_plan(&snapshot, request, expected, occasion)?;
    if plan.tripped().next().is_some() {
        return Err(refused(plan.tripped()));
    }
    let mut people = start(&plan, &ids_of(&snapshot.users, &plan.steps));
    for (email, login) in refs::logins(request, &snapshot.users) {
        if let Some(person) = people.get_mut(&email) {
            person.login = Some(login);
        }
    }
    let kept = KeptAccounts::of(&plan, directory.capabilities());
    let limits = &plan.context.policy.guards;
    let mut run = Run::new(directory, people, limits, kept, occasion.now);
    let steps: Vec<&Step> = plan.steps.iter().collect();
    let ended = run.apply(&steps, log).await;
    let seen = plan.tombstones.clone();
    finish(run, plan, seen, ended, None)
}

/// Returns the id of each address, as accounts have them and as steps name them.
fn ids_of(users: &[User], steps: &[Step]) -> BTreeMap<Email, UserId> {
    let mut ids = unique_ids(users);
    for step in steps {
        if let (Some(email), Some(id)) = (&step.email, &step.user) {
            match step.kind {
                // It may be one beside an account.
                StepKind::CancelInvitation => drop(ids.entry(email.clone()).or_insert(id.clone())),
                _ => drop(ids.insert(email.clone(), id.clone())),
            }
        }
    }
    ids
}

/// Returns the id of each address. If several accounts share an address, it is not known which one
/// is meant.
fn unique_ids(users: &[User]) -> BTreeMap<Email, UserId> {
    let mut ids = BTreeMap::new();
    let mut shared = Vec::new();
    for user in users {
        if ids.insert(user.email.clone(), user.id.clone()).is_some() {
            shared.push(&user.email);
        }
    }
    for email in shared {
        ids.remove(email);
    }
    ids
}

/// Returns the report of a run, or its error with what was written. `seen` are the accounts that
/// the plan takes something from, as a listing had them.
fn finish(
    run: Run<'_>,
    plan: Plan,
    seen: Vec<Tombstone>,
    ended: Result<()>,
    next: Option<u32>,
) -> Result<SyncReport> {
    let kept = run.write_log.tombstones().to_vec();
    if let Err(error) = ended {
        let error = run.write_log.attach_writes(error);
        let tombstones = tombstones(seen, kept, &error.writes);
        return Err(error.with_tombstones(tombstones));
    }
    let writes = run.write_log.into_writes();
    let mut limitations = plan.limitations.clone();
    limitations.extend(overlooked(&run.overlooked));
    limitations.extend(unconfirmed_types(run.untyped));
    limitations.extend(run.notes.no_logout.then(|| String::from(NO_REQUEST)));
    let learned = plan.context.dialect.capabilities().deletes_people
        && !run.directory.capabilities().deletes_people;
    limitations.extend(learned.then(|| String::from(DELETIONS_DISABLE)));
    let mut people = run.people.into_values().collect::<Vec<_>>();
    for person in &mut people {
        let own = kept.iter().find(|kept| kept.user.email == person.email);
        person.disabled_since = own.and_then(|own| own.disabled_since.clone());
        let email = person.email.as_str();
        if let PersonOutcome::Failed(error) = &mut person.outcome {
            error.writes = writes.iter().filter(|w| w.subject == email).cloned().collect();
        }
    }
    Ok(SyncReport {
        complete: run.lost_groups.is_empty()
            && run.overlooked.is_empty()
            && people.iter().all(|person| person.outcome.is_done()),
        people,
        groups_created: run.groups_created,
        groups_failed: run.lost_groups.into_values().collect(),
        tombstones: tombstones(seen, kept, &writes),
        writes,
        limitations,
        next,
        plan,
    })
}

/// Returns the accounts that these writes disabled, deleted or stripped: as they were `seen` in a
/// listing, with what was read right before the writes.
fn tombstones(seen: Vec<Tombstone>, kept: Vec<Tombstone>, writes: &[Write]) -> Vec<Tombstone> {
    let mut records = BTreeMap::new();
    for kept in kept {
        // The first one is from before all writes.
        records.entry(kept.user.id.clone()).or_insert(kept);
    }
    let mut tombstones = write_log::touched(seen, writes);
    for tombstone in &mut tombstones {
        if let Some(kept) = records.remove(&tombstone.user.id) {
            tombstone.raw = kept.raw;
            tombstone.disabled_since = kept.disabled_since;
            tombstone.user.groups = tombstone.user.groups.take().or(kept.user.groups);
        }
    }
    // Accounts that the plan did not mean to take anything from, and that a write damaged.
    tombstones.extend(write_log::touched(records.into_values().collect(), writes));
    tombstones
}

fn refused<'a>(tripped: impl Iterator<Item = &'a GuardReport>) -> Error {
    let mut message = String::from("Nothing was written.");
    for report in tripped {
        message.push_str(&format!(" Guard {}: {}", report.guard.as_str(), report.message));
    }
    message.push_str(" Look at the plan; if it is right, raise the limit for this run.");
    Error::new(Code::GuardTripped, message)
}

/// Returns the initial reports, for every person of the plan, before any step is applied.
fn start(plan: &Plan, ids: &BTreeMap<Email, UserId>) -> BTreeMap<Email, PersonReport> {
    let of_steps = plan.steps.iter().filter_map(|step| step.email.as_ref());
    let mut people = not_begun(plan.unchanged.iter().chain(of_steps), ids);
    refuse(&mut people, plan, ids);
    people
}

/// Returns the initial reports of people whose steps are to be applied.
fn not_begun<'a>(
    emails: impl Iterator<Item = &'a Email>,
    ids: &BTreeMap<Email, UserId>,
) -> BTreeMap<Email, PersonReport> {
    let mut people = BTreeMap::new();
    for email in emails {
        let report = || PersonReport::new(email, ids.get(email), PersonOutcome::Unchanged);
        people.entry(email.clone()).or_insert_with(report);
    }
    people
}

/// Adds the people that the plan leaves alone.
fn refuse(people: &mut BTreeMap<Email, PersonReport>, plan: &Plan, ids: &BTreeMap<Email, UserId>) {
    for Refusal { email, message, .. } in &plan.refusals {
        let outcome = PersonOutcome::Refused(message.clone());
        people.insert(email.clone(), PersonReport::new(email, ids.get(email), outcome));
    }
}

#[cfg(test)]
mod tests;
