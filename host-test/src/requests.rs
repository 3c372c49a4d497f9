//! Base requests: they ask for nothing beyond the arguments, and grant no permission. Set more
//! fields with `..`:
//!
//! ```
//! use host_test::requests;
//! use host_test::retool::lifecycle::ProvisionRequest;
//!
//! let request = ProvisionRequest {
//!     first_name: Some("Ada".to_owned()),
//!     create_missing: true,
//!     ..requests::provision("ada@example.com")
//! };
//! ```

use crate::retool::lifecycle::{
    DeprovisionMode, DeprovisionRequest, ProvisionRequest, RestoreRequest,
};
use crate::retool::synchronization::{
    AbsentPolicy, ApplyPlanRequest, GuardLimit, Guards, MembershipPolicy, Plan, RosterEntry,
    SyncPolicy, SyncRequest,
};
use crate::retool::types::{GroupRef, Membership, Tombstone, UserRef};

/// Creates a request for a person who should be in Retool. It may create and change nothing.
pub fn provision(email: impl Into<String>) -> ProvisionRequest {
    ProvisionRequest {
        email: email.into(),
        login: None,
        former_emails: Vec::new(),
        first_name: None,
        last_name: None,
        user_type: None,
        admin: None,
        profile_photo_url: None,
        metadata: None,
        attributes: Vec::new(),
        clear: Vec::new(),
        groups: Vec::new(),
        create_missing_groups: false,
        create_missing: false,
        update_existing: false,
        re_enable_disabled: false,
        way_in: None,
        skip_lookup: None,
    }
}

/// Creates a request to deprovision a person.
pub fn deprovision(email: impl Into<String>, mode: DeprovisionMode) -> DeprovisionRequest {
    DeprovisionRequest {
        user: by_email(email),
        expected_id: None,
        mode,
        disabled_since: None,
        protected_people: Vec::new(),
        minimum_admins: None,
    }
}

/// Creates a request to restore one person, whose account must exist.
pub fn restore(tombstone: Tombstone) -> RestoreRequest {
    RestoreRequest { tombstones: vec![tombstone], re_create: false, way_in: None }
}

/// Creates a roster entry for a person.
pub fn roster_entry(email: impl Into<String>) -> RosterEntry {
    RosterEntry {
        user: by_email(email),
        email: None,
        login: None,
        former_emails: Vec::new(),
        first_name: None,
        last_name: None,
        user_type: None,
        admin: None,
        profile_photo_url: None,
        metadata: None,
        attributes: Vec::new(),
        clear: Vec::new(),
        groups: Vec::new(),
        way_in: None,
    }
}

/// Creates a sync request with a roster for the whole organisation.
pub fn sync(roster: Vec<RosterEntry>, policy: SyncPolicy) -> SyncRequest {
    SyncRequest { roster, span: None, policy, disabled_since: Vec::new(), expected_digest: None }
}

/// Creates a request to apply a whole plan that has the approved digest.
pub fn apply_plan(plan: Plan, approved_digest: impl Into<String>) -> ApplyPlanRequest {
    ApplyPlanRequest { plan, approved_digest: approved_digest.into(), first: 0, count: None }
}

/// Creates a policy that allows nothing.
pub fn sync_policy() -> SyncPolicy {
    SyncPolicy {
        create_missing: false,
        update_existing: false,
        re_enable_disabled: false,
        leave_disabled: None,
        absent: AbsentPolicy::Keep,
        absence_scope: None,
        inactive_for_days: None,
        memberships: MembershipPolicy::Leave,
        managed_groups: Vec::new(),
        create_missing_groups: false,
        default_user_type: None,
        guards: default_guards(),
    }
}

/// Creates guards with every limit at its default, which protects, and without named people.
pub fn default_guards() -> Guards {
    Guards {
        user_removals: None,
        member_removals: None,
        membership_removals: None,
        creations: None,
        promotions: None,
        re_enablements: None,
        updates: None,
        member_additions: None,
        minimum_admins: None,
        required_admins: Vec::new(),
        protected_people: Vec::new(),
        allow_empty_roster: false,
    }
}

/// Creates the limit of a guard; returns `None` if neither number is given.
pub fn guard_limit(percent: Option<u32>, floor: Option<u32>) -> Option<GuardLimit> {
    (percent.is_some() || floor.is_some()).then_some(GuardLimit { percent, floor })
}

/// Refers to a person by address.
pub fn by_email(email: impl Into<String>) -> UserRef {
    UserRef::Email(email.into())
}

/// Creates a membership that does not set whether the person administers the group.
pub fn membership(group: GroupRef) -> Membership {
    Membership { group, group_admin: None }
}
