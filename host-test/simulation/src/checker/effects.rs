//! Checks what writes changed in the organisation, and that the guards held.

use std::collections::{BTreeMap, BTreeSet};

use mock_retool::{ADMIN, Dialect, Organisation};
use serde_json::Value;

use super::{Checker, Who};
use crate::change::{Change, administered, enabled_admins, key, metadata_key, removes_admin};
use crate::names::look;
use crate::operation::Operation;
use crate::request::{Act, ParsedRequest};
use retool_lifecycle::sync::{GuardLimits, Limit};

/// Whether a write to the group of administrators gives a user this value of `isAdmin`.
fn follows_from_group(act: Option<&Act>, user: &str, value: &Value) -> bool {
    match act {
        Some(Act::Join { group: ADMIN, users }) => {
            *value == true && users.iter().any(|id| id == user)
        }
        Some(Act::Leave { group: ADMIN, id }) => *value == false && id == user,
        Some(Act::DeleteGroup { id: ADMIN }) => *value == false,
        _ => false,
    }
}

/// Whether a PATCH replaces the metadata as a whole.
fn sends_whole_metadata(parsed: &ParsedRequest) -> bool {
    let operations = parsed.body["operations"].as_array();
    operations.into_iter().flatten().any(|operation| operation["path"] == "/metadata")
}

impl Checker {
    /// Checks each change that a request of the component made.
    pub(super) fn check_changes(
        &mut self,
        before: &Organisation,
        after: &Organisation,
        changes: &[Change],
        parsed: Option<&ParsedRequest>,
    ) {
        let operation = std::rc::Rc::clone(&self.operation);
        let line = parsed.map(ParsedRequest::line).unwrap_or_default();
        let act = parsed.and_then(|parsed| parsed.act.as_ref());
        // Whether the deletion is allowed was checked when it arrived.
        let is_deletion = matches!(act, Some(Act::Delete { .. }));
        for change in changes {
            self.check_absence(before, change, is_deletion);
            match change {
                Change::UserField { id, field, before, after, .. }
                    if self.dialect == Dialect::Scim
                        && field == "SCIM-only fields"
                        && self.is_renaming(id, before, after) => {}
                Change::UserField { id, field, after: value, .. } if field == "email" => {
                    let people = self.addresses_of(id);
                    let new = self.new_address_of(id);
                    let undoes = matches!(act, Some(Act::Update { whole: true, .. }))
                        && self.undoes_an_edit(id, field);
                    let is_asked = new.is_some_and(|new| *value == new);
                    if !is_asked && !undoes {
                        let what = format!("{people:?} is renamed to {value} ({line})");
                        self.violated("renames", what);
                    } else if !is_asked {
                        self.overwritten += 1;
                    }
                }
                Change::UserField { id, field, after: value, .. } => {
                    let people = self.addresses_of(id);
                    let is_asked = |person: &String, new: bool| {
                        operation.allowed_value(person, field, new).as_ref() == Some(value)
                    };
                    // The attributes of a new user are set after the creation.
                    let is_new =
                        |person: &String| metadata_key(field).is_some() && self.has_created(person);
                    let asked = people.iter().any(|person| {
                        is_asked(person, false) || is_new(person) && is_asked(person, true)
                    }) || is_deletion && field == "isDisabled" && *value == true
                        || field == "isAdmin" && follows_from_group(act, id, value);
                    // A PUT writes the whole record as it was read. An added member does not
                    // administer the group. No other write may touch a field that was not
                    // requested.
                    // Without a path, a PATCH over SCIM writes both names.
                    let is_name = self.dialect == Dialect::Scim
                        && matches!(field.as_str(), "firstName" | "lastName")
                        && matches!(act, Some(Act::Update { .. }));
                    // A server may let metadata be changed only as a whole.
                    let is_whole_metadata =
                        metadata_key(field).is_some() && parsed.is_some_and(sends_whole_metadata);
                    let may_undo = matches!(act, Some(Act::Update { whole: true, .. }))
                        || is_whole_metadata
                        || is_name
                        || administered(field).is_some() && matches!(act, Some(Act::Join { .. }));
                    let undoes = may_undo && self.undoes_an_edit(id, field);
                    if !asked && !undoes {
                        let what = format!("{field} of {people:?} became {value} ({line})");
                        self.violated("fields", what);
                    } else if !asked {
                        self.overwritten += 1;
                    }
                }
                Change::UserCreated { email, .. } => {
                    let person = key(email);
                    let is_them = |other: &str| key(other) == person;
                    // The other administrator may have created one since the look-up.
                    let made_meanwhile = self.concurrent_changes().any(|change| match change {
                        Change::UserCreated { email, .. } => is_them(email),
                        Change::UserField { field, after, .. } => {
                            field == "email" && after.as_str().is_some_and(is_them)
                        }
                        _ => false,
                    });
                    let twice = before.users.iter().any(|user| is_them(&user.email));
                    if twice && !made_meanwhile {
                        self.violated("one invitation", format!("{person} has two accounts"));
                    } else if twice {
                        *self.vacated.entry(person.clone()).or_default() += 1;
                    }
                    let invited_meanwhile = self.concurrent_changes().any(
                        |change| matches!(change, Change::Invited { email, .. } if is_them(email)),
                    );
                    if !invited_meanwhile && self.open_invitation(before, &person).is_some() {
                        let what = format!("{person} is invited and gets an account too");
                        self.violated("one invitation", what);
                    }
                }
                Change::Invited { email, .. } => {
                    let person = key(email);
                    let is_asked =
                        matches!(act, Some(Act::Invite { email, .. }) if key(email) == person);
                    if !is_asked {
                        self.violated("only the request", format!("{email} is invited ({line})"));
                    }
                    let is_them = |other: &str| key(other) == person;
                    let made_meanwhile = self.concurrent_changes().any(|change| match change {
                        Change::UserCreated { email, .. } | Change::Invited { email, .. } => {
                            is_them(email)
                        }
                        Change::UserField { field, after, .. } => {
                            field == "email" && after.as_str().is_some_and(is_them)
                        }
                        _ => false,
                    });
                    let has_account = before.users.iter().any(|user| is_them(&user.email));
                    let is_open = self.open_invitation(before, &person).is_some();
                    // Such a call can't know who had an account or an invitation when it began.
                    let was_there = self.start.users.iter().any(|user| is_them(&user.email))
                        || self.open_invitation(&self.start, &person).is_some();
                    let is_excused = operation.skips_the_lookup() && was_there;
                    if (has_account || is_open) && !made_meanwhile && !is_excused {
                        let what =
                            format!("{person} is invited beside an account or an invitation");
                        self.violated("one invitation", what);
                    }
                }
                Change::Joined { id, group, .. } => {
                    let asked = match act {
                        Some(Act::Join { group: joined, users }) => {
                            joined == group && users.contains(id)
                        }
                        _ => false,
                    };
                    if !asked {
                        let what = format!("{:?} joins {group} by {line}", self.addresses_of(id));
                        self.violated("only the request", what);
                    }
                }
                Change::Left { id, group, .. } => {
                    let asked = match act {
                        Some(Act::Leave { group: left, id: leaving }) => {
                            left == group && leaving == id
                        }
                        // The server resets what a PUT leaves out. The component must put it back.
                        Some(Act::Update { whole: true, .. } | Act::UpdateGroup { .. }) => {
                            self.deviations.put_resets_memberships
                        }
                        _ => false,
                    };
                    if !asked {
                        let what = format!("{:?} leaves {group} by {line}", self.addresses_of(id));
                        self.violated("only the request", what);
                    }
                }
                Change::TwoFactorReset { id, .. } => {
                    let people = self.addresses_of(id);
                    if !people.iter().any(|person| operation.may_reset_two_factor(person)) {
                        let what = format!("that of {people:?} is reset ({line})");
                        self.violated("two factors", what);
                    }
                }
                Change::GroupField { id, field, after: value, .. } if field == "name" => {
                    let look = look(value.as_str().unwrap_or_default());
                    let twin = |group: &mock_retool::Group| {
                        group.id != *id && self::look(&group.name) == look
                    };
                    let is_known = !self.is_disturbed();
                    if is_known && before.groups.iter().any(twin) {
                        self.violated("one group of a name", format!("{value} ({line})"));
                    }
                }
                Change::GroupCreated { name, .. } => {
                    let name = look(name);
                    // The other administrator may have created one since the look-up.
                    let made_meanwhile = self.concurrent_changes().any(|change| {
                        matches!(change, Change::GroupCreated { .. } | Change::GroupField { .. })
                    });
                    let twice = before.groups.iter().any(|group| look(&group.name) == name);
                    if twice && !made_meanwhile {
                        self.violated("one group of a name", format!("{name:?} ({line})"));
                    }
                }
                _ => {}
            }
        }
        // The component can't see that a user became an administrator after the read, unless the
        // write has a version.
        let has_version = parsed.is_some_and(|parsed| parsed.if_match.is_some());
        let is_seen = |change: &Change| match change {
            _ if has_version => true,
            Change::UserField { id, .. } | Change::UserDeleted { id, .. } => {
                self.visible.get(id).is_some_and(|record| {
                    let flag =
                        |name: &str| record.get(name) == Some(&serde_json::Value::Bool(true));
                    // A user counts as an administrator if the record does not say.
                    (flag("isAdmin") || !record.contains_key("isAdmin")) && !flag("isDisabled")
                })
            }
            _ => true,
        };
        let removes = changes.iter().any(|change| removes_admin(change, before) && is_seen(change));
        if let (true, Some(minimum)) = (removes, operation.minimum_admins()) {
            let left = enabled_admins(after);
            if left + self.admins_removed_concurrently() < minimum {
                let what =
                    format!("{left} administrators are left, required are {minimum} ({line})");
                self.violated("guards", what);
            }
        }
    }

    pub(super) fn concurrent_changes(&self) -> impl Iterator<Item = &Change> {
        let concurrent = self.events.iter().filter(|event| event.who == Who::ConcurrentEditor);
        concurrent.flat_map(|event| &event.changes)
    }

    /// Whether the other administrator changed a field of this user in this call.
    fn was_edited_concurrently(&self, user: &str) -> bool {
        self.concurrent_changes()
            .any(|change| matches!(change, Change::UserField { id, .. } if id == user))
    }

    /// Whether the other administrator changed this field in this call, so a PUT of an earlier read
    /// undoes the change.
    pub(super) fn undoes_an_edit(&self, user: &str, of: &str) -> bool {
        self.concurrent_changes().any(
            |change| matches!(change, Change::UserField { id, field, .. } if id == user && field == of),
        )
    }

    /// Whether a PUT of the component took a user out of a group in this call.
    pub(super) fn was_dropped(&self, user: &str, of: u32) -> bool {
        self.deviations.put_resets_memberships
            && self.component_changes().any(
                |change| matches!(change, Change::Left { id, group, .. } if id == user && *group == of),
            )
    }

    /// Whether the component added a user to a group in this call.
    fn was_put_back(&self, user: &str, to: u32) -> bool {
        self.component_changes().any(
            |change| matches!(change, Change::Joined { id, group, .. } if id == user && *group == to),
        )
    }

    /// Whether the other administrator added a user to a group in this call.
    pub(super) fn joined_concurrently(&self, user: &str, to: u32) -> bool {
        self.concurrent_changes().any(
            |change| matches!(change, Change::Joined { id, group, .. } if id == user && *group == to),
        )
    }

    /// Whether the other administrator removed a user from a group in this call.
    pub(super) fn was_removed_concurrently(&self, user: &str, of: u32) -> bool {
        self.concurrent_changes().any(|change| match change {
            Change::Left { id, group, .. } => id == user && *group == of,
            Change::UserDeleted { id, .. } => id == user,
            Change::UserField { id, field, after, .. } => {
                of == ADMIN && id == user && field == "isAdmin" && *after == false
            }
            _ => false,
        })
    }

    /// Checks a sync's limits on removals, relative to its own listing.
    pub(super) fn check_guards(&mut self) {
        let Operation::Sync(request) = &*self.operation else { return };
        let limits = &request.policy.guards;
        let mut removed = BTreeSet::new();
        let mut left: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        let mut before = &self.start;
        for event in &self.events {
            if event.who == Who::Component {
                for change in &event.changes {
                    match change {
                        // The component disabled the user, and the server shows no disabled users.
                        // So is a deletion over a dialect that only disables.
                        Change::UserDeleted { id, .. }
                            if self.disabled_users_vanish()
                                && (!self.can.deletes_people || !self.deletes(id)) =>
                        {
                            removed.insert(id.as_str());
                        }
                        Change::UserDeleted { id, .. } => {
                            removed.insert(id.as_str());
                            let user = before.user(id);
                            for group in user.iter().flat_map(|user| before.groups_of(user)) {
                                left.entry(group.id).or_default().insert(id);
                            }
                        }
                        Change::UserField { id, field, after, .. }
                            if field == "isDisabled" && *after == true =>
                        {
                            removed.insert(id);
                        }
                        // One beside an account is not a person of its own, and one that has
                        // expired is replaced.
                        Change::Uninvited { id, email }
                            if self.has_expired(before, id)
                                || before.users.iter().any(|one| key(&one.email) == key(email)) => {
                        }
                        Change::Uninvited { id, .. } => {
                            removed.insert(id);
                            let number = id.strip_prefix("invite-").and_then(|id| id.parse().ok());
                            let invite = number.and_then(|number| before.invited(number));
                            for group in invite.iter().flat_map(|invite| &invite.groups) {
                                left.entry(*group).or_default().insert(id);
                            }
                        }
                        // A server that resets what a PUT leaves out; the membership is put back.
                        Change::Left { id, email, group }
                            if self.was_dropped(id, *group)
                                && (!self.may_leave(&key(email), *group)
                                    || self.was_put_back(id, *group)) => {}
                        Change::Left { id, group, .. } => {
                            left.entry(*group).or_default().insert(id);
                        }
                        _ => {}
                    }
                }
            }
            before = &event.after;
        }
        let allowed = |base: usize, limit: Limit| limit.of(base) as usize;
        let enabled = self.user_listings.iter().map(|listing| listing.enabled).max().unwrap_or(0);
        let limit = allowed(enabled, limits.user_removals);
        let mut found = Vec::new();
        if removed.len() > limit {
            found.push(format!("{} users are removed; the limit is {limit}", removed.len()));
        }
        for (group, gone) in &left {
            let members =
                self.user_listings.iter().filter_map(|listing| listing.members.get(group));
            // Another administrator may add a user to the group after the plan decided to delete them.
            let joined = self.concurrent_changes().filter(|change| match change {
                Change::Joined { group: joined, .. } => joined == group,
                // The members of this group follow from the flag.
                Change::UserField { field, after, .. } => {
                    *group == ADMIN && field == "isAdmin" && *after == true
                }
                _ => false,
            });
            let limit = allowed(members.copied().max().unwrap_or(0), limits.member_removals)
                + joined.count();
            if gone.len() > limit {
                found.push(format!("group {group} loses {}; the limit is {limit}", gone.len()));
            }
        }
        found.extend(self.growth_over(&request.policy.guards));
        for what in found {
            self.violated("guards", what);
        }
    }

    /// Whether an account exists that the plan meant to create: the listing lacked it, or another
    /// administrator created it meanwhile.
    fn was_overlooked(&self, id: &str) -> bool {
        let user = self.start.user(id);
        user.is_some_and(|user| self.overlooked.contains(&key(&user.email)))
            || self.concurrent_changes().any(
                |change| matches!(change, Change::UserCreated { id: created, .. } if created == id),
            )
    }

    /// Returns the limits on additions and changes that the writes of this call exceed.
    fn growth_over(&self, limits: &GuardLimits) -> Vec<String> {
        let mut created = BTreeSet::new();
        let mut enabled = BTreeSet::new();
        let mut promoted = BTreeSet::new();
        let mut updated = BTreeSet::new();
        let mut added: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.who == Who::Component) {
            for change in &event.changes {
                match change {
                    Change::UserCreated { id, .. } | Change::Invited { id, .. } => {
                        created.insert(id.as_str());
                    }
                    Change::UserField { id, field, after, .. } => match field.as_str() {
                        "isDisabled" if *after == false => {
                            enabled.insert(id.as_str());
                        }
                        "isAdmin" if *after == true => {
                            promoted.insert(id.as_str());
                        }
                        "email" | "firstName" | "lastName" | "userType" | "profilePhotoUrl" => {
                            updated.insert(id.as_str());
                        }
                        _ => {}
                    },
                    Change::Joined { id, group, .. } => {
                        added.entry(*group).or_default().insert(id);
                    }
                    _ => {}
                }
            }
        }
        updated.retain(|id| !created.contains(id));
        // The limit on creations counted the people that the listing lacked.
        for changed in [&mut enabled, &mut promoted, &mut updated] {
            changed.retain(|id| !self.was_overlooked(id));
        }
        // A PUT that undoes an edit of another administrator changes what nobody asked to change.
        for changed in [&mut enabled, &mut promoted, &mut updated] {
            changed.retain(|id| !self.was_edited_concurrently(id));
        }
        let listings = || self.user_listings.iter();
        let users = listings().map(|listing| listing.enabled).max().unwrap_or(0);
        let admins = listings().map(|listing| listing.admins).max().unwrap_or(0) as usize;
        let mut found = Vec::new();
        let mut check = |what: &str, number: usize, limit: u32| {
            if number > limit as usize {
                found.push(format!("{number} {what}; the limit is {limit}"));
            }
        };
        check("users are created", created.len(), limits.creations.of(users));
        check("users are enabled", enabled.len(), limits.re_enablements.of(users));
        check("users become administrators", promoted.len(), limits.promotions.of(admins));
        check("users are updated", updated.len(), limits.updates.of(users));
        for (group, mut added) in added {
            // The limit on creations counts the people who are created.
            added.retain(|id| !created.contains(id) && !self.was_overlooked(id));
            // A membership that a PUT took is put back.
            let was_member =
                |id: &str| self.start.members(group).any(|member| member.user.id == id);
            added.retain(|id| !was_member(id));
            // A group that did not exist has no rights that could be given by mistake.
            if self.start.group(group).is_none() {
                continue;
            }
            let members = listings().filter_map(|listing| listing.members.get(&group)).max();
            let limit = limits.member_additions.of(members.copied().unwrap_or(0));
            check(&format!("users join {group}"), added.len(), limit);
        }
        found
    }
}
