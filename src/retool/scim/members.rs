//! Adds users to a group: many at once, then reads the group back and compares.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use super::Scim;
use super::base::Route;
use super::body::PatchOp;
use super::form::{Form, better, is_refused};
use super::patch::Target;
use crate::domain::{GroupId, UserId};
use crate::error::{Code, Error, Result};
use crate::http::Missing;
use crate::retool::read_back::{ReadBack, read_back, visible_group};
use crate::retool::verify::{additions_not_held, not_held};
use crate::retool::write_once::{AfterLoss, after_others, after_write, write_once};
use crate::sort;

/// The most members that one request adds. IdPs send this many at once, so servers support it.
const BATCH: usize = 100;

/// The most ids in a message.
const MOST_NAMED: usize = 20;

impl Scim {
    /// Adds users to a group. Returns for each whether they are new to it.
    pub(super) async fn join(&self, group: &GroupId, users: &[UserId]) -> Result<Vec<bool>> {
        let before = visible_group(self, group, async || self.member_ids(group).await).await?;
        let others = self.remaining(group, &before, "");
        let mut known = sort::set(others.iter().copied());
        let mut joining = Vec::new();
        let mut new = Vec::with_capacity(users.len());
        for user in users {
            let is_new = known.insert(user.value.as_str());
            new.push(is_new);
            if is_new {
                joining.push(user.value.as_str());
            }
        }
        if joining.is_empty() {
            return Ok(new);
        }
        self.add_all(group, &joining).await?;
        let now = self.read_joined(group, &joining).await?;
        if let Some(left) = self.left.borrow_mut().get_mut(group) {
            for id in &joining {
                left.remove(*id);
            }
        }
        let gone = vanished(&others, &now);
        let is_emptied = !gone.is_empty() && gone.len() == others.len();
        let gone = if is_emptied { self.confirmed_gone(group, gone).await? } else { Vec::new() };
        match gone.len() {
            count if count > 0 && count == others.len() => {
                // Includes the new members, because the server may replace all members with the
                // added ones.
                let mut all = others;
                all.extend(joining);
                Err(self.put_back(group, &all, "some were added").await)
            }
            _ => Ok(new),
        }
    }

    async fn add_all(&self, group: &GroupId, joining: &[&str]) -> Result<()> {
        let mut written = false;
        for batch in joining.chunks(BATCH) {
            let added = match self.add(group, batch).await {
                Err(error) if batch.len() > 1 && is_refusal(&error) => {
                    self.add_each(group, batch, &mut written).await
                }
                other => other,
            };
            added.map_err(after_others(written))?;
            written = true;
        }
        Ok(())
    }

    /// Adds members one by one, for servers that accept only one per request.
    async fn add_each(&self, group: &GroupId, ids: &[&str], written: &mut bool) -> Result<()> {
        for id in ids {
            self.add(group, slice::from_ref(id)).await?;
            *written = true;
        }
        Ok(())
    }

    /// Adds members with one request.
    async fn add(&self, group: &GroupId, ids: &[&str]) -> Result<()> {
        let form = self.group_form.get();
        let error = match self.add_in(group, ids, form).await {
            Err(error) if form == Form::ByPath && is_refused(&error) => error,
            other => return other,
        };
        if error.http_status == Some(501) {
            // "Not implemented" is about the form, whoever is added.
            self.group_form.set(Form::ByValue);
        }
        match self.add_in(group, ids, Form::ByValue).await {
            Ok(()) => {
                self.group_form.set(Form::ByValue);
                Ok(())
            }
            // A refusal of the values, and not of the form.
            Err(other) if is_refused(&other) => Err(better(Some(error), other)),
            Err(other) => Err(other),
        }
    }

    /// Adds members with one request of this form.
    async fn add_in(&self, group: &GroupId, ids: &[&str], form: Form) -> Result<()> {
        let change = PatchOp::add_members(ids, form);
        let send = async |(): &()| self.patch(target(group), &change, None).await;
        let look = async |(): &mut (), _: &Error| {
            Ok(match self.member_ids(group).await? {
                None => AfterLoss::Unclear,
                Some(now) if vanished(ids, &now).is_empty() => AfterLoss::Holds(()),
                Some(_) => AfterLoss::SendAgain,
            })
        };
        write_once(self, &mut (), send, look).await.map(drop)
    }

    /// Reads the group until all new members are in it. Returns all members.
    async fn read_joined(&self, group: &GroupId, joining: &[&str]) -> Result<Vec<String>> {
        let mut read = self.read_back_with(group, joining).await.map_err(after_write)?;
        if read.as_ref().is_err_and(|missing| missing.len() == joining.len())
            && self.group_form.get() == Form::ByPath
        {
            // Some servers accept a form and do nothing.
            match self.add_in(group, joining, Form::ByValue).await {
                Ok(()) => {
                    read = self.read_back_with(group, joining).await.map_err(after_write)?;
                    if read.is_ok() {
                        self.group_form.set(Form::ByValue);
                    }
                }
                // The reason that it states is better than that nothing happened.
                Err(error) if joining.len() == 1 && is_refused(&error) => {
                    return Err(after_write(error));
                }
                Err(_) => {}
            }
        }
        if let Err(missing) = &read
            && joining.len() > 1
        {
            // Some servers add only the first of many.
            let mut written = true;
            self.add_each(group, missing, &mut written).await.map_err(after_write)?;
            read = self.read_back_with(group, joining).await.map_err(after_write)?;
        }
        if let Err(missing) = &read
            && missing.len() < joining.len()
            && self.group_form.get() == Form::ByPath
        {
            // The others may have been in the group before, so the form may still do nothing.
            if self.add_in(group, missing, Form::ByValue).await.is_ok() {
                read = self.read_back_with(group, joining).await.map_err(after_write)?;
            }
        }
        read.map_err(|missing| additions_not_held(group, missing.len(), joining.len()))
    }

    /// Reads a group until all of these users are in it. Returns all members, or those who are
    /// missing.
    async fn read_back_with<'a>(
        &self,
        group: &GroupId,
        wanted: &[&'a str],
    ) -> Result<core::result::Result<Vec<String>, Vec<&'a str>>> {
        let read = read_back(self, async || {
            let now = self.member_ids(group).await?.unwrap_or_default();
            let missing = vanished(wanted, &now);
            Ok(if missing.is_empty() { ReadBack::Holds(now) } else { ReadBack::NotYet(missing) })
        });
        let mut unlisted = match read.await? {
            Ok(now) => return Ok(Ok(now)),
            Err(missing) => missing,
        };
        // Some servers leave members out of a group's record, and show the group in theirs.
        let mut missing = Vec::new();
        for id in core::mem::take(&mut unlisted) {
            let is_in = self.names_group(id, group).await?;
            if is_in { unlisted.push(id) } else { missing.push(id) }
        }
        if !missing.is_empty() {
            return Ok(Err(missing));
        }
        let mut now = self.member_ids(group).await?.unwrap_or_default();
        now.extend(unlisted.into_iter().map(String::from));
        Ok(Ok(now))
    }

    /// Adds users again to a group that the server emptied. Returns an error with the result.
    pub(super) async fn put_back(&self, group: &GroupId, ids: &[&str], after: &str) -> Error {
        // In one request: a server that replaces all members with the added ones would otherwise
        // keep only the last.
        let missing = match self.add(group, ids).await {
            Ok(()) => match self.read_back_with(group, ids).await {
                Ok(read) => read.err().unwrap_or_default(),
                Err(_) => ids.to_vec(),
            },
            Err(_) => ids.to_vec(),
        };
        let mut message = format!("The server emptied the whole group when {after}. ");
        if missing.is_empty() {
            message.push_str(
                "Every other member was put back, and is in it when read back. Change the members of this group \
                 in Retool itself.",
            );
        } else {
            message
                .push_str("It is uncertain whether these were put back; put them back in Retool: ");
            message.push_str(&named(&missing));
        }
        not_held(message, &group.value)
    }
}

/// Returns a group as the target of a change of its members.
pub(super) fn target(group: &GroupId) -> Target<'_> {
    // The server answers the same for a missing group and a missing member.
    let missing = Missing::Unspecified;
    Target { route: Route::Group, id: &group.value, about: &group.value, missing }
}

/// Returns the ids of `these` that are not in `those`.
pub(super) fn vanished<'a>(these: &[&'a str], those: &[String]) -> Vec<&'a str> {
    let there = sort::set(those.iter().map(String::as_str));
    these.iter().copied().filter(|id| !there.contains(*id)).collect()
}

/// Returns whether the server refuses this form of the request.
fn is_refusal(error: &Error) -> bool {
    (error.code == Code::ServerRefused && !error.maybe_applied) || error.http_status == Some(501)
}

/// Returns ids for a message. They come from the server, so they are shortened.
pub(super) fn named(ids: &[&str]) -> String {
    let mut text = String::new();
    for (at, id) in ids.iter().take(MOST_NAMED).enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        text.extend(id.chars().filter(char::is_ascii_graphic).take(64));
    }
    match ids.len().saturating_sub(MOST_NAMED) {
        0 => text.push('.'),
        more => text.push_str(&format!(" and {more} more.")),
    }
    text
}
