//! Changes of the fields of a user or a group: write, check after a lost reply, read back.

use alloc::borrow::Cow;
use alloc::string::String;

use super::ReadDirectory;
use super::read_back::{ReadBack, read_back};
use super::verify::{change_not_held, group_may_be_sent_again, user_may_be_sent_again};
use super::write_once::{AfterLoss, Written, after_write, write_once};
use crate::domain::{Account, GroupAccount, GroupPatch, UserPatch};
use crate::error::Result;
use crate::http::Answer;

/// A record that can be changed.
pub(super) trait Changeable: Clone {
    /// The fields to change.
    type Patch;

    /// The name of the record in messages if it no longer exists.
    const ITSELF: &'static str;

    /// Returns the name of the user or group, for errors.
    fn subject(&self) -> &str;

    /// Reads the record again; `None` if it no longer exists.
    async fn reread(&self, directory: &dyn ReadDirectory) -> Result<Option<Self>>;

    /// Returns whether a change may be sent again, given the current record.
    fn may_be_sent_again(&self, patch: &Self::Patch, now: &Self) -> Result<bool>;
}

impl Changeable for Account {
    type Patch = UserPatch;

    const ITSELF: &'static str = "the account itself";

    fn subject(&self) -> &str {
        self.user.email.as_str()
    }

    async fn reread(&self, directory: &dyn ReadDirectory) -> Result<Option<Self>> {
        directory.read_user(&self.user.id).await
    }

    fn may_be_sent_again(&self, patch: &UserPatch, now: &Self) -> Result<bool> {
        user_may_be_sent_again(&self.user, patch, &now.user)
    }
}

impl Changeable for GroupAccount {
    type Patch = GroupPatch;

    const ITSELF: &'static str = "the group itself";

    fn subject(&self) -> &str {
        &self.group.name
    }

    async fn reread(&self, directory: &dyn ReadDirectory) -> Result<Option<Self>> {
        directory.read_group(&self.group.id).await
    }

    fn may_be_sent_again(&self, patch: &GroupPatch, now: &Self) -> Result<bool> {
        Ok(group_may_be_sent_again(&self.group, patch, &now.group))
    }
}

/// How a dialect makes a change.
pub(super) trait Change {
    /// The record that is changed.
    type Record: Changeable;

    /// Returns the fields to change.
    fn patch(&self) -> &<Self::Record as Changeable>::Patch;

    /// Sends the change once. `base` is the record as it was last read.
    async fn send(&self, base: &Self::Record) -> Result<Answer>;

    /// Returns the record in the response; `None` if the response contains none or only a part.
    fn in_answer(&self, base: &Self::Record, answer: &Answer) -> Result<Option<Self::Record>>;

    /// Returns the first difference from the wanted record: a field that was not set, or another
    /// field that was changed. `None` if the change holds.
    fn difference(&self, base: &Self::Record, now: &Self::Record) -> Option<String>;
}

/// Makes a change. Checks that it holds and that nothing else was changed.
pub(super) async fn change<C: Change>(
    directory: &dyn ReadDirectory,
    before: &C::Record,
    change: &C,
) -> Result<C::Record> {
    let mut base = Cow::Borrowed(before);
    let look = async |base: &mut Cow<'_, C::Record>| {
        let Some(now) = before.reread(directory).await? else {
            return Ok(AfterLoss::Unclear);
        };
        if change.difference(base, &now).is_none() {
            return Ok(AfterLoss::Holds(now));
        }
        if !before.may_be_sent_again(change.patch(), &now)? {
            return Ok(AfterLoss::Unclear);
        }
        *base = Cow::Owned(now);
        Ok(AfterLoss::SendAgain)
    };
    let send = async |base: &Cow<'_, C::Record>| change.send(base).await;
    let answer = match write_once(directory, &mut base, send, look).await? {
        Written::Found(now) => return Ok(now),
        Written::Answered(answer) => answer,
    };
    if let Some(visible) = change.in_answer(&base, &answer)?
        && change.difference(&base, &visible).is_none()
    {
        return Ok(visible);
    }
    let read = read_back(directory, async || {
        Ok(match before.reread(directory).await.map_err(after_write)? {
            None => ReadBack::NotYet(C::Record::ITSELF.into()),
            Some(now) => match change.difference(&base, &now) {
                None => ReadBack::Holds(now),
                Some(what) => ReadBack::NotYet(what),
            },
        })
    });
    read.await?.map_err(|what| change_not_held(before.subject(), &what))
}
