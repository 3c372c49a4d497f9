//! Groups of steps that don't depend on each other.

use crate::sync::{Step, StepKind};

/// What a step is about. Plans have all groups first, then all people, and so on: every step
/// depends only on steps of earlier groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Groups,
    People,
    Attributes,
    Additions,
    Administration,
    Removals,
    Disabling,
    Deletions,
    Withdrawals,
}

impl Class {
    fn of(step: &Step) -> Self {
        match step.kind {
            StepKind::CreateGroup => Class::Groups,
            StepKind::CreateUser
            | StepKind::InviteUser
            | StepKind::RenameUser
            | StepKind::EnableUser
            | StepKind::UpdateUser => Class::People,
            StepKind::ChangeAttributes => Class::Attributes,
            StepKind::AddMember => Class::Additions,
            StepKind::ChangeMember => Class::Administration,
            StepKind::RemoveMember => Class::Removals,
            StepKind::DisableUser => Class::Disabling,
            StepKind::DeleteUser => Class::Deletions,
            StepKind::CancelInvitation => Class::Withdrawals,
        }
    }
}

/// Splits the steps of a plan, in order, into groups. The steps of one group don't depend on each
/// other, except that memberships of one person or in one group are written in their order.
pub(super) fn independent<'a, 's>(
    steps: &'a [&'s Step],
) -> impl Iterator<Item = &'a [&'s Step]> + use<'a, 's> {
    steps.chunk_by(|one, next| Class::of(one) == Class::of(next))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::testing::plan::{desired, fulfilled, model, plan, user};

    #[test]
    fn steps_of_one_class_are_one_group() {
        let mut request = model();
        let mut actual = fulfilled(&request);
        request.roster.push(desired("new@example.com", &["Engineering", "Legal"]));
        request.roster[2].fields.last_name = Some("New".into());
        request.roster[1].groups.clear();
        actual.users.push(user("old@example.com"));
        let plan = plan(&request, &actual);
        let steps: Vec<&Step> = plan.steps.iter().collect();
        let groups: Vec<Vec<&str>> = independent(&steps)
            .map(|group| group.iter().map(|step| step.kind.as_str()).collect())
            .collect();
        assert_eq!(
            groups,
            [
                vec!["create-group"],
                vec!["create-user", "update-user"],
                vec!["add-member", "add-member"],
                vec!["remove-member"],
                vec!["delete-user"],
            ]
        );
        assert_eq!(independent(&[]).count(), 0);
    }
}
