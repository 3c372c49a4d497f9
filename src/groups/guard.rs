//! What must be true of the members that a group loses.

use alloc::format;
use alloc::vec::Vec;

use crate::admins::check_left;
use crate::domain::{Dialect, Email, Group, User, UserId, UserRef};
use crate::error::{Code, Error, Result};
use crate::lifecycle::check_refs;
use crate::retool::Directory;

/// The limits on the members that a group loses.
#[derive(Clone, Debug)]
pub struct MemberGuard {
    /// Users who never lose a membership.
    pub protected_people: Vec<UserRef>,
    /// How many enabled administrators must be left if the group is that of the administrators.
    pub minimum_admins: u32,
}

impl MemberGuard {
    /// Refuses references that can't mean any user of this dialect.
    pub(super) fn check_refs(&self, dialect: Dialect) -> Result<()> {
        check_refs(dialect, &self.protected_people, |at| format!("request.protected-people[{at}]"))
    }

    /// Refuses that `group` loses these members. `accounts` are the accounts of all of them, if
    /// they are known; otherwise only what the group says about its members is known.
    pub(super) async fn check(
        &self,
        directory: &dyn Directory,
        group: &Group,
        members: &[(&UserId, &Email)],
        accounts: Option<&[User]>,
    ) -> Result<()> {
        let mut protected = None;
        for who in &self.protected_people {
            protected = match accounts {
                Some(accounts) => {
                    accounts.iter().find(|user| who.means(user)).map(|user| user.email.clone())
                }
                None => protected_member(directory, who, members).await?,
            };
            if protected.is_some() {
                break;
            }
        }
        if let Some(email) = protected {
            let message = format!(
                "This person is protected and would leave the group {}, so nothing was written. Take them off the list of protected people first.",
                group.name
            );
            return Err(Error::new(Code::ProtectedPerson, message).about(email.as_str()));
        }
        let Some((_, first)) = members.first() else { return Ok(()) };
        if !group.is_administrators() {
            return Ok(());
        }
        let ids: Vec<&UserId> = members.iter().map(|(id, _)| *id).collect();
        check_left(directory, &ids, first, self.minimum_admins, false).await
    }
}

/// Finds the member that a reference means. An account may have more names than the group says, so
/// it is looked up, where there are such accounts.
async fn protected_member(
    directory: &dyn Directory,
    who: &UserRef,
    members: &[(&UserId, &Email)],
) -> Result<Option<Email>> {
    let is_meant = |id: &UserId, email: &Email| match who {
        UserRef::Id(meant) => id == meant,
        UserRef::Email(meant) => email == meant,
        UserRef::Login(_) => false,
    };
    if let Some((_, email)) = members.iter().find(|(id, email)| is_meant(id, email)) {
        return Ok(Some((*email).clone()));
    }
    let has_more = directory.capabilities().dialect == Dialect::Scim;
    if !has_more || members.is_empty() || matches!(who, UserRef::Id(_)) {
        return Ok(None);
    }
    let meant = directory.find_users(who).await?;
    let is_member = |user: &&User| members.iter().any(|(id, _)| **id == user.id);
    Ok(meant.iter().find(is_member).map(|user| user.email.clone()))
}
