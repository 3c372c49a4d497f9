//! What requests begin with.

use crate::retool::synchronization::Guards;

/// Guards with every limit at its default, which protects, and nobody named.
pub fn default_guards() -> Guards {
    Guards {
        max_user_removal_percent: None,
        max_user_removal_floor: None,
        max_member_removal_percent: None,
        max_member_removal_floor: None,
        minimum_admins: None,
        required_admins: Vec::new(),
        protected_people: Vec::new(),
        allow_empty_roster: false,
    }
}
