//! Checks that people who are named by former addresses keep their accounts: one account gets the
//! new address, and everything else of it stays.

use mock_retool::{Invite, Organisation, User};
use retool_lifecycle::domain::UserId;
use retool_lifecycle::lifecycle::ProvisionOutcome;
use retool_lifecycle::sync::report::PersonOutcome;
use retool_lifecycle::sync::{Plan, StepKind};
use serde_json::Value;

use super::Checker;
use super::goal::find;
use super::writes::Verdict;
use crate::change::{Change, address_in, key, plain_key};
use crate::dialects::dialect_wire;
use crate::former::{Naming, namings, renamed_by};
use crate::operation::{Done, Operation};
use crate::request::{Act, Fields, LOGIN, ParsedRequest};

const INVARIANT: &str = "renames";

impl Checker {
    /// Whether the server keeps the address or the login of a user who should get another one.
    pub fn keeps_addresses(&self) -> bool {
        self.beliefs.keeps_addresses
    }

    /// Checks that a write is not about a person whose account is not known for sure, or can't be
    /// renamed, and that nobody is created who has an account under a former address.
    pub(super) fn check_names(&self, parsed: &ParsedRequest) -> Verdict {
        let operation = &*self.operation;
        match parsed.act.as_ref() {
            Some(Act::Create { email, .. } | Act::Invite { email, .. }) => {
                let person = key(email);
                let namings = operation.namings();
                let mut own = namings.iter().filter(|naming| naming.is_present(&person));
                match own
                    .find_map(|naming| self.former_account(naming, |user| self.has_stayed(user)))
                {
                    Some(former) => {
                        let what = format!("{person} is created, and has the account {former}");
                        Err((INVARIANT, what))
                    }
                    None => Ok(()),
                }
            }
            Some(
                Act::Update { id, .. }
                | Act::Delete { id }
                | Act::Leave { id, .. }
                | Act::EndSessions { id },
            ) => self.check_account(operation, id),
            Some(Act::Join { users, .. }) => {
                users.iter().try_for_each(|id| self.check_account(operation, id))
            }
            _ => Ok(()),
        }
    }

    fn check_account(&self, operation: &Operation, id: &str) -> Verdict {
        let Some(user) = self.start.user(id) else { return Ok(()) };
        let person = key(&user.email);
        let namings = operation.namings();
        let is_about = |naming: &&Naming<'_>| {
            naming.is_present(&person)
                || naming.is_former(&person) && !self.is_claimed(user)
                || naming.has_id_of(self.dialect, user)
        };
        if namings.iter().filter(is_about).count() > 1 {
            let what = format!("{person} is named as two people, and is changed");
            return Err((INVARIANT, what));
        }
        for naming in namings.iter().filter(is_about) {
            let mut accounts = self.accounts_of(naming).into_iter();
            if let Some(other) = accounts.find(|one| one.id != *id && self.has_stayed(one)) {
                let what =
                    format!("{person} and {} may be one person, who is changed", other.email);
                return Err((INVARIANT, what));
            }
            if !naming.is_present(&person) && !self.can.renames {
                let what = format!("{person} can't be renamed, and is changed");
                return Err((INVARIANT, what));
            }
        }
        Ok(())
    }

    /// Returns the accounts that a person had at the start of the call, without those that have the
    /// present address of somebody else. The component may not see a hidden one.
    fn accounts_of(&self, naming: &Naming<'_>) -> Vec<&User> {
        let is_other = |user: &User| {
            naming.is_former(&key(&user.email))
                && self.is_claimed(user)
                && !naming.has_id_of(self.dialect, user)
        };
        let mut found = self.visible_accounts(naming);
        found.retain(|user| !is_other(user));
        found
    }

    /// Whether the roster names an account by its present address or by id.
    fn is_claimed(&self, user: &User) -> bool {
        let mut namings = self.operation.namings().into_iter();
        self.operation.names(&key(&user.email))
            || namings.any(|naming| naming.has_id_of(self.dialect, user))
    }

    fn visible_accounts(&self, naming: &Naming<'_>) -> Vec<&User> {
        let is_theirs = |user: &&User| {
            let is_named = naming.is_any(&key(&user.email)) || naming.has_id_of(self.dialect, user);
            is_named && !self.is_hidden(&key(&user.email))
        };
        self.start.users.iter().filter(is_theirs).collect()
    }

    /// Whether an account has had its address since the call began.
    fn has_stayed(&self, user: &User) -> bool {
        let mut states = self.states();
        states.all(|state| state.user(&user.id).is_some_and(|now| now.email == user.email))
    }

    /// Returns the address of an account or an invitation that a person has under a former address.
    fn former_account(
        &self,
        naming: &Naming<'_>,
        is_there: impl Fn(&User) -> bool,
    ) -> Option<String> {
        let accounts = self.visible_accounts(naming).into_iter();
        let mut accounts =
            accounts.filter(|user| naming.is_former(&key(&user.email)) && is_there(user));
        let first = accounts.next().map(|user| &user.email);
        let is_open = |invite: &&Invite| {
            let person = key(&invite.email);
            let mut states = self.states();
            naming.is_former(&person)
                && states.all(|state| self.open_invitation(state, &person).is_some())
        };
        let invitation = || self.start.invites.iter().find(is_open).map(|invite| &invite.email);
        first.or_else(invitation).cloned()
    }

    /// Returns the account of a person before the call: the one with the id that the request gives,
    /// or one with the present or a former address.
    pub(super) fn account_before(&self, person: &str) -> Option<&User> {
        let namings = self.operation.namings();
        let naming = namings.iter().find(|naming| naming.is_present(person));
        let has_id =
            |user: &&User| naming.is_some_and(|naming| naming.has_id_of(self.dialect, user));
        let known = self.operation.known_as(person);
        self.start
            .users
            .iter()
            .find(has_id)
            .or_else(|| find(&self.start, person))
            .or_else(|| known.iter().find_map(|old| find(&self.start, old)))
    }

    /// Returns the address that the roster gives to the account with this id.
    pub(super) fn given_by_id(&self, id: &str) -> Option<&str> {
        let request = self.operation.sync_request()?;
        let dialect_wire = dialect_wire(self.dialect);
        let is_it = |given: &UserId| dialect_wire.user_id(&given.value) == id;
        let naming = namings(request).find(|naming| naming.id.is_some_and(is_it))?;
        Some(naming.present.as_str())
    }

    /// Returns the address that an account should get.
    pub(super) fn new_address_of(&self, id: &str) -> Option<String> {
        let people = self.addresses_of(id);
        let of_address = || people.iter().find_map(|person| self.operation.new_address(person));
        self.given_by_id(id).or_else(of_address).map(str::to_owned)
    }

    /// Whether a change is of the account of a person, and not of another one that had the address
    /// and gets a new one.
    pub(super) fn is_of(&self, change: &Change, person: &str) -> bool {
        let (Change::UserField { id, .. } | Change::Joined { id, .. } | Change::Left { id, .. }) =
            change
        else {
            return true;
        };
        self.new_address_of(id).is_none_or(|new| key(&new) == person)
    }

    /// Returns the address by which the request names an account: that of its entry if it has the
    /// id, or else the one that a response contained last, or the login if only that is named.
    pub(super) fn person_of(&self, id: &str) -> String {
        if let Some(given) = self.given_by_id(id) {
            return key(given);
        }
        let address = self.visible_address(id).unwrap_or_default();
        let login = self.visible.get(id).and_then(|record| address_in(record.get(LOGIN)?));
        let is_named =
            |login: &String| !self.operation.is_about(&address) && self.operation.is_about(login);
        login.filter(is_named).unwrap_or(address)
    }

    /// Whether a change of the SCIM-only fields of a user gives the account an address that the
    /// request gives it. Another login and other mails stay.
    pub(super) fn is_renaming(&self, id: &str, before: &Value, after: &Value) -> bool {
        let people = self.addresses_of(id);
        let present = || people.iter().find_map(|person| self.operation.present_address(person));
        let Some(new) = self.given_by_id(id).or_else(present) else { return false };
        let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
            return false;
        };
        let without = |fields: &Fields| {
            let mut fields = fields.clone();
            fields.remove("userName");
            fields.remove("emails");
            fields
        };
        let login = |fields: &Fields| fields.get("userName").and_then(Value::as_str).map(plain_key);
        let (was, is) = (login(before), login(after));
        let may_go = was.as_ref().is_none_or(|was| people.contains(was));
        let is_new = is.as_ref().is_none_or(|is| people.contains(is));
        without(before) == without(after)
            && (was == is || may_go && is_new)
            && keeps_mails(before.get("emails"), after.get("emails"), new)
    }

    /// Returns what is wrong in a plan about people who are named by former addresses. Applies only
    /// to calls without edits of the other administrator.
    pub(super) fn wrongly_planned(&self, plan: &Plan) -> Option<String> {
        let request = self.operation.sync_request()?;
        let namings: Vec<Naming<'_>> = namings(request).collect();
        let dialect_wire = dialect_wire(self.dialect);
        plan.steps.iter().find_map(|step| {
            let person = key(step.email.as_ref()?.as_str());
            let naming = namings.iter().find(|naming| naming.is_present(&person));
            match step.kind {
                StepKind::CreateUser | StepKind::InviteUser => {
                    let former = self.former_account(naming?, |_| true)?;
                    Some(format!("the plan creates {person}, who has the account {former}"))
                }
                StepKind::RenameUser => {
                    let id = step.user.as_ref().map(|id| dialect_wire.user_id(&id.value));
                    let user = id.and_then(|id| self.start.user(&id));
                    let is_meant = user.is_some_and(|user| {
                        let email = key(&user.email);
                        renamed_by(step).as_deref() == Some(&*email)
                            && self.new_address_of(&user.id).map(|new| key(&new)).as_ref()
                                == Some(&person)
                            && naming.is_some_and(|naming| self.accounts_of(naming).len() == 1)
                    });
                    let is_possible = self.can.renames && is_meant;
                    (!is_possible).then(|| format!("the plan renames somebody to {person}"))
                }
                _ => None,
            }
        })
    }

    /// Returns an outcome that is wrong about who was renamed. Applies only to calls without edits
    /// of the other administrator.
    pub(super) fn wrongly_renamed(&self, done: &Done) -> Option<String> {
        let is_to = |change: &Change, person: &str| {
            matches!(change, Change::UserField { field, after, .. }
                if field == "email" && after.as_str().is_some_and(|after| key(after) == person))
        };
        let was_renamed =
            |person: &str| self.component_changes().any(|change| is_to(change, person));
        let wrong = |person: &str, is_reported: bool| {
            (is_reported != was_renamed(person)).then(|| {
                let what = if is_reported { "was not renamed" } else { "was renamed" };
                format!("{person} {what}, which the outcome does not say")
            })
        };
        match done {
            Done::Provisioned(done) => {
                let person = key(done.user.email.as_str());
                wrong(&person, done.outcome == ProvisionOutcome::Renamed)
            }
            Done::Synced(report) => report.people.iter().find_map(|reported| {
                let person = key(reported.email.as_str());
                match reported.outcome {
                    PersonOutcome::Renamed => wrong(&person, true),
                    PersonOutcome::Updated
                    | PersonOutcome::Unchanged
                    | PersonOutcome::ReEnabled
                    | PersonOutcome::Created => wrong(&person, false),
                    _ => None,
                }
            }),
            _ => None,
        }
    }

    /// Returns a person whose account is not the one of the former address, or still has that
    /// address. Applies only to calls that succeeded without edits of the other administrator.
    pub(super) fn not_renamed(&self, now: &Organisation, person: &str) -> Option<String> {
        let before = self.account_before(person)?;
        let after = find(now, person).or_else(|| now.user(&before.id))?;
        if self.operation.new_address(&key(&after.email)).is_some_and(|new| key(new) == person) {
            return Some(format!("{person} still has the address {}", after.email));
        }
        // A listing without the former account is whole for all that can be seen.
        let is_hidden = self.is_hidden(&key(&before.email));
        (before.id != after.id && !is_hidden)
            .then(|| format!("{person} has the account {} and had {}", after.id, before.id))
    }
}

/// Whether mails are the same, except that some have the new address.
fn keeps_mails(before: Option<&Value>, after: Option<&Value>, new: &str) -> bool {
    let (Some(Value::Array(before)), Some(Value::Array(after))) = (before, after) else {
        return before == after;
    };
    let is_kept = |(before, after): (&Value, &Value)| {
        let mut before = before.clone();
        if after["value"] == new {
            before["value"] = after["value"].clone();
        }
        before == *after
    };
    before.len() == after.len() && before.iter().zip(after).all(is_kept)
}
