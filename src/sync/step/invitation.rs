//! Steps that invite, and that withdraw invitations.

use alloc::vec::Vec;

use super::planned::{CHANGED, REPLACED, is_as_planned};
use super::{NewAccount, StepOutcome, invalid, known_user, patch, person};
use crate::domain::{NewInvitation, User};
use crate::error::Result;
use crate::lifecycle::{
    Deletion, Inviting, delete_account, find_by_email, invite_once, withdraw_beside_account,
};
use crate::retool::Directory;
use crate::sync::Step;
use crate::write_log::WriteLog;

/// Invites a person that a look-up just did not find.
pub(in crate::sync) async fn invite_user(
    directory: &dyn Directory,
    step: &Step,
    write_log: &mut WriteLog,
) -> Result<NewAccount> {
    // The groups follow with steps of their own.
    let metadata = patch(&step.changes)?.metadata;
    let new = NewInvitation { email: person(step)?.clone(), groups: Vec::new(), metadata };
    let (outcome, id) = match invite_once(directory, &new, write_log).await? {
        Inviting::Sent(user) => (StepOutcome::Applied, user.id),
        Inviting::Found(user) => (found_invited(&user), user.id),
    };
    Ok(NewAccount { outcome, id, is_untyped: false })
}

/// Compares a person who was found with an invitation that a step wants.
pub(in crate::sync) fn found_invited(user: &User) -> StepOutcome {
    match user.disabled {
        false => StepOutcome::AlreadySo,
        true => StepOutcome::Stale("The account exists already, and is disabled.".into()),
    }
}

/// Withdraws an invitation: reads, compares, withdraws and reads back.
pub(in crate::sync) async fn cancel_invitation(
    directory: &dyn Directory,
    step: &Step,
    write_log: &mut WriteLog,
) -> Result<StepOutcome> {
    let email = person(step)?;
    let id = known_user(step)?;
    let account = directory.read_user(id).await.map_err(|error| error.about(email.as_str()))?;
    let Some(account) = account else {
        // The person may have accepted it. A leaver's account is disabled before this.
        let found = find_by_email(directory, email).await?;
        return Ok(match found.is_some_and(|user| !user.is_invitation() && !user.disabled) {
            true => StepOutcome::Stale(REPLACED.into()),
            false => StepOutcome::AlreadySo,
        });
    };
    if !account.user.is_invitation() {
        return Err(invalid("step.user", "the id is not that of an invitation"));
    }
    if !account.user.answers_to(email) || !is_as_planned(step, &account.user) {
        return Ok(StepOutcome::Stale(CHANGED.into()));
    }
    let found = find_by_email(directory, email).await?;
    let has_account = found.is_some_and(|found| !found.is_invitation());
    // One tombstone is enough for a person. Beside an account, it would be taken for that of the
    // account, which keeps what it has.
    if !has_account && !write_log.keeps(email) {
        write_log.keep(account.clone());
    }
    let user = &account.user;
    let withdrawn = match has_account {
        true => withdraw_beside_account(directory, user, write_log).await?,
        false => delete_account(directory, user, write_log).await?,
    };
    Ok(match withdrawn {
        Deletion::Accepted => StepOutcome::Stale(REPLACED.into()),
        Deletion::AlreadyGone => StepOutcome::AlreadySo,
        Deletion::Deleted | Deletion::Deactivated | Deletion::Kept => StepOutcome::Applied,
    })
}
