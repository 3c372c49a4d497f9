//! Changing the fields of people and groups: attribute by attribute, then verified.

use alloc::boxed::Box;
use alloc::format;
use core::cell::RefCell;

use super::Scim;
use super::base::Route;
use super::body::PatchOp;
use super::patch::{Target, sent};
use super::user::UserRecord;
use super::value;
use crate::de::object;
use crate::domain::{Account, Field, Group, GroupAccount, GroupPatch, User, UserPatch};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Local, Missing};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::user_filter::Listable;

impl Scim {
    /// Sets the fields of the patch and checks that they hold.
    pub(super) async fn change_user(&self, account: &Account, patch: &UserPatch) -> Result<User> {
        let before = &account.user;
        let subject = before.email.as_str();
        check_settable(patch).map_err(|error| error.about(subject))?;
        let change = PatchOp::user(patch);
        if change.is_empty() {
            return Ok(before.clone());
        }
        // What the change is made to: read anew before it is sent again.
        let base = RefCell::new(before.clone());
        let look = || -> Local<'_, Result<ReadBack<(), Option<_>>>> {
            Box::pin(async {
                let Some(now) = self.account(&before.id).await? else {
                    return Err(not_held(subject, "the account itself"));
                };
                if now.user.email != before.email {
                    return Err(renamed(subject));
                }
                if holds(&base.borrow(), patch, &now.user).is_ok() {
                    return Ok(ReadBack::Holds(()));
                }
                let version = self.version_of(&now);
                // What somebody else set meanwhile is not overwritten unseen.
                let differs = |field: &Field| {
                    let now = field.of(&now.user);
                    patch.get(*field).is_some_and(|asked| now.as_ref() != Some(&asked))
                        && now != field.of(before)
                };
                if let Some(field) = Field::ALL.iter().find(|field| differs(field)) {
                    return Err(not_held(subject, field.as_str()));
                }
                // Whether enough administrators are left was judged when this was none.
                let takes_rights = patch.disabled == Some(true);
                if takes_rights && now.user.is_enabled_admin() && !before.is_enabled_admin() {
                    return Err(not_held(subject, Field::Admin.as_str()));
                }
                base.replace(now.user);
                Ok(ReadBack::NotYet(version))
            })
        };
        let target = Target {
            route: Route::User,
            id: &before.id.value,
            about: subject,
            missing: Missing::User,
        };
        let version = self.version_of(account);
        let answer = self.patch(target, &change, version, &look).await?;
        if let Some(answer) = answer
            && let Some(user) = shown(&answer, &base.borrow(), patch)?
        {
            return Ok(user);
        }
        let read = read_back(self, async || {
            Ok(match self.account(&before.id).await.map_err(sent)? {
                None => ReadBack::NotYet("the account itself"),
                Some(now) => match holds(&base.borrow(), patch, &now.user) {
                    Ok(()) => ReadBack::Holds(now.user),
                    Err(lost) => ReadBack::NotYet(lost),
                },
            })
        });
        read.await?.map_err(|lost| sent(not_held(subject, lost)))
    }

    /// Renames a group and checks that it holds.
    pub(super) async fn change_group(
        &self,
        account: &GroupAccount,
        patch: &GroupPatch,
    ) -> Result<Group> {
        let before = &account.group;
        let GroupPatch { name, universal_app_access } = patch;
        if universal_app_access.is_some() {
            return Err(no_app_access().about(&*before.name));
        }
        let Some(name) = name else {
            return Ok(before.clone());
        };
        let look = || -> Local<'_, Result<ReadBack<(), Option<_>>>> {
            Box::pin(async move {
                let Some(now) = self.group(&before.id).await? else {
                    return Err(not_held(&before.name, "the group itself"));
                };
                if now.group.name == *name {
                    Ok(ReadBack::Holds(()))
                } else if now.group.name == before.name {
                    Ok(ReadBack::NotYet(value::version(&now.raw)))
                } else {
                    Err(not_held(&before.name, "the group's name"))
                }
            })
        };
        let target = Target {
            route: Route::Group,
            id: &before.id.value,
            about: &before.name,
            missing: Missing::Group,
        };
        let version = value::version(&account.raw);
        self.patch(target, &PatchOp::rename(name), version, &look).await?;
        let read = read_back(self, async || {
            let now = self.group(&before.id).await.map_err(sent)?;
            Ok(match now.filter(|now| now.group.name == *name) {
                Some(now) => ReadBack::Holds(now.group),
                None => ReadBack::NotYet(()),
            })
        });
        read.await?.map_err(|()| sent(not_held(&before.name, "the group's name")))
    }
}

/// Refuses, before anything is sent, fields that SCIM does not have.
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

/// SCIM knows a group's name and members, and nothing else of it.
pub(super) fn no_app_access() -> Error {
    Error::new(
        Code::OperationUnsupported,
        "SCIM can't set what a group may do in every app, so nothing was written. Leave it out, or use another of \
         Retool's APIs.",
    )
}

/// The user that the answer to a change shows, if it shows all of the change.
fn shown(answer: &Answer, before: &User, patch: &UserPatch) -> Result<Option<User>> {
    // Many servers show nothing, or something else, which a look makes up for.
    let Ok(record) = object::<UserRecord<'_>>(answer.body()) else {
        return Ok(None);
    };
    let (short, user) = (record.is_short(), record.into_user());
    if user.id != before.id {
        return Err(answer.error(
            Code::WrongPerson,
            "The server answered with another user than the one that was changed. Look for a proxy that mixes up \
             answers.",
        ));
    }
    let whole = !short && holds(before, patch, &user).is_ok();
    Ok(whole.then_some(user))
}

/// Whether the patch is there, and all else is as it was. What is not, if anything.
fn holds(before: &User, patch: &UserPatch, now: &User) -> Result<(), &'static str> {
    if now.email != before.email {
        return Err("the address");
    }
    if let Some(change) = patch.differences(now).first() {
        return Err(change.field);
    }
    let kept = |field: &Field| patch.get(*field).is_some() || field.of(before) == field.of(now);
    match Field::ALL.iter().find(|field| !kept(field)) {
        Some(lost) => Err(lost.as_str()),
        None => Ok(()),
    }
}

fn renamed(subject: &str) -> Error {
    Error::new(
        Code::WrongPerson,
        "The account was given another address while it was being changed, so it was not written again. Look at who \
         it belongs to now.",
    )
    .about(subject)
}

fn not_held(subject: &str, what: &str) -> Error {
    Error::new(
        Code::NotVerified,
        format!(
            "The server accepted the change, but {what} did not hold when read back: the server or somebody else \
             changed it. Compare the record with what was asked for."
        ),
    )
    .about(subject)
}
