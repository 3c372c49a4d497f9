//! Resets one user's second factor.

use alloc::format;
use alloc::vec::Vec;

use super::departure::check_expected;
use super::person::{check_absence, check_ref, find_one, reread};
use super::provision::vanished;
use crate::domain::{User, UserId, UserRef, Write, WriteKind};
use crate::error::{Code, Error, Result};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// A user whose second factor is to be reset.
#[derive(Clone, Debug)]
pub struct TwoFactorReset {
    /// The person.
    pub user: UserRef,
    /// The id that the person must have.
    pub expected_id: Option<UserId>,
}

/// The result of a reset.
#[derive(Clone, Debug)]
pub struct TwoFactorDone {
    /// The person.
    pub user: User,
    /// The write. The server's answer confirms it; no record shows it.
    pub writes: Vec<Write>,
}

/// Resets a user's second factor. On failure the error contains the write.
pub async fn reset_two_factor(
    directory: &dyn Directory,
    reset: &TwoFactorReset,
) -> Result<TwoFactorDone> {
    let mut write_log = WriteLog::default();
    match reset_with(directory, reset, &mut write_log).await {
        Ok(user) => Ok(TwoFactorDone { user, writes: write_log.into_writes() }),
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

async fn reset_with(
    directory: &dyn Directory,
    reset: &TwoFactorReset,
    write_log: &mut WriteLog,
) -> Result<User> {
    let TwoFactorReset { user: who, expected_id } = reset;
    let can = directory.capabilities();
    if !can.resets_two_factor {
        return Err(Error::new(
            Code::OperationUnsupported,
            format!(
                "{} can't reset a second factor, so nothing was sent. Use /api/v2, or reset it in Retool.",
                can.dialect.as_str()
            ),
        )
        .about(who.as_str()));
    }
    check_ref(can.dialect, who, || format!("request.user.{}", who.what()))?;
    let mut found = find_one(directory, who).await?;
    if let Some(expected) = expected_id {
        found = check_expected(directory, who, expected, found).await?;
    }
    let Some(found) = found.filter(|found| !found.is_invitation()) else {
        check_absence(directory, who)?;
        return Err(Error::new(
            Code::UserNotFound,
            "No account in Retool is this person's, so nothing was reset. Correct the address or the id.",
        )
        .about(who.as_str()));
    };
    // A filter is not trusted: the record itself says whose account it is.
    let Some(account) = reread(directory, &found.id, who.email().unwrap_or(&found.email)).await?
    else {
        return Err(vanished(&found.email));
    };
    let address = account.user.email.as_str();
    let made = directory.reset_two_factor(&account.user.id).await;
    if matches!(made, Ok(false)) {
        return Err(Error::new(
            Code::OperationUnsupported,
            "This server has no request that resets a second factor: Retool has it from 3.124. Nothing was done. \
             Reset it in Retool.",
        )
        .about(address));
    }
    write_log.record(WriteKind::TwoFactorReset, address, None, made)?;
    Ok(account.user)
}
