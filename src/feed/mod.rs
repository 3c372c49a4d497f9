//! What changed since somebody last asked: what webhooks would have told.
//!
//! A cursor remembers the organisation as one listing saw it; the changes are the difference to
//! the next. So nothing between two askings is told but its result, and a cursor stays good:
//! asked again, it tells the changes up to then.

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

/// What happened to somebody. In the order in which one person's changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Is new.
    Created,
    /// Has other fields.
    Updated,
    /// May no longer log in.
    Disabled,
    /// May log in again.
    Enabled,
    /// Is gone.
    Deleted,
    /// Joined a group.
    Joined,
    /// Left a group.
    Left,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// To whom.
    pub user: UserId,
    /// Their address; `None` for the deleted.
    pub email: Option<Email>,
    /// The names of the fields that differ, for [`ChangeKind::Updated`].
    pub fields: Vec<&'static str>,
    /// The group, for [`ChangeKind::Joined`] and [`ChangeKind::Left`].
    pub group: Option<GroupLink>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// The changes: people in order of their ids, each in order of [`ChangeKind`].
    pub changes: Vec<Change>,
    /// What to ask for the next changes with.
    pub cursor: String,
}

/// So many people who are missing from a listing are asked for one by one.
const ASKED_ONE_BY_ONE: usize = 32;

/// Says what changed in an organisation since a cursor was given out; without one, nothing.
///
/// `organisation` is what tells it from others: its origin and path. Somebody who is new and
/// disabled is told as created and disabled. Fails with `cursor-invalid`, before anything is
/// sent, for a cursor that is damaged, of another organisation or dialect, or of another
/// version.
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
    if let Some(before) = &before {
        find_missing(directory, before, &mut now).await?;
    }
    let present: Vec<_> = now.users.iter().map(|user| Present::of(user, &organisation)).collect();
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

/// Sorts by id, each once; of two records the first is kept.
fn in_order(snapshot: &mut Snapshot) {
    sort::sort_by(&mut snapshot.users, |a, b| a.id.cmp(&b.id));
    snapshot.users.dedup_by(|b, a| a.id == b.id);
    sort::sort_by(&mut snapshot.groups, |a, b| a.id.cmp(&b.id));
}

/// Looks for people who were there and are not in the listing, and adds those who still are.
///
/// Where one person goes and another comes while pages are read, a third moves from one page
/// to another and is on neither, and yet the total is right. So nobody counts as deleted
/// because of one listing. Few are asked for one by one, which is certain. For many that would
/// take too many requests: they count as deleted if a second listing lacks them too.
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
            // Of an id that can't stand in a path, the listing is all that can be known.
            Err(error) if error.code == Code::InvalidValue => continue,
            Err(error) => return Err(error),
        };
        // Where the record does not tell, the memberships are as they were.
        let link = |group: &&str| GroupLink { id: diff::group_id(dialect, group), name: None };
        let mut user = account.user;
        user.groups.get_or_insert_with(|| person.groups.iter().map(link).collect());
        now.users.push(user);
    }
    in_order(now);
    Ok(())
}

/// The people who were there and are not in a snapshot that is in order.
fn missing<'m>(before: &CursorState<'m>, now: &Snapshot) -> impl Iterator<Item = Remembered<'m>> {
    let mut listed = now.users.iter().map(|user| user.id.value.as_str()).peekable();
    before.people().filter(move |person| {
        while listed.next_if(|id| *id < person.id.as_str()).is_some() {}
        listed.peek().is_none_or(|id| *id != person.id)
    })
}

/// What an organisation is told from others by: its address and the API that is spoken.
pub struct Organisation([u8; 32]);

impl Organisation {
    /// Of an origin with a path.
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

    /// What a cursor tells it by.
    fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// What its values are hashed with.
    fn hasher(&self) -> SipHasher24 {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&self.0[at..at + 8]);
            u64::from_le_bytes(word)
        };
        SipHasher24::new_with_keys(word(16), word(24))
    }
}

/// Somebody who is there, as cursors see them.
struct Present<'a> {
    user: &'a User,
    fingerprint: UserFingerprint,
    /// In order of their ids, each once.
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
mod testing;
#[cfg(test)]
mod tests;
