//! The columns of a roster. JSON has them as fields.

use crate::folded;

/// A column that every roster may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Email,
    FirstName,
    LastName,
    UserType,
    Admin,
    Groups,
    FormerEmails,
}

impl Column {
    pub(crate) const ALL: [Column; 7] = [
        Column::Email,
        Column::FirstName,
        Column::LastName,
        Column::UserType,
        Column::Admin,
        Column::Groups,
        Column::FormerEmails,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::Email => "email",
            Column::FirstName => "first name",
            Column::LastName => "last name",
            Column::UserType => "user type",
            Column::Admin => "admin",
            Column::Groups => "groups",
            Column::FormerEmails => "former emails",
        }
    }

    /// Returns the column of this name. Case, spaces, `_` and `-` are ignored.
    pub(crate) fn of(header: &str) -> Option<Column> {
        let header = folded(header);
        Column::ALL.into_iter().find(|column| folded(column.name()) == header)
    }
}
