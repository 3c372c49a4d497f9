//! Provisions one user, with the given fields and groups.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::account::{Dropped, change_account, with_memberships_at_risk};
use super::person::{Creation, create_once, find_one, reread};
use super::target_groups::{Targets, create_group_once, targets};
use crate::admins::{AdminGuard, check_removal};
use crate::domain::{
    Dialect, Email, Field, FieldChange, Group, GroupId, GroupLink, GroupRef, Member, NewUser, User,
    UserId, UserPatch, UserRef, Write, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::group_index::GroupIndex;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Capabilities, Directory, membership};
use crate::write_log::WriteLog;

/// A request to provision a user.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The person. An account without an address has a [stand-in](Email::stand_in).
    pub email: Email,
    /// The id of the account, if it is not found by address.
    pub id: Option<UserId>,
    /// SCIM's `userName` for a new person; the address where `None`.
    pub login: Option<String>,
    /// The fields to have; `disabled` is always `None`.
    pub fields: UserPatch,
    /// The groups to be in.
    pub groups: Vec<GroupRef>,
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
}

/// The outcome for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionOutcome {
    /// New.
    Created,
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
    let who = match &arrival.id {
        Some(id) => UserRef::Id(id.clone()),
        None => UserRef::Email(arrival.email.clone()),
    };
    let found = find_one(directory, &who).await?;
    match &found {
        Some(user) => check_existing(can, arrival, user)?,
        None => {
            check_missing(can, arrival)?;
            check_login_is_free(directory, arrival).await?;
        }
    }
    let groups =
        if arrival.groups.is_empty() { Vec::new() } else { directory.list_groups().await? };
    let Targets { existing, missing } =
        targets(&GroupIndex::new(&groups), &arrival.groups, arrival.create_missing_groups)?;
    let change = match found {
        Some(user) => Some(Change::of(directory, arrival, user).await?),
        None => None,
    };

    let mut wanted = existing;
    let mut groups_created = Vec::new();
    for name in &missing {
        let group = create_group_once(directory, name, None, write_log).await?;
        groups_created.push(group.link());
        wanted.push(group.link());
    }

    let Made { mut outcome, user, changes, differences, note } = match change {
        Some(change) => change.make(directory, write_log).await?,
        None => create(directory, arrival, write_log).await?,
    };
    let invitation_sent =
        outcome == ProvisionOutcome::Created && directory.capabilities().create_invites;

    // A new user is only in groups that the server manages. The response may list them.
    let before = if outcome == ProvisionOutcome::Created {
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
            groups_kept.push(group);
            continue;
        }
        let mut added = directory.add_member(&group.id, &user.id).await;
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

    let user = if write_log.is_empty() {
        user
    } else {
        // Without `update_existing`, and for an invitation, no fields were set.
        let leaves_fields = outcome != ProvisionOutcome::Created
            && (!arrival.update_existing || user.is_invitation());
        let fields = if leaves_fields { UserPatch::default() } else { arrival.fields.clone() };
        verify_provision(directory, &user.id, &arrival.email, &fields, &groups_added).await?
    };
    if outcome == ProvisionOutcome::Unchanged && !write_log.is_empty() {
        outcome = ProvisionOutcome::Updated;
    }
    let mut remaining = remaining(outcome, invitation_sent || user.is_invitation(), &arrival.email);
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

/// Refuses a user type that the dialect does not have.
fn check_user_type(can: Capabilities, arrival: &Arrival) -> Result<()> {
    match arrival.fields.user_type {
        Some(user_type) if can.bills_seats && !can.bills(user_type) => Err(Error::new(
            Code::OperationUnsupported,
            format!(
                "This API can't bill a user as \"{}\". Give another user type.",
                user_type.as_str()
            ),
        )
        .in_field("request.user-type")
        .about(arrival.email.as_str())),
        _ => Ok(()),
    }
}

/// Refuses a login where there are none.
fn check_login(can: Capabilities, arrival: &Arrival) -> Result<()> {
    if arrival.login.is_none() || can.dialect == Dialect::Scim {
        return Ok(());
    }
    let message = format!(
        "{} has no logins, so nothing was written. Leave the login out, or use SCIM.",
        can.dialect.as_str()
    );
    Err(Error::new(Code::OperationUnsupported, message)
        .in_field("request.login")
        .about(arrival.email.as_str()))
}

/// Checks that a new person's login is not another account's.
async fn check_login_is_free(directory: &dyn Directory, arrival: &Arrival) -> Result<()> {
    let Some(login) = &arrival.login else { return Ok(()) };
    let Some(other) = find_one(directory, &UserRef::Login(Email::new(login))).await? else {
        return Ok(());
    };
    let message = format!(
        "No account has this address, and the login {login} belongs to the account {}, so nothing was written. \
         Give another login, or correct the address.",
        if other.email.is_address() { other.email.as_str() } else { &other.id.value }
    );
    Err(Error::new(Code::WrongPerson, message)
        .in_field("request.login")
        .about(arrival.email.as_str()))
}

/// Refuses fields that the dialect can't set, unless they have the wanted value already.
fn check_fields(can: Capabilities, arrival: &Arrival, user: Option<&User>) -> Result<()> {
    let is_already = |field: Field, asked: &str| match (field, user) {
        // A new user is not an administrator.
        (Field::Admin, None) => asked == "false",
        (Field::Admin, Some(user)) if !can.reports_admins && !user.admin => false,
        (_, Some(user)) => field.of(user).as_deref() == Some(asked),
        (_, None) => false,
    };
    for field in Field::ALL.into_iter().filter(|field| !can.sets(*field)) {
        let Some(asked) = arrival.fields.get(field) else { continue };
        if !is_already(field, &asked) {
            return Err(Error::new(
                Code::OperationUnsupported,
                format!(
                    "This API can't set the field {} of a person, so nothing was written. Leave it out, or use \
                     another of Retool's APIs.",
                    field.as_str()
                ),
            )
            .in_field(format!("request.{}", field.as_str()))
            .about(arrival.email.as_str()));
        }
    }
    Ok(())
}

fn check_existing(can: Capabilities, arrival: &Arrival, user: &User) -> Result<()> {
    if arrival.update_existing && !user.is_invitation() {
        check_fields(can, arrival, Some(user))?;
    }
    if user.disabled && !arrival.re_enable_disabled {
        return Err(Error::new(
            Code::UserDisabled,
            "The account exists and is disabled, so it was left alone. Allow disabled people to be re-enabled if they should come back.",
        )
        .about(arrival.email.as_str()));
    }
    Ok(())
}

fn check_missing(can: Capabilities, arrival: &Arrival) -> Result<()> {
    let refused = |code, message: &str, field: &str| {
        Err(Error::new(code, message).in_field(field).about(arrival.email.as_str()))
    };
    if !arrival.create_missing {
        return Err(Error::new(
            Code::UserNotFound,
            "No user in Retool has this address, and creating people was not asked for. Correct the address, or allow missing people to be created.",
        )
        .about(arrival.email.as_str()));
    }
    if !arrival.email.is_address() {
        return Err(Error::new(
            Code::UserNotFound,
            "The account is gone, and it had no address, so it can't be created again. Create it in Retool.",
        )
        .about(arrival.email.as_str()));
    }
    let UserPatch { first_name, last_name, user_type, .. } = &arrival.fields;
    if can.bills_seats && user_type.is_none() {
        return refused(
            Code::UserTypeRequired,
            "To create a user, say what the seat is billed as: there is no safe default. Nothing was written.",
            "request.user-type",
        );
    }
    if can.names_required && (first_name.is_none() || last_name.is_none()) {
        let field = if first_name.is_none() { "request.first-name" } else { "request.last-name" };
        return refused(
            Code::NameRequired,
            "This API requires a first and a last name to create a user. Give both. Nothing was written.",
            field,
        );
    }
    check_fields(can, arrival, None)
}

/// An account that was created or changed.
struct Made {
    outcome: ProvisionOutcome,
    user: User,
    changes: Vec<FieldChange>,
    differences: Vec<FieldChange>,
    /// What happened to the account besides.
    note: Option<String>,
}

/// The change that an existing account needs.
struct Change {
    user: User,
    patch: UserPatch,
    changes: Vec<FieldChange>,
    differences: Vec<FieldChange>,
}

impl Change {
    /// Computes the change, without writing. Refuses to remove the last administrator's rights.
    async fn of(directory: &dyn Directory, arrival: &Arrival, user: User) -> Result<Change> {
        let mut asked = arrival.fields.clone();
        let mut differences = Vec::new();
        // An invitation has no fields until it is accepted.
        if !arrival.update_existing || user.is_invitation() {
            differences = asked.differences(&user);
            asked = UserPatch::default();
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
        let mut patch = UserPatch::default();
        for change in &changes {
            if let Some(field) = Field::parse(change.field) {
                patch.set(field, &change.after);
            }
        }
        Ok(Change { user, patch, changes, differences })
    }

    async fn make(self, directory: &dyn Directory, write_log: &mut WriteLog) -> Result<Made> {
        let Change { user, patch, changes, differences } = self;
        if patch.is_empty() {
            let outcome = ProvisionOutcome::Unchanged;
            return Ok(Made { outcome, user, changes, differences, note: None });
        }
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Err(vanished(&user.email));
        };
        let (kind, outcome) = if user.disabled {
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
        Ok(Made { outcome, user: changed.user, changes, differences, note })
    }
}

async fn create(
    directory: &dyn Directory,
    arrival: &Arrival,
    write_log: &mut WriteLog,
) -> Result<Made> {
    let new = NewUser {
        email: arrival.email.clone(),
        login: arrival.login.clone(),
        fields: arrival.fields.clone(),
    };
    match create_once(directory, &new, write_log).await? {
        Creation::Created(user) => {
            let blank = User {
                first_name: None,
                last_name: None,
                user_type: None,
                admin: false,
                profile_photo_url: None,
                ..user.clone()
            };
            Ok(Made {
                outcome: ProvisionOutcome::Created,
                user,
                changes: arrival.fields.differences(&blank),
                differences: Vec::new(),
                note: None,
            })
        }
        // The account was created meanwhile: treat it like any existing account.
        Creation::Found(user) => {
            check_existing(directory.capabilities(), arrival, &user)?;
            Change::of(directory, arrival, user).await?.make(directory, write_log).await
        }
    }
}

/// Reads the user back until fields and memberships are as written.
async fn verify_provision(
    directory: &dyn Directory,
    id: &UserId,
    email: &Email,
    fields: &UserPatch,
    added: &[GroupLink],
) -> Result<User> {
    let read = read_back(directory, async || {
        let Some(account) = reread(directory, id, email).await? else {
            return Ok(ReadBack::NotYet(String::from("the account")));
        };
        let mut user = account.user;
        let unseen = not_in(&user, added, directory.capabilities());
        if !unseen.is_empty() {
            let joined = joined(directory, id, &unseen).await?;
            membership::join(user.groups.get_or_insert_default(), joined);
        }
        if let Some(change) = fields.visible_differences(&user).first() {
            return Ok(ReadBack::NotYet(format!("the field {}", change.field)));
        }
        let is_in = |group: &GroupId| user.groups.iter().flatten().any(|link| link.id == *group);
        Ok(match added.iter().find(|group| !is_in(&group.id)) {
            None => ReadBack::Holds(user),
            Some(group) => ReadBack::NotYet(format!("the membership of {}", group.label())),
        })
    });
    read.await?.map_err(|missing| {
        Error::new(
            Code::NotVerified,
            format!("The server accepted the writes, but {missing} did not hold when read back. Look at the person in Retool, then ask again."),
        )
        .about(email.as_str())
    })
}

/// Returns the groups whose own records must be read, because the user's record does not prove that
/// the user is not in them.
fn not_in(user: &User, groups: &[GroupLink], can: Capabilities) -> Vec<GroupLink> {
    let own = match &user.groups {
        Some(_) if !can.groups_may_lack_members => return Vec::new(),
        own => own.as_deref().unwrap_or_default(),
    };
    let is_out = |group: &&GroupLink| own.iter().all(|link| link.id != group.id);
    groups.iter().filter(is_out).cloned().collect()
}

/// Returns the groups that list a user, for servers that don't return the groups of users.
async fn joined(
    directory: &dyn Directory,
    id: &UserId,
    groups: &[GroupLink],
) -> Result<Vec<GroupLink>> {
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
    let members = directory.list_members(&ids).await?;
    let is_in =
        |members: &Option<Vec<Member>>| members.iter().flatten().any(|member| member.id == *id);
    Ok(groups.iter().zip(&members).filter(|(_, m)| is_in(m)).map(|(g, _)| g.clone()).collect())
}

/// Like [`joined`], but uses the members in the listing of groups if it contained them.
async fn joined_of(
    directory: &dyn Directory,
    id: &UserId,
    wanted: &[GroupLink],
    listed: &[Group],
) -> Result<Vec<GroupLink>> {
    let (mut joined_groups, mut without_members) = (Vec::new(), Vec::new());
    for link in wanted {
        let group = listed.iter().find(|group| group.id == link.id);
        match group.and_then(|group| group.members.as_ref()) {
            Some(members) if members.iter().any(|member| member.id == *id) => {
                joined_groups.push(link.clone());
            }
            Some(_) => {}
            None => without_members.push(link.clone()),
        }
    }
    joined_groups.extend(joined(directory, id, &without_members).await?);
    Ok(joined_groups)
}

fn remaining(outcome: ProvisionOutcome, invited: bool, email: &Email) -> Vec<String> {
    let mut steps = Vec::new();
    if invited {
        steps.push(format!("{} must accept the invitation that Retool sent.", email.as_str()));
    }
    if outcome == ProvisionOutcome::Created {
        steps.push(String::from(
            "Where SSO is enforced, access begins with the first login through SSO.",
        ));
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

/// Returns the error for a membership that the server says exists, and that is not visible.
fn membership_not_held(email: &Email, group: &GroupLink) -> Error {
    Error::new(
        Code::NotVerified,
        format!(
            "The server says that the person is in the group {} already, but the group does not list the person. Look \
             at the group in Retool, then ask again.",
            group.label()
        ),
    )
    .about(email.as_str())
}

/// Returns the error that the account was deleted between two requests.
pub(super) fn vanished(email: &Email) -> Error {
    Error::new(
        Code::UserNotFound,
        "Another administrator deleted the account meanwhile. Ask again.",
    )
    .about(email.as_str())
}
