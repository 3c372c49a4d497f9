//! Who is in a group. Adding somebody also sets whether they administer the group, so nobody is
//! added who is in it already.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::slice;

use super::body;
use super::wire::{GroupRecord, invitation_number};
use super::{
    GROUP_INVITE, GROUP_INVITES, GROUPS_WRITE, MEMBER, MEMBERS, V2, WRITES, another_group, call,
    is_not_found, not_held, odd_shape, open_record, read_record, sent, tried,
};
use crate::domain::{GroupId, UserId};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::ReadDirectory;
use crate::retool::read_back::{ReadBack, read_back, visible_group};

/// How many people are added with one request. Nobody says how many a server takes; these are
/// less than the 100 KB that many take of any request.
const MOST_AT_ONCE: usize = 1000;

/// The ids of everybody in a group and everybody invited to it.
type Roll = BTreeSet<UserId>;

/// What is added to a group.
#[derive(Clone, Copy)]
enum Kind {
    Accounts,
    Invitations,
}

impl V2 {
    /// Adds those of these people to a group who are not in it, and says who they are.
    pub(super) async fn join(&self, group: &GroupId, users: &[UserId]) -> Result<Vec<bool>> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = visible_group(self, group, async || self.roll(group).await).await?;
        let (mut accounts, mut invitations) = (Vec::new(), Vec::new());
        let mut new = Vec::with_capacity(users.len());
        for user in users {
            let is_new = known.insert(user.clone());
            new.push(is_new);
            match (is_new, invitation_number(user)) {
                (false, _) => {}
                (true, None) => accounts.push(user),
                (true, Some(_)) => invitations.push(user),
            }
        }
        // Before anything is written.
        numbers(&invitations)?;
        let mut written = false;
        for (kind, people) in [(Kind::Accounts, accounts), (Kind::Invitations, invitations)] {
            for people in people.chunks(MOST_AT_ONCE) {
                let added = self.add(group, kind, people.to_vec()).await;
                added.map_err(|mut error| {
                    // Of those before, some are in it by now.
                    error.maybe_applied |= written;
                    error
                })?;
                written = true;
            }
        }
        Ok(new)
    }

    /// Adds people who were not in the group when it was just read. After a lost answer the
    /// group is read again: who is in it by now may have been made its administrator.
    async fn add(&self, group: &GroupId, kind: Kind, mut people: Vec<&UserId>) -> Result<()> {
        let (mut attempt, mut lost) = (1, false);
        loop {
            let failure = match self.send_addition(group, kind, &people).await {
                Ok(answer) => return self.verify_added(group, &people, &answer).await,
                Err(error) => tried(error, attempt, lost),
            };
            lost = failure.maybe_applied;
            if !lost || attempt == WRITES || !self.pause(attempt, failure.retry_after_ms).await {
                return Err(failure);
            }
            attempt += 1;
            let Ok(Some(now)) = self.roll(group).await else {
                return Err(failure);
            };
            people.retain(|user| !now.contains(*user));
            if people.is_empty() {
                return Ok(());
            }
        }
    }

    async fn send_addition(
        &self,
        group: &GroupId,
        kind: Kind,
        people: &[&UserId],
    ) -> Result<Answer> {
        let (template, body) = match kind {
            Kind::Accounts => (MEMBERS, body::add_members(people)),
            Kind::Invitations => (GROUP_INVITES, body::add_invites(&numbers(people)?)),
        };
        let segments = [group.value.as_str()];
        let call = Call {
            body: Some(body),
            repeat: Repeat::Never,
            // Of a missing group and a missing user, the server says the same.
            missing: Missing::Unspecified,
            about: Some(&group.value),
            ..call(Method::Post, template, &segments, GROUPS_WRITE)
        };
        self.client.send(call).await
    }

    async fn verify_added(
        &self,
        group: &GroupId,
        people: &[&UserId],
        answer: &Answer,
    ) -> Result<()> {
        let are_in = |roll: &Roll| people.iter().all(|user| roll.contains(*user));
        if shown(answer, group)?.as_ref().is_some_and(are_in) {
            return Ok(());
        }
        let read = read_back(self, async || {
            let now = self.roll(group).await.map_err(sent)?;
            Ok(if now.as_ref().is_some_and(are_in) {
                ReadBack::Holds(())
            } else {
                ReadBack::NotYet(())
            })
        });
        read.await?.map_err(|()| {
            not_held(
                "The server accepted the additions to the group, but not everybody was in it when read back. Look at the group in Retool, then ask again.",
                &group.value,
            )
        })
    }

    /// Adds one person; `false` if they were in it.
    pub(super) async fn join_one(&self, group: &GroupId, user: &UserId) -> Result<bool> {
        let new = self.join(group, slice::from_ref(user)).await?;
        Ok(new.first().copied().unwrap_or_default())
    }

    /// Removes one person; `false` if they were not in it.
    pub(super) async fn leave(&self, group: &GroupId, user: &UserId) -> Result<bool> {
        let (template, id) = match invitation_number(user) {
            Some(number) => (GROUP_INVITE, number),
            None => (MEMBER, user.value.as_str()),
        };
        let segments = [group.value.as_str(), id];
        let call = Call {
            missing: Missing::Group,
            about: Some(&group.value),
            ..call(Method::Delete, template, &segments, GROUPS_WRITE)
        };
        let answer = match self.client.send(call).await {
            Ok(answer) => answer,
            // Not there after a try that nobody answered: its answer was lost, not its effect.
            Err(error) if is_not_found(&error) => return Ok(error.maybe_applied),
            Err(error) => return Err(error),
        };
        let is_out = |roll: &Roll| !roll.contains(user);
        if shown(&answer, group)?.as_ref().is_some_and(is_out) {
            return Ok(true);
        }
        let read = read_back(self, async || {
            let now = self.roll(group).await.map_err(sent)?;
            Ok(if now.as_ref().is_none_or(is_out) {
                ReadBack::Holds(())
            } else {
                ReadBack::NotYet(())
            })
        });
        read.await?.map_err(|()| {
            not_held(
                "The server accepted the removal from the group, but it did not hold when read back. Look at the group in Retool, then ask again.",
                &group.value,
            )
        })?;
        Ok(true)
    }

    /// Everybody in a group and invited to it; `None` if there is no such group.
    async fn roll(&self, group: &GroupId) -> Result<Option<Roll>> {
        let Some(answer) = self.get_group(group).await? else {
            return Ok(None);
        };
        // Without its members nobody could be added: who is in it already is not to be written.
        roll_of(&answer, group)?.map(Some).ok_or_else(|| odd_shape(&answer))
    }
}

/// Everybody in the group of an answer and invited to it; `None` if it does not say.
fn roll_of(answer: &Answer, group: &GroupId) -> Result<Option<Roll>> {
    let raw = open_record(answer)?;
    let record: GroupRecord<'_> = read_record(answer, raw)?;
    if !record.is(group) {
        return Err(another_group(answer));
    }
    Ok(record.everybody())
}

/// The same of an answer to a write, which may be a bare acknowledgement.
fn shown(answer: &Answer, group: &GroupId) -> Result<Option<Roll>> {
    match roll_of(answer, group) {
        Err(error) if error.code == Code::AnswerUnusable => {
            // Nothing that tells: it has to be read.
            Ok(None)
        }
        other => other,
    }
}

/// The server's numbers of invitations.
fn numbers(people: &[&UserId]) -> Result<Vec<u64>> {
    let mut numbers = Vec::with_capacity(people.len());
    for id in people {
        match invitation_number(id).and_then(|number| number.parse().ok()) {
            Some(number) => numbers.push(number),
            None => {
                return Err(Error::new(
                    Code::InvalidValue,
                    "No invitation has such an id. Use the id that the server gave.",
                )
                .about(id.value.as_str()));
            }
        }
    }
    Ok(numbers)
}
