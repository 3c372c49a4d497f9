//! Draws rosters, their policies, and whose absence counts.

use mock_retool::{ADMIN, Organisation, User};
use retool_lifecycle::domain::{Email, GroupRef, UserPatch, UserRef, UserType};
use retool_lifecycle::input;
use retool_lifecycle::sync::absence::{AbsenceScope, DisabledRecord};
use retool_lifecycle::sync::{
    AbsentPolicy, DesiredUser, Details, GuardLimits, Limit, MembershipPolicy, Policy, Span,
    SyncRequest,
};
use retool_lifecycle::time::parse_iso;

use super::{Scenario, by_id, email_of, only_by_group};
use crate::chance::Chance;
use crate::change::{key, open_invitation};
use crate::dialects::user_id;
use crate::organisation::{ATTRIBUTES, respelled};

impl Scenario {
    pub(super) fn roster(&mut self, organisation: &Organisation) -> SyncRequest {
        let leaving = *self.chance.pick(&[0, 3, 10, 40]);
        let mut roster: Vec<DesiredUser> = Vec::new();
        for user in &organisation.users {
            if self.chance.percent(leaving) || user.email.is_empty() {
                continue;
            }
            let email = self.email(user.email.trim(), organisation);
            if roster.iter().any(|one| is_same(one, &email)) {
                continue;
            }
            let entry = self.entry(email, organisation, Some(user));
            roster.push(entry);
        }
        let mut joiners = self.joiners.clone();
        if self.can.reports_invitations {
            // Some invited users are on the roster.
            let open = organisation.invites.iter().map(|invite| invite.email.clone());
            joiners
                .extend(open.filter(|email| open_invitation(organisation, &key(email)).is_some()));
        }
        for joiner in joiners {
            let email = self.email(&joiner, organisation);
            if self.chance.percent(70) && !roster.iter().any(|one| is_same(one, &email)) {
                let entry = self.entry(email, organisation, None);
                roster.push(entry);
            }
        }
        self.rename(&mut roster, organisation);
        let span = self.span(organisation);
        roster.retain(|one| span.contains(&one.email));
        let mut policy = self.policy(organisation);
        let disabled_since = self.absence(organisation, &mut policy);
        input::sync_request(SyncRequest { roster, span, policy, disabled_since })
            .expect("a roster that passes the component's checks")
    }

    fn entry(
        &mut self,
        email: Email,
        organisation: &Organisation,
        user: Option<&User>,
    ) -> DesiredUser {
        // A roster has no photos.
        let mut fields = UserPatch { profile_photo_url: None, ..self.fields(user) };
        only_by_group(organisation, &mut fields);
        // An attribute that does not exist fails the whole call, so rosters name only known ones.
        let mut attributes = self.attributes();
        attributes.retain(|name, _| ATTRIBUTES.contains(&name.as_str()));
        let groups = self.groups(organisation, user);
        let way_in = self.way_in(35);
        let group_admins = self.group_admins(&groups);
        let groups = groups.into_iter().map(Into::into).collect();
        let details = Details { attributes, group_admins, way_in, ..Details::default() }.into();
        DesiredUser { email, fields, groups, details }
    }

    fn span(&mut self, organisation: &Organisation) -> Span {
        let mut end = || {
            let user = self.chance.any(&organisation.users).filter(|user| !user.email.is_empty());
            user.filter(|_| self.chance.percent(15)).map(|user| key(&user.email))
        };
        match (end(), end()) {
            (Some(start), Some(before)) if start >= before => Span::default(),
            (start, before) => Span { start, before },
        }
    }

    fn policy(&mut self, organisation: &Organisation) -> Policy {
        let (dialect, can) = (self.dialect, self.can);
        let chance = &mut self.chance;
        let admins: Vec<&User> =
            organisation.users.iter().filter(|user| user.is_admin && !user.is_disabled).collect();
        let has_address = |user: &&User| !user.email.is_empty();
        let required =
            chance.any(&admins).filter(|_| chance.percent(8)).filter(|one| has_address(one));
        let protected = organisation.users.iter().filter(|_| chance.percent(5)).filter(has_address);
        let protected = protected.map(email_of).map(UserRef::Email);
        let guards = GuardLimits {
            protected_people: protected.collect(),
            required_admins: required.map(|user| email_of(user).into()).into_iter().collect(),
            user_removals: Limit::new(
                *chance.pick(&[0, 5, 25, 50, 100]),
                *chance.pick(&[0, 1, 3, 10]),
            ),
            member_removals: Limit::new(
                *chance.pick(&[0, 25, 50, 100]),
                *chance.pick(&[0, 1, 3, 10]),
            ),
            minimum_admins: chance.below(4) as u32,
            allow_empty_roster: chance.percent(50),
            ..growth_limits(&mut self.limits)
        };
        let managed = organisation.groups.iter();
        let managed =
            managed.filter(|group| group.id != ADMIN || organisation.admin_group_writable);
        let mut managed: Vec<GroupRef> =
            managed.filter(|_| chance.percent(10)).map(|group| by_id(dialect, group)).collect();
        managed.truncate(3);
        Policy {
            create_missing: chance.percent(85),
            update_existing: chance.percent(80),
            re_enable_disabled: chance.percent(60),
            absent: *chance.pick(&[
                AbsentPolicy::Keep,
                AbsentPolicy::Disable,
                AbsentPolicy::Disable,
                AbsentPolicy::Delete,
            ]),
            leave_disabled: false,
            absence: AbsenceScope::default(),
            inactive_for_days: None,
            memberships: *chance.pick(&[
                MembershipPolicy::Leave,
                MembershipPolicy::Add,
                MembershipPolicy::Exact,
                MembershipPolicy::Exact,
            ]),
            managed_groups: managed,
            create_missing_groups: chance.percent(80),
            default_user_type: chance.percent(70).then_some(match can.bills(UserType::Mobile) {
                true => UserType::Mobile,
                false => UserType::EndUser,
            }),
            guards,
        }
    }

    /// Draws the former addresses of a person: of one with an account mostly that of the account,
    /// with a new address. Returns the address that the person should have, and the former ones.
    pub(super) fn renamed(
        &mut self,
        email: Email,
        organisation: &Organisation,
        has_account: bool,
    ) -> (Email, Vec<Email>) {
        let chance = &mut self.former;
        let any = chance.any(&organisation.users).map(email_of).filter(|one| !one.key().is_empty());
        let (present, old) = match chance.below(20) {
            0..=3 if has_account => {
                let number = chance.below(4);
                // Not by the login, which is no address that the person had.
                let old = key(email.as_str());
                (Email::new(&format!("renamed{number}.{old}")), Some(Email::new(&old)))
            }
            // The account of somebody else, so that there are two or the joiner has it.
            4 => (email, any),
            5 => (email, Some(Email::new("nobody.else@example.com"))),
            _ => return (email, Vec::new()),
        };
        let mut former: Vec<Email> = Vec::new();
        if chance.percent(20) {
            former.push(Email::new("older@example.com"));
        }
        former.extend(old.map(|old| Email::new(&respelled(old.as_str(), chance))));
        former.retain(|one| *one != present);
        (present, former)
    }

    /// Gives entries of a roster former addresses.
    fn rename(&mut self, roster: &mut [DesiredUser], organisation: &Organisation) {
        if self.former.percent(50) {
            return;
        }
        for at in 0..roster.len() {
            let email = roster[at].email.clone();
            let is_theirs = |user: &&User| key(&user.email) == key(email.as_str());
            let account = organisation.users.iter().find(is_theirs);
            if let Some(user) = account.filter(|_| self.former.percent(5)) {
                let id = user_id(self.dialect, user);
                let entry = &mut roster[at];
                entry.details.by = Some(UserRef::Id(id));
                if self.former.percent(60) {
                    let number = self.former.below(4);
                    entry.email = Email::new(&format!("given{number}.{}", key(email.as_str())));
                }
                continue;
            }
            let has_account = account.is_some();
            let (present, former) = self.renamed(email, organisation, has_account);
            if !roster.iter().enumerate().any(|(i, one)| i != at && is_same(one, &present)) {
                let entry = &mut roster[at];
                entry.email = present;
                entry.details.former_emails = former;
            }
        }
    }

    /// Draws whose absence counts, and the days of grace. Returns since when people are disabled, as
    /// earlier calls reported it.
    fn absence(&mut self, organisation: &Organisation, policy: &mut Policy) -> Vec<DisabledRecord> {
        let chance = &mut self.absence;
        policy.leave_disabled = !policy.re_enable_disabled && chance.percent(40);
        if chance.percent(15) {
            let domains = chance.any(&organisation.users).map(|user| key(&user.email));
            let domain = domains.as_deref().and_then(|email| Some(email.rsplit_once('@')?.1));
            policy.absence.domains = domain.map(Into::into).into_iter().collect();
        }
        if chance.percent(12) {
            let group = chance.any(&organisation.groups);
            policy.absence.members_of =
                group.map(|group| by_id(self.dialect, group)).into_iter().collect();
        }
        if chance.percent(15) {
            policy.absence.spare_created_within_days = chance.between(1, 60) as u32;
        }
        if policy.absent != AbsentPolicy::Keep && chance.percent(20) {
            policy.absent = AbsentPolicy::DisableThenDelete(chance.between(1, 40) as u32);
        }
        // A person who is deleted for being inactive is created again by the next sync.
        if policy.absent == AbsentPolicy::Disable && chance.percent(15) {
            policy.inactive_for_days = Some(chance.between(1, 200) as u32);
            policy.re_enable_disabled = false;
        }
        match policy.absent {
            AbsentPolicy::DisableThenDelete(_) => self.disabled_records(80),
            _ => Vec::new(),
        }
    }

    /// Draws since when people are disabled, as earlier calls reported it: this share of them, in
    /// percent.
    pub fn disabled_records(&mut self, share: u32) -> Vec<DisabledRecord> {
        let mut records: Vec<DisabledRecord> = Vec::new();
        for tombstone in self.tombstones.iter().rev() {
            let since = tombstone.disabled_since.as_deref().and_then(parse_iso);
            let is_known = records.iter().any(|one| one.user == tombstone.user.id);
            if let (Some(since), false, true) = (since, is_known, self.absence.percent(share)) {
                records.push(DisabledRecord { user: tombstone.user.id.clone(), since });
            }
        }
        records
    }

    /// Draws after how many days a sync with days of grace is repeated.
    pub fn days_later(&mut self, days: u32) -> u64 {
        self.absence.below(days as usize * 2 + 1) as u64
    }
}

/// Whether an entry of a roster names the person of an address.
fn is_same(entry: &DesiredUser, email: &Email) -> bool {
    key(entry.email.as_str()) == key(email.as_str())
}

/// Draws the limits on what a sync adds and changes. Most are wide, so that most plans pass.
fn growth_limits(chance: &mut Chance) -> GuardLimits {
    let mut limit = || match chance.percent(80) {
        true => Limit::new(100, 1000),
        false => Limit::new(*chance.pick(&[0, 25, 50]), *chance.pick(&[0, 1, 3])),
    };
    GuardLimits {
        membership_removals: limit(),
        creations: limit(),
        promotions: limit(),
        re_enablements: limit(),
        updates: limit(),
        member_additions: limit(),
        ..GuardLimits::default()
    }
}
