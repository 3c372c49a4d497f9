//! Changes of the fields of a user or a group: write, check after a lost reply, read back.

use alloc::borrow::Cow;
use alloc::string::String;
use core::cell::Cell;

use super::ReadDirectory;
use super::read_back::{READINGS, ReadBack, read_back};
use super::verify::{change_not_held, gone, group_may_be_sent_again, user_may_be_sent_again};
use super::write_once::{AfterLoss, Written, after_write, is_outdated, write_once};
use crate::domain::{Account, Field, GroupAccount, GroupPatch, UserPatch};
use crate::error::{Error, Result};
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

    /// Returns the server's record.
    fn raw(&self) -> &str;

    /// Returns whether every field is as it was before.
    fn is_as(&self, before: &Self) -> bool;

    /// Returns whether a change may make the record disappear, on servers that show no disabled
    /// users.
    fn may_disappear(_: &Self::Patch) -> bool {
        false
    }
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

    fn raw(&self) -> &str {
        &self.raw
    }

    fn is_as(&self, before: &Self) -> bool {
        let is_kept = |field: &Field| field.of(&self.user) == field.of(&before.user);
        self.user.email == before.user.email
            && Field::ALL.iter().all(is_kept)
            && self.user.metadata == before.user.metadata
    }

    fn may_disappear(patch: &UserPatch) -> bool {
        patch.disabled == Some(true)
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

    fn raw(&self) -> &str {
        &self.raw
    }

    fn is_as(&self, before: &Self) -> bool {
        self.group.name == before.group.name
    }
}

/// What may follow a 412 for a record that did not change.
pub(super) enum Retry {
    /// The change is sent in another form, with a weaker demand or none. There is a last form.
    Otherwise,
    /// The change is sent once more as it is.
    Once,
    /// Nothing.
    Never,
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

    /// Returns whether the last write demanded a version of the record.
    fn demands_version(&self) -> bool {
        false
    }

    /// Returns whether `now` is still the record that the last write was based on.
    fn is_unchanged(&self, base: &Self::Record, now: &Self::Record) -> bool {
        base.raw() == now.raw()
    }

    /// Chooses what follows a 412 for a record that did not change.
    fn retry(&self) -> Retry {
        Retry::Once
    }
}

/// Returns the message for a change that is refused with 412 although the record did not change.
fn no_conflict(demanded: bool) -> String {
    let forms = if demanded { ", with the demand for its version and without" } else { "" };
    alloc::format!(
        "The server refuses the change (412) as if the record had been changed at the same time. But the record is \
         still what was read{forms}. So nothing was written. Look for a proxy in between that answers so, or make the \
         change in Retool."
    )
}

/// How many readings in a row must lack a record that the server may have hidden.
const READINGS_WITHOUT: u32 = 2;

/// Makes a change. Checks that it holds and that nothing else was changed. If the server accepts
/// that a user is disabled and then shows the user no longer, the error says so with `gone`.
pub(super) async fn change<C: Change>(
    directory: &dyn ReadDirectory,
    before: &C::Record,
    change: &C,
) -> Result<C::Record> {
    let mut base = Cow::Borrowed(before);
    let (demanded, repeated) = (Cell::new(false), Cell::new(false));
    let look = async |base: &mut Cow<'_, C::Record>, failure: &Error| {
        let is_outdated = is_outdated(failure);
        let look = look_again(directory, before, &**base, change, is_outdated).await?;
        let Some(Look { now, is_unchanged }) = look else {
            return Ok(AfterLoss::Unclear);
        };
        if change.difference(base, &now).is_none() {
            return Ok(AfterLoss::Holds(now));
        }
        if !before.may_be_sent_again(change.patch(), &now)? {
            return Ok(AfterLoss::Unclear);
        }
        *base = Cow::Owned(now);
        if !(is_outdated && is_unchanged) {
            return Ok(AfterLoss::SendAgain);
        }
        demanded.set(demanded.get() || change.demands_version());
        Ok(match change.retry() {
            Retry::Otherwise => AfterLoss::SendOtherwise,
            Retry::Once if !repeated.replace(true) => AfterLoss::SendAgain,
            Retry::Once | Retry::Never => AfterLoss::Refused(no_conflict(demanded.get())),
        })
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
    let mut without = 0;
    let read = read_back(directory, async || {
        let Some(now) = before.reread(directory).await.map_err(after_write)? else {
            without += 1;
            let is_gone = C::Record::may_disappear(change.patch()) && without == READINGS_WITHOUT;
            return Ok(match is_gone {
                true => ReadBack::Holds(None),
                false => ReadBack::NotYet(C::Record::ITSELF.into()),
            });
        };
        without = 0;
        Ok(match change.difference(&base, &now) {
            None => ReadBack::Holds(Some(now)),
            Some(what) => ReadBack::NotYet(what),
        })
    });
    match read.await? {
        Ok(Some(now)) => Ok(now),
        Ok(None) => Err(gone(before.subject())),
        Err(what) => Err(change_not_held(before.subject(), &what)),
    }
}

/// A record that was read after a failed write.
struct Look<R> {
    now: R,
    /// Whether it is certain that the record did not change.
    is_unchanged: bool,
}

/// Reads the record after a failed write; `None` if it no longer exists.
///
/// After a 412, a record that did not change disproves that another administrator changed it. But
/// a read may be stale for a moment. So a record with versions is read until it differs, or the
/// last reading was made.
async fn look_again<C: Change>(
    directory: &dyn ReadDirectory,
    before: &C::Record,
    base: &C::Record,
    change: &C,
    is_outdated: bool,
) -> Result<Option<Look<C::Record>>> {
    let mut reading = 1;
    loop {
        let Some(now) = before.reread(directory).await? else {
            return Ok(None);
        };
        let is_unchanged = is_outdated && change.is_unchanged(base, &now);
        if !is_unchanged || reading == READINGS || !change.demands_version() {
            return Ok(Some(Look { now, is_unchanged }));
        }
        if !directory.wait_to_read_back(reading).await {
            return Ok(Some(Look { now, is_unchanged: false }));
        }
        reading += 1;
    }
}
