//! Decides what happens to a person.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::groups::Groups;
use super::matching::Accounts;
use super::memberships;
use super::{Draft, Refused};
use crate::domain::{
    Email, Field, FieldChange, User, UserId, UserPatch, UserRef, UserSet, UserType, WayIn,
};
use crate::error::{Code, Error, Result};
use crate::lifecycle::{Definitions, why_not_renamed};
use crate::retool::Capabilities;
use crate::retool::unreadable::Unreadable;
use crate::sort;
use crate::sync::absence::Absence;
use crate::sync::{
    DesiredUser, LOGIN, Policy, RefusalReason, Snapshot, Step, StepKind, SyncRequest, digest,
};

mod absent;

/// The memberships that a person has and should have, by the ranks of the groups.
struct Wanted<'a> {
    /// The groups that the only account is in, sorted.
    current: &'a [usize],
    /// The groups, sorted.
    ranks: Vec<usize>,
    /// Whether the person should administer these of them.
    admins: BTreeMap<usize, bool>,
}

/// Decides about the people of a request, one after the other.
pub(super) struct Planner<'a> {
    policy: &'a Policy,
    request: &'a SyncRequest,
    can: Capabilities,
    groups: &'a Groups<'a>,
    absence: &'a Absence<'a>,
    protected: UserSet<'a>,
    /// The records of the listing that can't be used.
    unreadable: &'a Unreadable,
    /// Open invitations beside accounts and other invitations, by number.
    invitations: Vec<&'a User>,
    /// Whether the listing lacks no user.
    is_complete: bool,
    /// Whether the server does not report what seats are billed as.
    has_no_user_types: bool,
    /// The user attributes that the organisation defines.
    definitions: Definitions,
    /// Whether the server has user attributes, as far as the roster needs them.
    has_attributes: bool,
}

impl<'a> Planner<'a> {
    /// Creates a planner for a request, the organisation as it was listed, and the named groups.
    pub fn new(
        request: &'a SyncRequest,
        snapshot: &'a Snapshot,
        groups: &'a Groups<'a>,
        absence: &'a Absence<'a>,
    ) -> Self {
        Planner {
            absence,
            policy: &request.policy,
            request,
            can: snapshot.dialect.capabilities(),
            groups,
            protected: UserSet::of(&request.policy.guards.protected_people),
            unreadable: &snapshot.others.unreadable,
            invitations: sorted(&snapshot.invitations),
            is_complete: snapshot.complete,
            has_no_user_types: snapshot.others.has_no_user_types,
            definitions: Definitions::new(snapshot.attributes.clone().unwrap_or_default()),
            has_attributes: snapshot.attributes.is_some(),
        }
    }

    /// Plans a person who is on the roster, at `index`. `current` has the ranks of the groups that
    /// the account is in, if there is only one.
    pub fn on_roster(
        &self,
        (index, desired): (usize, &DesiredUser),
        email: &Email,
        accounts: &Accounts<'_>,
        current: &[usize],
        draft: &mut Draft,
    ) -> Result<()> {
        let ranks =
            self.groups.ranks(&desired.groups, || format!("request.roster[{index}].groups"))?;
        let admins = match self.can.reports_group_admins {
            true => self.groups.admins(&desired.details.group_admins),
            // The plan's limitations report it.
            false => BTreeMap::new(),
        };
        let wanted = Wanted { current, ranks, admins };
        let mut fields = self.settable(&desired.fields);
        let is_unreadable = self.unreadable.has(&desired.email)
            || desired.details.former_emails.iter().any(|email| self.unreadable.has(email))
            || desired.details.by.as_ref().is_some_and(|who| self.unreadable.means(who));
        let mut who = Refused {
            email,
            login: desired.details.by.as_ref().and_then(UserRef::login),
            user: None,
        };
        if is_unreadable {
            let message = format!(
                "The server's record of {} can't be used, so nothing is done. Repair it in Retool.",
                desired.label()
            );
            draft.refuse(&who, RefusalReason::RecordUnreadable, message);
            return Ok(());
        }
        match accounts {
            Accounts::Others(others) => {
                draft.refuse(&who, RefusalReason::WrongPerson, taken(desired, others));
                Ok(())
            }
            Accounts::Named(accounts) => match &accounts[..] {
                [] => self.missing(index, desired, fields, &wanted, draft),
                [user] => {
                    if desired.details.by.is_some() {
                        self.check_inside_span(index, desired, user)?;
                    }
                    who.user = Some(&user.id);
                    who.login = login_on_roster(desired, user);
                    if self.is_inactive(user) {
                        self.inactive(&who, user, draft);
                        return Ok(());
                    }
                    self.existing(&who, (index, desired), user, fields, &wanted, draft)
                }
                several => {
                    refuse_ambiguous(&who, desired.label(), several, draft);
                    Ok(())
                }
            },
            Accounts::Several(accounts) => {
                draft.refuse(&who, RefusalReason::AmbiguousUser, several(desired, accounts));
                Ok(())
            }
            Accounts::Renamed(user) => {
                self.check_inside_span(index, desired, user)?;
                who.user = Some(&user.id);
                who.login = login_on_roster(desired, user);
                if let Some((reason, message)) = self.why_not_renamed(desired, user) {
                    draft.notes.not_renamed |= !self.can.renames;
                    draft.refuse(&who, reason, message);
                    return Ok(());
                }
                if self.is_inactive(user) {
                    self.inactive(&who, user, draft);
                    return Ok(());
                }
                fields.to_mut().email = Some(desired.email.clone());
                self.existing(&who, (index, desired), user, fields, &wanted, draft)
            }
        }
    }

    /// Returns the fields that the dialect can set. The plan's limitations report the others. A
    /// roster never disables the people who are on it.
    fn settable<'f>(&self, fields: &'f UserPatch) -> Cow<'f, UserPatch> {
        let can = self.can;
        // As a rule they can all be set, and nothing is copied.
        if (can.bills_seats || fields.user_type.is_none())
            && (can.sets_admins || fields.admin.is_none())
            && (can.sets_photos || fields.wanted(Field::ProfilePhotoUrl).is_none())
            && (can.sets_metadata || fields.metadata.is_empty())
            && fields.disabled.is_none()
        {
            return Cow::Borrowed(fields);
        }
        let mut fields = UserPatch { disabled: None, ..fields.clone() };
        if !can.bills_seats {
            fields.user_type = None;
        }
        if !can.sets_admins {
            fields.admin = None;
        }
        if !can.sets_photos {
            fields.leave(Field::ProfilePhotoUrl);
        }
        if !can.sets_metadata {
            fields.metadata.clear();
        }
        Cow::Owned(fields)
    }

    /// Checks that an account that an entry names by id, login or a former address is inside the
    /// span.
    fn check_inside_span(&self, index: usize, desired: &DesiredUser, user: &User) -> Result<()> {
        if self.request.span.contains(&user.email) {
            return Ok(());
        }
        let message = format!(
            "{} is on the roster, and the account {} is outside its span. Take the person off the roster or widen the \
             span.",
            desired.label(),
            user.email.as_str()
        );
        let field = if desired.details.by.is_some() { "user" } else { "former-emails" };
        Err(Error::new(Code::OutsideSpan, message)
            .in_field(format!("request.roster[{index}].{field}"))
            .about(user.email.as_str()))
    }

    /// Returns why an account does not get the address of its entry; `None` if it can.
    fn why_not_renamed(
        &self,
        desired: &DesiredUser,
        user: &User,
    ) -> Option<(RefusalReason, String)> {
        let (address, id) = (user.email.as_str(), &user.id.value);
        let wanted = desired.email.as_str();
        if desired.details.by.is_none() && !desired.details.former_emails.contains(&user.email) {
            let message = format!(
                "The account {address} (id {id}) has a former address of {wanted} as a further address or as its login, \
                 and another main address, so it is not known whether it is theirs. Nothing is done. Look at the \
                 account in Retool."
            );
            return Some((RefusalReason::WrongPerson, message));
        }
        let why = match user.email.is_address() {
            true => why_not_renamed(self.can, user)?,
            false => "The account has no address to change. Give it one in Retool.",
        };
        let message = format!(
            "The account {address} (id {id}) should have the address {wanted}. {why} Nothing is done: neither is an \
             account created, nor is one removed."
        );
        Some((RefusalReason::OperationUnsupported, message))
    }

    fn missing(
        &self,
        index: usize,
        desired: &DesiredUser,
        fields: Cow<'_, UserPatch>,
        wanted: &Wanted<'_>,
        draft: &mut Draft,
    ) -> Result<()> {
        let mut fields = fields.into_owned();
        let email = &desired.email;
        let address = email.as_str();
        let login = desired.details.by.as_ref().and_then(UserRef::login);
        let who = &Refused { email, login, user: None };
        if !self.is_complete && !desired.details.former_emails.is_empty() {
            let message = format!(
                "{address} is missing, and is not created, because the listing may lack the account with the former \
                 address."
            );
            draft.refuse(who, RefusalReason::ListingIncomplete, message);
            return Ok(());
        }
        if !email.is_address() {
            let message = format!(
                "No account has the {} {}, and none can be created without an address. Correct it, or give the \
                 address too.",
                desired.details.by.as_ref().map_or("name", UserRef::what),
                desired.label()
            );
            draft.refuse(who, RefusalReason::UserNotFound, message);
            return Ok(());
        }
        if !self.policy.create_missing {
            let message =
                format!("{address} is missing, and the policy does not allow creating users.");
            draft.refuse(who, RefusalReason::CreationNotAllowed, message);
            return Ok(());
        }
        if desired.details.way_in == Some(WayIn::Invitation) && !self.can.create_invites {
            self.invited(who, desired, &fields, wanted, draft);
            return Ok(());
        }
        if self.can.names_required && (fields.first_name.is_none() || fields.last_name.is_none()) {
            let message =
                format!("{address} is missing, and this API requires both names to create a user.");
            draft.refuse(who, RefusalReason::NameRequired, message);
            return Ok(());
        }
        if self.can.bills_seats {
            let from_entry = fields.user_type.is_some();
            fields.user_type = fields.user_type.or(self.policy.default_user_type);
            let Some(user_type) = fields.user_type else {
                let message = format!(
                    "{address} is missing, and neither the entry nor the policy says what a new \
                     person is billed as."
                );
                draft.refuse(who, RefusalReason::UserTypeRequired, message);
                return Ok(());
            };
            self.check_user_type(email, user_type, || {
                if from_entry {
                    entry_user_type(index)
                } else {
                    String::from("request.policy.default-user-type")
                }
            })?;
        }
        draft.seats.take(fields.user_type);
        draft.steps.push(Step {
            kind: StepKind::CreateUser,
            email: Some(email.clone()),
            user: None,
            group_name: None,
            group: None,
            group_admin: None,
            changes: initial(&fields, login_of_new(desired)),
            precondition: digest::absent(),
        });
        let attributes = self.definitions.of_new(&desired.details.attributes);
        draft.steps.extend(self.attribute_step(email, None, attributes));
        for &rank in &wanted.ranks {
            let (group, admin) = (&self.groups.all()[rank], wanted.admins.get(&rank).copied());
            draft.steps.push(memberships::step(StepKind::AddMember, email, None, group, admin));
        }
        Ok(())
    }

    /// Plans an invitation. It has no fields: those of the entry are set once it is accepted.
    fn invited(
        &self,
        who: &Refused<'_>,
        desired: &DesiredUser,
        fields: &UserPatch,
        wanted: &Wanted<'_>,
        draft: &mut Draft,
    ) {
        let email = &desired.email;
        if !self.can.sends_invitations {
            let message = format!(
                "{} is missing and should be invited, and this API sends no invitations. Let an account be created, \
                 or use /api/v2.",
                email.as_str()
            );
            draft.refuse(who, RefusalReason::OperationUnsupported, message);
            return;
        }
        let mut metadata = fields.metadata.clone();
        metadata.retain(|_, value| value.is_some());
        let asked = UserPatch { metadata: fields.metadata.clone(), ..UserPatch::default() };
        draft.notes.without_fields += usize::from(*fields != asked);
        let fields = UserPatch { metadata, ..UserPatch::default() };
        draft.steps.push(Step {
            kind: StepKind::InviteUser,
            email: Some(email.clone()),
            user: None,
            group_name: None,
            group: None,
            group_admin: None,
            changes: initial(&fields, None),
            precondition: digest::absent(),
        });
        let attributes = self.definitions.of_new(&desired.details.attributes);
        draft.steps.extend(self.attribute_step(email, None, attributes));
        for &rank in &wanted.ranks {
            let group = &self.groups.all()[rank];
            draft.steps.push(memberships::step(StepKind::AddMember, email, None, group, None));
        }
        // Nobody administers a group before the invitation is accepted.
        let administers = wanted.admins.values().any(|administers| *administers);
        draft.notes.invited_admins += usize::from(administers);
    }

    fn existing(
        &self,
        who: &Refused<'_>,
        (index, desired): (usize, &DesiredUser),
        user: &User,
        mut fields: Cow<'_, UserPatch>,
        wanted: &Wanted<'_>,
        draft: &mut Draft,
    ) -> Result<()> {
        let email = who.email;
        if user.disabled && self.policy.leave_disabled {
            draft.unchanged.push(email.clone());
            return Ok(());
        }
        if self.stays_inactive(user) {
            draft.notes.not_enabled.push(email.clone());
            draft.unchanged.push(email.clone());
            return Ok(());
        }
        if user.disabled && !self.policy.re_enable_disabled {
            let message = format!(
                "{} is disabled, and the policy does not allow enabling users.",
                email.as_str()
            );
            draft.refuse(who, RefusalReason::UserDisabled, message);
            return Ok(());
        }
        let email_after = fields.email.as_ref();
        let after = email_after.map(|email| User { email: email.clone(), ..user.clone() });
        let protected =
            self.protected.has(user) || after.as_ref().is_some_and(|it| self.protected.has(it));
        let mut dropped: Vec<String> = Vec::new();
        // An invitation has no fields until it is accepted.
        if !self.policy.update_existing || user.is_invitation() {
            let email = fields.email.clone();
            fields = Cow::Owned(UserPatch { email, ..UserPatch::default() });
        }
        if protected && user.admin && fields.admin == Some(false) {
            fields.to_mut().admin = None;
            dropped.push(String::from("the administrator's rights"));
        }
        if user.disabled {
            fields.to_mut().disabled = Some(false);
        }
        // A type that the server does not report can be neither compared nor confirmed.
        if self.has_no_user_types && fields.user_type.is_some() {
            fields.to_mut().user_type = None;
            draft.notes.untyped += 1;
        }
        let changes = fields.differences(user);
        let type_after = match fields.user_type {
            Some(user_type) if user.user_type != Some(user_type) => {
                self.check_user_type(email, user_type, || entry_user_type(index))?;
                Some(user_type)
            }
            _ => user.user_type,
        };

        let steps_before = draft.steps.len();
        if user.disabled {
            draft.seats.take(type_after);
        } else {
            draft.seats.exchange(user.user_type, type_after);
        }
        let kind = match (fields.email.is_some(), user.disabled) {
            (true, _) => StepKind::RenameUser,
            (false, true) => StepKind::EnableUser,
            (false, false) => StepKind::UpdateUser,
        };
        if !changes.is_empty() {
            draft
                .steps
                .push(Step { email: Some(email.clone()), ..account_step(kind, user, changes) });
        }

        if self.policy.update_existing {
            let changes = self.definitions.differences(&desired.details.attributes, user);
            draft.steps.extend(self.attribute_step(email, Some(&user.id), changes));
        }

        let current = wanted.current;
        let changes = memberships::changes(self.policy.memberships, current, &wanted.ranks);
        let step = |kind, rank: usize, admin| {
            let group = &self.groups.all()[rank];
            memberships::step(kind, email, Some(&user.id), group, admin)
        };
        for &rank in &changes.joins {
            let admin = wanted.admins.get(&rank).copied();
            // Nobody administers a group before the invitation is accepted.
            draft.notes.invited_admins += usize::from(user.is_invitation() && admin == Some(true));
            let admin = admin.filter(|_| !user.is_invitation());
            draft.steps.push(step(StepKind::AddMember, rank, admin));
        }
        for (&rank, &administers) in &wanted.admins {
            let group = &self.groups.all()[rank];
            if current.binary_search(&rank).is_err()
                || administers == group.is_administered_by(user)
            {
                continue;
            }
            if user.is_invitation() {
                draft.notes.invited_admins += 1;
            } else if protected && !administers {
                dropped.push(format!("the administration of \"{}\"", group.name));
            } else {
                draft.steps.push(step(StepKind::ChangeMember, rank, Some(administers)));
            }
        }
        for &rank in &changes.leaves {
            let group = &self.groups.all()[rank];
            if protected {
                dropped.push(format!("the membership of \"{}\"", group.name));
                continue;
            }
            draft.steps.push(step(StepKind::RemoveMember, rank, None));
        }
        if draft.steps[steps_before..].iter().any(Step::strips) {
            draft.tombstones.push(after.unwrap_or_else(|| user.clone()));
        }

        if !dropped.is_empty() {
            let message =
                format!("{} is protected, and keeps {}.", email.as_str(), dropped.join(", "));
            draft.refuse(who, RefusalReason::ProtectedPerson, message);
        } else if draft.steps.len() == steps_before {
            draft.unchanged.push(email.clone());
        }
        Ok(())
    }

    /// Returns the step that changes attributes, if there are changes and the server has attributes.
    /// `user` is `None` for a user that the plan creates.
    fn attribute_step(
        &self,
        email: &Email,
        user: Option<&UserId>,
        changes: Vec<FieldChange>,
    ) -> Option<Step> {
        (self.has_attributes && !changes.is_empty()).then(|| Step {
            kind: StepKind::ChangeAttributes,
            email: Some(email.clone()),
            user: user.cloned(),
            group_name: None,
            group: None,
            group_admin: None,
            precondition: digest::attributes(user, &changes),
            changes,
        })
    }

    /// Fails for a user type that the dialect can't set: no step could set it.
    fn check_user_type(
        &self,
        email: &Email,
        user_type: UserType,
        field: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.can.bills(user_type) {
            return Ok(());
        }
        let message = format!(
            "This API can't bill a user as \"{}\". Give another user type.",
            user_type.as_str()
        );
        Err(Error::new(Code::OperationUnsupported, message).about(email.as_str()).in_field(field()))
    }
}

/// Returns users by id.
fn sorted(users: &[User]) -> Vec<&User> {
    let mut sorted: Vec<&User> = users.iter().collect();
    sort::sort_by(&mut sorted, |a, b| a.id.cmp(&b.id));
    sorted
}

fn entry_user_type(index: usize) -> String {
    format!("request.roster[{index}].user-type")
}

/// Returns the login of a user, if the roster names the user by it.
fn login_on_roster(desired: &DesiredUser, user: &User) -> Option<String> {
    let login = user.login().map(String::from);
    match &desired.details.by {
        Some(UserRef::Login(_)) => login,
        Some(_) => None,
        None => login.filter(|_| user.email != desired.email && user.has_login(&desired.email)),
    }
}

/// Returns the login that a new person should have, if it is not the address.
fn login_of_new(desired: &DesiredUser) -> Option<String> {
    desired.details.login.clone().or_else(|| desired.details.by.as_ref().and_then(UserRef::login))
}

/// Explains that it is not known which account is a person's.
fn several(desired: &DesiredUser, accounts: &[&User]) -> String {
    let mut text = String::new();
    for (at, user) in accounts.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { " and " });
        text.push_str(&format!("{} (id {})", user.email.as_str(), user.id.value));
    }
    let why = match accounts.len() {
        1 => {
            "has an address that two entries of the roster name, as a present or a former one. Name it in one of them"
        }
        _ => {
            "have addresses that the entry names as present or former ones. Remove one of the accounts in Retool, or \
             take its address off the entry"
        }
    };
    format!(
        "It is not known which account is that of {}: {text} {why}. Nothing is done.",
        desired.label()
    )
}

/// Explains that accounts have the address or the login of a person who is missing.
fn taken(desired: &DesiredUser, others: &[&User]) -> String {
    let mut text = format!("No account has the name {} of this entry, but ", desired.label());
    for (at, user) in others.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { " and " });
        text.push_str(&format!("{} (id {})", user.email.as_str(), user.id.value));
    }
    text.push_str(
        " has the address or the login that it gives, so no second account is created. Correct the entry.",
    );
    text
}

/// Returns the fields of a new user. `admin` is only set if it is true.
fn initial(fields: &UserPatch, login: Option<String>) -> Vec<FieldChange> {
    let set = |field, after| FieldChange { field, before: None, after: Some(after) };
    let login = login.map(|after| set(Cow::Borrowed(LOGIN), after));
    let given = Field::ALL
        .into_iter()
        .filter(|&field| field != Field::Admin || fields.admin == Some(true))
        .filter_map(|field| Some(set(field.as_str().into(), fields.get(field)?.into())));
    let mut changes: Vec<FieldChange> = login.into_iter().chain(given).collect();
    // A new user has no metadata to remove.
    changes.extend(fields.set_metadata());
    changes
}

fn account_step(kind: StepKind, user: &User, changes: Vec<FieldChange>) -> Step {
    Step {
        kind,
        email: Some(user.email.clone()),
        user: Some(user.id.clone()),
        group_name: None,
        group: None,
        group_admin: None,
        precondition: digest::user_state_for(&changes, user),
        changes,
    }
}

fn refuse_ambiguous(who: &Refused<'_>, name: &str, accounts: &[&User], draft: &mut Draft) {
    let message = format!(
        "{} users have the address {name}; it is not known which one is meant.",
        accounts.len()
    );
    draft.refuse(who, RefusalReason::AmbiguousUser, message);
}
