//! PATCH of `/api/v2`. Sends only the fields to change, then checks that these changed and no
//! others did.

use alloc::format;
use alloc::string::String;

use super::body::Operations;
use super::read::decode_account;
use super::{GROUP, GROUPS_WRITE, USER, USERS_WRITE, V2};
use crate::domain::{Account, Dialect, Field, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::change::{Change, Changeable};
use crate::retool::raw_record::RawRecord;
use crate::retool::request::{one, readable};
use crate::retool::verify::{field_name, group_difference, user_difference};

/// Fields that are only in a record if they were requested.
const ASKED_FOR: [&str; 1] = ["groups"];

/// A change of a user.
pub(super) struct ChangeUser<'a> {
    pub directory: &'a V2,
    pub patch: &'a UserPatch,
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
        let operations = Operations::of_user(&remaining);
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
            .map(String::from)
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
        group_difference(self.patch, &now.group).map(String::from).or_else(|| {
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

/// Returns the part of a patch in which the user differs. If nothing differs, returns the whole
/// patch, so that everything that is reported as written was sent.
fn differing(user: &User, patch: &UserPatch) -> UserPatch {
    let mut differing = UserPatch::default();
    for change in patch.differences(user) {
        if let Some(field) = Field::parse(change.field) {
            differing.set(field, &change.after);
        }
    }
    if differing.is_empty() { patch.clone() } else { differing }
}

/// Returns the first field that was lost or changed, of the fields of the record that this version
/// does not know.
fn changed_field(before: &Account, patch: &UserPatch, now: &Account) -> Option<String> {
    let Some((before, now)) = parsed(&before.raw).zip(parsed(&now.raw)) else {
        return Some("the record".into());
    };
    // The server may derive `seat_type` from the user type.
    let (follows, kept): (&[&str], &[&str]) = match patch.user_type {
        Some(_) => (&["groups", "seat_type"], &["metadata"]),
        None => (&ASKED_FOR, &["metadata", "seat_type"]),
    };
    let changed = || kept.iter().copied().find(|field| !before.keeps(field, &now));
    before.first_lost(&now, follows).or_else(changed).map(field_name)
}

fn parsed(raw: &str) -> Option<RawRecord<'_>> {
    RawRecord::parse(raw)
}
