//! Who administers a group.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::{Reshaping, members};
use crate::domain::{Group, Member, User, UserId, WriteKind};
use crate::error::{Code, Error, Result};
use crate::lifecycle::group_admins;
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// Which of the people that a request adds should administer the group, and which should not. The
/// others keep what they have.
pub(super) struct Administration {
    wanted: BTreeMap<UserId, bool>,
}

impl Administration {
    /// Returns what a request says about the people it adds, who were found in its order.
    pub(super) fn of(reshaping: &Reshaping, joining: &[User]) -> Self {
        let mut wanted = BTreeMap::new();
        for (who, user) in reshaping.add.iter().zip(joining) {
            if let Some(administers) = reshaping.group_admins.get(who) {
                wanted.insert(user.id.clone(), *administers);
            }
        }
        Administration { wanted }
    }

    /// Returns whether a user should administer the group.
    pub(super) fn wanted(&self, user: &User) -> Option<bool> {
        self.wanted.get(&user.id).copied()
    }

    /// Refuses, before anything is written, that an invited person administers the group, and that
    /// a protected person no longer does.
    pub(super) async fn check(
        &self,
        directory: &dyn Directory,
        reshaping: &Reshaping,
        group: &Group,
        joining: &[User],
    ) -> Result<()> {
        let is_invited = |user: &&User| user.is_invitation() && self.wanted(user) == Some(true);
        if let Some(user) = joining.iter().find(is_invited) {
            return Err(group_admins::invited().about(user.email.as_str()));
        }
        let protected = &reshaping.guard.protected_people;
        let demoted: Vec<&User> = { joining.iter() }
            .filter(|user| self.wanted(user) == Some(false))
            .filter(|user| protected.iter().any(|who| who.means(user)))
            .collect();
        if demoted.is_empty() {
            return Ok(());
        }
        let now = members(directory, group).await?;
        match demoted.iter().find(|user| administers(user, &now)) {
            None => Ok(()),
            Some(user) => {
                let message = format!(
                    "This person is protected and would not administer the group {} any more, so nothing was \
                     written. Take them off the list of protected people first.",
                    group.name
                );
                Err(Error::new(Code::ProtectedPerson, message).about(user.email.as_str()))
            }
        }
    }

    /// Sets whether members who were in the group before administer it. Returns the members that
    /// were written.
    pub(super) async fn set(
        &self,
        directory: &dyn Directory,
        group: &Group,
        before: &[Member],
        present: &[&User],
        write_log: &mut WriteLog,
    ) -> Result<Vec<UserId>> {
        let mut changed = Vec::new();
        for user in present.iter().filter(|user| self.differs(user, before)) {
            let wanted = !administers(user, before);
            let set = directory.set_group_admin(&group.id, &user.id, wanted).await;
            let (kind, address) = (WriteKind::MemberChanged, user.email.as_str());
            write_log.record(kind, address, Some(&group.name), set)?;
            changed.push(user.id.clone());
        }
        Ok(changed)
    }

    /// Returns whether these members show other than what is wanted of a user.
    pub(super) fn differs(&self, user: &User, members: &[Member]) -> bool {
        !user.is_invitation()
            && self.wanted(user).is_some_and(|wanted| wanted != administers(user, members))
    }
}

fn administers(user: &User, members: &[Member]) -> bool {
    let own = members.iter().find(|member| member.id == user.id);
    own.is_some_and(|member| member.group_admin == Some(true))
}
