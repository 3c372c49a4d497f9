//! A PUT of a whole user: the last form of a change, for servers that accept no PATCH. It must not
//! lose a field or a membership. Some servers reset what a PUT omits.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Scim;
use super::body::whole_user;
use super::form::Form;
use super::members::named;
use super::user::UserRecord;
use crate::de::object;
use crate::domain::{Account, GroupLink, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::retool::membership;
use crate::retool::raw_record::RawRecord;
use crate::retool::user_filter::Others;
use crate::retool::verify::{field_name, not_held};
use crate::retool::write_once::after_write;

/// What a PUT of a user must keep.
pub(super) struct Put {
    /// The memberships before it.
    groups: Vec<GroupLink>,
}

impl Put {
    /// Reads what a PUT of a user must keep.
    pub(super) async fn of(directory: &Scim, account: &Account) -> Result<Put> {
        // Some records lack groups: only what a record showed can be missed in the next one.
        let record = object::<UserRecord<'_>>(account.raw.as_bytes());
        let own = record.ok().and_then(|record| record.into_user().groups);
        let user = User { groups: own, ..account.user.clone() };
        Ok(Put { groups: memberships(directory, &user).await? })
    }

    /// Returns the record to send.
    pub(super) fn body<'a>(account: &'a Account, patch: &UserPatch) -> Result<RawRecord<'a>> {
        whole_user(account, patch).ok_or_else(|| {
            Error::new(
                Code::AnswerUnusable,
                "The record to change is not a JSON object, so it was not written. Try again.",
            )
            .about(account.user.email.as_str())
        })
    }

    /// Returns the first field or membership that a PUT lost, as far as the record shows it.
    pub(super) fn lost(&self, base: &Account, patch: &UserPatch, now: &Account) -> Option<String> {
        let sent = Put::body(base, patch).ok();
        let Some((sent, after)) = sent.zip(RawRecord::parse(&now.raw)) else {
            return Some("the record".into());
        };
        if let Some(field) = sent.first_lost(&after, &["schemas"]) {
            return Some(field_name(field));
        }
        if let Some(field) = sent.first_lost_inside(&after) {
            return Some(field_name(&field));
        }
        let left = now.user.groups.as_ref().and_then(|now| self.left(now).into_iter().next());
        left.map(|group| format!("the membership of {}", group.label()))
    }

    /// Returns the groups that the user left.
    fn left(&self, now: &[GroupLink]) -> Vec<&GroupLink> {
        self.groups.iter().filter(|group| now.iter().all(|link| link.id != group.id)).collect()
    }

    /// Checks the memberships after a PUT whose fields hold.
    pub(super) async fn check(&self, directory: &Scim, made: Account) -> Result<Account> {
        if self.groups.is_empty() {
            return Ok(made);
        }
        let now = memberships(directory, &made.user).await.map_err(after_write)?;
        if self.left(&now).is_empty() {
            directory.put_keeps_groups.set(true);
            return Ok(made);
        }
        Err(self.put_back(directory, &made.user, &now).await)
    }

    /// Returns the error for a PUT that does not hold. If it cost the user memberships, they are put
    /// back.
    pub(super) async fn explain(&self, directory: &Scim, user: &User, error: Error) -> Error {
        let Ok(Some(account)) = directory.account(&user.id).await else { return error };
        match memberships(directory, &account.user).await {
            Ok(now) if !self.left(&now).is_empty() => {
                self.put_back(directory, &account.user, &now).await
            }
            _ => error,
        }
    }

    async fn put_back(&self, directory: &Scim, user: &User, now: &[GroupLink]) -> Error {
        // Never again with this server.
        directory.user_form.set(Form::Never);
        let lost = self.left(now);
        let mut missing = Vec::new();
        for group in &lost {
            if directory.join(&group.id, core::slice::from_ref(&user.id)).await.is_err() {
                missing.push(group.label());
            }
        }
        let all: Vec<&str> = lost.iter().map(|group| group.label()).collect();
        let mut message = format!(
            "The server accepted the change, but it is made with a PUT there, which removed the person from groups: \
             {} ",
            named(&all)
        );
        if missing.is_empty() {
            message.push_str("They were put back, and are in them when read back. ");
        } else {
            message
                .push_str("It is uncertain whether these were put back; put them back in Retool: ");
            message.push_str(&named(&missing));
            message.push(' ');
        }
        message.push_str("Look at the person in Retool. No other person is changed in this way.");
        not_held(message, user.email.as_str())
    }
}

/// Reads the groups of a user: from the record, or else from every group.
async fn memberships(directory: &Scim, user: &User) -> Result<Vec<GroupLink>> {
    if let Some(groups) = &user.groups {
        return Ok(groups.clone());
    }
    // Records without groups are common: for users who are in none. What the server taught once
    // saves reading every group for each of them.
    if directory.put_keeps_groups.get() {
        return Ok(Vec::new());
    }
    let groups = directory.every_group().await?;
    let mut links = membership::links(directory, &groups, &mut Others::default()).await?;
    Ok(links.remove(&user.id).unwrap_or_default())
}
