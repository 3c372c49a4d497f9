//! Writes as they arrive: only what was asked for, about whom it was asked for, and on the
//! ground of what was just read.

use mock_retool::{ADMIN, Organisation};
use retool_lifecycle::time::{days_ms, parse_iso};
use serde_json::Value;

use super::{Cover, Watch};
use crate::change::{is_invitation, key};
use crate::mandate::KnownGroup;
use crate::operation::Operation;
use crate::wire::{Act, Fields, VERSION, Wire};

/// What the server sets itself and does not take back.
const MANAGED: [&str; 5] = ["id", "createdAt", "updatedAt", "groups", "members"];

impl Watch {
    /// A write arrives; `now` is milliseconds since the Unix epoch.
    pub fn arrives(&mut self, wire: &Wire, now: i64) {
        let operation = std::rc::Rc::clone(&self.operation);
        let found = match wire.act.as_ref().unwrap_or(&Act::Unknown) {
            Act::Create { email, fields } => self.judge_creation(&operation, email, fields),
            Act::Update { id, fields, whole } => self
                .judge_update(&operation, id, fields, *whole)
                .and_then(|()| self.judge_version(self.read.get(id), wire)),
            Act::Delete { id } => self.judge_deletion(&operation, id, now),
            Act::CreateGroup { name } => self.judge_group_creation(&operation, name),
            Act::UpdateGroup { id, fields, whole } => {
                let version = self.groups_shown.get(id).and_then(|record| record.get(VERSION));
                let version = version.and_then(Value::as_str).map(ToOwned::to_owned);
                self.judge_group_update(&operation, *id, fields, *whole)
                    .and_then(|()| self.judge_version(Some(&version), wire))
            }
            Act::DeleteGroup { id } => {
                if self.is_known_as(*id, |group| operation.may_delete_group(group)) {
                    Ok(())
                } else {
                    Err(("only the request", "a group that nobody asked to delete".into()))
                }
            }
            Act::Join { group, people } => {
                people.iter().try_for_each(|id| self.judge_membership(&operation, *group, id, true))
            }
            Act::Leave { group, id } => self.judge_membership(&operation, *group, id, false),
            Act::EndSessions { id } => self.judge_log_out(&operation, id),
            Act::Unknown => Err(("only the request", "a request that nobody could ask for".into())),
        };
        if let Err((invariant, what)) = found {
            self.violated(invariant, format_args!("{what} ({})", wire.line()));
        }
    }

    fn judge_creation(&self, operation: &Operation, email: &str, fields: &Fields) -> Verdict {
        let person = key(email);
        if !operation.may_create(&person) {
            return Err(("only the request", format!("nobody asked to create {person}")));
        }
        for (field, value) in fields {
            if operation.asked(&person, field, true).as_ref() != Some(value) {
                return Err(("fields", format!("{field} of somebody new was not asked for")));
            }
        }
        if self.posted.contains(&person) {
            return Err(("one invitation", format!("{person} is posted again without a look")));
        }
        match self.looks.get(&person) {
            Some(false) => Ok(()),
            Some(true) => Err(("one invitation", format!("{person} was found and is posted"))),
            None if self.listed || matches!(operation, Operation::Step(..)) => Ok(()),
            None => Err(("one invitation", format!("{person} is posted without a look"))),
        }
    }

    fn judge_update(
        &self,
        operation: &Operation,
        id: &str,
        fields: &Fields,
        whole: bool,
    ) -> Verdict {
        let (Some(shown), true) = (self.shown.get(id), self.read.contains_key(id)) else {
            return Err(("fields", "a record is written that was not read".into()));
        };
        let person = self.shown_address(id).unwrap_or_default();
        let asked = |field: &str| operation.asked(&person, field, false);
        if whole {
            same_but_for_asked(shown, fields, asked)?;
        } else {
            only_asked(fields, asked)?;
        }
        if fields.get("isDisabled") == Some(&Value::Bool(true)) {
            let before = shown.get("isDisabled").and_then(Value::as_bool).unwrap_or(false);
            if !before {
                return self.judge_removal(operation, &person);
            }
        }
        Ok(())
    }

    /// What has a version is changed as the version that was read, and no other.
    fn judge_version(&self, read: Option<&Option<String>>, wire: &Wire) -> Verdict {
        match read {
            Some(Some(version)) if wire.if_match.as_ref() != Some(version) => {
                let sent = wire.if_match.as_deref().unwrap_or("any version");
                Err(("fields", format!("{sent} is changed, and {version} was read")))
            }
            _ => Ok(()),
        }
    }

    fn judge_deletion(&self, operation: &Operation, id: &str, now: i64) -> Verdict {
        let (Some(shown), true) = (self.shown.get(id), self.read.contains_key(id)) else {
            return Err(("only the request", "somebody is deleted who was not read".into()));
        };
        let person = self.shown_address(id).unwrap_or_default();
        if is_invitation(id) {
            if !operation.may_withdraw(&person) {
                let what = format!("nobody asked to withdraw the invitation of {person}");
                return Err(("only the request", what));
            }
            return self.judge_removal(operation, &person);
        }
        match operation.may_delete(&person) {
            None => return Err(("only the request", format!("nobody asked to delete {person}"))),
            Some(None) => {}
            Some(Some(days)) => {
                let disabled = shown.get("isDisabled") == Some(&Value::Bool(true));
                let since = shown.get("updatedAt").and_then(Value::as_str).and_then(parse_iso);
                let due = since.is_some_and(|since| since + days_ms(days) <= now);
                if !disabled || !due {
                    return Err(("only the request", format!("{person} is deleted too early")));
                }
            }
        }
        self.judge_removal(operation, &person)
    }

    /// Removals are planned on whole listings and spare the protected.
    fn judge_removal(&self, operation: &Operation, person: &str) -> Verdict {
        if operation.is_protected(person) {
            return Err(("guards", format!("{person} is protected and is removed")));
        }
        if operation.sync_request().is_some() && !self.saw_everybody() {
            return Err(("whole listings", format!("{person} is removed out of a part of one")));
        }
        Ok(())
    }

    fn judge_membership(
        &self,
        operation: &Operation,
        group: u32,
        id: &str,
        joins: bool,
    ) -> Verdict {
        if joins && self.was_taken_out(id, group) {
            // Who put the last one back in can't tell a server that empties groups from somebody
            // else who took them out.
            return Ok(());
        }
        let Some(addresses) = self.addresses.get(id) else {
            return Err(("only the request", "a membership of somebody who was not read".into()));
        };
        let allowed = addresses.iter().any(|person| {
            self.is_known_as(group, |group| {
                if joins {
                    operation.may_join(person, group)
                } else {
                    operation.may_leave(person, group)
                }
            })
        });
        if !allowed {
            let what = if joins { "join" } else { "leave" };
            let names = self.group_names(group);
            let what = format!("nobody asked that {addresses:?} {what} {names:?}");
            return Err(("only the request", what));
        }
        if !joins && group != ADMIN {
            for person in addresses {
                self.judge_removal(operation, person)?;
            }
        }
        Ok(())
    }

    fn judge_log_out(&self, operation: &Operation, id: &str) -> Verdict {
        let person = self.shown_address(id).unwrap_or_default();
        if !operation.may_end_sessions(&person) {
            return Err(("only the request", format!("nobody asked to log {person} out")));
        }
        let is_disabled =
            |state: &Organisation| state.user(id).is_some_and(|user| user.is_disabled);
        if self.states().any(is_disabled) {
            Ok(())
        } else {
            Err(("only the request", format!("{person} is logged out and was never disabled")))
        }
    }

    fn judge_group_creation(&self, operation: &Operation, name: &str) -> Verdict {
        let name = name.trim();
        if !operation.may_create_group(name) {
            return Err(("only the request", format!("nobody asked to create {name:?}")));
        }
        let looked =
            self.group_readings.iter().any(Cover::is_complete) || self.groups_missed.contains(name);
        if !looked || self.groups_posted.contains(name) {
            return Err(("one group of a name", format!("{name:?} is posted without a look")));
        }
        Ok(())
    }

    fn judge_group_update(
        &self,
        operation: &Operation,
        id: u32,
        fields: &Fields,
        whole: bool,
    ) -> Verdict {
        let (Some(shown), true) = (self.groups_shown.get(&id), self.groups_read.contains(&id))
        else {
            return Err(("fields", "a group is written that was not read".into()));
        };
        let names = self.group_names(id);
        let asked = |field: &str| {
            names.iter().find_map(|name| operation.asked_of_group(&KnownGroup { id, name }, field))
        };
        if whole { same_but_for_asked(shown, fields, asked) } else { only_asked(fields, asked) }
    }

    /// Whether something holds of a group under one of the names it has had.
    fn is_known_as(&self, id: u32, holds: impl Fn(&KnownGroup<'_>) -> bool) -> bool {
        self.group_names(id).iter().any(|name| holds(&KnownGroup { id, name }))
    }
}

/// What a write violates, and how.
type Verdict = Result<(), (&'static str, String)>;

/// A PATCH sets what it names, and so must name nothing but what was asked for.
fn only_asked(sent: &Fields, asked: impl Fn(&str) -> Option<Value>) -> Verdict {
    match sent.iter().find(|(field, value)| asked(field).as_ref() != Some(value)) {
        Some((field, value)) => {
            Err(("fields", format!("{field} is sent as {value}, and nobody asked for that")))
        }
        None => Ok(()),
    }
}

/// A PUT replaces the whole record: so it must be the one that was shown last, but for what
/// was asked for.
fn same_but_for_asked(
    shown: &Fields,
    sent: &Fields,
    asked: impl Fn(&str) -> Option<Value>,
) -> Verdict {
    let is_managed = |field: &str| MANAGED.contains(&field);
    for (field, value) in shown.iter().filter(|(field, _)| !is_managed(field)) {
        match sent.get(field) {
            None => return Err(("fields", format!("{field} is left out, which resets it"))),
            Some(sent) if sent == value || asked(field).as_ref() == Some(sent) => {}
            Some(sent) => {
                return Err(("fields", format!("{field} was {value} and is sent as {sent}")));
            }
        }
    }
    match sent.keys().find(|field| !shown.contains_key(*field) && asked(field).is_none()) {
        Some(field) => Err(("fields", format!("{field} is sent and was not there"))),
        None => Ok(()),
    }
}
