//! Guards that count memberships.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::most;
use crate::domain::{GroupId, User};
use crate::sort;
use crate::sync::model::Model;
use crate::sync::{Guard, GuardReport, Limit, Snapshot};

/// How many members one group gains and loses.
#[derive(Clone, Copy, Debug, Default)]
struct Delta {
    added: usize,
    removed: usize,
    /// Those removed members whose account stays.
    removed_alone: usize,
    /// Members whose disabled account is deleted, where the server may keep it.
    may_be_kept: usize,
}

/// How many memberships a plan changes.
pub(super) struct Counts<'a> {
    snapshot: &'a Snapshot,
    groups: BTreeMap<&'a GroupId, Delta>,
}

impl<'a> Counts<'a> {
    /// Counts the memberships that differ after the plan. Memberships that are lost with a deleted
    /// account count too, even in groups that the request does not name. Memberships of users that
    /// the plan creates don't count: the limit on creations counts these users. Memberships of
    /// accounts that the server may keep are counted when the plan is applied.
    pub fn of(model: &Model<'a>) -> Self {
        let snapshot = model.snapshot;
        let mut groups: BTreeMap<&GroupId, Delta> = BTreeMap::new();
        for user in &snapshot.users {
            let Some(change) = model.change(user) else { continue };
            if model.may_be_kept(user) {
                for group in group_ids(user) {
                    groups.entry(group).or_default().may_be_kept += 1;
                }
                continue;
            }
            if !model.after(user).exists {
                for group in group_ids(user) {
                    groups.entry(group).or_default().removed += 1;
                }
                continue;
            }
            for group in &change.left {
                let delta = groups.entry(group).or_default();
                delta.removed += 1;
                delta.removed_alone += 1;
            }
            for group in &change.joined {
                groups.entry(group).or_default().added += 1;
            }
        }
        Counts { snapshot, groups }
    }

    /// Compares the removed members of each group with its members. Reports on each group that
    /// loses some, or may lose some.
    pub fn removals(&self, limit: Limit) -> Vec<GuardReport> {
        self.reports(
            |delta| delta.removed > 0 || delta.may_be_kept > 0,
            |delta| delta.removed,
            |name, removed, members| {
                let what = format!(
                    "{removed} of {members} members of the group \"{name}\" would be removed"
                );
                most(Guard::MemberRemovals, Some(name.into()), limit.of(members), removed, &what)
            },
        )
    }

    /// Compares the added members of each group with its members. Reports on each group that gains
    /// some. A group that the plan creates has no rights that could be given by mistake.
    pub fn additions(&self, limit: Limit) -> Vec<GuardReport> {
        self.reports(|delta| delta.added > 0, |delta| delta.added, |name, added, members| {
            let what = format!(
                "{added} people would be added to the group \"{name}\", which has {members} members"
            );
            most(Guard::MemberAdditions, Some(name.into()), limit.of(members), added, &what)
        })
    }

    /// Compares the memberships removed over all groups with those in the named groups. Those lost
    /// with a deleted account don't count: the limit on users counts the account.
    pub fn removals_over_all(&self, named: &[&GroupId], limit: Limit) -> GuardReport {
        let removed = self.groups.values().map(|delta| delta.removed_alone).sum();
        let members: usize = match removed {
            0 => 0,
            _ => self.members(|group| named.binary_search(&group).is_ok()).values().sum(),
        };
        let what = format!("{removed} of {members} memberships would be removed over all groups");
        most(Guard::MembershipRemovals, None, limit.of(members), removed, &what)
    }

    fn reports(
        &self,
        is_concerned: impl Fn(&Delta) -> bool,
        count: impl Fn(&Delta) -> usize,
        report: impl Fn(&str, usize, usize) -> GuardReport,
    ) -> Vec<GuardReport> {
        let changed: BTreeMap<&GroupId, usize> = {
            let mut changed = BTreeMap::new();
            for (group, delta) in self.groups.iter().filter(|(_, delta)| is_concerned(delta)) {
                changed.insert(*group, count(delta));
            }
            changed
        };
        if changed.is_empty() {
            return Vec::new();
        }
        let members = self.members(|group| changed.contains_key(group));
        let names = self.names(&changed);
        let mut groups: Vec<(String, &GroupId)> = Vec::new();
        for group in changed.keys() {
            let name = names.get(group).copied().unwrap_or(&group.value);
            groups.push((String::from(name), group));
        }
        sort::sort(&mut groups);
        let of = |(name, group): (String, &GroupId)| {
            report(&name, changed[group], members.get(group).copied().unwrap_or(0))
        };
        groups.into_iter().map(of).collect()
    }

    /// Counts the members of these groups before the plan.
    fn members(&self, wanted: impl Fn(&GroupId) -> bool) -> BTreeMap<&'a GroupId, usize> {
        let mut members: BTreeMap<&GroupId, usize> = BTreeMap::new();
        for group in self.snapshot.users.iter().flat_map(group_ids) {
            if wanted(group) {
                *members.entry(group).or_default() += 1;
            }
        }
        let listed = self.snapshot.groups.iter().map(|group| &group.id);
        for group in listed.chain(self.groups.keys().copied()) {
            let others = self.snapshot.others.members(group);
            if others > 0 && wanted(group) {
                members.entry(group).or_default();
            }
        }
        for (group, count) in &mut members {
            *count += self.snapshot.others.members(group);
        }
        members
    }

    /// Returns the names of groups. A snapshot without groups has their names only in users'
    /// memberships, if at all.
    fn names(&self, wanted: &BTreeMap<&GroupId, usize>) -> BTreeMap<&'a GroupId, &'a str> {
        let mut names = BTreeMap::new();
        for group in &self.snapshot.groups {
            names.insert(&group.id, group.name.as_str());
        }
        if wanted.keys().any(|group| !names.contains_key(group)) {
            let links = self.snapshot.users.iter().flat_map(|user| &user.groups).flatten();
            for link in links.filter(|link| wanted.contains_key(&link.id)) {
                if let Some(name) = &link.name {
                    names.entry(&link.id).or_insert(name);
                }
            }
        }
        names
    }
}

/// Returns the groups of a user, each once.
fn group_ids(user: &User) -> Vec<&GroupId> {
    let mut ids: Vec<&GroupId> = user.groups.iter().flatten().map(|link| &link.id).collect();
    sort::sort(&mut ids);
    ids.dedup();
    ids
}
