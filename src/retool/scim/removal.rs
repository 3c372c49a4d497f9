//! Removes one member from a group, without harm to the other members.
//!
//! Servers differ. Some accept a path with a filter, some a value. Some accept a form and do
//! nothing, and some empty the whole group. So the group is read before and after each removal,
//! and all members are compared.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Scim;
use super::body::PatchOp;
use super::form::better;
use super::members::{named, target, vanished};
use crate::domain::{Dialect, GroupId, UserId};
use crate::error::{Code, Error, Result};
use crate::retool::membership::is_in_own_record;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::verify::{not_held, removal_not_held};
use crate::retool::write_once::{AfterLoss, after_others, after_write, write_once};
use crate::ser::to_json;

/// How many members who are gone by their own records show that a group was emptied.
const SAMPLE: usize = 3;

/// The form of the request that removes a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Removal {
    /// By the path `members[value eq "…"]`.
    #[default]
    ByPath,
    /// By the path `members` and a value. A server that ignores the value removes all members.
    ByValue,
    /// Not at all: no form is safe with this server.
    Never,
}

impl Removal {
    fn next(self) -> Removal {
        match self {
            Removal::ByPath => Removal::ByValue,
            Removal::ByValue | Removal::Never => Removal::Never,
        }
    }
}

impl Scim {
    /// Removes a user from a group. `false` if they were not in it.
    pub(super) async fn leave(&self, group: &GroupId, user: &str) -> Result<bool> {
        let Some(before) = self.member_ids(group).await? else {
            return Ok(false);
        };
        if !before.iter().any(|id| id == user) {
            return self.leave_unlisted(group, user, &before).await;
        }
        let others = self.remaining(group, &before, user);
        let mut form = self.removal.get();
        if form == Removal::Never {
            return Err(unsafe_server());
        }
        let (mut written, mut refusal) = (false, None);
        while form != Removal::Never {
            match self.remove(group, user, form).await {
                Ok(()) => written = true,
                Err(error) if is_refused(&error) => {
                    let lost = error.maybe_applied;
                    if error.http_status == Some(404) && self.member_ids(group).await?.is_none() {
                        // The group was deleted, and with it the membership.
                        return Ok(written || lost);
                    }
                    refusal = Some(better(refusal, error));
                    if !lost {
                        form = form.next();
                        continue;
                    }
                    // An earlier try may have removed the member, although its reply was lost.
                    written = true;
                }
                Err(error) => return Err(after_others(written)(error)),
            }
            let now = self.read_left(group, user, &others).await.map_err(after_write)?;
            let unlisted = vanished(&others, &now);
            let left = !now.iter().any(|id| id == user);
            let is_emptied = left && !others.is_empty() && unlisted.len() == others.len();
            let gone = match self.confirmed_gone(group, unlisted.clone()).await? {
                gone if gone.is_empty() && is_emptied => {
                    // The records of the members may be late.
                    let read = read_back(self, async || {
                        let gone = self.confirmed_gone(group, unlisted.clone()).await?;
                        Ok(if gone.is_empty() {
                            ReadBack::NotYet(())
                        } else {
                            ReadBack::Holds(gone)
                        })
                    });
                    match read.await? {
                        Ok(gone) => gone,
                        Err(()) => {
                            self.removal.set(form.next());
                            return Err(may_be_emptied(group));
                        }
                    }
                }
                gone => gone,
            };
            // If the user is still in the group, the group was not emptied. Then another
            // administrator removed the other members.
            if left && !gone.is_empty() && gone.len() == others.len() {
                self.removal.set(form.next());
                return Err(self.put_back(group, &others, "one member was removed").await);
            }
            if !gone.is_empty() {
                return Err(also_gone(group, left, &gone));
            }
            if left {
                self.removal.set(form);
                let mut left = self.left.borrow_mut();
                left.entry(group.clone()).or_default().insert(String::from(user));
                return Ok(true);
            }
            // The server accepted this form and did nothing. A refusal of another form is the
            // better error.
            form = form.next();
        }
        Err(match refusal {
            Some(error) => after_others(written)(error),
            None => removal_not_held(group),
        })
    }

    /// Removes a user that the group's record does not list. `false` if the user's own record does
    /// not name the group either. Some servers leave members out, or show only the first ones.
    async fn leave_unlisted(&self, group: &GroupId, user: &str, listed: &[String]) -> Result<bool> {
        if !self.names_group(user, group).await? {
            return Ok(false);
        }
        if self.removal.get() == Removal::Never {
            return Err(unsafe_server());
        }
        let others = self.remaining(group, listed, user);
        // The path names one member. A server that ignores the value of the other form would remove
        // members whose loss can't be seen here.
        let path = format!("members[value eq {}]", to_json(user));
        let change = PatchOp::remove_by_path(&path);
        let send = async |(): &()| self.patch(target(group), &change, None).await;
        let look = async |(): &mut (), _: &Error| {
            let is_in = self.names_group(user, group).await?;
            Ok(if is_in { AfterLoss::SendAgain } else { AfterLoss::Holds(()) })
        };
        write_once(self, &mut (), send, look).await?;
        let read = read_back(self, async || {
            let is_in = self.names_group(user, group).await.map_err(after_write)?;
            Ok(if is_in { ReadBack::NotYet(()) } else { ReadBack::Holds(()) })
        });
        if read.await?.is_err() {
            return Err(removal_not_held(group));
        }
        let now = self.member_ids(group).await.map_err(after_write)?;
        let gone = now.as_ref().map(|now| vanished(&others, now)).unwrap_or_default();
        let gone = self.confirmed_gone(group, gone).await?;
        if !gone.is_empty() {
            return Err(also_gone(group, true, &gone));
        }
        Ok(true)
    }

    /// Returns the members who are gone by their own records too, of those that a group's record
    /// does not list any more. A record that shows only the first members loses some of them when
    /// others join.
    pub(super) async fn confirmed_gone<'a>(
        &self,
        group: &GroupId,
        gone: Vec<&'a str>,
    ) -> Result<Vec<&'a str>> {
        let mut sure = Vec::new();
        for (at, id) in gone.iter().enumerate() {
            if !self.names_group(id, group).await.map_err(after_write)? {
                sure.push(*id);
            }
            // In a group that was emptied, the first ones speak for all.
            if at + 1 == SAMPLE && sure.len() == SAMPLE {
                return Ok(gone);
            }
        }
        Ok(sure)
    }

    /// Returns whether the user's own record names a group.
    pub(super) async fn names_group(&self, user: &str, group: &GroupId) -> Result<bool> {
        let id = UserId { dialect: Dialect::Scim, value: String::from(user) };
        is_in_own_record(self, &id, group).await
    }

    /// Returns the members that must remain when `leaving` is removed.
    pub(super) fn remaining<'a>(
        &self,
        group: &GroupId,
        members: &'a [String],
        leaving: &str,
    ) -> Vec<&'a str> {
        let left = self.left.borrow();
        let left = left.get(group);
        let stays = |id: &&str| *id != leaving && !left.is_some_and(|left| left.contains(*id));
        members.iter().map(String::as_str).filter(stays).collect()
    }

    async fn remove(&self, group: &GroupId, user: &str, form: Removal) -> Result<()> {
        let path = format!("members[value eq {}]", to_json(user));
        let change = match form {
            Removal::ByPath => PatchOp::remove_by_path(&path),
            _ => PatchOp::remove_by_value(user),
        };
        let send = async |(): &()| self.patch(target(group), &change, None).await;
        let look = async |(): &mut (), _: &Error| {
            let now = self.member_ids(group).await?.unwrap_or_default();
            let left = !now.iter().any(|id| id == user);
            Ok(if left { AfterLoss::Holds(()) } else { AfterLoss::SendAgain })
        };
        write_once(self, &mut (), send, look).await.map(drop)
    }

    /// Reads the group until the user is not in it, another member is missing, or the last reading
    /// was made. Returns all members. Fails if there is no time for all readings: the removal may
    /// be done and not visible yet, and another form could remove more than was asked for.
    async fn read_left(&self, group: &GroupId, user: &str, others: &[&str]) -> Result<Vec<String>> {
        let read = read_back(self, async || {
            let now = self.member_ids(group).await?;
            // If the group was deleted meanwhile, this removal did not cost other members.
            let now = now.unwrap_or_else(|| others.iter().map(|id| String::from(*id)).collect());
            let waits = now.iter().any(|id| id == user) && vanished(others, &now).is_empty();
            Ok(if waits { ReadBack::NotYet(now) } else { ReadBack::Holds(now) })
        });
        Ok(read.await?.unwrap_or_else(|still| still))
    }
}

/// Returns whether the server's last response refuses this form of the request. Earlier tries may
/// have been applied.
fn is_refused(error: &Error) -> bool {
    error.code == Code::ServerRefused || error.http_status == Some(501)
}

fn unsafe_server() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "This server empties a whole group when one member is removed, so nothing was written. Remove the person in \
         Retool itself.",
    )
}

/// Returns the error if a group's record lists nobody after a removal, and the records of its other
/// members still name it.
fn may_be_emptied(group: &GroupId) -> Error {
    not_held(
        "The group's record lists none of the other members any more, and their own records still name it. The server \
         may have emptied the group. Look at the group in Retool.",
        &group.value,
    )
}

/// Returns the error if some other members are missing too, but not all. Another administrator
/// may have removed them, so they are not put back.
fn also_gone(group: &GroupId, left: bool, gone: &[&str]) -> Error {
    let message = format!(
        "The person {} the group, and {} other members left it at the same time, removed by the server or by another \
         administrator. If that was not intended, put them back in Retool: {}",
        if left { "left" } else { "is still in" },
        gone.len(),
        named(gone)
    );
    not_held(message, &group.value)
}
