//! Applies one step, without changing the state of the run: steps may run side by side.

use super::run::{Done, Run};
use crate::admins::{AdminGuard, check_leaving};
use crate::domain::{Email, GroupLink, UserId};
use crate::error::{Code, Result};
use crate::sync::step::{self, NewAccount, Notes, StepOutcome};
use crate::sync::{Step, StepKind};
use crate::write_log::WriteLog;

/// What a step did.
pub(super) struct Taken {
    pub applied: Result<(StepOutcome, Done)>,
    pub notes: Notes,
    pub write_log: WriteLog,
    /// The person, if they exist although the listing lacked them.
    pub overlooked: Option<Email>,
    /// Whether a person was created whose type the server does not report.
    pub is_untyped: bool,
    /// The membership to read back.
    pub touched: Option<(UserId, GroupLink)>,
}

impl Run<'_> {
    /// Applies a step. Its writes go to `write_log`.
    pub(super) async fn apply_step(
        &self,
        step: &Step,
        guard: &AdminGuard,
        write_log: WriteLog,
    ) -> Taken {
        let mut taken = Taken {
            applied: Ok((StepOutcome::AlreadySo, Done::Nothing)),
            notes: Notes::default(),
            write_log,
            overlooked: None,
            is_untyped: false,
            touched: None,
        };
        taken.applied = self.applied(step, guard, &mut taken).await;
        taken
    }

    async fn applied(
        &self,
        step: &Step,
        guard: &AdminGuard,
        taken: &mut Taken,
    ) -> Result<(StepOutcome, Done)> {
        let directory = self.directory;
        let Taken { notes, write_log, .. } = taken;
        match step.kind {
            StepKind::CreateGroup => {
                let name = step::group_name(step)?;
                let (outcome, link) = step::create_group(directory, name, write_log).await?;
                Ok((outcome, Done::Group(link)))
            }
            StepKind::CreateUser => {
                let new = step::new_user(step)?;
                let NewAccount { outcome, id, is_untyped } =
                    step::create_user(directory, &new, write_log).await?;
                taken.is_untyped = is_untyped;
                taken.overlooked = (outcome != StepOutcome::Applied).then_some(new.email);
                Ok((outcome, Done::User(id)))
            }
            StepKind::InviteUser => {
                let NewAccount { outcome, id, .. } =
                    step::invite_user(directory, step, write_log).await?;
                let email = step::person(step)?.clone();
                taken.overlooked = (outcome != StepOutcome::Applied).then_some(email);
                Ok((outcome, Done::User(id)))
            }
            StepKind::CancelInvitation => {
                let outcome = step::cancel_invitation(directory, step, write_log).await?;
                Ok((outcome, Done::Nothing))
            }
            StepKind::RenameUser
            | StepKind::EnableUser
            | StepKind::UpdateUser
            | StepKind::DisableUser => {
                let outcome = step::change_user(directory, step, guard, notes, write_log).await?;
                Ok((outcome, Done::Nothing))
            }
            StepKind::DeleteUser => {
                let outcome = step::delete_user(directory, step, guard, notes, write_log).await?;
                Ok((outcome, Done::Nothing))
            }
            StepKind::ChangeAttributes => {
                let Some(id) = self.id_of(step)? else { return Ok(not_created()) };
                let outcome = step::change_attributes(directory, step, &id, write_log).await?;
                Ok((outcome, Done::Nothing))
            }
            StepKind::ChangeMember => {
                let group = self.group_of(step)?;
                let Some(id) = self.id_of(step)? else { return Ok(not_created()) };
                let outcome = step::change_member(directory, step, &id, &group, write_log).await?;
                Ok((outcome, Done::Membership(group)))
            }
            StepKind::AddMember | StepKind::RemoveMember => {
                self.change_membership(step, guard, taken).await
            }
        }
    }

    async fn change_membership(
        &self,
        step: &Step,
        guard: &AdminGuard,
        taken: &mut Taken,
    ) -> Result<(StepOutcome, Done)> {
        let directory = self.directory;
        let group = self.group_of(step)?;
        let Some(id) = self.id_of(step)? else { return Ok(not_created()) };
        if step.kind == StepKind::RemoveMember && group.is_administrators() {
            let account = directory.read_user(&id).await?;
            if let Some(account) = account {
                check_leaving(directory, &account.user, guard).await?;
            }
        }
        // The plan takes this person for a new one, who is in no group.
        if self.is_overlooked(step) && step::membership_holds(directory, step, &id, &group).await {
            let outcome = match step.kind {
                StepKind::AddMember => step::already_in(directory, step, &id, &group).await?,
                _ => StepOutcome::AlreadySo,
            };
            return Ok((outcome, Done::Nothing));
        }
        let written =
            step::write_membership(directory, step, &id, &group, &mut taken.write_log).await;
        match written {
            Ok(true) => {}
            Ok(false) => {
                // The listing says otherwise, so it is read back too.
                taken.touched = Some((id, group));
                return Ok((StepOutcome::AlreadySo, Done::Nothing));
            }
            // The server derives some memberships from fields, which may just have been set, and
            // refuses to write them.
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
        taken.touched = Some((id, group.clone()));
        Ok((StepOutcome::Applied, Done::Membership(group)))
    }
}

fn not_created() -> (StepOutcome, Done) {
    (StepOutcome::Stale("The account was not created.".into()), Done::Nothing)
}
