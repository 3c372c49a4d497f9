//! Invites one person, once. Every invitation is a mail with a link that lets the person in.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::deletion::{Deletion, accepted, delete_account, withdraw_beside_account};
use super::person::find_by_email;
use crate::domain::{Email, GroupId, GroupRef, Invitation, NewInvitation, User, WriteKind};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::group_index::GroupIndex;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::write_once::unchecked;
use crate::retool::{Directory, ReadDirectory};
use crate::write_log::WriteLog;

/// The maximum number of times that an invitation is sent. Each retry comes after several look-ups
/// that found neither an invitation nor an account.
const INVITATIONS: u32 = 3;

/// The outcome of an invitation.
pub enum Inviting {
    /// This call sent it.
    Sent(User),
    /// The person has an account, or is invited already.
    Found(User),
}

/// Invites a person at most once. The list of invitations is read right before, and after a lost
/// reply before the invitation is sent again. An expired invitation is withdrawn first.
///
/// Fails with `operation-unsupported`, before anything is written, if the server does not list its
/// invitations: then a repeated call could invite the person twice.
pub async fn invite_once(
    directory: &dyn Directory,
    new: &NewInvitation,
    write_log: &mut WriteLog,
) -> Result<Inviting> {
    let address = new.email.as_str();
    let Some(earlier) = directory.invitations_to(&new.email).await? else {
        return Err(unlisted(&new.email));
    };
    let (open, expired): (Vec<_>, Vec<_>) = earlier.into_iter().partition(|one| one.open);
    if let Some(Invitation { user, .. }) = open.into_iter().next() {
        return Ok(Inviting::Found(user));
    }
    for Invitation { user, .. } in &expired {
        withdraw_expired(directory, user, write_log).await?;
    }
    let mut lost = false;
    let mut attempt = 1;
    loop {
        let mut failure = match directory.invite(new).await {
            Ok(user) if user.answers_to(&new.email) => {
                write_log.confirmed(WriteKind::UserInvited, address, None);
                return Ok(Inviting::Sent(user));
            }
            Ok(_) => {
                write_log.confirmed(WriteKind::UserInvited, address, None);
                return Err(another_invited(&new.email));
            }
            Err(error) => error.about(address),
        };
        failure.attempts += attempt - 1;
        lost |= failure.maybe_applied;
        // A conflict means that the person is invited, or has an account.
        let taken = failure.http_status == Some(409);
        if !failure.maybe_applied && !taken {
            let failure = match lost {
                true => failure,
                false => missing_group(directory, new, failure).await,
            };
            return Err(unconfirmed(write_log, lost, address, failure));
        }
        let paused = taken || directory.pause(attempt, failure.retry_after_ms).await;
        match find_any(directory, &new.email).await {
            Ok(Some(found)) if lost && found.is_invitation() => {
                write_log.confirmed(WriteKind::UserInvited, address, None);
                return Ok(Inviting::Sent(found));
            }
            Ok(Some(found)) => {
                if lost {
                    write_log.unconfirmed(WriteKind::UserInvited, address, None);
                }
                return Ok(Inviting::Found(found));
            }
            Ok(None) if !taken && paused && attempt < INVITATIONS => attempt += 1,
            Ok(None) => {
                if taken {
                    failure.message = format!(
                        "The server refuses to invite {address} (409), as if there were an account or an open \
                         invitation, and neither can be found. Look for the person in Retool."
                    );
                }
                return Err(unconfirmed(write_log, lost, address, failure));
            }
            Err(check) => {
                return Err(unconfirmed(write_log, lost, address, unchecked(failure, check)));
            }
        }
    }
}

/// Invites a person without looking first, and exactly once: the server's answer is all that is
/// known. If the reply is lost, the error is permanent, because a repetition could invite twice.
pub async fn invite_unseen(
    directory: &dyn Directory,
    new: &NewInvitation,
    write_log: &mut WriteLog,
) -> Result<User> {
    let address = new.email.as_str();
    match directory.invite(new).await {
        Ok(user) => {
            write_log.confirmed(WriteKind::UserInvited, address, None);
            match user.answers_to(&new.email) {
                true => Ok(user),
                false => Err(another_invited(&new.email)),
            }
        }
        Err(error) if error.maybe_applied => {
            write_log.unconfirmed(WriteKind::UserInvited, address, None);
            Err(outcome_unknown(error).about(address))
        }
        Err(mut error) => {
            if error.http_status == Some(409) {
                error.message = format!(
                    "The server refuses to invite {address} (409): there is an account or an open invitation. \
                     Nothing was sent."
                );
            }
            Err(error.about(address))
        }
    }
}

/// Withdraws an invitation that can't be accepted any more. That a server can't do so is no reason
/// not to send a new one.
async fn withdraw_expired(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Result<()> {
    let (kind, address) = (WriteKind::InvitationCancelled, user.email.as_str());
    match directory.delete_user(&user.id).await {
        Ok(false) => Ok(()),
        Err(error) if error.code == Code::OperationUnsupported => Ok(()),
        withdrawn => write_log.record(kind, address, None, withdrawn).map(drop),
    }
}

/// Finds an open invitation of a person, or else the account. Looks several times, because a read
/// right after a write may be late.
async fn find_any(directory: &dyn Directory, email: &Email) -> Result<Option<User>> {
    let look = read_back(directory, async || {
        let Some(listed) = directory.invitations_to(email).await? else {
            return Err(unlisted(email));
        };
        let open = listed.into_iter().find(|invitation| invitation.open);
        Ok(open.map_or(ReadBack::NotYet(()), |open| ReadBack::Holds(open.user)))
    });
    match look.await? {
        Ok(invited) => Ok(Some(invited)),
        Err(()) => find_by_email(directory, email).await,
    }
}

/// Returns `group-not-found` instead of a failure if a group of the invitation is gone: the server
/// answers the same as if it had no such request.
async fn missing_group(directory: &dyn Directory, new: &NewInvitation, failure: Error) -> Error {
    if failure.http_status != Some(404) || new.groups.is_empty() {
        return failure;
    }
    let Ok(groups) = directory.list_groups().await else { return failure };
    let index = GroupIndex::new(&groups);
    let find = |id: &GroupId| index.find(&GroupRef::Id(id.clone())).err();
    match new.groups.iter().find_map(find) {
        Some(error) => error.about(new.email.as_str()),
        None => failure,
    }
}

fn unconfirmed(write_log: &mut WriteLog, lost: bool, address: &str, mut failure: Error) -> Error {
    if lost {
        write_log.unconfirmed(WriteKind::UserInvited, address, None);
    }
    failure.maybe_applied = lost;
    failure
}

fn unlisted(email: &Email) -> Error {
    Error::new(
        Code::OperationUnsupported,
        "This server does not list its invitations (its version is older than 3.24, or its plan lacks that), so it \
         can't be known whether the person is invited already, and no invitation was sent. Let an account be created \
         instead; or invite without a look-up (`skip-lookup`), once.",
    )
    .about(email.as_str())
}

fn another_invited(email: &Email) -> Error {
    Error::new(
        Code::WrongPerson,
        "The server answered the invitation with that of another person. Look up both people in Retool.",
    )
    .about(email.as_str())
}

/// Returns the error for an invitation that may have been sent, and must not be sent again.
fn outcome_unknown(mut error: Error) -> Error {
    let message = format!(
        "The reply to the invitation was lost ({}), so the invitation may have been sent. Look in Retool whether the \
         person is invited. A repetition of this call could invite the person twice.",
        error.code.as_str()
    );
    error.code = Code::OutcomeUnknown;
    error.message = message;
    error.retry_after_ms = None;
    error
}

/// Returns what a person who was invited must do.
pub fn must_accept(email: &Email) -> String {
    format!("{} must accept the invitation that Retool sent.", email.as_str())
}

/// When an invitation ends.
pub const EXPIRES: &str = "The invitation expires after 7 days. A call after that sends a new one.";

/// Lists the open invitations of a person beside an account or another invitation: they would let
/// the person in.
pub async fn open_invitations(directory: &dyn ReadDirectory, email: &Email) -> Result<Vec<User>> {
    if !directory.capabilities().reports_invitations || !email.is_address() {
        return Ok(Vec::new());
    }
    let listed = directory.invitations_to(email).await?.unwrap_or_default();
    Ok(listed.into_iter().filter(|one| one.open).map(|one| one.user).collect())
}

/// Withdraws open invitations of a leaver that are beside an account or another invitation. Returns
/// what a person must still do. Fails only if the run must end.
pub async fn withdraw_all(
    directory: &dyn Directory,
    leaver: &User,
    invitations: &[User],
    write_log: &mut WriteLog,
) -> Result<Vec<String>> {
    let mut remaining = Vec::new();
    for invitation in invitations.iter().filter(|invitation| invitation.id != leaver.id) {
        let withdrawn = match leaver.is_invitation() {
            true => delete_account(directory, invitation, write_log).await,
            false => withdraw_beside_account(directory, invitation, write_log).await,
        };
        match withdrawn {
            Ok(Deletion::Accepted) => return Err(accepted(leaver.email.as_str())),
            Ok(_) => {}
            Err(error) if ends_the_run(&error) => return Err(error),
            Err(error) => remaining.push(format!(
                "The open invitation {} of {} could not be withdrawn ({}). Withdraw it in Retool: it lets the person \
                 in.",
                invitation.id.value,
                leaver.email.as_str(),
                error.code.as_str()
            )),
        }
    }
    Ok(remaining)
}
