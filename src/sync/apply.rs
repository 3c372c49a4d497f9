//! Makes a plan and applies it at once, right after the listing that it was made from: step by
//! step in order, with a report for every person.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::report::{PersonOutcome, PersonReport, SyncReport};
use super::scope::SyncScope;
use super::step::{self, NewAccount, Notes, StepOutcome};
use super::{GuardReport, Occasion, Plan, Snapshot, Step, StepKind, SyncRequest, plan, snapshot};
use crate::admins::{AdminGuard, check_leaving};
use crate::domain::{Email, GroupId, GroupLink, Member, Tombstone, UserId, Write};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::http::Log;
use crate::lifecycle::{DELETIONS_DISABLE, NO_REQUEST};
use crate::profile::{self, Phase};
use crate::retool::read_back::{READINGS, ReadBack, read_back};
use crate::retool::{Directory, ReadDirectory, membership};
use crate::sort;
use crate::write_log::{self, WriteLog};

mod batch;
mod kept;
mod overlooked;

use kept::KeptAccounts;
use overlooked::{overlooked, unconfirmed_types};

/// Progress is logged after this many steps.
const STEPS_PER_LINE: usize = 25;

/// Plans without writing.
pub async fn plan_sync(
    directory: &dyn ReadDirectory,
    request: &SyncRequest,
    occasion: &Occasion,
) -> Result<Plan> {
    let snapshot = read_snapshot(directory, request).await?;
    profile::time(Phase::Planning, || plan::plan(request, &snapshot, occasion))
}

/// Reads the snapshot that a plan for a request needs.
async fn read_snapshot(directory: &dyn ReadDirectory, request: &SyncRequest) -> Result<Snapshot> {
    let memberships = plan::needs_memberships(request);
    snapshot::read(directory, &SyncScope::of(request), memberships).await
}

/// Plans and applies. On failure the error contains the writes so far.
pub async fn sync(
    directory: &dyn Directory,
    request: &SyncRequest,
    occasion: &Occasion,
    log: &dyn Log,
) -> Result<SyncReport> {
    let snapshot = read_snapshot(directory, request).await?;
    let plan = profile::time(Phase::Planning, || plan::plan(request, &snapshot, occasion))?;
    if plan.tripped().next().is_some() {
        return Err(refused(plan.tripped()));
    }
    let mut ids = BTreeMap::new();
    let mut shared = Vec::new();
    for user in snapshot.users {
        if ids.insert(user.email.clone(), user.id).is_some() {
            shared.push(user.email);
        }
    }
    // If several accounts share an address, it is not known which one is meant.
    for email in shared {
        ids.remove(&email);
    }
    let mut run = Run {
        directory,
        people: start(&plan, &ids),
        new_groups: BTreeMap::new(),
        groups_created: Vec::new(),
        lost_groups: BTreeMap::new(),
        touched: BTreeMap::new(),
        guard: AdminGuard {
            minimum: request.policy.guards.minimum_admins,
            required: request.policy.guards.required_admins.clone(),
        },
        last_admin: None,
        overlooked: Vec::new(),
        untyped: 0,
        kept: KeptAccounts::of(&plan, directory.capabilities()),
        notes: Notes::default(),
        write_log: WriteLog::at(occasion.now),
    };
    match run.apply(&plan, log).await {
        Err(error) => {
            let kept = run.write_log.tombstones().to_vec();
            let error = run.write_log.attach_writes(error);
            let tombstones = tombstones(&plan, kept, &error.writes);
            Err(error.with_tombstones(tombstones))
        }
        Ok(()) => {
            let kept = run.write_log.tombstones().to_vec();
            let writes = run.write_log.into_writes();
            let mut limitations = plan.limitations.clone();
            limitations.extend(overlooked(&run.overlooked));
            limitations.extend(unconfirmed_types(run.untyped));
            limitations.extend(run.notes.no_logout.then(|| String::from(NO_REQUEST)));
            let learned = plan.context.dialect.capabilities().deletes_people
                && !directory.capabilities().deletes_people;
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
                tombstones: tombstones(&plan, kept, &writes),
                writes,
                limitations,
                plan,
            })
        }
    }
}

/// Returns the accounts that these writes disabled, deleted or stripped: as they were in the
/// listing, with what was read right before the writes.
fn tombstones(plan: &Plan, kept: Vec<Tombstone>, writes: &[Write]) -> Vec<Tombstone> {
    let mut records = BTreeMap::new();
    for kept in kept {
        records.insert(kept.user.id.clone(), kept);
    }
    let mut tombstones = write_log::touched(plan.tombstones.clone(), writes);
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
    let report = |email: &Email, outcome| PersonReport {
        email: email.clone(),
        user: ids.get(email).cloned(),
        outcome,
        changes: Vec::new(),
        groups_added: Vec::new(),
        groups_removed: Vec::new(),
        disabled_since: None,
        note: None,
    };
    let unchanged =
        plan.unchanged.iter().chain(plan.steps.iter().filter_map(|step| step.email.as_ref()));
    let mut people = BTreeMap::new();
    for email in unchanged {
        people.entry(email.clone()).or_insert_with(|| report(email, PersonOutcome::Unchanged));
    }
    for refusal in &plan.refusals {
        let outcome = PersonOutcome::Refused(refusal.message.clone());
        people.insert(refusal.email.clone(), report(&refusal.email, outcome));
    }
    people
}

/// The state while a plan is applied.
struct Run<'a> {
    directory: &'a dyn Directory,
    people: BTreeMap<Email, PersonReport>,
    /// Groups that the plan creates, by name, once they exist.
    new_groups: BTreeMap<String, GroupLink>,
    /// Those of them that this run created.
    groups_created: Vec<GroupLink>,
    /// Groups that could not be created, and why.
    lost_groups: BTreeMap<String, Error>,
    /// The wanted memberships, for reading back: by group, then by user.
    touched: BTreeMap<GroupId, Touched>,
    guard: AdminGuard,
    /// Why the last step that takes rights was refused.
    last_admin: Option<Error>,
    /// People who exist although the listing lacked them.
    overlooked: Vec<Email>,
    /// How many people were created whose type the server does not report.
    untyped: usize,
    kept: KeptAccounts,
    notes: Notes,
    write_log: WriteLog,
}

struct Touched {
    group: GroupLink,
    members: BTreeMap<UserId, Membership>,
}

/// Whether a user should be in a group.
struct Membership {
    email: Email,
    wanted: bool,
}

/// What a step produced, besides its outcome.
enum Done {
    Group(GroupLink),
    User(UserId),
    Membership(GroupLink),
    Nothing,
}

impl Run<'_> {
    async fn apply(&mut self, plan: &Plan, log: &dyn Log) -> Result<()> {
        // A step that would leave too few administrators waits for steps that add some.
        let mut waiting = Vec::new();
        // Deletions of disabled accounts come last: others may show that deletions only disable.
        let mut kept = Vec::new();
        let batches = self.directory.capabilities().batches_members;
        let joins = |step: &Step| batches && step.kind == StepKind::AddMember;
        for (index, step) in plan.steps.iter().enumerate() {
            if index > 0 && index % STEPS_PER_LINE == 0 {
                log.line(&format!("applying: {index} of {} steps", plan.steps.len()));
            }
            if joins(step) {
                // These steps are adjacent in the plan. The first of them applies all.
                if index == 0 || !joins(&plan.steps[index - 1]) {
                    let rest = &plan.steps[index..];
                    let end = rest.iter().position(|step| !joins(step)).unwrap_or(rest.len());
                    self.join_all(&rest[..end]).await?;
                }
            } else if self.kept.may_be_kept(step) {
                kept.push(step);
            } else if !self.take(step).await? {
                waiting.push(step);
            }
        }
        for step in waiting {
            // An administrator who was just made one may not be visible as one yet.
            let mut reading = 1;
            while !self.take(step).await? {
                if reading == READINGS || !self.directory.wait_to_read_back(reading).await {
                    self.refuse_last_admin(step);
                    break;
                }
                reading += 1;
            }
        }
        for step in kept {
            self.delete_disabled(step).await?;
        }
        self.read_back().await
    }

    /// Applies a step, unless an earlier step for its person was stale or failed. Returns `false`,
    /// and writes nothing, if it would leave too few administrators now. Fails only if the run must
    /// end.
    async fn take(&mut self, step: &Step) -> Result<bool> {
        if !self.can_continue(step) || self.is_withheld(step) {
            return Ok(true);
        }
        let applied = self.apply_step(step).await;
        if let Some(note) = self.notes.take()
            && let Some(person) = step.email.as_ref().and_then(|email| self.people.get_mut(email))
        {
            person.note = Some(note);
        }
        match applied {
            Ok((outcome, done)) => self.note(step, outcome, done),
            Err(error) if ends_the_run(&error) => return Err(error),
            Err(error) if error.code == Code::LastAdmin => {
                self.last_admin = Some(error);
                return Ok(false);
            }
            Err(error) => self.note_failure(step, error),
        }
        Ok(true)
    }

    /// Reports a step as failed that would leave too few administrators. The guard passed for the
    /// plan, but a step that grants rights had no effect, or another user took some.
    fn refuse_last_admin(&mut self, step: &Step) {
        if let Some(error) = self.last_admin.take() {
            self.note_failure(step, error);
        }
    }

    fn can_continue(&self, step: &Step) -> bool {
        let person = step.email.as_ref().and_then(|email| self.people.get(email));
        person.is_none_or(|person| {
            !matches!(person.outcome, PersonOutcome::Stale(_) | PersonOutcome::Failed(_))
        })
    }

    /// Returns the id of a step's person, who may have been created by this run.
    fn id_of(&self, step: &Step) -> Result<Option<UserId>> {
        let email = step::person(step)?;
        let created = || self.people.get(email).and_then(|person| person.user.as_ref());
        Ok(step.user.as_ref().or_else(created).cloned())
    }

    /// Records a membership to be read back.
    fn touch(&mut self, step: &Step, id: UserId, group: &GroupLink) -> Result<()> {
        let email = step::person(step)?.clone();
        let touched = self
            .touched
            .entry(group.id.clone())
            .or_insert_with(|| Touched { group: group.clone(), members: BTreeMap::new() });
        let wanted = step.kind == StepKind::AddMember;
        touched.members.insert(id, Membership { email, wanted });
        Ok(())
    }

    async fn apply_step(&mut self, step: &Step) -> Result<(StepOutcome, Done)> {
        let directory = self.directory;
        match step.kind {
            StepKind::CreateGroup => {
                let name = step::group_name(step)?;
                let (outcome, link) =
                    step::create_group(directory, name, &mut self.write_log).await?;
                Ok((outcome, Done::Group(link)))
            }
            StepKind::CreateUser => {
                let new = step::new_user(step)?;
                let NewAccount { outcome, id, is_untyped } =
                    step::create_user(directory, &new, &mut self.write_log).await?;
                self.untyped += usize::from(is_untyped);
                if outcome != StepOutcome::Applied {
                    self.overlooked.push(new.email);
                }
                Ok((outcome, Done::User(id)))
            }
            StepKind::EnableUser | StepKind::UpdateUser | StepKind::DisableUser => {
                let (guard, notes, write_log) = (&self.guard, &mut self.notes, &mut self.write_log);
                let outcome = step::change_user(directory, step, guard, notes, write_log).await?;
                Ok((outcome, Done::Nothing))
            }
            StepKind::DeleteUser => {
                let (guard, notes, write_log) = (&self.guard, &mut self.notes, &mut self.write_log);
                let outcome = step::delete_user(directory, step, guard, notes, write_log).await?;
                Ok((outcome, Done::Nothing))
            }
            StepKind::AddMember | StepKind::RemoveMember => {
                let group = self.group_of(step)?;
                let Some(id) = self.id_of(step)? else {
                    return Ok((
                        StepOutcome::Stale("The account was not created.".into()),
                        Done::Nothing,
                    ));
                };
                if step.kind == StepKind::RemoveMember && group.is_administrators() {
                    let account = directory.read_user(&id).await?;
                    if let Some(account) = account {
                        check_leaving(directory, &account.user, &self.guard).await?;
                    }
                }
                // The plan takes this person for a new one, who is in no group.
                if self.is_overlooked(step)
                    && step::membership_holds(directory, step, &id, &group).await
                {
                    return Ok((StepOutcome::AlreadySo, Done::Nothing));
                }
                let written =
                    step::write_membership(directory, step, &id, &group, &mut self.write_log).await;
                match written {
                    Ok(true) => {}
                    Ok(false) => return Ok((StepOutcome::AlreadySo, Done::Nothing)),
                    // The server derives some memberships from fields, which may just have been
                    // set, and refuses to write them.
                    Err(error)
                        if error.code == Code::ServerRefused
                            && step::membership_holds(directory, step, &id, &group).await =>
                    {
                        // If `maybe_applied`, an attempt with a lost response may have done it.
                        if !error.maybe_applied {
                            return Ok((StepOutcome::AlreadySo, Done::Nothing));
                        }
                    }
                    Err(error) => return Err(error),
                }
                self.touch(step, id, &group)?;
                Ok((StepOutcome::Applied, Done::Membership(group)))
            }
        }
    }

    fn group_of(&self, step: &Step) -> Result<GroupLink> {
        if let Some(id) = &step.group {
            return Ok(GroupLink {
                id: id.clone(),
                name: step.group_name.clone(),
                group_admin: None,
            });
        }
        let name = step::group_name(step)?;
        match (self.new_groups.get(name), self.lost_groups.get(name)) {
            (Some(link), _) => Ok(link.clone()),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => {
                Err(Error::new(Code::GroupNotFound, "The group was not created. Sync again.")
                    .about(name))
            }
        }
    }

    fn note(&mut self, step: &Step, outcome: StepOutcome, done: Done) {
        if let Done::Group(link) = done {
            if let Some(name) = &step.group_name {
                self.new_groups.insert(name.clone(), link.clone());
            }
            if outcome == StepOutcome::Applied {
                self.groups_created.push(link);
            }
            return;
        }
        let Some(person) = step.email.as_ref().and_then(|email| self.people.get_mut(email)) else {
            return;
        };
        match &outcome {
            StepOutcome::Stale(reason) => person.outcome = PersonOutcome::Stale(reason.clone()),
            StepOutcome::AlreadySo => {
                if let Done::User(id) = done {
                    person.user = Some(id);
                }
            }
            StepOutcome::Applied | StepOutcome::Deactivated => {
                person.changes.extend(step.changes.iter().cloned());
                match done {
                    Done::User(id) => person.user = Some(id),
                    Done::Membership(group) if step.kind == StepKind::AddMember => {
                        person.groups_added.push(group)
                    }
                    Done::Membership(group) => person.groups_removed.push(group),
                    Done::Group(_) | Done::Nothing => {}
                }
                let now = match step.kind {
                    StepKind::CreateUser => PersonOutcome::Created,
                    StepKind::EnableUser => PersonOutcome::ReEnabled,
                    StepKind::DisableUser => PersonOutcome::Disabled,
                    StepKind::DeleteUser if outcome == StepOutcome::Deactivated => {
                        PersonOutcome::Disabled
                    }
                    StepKind::DeleteUser => PersonOutcome::Deleted,
                    _ => PersonOutcome::Updated,
                };
                // The first step decides the outcome: creation comes before memberships.
                if person.outcome == PersonOutcome::Unchanged {
                    person.outcome = now;
                }
            }
        }
    }

    fn note_failure(&mut self, step: &Step, error: Error) {
        match step.email.as_ref().and_then(|email| self.people.get_mut(email)) {
            Some(person) => person.outcome = PersonOutcome::Failed(error),
            None => {
                let name = step.group_name.as_deref().unwrap_or_default();
                self.lost_groups.insert(String::from(name), error);
            }
        }
    }

    /// Reads back every group whose members were changed, once if all members are as wanted.
    async fn read_back(&mut self) -> Result<()> {
        for touched in self.touched.values() {
            let id = &touched.group.id;
            let read = read_back(self.directory, async || {
                let members = membership::members(self.directory, id).await?.unwrap_or_default();
                let wrong = touched.wrong(&members);
                Ok(if wrong.is_empty() { ReadBack::Holds(()) } else { ReadBack::NotYet(wrong) })
            });
            let failures: Vec<(&Email, Error)> = match read.await {
                Ok(Ok(())) => continue,
                Ok(Err(wrong)) => {
                    let mut failures = Vec::new();
                    for (user, member) in wrong {
                        // A member may be missing from this view, and be in the group.
                        let is_in = membership::is_in_own_record(self.directory, user, id);
                        if !(member.wanted && is_in.await.is_ok_and(|is_in| is_in)) {
                            let email = &member.email;
                            failures
                                .push((email, step::membership_not_held(email, &touched.group)));
                        }
                    }
                    failures
                }
                Err(error) if ends_the_run(&error) => return Err(error),
                Err(error) => {
                    let members = touched.members.values();
                    members.map(|member| (&member.email, error.clone())).collect()
                }
            };
            for (email, error) in failures {
                if let Some(person) = self.people.get_mut(email)
                    && person.outcome != PersonOutcome::Deleted
                {
                    person.outcome = PersonOutcome::Failed(error);
                }
            }
        }
        Ok(())
    }
}

impl Touched {
    /// Returns the users whose membership is not as wanted.
    fn wrong<'a>(&'a self, members: &[Member]) -> Vec<(&'a UserId, &'a Membership)> {
        let present = sort::set(members.iter().map(|member| &member.id));
        let wrong =
            self.members.iter().filter(|(id, member)| present.contains(id) != member.wanted);
        wrong.collect()
    }
}

#[cfg(test)]
mod tests;
