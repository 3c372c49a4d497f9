//! The writes that a call may make. They are computed from the request alone, with none of the
//! component's own logic.

mod requested;

use std::borrow::Borrow;
use std::collections::BTreeMap;

use retool_lifecycle::domain::{
    AccessField, AccessSetting, Changes, Email, Field, GroupLink, GroupRef, UserPatch, UserRef,
    UserType, WayIn,
};
use retool_lifecycle::groups::{Removal, Reshaping};
use retool_lifecycle::lifecycle::{Arrival, Mode};
use retool_lifecycle::sync::{
    AbsentPolicy, DesiredUser, MembershipPolicy, Step, StepKind, SyncRequest,
};
use serde_json::{Value, json};

use crate::change::{TWO_FACTOR, administered, key, metadata_key};
use crate::dialects::group_number;
use crate::former::renamed_by;
use crate::operation::{Operation, find};
use requested::{
    allowed_setting, is_about, is_arriving, is_group_of, is_protected, is_step, may_be_absent,
    value_from_roster,
};
pub use requested::{attribute_value, desired, is_absent, named, person_of, value, wanted};

/// When an account may be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    /// The number of days.
    pub days: u32,
    /// Since when the account is disabled, in milliseconds since the Unix epoch, as the caller says.
    /// Without it, the account may not be deleted.
    pub disabled_since: Option<i64>,
}

/// A group with its id and one of the names that it has had.
pub struct KnownGroup<'a> {
    /// The id.
    pub id: u32,
    /// The name, trimmed.
    pub name: &'a str,
}

impl KnownGroup<'_> {
    fn is(&self, reference: &GroupRef) -> bool {
        match reference {
            GroupRef::Id(id) => group_number(id) == Some(self.id),
            GroupRef::Name(name) => name.trim() == self.name,
        }
    }

    fn is_any(&self, references: &[impl Borrow<GroupRef>]) -> bool {
        references.iter().any(|reference| self.is(reference.borrow()))
    }
}

impl Operation {
    fn has_step(&self, is: impl Fn(&Step) -> bool) -> bool {
        self.steps().iter().any(is)
    }

    /// Whether the request is about somebody with this address.
    pub fn is_about(&self, person: &str) -> bool {
        match self {
            Operation::Provision(arrival) => is_arriving(arrival, person, false),
            Operation::Deprovision(departure) | Operation::PlanDeprovision(departure) => {
                named(&departure.user) == person
            }
            Operation::Restore(restoration) => find(&restoration.tombstones, person).is_some(),
            Operation::Sync(request) | Operation::Plan(request) => {
                desired(request, person).is_some()
            }
            Operation::Step(..) | Operation::Slice(_) => {
                self.has_step(|step| is_about(step, person))
            }
            Operation::ChangeGroup(reshaping) => {
                let mut people = reshaping.add.iter().chain(&reshaping.remove);
                people.any(|one| named(one) == person)
            }
            Operation::ResetTwoFactor(_) => self.may_reset_two_factor(person),
            Operation::EnsureGroup(..) | Operation::RemoveGroup(_) => false,
        }
    }

    /// Whether the user may be created.
    pub fn may_create(&self, person: &str) -> bool {
        match self {
            Operation::Provision(arrival) => {
                arrival.create_missing && &*key(arrival.email.as_str()) == person
            }
            Operation::Restore(restoration) => {
                restoration.re_create && find(&restoration.tombstones, person).is_some()
            }
            Operation::Sync(request) => {
                request.policy.create_missing && wanted(request, person).is_some()
            }
            Operation::Step(..) | Operation::Slice(_) => {
                self.has_step(|step| is_step(step, StepKind::CreateUser, person))
            }
            _ => false,
        }
    }

    /// Whether the user may be invited. Over `/api/v1` a creation is the invitation.
    pub fn may_invite(&self, person: &str) -> bool {
        let invites = |way_in: Option<WayIn>| way_in == Some(WayIn::Invitation);
        match self {
            Operation::Provision(arrival) => invites(arrival.way_in) && self.may_create(person),
            Operation::Restore(restoration) => {
                // An invitation that was withdrawn is restored as one.
                let was_invited = find(&restoration.tombstones, person)
                    .is_some_and(|was| was.invited == Some(true));
                let invited = restoration.way_in.is_none() && was_invited;
                (invites(restoration.way_in) || invited) && self.may_create(person)
            }
            Operation::Sync(request) => {
                self.may_create(person)
                    && desired(request, person)
                        .is_some_and(|desired| invites(desired.details.way_in))
            }
            Operation::Step(..) | Operation::Slice(_) => {
                self.has_step(|step| is_step(step, StepKind::InviteUser, person))
            }
            _ => false,
        }
    }

    /// Whether a missing user may get an account. Over dialects that send invitations, the request
    /// says which of both it is.
    pub fn may_create_account(&self, person: &str, sends_invitations: bool) -> bool {
        self.may_create(person) && !(sends_invitations && self.may_invite(person))
    }

    /// Returns the value that a field may be set to, for a `new` user or an existing one.
    pub fn allowed_value(&self, person: &str, field: &str, new: bool) -> Option<Value> {
        if let Some(group) = administered(field)
            && !matches!(self, Operation::Restore(_))
        {
            return self
                .allowed_administration(person, group)
                .map(|administers| json!(administers));
        }
        if field == "email" && !new {
            return self.present_address(person).map(|email| json!(email));
        }
        match self {
            Operation::ResetTwoFactor(_) => {
                let is_asked = field == TWO_FACTOR && self.may_reset_two_factor(person);
                is_asked.then_some(json!(false))
            }
            Operation::Provision(arrival) if is_arriving(arrival, person, new) => {
                if !new && field == "isDisabled" {
                    return arrival.re_enable_disabled.then_some(json!(false));
                }
                let asked = || {
                    value(&arrival.fields, field)
                        .or_else(|| attribute_value(&arrival.attributes, field))
                };
                (new || arrival.update_existing).then(asked)?
            }
            Operation::Restore(restoration) => {
                let was = find(&restoration.tombstones, person)?;
                if let Some(group) = administered(field) {
                    let mut links = was.groups.iter().flatten();
                    let link = links.find(|link| group_number(&link.id) == Some(group))?;
                    return (link.group_admin == Some(true)).then_some(json!(true));
                }
                if field == "isDisabled" {
                    return (!new).then_some(json!(false));
                }
                if let Some(key) = metadata_key(field) {
                    let recorded = was.metadata.as_ref()?.get(key)?;
                    return serde_json::from_str(recorded).ok();
                }
                let patch = UserPatch {
                    first_name: was.first_name.clone(),
                    last_name: was.last_name.clone(),
                    user_type: was.user_type,
                    admin: Some(was.admin),
                    disabled: None,
                    profile_photo_url: was.profile_photo_url.clone(),
                    ..UserPatch::default()
                };
                value(&patch, field)
            }
            Operation::Deprovision(departure) => {
                let disables = departure.mode != Mode::Delete
                    && &*named(&departure.user) == person
                    && !departure.protected_people.iter().any(|one| named(one) == person);
                (disables && field == "isDisabled").then_some(json!(true))
            }
            Operation::Sync(request) => value_from_roster(request, person, field, new),
            Operation::Step(..) | Operation::Slice(_) => {
                let is_theirs = |step: &&Step| is_about(step, person);
                let mut patch = UserPatch::default();
                let mut attributes = Changes::new();
                for change in self.steps().iter().filter(is_theirs).flat_map(|step| &step.changes) {
                    match change.attribute() {
                        Some(name) => drop(attributes.insert(name.into(), change.after.clone())),
                        None => drop(patch.add(change)),
                    }
                }
                value(&patch, field).or_else(|| attribute_value(&attributes, field))
            }
            _ => None,
        }
    }

    /// Returns whether the user may be made an administrator of a group, or no longer be one. Groups
    /// are given by id then.
    fn allowed_administration(&self, person: &str, group: u32) -> Option<bool> {
        let of = |admins: &BTreeMap<GroupRef, bool>| {
            let is_it =
                |one: &GroupRef| matches!(one, GroupRef::Id(id) if group_number(id) == Some(group));
            admins.iter().find(|(one, _)| is_it(one)).map(|(_, administers)| *administers)
        };
        match self {
            Operation::Provision(arrival) if is_arriving(arrival, person, false) => {
                of(&arrival.group_admins)
            }
            Operation::Sync(request) if request.policy.memberships != MembershipPolicy::Leave => {
                of(&desired(request, person)?.details.group_admins)
            }
            Operation::Step(..) | Operation::Slice(_) => {
                let is_theirs = |step: &&Step| {
                    is_about(step, person)
                        && step.group.as_ref().and_then(group_number) == Some(group)
                };
                self.steps().iter().filter(is_theirs).find_map(|step| step.group_admin)
            }
            Operation::ChangeGroup(reshaping) => {
                let GroupRef::Id(id) = &reshaping.group else { return None };
                let mut said = reshaping.group_admins.iter();
                let (_, administers) = said.find(|(who, _)| named(who) == person)?;
                (group_number(id) == Some(group)).then_some(*administers)
            }
            _ => None,
        }
    }

    /// Returns `None` if the user may not be deleted, and `Some(Some(age))` if only by age.
    pub fn may_delete(&self, person: &str) -> Option<Option<Age>> {
        match self {
            Operation::Deprovision(departure) => {
                let theirs = &*named(&departure.user) == person
                    && !departure.protected_people.iter().any(|one| named(one) == person);
                match departure.mode {
                    Mode::Delete if theirs => Some(None),
                    Mode::DeleteOnceDisabled(days) if theirs => {
                        Some(Some(Age { days, disabled_since: departure.disabled_since }))
                    }
                    _ => None,
                }
            }
            // Whether it is due is checked once it is known who it is.
            Operation::Sync(request) => {
                let deletes = matches!(
                    request.policy.absent,
                    AbsentPolicy::Delete | AbsentPolicy::DisableThenDelete(_)
                );
                (deletes && may_be_absent(request, person)).then_some(None)
            }
            Operation::Step(..) | Operation::Slice(_) => {
                self.has_step(|step| is_step(step, StepKind::DeleteUser, person)).then_some(None)
            }
            _ => None,
        }
    }

    /// Whether the user's invitation may be withdrawn. Every mode of deprovisioning does that, and
    /// every policy for absent users except `Keep`.
    pub fn may_withdraw(&self, person: &str) -> bool {
        match self {
            Operation::Deprovision(departure) => {
                &*named(&departure.user) == person
                    && !departure.protected_people.iter().any(|one| named(one) == person)
            }
            Operation::Sync(request) => {
                request.policy.absent != AbsentPolicy::Keep && is_absent(request, person)
            }
            Operation::Step(..) | Operation::Slice(_) => {
                self.has_step(|step| is_step(step, StepKind::CancelInvitation, person))
            }
            _ => false,
        }
    }

    /// Whether the user's sessions may be ended. They may if the call may disable the user.
    pub fn may_end_sessions(&self, person: &str) -> bool {
        self.allowed_value(person, "isDisabled", false) == Some(json!(true))
            || self.may_delete(person).is_some()
    }

    /// Whether the user's second factor may be reset.
    pub fn may_reset_two_factor(&self, person: &str) -> bool {
        matches!(self, Operation::ResetTwoFactor(reset) if named(&reset.user) == person)
    }

    /// Whether the user may be added to the group.
    pub fn may_join(&self, person: &str, group: &KnownGroup<'_>) -> bool {
        match self {
            Operation::Provision(arrival) => {
                is_arriving(arrival, person, false) && group.is_any(&arrival.groups)
            }
            Operation::Restore(restoration) => {
                let was = find(&restoration.tombstones, person);
                let its = |link: &GroupLink| group_number(&link.id) == Some(group.id);
                was.and_then(|was| was.groups.as_ref()).into_iter().flatten().any(its)
            }
            Operation::Sync(request) => {
                request.policy.memberships != MembershipPolicy::Leave
                    && desired(request, person).is_some_and(|desired| group.is_any(&desired.groups))
            }
            Operation::Step(..) | Operation::Slice(_) => self.has_step(|step| {
                let joins = is_step(step, StepKind::AddMember, person)
                    || is_step(step, StepKind::ChangeMember, person);
                joins && is_group_of(step, group)
            }),
            Operation::ChangeGroup(reshaping) => {
                group.is(&reshaping.group) && reshaping.add.iter().any(|one| named(one) == person)
            }
            _ => false,
        }
    }

    /// Whether the user may be removed from the group.
    pub fn may_leave(&self, person: &str, group: &KnownGroup<'_>) -> bool {
        match self {
            Operation::Deprovision(departure) => {
                departure.mode == Mode::DisableAndStripGroups && &*named(&departure.user) == person
            }
            Operation::Sync(request) => {
                let policy = &request.policy;
                let named = group.is_any(&policy.managed_groups)
                    || request.roster.iter().any(|one| group.is_any(&one.groups));
                policy.memberships == MembershipPolicy::Exact
                    && named
                    && !is_protected(request, person)
                    && desired(request, person)
                        .is_some_and(|desired| !group.is_any(&desired.groups))
            }
            Operation::Step(..) | Operation::Slice(_) => self.has_step(|step| {
                is_step(step, StepKind::RemoveMember, person) && is_group_of(step, group)
            }),
            Operation::ChangeGroup(reshaping) => {
                group.is(&reshaping.group)
                    && reshaping.remove.iter().any(|one| named(one) == person)
            }
            _ => false,
        }
    }

    /// Whether a group with this trimmed name may be created.
    pub fn may_create_group(&self, name: &str) -> bool {
        let is_it = |one: &GroupRef| matches!(one, GroupRef::Name(asked) if asked.trim() == name);
        match self {
            Operation::Provision(arrival) => {
                arrival.create_missing_groups && arrival.groups.iter().any(is_it)
            }
            Operation::Sync(request) => {
                let policy = &request.policy;
                policy.create_missing_groups
                    && policy.memberships != MembershipPolicy::Leave
                    && (policy.managed_groups.iter().any(is_it)
                        || request.roster.iter().flat_map(|one| &one.groups).any(|one| is_it(one)))
            }
            Operation::Step(..) | Operation::Slice(_) => self.has_step(|step| {
                step.kind == StepKind::CreateGroup
                    && step.group_name.as_deref().is_some_and(|asked| asked.trim() == name)
            }),
            Operation::EnsureGroup(asked, _) => asked.trim() == name,
            _ => false,
        }
    }

    /// Returns the value that a field of a group may be set to.
    pub fn allowed_group_value(&self, group: &KnownGroup<'_>, field: &str) -> Option<Value> {
        match self {
            Operation::ChangeGroup(reshaping) if group.is(&reshaping.group) => match field {
                "name" => reshaping.patch.name.as_ref().map(|name| json!(name)),
                _ => allowed_setting(&reshaping.patch.access, field),
            },
            // A server may ignore the settings of a creation.
            Operation::EnsureGroup(name, access) if name.trim() == group.name => {
                allowed_setting(access, field)
            }
            _ => None,
        }
    }

    /// Whether the group may be deleted.
    pub fn may_delete_group(&self, group: &KnownGroup<'_>) -> bool {
        matches!(self, Operation::RemoveGroup(removal) if group.is(&removal.group))
    }

    /// Whether the user may not be disabled or deleted, or lose rights or a membership.
    pub fn is_protected(&self, person: &str) -> bool {
        match self {
            Operation::Deprovision(departure) => {
                departure.protected_people.iter().any(|one| named(one) == person)
            }
            Operation::Sync(request) | Operation::Plan(request) | Operation::Step(_, request) => {
                is_protected(request, person)
            }
            Operation::Slice(slice) => is_protected(&slice.request, person),
            _ => false,
        }
    }

    /// Returns how many enabled administrators must be left if the call removes one. `None` if the
    /// call alone guarantees nothing.
    pub fn minimum_admins(&self) -> Option<u32> {
        match self {
            Operation::Provision(_) | Operation::Restore(_) => Some(1),
            Operation::Deprovision(departure) => Some(departure.minimum_admins),
            Operation::Sync(request) | Operation::Step(_, request) => {
                Some(request.policy.guards.minimum_admins)
            }
            Operation::Slice(slice) => Some(slice.request.policy.guards.minimum_admins),
            Operation::ChangeGroup(Reshaping { guard, .. })
            | Operation::RemoveGroup(Removal { guard, .. }) => Some(guard.minimum_admins),
            _ => None,
        }
    }
}
