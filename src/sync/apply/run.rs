//! Applies steps one by one, and records what happened to each person.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::independent::independent;
use super::kept::KeptAccounts;
use super::read_back::{Membership, Touched};
use crate::admins::{AdminGuard, check_leaving};
use crate::domain::{Email, Field, FieldChange, GroupId, GroupLink, UserId};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::event::{self, Event};
use crate::http::Log;
use crate::retool::Directory;
use crate::retool::read_back::READINGS;
use crate::sync::report::{PersonOutcome, PersonReport};
use crate::sync::step::{self, NewAccount, Notes, StepOutcome};
use crate::sync::{GuardLimits, Step, StepKind};
use crate::write_log::WriteLog;

/// Progress is reported after this many steps.
const STEPS_PER_LINE: usize = 25;

/// The state while a plan is applied.
pub(super) struct Run<'a> {
    pub(super) directory: &'a dyn Directory,
    pub(super) people: BTreeMap<Email, PersonReport>,
    /// Groups that the plan creates, by name, once they exist.
    pub(super) new_groups: BTreeMap<String, GroupLink>,
    /// Those of them that this run created.
    pub(super) groups_created: Vec<GroupLink>,
    /// Groups that could not be created, and why.
    pub(super) lost_groups: BTreeMap<String, Error>,
    /// The wanted memberships, for reading back: by group, then by user.
    pub(super) touched: BTreeMap<GroupId, Touched>,
    pub(super) guard: AdminGuard,
    /// Why the last step that takes rights was refused.
    pub(super) last_admin: Option<Error>,
    /// People who exist although the listing lacked them.
    pub(super) overlooked: Vec<Email>,
    /// How many people were created whose type the server does not report.
    pub(super) untyped: usize,
    pub(super) kept: KeptAccounts,
    pub(super) notes: Notes,
    pub(super) write_log: WriteLog,
}

/// What a step produced, besides its outcome.
pub(super) enum Done {
    Group(GroupLink),
    User(UserId),
    Membership(GroupLink),
    Nothing,
}

/// Steps that are applied after all others.
#[derive(Default)]
struct Late<'s> {
    /// Steps that would leave too few administrators: others may add some.
    waiting: Vec<&'s Step>,
    /// Deletions of disabled accounts: others may show that deletions only disable.
    kept: Vec<&'s Step>,
}

/// How many of the steps were begun, for the log.
struct Progress<'l> {
    begun: usize,
    all: usize,
    log: &'l dyn Log,
}

impl Progress<'_> {
    fn begin_step(&mut self) {
        if self.begun > 0 && self.begun.is_multiple_of(STEPS_PER_LINE) {
            self.log.event(Event::Progress(event::Progress {
                task: "applying",
                done: self.begun,
                total: Some(self.all),
                unit: Some("steps"),
                ..event::Progress::default()
            }));
        }
        self.begun += 1;
    }
}

impl<'a> Run<'a> {
    /// Creates the state before the first step. `people` are the initial reports.
    pub(super) fn new(
        directory: &'a dyn Directory,
        people: BTreeMap<Email, PersonReport>,
        limits: &GuardLimits,
        kept: KeptAccounts,
        now: i64,
    ) -> Self {
        Run {
            directory,
            people,
            new_groups: BTreeMap::new(),
            groups_created: Vec::new(),
            lost_groups: BTreeMap::new(),
            touched: BTreeMap::new(),
            guard: AdminGuard {
                minimum: limits.minimum_admins,
                required: limits.required_admins.clone(),
                taken: Vec::new(),
            },
            last_admin: None,
            overlooked: Vec::new(),
            untyped: 0,
            kept,
            notes: Notes::default(),
            write_log: WriteLog::at(now),
        }
    }
}

impl Run<'_> {
    /// Applies steps in order, group by group of steps that don't depend on each other. Fails only
    /// if the run must end.
    pub(super) async fn apply(&mut self, steps: &[&Step], log: &dyn Log) -> Result<()> {
        let mut late = Late::default();
        let mut progress = Progress { begun: 0, all: steps.len(), log };
        for group in independent(steps) {
            self.apply_group(group, &mut late, &mut progress).await?;
        }
        for step in late.waiting {
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
        for step in late.kept {
            self.delete_disabled(step).await?;
        }
        self.read_back().await
    }

    /// Applies steps that don't depend on each other, one after the other.
    async fn apply_group<'s>(
        &mut self,
        steps: &[&'s Step],
        late: &mut Late<'s>,
        progress: &mut Progress<'_>,
    ) -> Result<()> {
        let adds = steps.first().is_some_and(|step| step.kind == StepKind::AddMember);
        if adds && self.directory.capabilities().batches_members {
            steps.iter().for_each(|_| progress.begin_step());
            return self.join_all(steps).await;
        }
        for &step in steps {
            progress.begin_step();
            if self.kept.may_be_kept(step) {
                late.kept.push(step);
            } else if !self.take(step).await? {
                late.waiting.push(step);
            }
        }
        Ok(())
    }

    /// Applies a step, unless an earlier step for its person was stale or failed. Returns `false`,
    /// and writes nothing, if it would leave too few administrators now. Fails only if the run must
    /// end.
    pub(super) async fn take(&mut self, step: &Step) -> Result<bool> {
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
    pub(super) fn refuse_last_admin(&mut self, step: &Step) {
        if let Some(error) = self.last_admin.take() {
            self.note_failure(step, error);
        }
    }

    pub(super) fn can_continue(&self, step: &Step) -> bool {
        let person = step.email.as_ref().and_then(|email| self.people.get(email));
        person.is_none_or(|person| {
            use PersonOutcome::{Failed, NotBegun, Stale};
            !matches!(person.outcome, Stale(_) | Failed(_) | NotBegun(_))
        })
    }

    /// Returns the id of a step's person, who may have been created by this run.
    pub(super) fn id_of(&self, step: &Step) -> Result<Option<UserId>> {
        let email = step::person(step)?;
        let created = || self.people.get(email).and_then(|person| person.user.as_ref());
        Ok(step.user.as_ref().or_else(created).cloned())
    }

    /// Records a membership to be read back.
    pub(super) fn touch(&mut self, step: &Step, id: UserId, group: &GroupLink) -> Result<()> {
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
                    Ok(false) => {
                        // The listing says otherwise, so it is read back too.
                        self.touch(step, id, &group)?;
                        return Ok((StepOutcome::AlreadySo, Done::Nothing));
                    }
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

    pub(super) fn group_of(&self, step: &Step) -> Result<GroupLink> {
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

    pub(super) fn note(&mut self, step: &Step, outcome: StepOutcome, done: Done) {
        if let Done::Group(link) = done {
            if let Some(name) = &step.group_name {
                self.new_groups.insert(name.clone(), link.clone());
            }
            if outcome == StepOutcome::Applied {
                self.groups_created.push(link);
            }
            return;
        }
        if matches!(outcome, StepOutcome::Applied | StepOutcome::Deactivated) {
            self.note_taken(step);
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

    /// Records a user whose rights may have been taken: a read that is late still shows them.
    fn note_taken(&mut self, step: &Step) {
        let demotes =
            |change: &FieldChange| change.field == Field::Admin.as_str() && change.after == "false";
        let takes = match step.kind {
            StepKind::DisableUser | StepKind::DeleteUser => true,
            StepKind::EnableUser | StepKind::UpdateUser => step.changes.iter().any(demotes),
            StepKind::RemoveMember => {
                self.group_of(step).is_ok_and(|group| group.is_administrators())
            }
            StepKind::CreateGroup | StepKind::CreateUser | StepKind::AddMember => false,
        };
        if takes {
            self.guard.taken.extend(step.user.clone());
        }
    }

    pub(super) fn note_failure(&mut self, step: &Step, error: Error) {
        if error.maybe_applied {
            self.note_taken(step);
        }
        match step.email.as_ref().and_then(|email| self.people.get_mut(email)) {
            Some(person) => person.outcome = PersonOutcome::Failed(error),
            None => {
                let name = step.group_name.as_deref().unwrap_or_default();
                self.lost_groups.insert(String::from(name), error);
            }
        }
    }
}
