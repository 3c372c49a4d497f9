//! Changes of the fields of users and groups, attribute by attribute, followed by a check. A form of
//! the change that the server refuses or ignores is followed by the next form.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::cell::Cell;
use core::fmt::Write as _;

use super::Scim;
use super::base::Route;
use super::body::{PatchOp, Renaming, sets_nothing};
use super::form::{Demands, Form, better, has_no_patch, is_refused};
use super::patch::Target;
use super::put::Put;
use super::user::UserRecord;
use super::value;
use crate::de::object;
use crate::domain::{Account, Field, Group, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Missing};
use crate::retool::change::{Change, Changeable, Retry, change};
use crate::retool::raw_record::RawRecord;
use crate::retool::request::another_user;
use crate::retool::user_filter::Listable;
use crate::retool::verify::{group_difference, user_difference};
use crate::retool::write_once::{after_others, after_write};

impl Scim {
    /// Sets the fields of the patch and checks that they hold.
    pub(super) async fn change_user(&self, account: &Account, patch: &UserPatch) -> Result<User> {
        check_settable(patch).map_err(|error| error.about(account.subject()))?;
        if Renaming::is_impossible(account, patch) {
            return Err(no_place_for_address().about(account.subject()));
        }
        if sets_nothing(patch) {
            return Ok(account.user.clone());
        }
        let send = async |base: &Account, form| match form {
            Form::Whole => self.replace_user(base, patch).await,
            _ => self.patch_user(base, patch, form, None).await,
        };
        let made = self.in_some_form(&self.user_form, Form::Whole, account, send).await?;
        Ok(made.user)
    }

    async fn patch_user(
        &self,
        account: &Account,
        patch: &UserPatch,
        form: Form,
        put: Option<&Put>,
    ) -> Result<Account> {
        let demands = Demands::new(self.demand.get());
        let made = change(
            self,
            account,
            &ChangeUser { directory: self, patch, form, put, demands: &demands },
        )
        .await?;
        self.demand.set(demands.current());
        Ok(made)
    }

    /// Changes a user with a PUT of the whole record, which must not cost the user a membership.
    async fn replace_user(&self, account: &Account, patch: &UserPatch) -> Result<Account> {
        let put = Put::of(self, account).await?;
        match self.patch_user(account, patch, Form::Whole, Some(&put)).await {
            Ok(made) => put.check(self, made).await,
            Err(error) if error.code == Code::NotVerified && !error.gone => {
                Err(put.explain(self, &account.user, error).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Renames a group and checks that it holds.
    pub(super) async fn change_group(
        &self,
        account: &GroupAccount,
        patch: &GroupPatch,
    ) -> Result<Group> {
        let GroupPatch { name, access } = patch;
        if !access.is_empty() {
            return Err(no_access_settings().about(account.subject()));
        }
        let Some(name) = name else {
            return Ok(account.group.clone());
        };
        let send = async |base: &GroupAccount, form| {
            let demands = Demands::new(self.demand.get());
            let made = change(
                self,
                base,
                &ChangeGroup { directory: self, patch, name, form, demands: &demands },
            )
            .await?;
            self.demand.set(demands.current());
            Ok(made)
        };
        // A PUT of a group would replace its members.
        let made = self.in_some_form(&self.group_form, Form::ByValue, account, send).await?;
        Ok(made.group)
    }

    /// Sends a change in the form that this server is known to accept, and in the next forms up to
    /// `last` if the server refuses it, or accepts it and does nothing.
    async fn in_some_form<R: Changeable>(
        &self,
        learned: &Cell<Form>,
        last: Form,
        before: &R,
        send: impl AsyncFn(&R, Form) -> Result<R>,
    ) -> Result<R> {
        let mut base = Cow::Borrowed(before);
        let mut form = learned.get();
        let (mut refusal, mut ignored): (Option<Error>, Option<Error>) = (None, None);
        let mut maybe_applied = false;
        while form <= last {
            let error = match send(&base, form).await {
                Ok(made) => {
                    learned.set(form);
                    return Ok(made);
                }
                Err(error) => error,
            };
            // An earlier form may be made although the record does not show it yet.
            maybe_applied |= error.maybe_applied;
            let after_others = after_others(maybe_applied);
            // A refused reading says nothing about the form.
            let is_refusal = is_refused(&error) && !is_read(&error);
            let mut no_patch = form != Form::Whole && has_no_patch(&error) && !is_read(&error);
            match error.code {
                // The base was not read again.
                _ if is_refusal && error.attempts <= 1 => {
                    refusal = Some(better(refusal, error));
                }
                // For `no_patch`, there may be no such route, and not no such record.
                _ if is_refusal || no_patch => match before.reread(self).await {
                    Ok(Some(now)) if now.is_as(before) => {
                        base = Cow::Owned(now);
                        refusal = Some(better(refusal, error));
                    }
                    _ => return Err(after_others(error)),
                },
                // The change holds: the server hides the user.
                _ if error.gone => return Err(error),
                // Without the time to wait, the change may only not be visible yet.
                Code::NotVerified
                    if form < last && self.client.remaining_ms() > LONGEST_WAIT_MS =>
                {
                    match before.reread(self).await.map_err(after_write)? {
                        Some(now) if now.is_as(before) => base = Cow::Owned(now),
                        _ => return Err(error),
                    }
                    ignored = ignored.or(Some(error));
                    no_patch = false;
                }
                // What the last form must keep could not be read. The refusal says more.
                _ if form == Form::Whole
                    && refusal.is_some()
                    && is_read(&error)
                    && !error.maybe_applied =>
                {
                    break;
                }
                _ => return Err(after_others(error)),
            }
            form = form.next(no_patch);
        }
        Err(after_others(maybe_applied)(match (ignored, refusal) {
            (Some(error), Some(refusal)) => also_refused(error, &refusal),
            (Some(error), None) => error,
            (None, Some(error)) => in_every_form(error, learned.get() == last),
            (None, None) => no_form().about(before.subject()),
        }))
    }
}

/// The longest wait before a change is read back once more.
const LONGEST_WAIT_MS: u64 = 1600;

/// Adds to a refusal that other forms of the request were refused too.
fn in_every_form(mut error: Error, was_the_last: bool) -> Error {
    if !was_the_last {
        if !error.message.ends_with(['.', '!', '?']) {
            error.message.push('.');
        }
        error.message.push_str(" Every other form of the request was refused too.");
    }
    error
}

/// Adds the refusal of a form to the report of a form that did nothing.
fn also_refused(mut error: Error, refusal: &Error) -> Error {
    let status = refusal.http_status.unwrap_or_default();
    let _ = write!(
        error.message,
        " Another form of the request was refused ({status}): {}",
        refusal.message
    );
    error
}

/// Returns the error for a server to which no form of a change may be sent.
fn no_form() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "This server accepts no PATCH of a user, and its PUT costs the user memberships, so nothing was written. \
         Make the change in Retool itself.",
    )
}

/// A change of a user.
struct ChangeUser<'a> {
    directory: &'a Scim,
    patch: &'a UserPatch,
    form: Form,
    /// For a PUT: what must be kept.
    put: Option<&'a Put>,
    demands: &'a Demands,
}

impl Change for ChangeUser<'_> {
    type Record = Account;

    fn patch(&self) -> &UserPatch {
        self.patch
    }

    async fn send(&self, base: &Account) -> Result<Answer> {
        let target = Target {
            route: Route::User,
            id: &base.user.id.value,
            about: base.subject(),
            missing: Missing::User,
        };
        let version = self.demands.if_match(self.directory.version_of(base));
        if self.form == Form::Whole {
            let body = Put::body(base, self.patch)?;
            return self.directory.put(target, body.to_json().into_bytes(), version).await;
        }
        let operations = PatchOp::user(base, self.patch, self.form);
        self.directory.patch(target, &operations, version).await
    }

    fn in_answer(&self, base: &Account, answer: &Answer) -> Result<Option<Account>> {
        // Many servers return no record, or another one. Then the account is read.
        let Ok(record) = object::<UserRecord<'_>>(answer.body()) else {
            return Ok(None);
        };
        let (short, user) = (record.is_short(), record.into_user());
        if user.id != base.user.id {
            return Err(another_user(answer));
        }
        // What a PUT lost is only visible in a record that is read.
        let is_proof = !short && self.form != Form::Whole;
        let account = Account { user, raw: String::new(), read_at: answer.answered_at() };
        Ok(is_proof.then_some(account))
    }

    fn difference(&self, base: &Account, now: &Account) -> Option<String> {
        user_difference(&base.user, self.patch, &now.user)
            .map(Cow::into_owned)
            .or_else(|| self.put.and_then(|put| put.lost(base, self.patch, now)))
    }

    fn demands_version(&self) -> bool {
        self.demands.is_demanding()
    }

    fn is_unchanged(&self, base: &Account, now: &Account) -> bool {
        let version = self.directory.version_of(now);
        if !self.demands.was_about(version.as_deref()) {
            // A version that is another one at each reading proves nothing.
            return self.demands.conflicts_again() && is_same(&base.raw, &now.raw);
        }
        // A PATCH names what it changes, so other attributes don't matter.
        let mut then = base.user.clone();
        then.times.updated_at.clone_from(&now.user.times.updated_at);
        is_same(&base.raw, &now.raw) || self.form != Form::Whole && then == now.user
    }

    fn retry(&self) -> Retry {
        retry(self.demands)
    }
}

/// A change of a group.
struct ChangeGroup<'a> {
    directory: &'a Scim,
    patch: &'a GroupPatch,
    name: &'a str,
    form: Form,
    demands: &'a Demands,
}

impl Change for ChangeGroup<'_> {
    type Record = GroupAccount;

    fn patch(&self) -> &GroupPatch {
        self.patch
    }

    async fn send(&self, base: &GroupAccount) -> Result<Answer> {
        let target = Target {
            route: Route::Group,
            id: &base.group.id.value,
            about: base.subject(),
            missing: Missing::Group,
        };
        let version = self.demands.if_match(value::version(&base.raw));
        let operations = PatchOp::rename(self.name, self.form);
        self.directory.patch(target, &operations, version).await
    }

    fn in_answer(&self, _: &GroupAccount, _: &Answer) -> Result<Option<GroupAccount>> {
        Ok(None)
    }

    fn difference(&self, base: &GroupAccount, now: &GroupAccount) -> Option<String> {
        group_difference(&base.group, self.patch, &now.group).map(String::from)
    }

    fn demands_version(&self) -> bool {
        self.demands.is_demanding()
    }

    fn is_unchanged(&self, base: &GroupAccount, now: &GroupAccount) -> bool {
        if !self.demands.was_about(value::version(&now.raw).as_deref()) {
            return self.demands.conflicts_again() && is_same(&base.raw, &now.raw);
        }
        base.group.name == now.group.name
    }

    fn retry(&self) -> Retry {
        retry(self.demands)
    }
}

/// Returns whether a request failed that only reads.
fn is_read(error: &Error) -> bool {
    error.request.as_deref().is_some_and(|request| request.starts_with("GET"))
}

/// Returns whether two records are the same, except for the server's metadata.
fn is_same(one: &str, other: &str) -> bool {
    match (RawRecord::parse(one), RawRecord::parse(other)) {
        (Some(one), Some(other)) => one.is_same(&other, &["meta"]),
        _ => false,
    }
}

/// Chooses what follows a 412 for a record that did not change.
fn retry(demands: &Demands) -> Retry {
    match demands.is_demanding() {
        true if demands.weaken() => Retry::Otherwise,
        true => Retry::Never,
        // No version was demanded in the last form, so there is none to weaken.
        false if demands.was_about(None) => Retry::Once,
        false => Retry::Never,
    }
}

/// Fails, before anything is sent, for fields that SCIM does not have.
pub(super) fn check_settable(patch: &UserPatch) -> Result<()> {
    let UserPatch {
        email: _,
        first_name: _,
        last_name: _,
        user_type,
        admin,
        disabled: _,
        profile_photo_url: _,
        clear: _,
        metadata,
    } = patch;
    let field = if user_type.is_some() {
        Field::UserType.as_str()
    } else if *admin == Some(true) {
        Field::Admin.as_str()
    } else if patch.wanted(Field::ProfilePhotoUrl).is_some() {
        Field::ProfilePhotoUrl.as_str()
    } else if !metadata.is_empty() {
        "metadata"
    } else {
        return Ok(());
    };
    Err(Error::new(
        Code::OperationUnsupported,
        format!(
            "SCIM can't set the field {field} of a person, so nothing was written. Leave it out, or use another of \
             Retool's APIs."
        ),
    ))
}

/// Returns the error for a record in which the former address is neither the login nor a mail that
/// can be replaced.
fn no_place_for_address() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "The record of the account has its address in a form that can't be changed, so nothing was written. Change the \
         address in Retool.",
    )
}

/// Returns the error for a change of access settings. SCIM has only a group's name and members.
pub(super) fn no_access_settings() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "SCIM can't set what a group may do, so nothing was written. Leave it out, or use another of \
         Retool's APIs.",
    )
}
