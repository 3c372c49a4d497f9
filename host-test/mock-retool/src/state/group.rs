//! Groups.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The id of the built-in group of the administrators. Its members are derived from
/// [`User::is_admin`](crate::User::is_admin).
pub const ADMIN: u32 = 1;
/// The id of the built-in group `editor`.
pub const EDITOR: u32 = 2;
/// The id of the built-in group `viewer`.
pub const VIEWER: u32 = 3;

/// The ids of the groups that every organisation has.
const BUILT_IN: [u32; 3] = [ADMIN, EDITOR, VIEWER];

/// The default access of a group.
const DEFAULT_ACCESS: &str = "none";

/// A group. The memberships are stored with the users: see
/// [`Organisation::members`](crate::Organisation::members).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The id, which is never reused.
    pub id: u32,
    /// The name, which need not be unique.
    pub name: String,
    /// What members may do in every app: `none`, `use`, `edit`, `own`, or any value that was
    /// written.
    pub universal_app_access: String,
    /// The other rights of the members.
    pub access: Access,
    /// The creation time, in RFC 3339.
    pub created_at: String,
    /// The time of the last change to the group or its members, in RFC 3339.
    pub updated_at: String,
    /// Fields that the dialects do not define.
    pub extra: Map<String, Value>,
    /// Attributes that SCIM clients wrote and that the other dialects don't have, such as
    /// `externalId`, by their SCIM names. The other dialects neither show nor reset them.
    pub scim: Map<String, Value>,
}

impl Group {
    /// Creates a draft with this name and the server's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Group {
            id: 0,
            name: name.into(),
            universal_app_access: DEFAULT_ACCESS.to_owned(),
            access: Access::default(),
            created_at: String::new(),
            updated_at: String::new(),
            extra: Map::new(),
            scim: Map::new(),
        }
    }

    /// Whether it is one of the three groups that can't be renamed or deleted.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.contains(&self.id)
    }
}

/// The rights of a group's members, except the access to apps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// What they may do with every resource: `none`, `use`, `edit` or `own`.
    pub universal_resource_access: String,
    /// What they may do with every workflow: `none`, `use`, `edit` or `own`.
    pub universal_workflow_access: String,
    /// What they may do with the query library: `none`, `use` or `edit`.
    pub universal_query_library_access: String,
    /// Whether they see the list of users.
    pub user_list_access: bool,
    /// Whether they see the audit log.
    pub audit_log_access: bool,
    /// Whether they see unpublished releases.
    pub unpublished_release_access: bool,
    /// Whether they see usage analytics.
    pub usage_analytics_access: bool,
    /// Whether they may edit themes.
    pub theme_access: bool,
    /// Whether they see their account's details.
    pub account_details_access: bool,
    /// The UUID of their landing page app.
    pub landing_page_app_id: Option<String>,
}

impl Default for Access {
    fn default() -> Self {
        Access {
            universal_resource_access: DEFAULT_ACCESS.to_owned(),
            universal_workflow_access: DEFAULT_ACCESS.to_owned(),
            universal_query_library_access: DEFAULT_ACCESS.to_owned(),
            user_list_access: false,
            audit_log_access: false,
            unpublished_release_access: false,
            usage_analytics_access: false,
            theme_access: false,
            account_details_access: false,
            landing_page_app_id: None,
        }
    }
}

/// Returns the groups that every organisation has, in the order of their ids.
pub(super) fn built_in() -> [Group; 3] {
    let group =
        |name: &str, apps: &str, [resources, workflows, queries]: [&str; 3], access| Group {
            universal_app_access: apps.to_owned(),
            access: Access {
                universal_resource_access: resources.to_owned(),
                universal_workflow_access: workflows.to_owned(),
                universal_query_library_access: queries.to_owned(),
                user_list_access: true,
                account_details_access: true,
                ..access
            },
            ..Group::new(name)
        };
    [
        group(
            "admin",
            "own",
            ["own", "own", "edit"],
            Access {
                audit_log_access: true,
                unpublished_release_access: true,
                usage_analytics_access: true,
                theme_access: true,
                ..Access::default()
            },
        ),
        group(
            "editor",
            "edit",
            ["own", "edit", "edit"],
            Access { unpublished_release_access: true, ..Access::default() },
        ),
        group("viewer", "use", ["use", "use", "use"], Access::default()),
    ]
}
