//! The exports of systems.

use crate::column::Column;
use crate::filter::Rule;
use crate::layout::key;

/// A system, and which of its exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Okta: the export of profiles.
    Okta,
    /// Okta: the export of the extension Rockstar.
    OktaRockstar,
    /// Okta: the report Password Health.
    OktaPasswordHealth,
    /// Microsoft Entra ID: "Download users".
    Entra,
    /// Google Workspace: the download of users.
    Google,
    /// BambooHR: a report.
    BambooHr,
    /// Workday: a custom report.
    Workday,
    /// Rippling: a report.
    Rippling,
    /// HiBob: a report.
    HiBob,
}

impl System {
    /// All of them.
    pub const ALL: [System; 9] = [
        System::Okta,
        System::OktaRockstar,
        System::OktaPasswordHealth,
        System::Entra,
        System::Google,
        System::BambooHr,
        System::Workday,
        System::Rippling,
        System::HiBob,
    ];

    /// Returns the name in switches, e.g. `okta-rockstar`.
    pub fn name(self) -> &'static str {
        self.preset().name
    }

    /// Returns the name for people, e.g. `Okta (Rockstar)`.
    pub fn title(self) -> &'static str {
        self.preset().title
    }

    /// Returns what such an export can't say.
    pub fn caveat(self) -> Option<&'static str> {
        self.preset().caveat
    }

    /// Finds the system by the names of columns.
    pub(crate) fn detected(headers: &[&str]) -> Option<System> {
        let keys: Vec<String> = headers.iter().map(|header| key(header)).collect();
        let has = |name: &&str| keys.contains(&key(name));
        System::ALL.into_iter().find(|system| system.preset().signature.iter().all(has))
    }

    pub(crate) fn preset(self) -> &'static Preset {
        match self {
            System::Okta => &OKTA,
            System::OktaRockstar => &OKTA_ROCKSTAR,
            System::OktaPasswordHealth => &OKTA_PASSWORD_HEALTH,
            System::Entra => &ENTRA,
            System::Google => &GOOGLE,
            System::BambooHr => &BAMBOO_HR,
            System::Workday => &WORKDAY,
            System::Rippling => &RIPPLING,
            System::HiBob => &HI_BOB,
        }
    }
}

/// How an export is read. Columns that it does not name are left out, unless they look like a status
/// or have a name of the roster's own.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Columns that only this export has together.
    signature: &'static [&'static str],
    /// What columns mean. Of several with one meaning, the first that is not empty counts.
    pub(crate) fields: &'static [(&'static str, Column)],
    /// What columns say about who has left, and who is a guest.
    pub(crate) rules: &'static [(&'static str, Rule)],
    /// Which of the rules' columns must be there.
    pub(crate) required: Required,
    /// Columns that look like a status, or like one of the roster's own, and are not.
    pub(crate) unused: &'static [&'static str],
    pub(crate) group_separator: &'static str,
    /// The group of all people of the system, which is no group in Retool.
    pub(crate) everyone: Option<&'static str>,
    caveat: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Required {
    All,
    /// The customer chooses the columns of the report.
    Any,
}

/// What most exports have.
const PRESET: Preset = Preset {
    name: "",
    title: "",
    signature: &[],
    fields: &[],
    rules: &[],
    required: Required::All,
    unused: &[],
    group_separator: ";",
    everyone: None,
    caveat: None,
};

/// The statuses of Okta's API, and the words of its administrators' pages.
const OKTA_STATUS: Rule = Rule::Values {
    stay: &[
        "active",
        "staged",
        "provisioned",
        "pendinguseraction",
        "passwordexpired",
        "passwordreset",
        "lockedout",
        "recovery",
    ],
    go: &["suspended", "deprovisioned", "deactivated"],
};

static OKTA: Preset = Preset {
    name: "okta",
    title: "Okta (profiles)",
    signature: &["login", "firstName", "lastName", "email", "secondEmail"],
    fields: &[
        ("email", Column::Email),
        ("firstName", Column::FirstName),
        ("lastName", Column::LastName),
    ],
    unused: &["userType"],
    caveat: Some("this export does not say who has left: it has whoever was chosen for it"),
    ..PRESET
};

static OKTA_ROCKSTAR: Preset = Preset {
    name: "okta-rockstar",
    title: "Okta (Rockstar)",
    signature: &["login", "status", "credentials.provider.type"],
    fields: &[
        ("email", Column::Email),
        ("firstName", Column::FirstName),
        ("lastName", Column::LastName),
        ("groups", Column::Groups),
    ],
    rules: &[("status", OKTA_STATUS)],
    unused: &["userType"],
    group_separator: ",",
    everyone: Some("Everyone"),
    ..PRESET
};

static OKTA_PASSWORD_HEALTH: Preset = Preset {
    name: "okta-password-health",
    title: "Okta (Password Health)",
    signature: &["Login", "Status", "Authentication Source", "Last Password Change"],
    fields: &[("Login", Column::Email)],
    rules: &[("Status", OKTA_STATUS)],
    caveat: Some("the login is taken for the address, and names are left as they are in Retool"),
    ..PRESET
};

static ENTRA: Preset = Preset {
    name: "entra",
    title: "Microsoft Entra ID",
    signature: &["userPrincipalName", "userType", "accountEnabled"],
    fields: &[
        ("mail", Column::Email),
        ("givenName", Column::FirstName),
        ("surname", Column::LastName),
    ],
    rules: &[
        ("accountEnabled", Rule::Values { stay: &["true"], go: &["false"] }),
        ("userType", Rule::Values { stay: &["member"], go: &["guest"] }),
    ],
    ..PRESET
};

static GOOGLE: Preset = Preset {
    name: "google",
    title: "Google Workspace",
    signature: &[
        "Email Address [Required]",
        "Org Unit Path [Required]",
        "New Status [UPLOAD ONLY]",
    ],
    fields: &[
        ("Email Address", Column::Email),
        ("First Name", Column::FirstName),
        ("Last Name", Column::LastName),
    ],
    rules: &[("Status", Rule::Values { stay: &["active"], go: &["suspended", "archived"] })],
    unused: &["New Status"],
    ..PRESET
};

static BAMBOO_HR: Preset = Preset {
    name: "bamboohr",
    title: "BambooHR",
    signature: &["Employee #", "Work Email"],
    fields: &[
        ("Work Email", Column::Email),
        ("Preferred Name", Column::FirstName),
        ("First Name", Column::FirstName),
        ("Last Name", Column::LastName),
    ],
    rules: &[
        ("Status", Rule::Values { stay: &["active"], go: &["inactive"] }),
        ("Employment Status", Rule::Gone(&["terminated"])),
        ("Termination Date", Rule::LastDay),
    ],
    required: Required::Any,
    ..PRESET
};

static WORKDAY: Preset = Preset {
    name: "workday",
    title: "Workday",
    signature: &["Employee_ID", "Email - Primary Work"],
    fields: &[
        ("Email - Primary Work", Column::Email),
        ("Preferred Name - First Name", Column::FirstName),
        ("Legal Name - First Name", Column::FirstName),
        ("Preferred Name - Last Name", Column::LastName),
        ("Legal Name - Last Name", Column::LastName),
    ],
    rules: &[
        (
            "Active_Status",
            Rule::Values {
                stay: &["1", "yes", "true", "active"],
                go: &["0", "no", "false", "inactive"],
            },
        ),
        (
            "Worker_Status",
            Rule::Values { stay: &["active", "onleave"], go: &["terminated", "inactive"] },
        ),
        ("Termination_Date", Rule::LastDay),
    ],
    required: Required::Any,
    ..PRESET
};

static RIPPLING: Preset = Preset {
    name: "rippling",
    title: "Rippling",
    signature: &["Employee", "Work email", "Employment status"],
    fields: &[("Work email", Column::Email)],
    rules: &[
        (
            "Employment status",
            Rule::Values { stay: &["active", "onleave"], go: &["terminated", "inactive"] },
        ),
        ("End date", Rule::LastDay),
    ],
    required: Required::Any,
    caveat: Some("names are left as they are in Retool"),
    ..PRESET
};

static HI_BOB: Preset = Preset {
    name: "hibob",
    title: "HiBob",
    signature: &["Display name", "Email", "Lifecycle status"],
    fields: &[
        ("Email", Column::Email),
        ("First name", Column::FirstName),
        ("Last name", Column::LastName),
    ],
    rules: &[
        (
            "Lifecycle status",
            Rule::Values { stay: &["employed", "hired", "onleave"], go: &["terminated"] },
        ),
        ("Termination date", Rule::LastDay),
    ],
    required: Required::Any,
    unused: &["Employment status"],
    ..PRESET
};
