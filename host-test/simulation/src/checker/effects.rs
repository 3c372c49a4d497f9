//! What writes did to the organisation, and whether the guards held.

use std::collections::{BTreeMap, BTreeSet};

use mock_retool::Organisation;

use super::{Watch, Who};
use crate::change::{Change, administered, enabled_admins, key, takes_admin};
use crate::operation::Operation;
use crate::wire::{Act, Wire};

impl Watch {
    /// What the component just changed, one by one.
    pub(super) fn judge_changes(
        &mut self,
        before: &Organisation,
        after: &Organisation,
        changes: &[Change],
        wire: Option<&Wire>,
    ) {
        let operation = std::rc::Rc::clone(&self.operation);
        let line = wire.map(Wire::line).unwrap_or_default();
        let act = wire.and_then(|wire| wire.act.as_ref());
        // Whether a deletion may be one was judged when it arrived.
        let is_deletion = matches!(act, Some(Act::Delete { .. }));
        for change in changes {
            match change {
                Change::UserField { id, field, after: value, .. } => {
                    let people = self.addresses_of(id);
                    let asked = people.iter().any(|person| {
                        operation.asked(person, field, false).as_ref() == Some(value)
                    }) || is_deletion && field == "isDisabled" && *value == true;
                    // A whole record goes back as it was read, and who joins a group does not
                    // administer it. Nothing else has a reason to touch what was not asked for.
                    let may_undo = matches!(act, Some(Act::Update { whole: true, .. }))
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
                    // The other administrator may have made one since the look.
                    let made_meanwhile = self.by_rival().any(|change| match change {
                        Change::UserCreated { email, .. } => is_them(email),
                        Change::UserField { field, after, .. } => {
                            field == "email" && after.as_str().is_some_and(is_them)
                        }
                        _ => false,
                    });
                    let twice = before.users.iter().any(|user| is_them(&user.email));
                    if twice && !made_meanwhile {
                        self.violated("one invitation", format!("{person} is there twice"));
                    } else if twice {
                        *self.vacated.entry(person.clone()).or_default() += 1;
                    }
                    let invited_meanwhile = self.by_rival().any(
                        |change| matches!(change, Change::Invited { email, .. } if is_them(email)),
                    );
                    if !invited_meanwhile && self.invited(before, &person).is_some() {
                        let what = format!("{person} is invited, and gets an account too");
                        self.violated("one invitation", what);
                    }
                }
                Change::Invited { email, .. } => {
                    self.violated("one invitation", format!("{email} is invited ({line})"));
                }
                Change::Joined { id, group, .. } => {
                    let asked = match act {
                        Some(Act::Join { group: joined, people }) => {
                            joined == group && people.contains(id)
                        }
                        _ => false,
                    };
                    if !asked {
                        let what = format!("{:?} joins {group} by {line}", self.addresses_of(id));
                        self.violated("only the request", what);
                    }
                }
                Change::Left { id, group, .. } => {
                    let asked = Some(&Act::Leave { group: *group, id: id.clone() });
                    if act != asked {
                        let what = format!("{:?} leaves {group} by {line}", self.addresses_of(id));
                        self.violated("only the request", what);
                    }
                }
                Change::GroupCreated { name, .. } => {
                    let name = name.trim();
                    // The other administrator may have made one since the look.
                    let made_meanwhile = self.by_rival().any(|change| {
                        matches!(change, Change::GroupCreated { .. } | Change::GroupField { .. })
                    });
                    let twice = before.groups.iter().any(|group| group.name.trim() == name);
                    if twice && !made_meanwhile {
                        self.violated("one group of a name", format!("{name:?} ({line})"));
                    }
                }
                _ => {}
            }
        }
        // Who was made an administrator since the record was read is not seen, unless the write
        // is of a version.
        let has_version = wire.is_some_and(|wire| wire.if_match.is_some());
        let is_seen = |change: &Change| match change {
            _ if has_version => true,
            Change::UserField { id, .. } | Change::UserDeleted { id, .. } => {
                self.shown.get(id).is_some_and(|record| {
                    let flag =
                        |name: &str| record.get(name) == Some(&serde_json::Value::Bool(true));
                    // Who can't be told from an administrator counts as one.
                    (flag("isAdmin") || !record.contains_key("isAdmin")) && !flag("isDisabled")
                })
            }
            _ => true,
        };
        let takes = changes.iter().any(|change| takes_admin(change, before) && is_seen(change));
        if let (true, Some(minimum)) = (takes, operation.minimum_admins()) {
            let left = enabled_admins(after);
            if left + self.admins_taken_by_rival() < minimum {
                let what = format!("{left} administrators are left of {minimum} ({line})");
                self.violated("guards", what);
            }
        }
    }

    fn by_rival(&self) -> impl Iterator<Item = &Change> {
        let theirs = self.moments.iter().filter(|moment| moment.who == Who::Rival);
        theirs.flat_map(|moment| &moment.changes)
    }

    /// Whether the other administrator changed this field in this call, so that a PUT of what
    /// was read before undoes it.
    pub(super) fn undoes_an_edit(&self, user: &str, of: &str) -> bool {
        self.by_rival().any(
            |change| matches!(change, Change::UserField { id, field, .. } if id == user && field == of),
        )
    }

    /// Whether the other administrator took somebody out of a group in this call.
    pub(super) fn was_taken_out(&self, user: &str, of: u32) -> bool {
        self.by_rival().any(|change| match change {
            Change::Left { id, group, .. } => id == user && *group == of,
            Change::UserDeleted { id, .. } => id == user,
            _ => false,
        })
    }

    /// The limits on removals of a sync, by its own listing.
    pub(super) fn judge_guards(&mut self) {
        let Operation::Sync(request) = &*self.operation else { return };
        let limits = &request.policy.guards;
        let mut removed = BTreeSet::new();
        let mut left: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        let mut before = &self.start;
        for moment in &self.moments {
            if moment.who == Who::Component {
                for change in &moment.changes {
                    match change {
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
                        Change::Uninvited { id, .. } => {
                            removed.insert(id);
                            let number = id.strip_prefix("invite-").and_then(|id| id.parse().ok());
                            let invite = number.and_then(|number| before.invited(number));
                            for group in invite.iter().flat_map(|invite| &invite.groups) {
                                left.entry(*group).or_default().insert(id);
                            }
                        }
                        Change::Left { id, group, .. } => {
                            left.entry(*group).or_default().insert(id);
                        }
                        _ => {}
                    }
                }
            }
            before = &moment.after;
        }
        let allowed = |base: usize, percent: u32, floor: u32| {
            (base * percent as usize / 100).max(floor as usize)
        };
        let enabled = self.readings.iter().map(|reading| reading.enabled).max().unwrap_or(0);
        let limit =
            allowed(enabled, limits.max_user_removal_percent, limits.max_user_removal_floor);
        let mut found = Vec::new();
        if removed.len() > limit {
            found.push(format!("{} people are removed; the limit is {limit}", removed.len()));
        }
        for (group, gone) in &left {
            let members = self.readings.iter().filter_map(|reading| reading.members.get(group));
            // Another administrator may add somebody to the group whom the plan deletes.
            let joined = self.by_rival().filter(
                |change| matches!(change, Change::Joined { group: joined, .. } if joined == group),
            );
            let limit = allowed(
                members.copied().max().unwrap_or(0),
                limits.max_member_removal_percent,
                limits.max_member_removal_floor,
            ) + joined.count();
            if gone.len() > limit {
                found.push(format!("{} leave group {group}; the limit is {limit}", gone.len()));
            }
        }
        for what in found {
            self.violated("guards", what);
        }
    }
}
