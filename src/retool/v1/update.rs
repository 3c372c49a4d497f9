//! The full PUT of `/api/v1`: merges the change into the record that was read, writes, verifies.

use alloc::borrow::Cow;
use alloc::string::String;

use super::record::{with_group_patch, with_user_patch};
use super::{GROUP, GROUPS_WRITE, USER, USERS_WRITE, V1, check_not_refused, decode_account};
use crate::domain::{Account, GroupAccount, GroupPatch, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::change::{Change, Changeable};
use crate::retool::raw_record::RawRecord;
use crate::retool::request::{one, readable};
use crate::retool::verify::{field_name, group_difference, user_difference};

/// A change of a user.
pub(super) struct ChangeUser<'a> {
    pub directory: &'a V1,
    pub patch: &'a UserPatch,
}

impl Change for ChangeUser<'_> {
    type Record = Account;

    fn patch(&self) -> &UserPatch {
        self.patch
    }

    async fn send(&self, base: &Account) -> Result<Answer> {
        let record = parsed(&base.raw, base.subject())?;
        let segments = [base.user.id.value.as_str()];
        let call = one(Method::Put, USER, &segments, USERS_WRITE, Missing::User);
        let body = with_user_patch(record, self.patch);
        self.directory.client.send(put(call, base.subject(), &body)).await
    }

    fn in_answer(&self, base: &Account, answer: &Answer) -> Result<Option<Account>> {
        check_not_refused(answer)?;
        // Only a response with the whole record is proof.
        let sent = self.body(base);
        let visible = answer.text().ok().and_then(RawRecord::parse);
        match sent.zip(visible) {
            Some((sent, visible)) if sent.is_covered_by(&visible) => {
                readable(decode_account(answer, &base.user.id))
            }
            _ => Ok(None),
        }
    }

    fn difference(&self, base: &Account, now: &Account) -> Option<String> {
        user_difference(&base.user, self.patch, &now.user)
            .map(Cow::into_owned)
            .or_else(|| lost_field(self.body(base), &now.raw))
    }
}

impl ChangeUser<'_> {
    fn body<'a>(&self, base: &'a Account) -> Option<RawRecord<'a>> {
        RawRecord::parse(&base.raw).map(|record| with_user_patch(record, self.patch))
    }
}

/// A change of a group.
pub(super) struct ChangeGroup<'a> {
    pub directory: &'a V1,
    pub patch: &'a GroupPatch,
}

impl Change for ChangeGroup<'_> {
    type Record = GroupAccount;

    fn patch(&self) -> &GroupPatch {
        self.patch
    }

    async fn send(&self, base: &GroupAccount) -> Result<Answer> {
        let record = parsed(&base.raw, base.subject())?;
        let segments = [base.group.id.value.as_str()];
        let call = one(Method::Put, GROUP, &segments, GROUPS_WRITE, Missing::Group);
        let body = with_group_patch(record, self.patch);
        self.directory.client.send(put(call, base.subject(), &body)).await
    }

    fn in_answer(&self, _: &GroupAccount, answer: &Answer) -> Result<Option<GroupAccount>> {
        check_not_refused(answer).map(|()| None)
    }

    fn difference(&self, base: &GroupAccount, now: &GroupAccount) -> Option<String> {
        group_difference(&base.group, self.patch, &now.group).map(String::from).or_else(|| {
            let record = RawRecord::parse(&base.raw);
            lost_field(record.map(|record| with_group_patch(record, self.patch)), &now.raw)
        })
    }
}

/// Returns a PUT of a whole record. It is not repeated without a read: the record may have changed
/// since it was read, and the old record would undo that change.
fn put<'a>(call: Call<'a>, subject: &'a str, body: &RawRecord<'_>) -> Call<'a> {
    Call {
        body: Some(body.to_json().into_bytes()),
        repeat: Repeat::Never,
        about: Some(subject),
        ..call
    }
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

/// Returns the first field that was sent and has no value in the current record.
fn lost_field(sent: Option<RawRecord<'_>>, now: &str) -> Option<String> {
    let Some((sent, now)) = sent.zip(RawRecord::parse(now)) else {
        return Some("the record".into());
    };
    sent.first_lost(&now, &[]).map(field_name)
}
