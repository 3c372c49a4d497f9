//! Records the writes of a call, for its result if it succeeds and for its error if it fails.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::domain::{Account, Email, Tombstone, UserId, Write, WriteKind};
use crate::error::{Error, Result};
use crate::time::format_iso;

/// The writes of one call, in the order they were sent.
#[derive(Debug, Default)]
pub struct WriteLog {
    writes: Vec<Write>,
    /// Accounts as they were before the writes.
    tombstones: Vec<Tombstone>,
    /// When the call began, for the tombstones.
    recorded_at: String,
    /// Whether an earlier log has a tombstone of the person.
    is_kept: bool,
}

impl WriteLog {
    /// Creates an empty log of a call that began at `now`, in milliseconds since the Unix epoch.
    pub fn at(now: i64) -> Self {
        WriteLog { recorded_at: format_iso(now), ..WriteLog::default() }
    }

    /// Returns an empty log of the same call, for a step about a person. It is
    /// [appended](Self::append) to this one later.
    pub fn empty(&self, person: Option<&Email>) -> Self {
        let is_kept = person.is_some_and(|email| self.keeps(email));
        WriteLog { recorded_at: self.recorded_at.clone(), is_kept, ..WriteLog::default() }
    }

    /// Adds what another log recorded.
    pub fn append(&mut self, mut later: WriteLog) {
        self.writes.append(&mut later.writes);
        self.tombstones.append(&mut later.tombstones);
    }

    /// Returns whether there is a tombstone of a person.
    pub fn keeps(&self, email: &Email) -> bool {
        self.is_kept || self.tombstones.iter().any(|kept| kept.user.email == *email)
    }

    /// Records a write that the server confirmed.
    pub fn confirmed(&mut self, kind: WriteKind, subject: &str, group: Option<&str>) {
        self.push(kind, subject, group, true);
    }

    /// Records a write whose response was lost for good: it may or may not have taken effect.
    pub fn unconfirmed(&mut self, kind: WriteKind, subject: &str, group: Option<&str>) {
        self.push(kind, subject, group, false);
    }

    /// Records a write by its outcome: as confirmed if it succeeded, as unconfirmed if it may have
    /// taken effect, and not at all if the failure proves that nothing happened. Sets the subject
    /// of the failure.
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
        // The request has only ids, so its failure lacks the address or name.
        outcome.map_err(|error| error.about(subject))
    }

    /// Like [`record`](Self::record), for a membership. `Ok(false)` means that the membership was
    /// already as wanted: nothing was written, and nothing is recorded.
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
            strips: matches!(
                kind,
                WriteKind::UserDisabled
                    | WriteKind::UserDeleted
                    | WriteKind::MemberRemoved
                    | WriteKind::InvitationCancelled
            ),
        });
    }

    /// Says of the writes of a step that they strip the person: they take rights or values.
    pub fn strip(&mut self) {
        self.writes.iter_mut().for_each(|write| write.strips = true);
    }

    /// Records an account as it is before a write that disables, deletes or strips it. Returns
    /// the tombstone.
    pub fn keep(&mut self, account: Account) -> &Tombstone {
        self.tombstones.push_mut(Tombstone::of(account, self.recorded_at.clone()))
    }

    /// Sets since when an account is disabled, in its tombstone.
    pub fn disabled_since(&mut self, user: &UserId, since: Option<String>) {
        for tombstone in self.tombstones.iter_mut().filter(|one| one.user.id == *user) {
            tombstone.disabled_since.clone_from(&since);
        }
    }

    /// Records an account that a write damaged, as it was before, unless it is recorded already.
    /// A log without a time records none.
    pub fn keep_damaged(&mut self, account: &Account) {
        let is_kept = self.tombstones.iter().any(|one| one.user.id == account.user.id);
        if !is_kept && !self.recorded_at.is_empty() {
            self.keep(account.clone());
        }
    }

    /// Turns the last confirmed write of this kind and subject into an unconfirmed one: a later
    /// look showed that the account is not as it should be.
    pub fn doubt(&mut self, kind: WriteKind, subject: &str) {
        let is_it = |write: &&mut Write| write.kind == kind && write.subject == subject;
        if let Some(write) = self.writes.iter_mut().rev().find(is_it) {
            write.confirmed = false;
        }
    }

    /// Returns the tombstones recorded so far.
    pub fn tombstones(&self) -> &[Tombstone] {
        &self.tombstones
    }

    /// Returns whether no write was recorded.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Returns the writes, for a result.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Adds the writes to an error, and the accounts as they were before them.
    pub fn attach_writes(self, error: Error) -> Error {
        let tombstones = touched(self.tombstones, &self.writes);
        error.after(self.writes).with_tombstones(tombstones)
    }
}

/// Returns the tombstones of the accounts that a write disabled, deleted or stripped.
pub fn touched(mut tombstones: Vec<Tombstone>, writes: &[Write]) -> Vec<Tombstone> {
    tombstones.retain(|tombstone| {
        // A step names an account without an address by its id.
        let names = [tombstone.user.email.as_str(), &tombstone.user.id.value];
        writes.iter().any(|write| write.strips && names.contains(&write.subject.as_str()))
    });
    tombstones
}
