//! Invitations that are not accepted yet. They count as the invited user.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use serde_json::value::RawValue;

use super::body;
use super::listing::{Ask, FetchedPage, Source};
use super::wire::{InviteRecord, invitation_number};
use super::{
    INVITE, INVITES, Records, USERS_READ, USERS_WRITE, V2, acknowledged, odd_shape, open,
    open_record, open_records, read_record,
};
use crate::domain::{
    Account, Email, GroupId, GroupIdKind, Invitation, NewInvitation, User, UserId, UserRef,
};
use crate::error::{Code, Error, Result};
use crate::fingerprint::fingerprint;
use crate::http::{Answer, Call, Local, Method, Missing};
use crate::retool::page_buffer::PageItems;
use crate::retool::raw_record::RawRecord;
use crate::retool::request::{
    call, created_user, creation, deleted, is_missing, is_page, no_route, one,
};
use crate::retool::unreadable::{Defect, Salvaged, Unreadable, UnreadableRecord, without_address};
use crate::retool::user_filter::{UserFilter, Who};
use crate::sort;

/// The users who are invited and have not accepted yet.
pub(super) struct Invited {
    /// Each user once.
    pub users: Vec<User>,
    /// Further open invitations of these users.
    pub more: Vec<User>,
    /// The invitations that can't be used.
    pub unreadable: Unreadable,
}

/// The invitations that were not accepted.
struct Unaccepted {
    invitations: Vec<Invitation>,
    unreadable: Unreadable,
}

impl V2 {
    /// Lists the users who are invited and have not accepted yet. Empty on servers without
    /// invitations.
    pub(super) async fn invited(&self) -> Result<Invited> {
        let Some(Unaccepted { invitations, mut unreadable }) = self.unaccepted().await? else {
            let (users, more) = (Vec::new(), Vec::new());
            return Ok(Invited { users, more, unreadable: Unreadable::default() });
        };
        let mut open = Vec::new();
        for Invitation { user, open: is_open } in invitations {
            if !is_open {
                continue;
            }
            if user.email.key().is_empty() {
                unreadable.add(without_address(&user.id.value));
            }
            open.push(user);
        }
        unreadable.check(open.len() - unreadable.without_address(), "invitations")?;
        let (users, more) = newest_each(open);
        Ok(Invited { users, more, unreadable })
    }

    /// Lists the invitations that were not accepted; `None` on servers that do not list them.
    async fn unaccepted(&self) -> Result<Option<Unaccepted>> {
        let unreadable = RefCell::new(Unreadable::default());
        let fetch = |_: Ask| -> Local<'_, Result<FetchedPage<Vec<Invitation>>>> {
            Box::pin(self.fetch_invites(&unreadable))
        };
        let mut reading = 1;
        let pages = loop {
            let source = Source { what: "invitations", fetch: &fetch, pages: None };
            match source.read(&*self.client.platform().log).await {
                Ok(pages) => break pages,
                // A login page in between may have answered, which does not happen each time.
                Err(error)
                    if error.code == Code::HtmlPage && is_page(&error) && reading < PAGES =>
                {
                    reading += 1;
                }
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        };
        let invitations = pages.into_iter().flatten().collect();
        Ok(Some(Unaccepted { invitations, unreadable: unreadable.into_inner() }))
    }

    async fn fetch_invites(
        &self,
        unreadable: &RefCell<Unreadable>,
    ) -> Result<FetchedPage<Vec<Invitation>>> {
        let answer = self.client.send(call(Method::Get, INVITES, &[], USERS_READ)).await?;
        let now = answer.answered_at();
        let Records { salvaged, total, next } = open_records::<InviteRecord<'_>>(&answer)?;
        let Salvaged { records, unreadable: mut odd, mut fingerprints } = salvaged;
        let mut page = Vec::with_capacity(records.len());
        for record in records {
            let id = record.user_id().map(|id| id.value);
            fingerprints.push(fingerprint(id.as_deref().unwrap_or_default()));
            let (email, is_accepted) = (record.email(), record.is_accepted());
            match record.into_invitation(now) {
                Some(_) if is_accepted => {}
                Some(invitation) => page.push(invitation),
                None => odd.add(UnreadableRecord { id, email, defect: Defect::Shape }),
            }
        }
        *unreadable.borrow_mut() = odd;
        Ok(FetchedPage { content: PageItems { page, fingerprints }, total, next })
    }

    /// Returns the invitations to an address that were not accepted; `None` if the server does not
    /// list its invitations. Fails if one that can't be used may be to this address.
    pub(super) async fn invited_at(&self, email: &Email) -> Result<Option<Vec<Invitation>>> {
        let listed = self.unaccepted().await.map_err(|error| error.about(email.as_str()))?;
        let Some(Unaccepted { mut invitations, unreadable }) = listed else { return Ok(None) };
        let who = UserRef::Email(email.clone());
        if unreadable.means(&who) {
            return Err(unreadable.error_for(&who));
        }
        invitations.retain(|invitation| invitation.user.email == *email);
        Ok(Some(invitations))
    }

    /// Returns the user of an invitation; `None` if there is no invitation with this number, or
    /// it can't be accepted any more.
    pub(super) async fn invitation(&self, id: &UserId, number: &str) -> Result<Option<Account>> {
        let segments = [number];
        let call = Call {
            missing: Missing::User,
            about: Some(&id.value),
            ..call(Method::Get, INVITE, &segments, USERS_READ)
        };
        let answer = match self.client.send(call).await {
            Ok(answer) => answer,
            // Servers that list invitations may not have this route.
            Err(error) if is_missing(&error) => return self.listed_invitation(id).await,
            Err(error) => return Err(error),
        };
        let raw = open_record(&answer)?;
        let record: InviteRecord<'_> = read_record(&answer, raw)?;
        self.open_invitation(&answer, id, raw, record)
    }

    /// Returns the user of an invitation in the list of all.
    async fn listed_invitation(&self, id: &UserId) -> Result<Option<Account>> {
        let sent = self.client.send(call(Method::Get, INVITES, &[], USERS_READ)).await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let records = open::<Vec<&RawValue>>(&answer)?.data.unwrap_or_default();
        for raw in records {
            let Ok(record) = read_record::<InviteRecord<'_>>(&answer, raw.get()) else { continue };
            if record.user_id().as_ref() == Some(id) {
                return self.open_invitation(&answer, id, raw.get(), record);
            }
        }
        Ok(None)
    }

    fn open_invitation(
        &self,
        answer: &Answer,
        id: &UserId,
        raw: &str,
        record: InviteRecord<'_>,
    ) -> Result<Option<Account>> {
        let invitation = record.into_invitation(answer.answered_at());
        let Invitation { user, open } = invitation.ok_or_else(|| odd_shape(answer))?;
        if user.id != *id {
            return Err(answer.error(
                Code::WrongPerson,
                "The server answered with another invitation than the one asked for. Look for a proxy that mixes up answers.",
            ));
        }
        let account = Account { user, raw: without_links(raw), read_at: answer.answered_at() };
        Ok(open.then_some(account))
    }

    /// Sends an invitation, and returns the invited user. Of the response only what identifies the
    /// invitation is kept: the link in it can be used by anyone who has it.
    pub(super) async fn send_invitation(&self, new: &NewInvitation) -> Result<User> {
        let subject = new.email.as_str();
        let groups = group_numbers(&new.groups).map_err(|error| error.about(subject))?;
        let call = Call {
            missing: Missing::Unspecified,
            ..creation(INVITES, subject, body::invite(subject, &groups, &new.metadata), USERS_WRITE)
        };
        let answer = self.client.send(call).await.map_err(|error| match is_missing(&error) {
            true => no_route(error, NOT_SENT),
            false => error,
        })?;
        let raw = open_record(&answer)?;
        let record: InviteRecord<'_> = read_record(&answer, raw)?;
        let invitation = record.into_invitation(answer.answered_at());
        let invitation = invitation.ok_or_else(|| odd_shape(&answer))?;
        created_user(&answer, invitation.user)
    }

    /// Withdraws an invitation. `false` if the server says that there is none with this number, or
    /// that it does not have the route.
    pub(super) async fn withdraw(&self, id: &UserId, number: &str) -> Result<bool> {
        let segments = [number];
        let call = Call {
            about: Some(&id.value),
            ..one(Method::Delete, INVITE, &segments, USERS_WRITE, Missing::User)
        };
        match self.client.send(call).await {
            Ok(answer) => acknowledged(&answer).map(|()| true),
            Err(error) if is_page(&error) => Err(no_route(error, NOT_WITHDRAWN)),
            other => deleted(other.map(drop)),
        }
    }
}

/// How many pages of HTML in a row show that a server does not list its invitations.
const PAGES: u32 = 3;

const NOT_SENT: &str = "This server does not send invitations through its API: its version (from 3.28) or its plan lacks      that, or a group of the invitation does not exist. Nothing was sent. Let an account be created instead, or invite      the person in Retool.";

const NOT_WITHDRAWN: &str = "This server does not withdraw invitations through its API: its version (from 3.26) or its      plan lacks that. Withdraw the invitation in Retool.";

/// Returns the record of an invitation without everything that may be a link: anyone who has the
/// link can accept the invitation.
fn without_links(raw: &str) -> String {
    let Some(mut record) = RawRecord::parse(raw) else {
        return String::new();
    };
    record.retain(|name, value| {
        let name = name.to_ascii_lowercase();
        let is_named = ["link", "url", "token", "secret"].iter().any(|word| name.contains(word));
        // A slash may be escaped in JSON.
        let is_link =
            value.contains("://") || value.contains(":\\/\\/") || value.contains("\\u002");
        !is_named && !is_link
    });
    record.to_json()
}

/// Returns the server's numbers of groups.
fn group_numbers(groups: &[GroupId]) -> Result<Vec<u64>> {
    let mut numbers = Vec::with_capacity(groups.len());
    for group in groups {
        match group.value.parse() {
            Ok(number) if group.kind == GroupIdKind::Rest => numbers.push(number),
            _ => {
                let message = format!(
                    "No group of /api/v2 has the id {}. Give the number that the server gave.",
                    group.value
                );
                return Err(Error::new(Code::InvalidValue, message));
            }
        }
    }
    Ok(numbers)
}

/// Splits open invitations into the newest of each address, in their order, and the others.
fn newest_each(open: Vec<User>) -> (Vec<User>, Vec<User>) {
    let number = |user: &User| {
        let number = invitation_number(&user.id).unwrap_or_default();
        (number.len(), String::from(number))
    };
    let mut newest = BTreeMap::new();
    for user in &open {
        let own = number(user);
        let known = newest.entry(user.email.clone()).or_insert_with(|| own.clone());
        if *known < own {
            *known = own;
        }
    }
    open.into_iter().partition(|user| newest.get(&user.email) == Some(&number(user)))
}

/// A filter that also keeps accounts with the address of an invitation. They show which invited
/// users have an account by now.
pub struct AndInvited<'a> {
    filter: &'a dyn UserFilter,
    invited: BTreeSet<&'a str>,
}

impl<'a> AndInvited<'a> {
    /// Creates a filter that keeps the users of another filter, and these.
    pub fn new(filter: &'a dyn UserFilter, invited: &'a [User]) -> Self {
        AndInvited { filter, invited: invited.iter().map(|user| user.email.key()).collect() }
    }
}

impl UserFilter for AndInvited<'_> {
    fn wants(&self, who: &Who<'_>) -> bool {
        self.filter.wants(who) || self.invited.contains(&*who.address)
    }

    fn wants_admins(&self) -> bool {
        self.filter.wants_admins()
    }

    fn wants_times(&self) -> bool {
        self.filter.wants_times()
    }

    fn counts(&self, who: &Who<'_>) -> bool {
        self.filter.counts(who)
    }

    fn counts_memberships(&self) -> bool {
        self.filter.counts_memberships()
    }
}

/// Takes the invitations of users who have an account by now out of the list, and returns them. The
/// account takes precedence.
pub fn take_with_accounts(invited: &mut Vec<User>, accounts: &[User]) -> Vec<User> {
    if invited.is_empty() {
        return Vec::new();
    }
    let taken = sort::set(accounts.iter().map(|account| &account.email));
    let (with, without) =
        core::mem::take(invited).into_iter().partition(|user| taken.contains(&user.email));
    *invited = without;
    with
}
