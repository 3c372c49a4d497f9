//! Users one page at a time: accounts by the server's cursor, then invitations.

use alloc::vec::Vec;

use super::V2;
use super::cursor::{After, Offset, UserCursor, invitations_after};
use super::invites::Invited;
use super::listing::{AGAIN, Ask, NO_WAY, Next, UNSTATED, incomplete};
use crate::domain::User;
use crate::error::Result;
use crate::retool::Page;
use crate::retool::find::one_page;
use crate::retool::user_filter::AllUsers;

impl V2 {
    /// Reads one page of users. Invitations are counted with the first page, and returned after
    /// the last account. An invitation of a user who has an account is left out only if the
    /// account is on the same page.
    pub(super) async fn page_of_people(
        &self,
        cursor: Option<&str>,
        size: Option<u32>,
    ) -> Result<Page<User>> {
        let size = size.unwrap_or(self.client.settings().page_size);
        let (size, after) = match UserCursor::resume(cursor, size)? {
            UserCursor::Accounts { size, after } => (size, after),
            UserCursor::Invitations(at) => return self.page_of_invited(at).await,
        };
        let (token, invited, count) = match after {
            Some(After { token, invited }) => (Some(token), None, invited),
            None => {
                let invited = self.invited_page().await?;
                let count = invited.len() as u32;
                (None, Some(invited), count)
            }
        };
        let all = AllUsers { with_times: true };
        let (size, fetched) = match &token {
            None => {
                let log = &*self.client.platform().log;
                let fetch = async |limit| self.users_page(Ask { limit, token: None }, &all).await;
                let (taken, fetched) =
                    self.page_size.first_page(Some(size), "users", log, fetch).await?;
                (taken.unwrap_or(size), fetched)
            }
            Some(token) => {
                let ask = Ask { limit: Some(size), token: Some(token.clone()) };
                (size, self.users_page(ask, &all).await?)
            }
        };
        let next = match fetched.next {
            Next::Unstated if fetched.content.fingerprints.len() >= size as usize => {
                return Err(incomplete("users", UNSTATED));
            }
            Next::Nothing | Next::Unstated => None,
            Next::Page(next) if token.as_ref() != Some(&next) => {
                Some(After { token: next, invited: count }.write(size))
            }
            Next::Page(_) => return Err(incomplete("users", AGAIN)),
            Next::Unknown => return Err(incomplete("users", NO_WAY)),
        };
        let total = fetched.total.map(|total| total.saturating_add(count));
        let mut page = Page { items: one_page(self, fetched.content.page).await?, next, total };
        if page.next.is_none() {
            let invited = match invited {
                Some(invited) => invited,
                None => self.invited_page().await?,
            };
            fill(&mut page, invited, size);
        }
        Ok(page)
    }

    /// Lists all invitations. One that can't be used is an error, because a page has no place to
    /// name it.
    async fn invited_page(&self) -> Result<Vec<User>> {
        let Invited { users, unreadable, .. } = self.invited().await?;
        unreadable.on_a_page()?;
        Ok(users)
    }

    async fn page_of_invited(&self, at: Offset) -> Result<Page<User>> {
        let invited = self.invited_page().await?;
        let next = at.invitations_after(invited.len());
        let items = invited.into_iter().skip(at.offset).take(at.size as usize).collect();
        Ok(Page { items, next, total: None })
    }
}

/// Fills the last page of accounts with invitations.
fn fill(page: &mut Page<User>, invited: Vec<User>, size: u32) {
    let accounts = page.items.len();
    for (at, user) in invited.into_iter().enumerate() {
        // An account takes precedence over an invitation.
        if page.items[..accounts].iter().any(|account| account.email == user.email) {
            page.total = page.total.map(|total| total.saturating_sub(1));
            continue;
        }
        if page.items.len() >= size as usize {
            page.next = Some(invitations_after(size, at));
            return;
        }
        page.items.push(user);
    }
}
