//! Draws the calls of a run. Most of them fit the organisation.

use std::collections::BTreeMap;

use mock_retool::{ADMIN, Dialect, Group, Organisation, User};
use retool_lifecycle::domain::{
    AccessField, AccessSetting, AccessValues, Changes, Email, Field, GroupPatch, GroupRef,
    Tombstone, UserId, UserPatch, UserRef, UserType, WayIn,
};
use retool_lifecycle::groups::{MemberGuard, Removal, Reshaping};
use retool_lifecycle::input;
use retool_lifecycle::lifecycle::{Arrival, Departure, Mode, Restoration};
use retool_lifecycle::retool::Capabilities;
use retool_lifecycle::sync::SyncRequest;
use retool_lifecycle::time::parse_iso;

use crate::chance::Chance;
use crate::change::key;
use crate::dialects::{capabilities, group_id, mostly_supported, user_id};
use crate::names::{HIDDEN, another};
use crate::operation::{Operation, first_of_each};
use crate::organisation::{ATTRIBUTES, respelled};

mod roster;
mod unseen;

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
    /// Draws how new people get access.
    ways: Chance,
    /// Draws metadata, attributes and fields to clear.
    extras: Chance,
    /// Draws which plans are applied in slices, and in which.
    pub slices: Chance,
    /// Draws whose absence counts, and since when people are disabled.
    absence: Chance,
    /// Draws what groups may do.
    access: Chance,
    /// Draws who is named by former addresses.
    former: Chance,
    /// Draws resets of second factors, and invitations without a look-up.
    pub unseen: Chance,
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
        let absence = Chance::new(seed, 83);
        let access = Chance::new(seed, 84);
        let extras = Chance::new(seed, 77);
        Scenario {
            chance,
            limits,
            names,
            more,
            ways: Chance::new(seed, 82),
            extras,
            slices,
            absence,
            access,
            former: Chance::new(seed, 88),
            unseen: Chance::new(seed, 91),
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
                    way_in: self.way_in(25),
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
            17 => {
                let name = self.group_name(organisation);
                Job::One(Operation::EnsureGroup(name, self.access_settings()))
            }
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
        let filled = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        if chance.percent(60) {
            let same = user.and_then(|user| filled(&user.first_name)).filter(|_| !renamed);
            fields.first_name = Some(same.unwrap_or_else(|| format!("First {number}")));
        }
        if chance.percent(60) {
            let same = user.and_then(|user| filled(&user.last_name));
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
        let mut fields = mostly_supported(&self.can, fields, number);
        self.add_extras(&mut fields);
        fields
    }

    /// Adds fields to clear, and metadata where the dialect has it. In a few cases also where it
    /// has none, to test the refusal.
    fn add_extras(&mut self, fields: &mut UserPatch) {
        let chance = &mut self.extras;
        for field in [Field::FirstName, Field::LastName] {
            if chance.percent(5) && fields.wanted(field).is_none() {
                fields.clear.push(field);
            }
        }
        let count = if chance.percent(20) { chance.between(1, 2) } else { 0 };
        let is_refused = chance.percent(3);
        for _ in 0..count {
            let key = (*chance.pick(&["custom0", "custom1", "size", "a/b~c"])).to_owned();
            let value = match chance.below(4) {
                0 => None,
                1 => Some(r#"{"by": "us"}"#.to_owned()),
                _ => Some(chance.below(5).to_string()),
            };
            if self.can.sets_metadata || is_refused {
                fields.metadata.insert(key, value);
            }
        }
    }

    /// Draws attributes to set and to remove. A few of them do not exist.
    fn attributes(&mut self) -> Changes {
        let chance = &mut self.extras;
        let mut attributes = Changes::new();
        if !self.can.sets_attributes || !chance.percent(15) {
            return attributes;
        }
        let name = if chance.percent(3) { "unknown" } else { *chance.pick(&ATTRIBUTES) };
        let value = chance.percent(75).then(|| (*chance.pick(&["blue", "7", "red"])).to_owned());
        attributes.insert(name.to_owned(), value);
        attributes
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

    /// Draws how a new person gets access: with this probability by an invitation.
    fn way_in(&mut self, percent: u32) -> Option<WayIn> {
        match self.ways.percent(percent) {
            true => Some(WayIn::Invitation),
            false => self.ways.percent(30).then_some(WayIn::Account),
        }
    }

    fn arrival(&mut self, organisation: &Organisation) -> Arrival {
        let email = self.person(organisation);
        let user = organisation.users.iter().find(|user| key(&user.email) == key(email.as_str()));
        let (mut fields, groups) = (self.fields(user), self.groups(organisation, user));
        only_by_group(organisation, &mut fields);
        let way_in = self.way_in(40);
        // Mostly without fields, which an invitation can't have.
        if way_in == Some(WayIn::Invitation) && user.is_none() && self.ways.percent(90) {
            fields = UserPatch::default();
        }
        let groups = input::group_refs(&"groups", groups).unwrap_or_default();
        let (email, former_emails) = self.renamed(email, organisation, user.is_some());
        Arrival {
            email,
            id: None,
            login: None,
            former_emails,
            fields,
            attributes: self.attributes(),
            group_admins: self.group_admins(&groups),
            groups,
            create_missing_groups: self.chance.percent(60),
            create_missing: self.chance.percent(85),
            update_existing: self.chance.percent(75),
            re_enable_disabled: self.chance.percent(70),
            skip_closed_groups: false,
            way_in,
            skip_fields_of_invitation: false,
            skip_lookup: false,
            keep_accounts: false,
        }
    }

    /// Draws a deprovision.
    pub fn departure(&mut self, organisation: &Organisation) -> Departure {
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
        let is_settable =
            !self.can.access_settings.is_empty() || renamed.is_some_and(|number| number < 5);
        let mut access = self.access_settings();
        if let Some(value) = app_access.filter(|_| is_settable) {
            access.retain(|setting| setting.field != AccessField::UniversalApp);
            access.push(AccessSetting { field: AccessField::UniversalApp, value });
        }
        Reshaping {
            group,
            patch: GroupPatch {
                name: renamed.map(|number| self.new_name(number, organisation)),
                access,
            },
            group_admins: { people.iter() }
                .filter_map(|email| Some((UserRef::Email(email.clone()), self.group_admin()?)))
                .collect(),
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

    /// Draws what a group may do: settings that the dialect has, each once.
    fn access_settings(&mut self) -> Vec<AccessSetting> {
        let mut drawn = Vec::new();
        for field in self.can.access_settings {
            if !self.access.percent(15) {
                continue;
            }
            let value = match field.values() {
                AccessValues::OneOf(words) => *self.access.pick(words),
                AccessValues::Flag => *self.access.pick(&["true", "false"]),
                AccessValues::Uuid => "00000000-0000-4000-8000-000000000001",
            };
            drawn.push(AccessSetting { field: *field, value: value.into() });
        }
        drawn
    }

    /// Draws whether somebody should administer a group, where the dialect can say so.
    fn group_admin(&mut self) -> Option<bool> {
        let is_said = self.can.reports_group_admins && self.access.percent(15);
        is_said.then(|| self.access.percent(60))
    }

    /// Draws which of the groups that are given by id somebody should administer. Some servers
    /// leave the group `admin` as it is.
    fn group_admins(&mut self, groups: &[GroupRef]) -> BTreeMap<GroupRef, bool> {
        let is_other =
            |group: &&GroupRef| matches!(group, GroupRef::Id(id) if id.value != ADMIN.to_string());
        let by_id = groups.iter().filter(is_other);
        by_id.filter_map(|group| Some((group.clone(), self.group_admin()?))).collect()
    }

    fn member_guard(&mut self, organisation: &Organisation) -> MemberGuard {
        let protected = self.limits.any(&organisation.users).filter(|_| self.limits.percent(10));
        MemberGuard {
            protected_people: protected.map(email_of).map(UserRef::Email).into_iter().collect(),
            minimum_admins: self.limits.below(4) as u32,
        }
    }
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
