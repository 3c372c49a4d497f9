//! Draws the calls of a run. Most of them fit the organisation.

use mock_retool::{ADMIN, Dialect, Group, Organisation, User};
use retool_lifecycle::domain::{
    Email, GroupPatch, GroupRef, Tombstone, UserId, UserPatch, UserRef, UserType,
};
use retool_lifecycle::groups::{MemberGuard, Removal, Reshaping};
use retool_lifecycle::input;
use retool_lifecycle::lifecycle::{Arrival, Departure, Mode, Restoration};
use retool_lifecycle::retool::Capabilities;
use retool_lifecycle::sync::{
    AbsentPolicy, DesiredUser, GuardLimits, Limit, MembershipPolicy, Policy, Span, SyncRequest,
};
use retool_lifecycle::time::parse_iso;

use crate::chance::Chance;
use crate::change::{key, open_invitation};
use crate::dialects::{capabilities, group_id, mostly_supported, user_id};
use crate::names::{HIDDEN, another};
use crate::operation::{Operation, first_of_each};
use crate::organisation::respelled;

/// A task for the component.
pub enum Job {
    /// One call.
    One(Operation),
    /// A plan that is kept and applied step by step.
    KeptPlan(SyncRequest),
    /// A plan that is kept and applied in slices.
    SlicedPlan(SyncRequest),
}

/// Draws the jobs of a run.
pub struct Scenario {
    chance: Chance,
    /// The stream of the limits on what a sync adds.
    limits: Chance,
    /// Draws which of the names of a user or group a request gives.
    names: Chance,
    /// Draws what later versions of the scenario added, so that earlier seeds keep their calls.
    more: Chance,
    /// Draws which plans are applied in slices, and in which.
    pub slices: Chance,
    dialect: Dialect,
    can: Capabilities,
    /// Addresses of users who do not exist yet.
    pub joiners: Vec<String>,
    /// Names of groups that do not exist yet.
    pub new_groups: Vec<String>,
    /// The tombstones that calls returned of accounts that they disabled, deleted or stripped.
    pub tombstones: Vec<Tombstone>,
}

impl Scenario {
    /// Creates the scenario of a seed.
    pub fn new(dialect: Dialect, seed: u64) -> Self {
        let mut chance = Chance::new(seed, 2);
        let joiners =
            (0..chance.below(4)).map(|index| format!("new.person{index}@example.com")).collect();
        let new_groups = (0..chance.below(3)).map(|index| format!("New group {index}")).collect();
        let can = capabilities(dialect);
        let limits = Chance::new(seed, 12);
        let more = Chance::new(seed, 9);
        let slices = Chance::new(seed, 61);
        let names = Chance::new(seed, 52);
        Scenario {
            chance,
            limits,
            names,
            more,
            slices,
            dialect,
            can,
            joiners,
            new_groups,
            tombstones: Vec::new(),
        }
    }

    /// Draws the next job.
    pub fn next(&mut self, organisation: &Organisation) -> Job {
        match self.chance.below(20) {
            0..=3 => Job::One(Operation::Provision(self.arrival(organisation))),
            4..=6 => Job::One(Operation::Deprovision(self.departure(organisation))),
            7 | 8 if !self.tombstones.is_empty() => {
                let count = self.chance.between(1, 3);
                let drawn: Vec<Tombstone> =
                    (0..count).map(|_| self.chance.pick(&self.tombstones).clone()).collect();
                Job::One(Operation::Restore(Restoration {
                    tombstones: first_of_each(&drawn),
                    re_create: self.chance.percent(80),
                }))
            }
            7 | 8 => Job::One(Operation::Deprovision(self.departure(organisation))),
            9..=13 => Job::One(Operation::Sync(self.roster(organisation))),
            14..=16 => {
                let request = self.roster(organisation);
                match self.slices.percent(50) {
                    true => Job::SlicedPlan(request),
                    false => Job::KeptPlan(request),
                }
            }
            17 => Job::One(Operation::EnsureGroup(self.group_name(organisation))),
            18 => Job::One(Operation::ChangeGroup(self.reshaping(organisation))),
            _ => {
                let group = self.group_ref(organisation);
                let even_with_members = self.chance.percent(50);
                let guard = self.member_guard(organisation);
                Job::One(Operation::RemoveGroup(Removal { group, even_with_members, guard }))
            }
        }
    }

    fn email(&mut self, address: &str, organisation: &Organisation) -> Email {
        let address = another(address, organisation, &mut self.names);
        Email::new(&respelled(&address, &mut self.chance))
    }

    /// Draws an existing user, a joiner, or an invited address.
    fn person(&mut self, organisation: &Organisation) -> Email {
        let chance = &mut self.chance;
        let user = chance.any(&organisation.users).filter(|user| !user.email.is_empty());
        let address = match (user, chance.any(&self.joiners)) {
            (Some(user), Some(joiner)) => {
                let joins = chance.percent(40);
                if joins { joiner.clone() } else { user.email.trim().to_owned() }
            }
            (Some(user), None) => user.email.trim().to_owned(),
            (None, Some(joiner)) => joiner.clone(),
            (None, None) => "nobody@example.com".into(),
        };
        let invitation =
            if self.can.reports_invitations { chance.any(&organisation.invites) } else { None };
        let address = match invitation {
            Some(invite) if chance.percent(25) => invite.email.clone(),
            _ => address,
        };
        self.email(&address, organisation)
    }

    fn fields(&mut self, user: Option<&User>) -> UserPatch {
        let chance = &mut self.chance;
        let number = chance.below(100);
        let renamed = chance.percent(20);
        let mut fields = UserPatch::default();
        if chance.percent(60) {
            let same = user.and_then(|user| user.first_name.clone()).filter(|_| !renamed);
            fields.first_name = Some(same.unwrap_or_else(|| format!("First {number}")));
        }
        if chance.percent(60) {
            let same = user.and_then(|user| user.last_name.clone());
            fields.last_name = Some(same.unwrap_or_else(|| format!("Last {number}")));
        }
        if chance.percent(if user.is_none() { 85 } else { 25 }) {
            let end_user = chance.percent(40);
            fields.user_type = Some(if end_user { UserType::EndUser } else { UserType::Default });
        }
        if chance.percent(10) {
            fields.admin = Some(chance.percent(50));
        }
        if chance.percent(6) {
            fields.profile_photo_url = Some(format!("https://example.com/{number}.png"));
        }
        if user.is_none() && self.can.names_required && !number.is_multiple_of(10) {
            fields.first_name.get_or_insert_with(|| format!("First {number}"));
            fields.last_name.get_or_insert_with(|| format!("Last {number}"));
        }
        mostly_supported(&self.can, fields, number)
    }

    fn group_name(&mut self, organisation: &Organisation) -> String {
        if let (Some(name), true) = (self.chance.any(&self.new_groups), self.chance.percent(40)) {
            return name.clone();
        }
        let name = visible(&self.chance.pick(&organisation.groups).name);
        // A name that only looks like that of a group.
        if self.names.percent(6) { name.to_uppercase() } else { name }
    }

    fn group_ref(&mut self, organisation: &Organisation) -> GroupRef {
        if self.chance.percent(50) {
            GroupRef::Name(self.group_name(organisation))
        } else {
            by_id(self.dialect, self.chance.pick(&organisation.groups))
        }
    }

    /// Draws groups, all by name or all by id: those of `user`, with a change in some cases.
    fn groups(&mut self, organisation: &Organisation, user: Option<&User>) -> Vec<GroupRef> {
        let is_wanted = |group: &&Group| group.id != ADMIN || organisation.admin_group_writable;
        let mut wanted: Vec<&Group> = match user {
            Some(user) => organisation.groups_of(user).filter(is_wanted).collect(),
            None => Vec::new(),
        };
        if !wanted.is_empty() && self.chance.percent(15) {
            let place = self.chance.below(wanted.len());
            wanted.remove(place);
        }
        if user.is_none() || self.chance.percent(20) {
            wanted.extend(self.chance.any(&organisation.groups).filter(is_wanted));
        }
        wanted.sort_by_key(|group| group.id);
        wanted.dedup_by(|a, b| a.name.trim() == b.name.trim());
        if self.chance.percent(20) {
            return wanted.into_iter().map(|group| by_id(self.dialect, group)).collect();
        }
        let mut names: Vec<GroupRef> =
            wanted.iter().map(|group| GroupRef::Name(visible(&group.name))).collect();
        if self.chance.percent(8)
            && let Some(name) = self.chance.any(&self.new_groups)
        {
            names.push(GroupRef::Name(name.clone()));
        }
        names.sort();
        names.dedup();
        names
    }

    fn arrival(&mut self, organisation: &Organisation) -> Arrival {
        let email = self.person(organisation);
        let user = organisation.users.iter().find(|user| key(&user.email) == key(email.as_str()));
        let (mut fields, groups) = (self.fields(user), self.groups(organisation, user));
        only_by_group(organisation, &mut fields);
        Arrival {
            email,
            id: None,
            login: None,
            fields,
            groups: input::group_refs(&"groups", groups).unwrap_or_default(),
            create_missing_groups: self.chance.percent(60),
            create_missing: self.chance.percent(85),
            update_existing: self.chance.percent(75),
            re_enable_disabled: self.chance.percent(70),
            skip_closed_groups: false,
        }
    }

    fn departure(&mut self, organisation: &Organisation) -> Departure {
        let email = self.person(organisation);
        let protected_people = if self.chance.percent(8) {
            vec![self.person(organisation).into()]
        } else {
            Vec::new()
        };
        let mode = match self.chance.below(4) {
            0 => Mode::Disable,
            1 => Mode::DisableAndStripGroups,
            2 => Mode::Delete,
            _ => Mode::DeleteOnceDisabled(self.chance.between(1, 40) as u32),
        };
        Departure {
            expected_id: self.expected_id(&email, organisation),
            disabled_since: self.disabled_since(&email, mode),
            user: UserRef::Email(email),
            mode,
            protected_people,
            minimum_admins: self.chance.below(3) as u32,
        }
    }

    /// Draws the id that a user must have: mostly that of the address, or that of any user.
    fn expected_id(&mut self, email: &Email, organisation: &Organisation) -> Option<UserId> {
        if !self.more.percent(25) {
            return None;
        }
        let theirs = organisation.users.iter().find(|user| key(&user.email) == key(email.as_str()));
        let any = self.more.any(&organisation.users);
        let user = theirs.filter(|_| self.more.percent(80)).or(any)?;
        Some(user_id(self.dialect, user))
    }

    /// Draws since when a user is disabled, as an earlier call reported it.
    fn disabled_since(&mut self, email: &Email, mode: Mode) -> Option<i64> {
        let is_used = matches!(mode, Mode::DeleteOnceDisabled(_)) && self.more.percent(80);
        let theirs = self.tombstones.iter().rev().filter(|one| one.user.email == *email);
        let mut dates = theirs.filter_map(|one| one.disabled_since.as_deref());
        dates.find_map(parse_iso).filter(|_| is_used)
    }

    fn reshaping(&mut self, organisation: &Organisation) -> Reshaping {
        // By id, because a change by name that renames the group can't be repeated.
        let group = by_id(self.dialect, self.chance.pick(&organisation.groups[1..]));
        let mut people: Vec<Email> = Vec::new();
        for _ in 0..self.chance.below(5) {
            let person = self.person(organisation);
            if people.iter().all(|other| key(other.as_str()) != key(person.as_str())) {
                people.push(person);
            }
        }
        let joining = self.chance.below(people.len() + 1);
        let remove = people.split_off(joining);
        let renamed = self.chance.percent(30).then(|| self.chance.below(50));
        let app_access = self.chance.percent(30).then(|| "use".to_owned());
        // Some values are those that the dialect refuses.
        let is_settable = self.can.sets_app_access || renamed.is_some_and(|number| number < 5);
        Reshaping {
            group,
            patch: GroupPatch {
                name: renamed.map(|number| self.new_name(number, organisation)),
                universal_app_access: app_access.filter(|_| is_settable),
            },
            add: people.into_iter().map(UserRef::Email).collect(),
            remove: remove.into_iter().map(UserRef::Email).collect(),
            guard: self.member_guard(organisation),
        }
    }

    /// Draws a new name of a group: sometimes one that looks like that of another group.
    fn new_name(&mut self, number: usize, organisation: &Organisation) -> String {
        let twin = self.names.any(&organisation.groups).map(|group| visible(&group.name));
        let twin = twin.filter(|name| !name.is_empty() && self.names.percent(8));
        twin.map_or_else(|| format!("Renamed {number}"), |name| name.to_uppercase())
    }

    fn member_guard(&mut self, organisation: &Organisation) -> MemberGuard {
        let protected = self.limits.any(&organisation.users).filter(|_| self.limits.percent(10));
        MemberGuard {
            protected_people: protected.map(email_of).map(UserRef::Email).into_iter().collect(),
            minimum_admins: self.limits.below(4) as u32,
        }
    }

    fn roster(&mut self, organisation: &Organisation) -> SyncRequest {
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
        let span = self.span(organisation);
        roster.retain(|one| span.contains(&one.email));
        let policy = self.policy(organisation);
        input::sync_request(SyncRequest { roster, span, policy })
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
        DesiredUser { fields, groups: self.groups(organisation, user), ..DesiredUser::new(email) }
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
            without_address: false,
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
}

/// Whether an entry of a roster names the person of an address.
fn is_same(entry: &DesiredUser, email: &Email) -> bool {
    key(entry.email.as_str()) == key(email.as_str())
}

/// Returns a group's name as a request can give it.
fn visible(name: &str) -> String {
    name.replace(HIDDEN, "").trim().to_owned()
}

fn email_of(user: &User) -> Email {
    Email::new(&user.email)
}

fn by_id(dialect: Dialect, group: &Group) -> GroupRef {
    GroupRef::Id(group_id(dialect, group.id))
}

/// Leaves out the right if the group of administrators gives it: no request asks for a right and
/// for a group that contradicts it.
fn only_by_group(organisation: &Organisation, fields: &mut UserPatch) {
    if organisation.admin_group_writable {
        fields.admin = None;
    }
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
