//! Checks that a call that reports success reached its goal. Applies only to calls without edits of
//! the other administrator.

use std::borrow::Borrow;

use mock_retool::{ADMIN, Group, Invite, Organisation, User};
use retool_lifecycle::domain::{
    self, AccessSetting, Changes, Email, Field, GroupLink, GroupRef, UserPatch,
};
use retool_lifecycle::groups::Removal;
use retool_lifecycle::lifecycle::{DeprovisionOutcome, Mode, PersonRestored};
use retool_lifecycle::sync::report::{PersonOutcome, SyncReport};
use retool_lifecycle::sync::{AbsentPolicy, MembershipPolicy, SyncRequest};
use serde_json::{Value, json};

use super::Checker;
use crate::allowed_writes::{attribute_value, desired, is_absent, named, value};
use crate::change::{Change, key, login_address, metadata_field, open_invitation, user_fields};
use crate::dialects::{capabilities, dialect_wire, group_number};
use crate::operation::{Done, Operation};

pub(super) const FIELDS: [(Field, &str); 6] = [
    (Field::FirstName, "firstName"),
    (Field::LastName, "lastName"),
    (Field::ProfilePhotoUrl, "profilePhotoUrl"),
    (Field::Admin, "isAdmin"),
    (Field::Disabled, "isDisabled"),
    (Field::UserType, "userType"),
];

impl Checker {
    /// Returns the first part of the request that was not reached.
    pub(super) fn unreached_goal(&self, done: &Done) -> Option<String> {
        let now = &**self.now();
        match (&*self.operation, done) {
            // Whether the person had an account was not asked. The report says who was invited.
            (Operation::Provision(arrival), _) if arrival.skip_lookup => None,
            (Operation::Provision(arrival), _) => {
                let person = &*key(arrival.email.as_str());
                if self.open_invitation(now, person).is_some() {
                    // Invitations without a look-up may have left two. One with the groups is enough.
                    let open = now.invites.iter().filter(|one| now.is_pending(one));
                    let theirs = open.filter(|one| key(&one.email) == person);
                    let missing: Option<Vec<String>> =
                        theirs.map(|invite| uninvited(now, invite, &arrival.groups)).collect();
                    return missing?.pop();
                }
                let Some(user) = find(now, person) else {
                    return Some(format!("{person} has no account"));
                };
                let fields = UserPatch { disabled: Some(false), ..arrival.fields.clone() };
                let is_new = self.account_before(person).is_none();
                let fields = if arrival.update_existing || is_new {
                    fields
                } else {
                    UserPatch { disabled: Some(false), ..UserPatch::default() }
                };
                let has_attributes =
                    fields.disabled.is_some() && (arrival.update_existing || is_new);
                let attributes =
                    || self.lacks_attributes(user, &arrival.attributes, has_attributes);
                self.differs(user, &fields)
                    .or_else(attributes)
                    .or_else(|| outside(now, user, &arrival.groups))
                    .or_else(|| self.not_renamed(now, person))
            }
            (Operation::Deprovision(departure), Done::Deprovisioned(done)) => {
                let is_said = done.remaining.iter().any(|what| what.contains("invitation"));
                // The list lacks nobody, but an account that is gone is found by it no longer.
                let is_gone = done.outcome == DeprovisionOutcome::AlreadyGone;
                let is_open = self.is_still_invited(now, &named(&departure.user));
                if is_open && !is_said && !is_gone {
                    return Some(format!("{} is still invited", named(&departure.user)));
                }
                let has_account = find(&self.start, &named(&departure.user)).is_some();
                if !has_account && self.open_invitation(now, &named(&departure.user)).is_some() {
                    return Some(format!("{} is still invited", &named(&departure.user)));
                }
                let user = find(now, &named(&departure.user))?;
                if done.outcome == DeprovisionOutcome::AlreadyGone
                    && self.is_hidden(&named(&departure.user))
                {
                    return None;
                }
                if departure.mode == Mode::Delete && self.can.deletes_people {
                    return Some(format!("{} still has an account", &named(&departure.user)));
                }
                // The caller must remove the memberships that the server refuses to remove.
                let is_left = |group: u32| {
                    let names = self.group_names(group);
                    done.remaining.iter().any(|what| names.iter().any(|name| what.contains(name)))
                };
                // No request shows a membership of the group of administrators that an accepted
                // invitation left: whoever has the right is a member.
                let mut joined = user.memberships.iter().map(|joined| joined.group);
                let kept = joined.any(|group| group != ADMIN && !is_left(group));
                if departure.mode == Mode::DisableAndStripGroups && kept {
                    return Some(format!("{} is still in groups", &named(&departure.user)));
                }
                if !user.is_disabled {
                    return Some(format!("{} is enabled", &named(&departure.user)));
                }
                let is_reported = done.remaining.iter().any(|what| what.contains("sessions"));
                self.still_logged_in(user, is_reported)
            }
            (Operation::Restore(restoration), Done::Restored(done)) => {
                let people = restoration.tombstones.iter().zip(&done.people);
                let mut restored = people.filter_map(|(tombstone, report)| {
                    Some((&tombstone.user, report.outcome.as_ref().ok()?))
                });
                restored.find_map(|(was, done)| self.not_restored(was, done, now))
            }
            (Operation::Sync(request), Done::Synced(report)) => {
                let missed = report.complete.then(|| self.missed_by_roster(request, now)).flatten();
                missed.or_else(|| self.logged_in_after_sync(report, now))
            }
            (Operation::Slice(slice), Done::Synced(report)) => {
                let missed = report.complete.then(|| self.missed_by_slice(slice, now)).flatten();
                missed.or_else(|| self.logged_in_after_sync(report, now))
            }
            (Operation::EnsureGroup(name, access), done) => {
                let is_it = |group: &&Group| group.name.trim() == name.trim();
                let named: Vec<&Group> = now.groups.iter().filter(is_it).collect();
                let [group] = named[..] else {
                    return Some(format!("there is not exactly one group {name:?}"));
                };
                let is_new = matches!(done, Done::Ensured(done) if done.created);
                is_new.then(|| differs_in_access(group, access)).flatten()
            }
            (Operation::ChangeGroup(reshaping), Done::Reshaped(done)) => {
                let Some(group) =
                    now.groups.iter().find(|one| group_number(&done.group.id) == Some(one.id))
                else {
                    return Some("the group does not exist".into());
                };
                if reshaping.patch.name.as_ref().is_some_and(|name| group.name != *name) {
                    return Some("the group has another name".into());
                }
                if let Some(what) = differs_in_access(group, &reshaping.patch.access) {
                    return Some(what);
                }
                let is_in = |person: &str| {
                    now.members(group.id).any(|member| key(&member.user.email) == person)
                        || self
                            .open_invitation(now, person)
                            .is_some_and(|one| one.groups.contains(&group.id))
                };
                let missing = reshaping.add.iter().find(|one| !is_in(&named(one)));
                // Without its filter, a search lacks the same users as the listing.
                let left = reshaping
                    .remove
                    .iter()
                    .find(|one| is_in(&named(one)) && !self.is_hidden(&named(one)));
                missing.or(left).map(|one| format!("the membership of {} is wrong", named(one)))
            }
            (Operation::RemoveGroup(Removal { group: reference, .. }), _) => now
                .groups
                .iter()
                .any(|group| is(group, reference))
                .then(|| "the group still exists".into()),
            _ => None,
        }
    }

    /// Returns a difference between a restored user and the tombstone.
    fn not_restored(
        &self,
        was: &domain::User,
        done: &PersonRestored,
        now: &Organisation,
    ) -> Option<String> {
        if self.open_invitation(now, &key(was.email.as_str())).is_some() {
            return None;
        }
        let Some(user) = find(now, &key(was.email.as_str())) else {
            return Some(format!("{} has no account", &key(was.email.as_str())));
        };
        // On some servers the membership alone makes an administrator.
        let is_member =
            was.groups.iter().flatten().any(|link| group_number(&link.id) == Some(ADMIN));
        let fields = UserPatch {
            first_name: was.first_name.clone(),
            last_name: was.last_name.clone(),
            user_type: was.user_type,
            admin: (was.admin || !is_member).then_some(was.admin),
            disabled: Some(false),
            profile_photo_url: was.profile_photo_url.clone(),
            metadata: was
                .metadata
                .iter()
                .flat_map(|metadata| metadata.iter())
                .map(|(key, json)| (key.to_owned(), Some(json.to_owned())))
                .collect(),
            ..UserPatch::default()
        };
        let is_closed = |group: &&GroupLink| {
            let names = group_number(&group.id).map(|id| self.group_names(id)).unwrap_or_default();
            done.not_restored.iter().any(|what| names.iter().any(|name| what.contains(name)))
        };
        let groups: Vec<GroupRef> = was
            .groups
            .iter()
            .flatten()
            .filter(|link| now.groups.iter().any(|one| group_number(&link.id) == Some(one.id)))
            // The server itself keeps the administrators in this group.
            .filter(|link| self.can.sets_admins || group_number(&link.id) != Some(ADMIN))
            // The caller must restore the memberships that the server refuses.
            .filter(|link| !is_closed(link))
            .map(|link| GroupRef::Id(link.id.clone()))
            .collect();
        self.differs(user, &fields)
            .or_else(|| outside(now, user, &groups))
            .or_else(|| self.not_administered(was, done, now, user))
    }

    /// Returns a group that a restored user administered and does not administer any more.
    fn not_administered(
        &self,
        was: &domain::User,
        done: &PersonRestored,
        now: &Organisation,
        user: &User,
    ) -> Option<String> {
        let administered =
            was.groups.iter().flatten().filter(|link| link.group_admin == Some(true));
        let mut lost = administered.filter_map(|link| group_number(&link.id)).filter(|group| {
            let mut members = now.members(*group).filter(|member| member.user.id == user.id);
            let is_said = done
                .not_restored
                .iter()
                .any(|what| self.group_names(*group).iter().any(|name| what.contains(name)));
            members.any(|member| !member.is_group_admin) && !is_said
        });
        lost.next().map(|group| format!("{} does not administer group {group}", user.email))
    }

    fn missed_by_roster(&self, request: &SyncRequest, now: &Organisation) -> Option<String> {
        let policy = &request.policy;
        for wanted in &request.roster {
            let person = &*key(wanted.email.as_str());
            if let Some(invite) = self.open_invitation(now, person) {
                if policy.memberships != MembershipPolicy::Leave
                    && let Some(what) = uninvited(now, invite, &wanted.groups)
                {
                    return Some(what);
                }
                continue;
            }
            let before = self.account_before(person).and_then(|user| now.user(&user.id));
            let Some(user) = find(now, person).or(before) else {
                return Some(format!("{person} has no account"));
            };
            if self.may_be_left(request, user) {
                continue;
            }
            if let Some(what) = self.not_renamed(now, person) {
                return Some(what);
            }
            let is_new = self.account_before(person).is_none();
            let mut fields = if policy.update_existing || is_new {
                wanted.fields.clone()
            } else {
                UserPatch::default()
            };
            fields.disabled = Some(false);
            if let Some(what) = self.differs(user, &fields) {
                return Some(what);
            }
            let has_attributes = policy.update_existing || is_new;
            if let Some(what) =
                self.lacks_attributes(user, &wanted.details.attributes, has_attributes)
            {
                return Some(what);
            }
            if policy.memberships != MembershipPolicy::Leave
                && let Some(what) = outside(now, user, &wanted.groups)
            {
                return Some(what);
            }
            if policy.memberships == MembershipPolicy::Exact {
                let named = |group: &Group| {
                    let of_roster = request.roster.iter().flat_map(|one| &one.groups);
                    of_roster
                        .map(|reference| &**reference)
                        .chain(&policy.managed_groups)
                        .any(|reference| is(group, reference))
                };
                let too_many = now.groups_of(user).find(|group| {
                    named(group) && !wanted.groups.iter().any(|reference| is(group, reference))
                });
                if let Some(group) = too_many {
                    return Some(format!("{person} is still in {:?}", group.name));
                }
            }
        }
        let stays = now.users.iter().find(|user| {
            let person = key(&user.email);
            // No roster names an account without an address, and no listing shows a hidden one.
            !person.is_empty()
                && self.given_by_id(&user.id).is_none()
                && !self.is_hidden(&person)
                && desired(request, &person).is_none()
                && is_absent(request, &person)
                && login_address(user).is_none_or(|login| desired(request, &login).is_none())
                // An account with names inside and outside the span may be on another part's roster.
                && is_inside(request, user)
                && self.is_surely_in_scope(request, user)
                && match policy.absent {
                    AbsentPolicy::Keep => false,
                    AbsentPolicy::Disable | AbsentPolicy::DisableThenDelete(_) => !user.is_disabled,
                    AbsentPolicy::Delete => self.can.deletes_people || !user.is_disabled,
                }
        });
        let stays = stays.map(|user| &user.email).or_else(|| {
            let gone = |invite: &&Invite| {
                let person = key(&invite.email);
                policy.absent != AbsentPolicy::Keep
                    && is_absent(request, &person)
                    && self.is_invitation_surely_in_scope(request, invite)
                    && self.open_invitation(now, &person).is_some()
            };
            now.invites.iter().find(gone).map(|invite| &invite.email)
        });
        stays.map(|email| format!("{email} is absent from the roster and was not removed"))
    }

    /// Returns that the sessions of a disabled user were not ended in this call, and that the
    /// result does not say so.
    fn still_logged_in(&self, user: &User, is_reported: bool) -> Option<String> {
        let ends =
            |change: &Change| matches!(change, Change::SessionsEnded { id, .. } if *id == user.id);
        (capabilities(self.dialect).ends_sessions
            && !self.component_changes().any(ends)
            && !is_reported)
            .then(|| format!("{} is still logged in", user.email))
    }

    /// Returns a user that a sync disabled, and whose sessions were not ended in silence.
    fn logged_in_after_sync(&self, report: &SyncReport, now: &Organisation) -> Option<String> {
        let disabled =
            report.people.iter().filter(|person| person.outcome == PersonOutcome::Disabled);
        disabled
            .filter_map(|person| Some((person, find(now, &key(person.email.as_str()))?)))
            .find_map(|(person, user)| {
                let said = person.note.iter().chain(&report.limitations);
                let is_reported = said.into_iter().any(|note| note.contains("sessions"));
                self.still_logged_in(user, is_reported)
            })
    }

    /// Whether an address has an open invitation, be there an account or not.
    fn is_still_invited(&self, state: &Organisation, person: &str) -> bool {
        self.can.reports_invitations
            && state.invites.iter().any(|invite| {
                key(&invite.email) == person
                    && invite.claimed_at.is_none()
                    && invite.expires_at > self.time
            })
    }

    /// Returns the open invitation of an address, if the dialect shows invitations.
    pub(super) fn open_invitation<'a>(
        &self,
        state: &'a Organisation,
        person: &str,
    ) -> Option<&'a Invite> {
        open_invitation(state, person)
            .filter(|invite| self.can.reports_invitations && invite.expires_at > self.time)
    }

    /// Whether an invitation can't be accepted any more.
    pub(super) fn has_expired(&self, state: &Organisation, id: &str) -> bool {
        let number = id.strip_prefix("invite-").and_then(|number| number.parse().ok());
        let invite = number.and_then(|number| state.invited(number));
        invite.is_some_and(|invite| invite.expires_at <= self.time)
    }

    pub(super) fn differs(&self, user: &User, asked: &UserPatch) -> Option<String> {
        let has =
            dialect_wire(self.dialect).visible_fields(user_fields(user).into_iter().collect());
        let wrong =
            |field: &str| value(asked, field).is_some_and(|asked| has.get(field) != Some(&asked));
        FIELDS
            .into_iter()
            .filter(|(field, _)| self.can.sets(*field))
            .find(|(_, field)| wrong(field))
            .map(|(_, field)| format!("{field} of {} is not the requested value", user.email))
            .or_else(|| {
                let keys = asked.metadata.keys().filter(|_| self.can.sets_metadata);
                let wrong = keys.map(|key| metadata_field(key)).find(|field| {
                    value(asked, field) != Some(has.get(field).cloned().unwrap_or_default())
                });
                wrong.map(|field| format!("{field} of {} is not the requested value", user.email))
            })
    }

    /// Returns an attribute that does not have the requested value, if the call should have set it.
    pub(super) fn lacks_attributes(
        &self,
        user: &User,
        asked: &Changes,
        is_asked: bool,
    ) -> Option<String> {
        let mut names = asked.keys().filter(|_| is_asked && self.can.sets_attributes);
        let wrong = names.find(|name| {
            let has = user.metadata.get(*name).cloned().unwrap_or_default();
            attribute_value(asked, &metadata_field(name)) != Some(has)
        });
        wrong.map(|name| format!("the attribute {name} of {} is not as requested", user.email))
    }
}

pub(super) fn find<'a>(state: &'a Organisation, person: &str) -> Option<&'a User> {
    let by_login =
        || state.users.iter().find(|user| login_address(user).as_deref() == Some(person));
    state.users.iter().find(|user| key(&user.email) == person).or_else(by_login)
}

fn is(group: &Group, reference: &GroupRef) -> bool {
    match reference {
        GroupRef::Id(id) => group_number(id) == Some(group.id),
        GroupRef::Name(name) => name.trim() == group.name.trim(),
    }
}

fn uninvited<G: Borrow<GroupRef>>(
    state: &Organisation,
    invite: &Invite,
    groups: &[G],
) -> Option<String> {
    let to = |reference: &GroupRef| {
        state.groups.iter().any(|group| is(group, reference) && invite.groups.contains(&group.id))
    };
    let missing = groups.iter().map(Borrow::borrow).find(|reference| !to(reference));
    missing.map(|reference| format!("{} is not invited to {reference:?}", invite.email))
}

fn outside<G: Borrow<GroupRef>>(state: &Organisation, user: &User, groups: &[G]) -> Option<String> {
    let is_in = |reference: &GroupRef| state.groups_of(user).any(|group| is(group, reference));
    let missing = groups.iter().map(Borrow::borrow).find(|reference| !is_in(reference));
    missing.map(|reference| format!("{} is not in {reference:?}", user.email))
}

/// Returns whether the login and the mails of a user are inside the span too.
fn is_inside(request: &SyncRequest, user: &User) -> bool {
    let mails = user.scim.get("emails").and_then(Value::as_array).into_iter().flatten();
    let login = user.scim.get("userName");
    let mut names = mails.map(|mail| &mail["value"]).chain(login).filter_map(Value::as_str);
    names.all(|name| request.span.contains(&Email::new(name)))
}

/// Returns a setting that a group does not have as it was asked for.
fn differs_in_access(group: &Group, access: &[AccessSetting]) -> Option<String> {
    let mut now = json!(group.access);
    now["universal_app_access"] = json!(group.universal_app_access);
    let has = |setting: &&AccessSetting| {
        let value = &now[setting.field.as_str().replace('-', "_")];
        match value {
            Value::String(text) => *text == setting.value,
            Value::Bool(flag) => setting.value == if *flag { "true" } else { "false" },
            _ => false,
        }
    };
    let other = access.iter().find(|setting| !has(setting))?;
    Some(format!("group {} has another {}", group.id, other.field.as_str()))
}
