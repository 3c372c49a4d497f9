//! Changes of the fields of users and groups, attribute by attribute, followed by a check.

use alloc::format;
use alloc::string::String;

use super::Scim;
use super::base::Route;
use super::body::PatchOp;
use super::patch::Target;
use super::user::UserRecord;
use super::value;
use crate::de::object;
use crate::domain::{Account, Field, Group, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Missing};
use crate::retool::change::{Change, Changeable, change};
use crate::retool::request::another_user;
use crate::retool::user_filter::Listable;
use crate::retool::verify::{group_difference, user_difference};

impl Scim {
    /// Sets the fields of the patch and checks that they hold.
    pub(super) async fn change_user(&self, account: &Account, patch: &UserPatch) -> Result<User> {
        check_settable(patch).map_err(|error| error.about(account.subject()))?;
        let operations = PatchOp::user(patch);
        if operations.is_empty() {
            return Ok(account.user.clone());
        }
        let made =
            change(self, account, &ChangeUser { directory: self, patch, operations }).await?;
        Ok(made.user)
    }

    /// Renames a group and checks that it holds.
    pub(super) async fn change_group(
        &self,
        account: &GroupAccount,
        patch: &GroupPatch,
    ) -> Result<Group> {
        let GroupPatch { name, universal_app_access } = patch;
        if universal_app_access.is_some() {
            return Err(no_app_access().about(account.subject()));
        }
        let Some(name) = name else {
            return Ok(account.group.clone());
        };
        let operations = PatchOp::rename(name);
        let made =
            change(self, account, &ChangeGroup { directory: self, patch, operations }).await?;
        Ok(made.group)
    }
}

/// A change of a user.
struct ChangeUser<'a> {
    directory: &'a Scim,
    patch: &'a UserPatch,
    operations: PatchOp<'a>,
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
        let version = self.directory.version_of(base);
        self.directory.patch(target, &self.operations, version).await
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
        let account = Account { user, raw: String::new(), read_at: answer.answered_at() };
        Ok((!short).then_some(account))
    }

    fn difference(&self, base: &Account, now: &Account) -> Option<String> {
        user_difference(&base.user, self.patch, &now.user).map(String::from)
    }
}

/// A change of a group.
struct ChangeGroup<'a> {
    directory: &'a Scim,
    patch: &'a GroupPatch,
    operations: PatchOp<'a>,
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
        let version = value::version(&base.raw);
        self.directory.patch(target, &self.operations, version).await
    }

    fn in_answer(&self, _: &GroupAccount, _: &Answer) -> Result<Option<GroupAccount>> {
        Ok(None)
    }

    fn difference(&self, _: &GroupAccount, now: &GroupAccount) -> Option<String> {
        group_difference(self.patch, &now.group).map(String::from)
    }
}

/// Fails, before anything is sent, for fields that SCIM does not have.
pub(super) fn check_settable(patch: &UserPatch) -> Result<()> {
    let UserPatch { first_name: _, last_name: _, user_type, admin, disabled: _, profile_photo_url } =
        patch;
    let field = if user_type.is_some() {
        Field::UserType
    } else if *admin == Some(true) {
        Field::Admin
    } else if profile_photo_url.is_some() {
        Field::ProfilePhotoUrl
    } else {
        return Ok(());
    };
    Err(Error::new(
        Code::OperationUnsupported,
        format!(
            "SCIM can't set the field {} of a person, so nothing was written. Leave it out, or use another of \
             Retool's APIs.",
            field.as_str()
        ),
    ))
}

/// Returns the error for a change of app access. SCIM has only a group's name and members.
pub(super) fn no_app_access() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "SCIM can't set what a group may do in every app, so nothing was written. Leave it out, or use another of \
         Retool's APIs.",
    )
}
