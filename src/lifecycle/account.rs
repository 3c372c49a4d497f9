//! Changes the fields of an account, and keeps its memberships.
//!
//! Memberships are a part of the account. A server that replaces whole records may drop them with
//! the fields that a PUT leaves out. So they are compared after the write, and put back.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::person::{memberships, reread, reread_renamed};
use crate::domain::{Account, Email, GroupLink, LinkedGroup, User, UserPatch, WriteKind};
use crate::error::{Code, Error, Result};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, ReadDirectory, membership};
use crate::time::parse_iso;
use crate::write_log::WriteLog;

/// Groups whose members follow from other facts: the administrators of the organisation, and
/// everyone. No change of an account can lose such a membership, and none can restore it.
const DERIVED: [&str; 2] = ["admin", "All Users"];

/// What is known about an account that the server does not show once it is disabled.
pub const GONE: &str = "The server accepted that the account is disabled, and shows it no longer: it hides or deletes \
     disabled accounts. Whether it can be enabled again is not known.";

/// What happens to memberships that the server drops with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// They are put back.
    PutBack,
    /// They stay dropped: the call removes them anyway.
    Stay,
}

/// An account after a change of its fields.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The user afterwards.
    pub user: User,
    /// Whether the server shows the account no longer: it hides or deletes disabled users.
    pub gone: bool,
    /// The memberships that the server dropped with the change.
    pub dropped: Vec<GroupLink>,
}

impl Changed {
    /// Returns a sentence about memberships that were dropped and put back, if there are any.
    pub fn put_back_note(&self) -> Option<String> {
        (!self.dropped.is_empty()).then(|| {
            format!(
                "The server took {} out of {} when the account was changed, because it replaces whole records. \
                 The memberships were put back. If the person administered one of these groups, that is lost: look \
                 there in Retool.",
                self.user.email.as_str(),
                labels(&self.dropped)
            )
        })
    }
}

/// Adds the memberships to an account whose record lacks them, if a change could lose them. Reads
/// the account again then, because reading the groups may be slow, and a PUT of an old record would
/// undo what was changed meanwhile. `None` if the account is gone by now.
pub async fn with_memberships_at_risk(
    directory: &dyn ReadDirectory,
    account: Account,
) -> Result<Option<Account>> {
    let is_known =
        account.user.groups.is_some() && !directory.capabilities().groups_may_lack_members;
    if is_known || !directory.may_lose_memberships() {
        return Ok(Some(account));
    }
    let groups = memberships(directory, &account.user).await?;
    let again = reread(directory, &account.user.id, &account.user.email).await?;
    Ok(again.map(|mut account| {
        membership::join(account.user.groups.get_or_insert_default(), groups);
        account
    }))
}

/// Changes the fields of an account that was just read, and records the write. Fails with
/// `not-verified` if the change cost memberships that can't be put back.
pub async fn change_account(
    directory: &dyn Directory,
    account: &Account,
    patch: &UserPatch,
    kind: WriteKind,
    dropped: Dropped,
    write_log: &mut WriteLog,
) -> Result<Changed> {
    let address = address_after(account, patch).as_str();
    let user = match directory.update_user(account, patch).await {
        Err(error) if error.gone => {
            write_log.confirmed(kind, address, None);
            let user = User { disabled: true, ..account.user.clone() };
            return Ok(Changed { user, gone: true, dropped: Vec::new() });
        }
        updated => write_log.record(kind, address, None, updated)?,
    };
    let mut changed = Changed { user, gone: false, dropped: Vec::new() };
    let outcome = keep(directory, account, patch, dropped, &mut changed, write_log).await;
    if let Err(error) = outcome {
        // Memberships are a part of the account, and it is not as it should be.
        write_log.doubt(kind, address);
        // A tombstone names the account by the address that it has now.
        let user = User { email: address_after(account, patch).clone(), ..account.user.clone() };
        write_log.keep_damaged(&Account { user, ..account.clone() });
        return Err(error.about(address));
    }
    Ok(changed)
}

/// Returns the address that an account has after a change.
fn address_after<'a>(account: &'a Account, patch: &'a UserPatch) -> &'a Email {
    patch.email.as_ref().unwrap_or(&account.user.email)
}

/// Reads an account again after a change. A read may still show the former address.
async fn reread_changed(
    directory: &dyn ReadDirectory,
    account: &Account,
    patch: &UserPatch,
) -> Result<Option<Account>> {
    let email = address_after(account, patch);
    let former = core::slice::from_ref(&account.user.email);
    reread_renamed(directory, &account.user.id, email, former).await
}

/// Compares the memberships with those before the change, and puts back what was dropped.
async fn keep(
    directory: &dyn Directory,
    account: &Account,
    patch: &UserPatch,
    dropped: Dropped,
    changed: &mut Changed,
    write_log: &mut WriteLog,
) -> Result<()> {
    let before = own(account.user.groups.as_deref());
    if before.is_empty() || !directory.may_lose_memberships() {
        return Ok(());
    }
    let address = address_after(account, patch).as_str();
    let now = match &changed.user.groups {
        Some(_) => memberships(directory, &changed.user).await?,
        None => match memberships_after(directory, account, patch).await {
            Ok(Some(groups)) => groups,
            Ok(None) => {
                changed.gone = true;
                return Ok(());
            }
            Err(error) => return Err(not_read(&before, error.code)),
        },
    };
    let is_kept = |link: &&&GroupLink| now.iter().any(|other| other.id == link.id);
    let (kept, lost): (Vec<&GroupLink>, Vec<&GroupLink>) = before.iter().partition(is_kept);
    let lost = match named(directory, &lost).await {
        Ok(lost) => lost,
        Err(error) => return Err(not_read(&lost, error.code)),
    };
    if lost.is_empty() {
        // A group whose name is not known may be one that the server manages.
        if kept.iter().any(|link| link.name.is_some()) {
            directory.memberships_were_kept();
        }
        return Ok(());
    }
    for group in &lost {
        write_log.confirmed(WriteKind::MemberRemoved, address, Some(group.label()));
    }
    changed.dropped = lost;
    if dropped == Dropped::Stay {
        return Ok(());
    }
    let is_left = put_back(directory, account, patch, &changed.dropped, write_log).await?;
    if !is_left {
        changed.gone = true;
        return Ok(());
    }
    if let Some(groups) = &mut changed.user.groups {
        groups.extend(changed.dropped.iter().cloned());
    }
    Ok(())
}

/// Returns the memberships that a change could lose.
fn own(groups: Option<&[GroupLink]>) -> Vec<&GroupLink> {
    groups.into_iter().flatten().filter(|link| !is_derived(link.name.as_deref())).collect()
}

/// Returns whether the members of a group with this name follow from other facts.
pub(super) fn is_derived(name: Option<&str>) -> bool {
    let name = name.unwrap_or_default().trim();
    DERIVED.iter().any(|derived| derived.eq_ignore_ascii_case(name))
}

/// Returns these memberships with the names of their groups, without those that a change could not
/// lose. Some records contain only the ids of groups.
async fn named(directory: &dyn Directory, links: &[&GroupLink]) -> Result<Vec<GroupLink>> {
    let mut links: Vec<GroupLink> = links.iter().map(|link| (*link).clone()).collect();
    if links.iter().any(|link| link.name.is_none()) {
        let groups = directory.list_groups().await?;
        for link in &mut links {
            if link.name.is_none()
                && let Some(group) = groups.iter().find(|group| group.id == link.id)
            {
                *link = LinkedGroup { name: Some(group.name.clone()), ..LinkedGroup::clone(link) }
                    .into();
            }
        }
    }
    links.retain(|link| !is_derived(link.name.as_deref()));
    Ok(links)
}

/// Reads the memberships after a change, once the change is visible. `None` if the user was
/// disabled and the server shows the user no longer.
async fn memberships_after(
    directory: &dyn Directory,
    account: &Account,
    patch: &UserPatch,
) -> Result<Option<Vec<GroupLink>>> {
    let read = read_back(directory, async || {
        let Some(now) = reread_changed(directory, account, patch).await? else {
            // The change was seen to hold, so the account is not merely late.
            return Ok(match patch.disabled == Some(true) {
                true => ReadBack::Holds(None),
                false => ReadBack::NotYet(()),
            });
        };
        if !patch.differences(&now.user).is_empty() {
            return Ok(ReadBack::NotYet(()));
        }
        Ok(ReadBack::Holds(Some(memberships(directory, &now.user).await?)))
    });
    read.await?.map_err(|()| Error::new(Code::NotVerified, "The change is not visible."))
}

/// Returns the error for memberships that can't be read back. A repetition finds the account as it
/// should be and does not compare them any more, so they are named.
fn not_read(before: &[&GroupLink], code: Code) -> Error {
    let before: Vec<GroupLink> = before.iter().map(|link| (*link).clone()).collect();
    Error::new(
        Code::NotVerified,
        format!(
            "The account was changed, and its memberships could not be read back ({}), so it is not known whether the \
             server kept them. Look in Retool whether the person is still in {}.",
            code.as_str(),
            labels(&before)
        ),
    )
}

/// Adds the user to the groups again, and reads the memberships back. Returns `false` if the user
/// was disabled and the server shows disabled users no longer.
async fn put_back(
    directory: &dyn Directory,
    account: &Account,
    patch: &UserPatch,
    lost: &[GroupLink],
    write_log: &mut WriteLog,
) -> Result<bool> {
    let (id, email) = (&account.user.id, address_after(account, patch));
    let mut refusal = None;
    for group in lost {
        let added = directory.add_member(&group.id, id).await;
        let label = group.label();
        if let Err(error) = write_log.member(WriteKind::MemberAdded, email.as_str(), label, added) {
            refusal.get_or_insert(error);
        }
    }
    let read = read_back(directory, async || {
        let Some(now) = reread_changed(directory, account, patch).await? else {
            return Ok(match patch.disabled == Some(true) {
                true => ReadBack::Holds(None),
                false => ReadBack::NotYet(lost.to_vec()),
            });
        };
        if !patch.differences(&now.user).is_empty() {
            // The read is older than the change, and shows the memberships before it.
            return Ok(ReadBack::NotYet(lost.to_vec()));
        }
        let groups = memberships(directory, &now.user).await?;
        let is_out = |link: &&GroupLink| groups.iter().all(|other| other.id != link.id);
        let missing: Vec<GroupLink> = lost.iter().filter(is_out).cloned().collect();
        // What was refused does not appear by waiting.
        let is_final = missing.is_empty() || refusal.is_some();
        Ok(if is_final { ReadBack::Holds(Some(missing)) } else { ReadBack::NotYet(missing) })
    });
    let missing = match read.await {
        Ok(Ok(None)) => return Ok(false),
        Ok(Ok(Some(missing)) | Err(missing)) => missing,
        Err(error) => {
            refusal.get_or_insert(error);
            lost.to_vec()
        }
    };
    if missing.is_empty() {
        return Ok(true);
    }
    Err(not_put_back(email.as_str(), &missing, refusal.as_ref()))
}

fn not_put_back(address: &str, missing: &[GroupLink], refusal: Option<&Error>) -> Error {
    let why = refusal.map(|error| format!(" ({})", error.code.as_str())).unwrap_or_default();
    Error::new(
        Code::NotVerified,
        format!(
            "The server changed the account of {address} and took it out of {} with that, because it replaces whole \
             records. Not every membership could be put back{why}. Add the person to these groups in Retool.",
            labels(missing)
        ),
    )
}

/// Returns the names of groups for a message.
fn labels(groups: &[GroupLink]) -> String {
    let mut text = String::from(if groups.len() == 1 { "the group " } else { "the groups " });
    for (at, group) in groups.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        text.push_str(group.label());
    }
    text
}

/// Returns since when an account is disabled, if a call saw that its own write moved the date of
/// the last change. Another date may be that of any earlier edit.
pub fn disabled_since(before: &User, after: Option<&str>) -> Option<String> {
    let was = before.times.updated_at.as_deref().and_then(parse_iso)?;
    let is = after.and_then(parse_iso)?;
    (!before.disabled && is > was).then(|| String::from(after.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
