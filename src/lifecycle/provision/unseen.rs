//! An invitation that is sent without looking the person up.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::checks::check_fields_of_invitation;
use super::made::of_invitation;
use super::{Arrival, ProvisionOutcome, Provisioned};
use crate::domain::{GroupLink, GroupRef, NewInvitation, User};
use crate::error::{Code, Error, Result};
use crate::lifecycle::group_admins;
use crate::lifecycle::invitation::{invite_unseen, must_accept};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// Invites a person with a token that may not read: nothing is looked up, and the invitation is
/// sent exactly once.
pub(super) async fn unseen(
    directory: &dyn Directory,
    arrival: &Arrival,
    write_log: &mut WriteLog,
) -> Result<Provisioned> {
    let can = directory.capabilities();
    let unable = |code, message: String, field: String| {
        Err(Error::new(code, message).in_field(field).about(arrival.email.as_str()))
    };
    if !can.sends_invitations {
        let message = format!(
            "{} can't invite a person without looking the person up, so nothing was written. Use /api/v2, or leave \
             this out.",
            can.dialect.as_str()
        );
        return unable(Code::OperationUnsupported, message, "request.skip-lookup".into());
    }
    check_fields_of_invitation(arrival)?;
    group_admins::check_invited(arrival)?;
    let mut groups = Vec::with_capacity(arrival.groups.len());
    for (at, group) in arrival.groups.iter().enumerate() {
        match group {
            GroupRef::Id(id) => groups.push(id.clone()),
            GroupRef::Name(name) => {
                let message = format!(
                    "The group \"{name}\" is named, and without a look-up its id is not known. Give the id. Nothing \
                     was sent."
                );
                return unable(Code::InvalidValue, message, format!("request.groups[{at}]"));
            }
        }
    }
    if !arrival.attributes.is_empty() {
        let message =
            "Which user attributes exist can't be looked up, so nothing was sent. Leave them out.";
        return unable(Code::OperationUnsupported, message.into(), "request.attributes".into());
    }
    let metadata = arrival.fields.metadata.clone();
    let new = NewInvitation { email: arrival.email.clone(), groups, metadata };
    let user = invite_unseen(directory, &new, write_log).await?;
    let asked = of_invitation(arrival);
    let changes = asked.differences(&User { metadata: None, ..user.clone() });
    let mut remaining = Vec::from([must_accept(&arrival.email)]);
    remaining.push(String::from(
        "Nothing was looked up: whether the person has an account or another invitation already was not checked. Do \
         not repeat this call without looking in Retool.",
    ));
    let listed = user.groups.as_deref().unwrap_or_default();
    let groups_added: Vec<GroupLink> =
        listed.iter().filter(|link| new.groups.contains(&link.id)).cloned().collect();
    let unseen = new.groups.iter().filter(|id| listed.iter().all(|link| link.id != **id));
    for id in unseen {
        remaining.push(format!(
            "The server's answer does not list the group with the id {}, so it is not known whether the invitation \
             has it.",
            id.value
        ));
    }
    if let Some(change) = asked.differences(&user).first() {
        remaining.push(format!(
            "The server's answer does not show the {} that was asked for. Look at the invitation in Retool.",
            change.field
        ));
    }
    Ok(Provisioned {
        outcome: ProvisionOutcome::Invited,
        user,
        changes,
        differences: Vec::new(),
        groups_added,
        groups_kept: Vec::new(),
        groups_created: Vec::new(),
        groups_closed: Vec::new(),
        invitation_sent: true,
        remaining,
        writes: Vec::new(),
    })
}
