//! Invitations.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Membership, Organisation, Refused, User, same_email};

/// The time in which an invitation can be claimed.
const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An invitation to the organisation.
///
/// It is pending until it is claimed or expires. Creating an account in another way does not claim
/// a pending invitation for the same address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invite {
    /// The id, which is never reused.
    pub id: u64,
    /// The address that the mail was sent to, as it was written.
    pub email: String,
    /// The ids of the groups that the new user joins.
    pub groups: Vec<u32>,
    /// The metadata of the new user.
    pub metadata: Map<String, Value>,
    /// The id of the user who sent it; `None` if the organisation has no administrator.
    pub invited_by: Option<String>,
    /// The link in the mail. Anyone who has it can claim the invitation.
    pub link: String,
    /// The time when it was sent, in RFC 3339.
    pub created_at: String,
    /// The time from which it can't be claimed any more, in RFC 3339.
    pub expires_at: String,
    /// The id of the user who claimed it.
    pub claimed_by: Option<String>,
    /// The time when it was claimed, in RFC 3339.
    pub claimed_at: Option<String>,
}

impl Invite {
    /// Creates a draft for this address.
    pub fn new(email: impl Into<String>) -> Self {
        Invite {
            id: 0,
            email: email.into(),
            groups: Vec::new(),
            metadata: Map::new(),
            invited_by: None,
            link: String::new(),
            created_at: String::new(),
            expires_at: String::new(),
            claimed_by: None,
            claimed_at: None,
        }
    }
}

impl Organisation {
    /// Finds the invitation with this id.
    pub fn invited(&self, id: u64) -> Option<&Invite> {
        self.invites.iter().find(|invite| invite.id == id)
    }

    /// Lists the pending invitations of an address, compared without case. There can be several if
    /// the list was set directly.
    pub fn pending_invites<'a>(&'a self, email: &'a str) -> impl Iterator<Item = &'a Invite> {
        self.invites
            .iter()
            .filter(move |invite| self.is_pending(invite) && same_email(&invite.email, email))
    }

    /// Whether an invitation can still be claimed.
    pub fn is_pending(&self, invite: &Invite) -> bool {
        // All timestamps have the same length and time zone, so they sort by time.
        invite.claimed_at.is_none() && invite.expires_at > self.now()
    }

    /// Sends an invitation. It keeps the address, the groups and the metadata of the draft.
    pub fn invite(&mut self, draft: Invite) -> Result<&Invite, Refused> {
        if self.user_by_email(&draft.email).is_none()
            && self.pending_invites(&draft.email).next().is_some()
        {
            return Err(Refused::AlreadyInvited);
        }
        self.invite_again(draft)
    }

    /// Like [`invite`](Self::invite), also if the address has a pending invitation.
    pub fn invite_again(&mut self, draft: Invite) -> Result<&Invite, Refused> {
        if self.user_by_email(&draft.email).is_some() {
            return Err(Refused::EmailTaken);
        }
        draft.groups.iter().try_for_each(|group| self.check_members_changeable(*group))?;
        let mut groups = draft.groups;
        groups.sort_unstable();
        groups.dedup();
        let created_at = self.clock.tick();
        let id = self.next_invite_id;
        self.next_invite_id += 1;
        let link = format!("https://retool.example.com/auth/signup?invite={}", self.draw_uuid());
        self.invitations.push(draft.email.clone());
        self.invites.push(Invite {
            id,
            groups,
            invited_by: self.users.iter().find(|user| user.is_admin).map(|user| user.id.clone()),
            link,
            created_at,
            expires_at: self.clock.after(VALID),
            claimed_by: None,
            claimed_at: None,
            ..draft
        });
        Ok(&self.invites[self.invites.len() - 1])
    }

    /// Deletes an invitation, so that it can't be claimed.
    pub fn revoke_invite(&mut self, id: u64) -> Result<(), Refused> {
        self.invited(id).ok_or(Refused::NoSuchInvite)?;
        self.invites.retain(|invite| invite.id != id);
        self.clock.tick();
        Ok(())
    }

    /// Claims an invitation, as the invited person would. Creates an account with the groups and
    /// the metadata of the invitation.
    pub fn claim_invite(
        &mut self,
        id: u64,
        first_name: &str,
        last_name: &str,
    ) -> Result<&User, Refused> {
        let invite = self.invited(id).ok_or(Refused::NoSuchInvite)?;
        if !self.is_pending(invite) {
            return Err(Refused::InviteClosed);
        }
        let mut draft = User {
            first_name: Some(first_name.to_owned()),
            last_name: Some(last_name.to_owned()),
            metadata: invite.metadata.clone(),
            ..User::new(invite.email.clone())
        };
        for &group in &invite.groups {
            draft.set_membership(Membership { group, is_group_admin: false });
        }
        let user = self.add_user(draft)?.id.clone();
        let now = self.now();
        for invite in self.invites.iter_mut().filter(|invite| invite.id == id) {
            invite.claimed_by = Some(user.clone());
            invite.claimed_at = Some(now.clone());
        }
        self.user(&user).ok_or(Refused::NoSuchUser)
    }

    /// Adds a group to invitations: to all or none.
    pub fn invite_to_group(&mut self, group: u32, invites: &[u64]) -> Result<(), Refused> {
        self.check_members_changeable(group)?;
        self.check_open_invites(invites)?;
        for invite in self.invites.iter_mut().filter(|invite| invites.contains(&invite.id)) {
            invite.groups.push(group);
            invite.groups.sort_unstable();
            invite.groups.dedup();
        }
        self.touch_group(group);
        Ok(())
    }

    /// Removes a group from an invitation.
    pub fn uninvite_from_group(&mut self, group: u32, id: u64) -> Result<(), Refused> {
        self.group(group).ok_or(Refused::NoSuchGroup)?;
        let invite =
            self.invites.iter_mut().find(|invite| invite.id == id).ok_or(Refused::NoSuchInvite)?;
        let before = invite.groups.len();
        invite.groups.retain(|invited| *invited != group);
        if invite.groups.len() == before {
            return Err(Refused::NotAMember);
        }
        self.touch_group(group);
        Ok(())
    }

    /// Adds a group to these invitations, and removes it from all other unclaimed ones.
    pub fn replace_group_invites(&mut self, group: u32, invites: &[u64]) -> Result<(), Refused> {
        let mut before: Vec<u64> = self.invites_to(group).map(|invite| invite.id).collect();
        let mut after = invites.to_vec();
        before.sort_unstable();
        after.sort_unstable();
        if before == after {
            return Ok(());
        }
        self.check_open_invites(invites)?;
        for invite in self.invites.iter_mut().filter(|invite| invite.claimed_at.is_none()) {
            invite.groups.retain(|invited| *invited != group);
        }
        self.invite_to_group(group, invites)
    }

    /// Lists the unclaimed invitations to a group.
    pub fn invites_to(&self, group: u32) -> impl Iterator<Item = &Invite> {
        self.invites
            .iter()
            .filter(move |invite| invite.claimed_at.is_none() && invite.groups.contains(&group))
    }

    fn check_open_invites(&self, invites: &[u64]) -> Result<(), Refused> {
        for id in invites {
            let invite = self.invited(*id).ok_or(Refused::NoSuchInvite)?;
            if invite.claimed_at.is_some() {
                return Err(Refused::InviteClosed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Invite, VALID};
    use crate::state::{ADMIN, EDITOR, Organisation, Refused, VIEWER};

    fn draft(email: &str) -> Invite {
        Invite {
            groups: vec![VIEWER, EDITOR, VIEWER],
            metadata: [("team".to_owned(), json!("blue"))].into_iter().collect(),
            ..Invite::new(email)
        }
    }

    #[test]
    fn claiming_an_invitation_gives_its_groups_and_metadata() {
        let mut state = Organisation::seeded(0, 3, 1);
        let id = state.invite(draft("new@example.com")).expect("an invitation").id;
        let user = state.claim_invite(id, "New", "Person").expect("an account").clone();
        let groups: Vec<u32> = user.memberships.iter().map(|joined| joined.group).collect();
        assert_eq!(groups, [EDITOR, VIEWER]);
        assert_eq!(
            (user.email.as_str(), &user.metadata["team"]),
            ("new@example.com", &json!("blue"))
        );
        let invite = state.invited(id).expect("the invitation");
        assert_eq!(invite.claimed_by.as_ref(), Some(&user.id));
        assert_eq!(invite.claimed_at.as_ref(), Some(&state.now()));
        assert_eq!(state.claim_invite(id, "New", "Person"), Err(Refused::InviteClosed));
        assert_eq!(state.invitations, ["new@example.com"], "claiming sends no second mail");
    }

    #[test]
    fn claiming_an_invitation_to_the_group_of_administrators_makes_one() {
        let mut state = Organisation::seeded(0, 3, 1);
        state.admin_group_writable = true;
        let to_admin = Invite { groups: vec![ADMIN, VIEWER], ..draft("new@example.com") };
        let id = state.invite(to_admin).expect("an invitation").id;
        let user = state.claim_invite(id, "New", "Person").expect("an account");
        assert!(user.is_admin);
        let groups: Vec<u32> = user.memberships.iter().map(|joined| joined.group).collect();
        assert_eq!(groups, [VIEWER]);
    }

    #[test]
    fn an_invitation_is_valid_for_a_week() {
        let mut state = Organisation::empty(0);
        let id = state.invite(draft("new@example.com")).expect("an invitation").id;
        state.advance(VALID - Duration::from_millis(1));
        assert_eq!(state.pending_invites("NEW@example.com").count(), 1);
        let again = state.invite(draft("New@Example.com")).map(|invite| invite.id);
        assert_eq!(again, Err(Refused::AlreadyInvited));
        state.advance(Duration::from_millis(1));
        assert_eq!(state.pending_invites("new@example.com").count(), 0);
        assert_eq!(state.claim_invite(id, "New", "Person"), Err(Refused::InviteClosed));
        assert!(state.invite(draft("new@example.com")).is_ok());
        assert_eq!(state.invites.len(), 2);
    }

    #[test]
    fn an_account_created_in_another_way_leaves_the_invitation_pending() {
        let mut state = Organisation::empty(0);
        let id = state.invite(draft("new@example.com")).expect("an invitation").id;
        state.add_user(crate::state::User::new("new@example.com")).expect("an account");
        assert_eq!(state.pending_invites("new@example.com").count(), 1);
        assert_eq!(state.claim_invite(id, "New", "Person"), Err(Refused::EmailTaken));
        assert_eq!(
            state.invite(draft("new@example.com")).map(|invite| invite.id),
            Err(Refused::EmailTaken)
        );
    }

    #[test]
    fn an_invitation_to_a_missing_group_or_to_admin_is_refused() {
        let mut state = Organisation::empty(0);
        for (group, refused) in [(9, Refused::NoSuchGroup), (ADMIN, Refused::Managed)] {
            let invite = Invite { groups: vec![group], ..Invite::new("new@example.com") };
            assert_eq!(state.invite(invite).map(|invite| invite.id), Err(refused));
        }
        assert!(state.invites.is_empty() && state.invitations.is_empty());
    }

    #[test]
    fn groups_of_invitations_change_all_at_once_or_not_at_all() {
        let mut state = Organisation::empty(0);
        let one = state.invite(Invite::new("one@example.com")).expect("an invitation").id;
        let two = state.invite(Invite::new("two@example.com")).expect("an invitation").id;
        let to_editors = |state: &Organisation| -> Vec<u64> {
            state.invites_to(EDITOR).map(|invite| invite.id).collect()
        };
        assert_eq!(state.invite_to_group(EDITOR, &[one, 99]), Err(Refused::NoSuchInvite));
        assert!(to_editors(&state).is_empty());
        assert_eq!(state.invite_to_group(EDITOR, &[one, one]), Ok(()));
        assert_eq!(to_editors(&state), [one]);
        assert_eq!(state.replace_group_invites(EDITOR, &[two, 99]), Err(Refused::NoSuchInvite));
        assert_eq!(to_editors(&state), [one]);
        assert_eq!(state.replace_group_invites(EDITOR, &[two]), Ok(()));
        assert_eq!(to_editors(&state), [two]);
        assert_eq!(state.uninvite_from_group(EDITOR, one), Err(Refused::NotAMember));
        assert_eq!(state.uninvite_from_group(EDITOR, two), Ok(()));
        assert!(to_editors(&state).is_empty());
    }
}
