//! Columns that say who has left.

use crate::layout::key;

/// Pieces of the names of such columns, without spaces and in small letters.
const PIECES: [&str; 26] = [
    "status",
    "suspend",
    "suspension",
    "terminat",
    "deactivat",
    "deprovision",
    "disabled",
    "accountenabled",
    "isenabled",
    "userenabled",
    "isactive",
    "inactive",
    "archived",
    "deleted",
    "blocked",
    "offboard",
    "leaver",
    "resign",
    "separationdate",
    "enddate",
    "exitdate",
    "lastday",
    "lastworkingday",
    "leavingdate",
    "leavedate",
    "dateleft",
];

/// Whole names of such columns.
const NAMES: [&str; 4] = ["active", "enabled", "accountstate", "userstate"];

/// Returns whether a column of this name looks as if it said who has left.
pub(crate) fn looks_like_status(header: &str) -> bool {
    let header = key(header);
    NAMES.contains(&&*header) || PIECES.iter().any(|piece| header.contains(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_say_who_has_left_are_known_by_their_names() {
        for header in [
            "Status",
            "Status [READ ONLY]",
            "accountEnabled",
            "isDisabled",
            "Employment Status",
            "Termination Date",
            "Active_Status",
            "End date",
            "Suspended?",
            "active",
            "Is active",
            "Last working day",
            "user_state",
        ] {
            assert!(looks_like_status(header), "{header}");
        }
        for header in [
            "state",
            "Last active",
            "Activation date",
            "Start date",
            "department",
            "2sv Enrolled [READ ONLY]",
            "Enabled features",
            "Last Login",
        ] {
            assert!(!looks_like_status(header), "{header}");
        }
    }
}
