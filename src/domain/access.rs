//! What the members of a group may do.

use alloc::string::String;

/// One thing that members of a group may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessField {
    /// Every app.
    UniversalApp,
    /// Every resource.
    UniversalResource,
    /// Every workflow.
    UniversalWorkflow,
    /// The query library.
    UniversalQueryLibrary,
    /// The list of users.
    UserList,
    /// The audit log.
    AuditLog,
    /// Releases that are not published.
    UnpublishedRelease,
    /// Usage analytics.
    UsageAnalytics,
    /// Themes.
    Theme,
    /// The details of their own accounts.
    AccountDetails,
    /// The app that they see first.
    LandingPageApp,
}

/// The values that a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessValues {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A UUID.
    Uuid,
}

impl AccessField {
    /// Every setting, in the order that they are listed.
    pub const ALL: [AccessField; 11] = [
        AccessField::UniversalApp,
        AccessField::UniversalResource,
        AccessField::UniversalWorkflow,
        AccessField::UniversalQueryLibrary,
        AccessField::UserList,
        AccessField::AuditLog,
        AccessField::UnpublishedRelease,
        AccessField::UsageAnalytics,
        AccessField::Theme,
        AccessField::AccountDetails,
        AccessField::LandingPageApp,
    ];

    /// Returns the contract's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccessField::UniversalApp => "universal-app-access",
            AccessField::UniversalResource => "universal-resource-access",
            AccessField::UniversalWorkflow => "universal-workflow-access",
            AccessField::UniversalQueryLibrary => "universal-query-library-access",
            AccessField::UserList => "user-list-access",
            AccessField::AuditLog => "audit-log-access",
            AccessField::UnpublishedRelease => "unpublished-release-access",
            AccessField::UsageAnalytics => "usage-analytics-access",
            AccessField::Theme => "theme-access",
            AccessField::AccountDetails => "account-details-access",
            AccessField::LandingPageApp => "landing-page-app-id",
        }
    }

    /// Reads the contract's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        AccessField::ALL.into_iter().find(|field| field.as_str() == text)
    }

    /// Returns the values that can be set.
    pub const fn values(self) -> AccessValues {
        match self {
            AccessField::UniversalApp
            | AccessField::UniversalResource
            | AccessField::UniversalWorkflow => {
                AccessValues::OneOf(&["none", "use", "edit", "own"])
            }
            AccessField::UniversalQueryLibrary => AccessValues::OneOf(&["none", "use", "edit"]),
            AccessField::UserList
            | AccessField::AuditLog
            | AccessField::UnpublishedRelease
            | AccessField::UsageAnalytics
            | AccessField::Theme
            | AccessField::AccountDetails => AccessValues::Flag,
            AccessField::LandingPageApp => AccessValues::Uuid,
        }
    }

    /// Returns the value that a group has for this setting, if the server reported one.
    pub fn of(self, access: &[AccessSetting]) -> Option<&str> {
        access.iter().find(|setting| setting.field == self).map(|setting| &*setting.value)
    }

    /// Returns whether two values mean the same. The letters of a UUID have no case.
    pub fn is_same(self, one: Option<&str>, other: Option<&str>) -> bool {
        match (one, other, self.values()) {
            (Some(one), Some(other), AccessValues::Uuid) => one.eq_ignore_ascii_case(other),
            _ => one == other,
        }
    }
}

/// One thing that members of a group may do, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessSetting {
    /// The setting.
    pub field: AccessField,
    /// The value, as the server has it: a word, `true` or `false`, or a UUID.
    pub value: String,
}

impl AccessSetting {
    /// Returns whether a group has the setting.
    pub fn holds(&self, access: &[AccessSetting]) -> bool {
        self.field.is_same(self.field.of(access), Some(&self.value))
    }
}
