//! Decides what happens to a person.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::groups::{Groups, NamedGroup};
use super::matching::{Accounts, Matching};
use super::memberships;
use super::{Draft, Refused};
use crate::domain::{Email, Field, FieldChange, User, UserPatch, UserRef, UserSet, UserType};
use crate::error::{Code, Error, Result};
use crate::retool::Capabilities;
use crate::retool::unreadable::Unreadable;
use crate::sort;
use crate::sync::{
    AbsentPolicy, DesiredUser, LOGIN, Policy, RefusalReason, Snapshot, Step, StepKind, SyncRequest,
    digest,
};

/// Decides about the people of a request, one after the other.
pub(super) struct Planner<'a> {
    policy: &'a Policy,
    request: &'a SyncRequest,
    can: Capabilities,
    groups: &'a Groups<'a>,
    protected: UserSet<'a>,
    /// The records of the listing that can't be used.
    unreadable: &'a Unreadable,
    /// Whether the listing lacks no user.
    is_complete: bool,
    /// Whether the server does not report what seats are billed as.
    has_no_user_types: bool,
}

impl<'a> Planner<'a> {
    /// Creates a planner for a request, the organisation as it was listed, and the named groups.
    pub fn new(request: &'a SyncRequest, snapshot: &'a Snapshot, groups: &'a Groups<'a>) -> Self {
        Planner {
            policy: &request.policy,
            request,
            can: snapshot.dialect.capabilities(),
            groups,
            protected: UserSet::of(&request.policy.guards.protected_people),
            unreadable: &snapshot.others.unreadable,
            is_complete: snapshot.complete,
            has_no_user_types: snapshot.others.has_no_user_types,
        }
    }

    /// Plans a person who is on the roster, at `index`.
    pub fn on_roster(
        &self,
        index: usize,
        desired: &DesiredUser,
        email: &Email,
        accounts: &Accounts<'_>,
        draft: &mut Draft,
    ) -> Result<()> {
        let wanted =
            self.groups.ranks(&desired.groups, || format!("request.roster[{index}].groups"))?;
        let mut fields = desired.fields.clone();
        fields.disabled = None;
        // The plan's limitations report the fields that the dialect can't set.
        if !self.can.bills_seats {
            fields.user_type = None;
        }
        if !self.can.sets_admins {
            fields.admin = None;
        }
        if !self.can.sets_photos {
            fields.profile_photo_url = None;
        }
        let is_unreadable = self.unreadable.has(&desired.email)
            || desired.by.as_ref().is_some_and(|who| self.unreadable.means(who));
        let mut who =
            Refused { email, login: desired.by.as_ref().and_then(UserRef::login), user: None };
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
                    self.check_named(index, desired, user)?;
                    who.user = Some(&user.id);
                    who.login = login_on_roster(desired, user);
                    self.existing(index, &who, user, fields, &wanted, draft)
                }
                several => {
                    refuse_ambiguous(&who, desired.label(), several, draft);
                    Ok(())
                }
            },
        }
    }

    /// Checks an account that the roster names by id or login: it must be inside the span, and have
    /// the address that the entry gives.
    fn check_named(&self, index: usize, desired: &DesiredUser, user: &User) -> Result<()> {
        if desired.by.is_none() {
            return Ok(());
        }
        let failure = |code, message: String, field: &str| {
            let field = format!("request.roster[{index}].{field}");
            Err(Error::new(code, message).in_field(field).about(user.email.as_str()))
        };
        if desired.email.is_address() && !user.answers_to(&desired.email) {
            let message = format!(
                "{} should have the address {}, and this version of the component does not change addresses yet. \
                 Nothing was written. Leave the address out, or change it in Retool.",
                desired.label(),
                desired.email.as_str()
            );
            return failure(Code::OperationUnsupported, message, "email");
        }
        if !self.request.span.contains(&user.email) {
            let message = format!(
                "{} is on the roster, and the account {} is outside its span. Take the person off the roster or widen \
                 the span.",
                desired.label(),
                user.email.as_str()
            );
            return failure(Code::OutsideSpan, message, "user");
        }
        Ok(())
    }

    /// Returns whether the policy for absent users covers accounts that are not on the roster. All
    /// their addresses must be covered: the roster of another part may have one of them.
    pub fn covers_absent(&self, accounts: &[&User]) -> bool {
        let is_covered = |user: &&User| {
            self.request.covers(user.email.key())
                && addresses(user).all(|name| self.request.span.contains(name))
        };
        self.policy.absent != AbsentPolicy::Keep
            && !accounts.is_empty()
            && accounts.iter().all(is_covered)
    }

    /// Counts the accounts that are not on the roster, and of which only some addresses are covered.
    pub fn straddles(&self, accounts: &[&User]) -> usize {
        let is_inside = |user: &&&User| {
            let request = self.request;
            request.covers(user.email.key())
                || addresses(user).any(|name| request.span.contains(name))
        };
        let inside = accounts.iter().filter(|user| user.names.is_some()).filter(is_inside);
        if self.policy.absent == AbsentPolicy::Keep { 0 } else { inside.count() }
    }

    /// Plans a person who is not on the roster and is [covered](Self::covers_absent) by the policy.
    pub fn absent(&self, accounts: &[&User], draft: &mut Draft) {
        let [user] = accounts else {
            if let [first, ..] = accounts {
                let who = Refused { email: &first.email, login: None, user: None };
                refuse_ambiguous(&who, first.email.as_str(), accounts, draft);
            }
            return;
        };
        let who = Refused { email: &user.email, login: None, user: Some(&user.id) };
        let (kind, changes, verb) = match self.policy.absent {
            AbsentPolicy::Keep => return,
            // There is no account yet to disable.
            _ if user.is_invitation() => (StepKind::DeleteUser, Vec::new(), "withdrawn"),
            AbsentPolicy::Delete if self.can.deletes_people || !user.disabled => {
                (StepKind::DeleteUser, Vec::new(), "deleted")
            }
            AbsentPolicy::Disable | AbsentPolicy::Delete if user.disabled => {
                draft.unchanged.push(user.email.clone());
                return;
            }
            AbsentPolicy::Disable | AbsentPolicy::Delete => {
                (StepKind::DisableUser, disabled_to(user, true), "disabled")
            }
        };
        if self.protected.has(user) {
            let message = format!(
                "{} is protected, so it is not {verb} although it is not on the roster.",
                user.email.as_str()
            );
            draft.refuse(&who, RefusalReason::ProtectedPerson, message);
            return;
        }
        if !self.is_complete {
            let message = format!(
                "{} is not on the roster, and is not {verb}, because the listing may lack users.",
                user.email.as_str()
            );
            draft.refuse(&who, RefusalReason::ListingIncomplete, message);
            return;
        }
        if !user.disabled {
            draft.seats.free(user.user_type);
        }
        draft.tombstones.push((*user).clone());
        draft.steps.push(account_step(kind, user, changes));
    }

    /// Refuses the people that the policy covers as absent, and whose records can't be used.
    pub fn unreadable(&self, matching: &Matching<'_>, draft: &mut Draft) {
        let before = draft.refusals.len();
        for record in self.unreadable.records() {
            let Some(email) = &record.email else { continue };
            let is_covered = self.policy.absent != AbsentPolicy::Keep
                && self.request.span.contains(email)
                && !matching.is_on_roster(email);
            if is_covered {
                let message = format!(
                    "{} is not on the roster, and the server's record can't be used, so nothing is done. Repair it \
                     in Retool.",
                    email.as_str()
                );
                let who = Refused { email, login: None, user: None };
                draft.refuse(&who, RefusalReason::RecordUnreadable, message);
            }
        }
        if draft.refusals.len() > before {
            sort::sort_by(&mut draft.refusals, |a, b| a.email.cmp(&b.email));
        }
    }

    fn missing(
        &self,
        index: usize,
        desired: &DesiredUser,
        mut fields: UserPatch,
        wanted: &[usize],
        draft: &mut Draft,
    ) -> Result<()> {
        let email = &desired.email;
        let address = email.as_str();
        let login = desired.by.as_ref().and_then(UserRef::login);
        let who = &Refused { email, login, user: None };
        if !email.is_address() {
            let message = format!(
                "No account has the {} {}, and none can be created without an address. Correct it, or give the \
                 address too.",
                desired.by.as_ref().map_or("name", UserRef::what),
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
            changes: initial(&fields, login_of_new(desired)),
            precondition: digest::absent(),
        });
        for group in self.named(wanted) {
            let step = memberships::step(StepKind::AddMember, email, None, group);
            draft.steps.push(step);
        }
        Ok(())
    }

    fn existing(
        &self,
        index: usize,
        who: &Refused<'_>,
        user: &User,
        mut fields: UserPatch,
        wanted: &[usize],
        draft: &mut Draft,
    ) -> Result<()> {
        if user.disabled && !self.policy.re_enable_disabled {
            let message = format!(
                "{} is disabled, and the policy does not allow enabling users.",
                user.email.as_str()
            );
            draft.refuse(who, RefusalReason::UserDisabled, message);
            return Ok(());
        }
        let protected = self.protected.has(user);
        let mut dropped: Vec<String> = Vec::new();
        // An invitation has no fields until it is accepted.
        if !self.policy.update_existing || user.is_invitation() {
            fields = UserPatch::default();
        }
        if protected && user.admin && fields.admin == Some(false) {
            fields.admin = None;
            dropped.push(String::from("the administrator's rights"));
        }
        if user.disabled {
            fields.disabled = Some(false);
        }
        // A type that the server does not report can be neither compared nor confirmed.
        if self.has_no_user_types && fields.user_type.take().is_some() {
            draft.untyped += 1;
        }
        let changes = fields.differences(user);
        let after = match fields.user_type {
            Some(user_type) if user.user_type != Some(user_type) => {
                self.check_user_type(&user.email, user_type, || entry_user_type(index))?;
                Some(user_type)
            }
            _ => user.user_type,
        };

        let steps_before = draft.steps.len();
        if user.disabled {
            draft.seats.take(after);
            draft.steps.push(account_step(StepKind::EnableUser, user, changes));
        } else if !changes.is_empty() {
            draft.seats.exchange(user.user_type, after);
            draft.steps.push(account_step(StepKind::UpdateUser, user, changes));
        }

        let current = self.groups.memberships_of(user);
        let changes = memberships::changes(self.policy.memberships, &current, wanted);
        for group in self.named(&changes.joins) {
            let step = memberships::step(StepKind::AddMember, &user.email, Some(&user.id), group);
            draft.steps.push(step);
        }
        if !changes.leaves.is_empty() && !protected {
            draft.tombstones.push(user.clone());
        }
        for group in self.named(&changes.leaves) {
            if protected {
                dropped.push(format!("the membership of \"{}\"", group.name));
                continue;
            }
            let step =
                memberships::step(StepKind::RemoveMember, &user.email, Some(&user.id), group);
            draft.steps.push(step);
        }

        if !dropped.is_empty() {
            let message =
                format!("{} is protected, and keeps {}.", user.email.as_str(), dropped.join(", "));
            draft.refuse(who, RefusalReason::ProtectedPerson, message);
        } else if draft.steps.len() == steps_before {
            draft.unchanged.push(user.email.clone());
        }
        Ok(())
    }

    fn named(&self, ranks: &[usize]) -> impl Iterator<Item = &'a NamedGroup> {
        let all = self.groups.all();
        ranks.iter().map(|&rank| &all[rank])
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

fn entry_user_type(index: usize) -> String {
    format!("request.roster[{index}].user-type")
}

/// Returns the addresses of an account, its login among them if it is one.
fn addresses(user: &User) -> impl Iterator<Item = &Email> {
    user.all_names().filter(|name| name.is_address() && name.key().contains('@'))
}

/// Returns the login of a user, if the roster names the user by it.
fn login_on_roster(desired: &DesiredUser, user: &User) -> Option<String> {
    let login = user.login().map(String::from);
    match &desired.by {
        Some(UserRef::Login(_)) => login,
        Some(_) => None,
        None => login.filter(|_| user.email != desired.email && user.has_login(&desired.email)),
    }
}

/// Returns the login that a new person should have, if it is not the address.
fn login_of_new(desired: &DesiredUser) -> Option<String> {
    desired.login.clone().or_else(|| desired.by.as_ref().and_then(UserRef::login))
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
    let login = login.map(|after| FieldChange { field: LOGIN, before: None, after });
    let fields = Field::ALL
        .into_iter()
        .filter(|&field| field != Field::Admin || fields.admin == Some(true))
        .filter_map(|field| {
            Some(FieldChange { field: field.as_str(), before: None, after: fields.get(field)? })
        });
    login.into_iter().chain(fields).collect()
}

fn disabled_to(user: &User, disabled: bool) -> Vec<FieldChange> {
    let patch = UserPatch { disabled: Some(disabled), ..UserPatch::default() };
    patch.differences(user)
}

fn account_step(kind: StepKind, user: &User, changes: Vec<FieldChange>) -> Step {
    Step {
        kind,
        email: Some(user.email.clone()),
        user: Some(user.id.clone()),
        group_name: None,
        group: None,
        changes,
        precondition: digest::user_state(user),
    }
}

fn refuse_ambiguous(who: &Refused<'_>, name: &str, accounts: &[&User], draft: &mut Draft) {
    let message = format!(
        "{} users have the address {name}; it is not known which one is meant.",
        accounts.len()
    );
    draft.refuse(who, RefusalReason::AmbiguousUser, message);
}
