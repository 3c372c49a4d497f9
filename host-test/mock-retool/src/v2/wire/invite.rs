//! Invitations in requests and responses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::Refusal;
use super::{GroupLink, check_email};
use crate::state::{Invite, Organisation, User};

/// An invitation in a response.
#[derive(Serialize)]
pub(in super::super) struct InviteRecord<'a> {
    id: u64,
    legacy_id: u64,
    invited_by: String,
    invited_email: &'a str,
    expires_at: &'a str,
    claimed_by: Option<String>,
    claimed_at: Option<&'a str>,
    user_type: &'static str,
    metadata: &'a Map<String, Value>,
    created_at: &'a str,
    /// Present while the invitation is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<&'a str>,
    groups: Vec<GroupLink<'a>>,
}

impl<'a> InviteRecord<'a> {
    /// Builds the record of an invitation.
    pub(in super::super) fn of(organisation: &'a Organisation, invite: &'a Invite) -> Self {
        let sid =
            |id: &Option<String>| id.as_deref().and_then(|id| organisation.user(id)).map(User::sid);
        InviteRecord {
            id: invite.id,
            legacy_id: invite.id,
            invited_by: sid(&invite.invited_by).unwrap_or_default(),
            invited_email: &invite.email,
            expires_at: &invite.expires_at,
            claimed_by: sid(&invite.claimed_by),
            claimed_at: invite.claimed_at.as_deref(),
            user_type: "default",
            metadata: &invite.metadata,
            created_at: &invite.created_at,
            invite_link: organisation.is_pending(invite).then_some(&invite.link),
            groups: invite
                .groups
                .iter()
                .filter_map(|group| organisation.group(*group))
                .map(GroupLink::from)
                .collect(),
        }
    }
}

/// The body that creates an invitation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewInvite {
    email: String,
    #[serde(default, rename = "defaultGroupIds")]
    groups: Vec<u32>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

impl NewInvite {
    /// Returns the invitation to send.
    pub(in super::super) fn draft(self) -> Result<Invite, Refusal> {
        check_email(&self.email)?;
        Ok(Invite { groups: self.groups, metadata: self.metadata, ..Invite::new(self.email) })
    }
}
