//! Groups in requests and responses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::{InviteRecord, check_choice};
use crate::options::V2Options;
use crate::state::{Access, Group, Member, Organisation, Refused};

/// The access levels for apps, resources and workflows.
const LEVELS: [&str; 4] = ["none", "use", "edit", "own"];
/// The access levels for the query library.
const QUERY_LEVELS: [&str; 3] = ["none", "use", "edit"];

/// A group in a response, with all its members and invitations.
#[derive(Serialize)]
pub(in super::super) struct GroupRecord<'a> {
    id: u32,
    legacy_id: u32,
    name: &'a str,
    members: Vec<MemberRecord<'a>>,
    universal_app_access: &'a str,
    #[serde(flatten)]
    access: &'a Access,
    user_invites: Vec<InviteRecord<'a>>,
    updated_at: &'a str,
    created_at: &'a str,
}

#[derive(Serialize)]
struct MemberRecord<'a> {
    id: String,
    email: &'a str,
    is_group_admin: bool,
}

impl<'a> GroupRecord<'a> {
    /// Builds the record of a group on a server with these features. It contains the members for
    /// which `shows` is true.
    pub(in super::super) fn of(
        organisation: &'a Organisation,
        group: &'a Group,
        has: V2Options,
        shows: impl Fn(&Member<'_>) -> bool,
    ) -> Self {
        let members = organisation.members(group.id).filter(shows);
        let invites = organisation.invites_to(group.id).filter(|_| has.user_invites);
        GroupRecord {
            id: group.id,
            legacy_id: group.id,
            name: &group.name,
            members: members
                .map(|Member { user, is_group_admin }| MemberRecord {
                    id: user.sid(),
                    email: &user.email,
                    is_group_admin,
                })
                .collect(),
            universal_app_access: &group.universal_app_access,
            access: &group.access,
            user_invites: invites.map(|invite| InviteRecord::of(organisation, invite)).collect(),
            updated_at: &group.updated_at,
            created_at: &group.created_at,
        }
    }
}

/// The body that creates or replaces a group. Missing fields get their default.
#[derive(Deserialize)]
pub(in super::super) struct GroupBody {
    name: Option<String>,
    #[serde(flatten)]
    rights: Rights,
    #[serde(default)]
    members: Vec<NewMember>,
    #[serde(default)]
    user_invites: Vec<InviteLink>,
}

/// A new member of a group.
#[derive(Deserialize)]
pub(in super::super) struct NewMember {
    id: String,
    #[serde(default)]
    is_group_admin: bool,
}

#[derive(Deserialize)]
struct InviteLink {
    id: u64,
}

impl GroupBody {
    /// Returns the group to create, or to replace `current` with. A group keeps its name if the
    /// body has none.
    pub(in super::super) fn draft(&self, current: Option<&Group>) -> Result<Group, Refusal> {
        let name = self.name.as_ref().or(current.map(|group| &group.name));
        let name = name.ok_or_else(|| Refusal::bad_request("name is required"))?;
        self.rights.of_group(name, current)
    }

    /// Returns the ids of the members, and whether each administers the group.
    pub(in super::super) fn members(
        &self,
        organisation: &Organisation,
    ) -> Result<Vec<(String, bool)>, Refused> {
        NewMember::resolve(&self.members, organisation)
    }

    /// Returns the ids of the invitations to the group.
    pub(in super::super) fn invites(&self) -> Vec<u64> {
        self.user_invites.iter().map(|invite| invite.id).collect()
    }
}

impl NewMember {
    /// Returns the ids of these users, and whether each administers the group. If a user is named
    /// twice, the last entry counts.
    pub(in super::super) fn resolve(
        members: &[NewMember],
        organisation: &Organisation,
    ) -> Result<Vec<(String, bool)>, Refused> {
        let mut resolved: Vec<(String, bool)> = Vec::new();
        for member in members {
            let user = organisation.user_by_sid(&member.id).ok_or(Refused::NoSuchUser)?;
            resolved.retain(|(id, _)| *id != user.id);
            resolved.push((user.id.clone(), member.is_group_admin));
        }
        Ok(resolved)
    }
}

/// The fields of a group that a PATCH can change.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct GroupFields {
    name: String,
    #[serde(flatten)]
    rights: Rights,
}

impl GroupFields {
    /// Returns the fields of a group.
    pub(in super::super) fn of(group: &Group) -> Map<String, Value> {
        let fields = GroupFields {
            name: group.name.clone(),
            rights: Rights {
                universal_app_access: group.universal_app_access.clone(),
                access: group.access.clone(),
            },
        };
        match json!(fields) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    /// Returns the group with these fields.
    pub(in super::super) fn over(self, group: &Group) -> Result<Group, Refusal> {
        self.rights.of_group(&self.name, Some(group))
    }
}

/// The rights of a group's members.
#[derive(Serialize, Deserialize)]
struct Rights {
    #[serde(default = "no_access")]
    universal_app_access: String,
    #[serde(flatten)]
    access: Access,
}

fn no_access() -> String {
    LEVELS[0].to_owned()
}

impl Rights {
    /// Returns a group with this name and these rights, either new or to replace `current`.
    fn of_group(&self, name: &str, current: Option<&Group>) -> Result<Group, Refusal> {
        if name.trim().is_empty() {
            return Err(Refusal::bad_request("name must not be empty"));
        }
        self.check(current)?;
        Ok(Group {
            universal_app_access: self.universal_app_access.clone(),
            access: self.access.clone(),
            extra: current.map(|group| group.extra.clone()).unwrap_or_default(),
            scim: current.map(|group| group.scim.clone()).unwrap_or_default(),
            ..Group::new(name)
        })
    }

    fn check(&self, current: Option<&Group>) -> Result<(), Refusal> {
        let access = &self.access;
        let before = current.map(|group| &group.access);
        check_choice(
            "universal_app_access",
            &self.universal_app_access,
            &LEVELS,
            current.map(|group| group.universal_app_access.as_str()),
        )?;
        check_choice(
            "universal_resource_access",
            &access.universal_resource_access,
            &LEVELS,
            before.map(|before| before.universal_resource_access.as_str()),
        )?;
        check_choice(
            "universal_workflow_access",
            &access.universal_workflow_access,
            &LEVELS,
            before.map(|before| before.universal_workflow_access.as_str()),
        )?;
        check_choice(
            "universal_query_library_access",
            &access.universal_query_library_access,
            &QUERY_LEVELS,
            before.map(|before| before.universal_query_library_access.as_str()),
        )?;
        match &access.landing_page_app_id {
            Some(id) if uuid::Uuid::parse_str(id).is_err() => {
                Err(Refusal::bad_request("landing_page_app_id must be a UUID"))
            }
            _ => Ok(()),
        }
    }
}
