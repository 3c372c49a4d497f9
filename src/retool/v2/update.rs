//! PATCH of `/api/v2`: only the fields that are to be different, and then a look whether they
//! are, and nothing else is.
//!
//! A PATCH whose answer was lost is not simply sent again: what it sets may have been set to
//! something else meanwhile. The record is read first.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;

use super::body::Operations;
use super::read::decode_account;
use super::{
    GROUP, GROUPS_WRITE, USER, USERS_WRITE, V2, WRITES, call, named, not_held, sent, tried,
};
use crate::domain::{Account, Dialect, Field, Group, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::ReadDirectory;
use crate::retool::raw_record::RawRecord;
use crate::retool::read_back::{ReadBack, read_back};

/// What is only in a record that was read with it.
const ASKED_FOR: [&str; 1] = ["groups"];

impl V2 {
    /// Sets the fields of the patch in an account and checks that they hold.
    pub(super) async fn patch_user(&self, account: &Account, patch: &UserPatch) -> Result<User> {
        let (id, subject) = (&account.user.id, account.user.email.as_str());
        let patch = settable(&account.user, patch).map_err(|error| error.about(subject))?;
        if patch.is_empty() {
            return Ok(account.user.clone());
        }
        let mut base = Cow::Borrowed(account);
        let (mut attempt, mut lost) = (1, false);
        loop {
            let differing = differing(&base.user, &patch);
            let segments = [id.value.as_str()];
            let call = Call {
                body: Some(Operations::of_user(&differing).body()),
                repeat: Repeat::Never,
                missing: Missing::User,
                about: Some(subject),
                ..call(Method::Patch, USER, &segments, USERS_WRITE)
            };
            let failure = match self.client.send(call).await {
                Ok(answer) => return self.verify_user(&base, &patch, &answer).await,
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
            if user_holds(&base, &patch, &now).is_ok() {
                return Ok(now.user);
            }
            // Whether enough administrators are left was judged when this was none.
            let takes_rights = patch.disabled == Some(true);
            if takes_rights && now.user.is_enabled_admin() && !account.user.is_enabled_admin() {
                return Err(failure);
            }
            base = Cow::Owned(now);
        }
    }

    async fn verify_user(
        &self,
        base: &Account,
        patch: &UserPatch,
        answer: &Answer,
    ) -> Result<User> {
        let id = &base.user.id;
        if let Some(mut shown) = shown(decode_account(answer, id))?.map(|(account, _)| account)
            // An answer that shows the whole record is proof enough; a shorter one has lost fields,
            // and has to be read.
            && user_holds(base, patch, &shown).is_ok()
        {
            // Which the answer does not tell, and a PATCH does not change.
            shown.user.groups = shown.user.groups.or_else(|| base.user.groups.clone());
            return Ok(shown.user);
        }
        let read = read_back(self, async || {
            Ok(match self.account(id).await.map_err(sent)? {
                None => ReadBack::NotYet("the account itself".to_owned()),
                Some(now) => match user_holds(base, patch, &now) {
                    Ok(()) => ReadBack::Holds(now.user),
                    Err(what) => ReadBack::NotYet(what),
                },
            })
        });
        read.await?.map_err(|what| unchanged(base.user.email.as_str(), &what))
    }

    /// Sets the fields of the patch in a group and checks that they hold.
    pub(super) async fn patch_group(
        &self,
        account: &GroupAccount,
        patch: &GroupPatch,
    ) -> Result<Group> {
        let (id, subject) = (&account.group.id, account.group.name.as_str());
        let operations = Operations::of_group(patch);
        if operations.is_empty() {
            return Ok(account.group.clone());
        }
        let (mut attempt, mut lost) = (1, false);
        loop {
            let segments = [id.value.as_str()];
            let call = Call {
                body: Some(operations.body()),
                repeat: Repeat::Never,
                missing: Missing::Group,
                about: Some(subject),
                ..call(Method::Patch, GROUP, &segments, GROUPS_WRITE)
            };
            let failure = match self.client.send(call).await {
                Ok(answer) => return self.verify_group(account, patch, &answer).await,
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
            if group_holds(account, patch, &now) {
                return Ok(now.group);
            }
        }
    }

    async fn verify_group(
        &self,
        before: &GroupAccount,
        patch: &GroupPatch,
        answer: &Answer,
    ) -> Result<Group> {
        let id = &before.group.id;
        if let Some(shown) = shown(self.decode_group(answer, id))?
            && group_holds(before, patch, &shown)
        {
            return Ok(shown.group);
        }
        let read = read_back(self, async || {
            let now = self.group_account(id).await.map_err(sent)?;
            Ok(match now.filter(|now| group_holds(before, patch, now)) {
                Some(now) => ReadBack::Holds(now.group),
                None => ReadBack::NotYet(()),
            })
        });
        read.await?.map_err(|()| unchanged(&before.group.name, "the group's fields"))
    }
}

/// What the answer to a write shows; `None` where it is no record.
fn shown<T>(decoded: Result<T>) -> Result<Option<T>> {
    match decoded {
        Ok(shown) => Ok(Some(shown)),
        Err(error) if error.code == Code::AnswerUnusable => Ok(None),
        Err(error) => Err(error),
    }
}

/// The part of a patch that there is to set. Refuses what this dialect does not take, before
/// anything is sent.
fn settable(user: &User, patch: &UserPatch) -> Result<UserPatch> {
    if user.is_invitation() {
        return Err(unsupported(
            "An invitation has no fields to change. Wait until it is accepted, or withdraw it.",
        ));
    }
    let mut patch = patch.clone();
    if patch.admin == Some(user.admin) {
        patch.admin = None;
    }
    let can = Dialect::V2.capabilities();
    check_user_type(&patch)?;
    match Field::ALL.iter().find(|field| patch.get(**field).is_some() && !can.sets(**field)) {
        None => Ok(patch),
        Some(field) => Err(unsupported(format!(
            "/api/v2 can't set the field {} of a person. Set it in Retool, or leave it out.",
            field.as_str()
        ))),
    }
}

/// Refuses a user type that the server would refuse.
pub(super) fn check_user_type(patch: &UserPatch) -> Result<()> {
    match patch.user_type {
        Some(user_type) if !Dialect::V2.capabilities().bills(user_type) => {
            Err(unsupported(format!(
                "/api/v2 can't bill anybody as \"{}\". Give another user type.",
                user_type.as_str()
            )))
        }
        _ => Ok(()),
    }
}

/// Something that this dialect has no request for.
pub(super) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(Code::OperationUnsupported, message)
}

/// The part of a patch in which a user is different; all of it if there is none, so that what is
/// told as written was sent.
fn differing(user: &User, patch: &UserPatch) -> UserPatch {
    let mut differing = UserPatch::default();
    for change in patch.differences(user) {
        if let Some(field) = Field::parse(change.field) {
            differing.set(field, &change.after);
        }
    }
    if differing.is_empty() { patch.clone() } else { differing }
}

/// Whether the patch is there, and all else is as it was. What is not, if anything.
fn user_holds(before: &Account, patch: &UserPatch, now: &Account) -> Result<(), String> {
    if now.user.email != before.user.email {
        return Err("the address".into());
    }
    if let Some(change) = patch.differences(&now.user).first() {
        return Err(change.field.into());
    }
    let is_kept = |field: &Field| {
        patch.get(*field).is_some() || field.of(&before.user) == field.of(&now.user)
    };
    if let Some(lost) = Field::ALL.iter().find(|field| !is_kept(field)) {
        return Err(lost.as_str().into());
    }
    let (Some(before), Some(now)) = (parsed(&before.raw), parsed(&now.raw)) else {
        return Err("the record".into());
    };
    // What a seat is sold as may follow from the user type.
    let (follows, kept): (&[&str], &[&str]) = match patch.user_type {
        Some(_) => (&["groups", "seat_type"], &["metadata"]),
        None => (&ASKED_FOR, &["metadata", "seat_type"]),
    };
    let changed = || kept.iter().copied().find(|field| !before.keeps(field, &now));
    match before.first_lost(&now, follows).or_else(changed) {
        None => Ok(()),
        Some(field) => Err(named(field)),
    }
}

fn parsed(raw: &str) -> Option<RawRecord<'_>> {
    RawRecord::parse(raw)
}

fn group_holds(before: &GroupAccount, patch: &GroupPatch, now: &GroupAccount) -> bool {
    let GroupPatch { name, universal_app_access } = patch;
    name.as_ref().is_none_or(|name| now.group.name == *name)
        && (universal_app_access.is_none()
            || now.group.universal_app_access == *universal_app_access)
        && match (parsed(&before.raw), parsed(&now.raw)) {
            (Some(before), Some(now)) => before.first_lost(&now, &[]).is_none(),
            _ => false,
        }
}

fn renamed(subject: &str) -> Error {
    Error::new(
        Code::WrongPerson,
        "The account was given another address while it was being changed, so it was not written again. \
         Look at who it belongs to now.",
    )
    .about(subject)
}

fn unchanged(subject: &str, what: &str) -> Error {
    let message = format!(
        "The server accepted the change, but {what} did not hold when read back: the server or somebody else \
         changed it. Compare the record with what was asked for."
    );
    not_held(message, subject)
}
