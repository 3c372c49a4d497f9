//! Draws resets of second factors, and invitations that are sent without a look-up.

use mock_retool::Organisation;
use retool_lifecycle::domain::{Email, GroupRef, UserPatch, UserRef, WayIn};
use retool_lifecycle::lifecycle::{Arrival, TwoFactorReset};

use super::{Scenario, by_id};
use crate::dialects::user_id;
use crate::organisation::respelled;

impl Scenario {
    /// Draws a reset of a second factor: mostly of an existing user, by address or by id.
    pub fn two_factor_reset(&mut self, organisation: &Organisation) -> TwoFactorReset {
        let chance = &mut self.unseen;
        let user = chance.any(&organisation.users).filter(|user| !user.email.is_empty());
        let Some(user) = user.filter(|_| chance.percent(90)) else {
            let nobody = Email::new("nobody@example.com");
            return TwoFactorReset { user: UserRef::Email(nobody), expected_id: None };
        };
        // Sometimes the id is that of somebody else.
        let other = chance.any(&organisation.users).filter(|_| chance.percent(20));
        let expected_id = chance.percent(30).then(|| user_id(self.dialect, other.unwrap_or(user)));
        let email = Email::new(&respelled(user.email.trim(), chance));
        TwoFactorReset { user: UserRef::Email(email), expected_id }
    }

    /// Draws an invitation that is sent without a look-up, and the provision of the same person that
    /// looks first.
    pub fn unseen_arrival(&mut self, organisation: &Organisation) -> (Arrival, Arrival) {
        let chance = &mut self.unseen;
        let joiner = chance.any(&self.joiners).filter(|_| chance.percent(70)).cloned();
        let invited = chance.any(&organisation.invites).map(|invite| invite.email.clone());
        let address = joiner.or_else(|| invited.filter(|_| chance.percent(30)));
        let email = Email::new(address.as_deref().unwrap_or("unseen@example.com"));
        let is_open = |group: &&mock_retool::Group| group.id != mock_retool::ADMIN;
        let group = chance.any(&organisation.groups).filter(is_open);
        let group: Option<GroupRef> = group.map(|group| by_id(self.dialect, group));
        let seen = Arrival {
            email,
            id: None,
            login: None,
            former_emails: Vec::new(),
            fields: UserPatch::default(),
            attributes: Default::default(),
            groups: group.filter(|_| chance.percent(50)).into_iter().collect(),
            group_admins: Default::default(),
            create_missing_groups: false,
            create_missing: true,
            update_existing: false,
            re_enable_disabled: true,
            skip_closed_groups: false,
            way_in: Some(WayIn::Invitation),
            skip_fields_of_invitation: false,
            skip_lookup: false,
            keep_accounts: false,
        };
        (Arrival { skip_lookup: true, ..seen.clone() }, seen)
    }
}
