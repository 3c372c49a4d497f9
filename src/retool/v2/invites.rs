//! Invitations that nobody has accepted yet, which count as the person who was invited.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::listing::{Ask, Sheet, Source};
use super::wire::{Invitation, InviteRecord};
use super::{
    INVITE, INVITES, USERS_READ, V2, call, kept, odd_shape, open_list, open_record, read_record,
};
use crate::domain::{Account, User, UserId};
use crate::error::{Code, Result};
use crate::http::{Call, Local, Method, Missing};
use crate::index::Set;

/// What lets whoever has it accept an invitation: not to be handed out.
const SECRETS: [&str; 1] = ["invite_link"];

impl V2 {
    /// Everybody who is invited and has not accepted yet. Servers without invitations have
    /// nobody.
    pub(super) async fn invited(&self) -> Result<Vec<User>> {
        let fetch =
            |_: Ask| -> Local<'_, Result<Sheet<Invitation>>> { Box::pin(self.invites_sheet()) };
        let source = Source {
            what: "invitations",
            fetch: &fetch,
            key: |invitation: &Invitation| &invitation.user.id.value,
            pages: None,
        };
        match source.read(&*self.client.platform().log).await {
            Ok(all) => {
                let pending = all.into_iter().filter(|invitation| invitation.pending);
                Ok(pending.map(|invitation| invitation.user).collect())
            }
            Err(error) if error.http_status == Some(404) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn invites_sheet(&self) -> Result<Sheet<Invitation>> {
        let answer = self.client.send(call(Method::Get, INVITES, &[], USERS_READ)).await?;
        let now = self.now(&answer);
        open_list(&answer, |record: InviteRecord<'_>| record.into_invitation(now))
    }

    /// The person whom an invitation is for; `None` if there is none of this number, or nobody
    /// can accept it any more.
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
        let record: InviteRecord<'_> = read_record(&answer, &raw)?;
        let invitation = record.into_invitation(self.now(&answer));
        let Invitation { user, pending } = invitation.ok_or_else(|| odd_shape(&answer))?;
        if user.id != *id {
            return Err(answer.error(
                Code::WrongPerson,
                "The server answered with another invitation than the one asked for. Look for a proxy that mixes up answers.",
            ));
        }
        let account = Account { user, raw: kept(&raw, &SECRETS), read_at: answer.answered_at() };
        Ok(pending.then_some(account))
    }
}

/// Leaves out those who have an account by now: it is the person.
pub fn without_accounts(invited: &mut Vec<User>, accounts: &[User]) {
    if invited.is_empty() {
        return;
    }
    let mut taken = Set::default();
    for account in accounts {
        taken.insert(&account.email);
    }
    invited.retain(|user| !taken.contains(&user.email));
}
