//! Checks that a call's tombstones contain every account that it disabled, deleted or stripped, as
//! it was before.

use std::collections::{BTreeMap, BTreeSet};

use mock_retool::Organisation;
use retool_lifecycle::domain::{self, Field, Tombstone, UserPatch, UserType};
use retool_lifecycle::time::parse_iso;

use super::goal::FIELDS;
use super::{Checker, Who};
use crate::allowed_writes::value;
use crate::change::{
    Change, address_of_invitation, administered, invitation_id, is_invitation, key, metadata_key,
    user_fields,
};
use crate::dialects::{dialect_wire, group_number};
use crate::operation::Operation;
use crate::request::{Act, Fields, ParsedRequest};
use serde_json::Value;

/// What an account lost by a call.
#[derive(Default)]
struct Loss {
    /// The groups that it was removed from.
    groups: BTreeSet<u32>,
    /// The account was deleted, and its memberships with it.
    is_gone: bool,
}

impl Checker {
    /// Returns what is missing or wrong in the tombstones of a call.
    pub(super) fn unrecorded(&self, tombstones: &[Tombstone]) -> Vec<String> {
        let records = matches!(
            &*self.operation,
            Operation::Deprovision(_)
                | Operation::Sync(_)
                | Operation::Step(..)
                | Operation::Slice(_)
        );
        if !records {
            return Vec::new();
        }
        let dialect_wire = dialect_wire(self.dialect);
        let mut found = Vec::new();
        for (id, loss) in self.losses() {
            let mut theirs =
                tombstones.iter().filter(|one| dialect_wire.user_id(&one.user.id.value) == id);
            let what = match (theirs.next(), theirs.next()) {
                (Some(tombstone), None) => self.misrecorded(id, &loss, tombstone),
                // The tombstone of the account, or of another invitation, is enough. An invitation
                // beside an account has none.
                (None, _) if is_invitation(id) && self.is_recorded(id, tombstones) => None,
                (None, _) if is_invitation(id) && self.had_account(id) => None,
                (None, _) => Some("no tombstone".to_owned()),
                (Some(_), Some(_)) => Some("two tombstones".to_owned()),
            };
            found.extend(what.map(|what| format!("{:?}: {what}", self.addresses_of(id))));
        }
        found
    }

    /// Whether there is a tombstone of the person of an invitation.
    fn is_recorded(&self, id: &str, tombstones: &[Tombstone]) -> bool {
        let people = self.addresses_of(id);
        tombstones.iter().any(|one| people.contains(&key(one.user.email.as_str())))
    }

    /// Whether the person of an invitation had an account at some time of the call.
    fn had_account(&self, id: &str) -> bool {
        let people = self.addresses_of(id);
        self.states().any(|state| state.users.iter().any(|user| people.contains(&key(&user.email))))
    }

    /// Returns the accounts that the component disabled, deleted or stripped in this call, by id.
    fn losses(&self) -> BTreeMap<&str, Loss> {
        let mut losses: BTreeMap<&str, Loss> = BTreeMap::new();
        for change in self.component_changes() {
            match change {
                // The component could not know that the server shows no disabled users.
                Change::UserDeleted { id, .. }
                    if self.disabled_users_vanish() && !self.deletes(id) =>
                {
                    losses.entry(id).or_default();
                }
                // One that has expired is replaced by a new one.
                Change::Uninvited { id, .. } if self.has_expired(&self.start, id) => {}
                Change::UserDeleted { id, .. } | Change::Uninvited { id, .. } => {
                    losses.entry(id).or_default().is_gone = true;
                }
                Change::UserField { id, field, after, .. }
                    if field == "isDisabled" && *after == true && !self.repeats_an_edit(id) =>
                {
                    losses.entry(id).or_default();
                }
                Change::UserField { id, field, before, after, .. }
                    if strips(field, before, after) && !self.undoes_an_edit(id, field) =>
                {
                    losses.entry(id).or_default();
                }
                // What a PUT drops is put back, or the error names it.
                Change::Left { id, group, .. } if !self.was_dropped(id, *group) => {
                    losses.entry(id).or_default().groups.insert(*group);
                }
                _ => {}
            }
        }
        losses
    }

    /// Whether the component disabled an account only because another administrator had disabled
    /// it: its first PUT undid the edit, and its next PUT contains it.
    fn repeats_an_edit(&self, id: &str) -> bool {
        self.undoes_an_edit(id, "isDisabled")
            && !self.addresses_of(id).iter().any(|person| self.operation.may_end_sessions(person))
    }

    /// Returns how a tombstone differs from every state of the account before the call changed it.
    fn misrecorded(&self, id: &str, loss: &Loss, tombstone: &Tombstone) -> Option<String> {
        let Tombstone { user, raw, disabled_since, recorded_at } = tombstone;
        if parse_iso(recorded_at).is_none() {
            return Some(format!("the tombstone has no valid time: {recorded_at:?}"));
        }
        let is_record = |raw: &String| serde_json::from_str::<Fields>(raw).is_ok();
        if raw.as_ref().is_some_and(|raw| !is_record(raw)) {
            return Some(format!("the tombstone's record is not a JSON object: {raw:?}"));
        }
        let states = self.states_before_changes(id);
        if !states.iter().any(|state| self.is_as_in(id, user, state)) {
            return Some(format!("the tombstone differs from the account as it was: {user:?}"));
        }
        if let Some(date) = disabled_since.as_ref().filter(|date| !self.moved_to(id, date)) {
            return Some(format!("no write of this call moved the date to {date:?}"));
        }
        if let Some(what) = self.wrong_group_admin(id, user, &states) {
            return Some(what);
        }
        let Some(groups) = &user.groups else {
            let lacks = loss.is_gone || !loss.groups.is_empty();
            return lacks.then(|| "the tombstone lacks the memberships".to_owned());
        };
        let recorded: BTreeSet<u32> =
            groups.iter().filter_map(|link| group_number(&link.id)).collect();
        // Memberships are read group by group, and another administrator may change them meanwhile.
        let held: Vec<BTreeSet<u32>> = states.iter().map(|state| groups_of(state, id)).collect();
        let everywhere = held.iter().cloned().reduce(|all, one| &all & &one).unwrap_or_default();
        let somewhere: BTreeSet<u32> = held.into_iter().flatten().collect();
        // A step, and a sync that does not look at groups, records what the user's record shows, and
        // what it removes.
        let may_lack = |group: &u32| {
            self.beliefs.short_users
                && match *self.operation {
                    Operation::Deprovision(_) => false,
                    Operation::Step(..) => loss.is_gone || !loss.groups.contains(group),
                    _ => !loss.is_gone && !loss.groups.contains(group),
                }
        };
        let missing = everywhere.difference(&recorded).find(|group| !may_lack(group));
        let invented = recorded.difference(&somewhere).next();
        match (missing, invented) {
            (Some(group), _) => Some(format!("the tombstone lacks group {group}")),
            (None, Some(group)) => {
                Some(format!("the tombstone has group {group}, which the account was not in"))
            }
            (None, None) => None,
        }
    }

    /// Whether the component sent the deletion of an account in this call.
    pub(super) fn deletes(&self, id: &str) -> bool {
        let deletes = |parsed: &ParsedRequest| matches!(&parsed.act, Some(Act::Delete { id: of }) if of == id);
        self.writes.iter().any(deletes)
    }

    /// Whether an account got this date of its last change in this call, and was disabled then.
    fn moved_to(&self, id: &str, date: &str) -> bool {
        let has = |state: &Organisation| state.user(id).is_some_and(|user| user.updated_at == date);
        let is_disabled =
            |state: &Organisation| state.user(id).is_some_and(|user| user.is_disabled);
        !has(&self.start)
            && (self.has_vanished(id)
                || self.is_touched
                || self.repeated.iter().any(|state| has(state) && is_disabled(state))
                || self.states().any(|state| has(state) && is_disabled(state)))
    }

    /// Returns a membership that the tombstone records with the wrong right to administer the group.
    fn wrong_group_admin(
        &self,
        id: &str,
        user: &domain::User,
        states: &[&Organisation],
    ) -> Option<String> {
        let is_as_in = |group: u32, recorded: bool, state: &&Organisation| {
            let membership = state.members(group).find(|member| member.user.id == id);
            membership.is_some_and(|member| member.is_group_admin == recorded)
        };
        let wrong = user.groups.iter().flatten().find(|link| {
            let (Some(recorded), Some(group)) = (link.group_admin, group_number(&link.id)) else {
                return false;
            };
            !states.iter().any(|state| is_as_in(group, recorded, state))
        });
        wrong.map(|link| format!("the tombstone is wrong about who administers {:?}", link.id))
    }

    /// Returns the states of this call before the component first changed the account.
    fn states_before_changes(&self, id: &str) -> Vec<&Organisation> {
        let is_before = |event: &&super::Event| {
            event.who != Who::Component || !event.changes.iter().any(|one| is_about(one, id))
        };
        let before = self.events.iter().take_while(is_before).map(|event| &*event.after);
        std::iter::once(&*self.start).chain(before).collect()
    }

    /// Whether a tombstone's fields are those of the account in this state.
    fn is_as_in(&self, id: &str, user: &domain::User, state: &Organisation) -> bool {
        if is_invitation(id) {
            return address_of_invitation(state, id).as_deref() == Some(&*key(user.email.as_str()));
        }
        let Some(has) = state.user(id) else { return false };
        let fields =
            dialect_wire(self.dialect).visible_fields(user_fields(has).into_iter().collect());
        let recorded = UserPatch {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            user_type: user.user_type,
            admin: Some(user.admin),
            disabled: Some(user.disabled),
            profile_photo_url: user.profile_photo_url.clone(),
            ..UserPatch::default()
        };
        let recorded_metadata = user.metadata.as_ref().map(|metadata| metadata.to_json());
        let metadata = recorded_metadata.and_then(|json| serde_json::from_str::<Value>(&json).ok());
        let has_metadata =
            !self.can.sets_metadata || metadata == Some(Value::Object(has.metadata.clone()));
        let is_same = |field: Field, name: &str| match field {
            Field::Admin if !self.can.reports_admins => true,
            Field::UserType if user.user_type == Some(UserType::Unrecognized) => true,
            Field::UserType | Field::ProfilePhotoUrl if !self.can.sets(field) => true,
            _ => {
                value(&recorded, name).unwrap_or_default()
                    == fields.get(name).cloned().unwrap_or_default()
            }
        };
        // By the address that the call gave it, the account is found again.
        let email = key(user.email.as_str());
        let is_new = || self.new_address_of(id).is_some_and(|new| key(&new) == email);
        has_metadata
            && (key(&has.email) == email || is_new())
            && FIELDS.into_iter().all(|(field, name)| is_same(field, name))
    }
}

/// Returns the groups of an account or an invitation.
fn groups_of(state: &Organisation, id: &str) -> BTreeSet<u32> {
    if let Some(user) = state.user(id) {
        return state.groups_of(user).map(|group| group.id).collect();
    }
    let invite = state.invites.iter().find(|invite| invitation_id(invite.id) == id);
    invite.into_iter().flat_map(|invite| invite.groups.iter().copied()).collect()
}

/// Whether a change of a field takes a right or a value from a user.
fn strips(field: &str, before: &Value, after: &Value) -> bool {
    match field {
        "firstName" | "lastName" | "profilePhotoUrl" => !before.is_null() && after.is_null(),
        "isAdmin" => *before == true && *after == false,
        _ if administered(field).is_some() => *before == true && *after == false,
        _ => metadata_key(field).is_some() && !before.is_null() && after.is_null(),
    }
}

/// Whether a change is about this account.
fn is_about(change: &Change, id: &str) -> bool {
    match change {
        Change::UserDeleted { id: theirs, .. }
        | Change::UserField { id: theirs, .. }
        | Change::Uninvited { id: theirs, .. }
        | Change::Joined { id: theirs, .. }
        | Change::Left { id: theirs, .. } => theirs == id,
        _ => false,
    }
}
