//! Plans changes of memberships.

use alloc::vec::Vec;

use super::groups::NamedGroup;
use crate::domain::{Email, UserId};
use crate::sync::{MembershipPolicy, Step, StepKind, digest};

/// The groups, by rank, that a user joins and leaves.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Changes {
    /// Groups to be added to.
    pub joins: Vec<usize>,
    /// Groups to be removed from.
    pub leaves: Vec<usize>,
}

/// Returns the changes from `current` to `wanted`. Both are ranks of named groups, sorted.
pub(super) fn changes(policy: MembershipPolicy, current: &[usize], wanted: &[usize]) -> Changes {
    Changes {
        joins: match policy {
            MembershipPolicy::Leave => Vec::new(),
            MembershipPolicy::Add | MembershipPolicy::Exact => without(wanted, current),
        },
        leaves: match policy {
            MembershipPolicy::Leave | MembershipPolicy::Add => Vec::new(),
            MembershipPolicy::Exact => without(current, wanted),
        },
    }
}

fn without(these: &[usize], those: &[usize]) -> Vec<usize> {
    these.iter().copied().filter(|rank| those.binary_search(rank).is_err()).collect()
}

/// Returns the step that adds a user to a group, removes them from it, or sets whether they
/// administer it. `user` is `None` for a user that the plan creates.
pub(super) fn step(
    kind: StepKind,
    email: &Email,
    user: Option<&UserId>,
    group: &NamedGroup,
    group_admin: Option<bool>,
) -> Step {
    let precondition = match (kind, group_admin) {
        (StepKind::ChangeMember, Some(administers)) => {
            digest::administration(group.id.as_ref(), user, !administers)
        }
        _ => digest::membership(group.id.as_ref(), user, kind == StepKind::RemoveMember),
    };
    Step {
        kind,
        email: Some(email.clone()),
        user: user.cloned(),
        group_name: Some(group.name.clone()),
        group: group.id.clone(),
        group_admin,
        changes: Vec::new(),
        precondition,
    }
}
