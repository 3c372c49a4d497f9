//! Guards that count users.

use alloc::collections::BTreeSet;
use alloc::format;

use super::most;
use crate::sync::absence::Absence;
use crate::sync::model::Model;
use crate::sync::{AbsentPolicy, Guard, GuardReport, Limit, SyncRequest};

/// How many users a plan changes, and of how many.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Enabled users in the span.
    enabled: usize,
    /// Enabled users whose absence counts. If absent users are kept, those in the span.
    in_scope: usize,
    /// Enabled administrators.
    admins: usize,
    /// Enabled users who can't log in afterwards.
    removed: usize,
    /// People who were disabled before and are deleted, or who lose an open invitation. Each counts
    /// once, and not if they count as removed.
    others_removed: usize,
    created: usize,
    promoted: usize,
    re_enabled: usize,
    updated: usize,
}

impl Counts {
    /// Counts the users of a model.
    pub fn of(model: &Model<'_>, request: &SyncRequest, absence: &Absence<'_>) -> Self {
        let mut counts = Counts { enabled: model.snapshot.others.enabled, ..Counts::default() };
        let mut removed = BTreeSet::new();
        for user in &model.snapshot.users {
            let (before, after) = (model.before(user), model.after(user));
            counts.enabled += usize::from(before.enabled && request.covers(user.email.key()));
            counts.in_scope += usize::from(before.enabled && absence.covers(user));
            counts.admins += usize::from(before.is_enabled_admin());
            let is_removed = before.enabled && !after.enabled;
            counts.removed += usize::from(is_removed);
            let is_gone = !after.exists && !model.may_be_kept(user);
            let is_other = !before.enabled && is_gone;
            counts.others_removed += usize::from(is_other);
            if is_removed || is_other {
                removed.insert(&user.email);
            }
            counts.re_enabled += usize::from(!before.enabled && after.enabled);
            let is_promoted = match user.is_invitation() {
                // The person is an administrator as soon as the invitation is accepted.
                true => !before.admin && after.admin,
                false => !before.is_enabled_admin() && after.is_enabled_admin(),
            };
            counts.promoted += usize::from(is_promoted);
            counts.updated += usize::from(model.change(user).is_some_and(|change| change.updated));
        }
        let withdrawn = model.snapshot.invitations.iter().filter(|one| !model.after(one).exists);
        counts.others_removed += withdrawn.filter(|one| removed.insert(&one.email)).count();
        if request.policy.absent == AbsentPolicy::Keep {
            counts.in_scope = counts.enabled;
        }
        for (_, _, after) in model.created() {
            counts.created += 1;
            counts.promoted += usize::from(after.admin);
        }
        counts
    }

    /// Compares the users that are disabled or deleted with the enabled users in the scope. The
    /// deletion of a disabled user counts too, because it can't be undone. So does the withdrawal
    /// of an invitation.
    pub fn removals(&self, limit: Limit) -> GuardReport {
        let Counts { in_scope: enabled, removed, others_removed, .. } = self;
        let actual = removed + others_removed;
        let what = match others_removed {
            0 => format!("{removed} of {enabled} enabled people would be disabled or deleted"),
            _ => format!(
                "{actual} people would be disabled or deleted: {removed} of {enabled} enabled \
                 people, and {others_removed} who are disabled or only invited"
            ),
        };
        most(Guard::UserRemovals, None, limit.of(*enabled), actual, &what)
    }

    /// Compares the users that are created or invited with the enabled users in the span.
    pub fn creations(&self, limit: Limit) -> GuardReport {
        let Counts { enabled, created, .. } = self;
        let what = format!("{created} people would be created; {enabled} are enabled");
        most(Guard::Creations, None, limit.of(*enabled), *created, &what)
    }

    /// Compares the users who become administrators with the enabled administrators of the whole
    /// organisation.
    pub fn promotions(&self, limit: Limit) -> GuardReport {
        let Counts { admins, promoted, .. } = self;
        let what = format!("{promoted} people would become administrators; {admins} are");
        most(Guard::Promotions, None, limit.of(*admins), *promoted, &what)
    }

    /// Compares the disabled users who are enabled with the enabled users in the span.
    pub fn re_enablements(&self, limit: Limit) -> GuardReport {
        let Counts { enabled, re_enabled, .. } = self;
        let what = format!("{re_enabled} disabled people would be enabled; {enabled} are");
        most(Guard::ReEnablements, None, limit.of(*enabled), *re_enabled, &what)
    }

    /// Compares the users whose fields change with the enabled users in the span.
    pub fn updates(&self, limit: Limit) -> GuardReport {
        let Counts { enabled, updated, .. } = self;
        let what = format!("The fields of {updated} people would change; {enabled} are enabled");
        most(Guard::Updates, None, limit.of(*enabled), *updated, &what)
    }
}
