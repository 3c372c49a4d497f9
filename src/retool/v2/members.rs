//! Group memberships. Adding a user also sets whether they administer the group. So a user who is
//! in the group already must not be added.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::body;
use super::wire::{GroupRecord, invitation_number};
use super::{
    GROUP_INVITE, GROUP_INVITES, GROUPS_WRITE, MEMBER, MEMBERS, V2, odd_shape, open_record,
    read_record,
};
use crate::domain::{GroupId, Member, UserId};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::membership::is_visible;
use crate::retool::read_back::{ReadBack, read_back, visible_group};
use crate::retool::request::{
    another_group, deleted, is_missing, is_page, is_unreadable, no_route, one, readable,
};
use crate::retool::verify::{additions_not_held, administration_not_held, removal_not_held};
use crate::retool::write_once::{
    AfterLoss, Written, after_others, after_write, unchecked, write_once,
};

/// How many users are added with one request. The limit of a server is not documented. The body
/// of such a request is smaller than 100 KB, which many servers accept for any request.
const MOST_AT_ONCE: usize = 1000;

const NO_GROUPS: &str = "This server does not change the groups of invitations through its API: its version (from 3.28) \
     or its plan lacks that. Change them in Retool, or wait until the invitation is accepted.";

/// The ids of all members of a group and of all invitations to it.
type MemberIds = BTreeSet<UserId>;

/// The kind of what is added to a group.
#[derive(Clone, Copy)]
enum Kind {
    Accounts,
    /// Accounts that administer the group.
    Admins,
    Invitations,
}

impl V2 {
    /// Adds the users who are not in the group yet. Returns for each user whether they are new to
    /// it.
    pub(super) async fn join(&self, group: &GroupId, users: &[UserId]) -> Result<Vec<bool>> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = visible_group(self, group, async || self.member_ids(group).await).await?;
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
        // Checks the ids before anything is written.
        numbers(&invitations)?;
        let mut written = false;
        for (kind, people) in [(Kind::Accounts, accounts), (Kind::Invitations, invitations)] {
            for people in people.chunks(MOST_AT_ONCE) {
                let added = self.add(group, kind, people.to_vec()).await;
                added.map_err(after_others(written))?;
                written = true;
            }
        }
        Ok(new)
    }

    /// Adds a user who administers the group; `false` if they were in it already.
    pub(super) async fn join_as_admin(&self, group: &GroupId, user: &UserId) -> Result<bool> {
        let known = visible_group(self, group, async || self.member_ids(group).await).await?;
        let is_new = !known.contains(user);
        if is_new {
            self.add(group, Kind::Admins, Vec::from([user])).await?;
        }
        let members = self.members_of(group).await.map_err(after_others(is_new))?;
        let own = members.iter().flatten().find(|member| member.id == *user);
        if own.is_none_or(|member| member.group_admin != Some(true)) {
            // Another administrator may have added them meanwhile.
            self.administer(group, user, true).await.map_err(after_others(is_new))?;
        }
        Ok(is_new)
    }

    /// Adds users who were not in the group when it was just read. After a lost reply, the group
    /// is read again, because users who are in it by now may have been made its administrators.
    async fn add(&self, group: &GroupId, kind: Kind, mut people: Vec<&UserId>) -> Result<()> {
        let send = async |people: &Vec<&UserId>| self.send_addition(group, kind, people).await;
        let look = async |people: &mut Vec<&UserId>, _: &Error| {
            let Some(now) = self.member_ids(group).await? else {
                return Ok(AfterLoss::Unclear);
            };
            people.retain(|user| !now.contains(*user));
            Ok(if people.is_empty() { AfterLoss::Holds(()) } else { AfterLoss::SendAgain })
        };
        match write_once(self, &mut people, send, look).await? {
            Written::Answered(answer) => self.verify_added(group, &people, &answer).await,
            Written::Found(()) => Ok(()),
        }
    }

    async fn send_addition(
        &self,
        group: &GroupId,
        kind: Kind,
        people: &[&UserId],
    ) -> Result<Answer> {
        let (template, body) = match kind {
            Kind::Accounts => (MEMBERS, body::members(people, false)),
            Kind::Admins => (MEMBERS, body::members(people, true)),
            Kind::Invitations => (GROUP_INVITES, body::add_invites(&numbers(people)?)),
        };
        let segments = [group.value.as_str()];
        let call = Call {
            body: Some(body),
            repeat: Repeat::Never,
            // The server answers the same for a missing group and a missing user.
            ..one(Method::Post, template, &segments, GROUPS_WRITE, Missing::Unspecified)
        };
        let sent = self.client.send(call).await;
        match (sent, kind) {
            (Err(error), Kind::Invitations) => Err(self.explain_invites(error, people).await),
            (sent, _) => sent,
        }
    }

    /// Explains why invitations could not be added to a group, or removed from it: the server may
    /// not have the route.
    async fn explain_invites(&self, error: Error, people: &[&UserId]) -> Error {
        if is_page(&error) {
            return no_route(error, NO_GROUPS);
        }
        if error.http_status != Some(404) {
            return error;
        }
        // The group was just read. If the invitations are there too, it is the route that is not.
        for id in people {
            let number = invitation_number(id).unwrap_or_default();
            if !matches!(self.invitation(id, number).await, Ok(Some(_))) {
                return error;
            }
        }
        no_route(error, NO_GROUPS)
    }

    async fn verify_added(
        &self,
        group: &GroupId,
        people: &[&UserId],
        answer: &Answer,
    ) -> Result<()> {
        let missing =
            |members: &MemberIds| people.iter().filter(|user| !members.contains(**user)).count();
        if readable(member_ids_in(answer, group))?
            .flatten()
            .is_some_and(|members| missing(&members) == 0)
        {
            return Ok(());
        }
        let read = read_back(self, async || {
            let now = self.member_ids(group).await.map_err(after_write)?;
            Ok(match now.as_ref().map_or(people.len(), missing) {
                0 => ReadBack::Holds(()),
                missing => ReadBack::NotYet(missing),
            })
        });
        read.await?.map_err(|missing| additions_not_held(group, missing, people.len()))
    }

    /// Removes one user from a group; `false` if they were not in it.
    pub(super) async fn leave(&self, group: &GroupId, user: &UserId) -> Result<bool> {
        let (template, id) = match invitation_number(user) {
            Some(number) => (GROUP_INVITE, number),
            None => (MEMBER, user.value.as_str()),
        };
        let segments = [group.value.as_str(), id];
        let call = one(Method::Delete, template, &segments, GROUPS_WRITE, Missing::Group);
        let is_out =
            |members: Option<&MemberIds>| members.is_none_or(|members| !members.contains(user));
        let failure = match self.client.send(call).await {
            Ok(answer) => {
                let visible = readable(member_ids_in(&answer, group))?.flatten();
                if visible.is_some_and(|members| is_out(Some(&members))) {
                    return Ok(true);
                }
                None
            }
            Err(error) if invitation_number(user).is_some() && is_missing(&error) => {
                return match self.member_ids(group).await? {
                    Some(members) if !is_out(Some(&members)) => Err(no_route(error, NO_GROUPS)),
                    _ => Ok(error.maybe_applied),
                };
            }
            Err(error) if is_unreadable(&error) => Some(error),
            Err(error) => return deleted(Err(error)),
        };
        match (is_visible(self, async || self.member_ids(group).await, is_out).await, failure) {
            (Ok(true), _) => Ok(true),
            (Ok(false), Some(failure)) | (Err(failure), None) => Err(failure),
            (Err(check), Some(failure)) => Err(unchecked(failure, check)),
            (Ok(false), None) => Err(removal_not_held(group)),
        }
    }

    /// Sets whether a member administers a group, and reads it back.
    pub(super) async fn administer(
        &self,
        group: &GroupId,
        user: &UserId,
        wanted: bool,
    ) -> Result<()> {
        let segments = [group.value.as_str()];
        let call = Call {
            body: Some(body::members(&[user], wanted)),
            ..one(Method::Post, MEMBERS, &segments, GROUPS_WRITE, Missing::Unspecified)
        };
        let failure = match self.client.send(call).await {
            Err(error) if !is_unreadable(&error) => return Err(error),
            sent => sent.err(),
        };
        let is_so = |members: Option<&Vec<Member>>| {
            let mut members = members.into_iter().flatten();
            members.any(|member| {
                member.id == *user && member.group_admin.unwrap_or_default() == wanted
            })
        };
        match is_visible(self, async || self.members_of(group).await, is_so).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(failure.unwrap_or_else(|| administration_not_held(group))),
            Err(check) => Err(match failure {
                Some(failure) => unchecked(failure, check),
                None => check,
            }),
        }
    }

    /// Reads the ids of all members and invitations of a group; `None` if the group does not
    /// exist.
    async fn member_ids(&self, group: &GroupId) -> Result<Option<MemberIds>> {
        let Some(answer) = self.get_group(group).await? else {
            return Ok(None);
        };
        // Without the list of members, no user could be added, because existing members must not
        // be written.
        member_ids_in(&answer, group)?.map(Some).ok_or_else(|| odd_shape(&answer))
    }
}

/// Returns the ids of all members and invitations of the group in a response; `None` if the
/// response does not contain them.
fn member_ids_in(answer: &Answer, group: &GroupId) -> Result<Option<MemberIds>> {
    let raw = open_record(answer)?;
    let record: GroupRecord<'_> = read_record(answer, raw)?;
    if !record.is(group) {
        return Err(another_group(answer));
    }
    Ok(record.member_ids())
}

/// Returns the server's numbers of invitations.
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
