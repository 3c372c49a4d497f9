//! Writes whose reply may be lost.
//!
//! A write whose reply was lost is not simply sent again, because another administrator may have
//! changed the record meanwhile. The record is read first. It decides what happens next.

use alloc::string::String;

use super::ReadDirectory;
use crate::error::{Code, Error, Result};

/// The most times that a write is sent for one change. The record is read before each repetition.
pub(super) const WRITES: u32 = 3;

const OUTDATED: &str = "The record was changed at the same time (412), so this was not written. Look at it in Retool, \
     then ask again.";

const UNSEEN: &str = "The server refuses the change (412), which usually means that the record was changed at the same \
     time. It could not be read again, so this was not written. Ask again.";

/// The result of a read after a lost reply, or after a 412.
pub(super) enum AfterLoss<T> {
    /// The change was applied.
    Holds(T),
    /// The change was not applied, and may be sent again.
    SendAgain,
    /// The record did not change, so the form of the request was the reason for the 412. The
    /// change may be sent in the next form. There must be a last form.
    SendOtherwise,
    /// The change must not be sent again, for the reason in this message.
    Refused(String),
    /// It is unknown whether the change was applied, or sending it again could do harm.
    Unclear,
}

/// The result of a write that did not fail.
pub(super) enum Written<A, T> {
    /// The server answered.
    Answered(A),
    /// The reply was lost, and a read showed the change.
    Found(T),
}

/// Sends a write until the server answers, or until a read shows that the change was applied.
///
/// - A refusal is final, even if an earlier reply was lost.
/// - 412 usually means that the record has another version by now. It is read, and written again
///   once if that is so.
/// - The error counts all tries. Its `maybe_applied` is set if any of them may have taken
///   effect. If the read fails for a passing reason, the error is that one.
///
/// `send` sends `state`. `look` reads the record after a failure, and updates `state`.
pub(super) async fn write_once<S, A, T>(
    directory: &dyn ReadDirectory,
    state: &mut S,
    send: impl AsyncFn(&S) -> Result<A>,
    look: impl AsyncFn(&mut S, &Error) -> Result<AfterLoss<T>>,
) -> Result<Written<A, T>> {
    let (mut sent, mut refused, mut lost, mut outdated) = (0, 0, false, false);
    loop {
        sent += 1;
        let mut failure = match send(state).await {
            Ok(answer) => return Ok(Written::Answered(answer)),
            Err(error) => error,
        };
        let unknown = failure.maybe_applied;
        lost |= unknown;
        failure.maybe_applied = lost;
        failure.attempts += sent - 1;
        let is_outdated = is_outdated(&failure);
        let again = is_outdated
            || unknown
                && sent - refused < WRITES
                && directory.pause(sent - refused, failure.retry_after_ms).await;
        if !again {
            return Err(failure);
        }
        match look(state, &failure).await {
            Ok(AfterLoss::Holds(found)) => return Ok(Written::Found(found)),
            Ok(AfterLoss::SendAgain) if !is_outdated => {}
            Ok(AfterLoss::SendAgain) if !core::mem::replace(&mut outdated, true) => {}
            // This was another request, and is not one of the tries of the next.
            Ok(AfterLoss::SendOtherwise) => refused += 1,
            Ok(AfterLoss::Refused(message)) => {
                failure.message = message;
                return Err(failure);
            }
            // That the record belongs to another person matters more than the lost reply.
            Err(mut error) if error.code == Code::WrongPerson => {
                error.maybe_applied = lost;
                error.attempts = failure.attempts;
                return Err(error);
            }
            Ok(AfterLoss::Unclear | AfterLoss::SendAgain) => {
                if is_outdated {
                    failure.message = OUTDATED.into();
                }
                return Err(failure);
            }
            Err(error) => {
                if is_outdated {
                    failure.message = UNSEEN.into();
                }
                return Err(unchecked(failure, error));
            }
        }
    }
}

/// Returns the error for a failed write whose check failed too. If only the check failed for a
/// passing reason, another call may find out more: then that is the error.
pub fn unchecked(write: Error, check: Error) -> Error {
    if !write.is_permanent() || check.is_permanent() {
        return write;
    }
    let mut error = check;
    error.maybe_applied = write.maybe_applied;
    error.attempts = error.attempts.max(write.attempts);
    error.subject = write.subject.clone().or(error.subject.take());
    error
}

/// Returns whether the server says that the record has another version than the one demanded.
pub(super) fn is_outdated(failure: &Error) -> bool {
    failure.http_status == Some(412)
}

/// Sets `maybe_applied` of an error that occurs after a write was sent.
pub(super) fn after_write(mut error: Error) -> Error {
    error.maybe_applied = true;
    error
}

/// Sets `maybe_applied` of an error if earlier writes of the same change were accepted.
pub(super) fn after_others(written: bool) -> impl FnOnce(Error) -> Error {
    move |mut error| {
        error.maybe_applied |= written;
        error
    }
}
