//! Decides what happens to a person.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Draft;
use super::groups::{Groups, NamedGroup};
use super::matching::Matching;
use super::memberships;
use crate::domain::{Email, Field, FieldChange, User, UserPatch, UserType};
use crate::error::{Code, Error, Result};
use crate::retool::Capabilities;
use crate::retool::unreadable::Unreadable;
use crate::sort;
use crate::sync::{
    AbsentPolicy, DesiredUser, Policy, RefusalReason, Snapshot, Span, Step, StepKind, SyncRequest,
    digest,
};

/// Decides about the people of a request, one after the other.
pub(super) struct Planner<'a> {
    policy: &'a Policy,
    span: &'a Span,
    can: Capabilities,
    groups: &'a Groups<'a>,
    protected: BTreeSet<&'a Email>,
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
            span: &request.span,
            can: snapshot.dialect.capabilities(),
            groups,
            protected: sort::set(&request.policy.guards.protected_people),
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
        accounts: &[&User],
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
        if self.unreadable.has(&desired.email) {
            let message = format!(
                "The server's record of {} can't be used, so nothing is done. Repair it in Retool.",
                desired.email.as_str()
            );
            draft.refuse(&desired.email, RefusalReason::RecordUnreadable, message);
            return Ok(());
        }
        match accounts {
            [] => self.missing(index, &desired.email, fields, &wanted, draft),
            [user] => self.existing(index, user, fields, &wanted, draft),
            several => {
                refuse_ambiguous(several, draft);
                Ok(())
            }
        }
    }

    /// Returns whether the policy for absent users covers an address that is not on the roster. It
    /// does not cover an account without an address, which no roster can name.
    pub fn covers_absent(&self, accounts: &[&User]) -> bool {
        self.policy.absent != AbsentPolicy::Keep
            && accounts
                .first()
                .is_some_and(|user| !user.email.key().is_empty() && self.span.contains(&user.email))
    }

    /// Plans a person who is not on the roster and is [covered](Self::covers_absent) by the policy.
    pub fn absent(&self, accounts: &[&User], draft: &mut Draft) {
        let [user] = accounts else {
            refuse_ambiguous(accounts, draft);
            return;
        };
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
        if self.protected.contains(&user.email) {
            let message = format!(
                "{} is protected, so it is not {verb} although it is not on the roster.",
                user.email.as_str()
            );
            draft.refuse(&user.email, RefusalReason::ProtectedPerson, message);
            return;
        }
        if !self.is_complete {
            let message = format!(
                "{} is not on the roster, and is not {verb}, because the listing may lack users.",
                user.email.as_str()
            );
            draft.refuse(&user.email, RefusalReason::ListingIncomplete, message);
            return;
        }
        if !user.disabled {
            draft.seats.free(user.user_type);
        }
        draft.tombstones.push((*user).clone());
        draft.steps.push(account_step(kind, user, changes));
    }

    /// Refuses the people whom the policy covers as absent, and whose records can't be used.
    pub fn unreadable(&self, matching: &Matching<'_>, draft: &mut Draft) {
        let before = draft.refusals.len();
        for record in self.unreadable.records() {
            let Some(email) = &record.email else { continue };
            let is_covered = self.policy.absent != AbsentPolicy::Keep
                && self.span.contains(email)
                && !matching.is_on_roster(email);
            if is_covered {
                let message = format!(
                    "{} is not on the roster, and the server's record can't be used, so nothing is done. Repair it \
                     in Retool.",
                    email.as_str()
                );
                draft.refuse(email, RefusalReason::RecordUnreadable, message);
            }
        }
        if draft.refusals.len() > before {
            sort::sort_by(&mut draft.refusals, |a, b| a.email.cmp(&b.email));
        }
    }

    fn missing(
        &self,
        index: usize,
        email: &Email,
        mut fields: UserPatch,
        wanted: &[usize],
        draft: &mut Draft,
    ) -> Result<()> {
        let address = email.as_str();
        if !self.policy.create_missing {
            let message =
                format!("{address} is missing, and the policy does not allow creating users.");
            draft.refuse(email, RefusalReason::CreationNotAllowed, message);
            return Ok(());
        }
        if self.can.names_required && (fields.first_name.is_none() || fields.last_name.is_none()) {
            let message =
                format!("{address} is missing, and this API requires both names to create a user.");
            draft.refuse(email, RefusalReason::NameRequired, message);
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
                draft.refuse(email, RefusalReason::UserTypeRequired, message);
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
            changes: initial(&fields),
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
            draft.refuse(&user.email, RefusalReason::UserDisabled, message);
            return Ok(());
        }
        let protected = self.protected.contains(&user.email);
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
            draft.refuse(&user.email, RefusalReason::ProtectedPerson, message);
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

/// Returns the fields of a new user. `admin` is only set if it is true.
fn initial(fields: &UserPatch) -> Vec<FieldChange> {
    Field::ALL
        .into_iter()
        .filter(|&field| field != Field::Admin || fields.admin == Some(true))
        .filter_map(|field| {
            Some(FieldChange { field: field.as_str(), before: None, after: fields.get(field)? })
        })
        .collect()
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

fn refuse_ambiguous(accounts: &[&User], draft: &mut Draft) {
    let Some(user) = accounts.first() else { return };
    let address = user.email.as_str();
    let message = format!(
        "{} users have the address {address}; it is not known which one is meant.",
        accounts.len()
    );
    draft.refuse(&user.email, RefusalReason::AmbiguousUser, message);
}
