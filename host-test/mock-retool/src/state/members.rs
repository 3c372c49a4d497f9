//! Memberships of users in groups.

use super::{ADMIN, Group, Member, Membership, Organisation, Refused, User};

impl Organisation {
    /// Adds a user to a group. Returns whether that changed anything. An existing membership stays
    /// unchanged.
    pub fn join(&mut self, group: u32, user: &str) -> Result<bool, Refused> {
        self.check_members_changeable(group)?;
        let account = self.user_mut(user).ok_or(Refused::NoSuchUser)?;
        if account.as_member(group).is_some() {
            return Ok(false);
        }
        account.set_membership(Membership { group, is_group_admin: false });
        self.touch_group(group);
        Ok(true)
    }

    /// Adds users to a group: all or none. Each entry is a user's id, and whether the user
    /// administers the group. This flag also overwrites that of an existing member.
    pub fn join_as(&mut self, group: u32, members: &[(String, bool)]) -> Result<(), Refused> {
        self.check_members_changeable(group)?;
        self.check_users_exist(members)?;
        self.write_members(group, members);
        Ok(())
    }

    /// Replaces the members of a group with these, see [`Organisation::join_as`].
    pub fn replace_members(
        &mut self,
        group: u32,
        members: &[(String, bool)],
    ) -> Result<(), Refused> {
        self.check_users_exist(members)?;
        // Writing the current members of the `admin` group is allowed, because it changes nothing.
        let as_it_is = self.group(group).is_some()
            && self.members(group).count() == members.len()
            && members.iter().all(|(id, is_group_admin)| {
                self.user(id)
                    .and_then(|user| user.as_member(group))
                    .is_some_and(|member| member.is_group_admin == *is_group_admin)
            });
        if as_it_is {
            return Ok(());
        }
        self.check_members_changeable(group)?;
        for user in &mut self.users {
            user.clear_membership(group);
        }
        self.write_members(group, members);
        Ok(())
    }

    /// Removes all members from a group.
    pub(crate) fn empty_group(&mut self, group: u32) {
        for user in &mut self.users {
            user.memberships.retain(|membership| membership.group != group);
        }
    }

    /// Removes a user from a group.
    pub fn leave(&mut self, group: u32, user: &str) -> Result<(), Refused> {
        self.check_members_changeable(group)?;
        let account = self.user_mut(user).ok_or(Refused::NoSuchUser)?;
        if !account.clear_membership(group) {
            return Err(Refused::NotAMember);
        }
        self.touch_group(group);
        Ok(())
    }

    /// Lists the groups of a user, ordered by id. An administrator is in `admin`.
    pub fn groups_of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Group> {
        let admin = user.is_admin.then_some(ADMIN);
        let joined = user
            .memberships
            .iter()
            .map(|membership| membership.group)
            .filter(|group| *group != ADMIN);
        admin.into_iter().chain(joined).filter_map(|id| self.group(id))
    }

    /// Lists the members of a group, in the order of the users.
    pub fn members(&self, group: u32) -> impl Iterator<Item = Member<'_>> {
        self.users.iter().filter_map(move |user| user.as_member(group))
    }

    /// Checks that a new user can have these memberships.
    pub(super) fn check_joinable(&self, memberships: &[Membership]) -> Result<(), Refused> {
        memberships
            .iter()
            .try_for_each(|membership| self.check_members_changeable(membership.group))
    }

    pub(super) fn check_members_changeable(&self, group: u32) -> Result<(), Refused> {
        if self.group(group).is_none() {
            Err(Refused::NoSuchGroup)
        } else if group == ADMIN && !self.admin_group_writable {
            Err(Refused::Managed)
        } else {
            Ok(())
        }
    }

    fn check_users_exist(&self, members: &[(String, bool)]) -> Result<(), Refused> {
        let known = members.iter().all(|(id, _)| self.user(id).is_some());
        if known { Ok(()) } else { Err(Refused::NoSuchUser) }
    }

    fn write_members(&mut self, group: u32, members: &[(String, bool)]) {
        for (id, is_group_admin) in members {
            if let Some(user) = self.user_mut(id) {
                user.set_membership(Membership { group, is_group_admin: *is_group_admin });
            }
        }
        self.touch_group(group);
    }
}
