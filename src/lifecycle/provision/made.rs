//! The write of the account or of the invitation.

use alloc::string::String;
use alloc::vec::Vec;

use super::checks::check_existing;
use super::{Arrival, ProvisionOutcome, vanished};
use crate::admins::{AdminGuard, check_removal};
use crate::domain::{
    Account, FieldChange, GroupLink, NewInvitation, NewUser, User, UserPatch, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::lifecycle::account::{Dropped, change_account, with_memberships_at_risk};
use crate::lifecycle::attributes::{Definitions, change_attributes, read_new};
use crate::lifecycle::former::check_is_free;
use crate::lifecycle::invitation::{Inviting, invite_once};
use crate::lifecycle::person::{Creation, create_once, reread};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// An account that was created or changed, or an invitation.
pub(super) struct Made {
    pub(super) outcome: ProvisionOutcome,
    pub(super) user: User,
    pub(super) changes: Vec<FieldChange>,
    pub(super) differences: Vec<FieldChange>,
    /// What happened to the account besides.
    pub(super) note: Option<String>,
}

/// The change that an existing account needs.
pub(super) struct Change {
    pub(super) user: User,
    patch: UserPatch,
    pub(super) changes: Vec<FieldChange>,
    /// The changes of attributes.
    attributes: Vec<FieldChange>,
    pub(super) differences: Vec<FieldChange>,
}

impl Change {
    /// Computes the change, without writing. Refuses to remove the last administrator's rights.
    pub(super) async fn of(
        directory: &dyn Directory,
        arrival: &Arrival,
        definitions: &Definitions,
        user: User,
    ) -> Result<Change> {
        let mut asked = arrival.fields.clone();
        let mut attributes = definitions.differences(&arrival.attributes, &user);
        let mut differences = Vec::new();
        // An invitation has no fields until it is accepted.
        if !arrival.update_existing || user.is_invitation() {
            differences = asked.differences(&user);
            // Attributes have a route of their own.
            if !arrival.update_existing {
                differences.append(&mut attributes);
            }
            asked = UserPatch::default();
        }
        // The present address may be the login alone, and the mail still the former one.
        let is_former = arrival.former_emails.contains(&user.email);
        if arrival.id.is_none() && (is_former || !user.answers_to(&arrival.email)) {
            asked.email = Some(arrival.email.clone());
        }
        if user.disabled {
            asked.disabled = Some(false);
        }
        // A type that the server does not report can be neither compared nor confirmed.
        if user.user_type.is_none()
            && let Some(user_type) = asked.user_type.take()
        {
            let asked = UserPatch { user_type: Some(user_type), ..UserPatch::default() };
            differences.extend(asked.differences(&user));
        }
        let changes = asked.differences(&user);
        if asked.admin == Some(false) {
            let guard = AdminGuard { minimum: 1, ..AdminGuard::default() };
            check_removal(directory, &user, &guard).await?;
        }
        let patch = UserPatch::of(&changes);
        Ok(Change { user, patch, changes, attributes, differences })
    }

    pub(super) async fn make(
        self,
        directory: &dyn Directory,
        write_log: &mut WriteLog,
    ) -> Result<Made> {
        let Change { user, patch, mut changes, mut attributes, differences } = self;
        if patch.is_empty() && attributes.is_empty() {
            let outcome = ProvisionOutcome::Unchanged;
            return Ok(Made { outcome, user, changes, differences, note: None });
        }
        // Slow requests come before the account is read: a PUT undoes what changes in between.
        if let Some(email) = &patch.email {
            check_is_free(directory, email, &user).await?;
        }
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Err(vanished(&user.email));
        };
        if patch.is_empty() {
            let outcome = ProvisionOutcome::Updated;
            let user = change_attributes(directory, account, &attributes, write_log).await?;
            changes.append(&mut attributes);
            return Ok(Made { outcome, user, changes, differences, note: None });
        }
        let (kind, outcome) = if patch.email.is_some() {
            (WriteKind::UserRenamed, ProvisionOutcome::Renamed)
        } else if user.disabled {
            (WriteKind::UserEnabled, ProvisionOutcome::ReEnabled)
        } else {
            (WriteKind::UserUpdated, ProvisionOutcome::Updated)
        };
        let Some(account) = with_memberships_at_risk(directory, account).await? else {
            return Err(vanished(&user.email));
        };
        let dropped = Dropped::PutBack;
        let changed = change_account(directory, &account, &patch, kind, dropped, write_log).await?;
        let note = changed.put_back_note();
        let mut user = changed.user;
        if !attributes.is_empty() {
            let account = Account { user, ..account };
            user = change_attributes(directory, account, &attributes, write_log).await?;
            changes.append(&mut attributes);
        }
        Ok(Made { outcome, user, changes, differences, note })
    }
}

pub(super) async fn create(
    directory: &dyn Directory,
    arrival: &Arrival,
    definitions: &Definitions,
    write_log: &mut WriteLog,
) -> Result<Made> {
    let new = NewUser {
        email: arrival.email.clone(),
        login: arrival.login.clone(),
        // A new user has nothing to clear.
        fields: UserPatch { clear: Vec::new(), ..arrival.fields.clone() },
    };
    match create_once(directory, &new, write_log).await? {
        Creation::Created(user) => {
            let blank = User {
                first_name: None,
                last_name: None,
                user_type: None,
                admin: false,
                profile_photo_url: None,
                metadata: None,
                ..user.clone()
            };
            let mut changes = arrival.fields.differences(&blank);
            let mut user = user;
            let mut attributes = definitions.differences(&arrival.attributes, &blank);
            if !attributes.is_empty() {
                let account = read_new(directory, &user.id, &user.email).await?;
                user = change_attributes(directory, account, &attributes, write_log).await?;
                changes.append(&mut attributes);
            }
            Ok(Made {
                outcome: ProvisionOutcome::Created,
                user,
                changes,
                differences: Vec::new(),
                note: None,
            })
        }
        // The account was created meanwhile: treat it like any existing account.
        Creation::Found(user) => {
            check_existing(directory.capabilities(), arrival, &user)?;
            let change = Change::of(directory, arrival, definitions, user).await?;
            change.make(directory, write_log).await
        }
    }
}

pub(super) async fn invite(
    directory: &dyn Directory,
    arrival: &Arrival,
    definitions: &Definitions,
    groups: &[GroupLink],
    write_log: &mut WriteLog,
) -> Result<Made> {
    let groups = groups.iter().map(|group| group.id.clone()).collect();
    let metadata = arrival.fields.metadata.clone();
    let mut new = NewInvitation { email: arrival.email.clone(), groups, metadata };
    let mut inviting = invite_once(directory, &new, write_log).await;
    // The server may refuse one of the groups. They are then added one by one.
    let is_refusal = |error: &Error| error.code == Code::ServerRefused && !error.maybe_applied;
    if arrival.skip_closed_groups
        && !new.groups.is_empty()
        && inviting.as_ref().is_err_and(is_refusal)
    {
        new.groups.clear();
        inviting = invite_once(directory, &new, write_log).await;
    }
    match inviting? {
        Inviting::Sent(mut user) => {
            let blank = User { metadata: None, ..user.clone() };
            let mut changes = of_invitation(arrival).differences(&blank);
            let mut attributes = definitions.differences(&arrival.attributes, &blank);
            if !attributes.is_empty() {
                let account = read_new(directory, &user.id, &user.email).await?;
                let groups = user.groups.take();
                user = change_attributes(directory, account, &attributes, write_log).await?;
                user.groups = groups;
                changes.append(&mut attributes);
            }
            Ok(Made {
                outcome: ProvisionOutcome::Invited,
                user,
                changes,
                differences: Vec::new(),
                note: None,
            })
        }
        // The person was invited, or got an account, meanwhile.
        Inviting::Found(user) => {
            check_existing(directory.capabilities(), arrival, &user)?;
            let change = Change::of(directory, arrival, definitions, user).await?;
            change.make(directory, write_log).await
        }
    }
}

/// Returns the fields that an invitation can have.
pub(super) fn of_invitation(arrival: &Arrival) -> UserPatch {
    let mut metadata = arrival.fields.metadata.clone();
    metadata.retain(|_, value| value.is_some());
    UserPatch { metadata, ..UserPatch::default() }
}
