//! Whether the tombstones of a call hold everybody it took something from, as they were before.

use std::collections::{BTreeMap, BTreeSet};

use mock_retool::Organisation;
use retool_lifecycle::domain::{self, Field, Tombstone, UserPatch, UserType};
use retool_lifecycle::time::parse_iso;

use super::goal::FIELDS;
use super::{Watch, Who};
use crate::change::{Change, address_of_invitation, invitation, is_invitation, key, user_fields};
use crate::dialects::{group_number, tongue};
use crate::mandate::value;
use crate::operation::Operation;
use crate::wire::Fields;

/// What a call took from an account.
#[derive(Default)]
struct Loss {
    /// The groups that it is no longer in.
    groups: BTreeSet<u32>,
    /// The account is gone, and its memberships with it.
    is_gone: bool,
}

impl Watch {
    /// What the tombstones of a call lack, and what is wrong in them.
    pub(super) fn unrecorded(&self, tombstones: &[Tombstone]) -> Vec<String> {
        let records = matches!(
            &*self.operation,
            Operation::Deprovision(_) | Operation::Sync(_) | Operation::Step(..)
        );
        if !records {
            return Vec::new();
        }
        let tongue = tongue(self.dialect);
        let mut found = Vec::new();
        for (id, loss) in self.losses() {
            let mut theirs =
                tombstones.iter().filter(|one| tongue.person(&one.user.id.value) == id);
            let what = match (theirs.next(), theirs.next()) {
                (Some(tombstone), None) => self.misrecorded(id, &loss, tombstone),
                (None, _) => Some("no tombstone".to_owned()),
                (Some(_), Some(_)) => Some("two tombstones".to_owned()),
            };
            found.extend(what.map(|what| format!("{:?}: {what}", self.addresses_of(id))));
        }
        found
    }

    /// The accounts that the component disabled, deleted or stripped in this call, by id.
    fn losses(&self) -> BTreeMap<&str, Loss> {
        let mut losses: BTreeMap<&str, Loss> = BTreeMap::new();
        for change in self.component_changes() {
            match change {
                Change::UserDeleted { id, .. } | Change::Uninvited { id, .. } => {
                    losses.entry(id).or_default().is_gone = true;
                }
                Change::UserField { id, field, after, .. }
                    if field == "isDisabled" && *after == true && !self.repeats_an_edit(id) =>
                {
                    losses.entry(id).or_default();
                }
                Change::Left { id, group, .. } => {
                    losses.entry(id).or_default().groups.insert(*group);
                }
                _ => {}
            }
        }
        losses
    }

    /// Whether the component disabled an account only because another administrator had: its
    /// next PUT carries what its last one undid.
    fn repeats_an_edit(&self, id: &str) -> bool {
        self.undoes_an_edit(id, "isDisabled")
            && !self.addresses_of(id).iter().any(|person| self.operation.may_end_sessions(person))
    }

    /// How a tombstone differs from every state of the account before the call changed it.
    fn misrecorded(&self, id: &str, loss: &Loss, tombstone: &Tombstone) -> Option<String> {
        let Tombstone { user, raw, disabled_since: _, recorded_at } = tombstone;
        if parse_iso(recorded_at).is_none() {
            return Some(format!("the tombstone is of no time: {recorded_at:?}"));
        }
        let is_record = |raw: &String| serde_json::from_str::<Fields>(raw).is_ok();
        if raw.as_ref().is_some_and(|raw| !is_record(raw)) {
            return Some(format!("the tombstone's record is no object: {raw:?}"));
        }
        let states = self.states_before_changes(id);
        if !states.iter().any(|state| self.is_as_in(id, user, state)) {
            return Some(format!("the tombstone is not the account as it was: {user:?}"));
        }
        let Some(groups) = &user.groups else {
            let lacks = loss.is_gone || !loss.groups.is_empty();
            return lacks.then(|| "the tombstone lacks the memberships".to_owned());
        };
        let recorded: BTreeSet<u32> =
            groups.iter().filter_map(|link| group_number(&link.id)).collect();
        // Memberships are read group by group, and another administrator changes them meanwhile.
        let held: Vec<BTreeSet<u32>> = states.iter().map(|state| groups_of(state, id)).collect();
        let everywhere = held.iter().cloned().reduce(|all, one| &all & &one).unwrap_or_default();
        let somewhere: BTreeSet<u32> = held.into_iter().flatten().collect();
        let missing = everywhere.difference(&recorded).next();
        let invented = recorded.difference(&somewhere).next();
        match (missing, invented) {
            (Some(group), _) => Some(format!("the tombstone lacks group {group}")),
            (None, Some(group)) => Some(format!("the tombstone has group {group} by mistake")),
            (None, None) => None,
        }
    }

    /// The states of this call up to the first in which the component had changed the account.
    fn states_before_changes(&self, id: &str) -> Vec<&Organisation> {
        let is_before = |moment: &&super::Moment| {
            moment.who != Who::Component || !moment.changes.iter().any(|one| is_about(one, id))
        };
        let before = self.moments.iter().take_while(is_before).map(|moment| &*moment.after);
        std::iter::once(&*self.start).chain(before).collect()
    }

    /// Whether the fields of an account are those that it has in a state.
    fn is_as_in(&self, id: &str, user: &domain::User, state: &Organisation) -> bool {
        if is_invitation(id) {
            return address_of_invitation(state, id).as_deref() == Some(user.email.key());
        }
        let Some(has) = state.user(id) else { return false };
        let fields = tongue(self.dialect).sees(user_fields(has).into_iter().collect());
        let recorded = UserPatch {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            user_type: user.user_type,
            admin: Some(user.admin),
            disabled: Some(user.disabled),
            profile_photo_url: user.profile_photo_url.clone(),
        };
        let is_same = |field: Field, name: &str| match field {
            Field::Admin if !self.can.tells_admins => true,
            Field::UserType if user.user_type == Some(UserType::Unrecognized) => true,
            Field::UserType | Field::ProfilePhotoUrl if !self.can.sets(field) => true,
            _ => {
                value(&recorded, name).unwrap_or_default()
                    == fields.get(name).cloned().unwrap_or_default()
            }
        };
        key(&has.email) == user.email.key()
            && FIELDS.into_iter().all(|(field, name)| is_same(field, name))
    }
}

/// The groups that an account or an invitation is in.
fn groups_of(state: &Organisation, id: &str) -> BTreeSet<u32> {
    if let Some(user) = state.user(id) {
        return state.groups_of(user).map(|group| group.id).collect();
    }
    let invite = state.invites.iter().find(|invite| invitation(invite.id) == id);
    invite.into_iter().flat_map(|invite| invite.groups.iter().copied()).collect()
}

/// Whether a change is one of this account.
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
