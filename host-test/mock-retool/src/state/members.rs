//! Who is in which group.

use super::{ADMIN, Group, Member, Membership, Organisation, Refused, User};

impl Organisation {
    /// Puts a person into a group. Says whether that changed anything; somebody who is a member
    /// stays one as they are.
    pub fn join(&mut self, group: u32, user: &str) -> Result<bool, Refused> {
        self.changeable_members(group)?;
        let person = self.user_mut(user).ok_or(Refused::NoSuchUser)?;
        if person.as_member(group).is_some() {
            return Ok(false);
        }
        person.enter(Membership { group, is_group_admin: false });
        self.touch_group(group);
        Ok(true)
    }

    /// Puts people into a group, each by their id and with whether they administer it, which
    /// also holds for those who are members already. All of them, or none.
    pub fn join_as(&mut self, group: u32, members: &[(String, bool)]) -> Result<(), Refused> {
        self.changeable_members(group)?;
        self.known(members)?;
        self.write_members(group, members);
        Ok(())
    }

    /// Lets these people alone be in a group, as [`Organisation::join_as`].
    pub fn replace_members(
        &mut self,
        group: u32,
        members: &[(String, bool)],
    ) -> Result<(), Refused> {
        self.known(members)?;
        // To write the `admin` group as it is changes nothing that follows from elsewhere.
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
        self.changeable_members(group)?;
        for user in &mut self.users {
            user.memberships.retain(|membership| membership.group != group);
        }
        self.write_members(group, members);
        Ok(())
    }

    /// Takes a person out of a group.
    pub fn leave(&mut self, group: u32, user: &str) -> Result<(), Refused> {
        self.changeable_members(group)?;
        let person = self.user_mut(user).ok_or(Refused::NoSuchUser)?;
        let before = person.memberships.len();
        person.memberships.retain(|membership| membership.group != group);
        if person.memberships.len() == before {
            return Err(Refused::NotAMember);
        }
        self.touch_group(group);
        Ok(())
    }

    /// The groups that a person is in, by id; `admin` for an administrator.
    pub fn groups_of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Group> {
        let admin = user.is_admin.then_some(ADMIN);
        let joined = user
            .memberships
            .iter()
            .map(|membership| membership.group)
            .filter(|group| *group != ADMIN);
        admin.into_iter().chain(joined).filter_map(|id| self.group(id))
    }

    /// The members of a group, in the order of the people.
    pub fn members(&self, group: u32) -> impl Iterator<Item = Member<'_>> {
        self.users.iter().filter_map(move |user| user.as_member(group))
    }

    /// Whether somebody new can have these memberships.
    pub(super) fn joinable(&self, memberships: &[Membership]) -> Result<(), Refused> {
        memberships.iter().try_for_each(|membership| self.changeable_members(membership.group))
    }

    pub(super) fn changeable_members(&self, group: u32) -> Result<(), Refused> {
        if self.group(group).is_none() {
            Err(Refused::NoSuchGroup)
        } else if group == ADMIN {
            Err(Refused::Managed)
        } else {
            Ok(())
        }
    }

    fn known(&self, members: &[(String, bool)]) -> Result<(), Refused> {
        let known = members.iter().all(|(id, _)| self.user(id).is_some());
        if known { Ok(()) } else { Err(Refused::NoSuchUser) }
    }

    fn write_members(&mut self, group: u32, members: &[(String, bool)]) {
        for (id, is_group_admin) in members {
            if let Some(user) = self.user_mut(id) {
                user.enter(Membership { group, is_group_admin: *is_group_admin });
            }
        }
        self.touch_group(group);
    }
}
