//! Finds the groups that a request names.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::borrow::Borrow;

use crate::domain::{GroupId, GroupRef, User};
use crate::error::{Code, Error, Result};
use crate::group_index::{GroupIndex, check_new_names, groups_missing};
use crate::sort;
use crate::sync::{MembershipPolicy, Snapshot, Step, StepKind, SyncRequest, digest};

/// A group that the request names. Ordered by name, then by id.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NamedGroup {
    /// Its name.
    pub name: String,
    /// Its id; `None` if the plan creates it.
    pub id: Option<GroupId>,
}

impl NamedGroup {
    /// Returns whether a user administers it, as far as the listing says.
    pub fn is_administered_by(&self, user: &User) -> bool {
        let mut links = user.groups.iter().flatten();
        links.any(|link| Some(&link.id) == self.id.as_ref() && link.group_admin == Some(true))
    }

    /// Returns the step that creates it.
    pub fn creation(&self) -> Step {
        Step {
            kind: StepKind::CreateGroup,
            email: None,
            user: None,
            group_name: Some(self.name.clone()),
            group: None,
            group_admin: None,
            changes: Vec::new(),
            precondition: digest::group_absent(&self.name),
        }
    }
}

/// The groups that a request names. Each has a rank: its position by name and id.
#[derive(Default)]
pub(super) struct Groups<'a> {
    named: Vec<NamedGroup>,
    by_ref: BTreeMap<&'a GroupRef, usize>,
    by_id: BTreeMap<GroupId, usize>,
}

impl<'a> Groups<'a> {
    /// Finds the groups of the roster and the managed groups. Returns none if memberships are left
    /// alone: then groups are not used.
    pub fn resolve(request: &'a SyncRequest, snapshot: &Snapshot) -> Result<Self> {
        let policy = &request.policy;
        if policy.memberships == MembershipPolicy::Leave {
            return Ok(Groups::default());
        }
        // Sorted by reference, so that the first error does not depend on the order of the roster.
        let on_roster = request.roster.iter().flat_map(|desired| &desired.groups);
        let refs = sort::set(on_roster.map(|group| &**group).chain(&policy.managed_groups));
        let existing = GroupIndex::new(&snapshot.groups);
        let mut found: Vec<(&GroupRef, NamedGroup)> = Vec::new();
        let mut missing: Vec<&str> = Vec::new();
        for group in refs {
            let named = match (existing.find(group)?, group) {
                (Some(group), _) => {
                    NamedGroup { name: group.name.clone(), id: Some(group.id.clone()) }
                }
                (None, GroupRef::Name(name)) => {
                    missing.push(name.trim());
                    NamedGroup { name: name.trim().to_string(), id: None }
                }
                // The index fails for an unknown id.
                (None, GroupRef::Id(_)) => continue,
            };
            found.push((group, named));
        }
        if let [first, others @ ..] = missing.as_slice()
            && !policy.create_missing_groups
        {
            return Err(groups_missing(first, others.len()));
        }
        check_new_names(missing.iter().copied())?;
        let groups = Groups::index(found);
        groups.ranks(&policy.managed_groups, || String::from("request.policy.managed-groups"))?;
        Ok(groups)
    }

    fn index(found: Vec<(&'a GroupRef, NamedGroup)>) -> Self {
        let (refs, mut named): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let mut by_place: Vec<usize> = (0..named.len()).collect();
        sort::sort_by(&mut by_place, |&a, &b| named[a].cmp(&named[b]));
        let mut by_ref = BTreeMap::new();
        let mut rank = 0;
        for (position, &place) in by_place.iter().enumerate() {
            if position > 0 && named[place] != named[by_place[position - 1]] {
                rank += 1;
            }
            by_ref.insert(refs[place], rank);
        }
        sort::sort(&mut named);
        named.dedup();
        let mut by_id = BTreeMap::new();
        for (rank, group) in named.iter().enumerate() {
            if let Some(id) = &group.id {
                by_id.insert(id.clone(), rank);
            }
        }
        Groups { named, by_ref, by_id }
    }

    /// Returns every group, by rank.
    pub fn all(&self) -> &[NamedGroup] {
        &self.named
    }

    /// Returns the ranks of the groups in one list of the request, sorted. Fails if two references
    /// of the list mean the same group.
    pub fn ranks(
        &self,
        refs: &[impl Borrow<GroupRef>],
        field: impl FnOnce() -> String,
    ) -> Result<Vec<usize>> {
        let mut ranks: Vec<usize> =
            refs.iter().filter_map(|group| self.by_ref.get(group.borrow()).copied()).collect();
        sort::sort(&mut ranks);
        if let Some(pair) = ranks.windows(2).find(|pair| pair[0] == pair[1]) {
            let name = &self.named[pair[0]].name;
            let message =
                format!("The group \"{name}\" is named twice in one list. Name every group once.");
            return Err(Error::new(Code::DuplicateGroup, message).about(name).in_field(field()));
        }
        Ok(ranks)
    }

    /// Returns whether a person should administer the groups of a roster's entry that say so, by
    /// rank.
    pub fn admins(&self, wanted: &BTreeMap<GroupRef, bool>) -> BTreeMap<usize, bool> {
        let mut ranks = BTreeMap::new();
        for (group, administers) in wanted {
            if let Some(rank) = self.by_ref.get(group) {
                ranks.insert(*rank, *administers);
            }
        }
        ranks
    }

    /// Returns the ranks of the named groups that a user is in, sorted, each once.
    pub fn memberships_of(&self, user: &User) -> Vec<usize> {
        if self.by_id.is_empty() {
            return Vec::new();
        }
        let mut ranks: Vec<usize> = user
            .groups
            .iter()
            .flatten()
            .filter_map(|link| self.by_id.get(&link.id).copied())
            .collect();
        sort::sort(&mut ranks);
        ranks.dedup();
        ranks
    }
}
