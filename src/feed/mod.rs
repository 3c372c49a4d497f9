//! Returns what changed since the previous call, as a replacement for webhooks.
//!
//! A cursor stores the organisation as one listing showed it. The changes are the difference to
//! the next listing. So intermediate states between two calls are not reported, only their
//! result. A cursor stays valid: used again, it returns the changes up to the new call.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher24;

use crate::domain::{Dialect, Email, GroupLink, User, UserId};
use crate::error::{Code, Result};
use crate::retool::ReadDirectory;
use crate::retool::user_filter::AllUsers;
use crate::sort;
use crate::sync::{Snapshot, snapshot};

mod bytes;
mod cursor_state;
mod diff;
mod encoding;
mod user_fingerprint;

use cursor_state::{CursorState, Remembered};
use user_fingerprint::UserFingerprint;

/// What happened to a user. The variants are in the order in which one user's changes are
/// returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The user is new.
    Created,
    /// Fields of the user differ.
    Updated,
    /// The user may no longer log in.
    Disabled,
    /// The user may log in again.
    Enabled,
    /// The user no longer exists.
    Deleted,
    /// The user joined a group.
    Joined,
    /// The user left a group.
    Left,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The user that changed.
    pub user: UserId,
    /// The user's address; `None` for [`ChangeKind::Deleted`].
    pub email: Option<Email>,
    /// The names of the fields that differ, for [`ChangeKind::Updated`].
    pub fields: Vec<&'static str>,
    /// The group, for [`ChangeKind::Joined`] and [`ChangeKind::Left`].
    pub group: Option<GroupLink>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// The changes, in order of user ids, and for each user in order of [`ChangeKind`].
    pub changes: Vec<Change>,
    /// The cursor for the next call.
    pub cursor: String,
}

/// Up to this many users who are missing from a listing are read one by one.
const ASKED_ONE_BY_ONE: usize = 32;

/// Returns what changed in an organisation since a cursor was given out. Without a cursor,
/// returns no changes.
///
/// `organisation` identifies the organisation: its origin and path. A new user who is disabled
/// is reported as created and disabled. Fails with `cursor-invalid`, before any request is sent,
/// for a cursor that is damaged, of another organisation or dialect, or of another version.
pub async fn changes_since(
    directory: &dyn ReadDirectory,
    organisation: &str,
    cursor: Option<&str>,
) -> Result<ChangeSet> {
    let dialect = directory.capabilities().dialect;
    let organisation = Organisation::new(organisation, dialect);
    let opened = cursor.map(|cursor| encoding::open(cursor, &organisation)).transpose()?;
    let before = opened.as_deref().map(remembered).transpose()?;

    let mut now = match &before {
        Some(before) => snapshot::read_again(directory, before.count()).await?,
        None => everything(directory).await?,
    };
    in_order(&mut now);
    let mut kept = BTreeMap::new();
    if let Some(before) = &before {
        kept = keep_unreadable(before, &mut now);
        find_missing(directory, before, &mut now).await?;
    }
    let present = |user| {
        let mut present = Present::of(user, &organisation);
        if let Some(fingerprint) = kept.get(&user.id) {
            present.fingerprint = *fingerprint;
        }
        present
    };
    let present: Vec<_> = now.users.iter().map(present).collect();
    let changes = match &before {
        Some(before) => diff::diff(dialect, before, &present, &now.groups),
        None => Vec::new(),
    };
    let cursor = encoding::seal(&organisation, |out| cursor_state::write(&present, out))?;
    Ok(ChangeSet { changes, cursor })
}

async fn everything(directory: &dyn ReadDirectory) -> Result<Snapshot> {
    snapshot::read(directory, &AllUsers { with_times: false }, true).await
}

fn remembered(opened: &[u8]) -> Result<CursorState<'_>> {
    CursorState::read(encoding::content(opened)).ok_or_else(encoding::damaged)
}

/// Sorts users and groups by id. If a user occurs twice, keeps the first record.
fn in_order(snapshot: &mut Snapshot) {
    sort::sort_by(&mut snapshot.users, |a, b| a.id.cmp(&b.id));
    snapshot.users.dedup_by(|b, a| a.id == b.id);
    sort::sort_by(&mut snapshot.groups, |a, b| a.id.cmp(&b.id));
}

/// Adds the users of the cursor whose records in the listing can't be used. They count as unchanged.
/// Returns their fingerprints.
fn keep_unreadable(
    before: &CursorState<'_>,
    now: &mut Snapshot,
) -> BTreeMap<UserId, UserFingerprint> {
    let unreadable = core::mem::take(&mut now.others.unreadable);
    let mut kept = BTreeMap::new();
    if unreadable.is_empty() {
        return kept;
    }
    let dialect = now.dialect;
    let people: Vec<_> =
        missing(before, now).filter(|person| unreadable.has_id(&person.id)).collect();
    for person in people {
        let id = UserId { dialect, value: person.id };
        kept.insert(id.clone(), person.fingerprint);
        let link = |group: &&str| GroupLink::new(diff::group_id(dialect, group), None);
        now.users.push(User {
            groups: Some(person.groups.iter().map(link).collect()),
            ..User::with_id(id)
        });
    }
    in_order(now);
    kept
}

/// Looks for users of the cursor who are not in the listing, and adds those who still exist.
///
/// If one user is deleted and another is created while pages are read, a third user can move
/// from one page to another and be on neither. The total is right all the same. So one listing
/// is no proof that a user was deleted. A few missing users are read one by one, which is
/// certain. For many this would take too many requests: they count as deleted if a second
/// listing lacks them too.
async fn find_missing(
    directory: &dyn ReadDirectory,
    before: &CursorState<'_>,
    now: &mut Snapshot,
) -> Result<()> {
    if missing(before, now).count() > ASKED_ONE_BY_ONE {
        let first = core::mem::replace(now, everything(directory).await?);
        now.users.extend(first.users);
        in_order(now);
    }
    let people: Vec<_> = missing(before, now).take(ASKED_ONE_BY_ONE + 1).collect();
    if people.len() > ASKED_ONE_BY_ONE {
        return Ok(());
    }
    let dialect = now.dialect;
    for person in people {
        let id = UserId { dialect, value: person.id };
        let account = match directory.read_user(&id).await {
            Ok(Some(account)) => account,
            Ok(None) => continue,
            // An id that can't be part of a path can't be read. The listing decides alone.
            Err(error) if error.code == Code::InvalidValue => continue,
            Err(error) => return Err(error),
        };
        // If the record does not contain the groups, the memberships count as unchanged.
        let link = |group: &&str| GroupLink::new(diff::group_id(dialect, group), None);
        let mut user = account.user;
        user.groups.get_or_insert_with(|| person.groups.iter().map(link).collect());
        now.users.push(user);
    }
    in_order(now);
    Ok(())
}

/// Returns the users of the cursor who are not in a snapshot. The snapshot must be in order.
fn missing<'m>(before: &CursorState<'m>, now: &Snapshot) -> impl Iterator<Item = Remembered<'m>> {
    let mut listed = now.users.iter().map(|user| user.id.value.as_str()).peekable();
    before.people().filter(move |person| {
        while listed.next_if(|id| *id < person.id.as_str()).is_some() {}
        listed.peek().is_none_or(|id| *id != person.id)
    })
}

/// A digest that identifies an organisation: of its address and the API that is used.
pub struct Organisation([u8; 32]);

impl Organisation {
    /// Computes the digest of an origin with a path.
    pub fn new(address: &str, dialect: Dialect) -> Self {
        let dialect = match dialect {
            Dialect::V1 => 1,
            Dialect::V2 => 2,
            Dialect::Scim => 3,
        };
        let digest = Sha256::new()
            .chain_update("retool-lifecycle feed 1")
            .chain_update([dialect])
            .chain_update(address);
        Organisation(digest.finalize().into())
    }

    /// Returns the digest. Cursors contain a part of it.
    fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the keyed hasher for this organisation's values.
    fn hasher(&self) -> SipHasher24 {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&self.0[at..at + 8]);
            u64::from_le_bytes(word)
        };
        SipHasher24::new_with_keys(word(16), word(24))
    }
}

/// An existing user, with what a cursor stores.
struct Present<'a> {
    user: &'a User,
    fingerprint: UserFingerprint,
    /// The groups, in order of their ids, each once.
    groups: Vec<&'a GroupLink>,
}

impl<'a> Present<'a> {
    fn of(user: &'a User, organisation: &Organisation) -> Self {
        let mut groups: Vec<&GroupLink> = user.groups.iter().flatten().collect();
        sort::sort_by(&mut groups, |a, b| a.id.cmp(&b.id));
        groups.dedup_by(|b, a| a.id == b.id);
        Present { user, fingerprint: UserFingerprint::of(user, organisation), groups }
    }

    fn id(&self) -> &'a str {
        &self.user.id.value
    }

    fn group_ids(&self) -> impl Iterator<Item = &'a str> {
        self.groups.iter().map(|link| link.id.value.as_str())
    }
}

#[cfg(test)]
mod tests;
