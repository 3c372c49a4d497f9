//! Guards that count users.

use alloc::format;

use super::most;
use crate::sync::model::Model;
use crate::sync::{Guard, GuardReport, Limit, SyncRequest};

/// How many users a plan changes, and of how many.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Enabled users in the span.
    enabled: usize,
    /// Enabled administrators.
    admins: usize,
    /// Enabled users who can't log in afterwards.
    removed: usize,
    /// Accounts that were disabled before and are deleted, and invitations that are withdrawn.
    others_removed: usize,
    created: usize,
    promoted: usize,
    re_enabled: usize,
    updated: usize,
}

impl Counts {
    /// Counts the users of a model.
    pub fn of(model: &Model<'_>, request: &SyncRequest) -> Self {
        let mut counts = Counts { enabled: model.snapshot.others.enabled, ..Counts::default() };
        for user in &model.snapshot.users {
            let (before, after) = (model.before(user), model.after(user));
            counts.enabled += usize::from(before.enabled && request.covers(user.email.key()));
            counts.admins += usize::from(before.is_enabled_admin());
            counts.removed += usize::from(before.enabled && !after.enabled);
            let is_gone = !after.exists && !model.may_be_kept(user);
            counts.others_removed += usize::from(!before.enabled && is_gone);
            counts.re_enabled += usize::from(!before.enabled && after.enabled);
            counts.promoted += usize::from(!before.is_enabled_admin() && after.is_enabled_admin());
            counts.updated += usize::from(model.change(user).is_some_and(|change| change.updated));
        }
        for (_, _, after) in model.created() {
            counts.created += 1;
            counts.promoted += usize::from(after.admin);
        }
        counts
    }

    /// Compares the users that are disabled or deleted with the enabled users in the span. The
    /// deletion of a disabled user counts too, because it can't be undone. So does the withdrawal
    /// of an invitation.
    pub fn removals(&self, limit: Limit) -> GuardReport {
        let Counts { enabled, removed, others_removed, .. } = self;
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
