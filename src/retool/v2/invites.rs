//! Invitations that are not accepted yet. They count as the invited user.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::listing::{Ask, FetchedPage, Source};
use super::wire::{Invitation, InviteRecord};
use super::{
    INVITE, INVITES, Records, USERS_READ, V2, kept, odd_shape, open_record, open_records,
    read_record,
};
use crate::domain::{Account, User, UserId};
use crate::error::{Code, Result};
use crate::fingerprint::fingerprint;
use crate::http::{Call, Local, Method, Missing};
use crate::retool::page_buffer::PageItems;
use crate::retool::request::call;
use crate::retool::unreadable::{Defect, Salvaged, Unreadable, UnreadableRecord, without_address};
use crate::retool::user_filter::{UserFilter, Who};
use crate::sort;

/// Fields with which anyone could accept an invitation. They must not be given out.
const SECRETS: [&str; 1] = ["invite_link"];

/// The users who are invited and have not accepted yet.
pub(super) struct Invited {
    pub users: Vec<User>,
    /// The invitations that can't be used.
    pub unreadable: Unreadable,
}

impl V2 {
    /// Lists the users who are invited and have not accepted yet. Empty on servers without
    /// invitations.
    pub(super) async fn invited(&self) -> Result<Invited> {
        let unreadable = RefCell::new(Unreadable::default());
        let fetch = |_: Ask| -> Local<'_, Result<FetchedPage<Vec<Invitation>>>> {
            Box::pin(self.fetch_invites(&unreadable))
        };
        let source = Source { what: "invitations", fetch: &fetch, pages: None };
        let pages = match source.read(&*self.client.platform().log).await {
            Ok(pages) => pages,
            Err(error) if error.http_status == Some(404) => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut users = Vec::new();
        let mut unreadable = unreadable.into_inner();
        for Invitation { user, pending } in pages.into_iter().flatten() {
            if !pending {
                continue;
            }
            if user.email.key().is_empty() {
                unreadable.add(without_address(&user.id.value));
            }
            users.push(user);
        }
        unreadable.check(users.len() - unreadable.without_address(), "invitations")?;
        Ok(Invited { users, unreadable })
    }

    async fn fetch_invites(
        &self,
        unreadable: &RefCell<Unreadable>,
    ) -> Result<FetchedPage<Vec<Invitation>>> {
        let answer = self.client.send(call(Method::Get, INVITES, &[], USERS_READ)).await?;
        let now = self.now(&answer);
        let Records { salvaged, total, next } = open_records::<InviteRecord<'_>>(&answer)?;
        let Salvaged { records, unreadable: mut odd, mut fingerprints } = salvaged;
        let mut page = Vec::with_capacity(records.len());
        for record in records {
            let id = record.user_id().map(|id| id.value);
            fingerprints.push(fingerprint(id.as_deref().unwrap_or_default()));
            let email = record.email();
            match record.into_invitation(now) {
                Some(invitation) => page.push(invitation),
                None => odd.add(UnreadableRecord { id, email, defect: Defect::Shape }),
            }
        }
        *unreadable.borrow_mut() = odd;
        Ok(FetchedPage { content: PageItems { page, fingerprints }, total, next })
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
        let Some(answer) = self.send_to_one(call).await? else {
            return Ok(None);
        };
        let raw = open_record(&answer)?;
        let record: InviteRecord<'_> = read_record(&answer, raw)?;
        let invitation = record.into_invitation(self.now(&answer));
        let Invitation { user, pending } = invitation.ok_or_else(|| odd_shape(&answer))?;
        if user.id != *id {
            return Err(answer.error(
                Code::WrongPerson,
                "The server answered with another invitation than the one asked for. Look for a proxy that mixes up answers.",
            ));
        }
        let account = Account { user, raw: kept(raw, &SECRETS), read_at: answer.answered_at() };
        Ok(pending.then_some(account))
    }
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

/// Removes invitations of users who have an account by now. The account takes precedence.
pub fn without_accounts(invited: &mut Vec<User>, accounts: &[User]) {
    if invited.is_empty() {
        return;
    }
    let taken = sort::set(accounts.iter().map(|account| &account.email));
    invited.retain(|user| !taken.contains(&user.email));
}
