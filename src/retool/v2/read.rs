//! Read operations over `/api/v2`.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::cursor::Offset;
use super::invites::{AndInvited, Invited, take_with_accounts};
use super::listing::{Ask, FetchedPage, Next, Pages, Source};
use super::wire::{GroupRecord, UserRecord, invitation_number};
use super::{
    GROUP, GROUPS, GROUPS_READ, Records, USER, USERS, USERS_READ, V2, each, kept, odd_shape,
    open_list, open_record, open_records, read_record, unreadable_groups_in,
};
use crate::domain::{
    Account, AttributeDefinition, Dialect, Email, Group, GroupAccount, GroupId, Invitation, Member,
    User, UserId, UserRef,
};
use crate::error::{Code, Result};
use crate::http::{Answer, Call, Local, Method, Missing, Window};
use crate::retool::find::{Filtered, Gaps, ReadPeople, accounts_of, everyone};
use crate::retool::page_size::is_refused_size;
use crate::retool::request::{another_group, another_user, list, one};
use crate::retool::unreadable::Unreadable;
use crate::retool::user_filter::{
    AllUsers, Found, Lacks, Listable, Listed, People, UserFilter, UsersByRef, filter_salvaged,
};
use crate::retool::{Capabilities, Page, ReadDirectory};

/// The parts of a group record that change without a change of the group's fields. Invitations
/// also contain a secret.
const OTHERS_IN_GROUP: [&str; 2] = ["members", "user_invites"];

impl V2 {
    /// Sends a GET of a list that always exists if the base URL is right.
    async fn get_list(
        &self,
        template: &'static str,
        scope: &'static str,
        query: &[(&str, &str)],
    ) -> Result<Answer> {
        self.client.send(list(template, query, scope)).await
    }

    async fn fetch_users(
        &self,
        query: &[(&str, &str)],
        filter: &dyn UserFilter,
    ) -> Result<FetchedPage<People>> {
        let answer = self.get_list(USERS, USERS_READ, query).await?;
        let Records { salvaged, total, next } = open_records::<UserRecord<'_>>(&answer)?;
        Ok(FetchedPage { content: filter_salvaged(salvaged, filter), total, next })
    }

    pub(super) async fn users_page(
        &self,
        ask: Ask,
        filter: &dyn UserFilter,
    ) -> Result<FetchedPage<People>> {
        let limit = ask.limit.map(|limit| limit.to_string());
        let mut query = Vec::new();
        query.extend(limit.as_deref().map(|limit| ("limit", limit)));
        query.extend(ask.token.as_deref().map(|token| ("next_token", token)));
        self.fetch_users(&query, filter).await
    }

    async fn fetch_groups(&self) -> Result<FetchedPage<Vec<Group>>> {
        let answer = self.get_list(GROUPS, GROUPS_READ, &[]).await?;
        let now = answer.answered_at();
        let convert = |record: GroupRecord<'_>| record.into_group(now);
        open_list(&answer, |records| each(records, convert, |group| &group.id.value))
            .map_err(|error| unreadable_groups_in(&answer).unwrap_or(error))
    }

    async fn people(&self, filter: &dyn UserFilter) -> Result<Found> {
        // In this order, a user who accepts an invitation meanwhile is in both lists. In the other
        // order, they could be in neither.
        let Invited { users: mut invited, more, unreadable } = self.invited().await?;
        let Found { mut users, mut others, .. } =
            everyone(self, &AndInvited::new(filter, &invited)).await?;
        let mut invitations = take_with_accounts(&mut invited, &users);
        invitations.extend(more);
        users.append(&mut invited);
        self.gaps.add(&unreadable);
        others.unreadable.append(unreadable);
        Ok(Found { users, others, invitations })
    }

    async fn every_group(&self) -> Result<Vec<Group>> {
        let fetch = |_: Ask| -> Local<'_, Result<FetchedPage<Vec<Group>>>> {
            Box::pin(self.fetch_groups())
        };
        let source = Source { what: "groups", fetch: &fetch, pages: None };
        let pages = source.read(&*self.client.platform().log).await?;
        Ok(pages.into_iter().flatten().collect())
    }

    async fn people_of(&self, who: &UserRef) -> Result<Vec<User>> {
        let found = accounts_of(self, who).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let Invited { mut users, unreadable, .. } = self.invited().await?;
        if unreadable.means(who) {
            return Err(unreadable.error_for(who));
        }
        self.gaps.add(&unreadable);
        users.retain(|user| who.means(user));
        Ok(users)
    }

    /// Reads one user with all fields; `None` if the server has no user with this id.
    pub(super) async fn account(&self, id: &UserId) -> Result<Option<Account>> {
        if let Some(number) = invitation_number(id) {
            return self.invitation(id, number).await;
        }
        Ok(self.read_account(id).await?.map(|(account, _)| account))
    }

    /// Reads one account. Also returns which fields its record lacks.
    async fn read_account(&self, id: &UserId) -> Result<Option<(Account, Lacks)>> {
        let segments = [id.value.as_str()];
        let call = Call {
            query: &[("includeGroups", "true")],
            ..one(Method::Get, USER, &segments, USERS_READ, Missing::User)
        };
        let answer = self.send_to_one(call).await?;
        answer.map(|answer| decode_account(&answer, id)).transpose()
    }

    /// Reads one group with all fields; `None` if the server has no group with this id.
    pub(super) async fn group_account(&self, id: &GroupId) -> Result<Option<GroupAccount>> {
        let Some(answer) = self.get_group(id).await? else {
            return Ok(None);
        };
        self.decode_group(&answer, id).map(Some)
    }

    /// Returns the response about one group; `None` if the server has no group with this id.
    pub(super) async fn get_group(&self, id: &GroupId) -> Result<Option<Answer>> {
        let segments = [id.value.as_str()];
        self.send_to_one(one(Method::Get, GROUP, &segments, GROUPS_READ, Missing::Group)).await
    }

    /// Decodes a group and checks that it is the requested one.
    pub(super) fn decode_group(&self, answer: &Answer, id: &GroupId) -> Result<GroupAccount> {
        let raw = open_record(answer)?;
        let record: GroupRecord<'_> = read_record(answer, raw)?;
        let group = record.into_group(answer.answered_at()).ok_or_else(|| odd_shape(answer))?;
        if group.id != *id {
            return Err(another_group(answer));
        }
        Ok(GroupAccount { group, raw: kept(raw, &OTHERS_IN_GROUP) })
    }

    pub(super) async fn members_of(&self, id: &GroupId) -> Result<Option<Vec<Member>>> {
        let Some(answer) = self.get_group(id).await? else {
            return Ok(None);
        };
        let group = self.decode_group(&answer, id)?.group;
        group.members.map(Some).ok_or_else(|| odd_shape(&answer))
    }
}

impl ReadPeople for V2 {
    const FIRST_DECIDES: bool = true;

    async fn filtered(&self, who: &UserRef) -> Result<Option<Filtered>> {
        let Some(email) = who.email() else { return Ok(None) };
        match self.fetch_users(&[("email", email.as_str())], &UsersByRef(who)).await {
            Ok(FetchedPage { content, total, next }) => Ok(Some(Filtered {
                content,
                total,
                more: !matches!(next, Next::Nothing | Next::Unstated),
            })),
            // So many users can't have one address, so the filter was ignored. Pages are smaller.
            Err(error) if error.code == Code::BodyTooLarge => Ok(None),
            // The server may only refuse to search. Then the whole listing decides.
            Err(error) if is_refused_size(&error) => Ok(None),
            Err(error) => Err(error.about(email.as_str())),
        }
    }

    async fn listing(&self, filter: &dyn UserFilter) -> Result<People> {
        let fetch = |ask: Ask| -> Local<'_, Result<FetchedPage<People>>> {
            Box::pin(self.users_page(ask, filter))
        };
        let source = Source {
            what: "users",
            fetch: &fetch,
            pages: Some(Pages { size: &self.page_size, by_page: &self.by_page }),
        };
        Ok(People::on(source.read(&*self.client.platform().log).await?))
    }

    async fn read_listed(&self, id: &UserId) -> Result<Option<Listed>> {
        let read = self.read_account(id).await?;
        Ok(read.map(|(account, lacks)| Listed { user: account.user, lacks }))
    }

    fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    fn window(&self) -> &Window {
        self.client.window()
    }
}

/// Decodes an account and checks that it is the requested one. Also returns which fields its record
/// lacks.
pub(super) fn decode_account(answer: &Answer, id: &UserId) -> Result<(Account, Lacks)> {
    let raw = open_record(answer)?;
    let record: UserRecord<'_> = read_record(answer, raw)?;
    let lacks = record.lacks();
    let user = record.into_user().ok_or_else(|| odd_shape(answer))?;
    if user.id != *id {
        return Err(another_user(answer));
    }
    Ok((Account { user, raw: kept(raw, &[]), read_at: answer.answered_at() }, lacks))
}

impl ReadDirectory for V2 {
    fn capabilities(&self) -> Capabilities {
        Dialect::V2.capabilities()
    }

    fn pause(&self, attempt: u32, retry_after_ms: Option<u32>) -> Local<'_, bool> {
        Box::pin(self.client.pause(attempt, retry_after_ms))
    }

    fn wait_to_read_back(&self, reading: u32) -> Local<'_, bool> {
        Box::pin(self.client.wait_to_read_back(reading))
    }

    fn is_invitation(&self, id: &UserId) -> bool {
        invitation_number(id).is_some()
    }

    fn write_window(&self) -> Option<&Window> {
        Some(self.client.window())
    }

    fn server_time(&self) -> Option<i64> {
        self.client.server_time()
    }

    fn probe(&self) -> Local<'_, Result<()>> {
        let ask = Ask { limit: Some(1), token: None };
        Box::pin(async { self.users_page(ask, &AllUsers { with_times: false }).await.map(drop) })
    }

    fn find_users<'a>(&'a self, who: &'a UserRef) -> Local<'a, Result<Vec<User>>> {
        Box::pin(self.people_of(who))
    }

    fn invitations_to<'a>(
        &'a self,
        email: &'a Email,
    ) -> Local<'a, Result<Option<Vec<Invitation>>>> {
        Box::pin(self.invited_at(email))
    }

    fn read_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<Option<Account>>> {
        Box::pin(self.account(id))
    }

    fn list_people<'a>(&'a self, filter: &'a dyn UserFilter) -> Local<'a, Result<Found>> {
        Box::pin(self.people(filter))
    }

    fn page_users<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<User>>> {
        Box::pin(self.page_of_people(cursor, size))
    }

    fn list_attributes(&self) -> Local<'_, Result<Option<Vec<AttributeDefinition>>>> {
        Box::pin(self.attribute_definitions())
    }

    fn unreadable(&self) -> Unreadable {
        self.gaps.unreadable()
    }

    fn list_groups(&self) -> Local<'_, Result<Vec<Group>>> {
        Box::pin(self.every_group())
    }

    fn page_groups<'a>(
        &'a self,
        cursor: Option<&'a str>,
        size: Option<u32>,
    ) -> Local<'a, Result<Page<Group>>> {
        Box::pin(async move {
            let size = size.unwrap_or(self.client.settings().page_size);
            let asked = Offset::resume_groups(cursor, size)?;
            // The server does not page groups. So each page reads them all and returns a part.
            let groups = self.every_group().await?;
            let (offset, size) = (asked.offset, asked.size);
            let next = asked.groups_after(groups.len());
            Ok(Page::part(groups, offset, size, next))
        })
    }

    fn read_group<'a>(&'a self, id: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>> {
        Box::pin(self.group_account(id))
    }

    fn list_members<'a>(
        &'a self,
        ids: &'a [GroupId],
    ) -> Local<'a, Result<Vec<Option<Vec<Member>>>>> {
        let members = |at: usize| -> Local<'a, _> { Box::pin(self.members_of(&ids[at])) };
        Box::pin(self.client.window().run(ids.len(), members))
    }
}
