//! The wire format of `/api/v2` responses. Decoding is lenient: unknown and missing fields, and
//! ids as text or number, are accepted. A list without its envelope is not a list.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::de::{Id, Objects, Text, filled};
use crate::domain::{
    AccessField, AccessSetting, Dialect, Email, Group, GroupId, GroupIdKind, GroupLink, Invitation,
    Member, Metadata, SharedLinks, Times, User, UserId, UserType,
};
use crate::retool::user_filter::{Lacks, Listable, Who};
use crate::time::parse_iso;

/// The prefix of invitation ids in this component. The server's ids are plain numbers, which could
/// not be distinguished from user ids.
const INVITATION: &str = "invite-";

/// Returns the server's number of an invitation; `None` for the id of an account.
pub fn invitation_number(id: &UserId) -> Option<&str> {
    id.value.strip_prefix(INVITATION)
}

/// The envelope of every response.
#[derive(Deserialize)]
pub struct Envelope<'a, D> {
    /// `false` is a failure, even with status 200.
    pub success: Option<bool>,
    /// The requested data.
    pub data: Option<D>,
    /// Number of items, if this is a list.
    pub total_count: Option<u32>,
    /// Token for the next page, if this is a list.
    #[serde(borrow)]
    pub next_token: Option<Id<'a>>,
    /// Whether there is a next page, if this is a list.
    pub has_more: Option<bool>,
}

/// An account.
#[derive(Deserialize)]
pub struct UserRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    email: Option<Text<'a>>,
    first_name: Option<Text<'a>>,
    last_name: Option<Text<'a>>,
    is_admin: Option<bool>,
    active: Option<bool>,
    user_type: Option<Text<'a>>,
    metadata: Option<&'a RawValue>,
    groups: Option<Objects<LinkRecord<'a>>>,
    created_at: Option<Text<'a>>,
    updated_at: Option<Text<'a>>,
    last_active: Option<Text<'a>>,
}

impl Listable for UserRecord<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn who(&self) -> Who<'_> {
        Who::new(&self.id, Cow::Borrowed(self.email.as_deref().unwrap_or_default()))
    }

    fn is_admin(&self) -> bool {
        self.is_admin == Some(true)
    }

    fn is_disabled(&self) -> bool {
        self.active == Some(false)
    }

    fn seat(&self) -> Option<UserType> {
        Some(self.user_type.as_deref().map_or(UserType::Default, user_type))
    }

    fn lacks(&self) -> Lacks {
        match (self.is_admin, self.active, &self.user_type) {
            (Some(_), Some(_), Some(_)) => Lacks::Nothing,
            (Some(_), Some(_), None) => Lacks::UserType,
            _ => Lacks::Needed,
        }
    }

    fn groups(&self) -> Option<Vec<&str>> {
        Some(self.groups.as_ref()?.0.iter().filter_map(LinkRecord::id).collect())
    }

    /// Returns whether each of the groups has an id.
    fn is_usable(&self) -> bool {
        let mut groups = self.groups.iter().flat_map(|groups| &groups.0);
        groups.all(|link| link.id().is_some())
    }

    fn forget_times(&mut self) {
        self.created_at = None;
        self.updated_at = None;
        self.last_active = None;
    }

    fn into_user(self, links: &mut SharedLinks) -> User {
        let groups = self.groups.map(|Objects(records)| {
            records.iter().filter_map(|record| record.link(links)).collect()
        });
        let id = UserId { dialect: Dialect::V2, value: self.id.into_string() };
        User {
            email: Email::of_account(self.email.as_deref().unwrap_or_default(), &id, None),
            id,
            names: None,
            first_name: filled(self.first_name),
            last_name: filled(self.last_name),
            user_type: self.user_type.map(|text| user_type(&text)),
            admin: self.is_admin.unwrap_or(false),
            disabled: !self.active.unwrap_or(true),
            invited: Some(false),
            profile_photo_url: None,
            metadata: self.metadata.and_then(|raw| Metadata::parse(raw.get())),
            attributes: None,
            groups,
            times: Times {
                created_at: filled(self.created_at),
                updated_at: filled(self.updated_at),
                last_active_at: filled(self.last_active),
            }
            .into(),
        }
    }
}

impl UserRecord<'_> {
    /// Converts the record to a [`User`]; `None` if one of the groups has no id.
    pub fn into_user(self) -> Option<User> {
        self.is_usable().then(|| Listable::into_user(self, &mut SharedLinks::default()))
    }
}

fn user_type(text: &str) -> UserType {
    match text {
        "default" => UserType::Default,
        "mobile" => UserType::Mobile,
        "embed" => UserType::Embed,
        _ => UserType::Unrecognized,
    }
}

/// Returns the spelling on the wire; `None` for types that `/api/v2` does not have.
pub fn user_type_text(user_type: UserType) -> Option<&'static str> {
    match user_type {
        UserType::Default => Some("default"),
        UserType::Mobile => Some("mobile"),
        UserType::Embed => Some("embed"),
        UserType::EndUser | UserType::Unrecognized => None,
    }
}

/// Returns a group's id: `id`, or `legacy_id` if that is null. So far both are the same number.
fn group_id(id: Option<Id<'_>>, legacy_id: Option<Id<'_>>) -> Option<GroupId> {
    let id = id.or(legacy_id)?;
    Some(GroupId { kind: GroupIdKind::Rest, value: id.into_string() })
}

/// A group in a user record.
#[derive(Deserialize)]
struct LinkRecord<'a> {
    #[serde(borrow)]
    id: Option<Id<'a>>,
    legacy_id: Option<Id<'a>>,
    name: Option<Text<'a>>,
}

impl LinkRecord<'_> {
    /// Converts the record; `None` if it has no id.
    fn link(&self, links: &mut SharedLinks) -> Option<GroupLink> {
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        Some(links.get(GroupIdKind::Rest, self.id()?, name))
    }

    fn id(&self) -> Option<&str> {
        self.id.as_deref().or(self.legacy_id.as_deref())
    }
}

/// Returns the groups in a user record, if it contains them. The outer `None` means that one of
/// them has no id.
fn links(records: Option<Objects<LinkRecord<'_>>>) -> Option<Option<Vec<GroupLink>>> {
    let Some(Objects(records)) = records else {
        return Some(None);
    };
    let mut shared = SharedLinks::default();
    let links: Option<Vec<_>> = records.iter().map(|record| record.link(&mut shared)).collect();
    links.map(Some)
}

/// An invitation.
#[derive(Deserialize)]
pub struct InviteRecord<'a> {
    #[serde(borrow)]
    id: Option<Id<'a>>,
    legacy_id: Option<Id<'a>>,
    invited_email: Option<Text<'a>>,
    expires_at: Option<Text<'a>>,
    claimed_by: Option<Id<'a>>,
    claimed_at: Option<Text<'a>>,
    user_type: Option<Text<'a>>,
    metadata: Option<&'a RawValue>,
    groups: Option<Objects<LinkRecord<'a>>>,
    created_at: Option<Text<'a>>,
}

impl InviteRecord<'_> {
    /// Returns the id that is used as the user id; `None` if the invitation has none.
    pub fn user_id(&self) -> Option<UserId> {
        let number = self.id.as_deref().or(self.legacy_id.as_deref())?;
        Some(UserId { dialect: Dialect::V2, value: format!("{INVITATION}{number}") })
    }

    /// Returns whether the invitation was accepted.
    pub fn is_accepted(&self) -> bool {
        let is_filled = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        is_filled(self.claimed_by.as_deref()) || is_filled(self.claimed_at.as_deref())
    }

    /// Returns whether the invitation can still be accepted at `now`, by the server's clock, in
    /// milliseconds since the Unix epoch. If its end or the server's time is not known, it counts
    /// as pending: the host's clock may be wrong, and then a valid invitation would be replaced.
    fn is_pending(&self, now: Option<i64>) -> bool {
        let end = self.expires_at.as_deref().and_then(parse_iso);
        !self.is_accepted() && end.zip(now).is_none_or(|(end, now)| end > now)
    }

    /// Returns the address, if there is one.
    pub fn email(&self) -> Option<Email> {
        self.invited_email.as_deref().map(Email::new)
    }

    /// Converts the record; `None` if it or one of its groups has no id. The user may have no
    /// address.
    pub fn into_invitation(self, now: Option<i64>) -> Option<Invitation> {
        let open = self.is_pending(now);
        let id = self.user_id()?;
        let user = User {
            email: Email::of_account(self.invited_email.as_deref().unwrap_or_default(), &id, None),
            id,
            names: None,
            first_name: None,
            last_name: None,
            user_type: self.user_type.map(|text| user_type(&text)),
            admin: false,
            disabled: false,
            invited: Some(true),
            profile_photo_url: None,
            metadata: self.metadata.and_then(|raw| Metadata::parse(raw.get())),
            attributes: None,
            groups: links(self.groups)?,
            times: Times {
                created_at: filled(self.created_at),
                updated_at: None,
                last_active_at: None,
            }
            .into(),
        };
        Some(Invitation { user, open })
    }
}

/// A group.
#[derive(Deserialize)]
pub struct GroupRecord<'a> {
    #[serde(borrow)]
    id: Option<Id<'a>>,
    legacy_id: Option<Id<'a>>,
    name: Option<Text<'a>>,
    universal_app_access: Option<Text<'a>>,
    universal_resource_access: Option<Text<'a>>,
    universal_workflow_access: Option<Text<'a>>,
    universal_query_library_access: Option<Text<'a>>,
    user_list_access: Option<bool>,
    audit_log_access: Option<bool>,
    unpublished_release_access: Option<bool>,
    usage_analytics_access: Option<bool>,
    theme_access: Option<bool>,
    account_details_access: Option<bool>,
    landing_page_app_id: Option<Text<'a>>,
    members: Option<Objects<MemberRecord<'a>>>,
    user_invites: Option<Objects<InviteRecord<'a>>>,
    created_at: Option<Text<'a>>,
    updated_at: Option<Text<'a>>,
}

/// A member of a group.
#[derive(Deserialize)]
struct MemberRecord<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    email: Option<Text<'a>>,
    is_group_admin: Option<bool>,
}

impl GroupRecord<'_> {
    /// Returns the ids of all members, and of all past and pending invitations; `None` if the
    /// record does not contain the members.
    pub fn member_ids(self) -> Option<BTreeSet<UserId>> {
        let mut ids = BTreeSet::new();
        for member in self.members?.0 {
            ids.insert(UserId { dialect: Dialect::V2, value: member.id.into_string() });
        }
        for invite in self.user_invites.into_iter().flat_map(|invites| invites.0) {
            ids.extend(invite.user_id());
        }
        Some(ids)
    }

    /// Returns whether this is the group with this id.
    pub fn is(&self, id: &GroupId) -> bool {
        let own = self.id.as_deref().or(self.legacy_id.as_deref());
        id.kind == GroupIdKind::Rest && own.is_some_and(|own| own == id.value)
    }

    /// Converts the record to a [`Group`]. Its members include the invitations that can still be
    /// accepted at `now`. `None` if the group has no id.
    pub fn into_group(self, now: Option<i64>) -> Option<Group> {
        let mut members = self.members.map(into_members);
        if let Some(members) = &mut members {
            for invite in self.user_invites.into_iter().flat_map(|invites| invites.0) {
                let email = invite.email();
                // An account takes precedence over an invitation.
                if invite.is_pending(now)
                    && members.iter().all(|member| member.email != email || email.is_none())
                {
                    members.push(Member { id: invite.user_id()?, email, group_admin: None });
                }
            }
        }
        let text = |field, value: Option<Text<'_>>| {
            filled(value).map(|value| AccessSetting { field, value })
        };
        let flag = |field, value: Option<bool>| {
            let value = String::from(if value? { "true" } else { "false" });
            Some(AccessSetting { field, value })
        };
        let access = [
            text(AccessField::UniversalApp, self.universal_app_access),
            text(AccessField::UniversalResource, self.universal_resource_access),
            text(AccessField::UniversalWorkflow, self.universal_workflow_access),
            text(AccessField::UniversalQueryLibrary, self.universal_query_library_access),
            flag(AccessField::UserList, self.user_list_access),
            flag(AccessField::AuditLog, self.audit_log_access),
            flag(AccessField::UnpublishedRelease, self.unpublished_release_access),
            flag(AccessField::UsageAnalytics, self.usage_analytics_access),
            flag(AccessField::Theme, self.theme_access),
            flag(AccessField::AccountDetails, self.account_details_access),
            text(AccessField::LandingPageApp, self.landing_page_app_id),
        ];
        Some(Group {
            id: group_id(self.id, self.legacy_id)?,
            name: self.name.map(Text::into_string).unwrap_or_default(),
            access: access.into_iter().flatten().collect(),
            members,
            created_at: filled(self.created_at),
            updated_at: filled(self.updated_at),
        })
    }
}

fn into_members(Objects(records): Objects<MemberRecord<'_>>) -> Vec<Member> {
    let members = records.into_iter().map(|record| Member {
        id: UserId { dialect: Dialect::V2, value: record.id.into_string() },
        email: record.email.as_deref().map(Email::new),
        group_admin: record.is_group_admin,
    });
    members.collect()
}

#[cfg(test)]
mod tests;
