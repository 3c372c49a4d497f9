//! Digests of what a plan was computed from: SHA-256 over a canonical encoding, as 64
//! lower-case hexadecimal digits.
//!
//! Texts and lists are preceded by their length, options and kinds by a tag byte, so that two
//! different states never have the same encoding. Plans are stored as JSON and applied later,
//! perhaps by a later build. A change of the encoding makes every stored plan stale, so it must
//! come with another `VERSION`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use sha2::{Digest, Sha256};

use super::absence::AbsenceScope;
use super::{
    AbsentPolicy, DesiredUser, GuardLimits, GuardReport, Limit, MembershipPolicy, Plan,
    PlanContext, Policy, Refusal, SeatChange, Span, Step, SyncRequest,
};
use crate::domain::metadata::canonical;
use crate::domain::{
    Changes, Dialect, Email, FieldChange, GroupId, GroupIdKind, GroupLink, GroupRef, Tombstone,
    User, UserId, UserPatch, UserRef, UserType, WayIn,
};
use crate::sort;
use crate::time::parse_iso;

/// The first text of everything that is hashed.
const VERSION: &str = "retool-lifecycle 5";

/// Returns the digest of an account: its id and the fields that can be set. It does not cover
/// timestamps, which change without an edit, or memberships, which have their own digests.
pub fn user_state(user: &User) -> String {
    user_state_for(&[], user)
}

/// Returns the digest of an account for changes of it. Beside [`user_state`], it covers the keys of
/// the metadata that the changes name, and no others: servers write those at any time, such as at a
/// login.
pub fn user_state_for(changes: &[FieldChange], user: &User) -> String {
    let mut canon = Canon::new("user");
    canon.user(user);
    for key in changes.iter().filter_map(FieldChange::metadata_key) {
        let json = user.metadata.as_ref().and_then(|metadata| metadata.get(key));
        canon.text(key);
        canon.option(json, |canon, json| canon.text(&canonical(json)));
    }
    canon.hex()
}

/// Returns the digest of attributes of a user before they are changed. `None` means a user that the
/// plan creates.
pub fn attributes(user: Option<&UserId>, changes: &[FieldChange]) -> String {
    let mut canon = Canon::new("attributes");
    canon.option(user, Canon::user_id);
    canon.list(changes, |canon, change| {
        canon.text(&change.field);
        canon.option(change.before.as_deref(), Canon::text);
    });
    canon.hex()
}

/// Returns the digest of an account that is deleted because it has been disabled for long enough:
/// its fields, and when it was last changed. Any later edit restarts the count.
pub fn disabled_state(user: &User) -> String {
    let mut canon = Canon::new("disabled-user");
    canon.user(user);
    canon.option(user.updated_at.as_deref(), Canon::written_time);
    canon.hex()
}

/// Returns the digest of an account that is disabled or deleted because its user was last active
/// too long ago: its fields, and when that was. A login after the plan changes it.
pub fn inactive_state(user: &User) -> String {
    let mut canon = Canon::new("inactive-user");
    canon.user(user);
    canon.option(user.last_active_at.as_deref(), Canon::written_time);
    canon.hex()
}

/// Returns the digest of a user who does not exist: the precondition of a creation.
pub fn absent() -> String {
    Canon::new("absent").hex()
}

/// Returns the digest of whether a user is in a group. `None` means a group or a user that the
/// plan itself creates.
pub fn membership(group: Option<&GroupId>, user: Option<&UserId>, member: bool) -> String {
    let mut canon = Canon::new("membership");
    canon.option(group, Canon::group_id);
    canon.option(user, Canon::user_id);
    canon.flag(member);
    canon.hex()
}

/// Returns the digest of whether a member administers a group.
pub fn administration(group: Option<&GroupId>, user: Option<&UserId>, administers: bool) -> String {
    let mut canon = Canon::new("administration");
    canon.option(group, Canon::group_id);
    canon.option(user, Canon::user_id);
    canon.flag(administers);
    canon.hex()
}

/// Returns the digest of a group that does not exist: the precondition of its creation.
pub fn group_absent(name: &str) -> String {
    let mut canon = Canon::new("group-absent");
    canon.text(name);
    canon.hex()
}

/// Returns the digest of a plan, computed from the plan alone.
///
/// It leaves out the digest itself, when the plan was made, and texts for people. Of the users who
/// need no change it covers only the number: [`inputs_digest`](Plan::inputs_digest) covers the users.
pub fn plan(plan: &Plan) -> String {
    let Plan {
        digest: _,
        inputs_digest,
        context: PlanContext { organisation, dialect, span, policy },
        made_at: _,
        steps,
        withheld,
        tombstones,
        unchanged: _,
        unchanged_count,
        refusals,
        seats,
        guards,
        limitations: _,
    } = plan;
    let mut canon = Canon::new("plan");
    canon.text(inputs_digest);
    canon.text(organisation);
    canon.dialect(*dialect);
    canon.span(span);
    canon.policy(policy);
    canon.list(steps, Canon::step);
    canon.list(withheld, Canon::step);
    canon.list(tombstones, Canon::tombstone);
    canon.number(*unchanged_count);
    canon.list(refusals, Canon::refusal);
    canon.list(seats, Canon::seat_change);
    canon.list(guards, Canon::guard);
    canon.hex()
}

/// Computes the digest of a plan's inputs, while the plan is made.
///
/// It covers the roster, and the accounts and groups that the plan is about. A change elsewhere
/// in the organisation does not change it, so that an approval does not lapse without need.
pub struct InputsDigest(Canon);

impl InputsDigest {
    /// Starts with the inputs that are not about one person or group.
    pub fn new(request: &SyncRequest, complete: bool) -> Self {
        let mut canon = Canon::new("inputs");
        canon.flag(complete);
        canon.count(request.roster.len());
        InputsDigest(canon)
    }

    /// Adds a group that the request names. Must be called in the same order for the same request.
    pub fn group(&mut self, name: &str, id: Option<&GroupId>) {
        self.0.tag(1);
        self.0.text(name);
        self.0.option(id, Canon::group_id);
    }

    /// Adds a person that the plan is about, with their roster entry. Must be called in the order
    /// of addresses. Each account of the address follows, with [`InputsDigest::account`].
    pub fn person(&mut self, desired: Option<&DesiredUser>, named_groups: bool) {
        self.0.tag(2);
        self.0.option(desired, |canon, desired| canon.desired(desired, named_groups));
    }

    /// Adds an account of the person last given to [`InputsDigest::person`], with its memberships
    /// in the groups that the request names, and whether it administers each.
    pub fn account<'a>(&mut self, user: &User, groups: impl Iterator<Item = (&'a GroupId, bool)>) {
        self.0.tag(3);
        self.0.user(user);
        for (group, administers) in groups {
            self.0.tag(4);
            self.0.group_id(group);
            self.0.flag(administers);
        }
    }

    /// Adds since when the account last given to [`InputsDigest::account`] is disabled, if the plan
    /// depends on it.
    pub fn disabled_since(&mut self, since: i64) {
        self.0.tag(5);
        self.0.time(since);
    }

    /// Returns the digest.
    pub fn finish(self) -> String {
        self.0.hex()
    }
}

/// The canonical encoding, hashed as it is written. Each method destructures what it writes,
/// so that a new field breaks the build here.
struct Canon {
    hash: Sha256,
    /// Bytes that are not hashed yet. Most writes are a few bytes, and each update of the hash has
    /// a cost.
    pending: Vec<u8>,
}

/// The number of bytes after which `pending` is hashed.
const BLOCK: usize = 4096;

impl Canon {
    fn new(kind: &str) -> Self {
        let mut canon = Canon { hash: Sha256::new(), pending: Vec::new() };
        canon.text(VERSION);
        canon.text(kind);
        canon
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= BLOCK {
            self.hash.update(&self.pending);
            self.pending.clear();
        }
    }

    fn tag(&mut self, tag: u8) {
        self.bytes(&[tag]);
    }

    fn flag(&mut self, value: bool) {
        self.tag(u8::from(value));
    }

    fn number(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    fn count(&mut self, value: usize) {
        self.bytes(&(value as u64).to_be_bytes());
    }

    /// Writes milliseconds since the Unix epoch.
    fn time(&mut self, ms: i64) {
        self.bytes(&ms.to_be_bytes());
    }

    /// Writes a time as a server wrote it. Two spellings of one time are the same.
    fn written_time(&mut self, text: &str) {
        match parse_iso(text) {
            Some(time) => {
                self.tag(1);
                self.time(time);
            }
            None => {
                self.tag(2);
                self.text(text);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn list<'a, T>(&mut self, items: &'a [T], mut write: impl FnMut(&mut Self, &'a T)) {
        self.count(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn dialect(&mut self, dialect: Dialect) {
        self.tag(match dialect {
            Dialect::V1 => 1,
            Dialect::V2 => 2,
            Dialect::Scim => 3,
        });
    }

    fn user_id(&mut self, id: &UserId) {
        let UserId { dialect, value } = id;
        self.dialect(*dialect);
        self.text(value);
    }

    fn group_id(&mut self, id: &GroupId) {
        let GroupId { kind, value } = id;
        self.tag(match kind {
            GroupIdKind::Rest => 1,
            GroupIdKind::Scim => 2,
        });
        self.text(value);
    }

    fn group_ref(&mut self, group: &GroupRef) {
        match group {
            GroupRef::Id(id) => {
                self.tag(1);
                self.group_id(id);
            }
            GroupRef::Name(name) => {
                self.tag(2);
                self.text(name);
            }
        }
    }

    fn user_type(&mut self, user_type: UserType) {
        self.text(user_type.as_str());
    }

    fn user(&mut self, user: &User) {
        let User {
            id,
            email,
            // They identify the account, as its id does.
            names: _,
            first_name,
            last_name,
            user_type,
            admin,
            disabled,
            profile_photo_url,
            metadata: _,
            attributes: _,
            invited: _,
            groups: _,
            created_at: _,
            updated_at: _,
            last_active_at: _,
        } = user;
        self.user_id(id);
        self.address(email);
        self.option(first_name.as_deref(), Self::text);
        self.option(last_name.as_deref(), Self::text);
        self.option(*user_type, Self::user_type);
        self.flag(*admin);
        self.flag(*disabled);
        self.option(profile_photo_url.as_deref(), Self::text);
    }

    fn desired(&mut self, desired: &DesiredUser, with_groups: bool) {
        let DesiredUser {
            email,
            by,
            login,
            former_emails,
            fields,
            attributes,
            groups,
            group_admins,
            way_in,
        } = desired;
        let UserPatch {
            // The entry's own address is the one to have.
            email: _,
            first_name,
            last_name,
            user_type,
            admin,
            disabled,
            profile_photo_url,
            clear,
            metadata,
        } = fields;
        self.address(email);
        self.option(by.as_ref(), Self::user_ref);
        self.option(login.as_deref(), Self::text);
        let mut former: Vec<&Email> = former_emails.iter().collect();
        sort::sort(&mut former);
        self.list(&former, |canon, email| canon.address(email));
        self.option(first_name.as_deref(), Self::text);
        self.option(last_name.as_deref(), Self::text);
        self.option(*user_type, Self::user_type);
        self.option(*admin, Self::flag);
        self.option(*disabled, Self::flag);
        self.option(profile_photo_url.as_deref(), Self::text);
        self.list(clear, |canon, field| canon.text(field.as_str()));
        self.changes(metadata, canonical);
        self.changes(attributes, |value| value.into());
        if with_groups {
            self.group_set(groups);
            self.count(group_admins.len());
            for (group, administers) in group_admins {
                self.group_ref(group);
                self.flag(*administers);
            }
        }
        self.option(*way_in, |canon, way_in| {
            canon.tag(match way_in {
                WayIn::Account => 1,
                WayIn::Invitation => 2,
            });
        });
    }

    /// Writes wanted values by name, each in one spelling.
    fn changes(&mut self, changes: &Changes, spelled: fn(&str) -> Cow<'_, str>) {
        self.count(changes.len());
        for (name, value) in changes {
            self.text(name);
            self.option(value.as_deref(), |canon, value| canon.text(&spelled(value)));
        }
    }

    /// Writes groups whose order has no meaning.
    fn group_set(&mut self, groups: &[GroupRef]) {
        let mut groups: Vec<&GroupRef> = groups.iter().collect();
        sort::sort(&mut groups);
        self.list(&groups, |canon, group| canon.group_ref(group));
    }

    /// Writes the address of an account, if it has one. An account without one has an id.
    fn address(&mut self, email: &Email) {
        self.option(Some(email).filter(|email| email.is_address()), |canon, email| {
            canon.text(email.key());
        });
    }

    fn user_ref(&mut self, who: &UserRef) {
        match who {
            UserRef::Email(email) => {
                self.tag(1);
                self.text(email.key());
            }
            UserRef::Id(id) => {
                self.tag(2);
                self.user_id(id);
            }
            UserRef::Login(login) => {
                self.tag(3);
                self.text(login.key());
            }
        }
    }

    /// Writes people whose order has no meaning.
    fn user_set(&mut self, refs: &[UserRef]) {
        let mut refs: Vec<&UserRef> = refs.iter().collect();
        sort::sort(&mut refs);
        refs.dedup_by(|a, b| (*a).cmp(b) == Ordering::Equal);
        self.list(&refs, |canon, who| canon.user_ref(who));
    }

    fn span(&mut self, span: &Span) {
        let Span { start, before } = span;
        self.option(start.as_deref(), Self::text);
        self.option(before.as_deref(), Self::text);
    }

    fn policy(&mut self, policy: &Policy) {
        let Policy {
            create_missing,
            update_existing,
            re_enable_disabled,
            leave_disabled,
            absent,
            absence,
            inactive_for_days,
            memberships,
            managed_groups,
            create_missing_groups,
            default_user_type,
            guards,
        } = policy;
        self.flag(*create_missing);
        self.flag(*update_existing);
        self.flag(*re_enable_disabled);
        self.flag(*leave_disabled);
        match absent {
            AbsentPolicy::Keep => self.tag(1),
            AbsentPolicy::Disable => self.tag(2),
            AbsentPolicy::Delete => self.tag(3),
            AbsentPolicy::DisableThenDelete(days) => {
                self.tag(4);
                self.number(*days);
            }
        }
        self.absence_scope(absence);
        self.option(*inactive_for_days, Self::number);
        self.tag(match memberships {
            MembershipPolicy::Leave => 1,
            MembershipPolicy::Add => 2,
            MembershipPolicy::Exact => 3,
        });
        self.group_set(managed_groups);
        self.flag(*create_missing_groups);
        self.option(*default_user_type, Self::user_type);
        self.guard_limits(guards);
    }

    fn absence_scope(&mut self, scope: &AbsenceScope) {
        let AbsenceScope { domains, members_of, spare_created_within_days, without_address } =
            scope;
        let mut domains: Vec<&String> = domains.iter().collect();
        sort::sort(&mut domains);
        self.list(&domains, |canon, domain| canon.text(domain));
        self.group_set(members_of);
        self.number(*spare_created_within_days);
        self.flag(*without_address);
    }

    fn guard_limits(&mut self, limits: &GuardLimits) {
        for (_, Limit { percent, floor }) in limits.limits() {
            self.number(percent);
            self.number(floor);
        }
        let GuardLimits {
            minimum_admins,
            required_admins,
            protected_people,
            allow_empty_roster,
            ..
        } = limits;
        self.number(*minimum_admins);
        self.user_set(required_admins);
        self.user_set(protected_people);
        self.flag(*allow_empty_roster);
    }

    fn step(&mut self, step: &Step) {
        let Step { kind, email, user, group_name, group, group_admin, changes, precondition } =
            step;
        self.text(kind.as_str());
        let address = email.as_ref().filter(|email| email.is_address());
        self.option(address, |canon, email| canon.text(email.as_str()));
        self.option(user.as_ref(), Self::user_id);
        self.option(group_name.as_deref(), Self::text);
        self.option(group.as_ref(), Self::group_id);
        self.option(*group_admin, Self::flag);
        self.list(changes, |canon, change| {
            canon.text(&change.field);
            canon.option(change.before.as_deref(), Self::text);
            canon.option(change.after.as_deref(), Self::text);
        });
        self.text(precondition);
    }

    /// Writes the whole record of an account, as it was seen.
    fn tombstone(&mut self, tombstone: &Tombstone) {
        let Tombstone { user, raw, disabled_since, recorded_at: _ } = tombstone;
        self.user(user);
        self.text(user.email.as_str());
        self.option(user.login(), Self::text);
        self.option(user.invited, Self::flag);
        for time in [&user.created_at, &user.updated_at, &user.last_active_at] {
            self.option(time.as_deref(), Self::text);
        }
        self.option(raw.as_deref(), Self::text);
        self.option(user.groups.as_deref(), |canon, groups| {
            canon.list(groups, |canon, GroupLink { id, name, group_admin }| {
                canon.group_id(id);
                canon.option(name.as_deref(), Self::text);
                canon.option(*group_admin, Self::flag);
            });
        });
        self.option(user.metadata.as_ref(), |canon, metadata| {
            canon.count(metadata.iter().count());
            for (key, json) in metadata.iter() {
                canon.text(key);
                canon.text(&canonical(json));
            }
        });
        self.option(user.attributes.as_deref(), |canon, attributes| {
            canon.count(attributes.len());
            for (name, value) in attributes {
                canon.text(name);
                canon.text(value);
            }
        });
        self.option(disabled_since.as_deref(), Self::text);
    }

    fn refusal(&mut self, refusal: &Refusal) {
        let Refusal { email, login, user, reason, message: _ } = refusal;
        self.address(email);
        self.option(login.as_deref(), Self::text);
        self.option(user.as_ref(), Self::user_id);
        self.text(reason.as_str());
    }

    fn seat_change(&mut self, seats: &SeatChange) {
        let SeatChange { user_type, before, added, removed } = seats;
        self.user_type(*user_type);
        self.number(*before);
        self.number(*added);
        self.number(*removed);
    }

    /// Leaves out the message: it says the same as the numbers, and may be reworded.
    fn guard(&mut self, report: &GuardReport) {
        let GuardReport { guard, subject, limit, actual, tripped, message: _ } = report;
        self.text(guard.as_str());
        self.option(subject.as_deref(), Self::text);
        self.number(*limit);
        self.number(*actual);
        self.flag(*tripped);
    }

    fn hex(mut self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.hash.update(&self.pending);
        let mut hex = String::with_capacity(64);
        for byte in self.hash.finalize() {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        hex
    }
}

#[cfg(test)]
mod tests;
