//! The full PUT of `/api/v1`, made safe: merge into what was read, write, verify.
//!
//! A PUT whose answer was lost is not simply sent again: the record may have changed since it
//! was read, and the old one would undo that. It is read, and merged, anew.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use super::record::{with_group_patch, with_user_patch};
use super::{GROUP, GROUPS_WRITE, USER, USERS_WRITE, V1, call, decode_account};
use crate::domain::{Account, Field, Group, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::ReadDirectory;
use crate::retool::raw_record::RawRecord;
use crate::retool::read_back::{ReadBack, read_back};

/// How often a PUT is sent for one change, each time merged into what was just read.
const WRITES: u32 = 3;

impl V1 {
    /// Sets the fields of the patch in a user's record and checks that they hold.
    pub(super) async fn merge_user(&self, account: &Account, patch: &UserPatch) -> Result<User> {
        let (id, subject) = (&account.user.id, account.user.email.as_str());
        let mut base = Cow::Borrowed(account);
        let (mut attempt, mut lost) = (1, false);
        loop {
            let record = parsed(&base.raw, subject).map_err(|error| tried(error, attempt, lost))?;
            let body = with_user_patch(record, patch);
            let segments = [id.value.as_str()];
            let call = Call {
                missing: Missing::User,
                about: Some(subject),
                ..put(USER, &segments, USERS_WRITE, &body)
            };
            let failure = match self.client.send(call).await {
                Ok(answer) => return self.verify_user(&base, &body, patch, &answer).await,
                Err(error) => tried(error, attempt, lost),
            };
            lost = failure.maybe_applied;
            if !lost || attempt == WRITES || !self.pause(attempt, failure.retry_after_ms).await {
                return Err(failure);
            }
            attempt += 1;
            let Ok(Some(now)) = self.account(id).await else {
                return Err(failure);
            };
            if now.user.email != account.user.email {
                return Err(sent(renamed(subject)));
            }
            if user_holds(&base.user, &body, patch, &now).is_ok() {
                return Ok(now.user);
            }
            // Whether enough administrators are left was judged when this was none.
            let takes_rights = patch.disabled == Some(true) || patch.admin == Some(false);
            if takes_rights && now.user.is_enabled_admin() && !account.user.is_enabled_admin() {
                return Err(failure);
            }
            base = Cow::Owned(now);
        }
    }

    async fn verify_user(
        &self,
        base: &Account,
        body: &RawRecord<'_>,
        patch: &UserPatch,
        answer: &Answer,
    ) -> Result<User> {
        let id = &base.user.id;
        // An answer that shows the whole record is proof enough; a shorter one has to be read.
        let shown = answer.text().ok().and_then(RawRecord::parse);
        let whole = shown.is_some_and(|shown| body.is_covered_by(&shown));
        if whole {
            let shown = decode_account(answer, id).map_err(sent)?;
            if user_holds(&base.user, body, patch, &shown).is_ok() {
                return Ok(shown.user);
            }
        }
        let read = read_back(self, async || {
            Ok(match self.account(id).await.map_err(sent)? {
                None => ReadBack::NotYet("the account itself".into()),
                Some(now) => match user_holds(&base.user, body, patch, &now) {
                    Ok(()) => ReadBack::Holds(now.user),
                    Err(lost) => ReadBack::NotYet(lost),
                },
            })
        });
        read.await?.map_err(|lost| sent(not_held(base.user.email.as_str(), &lost)))
    }

    /// Sets the fields of the patch in a group's record and checks that they hold.
    pub(super) async fn merge_group(
        &self,
        account: &GroupAccount,
        patch: &GroupPatch,
    ) -> Result<Group> {
        let (id, subject) = (&account.group.id, account.group.name.as_str());
        let mut base = Cow::Borrowed(account);
        let (mut attempt, mut lost) = (1, false);
        loop {
            let record = parsed(&base.raw, subject).map_err(|error| tried(error, attempt, lost))?;
            let body = with_group_patch(record, patch);
            let segments = [id.value.as_str()];
            let call = Call {
                missing: Missing::Group,
                about: Some(subject),
                ..put(GROUP, &segments, GROUPS_WRITE, &body)
            };
            let failure = match self.client.send(call).await {
                Ok(_) => return self.verify_group(&base.group, &body, patch).await,
                Err(error) => tried(error, attempt, lost),
            };
            lost = failure.maybe_applied;
            if !lost || attempt == WRITES || !self.pause(attempt, failure.retry_after_ms).await {
                return Err(failure);
            }
            attempt += 1;
            let Ok(Some(now)) = self.group_account(id).await else {
                return Err(failure);
            };
            if group_holds(&body, patch, &now) {
                return Ok(now.group);
            }
            base = Cow::Owned(now);
        }
    }

    async fn verify_group(
        &self,
        before: &Group,
        body: &RawRecord<'_>,
        patch: &GroupPatch,
    ) -> Result<Group> {
        let read = read_back(self, async || {
            let now = self.group_account(&before.id).await.map_err(sent)?;
            Ok(match now.filter(|now| group_holds(body, patch, now)) {
                Some(now) => ReadBack::Holds(now.group),
                None => ReadBack::NotYet(()),
            })
        });
        read.await?.map_err(|()| sent(not_held(&before.name, "the group's fields")))
    }
}

/// A PUT of a whole record. Not repeated blindly: see the module.
fn put<'a>(
    template: &'static str,
    segments: &'a [&'a str],
    scope: &'static str,
    body: &RawRecord<'_>,
) -> Call<'a> {
    Call {
        body: Some(body.to_json().into_bytes()),
        repeat: Repeat::Never,
        ..call(Method::Put, template, segments, scope)
    }
}

/// Says what is true of all tries so far, of which an error on its own knows the last: how many
/// there were, and whether one of them may have taken effect.
fn tried(mut error: Error, attempt: u32, lost: bool) -> Error {
    error.attempts += attempt - 1;
    error.maybe_applied |= lost;
    error
}

/// Marks an error that comes after a write was sent.
fn sent(mut error: Error) -> Error {
    error.maybe_applied = true;
    error
}

fn parsed<'a>(raw: &'a str, subject: &str) -> Result<RawRecord<'a>> {
    RawRecord::parse(raw).ok_or_else(|| {
        Error::new(
            Code::AnswerUnusable,
            "The record to change is not a JSON object, so it was not written. Try again.",
        )
        .about(subject)
    })
}

/// Whether the patch is there, and all else is as it was. What is not, if anything.
fn user_holds(
    before: &User,
    body: &RawRecord<'_>,
    patch: &UserPatch,
    now: &Account,
) -> Result<(), String> {
    if now.user.email != before.email {
        return Err("the address".into());
    }
    if let Some(change) = patch.differences(&now.user).first() {
        return Err(change.field.into());
    }
    let kept =
        |field: &Field| patch.get(*field).is_some() || field.of(before) == field.of(&now.user);
    if let Some(lost) = Field::ALL.iter().find(|field| !kept(field)) {
        return Err(lost.as_str().into());
    }
    match RawRecord::parse(&now.raw) {
        Some(after) => body.first_lost(&after, &[]).map_or(Ok(()), |lost| Err(named(lost))),
        None => Err("the record".into()),
    }
}

/// A field of the record as messages name it: the name is the server's, and only a plain one is
/// repeated.
fn named(field: &str) -> String {
    let plain = field.len() <= 40 && field.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { format!("the field {field}") } else { "a field of an odd name".into() }
}

fn group_holds(body: &RawRecord<'_>, patch: &GroupPatch, now: &GroupAccount) -> bool {
    let GroupPatch { name, universal_app_access } = patch;
    name.as_ref().is_none_or(|name| now.group.name == *name)
        && (universal_app_access.is_none()
            || now.group.universal_app_access == *universal_app_access)
        && RawRecord::parse(&now.raw).is_some_and(|after| body.first_lost(&after, &[]).is_none())
}

fn renamed(subject: &str) -> Error {
    Error::new(
        Code::WrongPerson,
        "The account was given another address while it was being changed, so it was not written again. \
         Look at who it belongs to now.",
    )
    .about(subject)
}

fn not_held(subject: &str, what: &str) -> Error {
    Error::new(
        Code::NotVerified,
        format!(
            "The server accepted the change, but {what} did not hold when read back: the server or somebody else \
             changed it. Compare the account with what was asked for."
        ),
    )
    .about(subject)
}
