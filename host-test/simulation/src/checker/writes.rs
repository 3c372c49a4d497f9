//! Checks each write when it arrives: the call must request it for this user or group, and it must
//! be based on the last read.

use mock_retool::{ADMIN, Dialect, IfMatchRule, Organisation};
use retool_lifecycle::time::{days_ms, parse_iso};
use serde_json::Value;

use super::{Checker, Coverage};
use crate::allowed_writes::{Age, KnownGroup, desired};
use crate::change::{Change, is_invitation, key, metadata_field, metadata_key, plain_key};
use crate::dialects::capabilities;
use crate::operation::Operation;
use crate::request::{Act, Fields, LOGIN, ParsedRequest, VERSION};

/// Fields that only the server sets. A PUT does not contain them.
const MANAGED: [&str; 7] =
    [LOGIN, "id", "createdAt", "updatedAt", "lastActive", "groups", "members"];

impl Checker {
    /// Checks a write that arrives. `now` is in milliseconds since the Unix epoch.
    pub fn write_arrives(&mut self, parsed: &ParsedRequest, now: i64) {
        let operation = std::rc::Rc::clone(&self.operation);
        let found = match parsed.act.as_ref().unwrap_or(&Act::Unknown) {
            Act::Create { email, fields } => self.check_creation(&operation, email, fields),
            Act::Invite { email, groups, metadata } => {
                self.check_invitation(&operation, email, groups, metadata)
            }
            Act::Update { id, fields, whole } => self
                .check_update(&operation, id, fields, *whole)
                .and_then(|()| self.check_version(self.read.get(id), parsed)),
            Act::Delete { id } => self.check_deletion(&operation, id, now),
            Act::CreateGroup { name } => self.check_group_creation(&operation, name),
            Act::UpdateGroup { id, fields, whole } => {
                let version = self.visible_groups.get(id).and_then(|record| record.get(VERSION));
                let version = version.and_then(Value::as_str).map(ToOwned::to_owned);
                self.check_group_update(&operation, *id, fields, *whole)
                    .and_then(|()| self.check_version(Some(&version), parsed))
            }
            Act::DeleteGroup { id } => {
                if self.is_known_as(*id, |group| operation.may_delete_group(group)) {
                    Ok(())
                } else {
                    Err(("only the request", "the deletion of this group was not requested".into()))
                }
            }
            Act::Join { group, users } => users.iter().try_for_each(|id| {
                self.check_membership(&operation, *group, id, true)?;
                self.check_order(&operation, *group, id)
            }),
            Act::Leave { group, id } => self.check_membership(&operation, *group, id, false),
            Act::EndSessions { id } => self.check_log_out(&operation, id),
            Act::ResetTwoFactor { id } => self.check_two_factor_reset(&operation, id),
            Act::Unknown => Err(("only the request", "no call can need this write".into())),
        };
        let found = found.and_then(|()| self.check_names(parsed));
        if let Err((invariant, what)) = found.and_then(|()| self.check_precondition(parsed)) {
            self.violated(invariant, format_args!("{what} ({})", parsed.line()));
        }
    }

    fn check_creation(&self, operation: &Operation, email: &str, fields: &Fields) -> Verdict {
        let person = key(email);
        let sends_invitations = capabilities(self.dialect).sends_invitations;
        if !operation.may_create_account(&person, sends_invitations) {
            return Err((
                "only the request",
                format!("the creation of {person} was not requested"),
            ));
        }
        for (field, value) in fields {
            if operation.allowed_value(&person, field, true).as_ref() != Some(value) {
                return Err(("fields", format!("{field} of a new user was not requested")));
            }
        }
        if self.posted.contains(&person) {
            return Err(("one invitation", format!("{person} is posted again without a look-up")));
        }
        match self.lookups.get(&person) {
            Some(false) => Ok(()),
            // Another administrator deleted the account after the look-up.
            Some(true) if !self.now().users.iter().any(|user| key(&user.email) == person) => Ok(()),
            Some(true) => {
                Err(("one invitation", format!("{person} was found and is posted anyway")))
            }
            None if self.listed || matches!(operation, Operation::Step(..)) => Ok(()),
            None => Err(("one invitation", format!("{person} is posted without a look-up"))),
        }
    }

    fn check_invitation(
        &self,
        operation: &Operation,
        email: &str,
        groups: &[u32],
        metadata: &Fields,
    ) -> Verdict {
        let person = key(email);
        if !operation.may_invite(&person) {
            return Err((
                "only the request",
                format!("the invitation of {person} was not requested"),
            ));
        }
        let is_asked = |group: &u32| {
            self.is_known_as(*group, |group| operation.may_join(&person, group))
                || self.now().group(*group).is_none()
        };
        if let Some(group) = groups.iter().find(|group| !is_asked(group)) {
            let what = format!("it was not requested that {person} is invited to {group}");
            return Err(("only the request", what));
        }
        for (key, value) in metadata {
            if operation.allowed_value(&person, &metadata_field(key), true).as_ref() != Some(value)
            {
                return Err(("fields", format!("metadata {key} was not requested")));
            }
        }
        // Without a look-up, no reading can show that nobody was invited.
        if self.invited.contains(&person) && operation.skips_the_lookup() {
            return Err(("one invitation", format!("{person} is invited twice by one call")));
        }
        if operation.skips_the_lookup() {
            return Ok(());
        }
        if self.invited.contains(&person) {
            return Err(("one invitation", format!("{person} is invited again without a look-up")));
        }
        if self.invitation_listings.is_empty() {
            return Err(("one invitation", format!("{person} is invited without a look-up")));
        }
        Ok(())
    }

    /// Whether this call created the account of a person.
    pub(super) fn has_created(&self, person: &str) -> bool {
        let is_theirs = |change: &Change| matches!(change, Change::UserCreated { email, .. } | Change::Invited { email, .. } if key(email) == person);
        self.component_changes().any(is_theirs)
    }

    fn check_update(
        &self,
        operation: &Operation,
        id: &str,
        fields: &Fields,
        whole: bool,
    ) -> Verdict {
        let Some(visible) = self.read_as.get(id) else {
            return Err(("fields", "a record is written without a read".into()));
        };
        let person = self.person_of(id);
        // The attributes of a new user are set after the creation.
        let is_new = self.has_created(&person);
        let asked = |field: &str| {
            if field == LOGIN {
                // Another login stays.
                let shown = |field| visible.get(field).and_then(Value::as_str).map(plain_key);
                let login = shown(LOGIN);
                let mut known = operation.known_as(&person);
                known.extend(shown("email"));
                let email = operation.present_address(&person).map(Value::from);
                return email.filter(|_| login.is_some_and(|login| known.contains(&login)));
            }
            let asked = operation.allowed_value(&person, field, false);
            asked.or_else(|| operation.allowed_value(&person, field, true).filter(|_| is_new))
        };
        if whole {
            let mut visible = visible.clone();
            if self.dialect == Dialect::Scim {
                // SCIM stores neither in the record that a PUT replaces.
                visible.remove(VERSION);
                visible.remove("isAdmin");
            }
            same_but_for_asked(&visible, fields, asked)?;
        } else {
            // Over SCIM, both names are sent together.
            // A server may let metadata be changed only as a whole.
            let is_kept = |field: &str, value: &Value| {
                let is_sent_together =
                    self.dialect == Dialect::Scim || metadata_key(field).is_some();
                is_sent_together && visible.get(field) == Some(value)
            };
            let mut changed = fields.clone();
            changed.retain(|field, value| !is_kept(field, value));
            only_asked(&changed, asked)?;
        }
        if fields.get("isDisabled") == Some(&Value::Bool(true)) {
            let before = visible.get("isDisabled").and_then(Value::as_bool).unwrap_or(false);
            if !before {
                return self.check_removal(operation, &person, &[&person]);
            }
        }
        Ok(())
    }

    /// Checks that a write has the version that was read, if the record has versions.
    fn check_version(&self, read: Option<&Option<String>>, parsed: &ParsedRequest) -> Verdict {
        match read {
            Some(Some(version)) if !self.is_demanded(version, parsed) => {
                let sent = parsed.if_match.as_deref().unwrap_or("any version");
                Err(("fields", format!("the write is of {sent}, the read was of {version}")))
            }
            _ => Ok(()),
        }
    }

    /// Whether a write demands a version in a form that this server accepts, as far as its responses
    /// in this call show it.
    fn is_demanded(&self, version: &str, parsed: &ParsedRequest) -> bool {
        let strong = version.strip_prefix("W/").unwrap_or(version);
        let was_refused = |form: &str| {
            self.beliefs.if_match != IfMatchRule::Lenient
                && self.writes.iter().any(|write| {
                    write.answered == Some(412)
                        && write
                            .if_match
                            .as_deref()
                            .is_some_and(|sent| sent.starts_with("W/") == form.starts_with("W/"))
                })
        };
        match parsed.if_match.as_deref() {
            Some(sent) if sent == version => true,
            Some(sent) => sent == strong && was_refused(version),
            None => was_refused(strong),
        }
    }

    fn check_deletion(&self, operation: &Operation, id: &str, now: i64) -> Verdict {
        // The list of invitations has their whole records.
        let is_read = self.read.contains_key(id) || is_invitation(id);
        let (Some(visible), true) = (self.visible.get(id), is_read) else {
            return Err(("only the request", "a user is deleted without a read".into()));
        };
        let person = self.person_of(id);
        if is_invitation(id) {
            // After a lost reply it is gone, and the withdrawal is repeated.
            let has_expired = self.states().any(|state| self.has_expired(state, id));
            if operation.may_invite(&person) && has_expired {
                return Ok(());
            }
            if !operation.may_withdraw(&person) {
                let what = format!("withdrawing the invitation of {person} was not requested");
                return Err(("only the request", what));
            }
            return self.check_removal(operation, &person, &[&person]);
        }
        match operation.may_delete(&person) {
            None => {
                return Err((
                    "only the request",
                    format!("the deletion of {person} was not requested"),
                ));
            }
            Some(None) => {}
            Some(Some(Age { days, disabled_since })) => {
                let disabled = visible.get("isDisabled") == Some(&Value::Bool(true));
                let edited = visible.get("updatedAt").and_then(Value::as_str).and_then(parse_iso);
                // An edit after the date may have enabled the account.
                let is_due = |since: i64| {
                    since.max(edited.unwrap_or(i64::MIN)).saturating_add(days_ms(days)) <= now
                };
                if !disabled || !disabled_since.is_some_and(is_due) {
                    return Err(("only the request", format!("{person} is deleted too early")));
                }
            }
        }
        self.check_removal(operation, &person, &[&person])
    }

    /// Checks that a removal was planned from whole listings and is not of a protected user, who is
    /// known by these addresses.
    fn check_removal(&self, operation: &Operation, person: &str, known_as: &[&str]) -> Verdict {
        if operation.is_protected(person) {
            return Err(("guards", format!("{person} is protected and is removed")));
        }
        // Another administrator may have changed the address after the listing.
        let is_absent = operation
            .sync_request()
            .is_some_and(|request| known_as.iter().all(|known| desired(request, known).is_none()));
        if is_absent && self.unusable {
            let what = format!("{person} is removed although a record can't be used");
            return Err(("whole listings", what));
        }
        if is_absent && let Some(overlooked) = self.overlooked.first() {
            let what = format!("{person} is removed although the listing lacked {overlooked}");
            return Err(("whole listings", what));
        }
        if operation.sync_request().is_some() && !self.saw_whole_listings() {
            return Err((
                "whole listings",
                format!("{person} is removed because of a partial listing"),
            ));
        }
        Ok(())
    }

    fn check_membership(
        &self,
        operation: &Operation,
        group: u32,
        id: &str,
        joins: bool,
    ) -> Verdict {
        let is_put_back =
            self.was_dropped(id, group) || self.put_resets_memberships() && self.has_vanished(id);
        let is_gone = self.now().group(group).is_none();
        if joins && (self.was_removed_concurrently(id, group) || is_put_back || is_gone) {
            // The component adds a member again after a removal that emptied the group, or after a
            // PUT. It can't distinguish that server behaviour from a removal by another
            // administrator.
            return Ok(());
        }
        let Some(addresses) = self.addresses.get(id) else {
            return Err((
                "only the request",
                "the membership is of a user who was not read".into(),
            ));
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
            let what = format!("it was not requested that {addresses:?} {what} {names:?}");
            return Err(("only the request", what));
        }
        if !joins && group != ADMIN {
            let known_as: Vec<&str> = addresses.iter().map(String::as_str).collect();
            for person in addresses {
                self.check_removal(operation, person, &known_as)?;
            }
        }
        Ok(())
    }

    /// Checks that a plan adds a person to a group before it takes the person out of another one.
    fn check_order(&self, operation: &Operation, group: u32, id: &str) -> Verdict {
        if !matches!(operation, Operation::Sync(_) | Operation::Slice(_)) {
            return Ok(());
        }
        let was_member =
            |state: &Organisation| state.members(group).any(|member| member.user.id == id);
        let leaves_another = |write: &ParsedRequest| {
            let other = matches!(&write.act, Some(Act::Leave { group: left, id: leaver }) if *left != group && leaver == id);
            other && write.changed
        };
        match self.writes.iter().any(leaves_another) && !self.states().any(was_member) {
            true => Err(("order", format!("{id} joins {group} after leaving another group"))),
            false => Ok(()),
        }
    }

    fn check_log_out(&self, operation: &Operation, id: &str) -> Verdict {
        let person = self.person_of(id);
        if !operation.may_end_sessions(&person) {
            return Err(("only the request", format!("logging {person} out was not requested")));
        }
        let is_disabled =
            |state: &Organisation| state.user(id).is_some_and(|user| user.is_disabled);
        if self.states().any(is_disabled) || self.has_vanished(id) {
            Ok(())
        } else {
            Err(("only the request", format!("{person} is logged out and was never disabled")))
        }
    }

    /// Checks that a second factor is reset only for the person asked for, whose record was read, and
    /// who has the id that the request expects.
    fn check_two_factor_reset(&self, operation: &Operation, id: &str) -> Verdict {
        let person = self.person_of(id);
        let Operation::ResetTwoFactor(reset) = operation else {
            return Err(("two factors", format!("no reset of {person} was requested")));
        };
        if !operation.may_reset_two_factor(&person) || !self.read.contains_key(id) {
            return Err(("two factors", format!("the reset of {person} was not requested")));
        }
        let expected = reset.expected_id.as_ref();
        match expected.is_some_and(|expected| self.dialect_id(&expected.value) != id) {
            true => Err(("two factors", format!("{person} does not have the expected id"))),
            false => Ok(()),
        }
    }

    fn check_group_creation(&self, operation: &Operation, name: &str) -> Verdict {
        let name = name.trim();
        if !operation.may_create_group(name) {
            return Err((
                "only the request",
                format!("the creation of {name:?} was not requested"),
            ));
        }
        let looked = self.group_listings.iter().any(Coverage::is_complete)
            || self.groups_missed.contains(name);
        if !looked || self.groups_posted.contains(name) {
            return Err(("one group of a name", format!("{name:?} is posted without a look-up")));
        }
        Ok(())
    }

    fn check_group_update(
        &self,
        operation: &Operation,
        id: u32,
        fields: &Fields,
        whole: bool,
    ) -> Verdict {
        let (Some(visible), true) = (self.visible_groups.get(&id), self.groups_read.contains(&id))
        else {
            return Err(("fields", "a group is written without a read".into()));
        };
        let names = self.group_names(id);
        let asked = |field: &str| {
            names
                .iter()
                .find_map(|name| operation.allowed_group_value(&KnownGroup { id, name }, field))
        };
        if whole { same_but_for_asked(visible, fields, asked) } else { only_asked(fields, asked) }
    }

    /// Whether a predicate holds for a group with any of the names that it has had.
    fn is_known_as(&self, id: u32, holds: impl Fn(&KnownGroup<'_>) -> bool) -> bool {
        self.group_names(id).iter().any(|name| holds(&KnownGroup { id, name }))
    }
}

/// The violated invariant, and how the write violates it.
pub(super) type Verdict = Result<(), (&'static str, String)>;

/// Checks that a PATCH contains only requested fields.
fn only_asked(sent: &Fields, asked: impl Fn(&str) -> Option<Value>) -> Verdict {
    match sent.iter().find(|(field, value)| asked(field).as_ref() != Some(value)) {
        Some((field, value)) => {
            Err(("fields", format!("{field} is sent as {value}, which was not requested")))
        }
        None => Ok(()),
    }
}

/// Checks that a PUT contains the record of the last read, changed only in the requested fields. A
/// PUT replaces the whole record.
fn same_but_for_asked(
    visible: &Fields,
    sent: &Fields,
    asked: impl Fn(&str) -> Option<Value>,
) -> Verdict {
    let is_managed = |field: &str| MANAGED.contains(&field);
    for (field, value) in visible.iter().filter(|(field, _)| !is_managed(field)) {
        match sent.get(field) {
            None => return Err(("fields", format!("{field} is missing, which resets it"))),
            Some(sent) if sent == value || asked(field).as_ref() == Some(sent) => {}
            Some(sent) => {
                return Err(("fields", format!("{field} was {value} and is sent as {sent}")));
            }
        }
    }
    match sent.keys().find(|field| !visible.contains_key(*field) && asked(field).is_none()) {
        Some(field) => Err(("fields", format!("{field} is sent and was not in the record"))),
        None => Ok(()),
    }
}
