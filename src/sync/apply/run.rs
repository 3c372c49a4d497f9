//! The state of a run: what happened to each person so far.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::kept::KeptAccounts;
use super::read_back::{Membership, Touched};
use super::single::Taken;
use crate::admins::AdminGuard;
use crate::domain::{Email, Field, FieldChange, GroupId, GroupLink, UserId};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::retool::Directory;
use crate::sync::report::{PersonOutcome, PersonReport};
use crate::sync::step::{self, Notes, StepOutcome};
use crate::sync::{GuardLimits, Step, StepKind};
use crate::write_log::WriteLog;

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
                side_by_side: false,
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

    /// Adds what a step did to the state. Returns `false` if nothing was written because too few
    /// administrators would be left. Fails only if the run must end.
    pub(super) fn merge(&mut self, step: &Step, taken: Taken) -> Result<bool> {
        let Taken { applied, notes, write_log, overlooked, is_untyped, touched } = taken;
        self.write_log.append(write_log);
        self.overlooked.extend(overlooked);
        self.untyped += usize::from(is_untyped);
        self.notes.no_logout |= notes.no_logout;
        if let Some((id, group)) = touched {
            self.touch(step, id, &group)?;
        }
        let mut notes = notes;
        if let Some(note) = notes.take()
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

    pub(super) fn group_of(&self, step: &Step) -> Result<GroupLink> {
        if let Some(id) = &step.group {
            return Ok(GroupLink::new(id.clone(), step.group_name.clone()));
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
                    Done::Membership(mut group) if step.kind != StepKind::RemoveMember => {
                        group.set_group_admin(step.group_admin);
                        match step.kind {
                            StepKind::AddMember => {
                                // By name, whichever was joined first.
                                let added = &mut person.groups_added;
                                let at = added.partition_point(|other| other.name <= group.name);
                                added.insert(at, group);
                            }
                            _ => person.groups_changed.push(group),
                        }
                    }
                    Done::Membership(group) => person.groups_removed.push(group),
                    Done::Group(_) | Done::Nothing => {}
                }
                // An invitation beside an account is not the person.
                let is_beside = person.user.is_some() && person.user != step.user;
                let now = match step.kind {
                    StepKind::CreateUser => PersonOutcome::Created,
                    StepKind::InviteUser => PersonOutcome::Invited,
                    StepKind::RenameUser => PersonOutcome::Renamed,
                    StepKind::EnableUser => PersonOutcome::ReEnabled,
                    StepKind::DisableUser => PersonOutcome::Disabled,
                    StepKind::DeleteUser if outcome == StepOutcome::Deactivated => {
                        PersonOutcome::Disabled
                    }
                    StepKind::CancelInvitation if is_beside => PersonOutcome::Updated,
                    StepKind::DeleteUser | StepKind::CancelInvitation => PersonOutcome::Deleted,
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
        let demotes = |change: &FieldChange| {
            change.field == Field::Admin.as_str() && change.after.as_deref() == Some("false")
        };
        let takes = match step.kind {
            StepKind::DisableUser | StepKind::DeleteUser => true,
            StepKind::RenameUser | StepKind::EnableUser | StepKind::UpdateUser => {
                step.changes.iter().any(demotes)
            }
            StepKind::RemoveMember => {
                self.group_of(step).is_ok_and(|group| group.is_administrators())
            }
            StepKind::CreateGroup
            | StepKind::CreateUser
            | StepKind::InviteUser
            | StepKind::CancelInvitation
            | StepKind::ChangeAttributes
            | StepKind::AddMember
            | StepKind::ChangeMember => false,
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
