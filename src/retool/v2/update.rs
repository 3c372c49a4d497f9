//! PATCH of `/api/v2`. Sends only the fields to change, then checks that these changed and no
//! others did.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::body::{MetadataForm, Operations};
use super::read::decode_account;
use super::{GROUP, GROUPS_WRITE, USER, USERS_WRITE, V2};
use crate::domain::metadata::is_same_json;
use crate::domain::{Account, Dialect, Field, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::change::{Change, Changeable, change};
use crate::retool::raw_record::RawRecord;
use crate::retool::request::{one, readable};
use crate::retool::verify::{field_name, group_difference, user_difference};
use crate::retool::write_once::after_write;

/// Fields that are only in a record if they were requested.
const ASKED_FOR: [&str; 1] = ["groups"];

/// The names of the fields that can be cleared, in the server's records.
const CLEARED: [(Field, &str); 2] =
    [(Field::FirstName, "first_name"), (Field::LastName, "last_name")];

/// A change of a user.
pub(super) struct ChangeUser<'a> {
    pub directory: &'a V2,
    pub patch: &'a UserPatch,
    pub form: MetadataForm,
}

impl V2 {
    /// Changes the fields of a user. A server that refuses or ignores paths inside the metadata gets
    /// the metadata as a whole, if its record shows what would be replaced.
    pub(super) async fn change_user(
        &self,
        account: &Account,
        patch: &UserPatch,
    ) -> Result<Account> {
        let form = match shows_metadata(account) {
            true => self.metadata_form.get(),
            false => MetadataForm::ByKey,
        };
        let by_form = async |account: &Account, form| {
            change(self, account, &ChangeUser { directory: self, patch, form }).await
        };
        let error = match by_form(account, form).await {
            Err(error) if form == MetadataForm::ByKey && !patch.metadata.is_empty() => error,
            other => return other,
        };
        let is_refused = matches!(error.http_status, Some(400 | 422))
            && error.code == Code::ServerRefused
            && !error.maybe_applied;
        if !is_refused && error.code != Code::NotVerified {
            return Err(error);
        }
        // The rest of the change may be made. No other user may have changed anything.
        let is_kept = |now: &User, field: &Field| {
            let value = field.of(now);
            value == field.of(&account.user) || patch.wanted(*field) == Some(value)
        };
        let now = match account.reread(self).await {
            Ok(Some(now))
                if shows_metadata(&now)
                    && now.user.email == account.user.email
                    && now.user.metadata == account.user.metadata
                    && Field::ALL.iter().all(|field| is_kept(&now.user, field)) =>
            {
                now
            }
            _ => return Err(error),
        };
        match by_form(&now, MetadataForm::Whole).await {
            Ok(made) => {
                self.metadata_form.set(MetadataForm::Whole);
                Ok(made)
            }
            // Both forms were refused, so the values are the reason.
            Err(other) if is_refused && !other.maybe_applied => Err(error),
            Err(other) if is_refused => Err(other),
            // The first form was accepted, so the other fields may be changed.
            Err(other) => Err(after_write(other)),
        }
    }
}

impl Change for ChangeUser<'_> {
    type Record = Account;

    fn patch(&self) -> &UserPatch {
        self.patch
    }

    async fn send(&self, base: &Account) -> Result<Answer> {
        let segments = [base.user.id.value.as_str()];
        let call = one(Method::Patch, USER, &segments, USERS_WRITE, Missing::User);
        let remaining = differing(&base.user, self.patch);
        let is_whole = self.form == MetadataForm::Whole && !remaining.metadata.is_empty();
        if is_whole && !shows_metadata(base) {
            return Err(metadata_not_shown().about(base.subject()));
        }
        let metadata = base.user.metadata.clone().unwrap_or_default();
        let operations = Operations::of_user(&remaining, &metadata, self.form);
        self.directory.client.send(patch(call, base.subject(), &operations)).await
    }

    fn in_answer(&self, base: &Account, answer: &Answer) -> Result<Option<Account>> {
        let visible = readable(decode_account(answer, &base.user.id))?;
        Ok(visible.map(|(mut account, _)| {
            // The response does not contain the groups, and a PATCH does not change them.
            account.user.groups = account.user.groups.or_else(|| base.user.groups.clone());
            account
        }))
    }

    fn difference(&self, base: &Account, now: &Account) -> Option<String> {
        user_difference(&base.user, self.patch, &now.user)
            .map(Cow::into_owned)
            .or_else(|| changed_field(base, self.patch, now))
    }
}

/// A change of a group.
pub(super) struct ChangeGroup<'a> {
    pub directory: &'a V2,
    pub patch: &'a GroupPatch,
}

impl Change for ChangeGroup<'_> {
    type Record = GroupAccount;

    fn patch(&self) -> &GroupPatch {
        self.patch
    }

    async fn send(&self, base: &GroupAccount) -> Result<Answer> {
        let segments = [base.group.id.value.as_str()];
        let call = one(Method::Patch, GROUP, &segments, GROUPS_WRITE, Missing::Group);
        let operations = Operations::of_group(self.patch);
        self.directory.client.send(patch(call, base.subject(), &operations)).await
    }

    fn in_answer(&self, base: &GroupAccount, answer: &Answer) -> Result<Option<GroupAccount>> {
        readable(self.directory.decode_group(answer, &base.group.id))
    }

    fn difference(&self, base: &GroupAccount, now: &GroupAccount) -> Option<String> {
        group_difference(&base.group, self.patch, &now.group).map(String::from).or_else(|| {
            let Some((base, now)) = parsed(&base.raw).zip(parsed(&now.raw)) else {
                return Some("the record".into());
            };
            base.first_lost(&now, &[]).map(field_name)
        })
    }
}

/// Returns a PATCH. It is not repeated without a read, because the fields may have been changed
/// meanwhile.
fn patch<'a>(call: Call<'a>, subject: &'a str, operations: &Operations) -> Call<'a> {
    Call { body: Some(operations.body()), repeat: Repeat::Never, about: Some(subject), ..call }
}

/// Returns the part of a patch that must be set. Fails, before anything is sent, for fields that
/// this dialect can't set.
pub(super) fn settable(user: &User, patch: &UserPatch) -> Result<UserPatch> {
    if user.is_invitation() {
        return Err(unsupported(
            "An invitation has no fields to change. Wait until it is accepted, or withdraw it.",
        ));
    }
    let mut patch = patch.clone();
    if patch.admin == Some(user.admin) {
        patch.admin = None;
    }
    if patch.email.is_some() {
        return Err(unsupported(
            "/api/v2 can't change the address of a person. Change it in Retool, or leave it out.",
        ));
    }
    let can = Dialect::V2.capabilities();
    check_user_type(&patch)?;
    match Field::ALL.iter().find(|field| patch.wanted(**field).is_some() && !can.sets(**field)) {
        None => Ok(patch),
        Some(field) => Err(unsupported(format!(
            "/api/v2 can't set the field {} of a person. Set it in Retool, or leave it out.",
            field.as_str()
        ))),
    }
}

/// Fails for a user type that the server would refuse.
pub(super) fn check_user_type(patch: &UserPatch) -> Result<()> {
    match patch.user_type {
        Some(user_type) if !Dialect::V2.capabilities().bills(user_type) => {
            Err(unsupported(format!(
                "/api/v2 can't bill a user as \"{}\". Give another user type.",
                user_type.as_str()
            )))
        }
        _ => Ok(()),
    }
}

/// Returns the error for something that this dialect has no request for.
pub(super) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(Code::OperationUnsupported, message)
}

/// Returns whether the record of an account shows its metadata. Metadata that is not known must not
/// be replaced.
fn shows_metadata(account: &Account) -> bool {
    parsed(&account.raw).is_some_and(|raw| {
        raw.has("metadata") && (account.user.metadata.is_some() || raw.nested("metadata").is_none())
    })
}

fn metadata_not_shown() -> Error {
    Error::new(
        Code::NotVerified,
        "The server does not show the metadata of the person any more, so it was not replaced. Look at the person in \
         Retool, then ask again.",
    )
}

/// Returns the part of a patch in which the user differs. If nothing differs, returns the whole
/// patch, so that everything that is reported as written was sent.
fn differing(user: &User, patch: &UserPatch) -> UserPatch {
    let differing = UserPatch::of(&patch.differences(user));
    if differing.is_empty() { patch.clone() } else { differing }
}

/// Returns the first field that was lost or changed, of the fields of the record that this version
/// does not know.
fn changed_field(before: &Account, patch: &UserPatch, now: &Account) -> Option<String> {
    let (was, is) = (before.user.metadata.as_ref(), now.user.metadata.as_ref());
    let Some((before, now)) = parsed(&before.raw).zip(parsed(&now.raw)) else {
        return Some("the record".into());
    };
    if !patch.metadata.is_empty() {
        let is_kept = |(key, json): &(&str, &str)| {
            let now = is.and_then(|metadata| metadata.get(key));
            patch.metadata.contains_key(*key) || is_same_json(Some(json), now)
        };
        if !was.is_none_or(|metadata| metadata.iter().all(|entry| is_kept(&entry))) {
            return Some(field_name("metadata"));
        }
    }
    // The server may derive `seat_type` from the user type.
    let (follows, kept): (&[&str], &[&str]) = match patch.user_type {
        Some(_) => (&["seat_type"], &[]),
        None => (&[], &["seat_type"]),
    };
    let mut may_be_lost = Vec::from(ASKED_FOR);
    may_be_lost.extend(follows);
    may_be_lost.extend(CLEARED.iter().filter(|(field, _)| patch.clears(*field)).map(|(_, it)| *it));
    let mut kept = Vec::from(kept);
    if patch.metadata.is_empty() {
        kept.push("metadata");
    } else {
        may_be_lost.push("metadata");
    }
    let changed = || kept.iter().copied().find(|field| !before.keeps(field, &now));
    before.first_lost(&now, &may_be_lost).or_else(changed).map(field_name)
}

fn parsed(raw: &str) -> Option<RawRecord<'_>> {
    RawRecord::parse(raw)
}
