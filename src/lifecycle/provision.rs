//! Provisions one user, with the given fields and groups.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::attributes::Definitions;
use super::former::{find_person, renamed};
use super::group_admins;
use super::invitation::{EXPIRES, must_accept};
use super::person::find_one;
use super::target_groups::{Targets, create_group_once, targets};
use crate::domain::{
    Changes, Email, FieldChange, GroupLink, GroupRef, User, UserId, UserPatch, UserRef, WayIn,
    Write, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::group_index::GroupIndex;
use crate::retool::{Capabilities, Directory, membership};
use crate::write_log::WriteLog;

mod checks;
mod made;
mod memberships;
mod unseen;

pub(super) use checks::only_an_invitation;

use checks::{
    check_existing, check_login, check_login_is_free, check_missing, check_user_type, check_way_in,
};
use made::{Change, Made, create, invite, of_invitation};
use memberships::{joined, joined_of, membership_not_held, verify_provision};
use unseen::unseen;

/// A request to provision a user.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The person. An account without an address has a [stand-in](Email::stand_in).
    pub email: Email,
    /// The id of the account, if it is not found by address.
    pub id: Option<UserId>,
    /// SCIM's `userName` for a new person; the address where `None`.
    pub login: Option<String>,
    /// Addresses that the person had before. An account with one of them gets the present one.
    pub former_emails: Vec<Email>,
    /// The fields to have; `disabled` and `email` are always `None`.
    pub fields: UserPatch,
    /// The user attributes to set or to remove.
    pub attributes: Changes,
    /// The groups to be in.
    pub groups: Vec<GroupRef>,
    /// Whether the person administers these of the groups. Others are kept as they are.
    pub group_admins: BTreeMap<GroupRef, bool>,
    /// Create groups that are named and missing.
    pub create_missing_groups: bool,
    /// Create the person if missing.
    pub create_missing: bool,
    /// Set the fields of a user who exists.
    pub update_existing: bool,
    /// Enable a user who is disabled.
    pub re_enable_disabled: bool,
    /// Skip a group that does not accept the user as a member.
    pub skip_closed_groups: bool,
    /// How a new person gets access; by an account where `None`.
    pub way_in: Option<WayIn>,
    /// Leave out the fields that an invitation can't have, instead of refusing them.
    pub skip_fields_of_invitation: bool,
    /// Send an invitation without looking the person up first.
    pub skip_lookup: bool,
    /// Refuse an account that has the address: only an invitation is wanted or changed.
    pub keep_accounts: bool,
}

impl Arrival {
    /// Returns whether a missing person is to be invited instead of given an account. Where a
    /// creation sends an invitation, both are the same.
    fn invites(&self, can: Capabilities) -> bool {
        self.way_in == Some(WayIn::Invitation) && !can.create_invites
    }
}

/// The outcome for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionOutcome {
    /// New.
    Created,
    /// Invited; there is no account yet.
    Invited,
    /// The address was changed, and perhaps other fields.
    Renamed,
    /// Disabled before, enabled now.
    ReEnabled,
    /// Fields or memberships were changed.
    Updated,
    /// Nothing was written.
    Unchanged,
}

/// The result of a provision.
#[derive(Clone, Debug)]
pub struct Provisioned {
    /// The outcome for the user.
    pub outcome: ProvisionOutcome,
    /// The person afterwards.
    pub user: User,
    /// The fields that were set.
    pub changes: Vec<FieldChange>,
    /// The fields that differ and were not set.
    pub differences: Vec<FieldChange>,
    /// The groups the person was added to.
    pub groups_added: Vec<GroupLink>,
    /// The groups the person was in already.
    pub groups_kept: Vec<GroupLink>,
    /// The groups that were created.
    pub groups_created: Vec<GroupLink>,
    /// The groups that did not accept the user, and were skipped.
    pub groups_closed: Vec<GroupLink>,
    /// Whether this call made the server send an invitation.
    pub invitation_sent: bool,
    /// What must still be done by hand.
    pub remaining: Vec<String>,
    /// The writes, in order.
    pub writes: Vec<Write>,
}

/// Provisions one user. On failure the error contains the writes so far.
pub async fn provision(directory: &dyn Directory, arrival: &Arrival) -> Result<Provisioned> {
    let mut write_log = WriteLog::default();
    match provision_with(directory, arrival, &mut write_log).await {
        Ok(mut done) => {
            done.writes = write_log.into_writes();
            Ok(done)
        }
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

async fn provision_with(
    directory: &dyn Directory,
    arrival: &Arrival,
    write_log: &mut WriteLog,
) -> Result<Provisioned> {
    // Everything that can be refused is refused before the first write.
    let can = directory.capabilities();
    check_user_type(can, arrival)?;
    check_login(can, arrival)?;
    group_admins::check(can, arrival)?;
    if arrival.skip_lookup {
        return unseen(directory, arrival, write_log).await;
    }
    let about = |error: Error| error.about(arrival.email.as_str());
    let definitions = Definitions::of(directory, &arrival.attributes).await.map_err(about)?;
    let found = match &arrival.id {
        Some(id) => find_one(directory, &UserRef::Id(id.clone())).await?,
        None => find_person(directory, &arrival.email, &arrival.former_emails).await?,
    };
    match &found {
        Some(user) => check_existing(can, arrival, user)?,
        None => {
            check_missing(can, arrival)?;
            check_way_in(can, arrival)?;
            check_login_is_free(directory, arrival).await?;
        }
    }
    let groups =
        if arrival.groups.is_empty() { Vec::new() } else { directory.list_groups().await? };
    let Targets { existing, missing } =
        targets(&GroupIndex::new(&groups), &arrival.groups, arrival.create_missing_groups)?;
    let change = match found {
        Some(user) => Some(Change::of(directory, arrival, &definitions, user).await?),
        None => None,
    };

    let mut wanted = existing;
    let mut admins = group_admins::by_id(&GroupIndex::new(&groups), arrival);
    let mut groups_created = Vec::new();
    for name in &missing {
        let group = create_group_once(directory, name, &[], write_log).await?;
        if let Some(administers) = arrival.group_admins.get(&GroupRef::Name(name.clone())) {
            admins.insert(group.id.clone(), *administers);
        }
        groups_created.push(group.link());
        wanted.push(group.link());
    }

    let Made { mut outcome, user, changes, differences, note } = match change {
        Some(change) => change.make(directory, write_log).await?,
        None if arrival.invites(can) => {
            invite(directory, arrival, &definitions, &wanted, write_log).await?
        }
        None => create(directory, arrival, &definitions, write_log).await?,
    };
    let invitation_sent = outcome == ProvisionOutcome::Invited
        || outcome == ProvisionOutcome::Created && directory.capabilities().create_invites;

    // A new user is only in groups that the server manages, or that the invitation has. The response
    // may list them.
    let is_new = matches!(outcome, ProvisionOutcome::Created | ProvisionOutcome::Invited);
    let before = if is_new {
        user.groups.clone().unwrap_or_default()
    } else {
        let mut before = user.groups.clone().unwrap_or_default();
        if user.groups.is_none() || can.groups_may_lack_members {
            membership::join(&mut before, joined_of(directory, &user.id, &wanted, &groups).await?);
        }
        before
    };
    let (mut groups_kept, mut groups_added, mut groups_closed) =
        (Vec::new(), Vec::new(), Vec::new());
    for group in wanted {
        if before.iter().any(|link| link.id == group.id) {
            let by_invitation = outcome == ProvisionOutcome::Invited;
            if by_invitation { &mut groups_added } else { &mut groups_kept }.push(group);
            continue;
        }
        let mut added = match admins.get(&group.id) {
            Some(true) => directory.add_group_admin(&group.id, &user.id).await,
            Some(false) | None => directory.add_member(&group.id, &user.id).await,
        };
        // The server refuses additions to groups whose members it manages. A new user may be in
        // such a group already, without the response having listed it.
        if added.as_ref().is_err_and(|error| error.code == Code::ServerRefused) {
            if !joined(directory, &user.id, core::slice::from_ref(&group)).await?.is_empty() {
                added = Ok(false);
            } else if arrival.skip_closed_groups {
                groups_closed.push(group);
                continue;
            }
        }
        let email = user.email.as_str();
        match write_log.member(WriteKind::MemberAdded, email, group.label(), added)? {
            true => groups_added.push(group),
            // What was read says otherwise, so it is read back.
            false
                if joined(directory, &user.id, core::slice::from_ref(&group)).await?.is_empty() =>
            {
                return Err(membership_not_held(&user.email, &group));
            }
            false => groups_kept.push(group),
        }
    }

    let changed = group_admins::set(directory, &user, &groups_kept, &admins, write_log).await?;
    let mut user = if write_log.is_empty() {
        user
    } else {
        // Without `update_existing`, and for an invitation, no fields were set.
        let leaves_fields = outcome != ProvisionOutcome::Created
            && (!arrival.update_existing || user.is_invitation());
        let fields = match outcome {
            ProvisionOutcome::Invited => of_invitation(arrival),
            _ if leaves_fields => UserPatch::default(),
            _ => arrival.fields.clone(),
        };
        let fields = UserPatch { email: renamed(&changes), ..fields };
        verify_provision(directory, &user.id, arrival, &fields, &groups_added).await?
    };
    group_admins::verify(directory, &mut user, &admins, changed || !groups_added.is_empty())
        .await?;
    if outcome == ProvisionOutcome::Unchanged && !write_log.is_empty() {
        outcome = ProvisionOutcome::Updated;
    }
    definitions.fill(&mut user);
    let mut remaining =
        remaining(can, outcome, invitation_sent || user.is_invitation(), &arrival.email);
    remaining.extend(unreported_type(can, arrival, &user, outcome));
    remaining.extend(note);
    Ok(Provisioned {
        outcome,
        remaining,
        user,
        changes,
        differences,
        groups_added,
        groups_kept,
        groups_created,
        groups_closed,
        invitation_sent,
        writes: Vec::new(),
    })
}

fn remaining(
    can: Capabilities,
    outcome: ProvisionOutcome,
    invited: bool,
    email: &Email,
) -> Vec<String> {
    let mut steps = Vec::new();
    if invited {
        steps.push(must_accept(email));
    }
    if outcome == ProvisionOutcome::Created {
        steps.push(String::from(
            "Where SSO is enforced, access begins with the first login through SSO.",
        ));
        if can.sends_invitations {
            steps.push(format!(
                "Without SSO, {} has no way in until they are invited in Retool.",
                email.as_str()
            ));
        }
    }
    if outcome == ProvisionOutcome::Invited {
        steps.push(String::from(EXPIRES));
    }
    steps
}

/// Returns what must be checked by hand if the server does not report what a new seat is billed as.
fn unreported_type(
    can: Capabilities,
    arrival: &Arrival,
    user: &User,
    outcome: ProvisionOutcome,
) -> Option<String> {
    let asked = arrival.fields.user_type.filter(|_| can.bills_seats)?;
    let is_unseen = outcome == ProvisionOutcome::Created && user.user_type.is_none();
    is_unseen.then(|| {
        format!(
            "The server does not report what seats are billed as. Check in Retool that {} is billed as \"{}\".",
            arrival.email.as_str(),
            asked.as_str()
        )
    })
}

/// Returns the error that the account was deleted between two requests.
pub(super) fn vanished(email: &Email) -> Error {
    Error::new(
        Code::UserNotFound,
        "Another administrator deleted the account meanwhile. Ask again.",
    )
    .about(email.as_str())
}

#[cfg(test)]
mod tests;
