//! What a call wrote so far: for its result if it succeeds, and for its error if it fails.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::domain::{Account, Tombstone, Write, WriteKind};
use crate::error::{Error, Result};
use crate::time::format_iso;

/// The writes of one call, in the order they were sent.
#[derive(Debug, Default)]
pub struct Journal {
    writes: Vec<Write>,
    /// Accounts as they were before the writes.
    tombstones: Vec<Tombstone>,
    /// When the call began, for the tombstones.
    recorded_at: String,
}

impl Journal {
    /// Of a call that began at `now`, in milliseconds since the Unix epoch.
    pub fn at(now: i64) -> Self {
        Journal { recorded_at: format_iso(now), ..Journal::default() }
    }

    /// Records a write that the server confirmed.
    pub fn confirmed(&mut self, kind: WriteKind, subject: &str, group: Option<&str>) {
        self.push(kind, subject, group, true);
    }

    /// Records a write whose answer was lost for good.
    pub fn unconfirmed(&mut self, kind: WriteKind, subject: &str, group: Option<&str>) {
        self.push(kind, subject, group, false);
    }

    /// Records the outcome of a write: confirmed; or of unknown effect; or, where the failure
    /// proves that nothing happened, not at all. The failure then is about the subject.
    pub fn record<T>(
        &mut self,
        kind: WriteKind,
        subject: &str,
        group: Option<&str>,
        outcome: Result<T>,
    ) -> Result<T> {
        match &outcome {
            Ok(_) => self.push(kind, subject, group, true),
            Err(error) if error.maybe_applied => self.push(kind, subject, group, false),
            Err(_) => {}
        }
        // The request knew only ids.
        outcome.map_err(|error| error.about(subject))
    }

    /// As [`record`](Self::record), for a membership, which may have been so already: then
    /// nothing was written. Says whether something was.
    pub fn member(
        &mut self,
        kind: WriteKind,
        subject: &str,
        group: &str,
        outcome: Result<bool>,
    ) -> Result<bool> {
        match outcome {
            Ok(false) => Ok(false),
            other => self.record(kind, subject, Some(group), other),
        }
    }

    fn push(&mut self, kind: WriteKind, subject: &str, group: Option<&str>, confirmed: bool) {
        self.writes.push(Write {
            kind,
            subject: subject.to_string(),
            group: group.map(ToString::to_string),
            confirmed,
        });
    }

    /// Keeps an account as it is before a write that disables, deletes or strips it.
    pub fn keep(&mut self, account: Account) -> &Tombstone {
        self.tombstones.push_mut(Tombstone::of(account, self.recorded_at.clone()))
    }

    /// The accounts that were kept.
    pub fn tombstones(&self) -> &[Tombstone] {
        &self.tombstones
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The writes, for a result.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Puts the writes into an error, and the accounts as they were before them.
    pub fn blame(self, error: Error) -> Error {
        let tombstones = touched(self.tombstones, &self.writes);
        error.after(self.writes).with_tombstones(tombstones)
    }
}

/// Those of the accounts that a write disabled, deleted or stripped.
pub fn touched(mut tombstones: Vec<Tombstone>, writes: &[Write]) -> Vec<Tombstone> {
    let takes_away = |write: &&Write| {
        matches!(
            write.kind,
            WriteKind::UserDisabled
                | WriteKind::UserDeleted
                | WriteKind::MemberRemoved
                | WriteKind::InvitationCancelled
        )
    };
    tombstones.retain(|tombstone| {
        let address = tombstone.user.email.as_str();
        { writes.iter() }.filter(takes_away).any(|write| write.subject == address)
    });
    tombstones
}
