//! The canonical encoding of what a digest is made of.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::cmp::Ordering;

use sha2::{Digest, Sha256};

use super::VERSION;
use crate::domain::metadata::canonical;
use crate::domain::{
    Changes, Dialect, Email, GroupId, GroupIdKind, GroupRef, LinkedGroup, Tombstone, User, UserId,
    UserPatch, UserRef, UserType, WayIn,
};
use crate::sort;
use crate::sync::absence::AbsenceScope;
use crate::sync::{
    AbsentPolicy, DesiredUser, Details, GuardLimits, GuardReport, Limit, MembershipPolicy, Policy,
    Refusal, SeatChange, Span, Step,
};
use crate::time::parse_iso;

/// The canonical encoding, hashed as it is written. Each method destructures what it writes,
/// so that a new field breaks the build here.
pub(super) struct Canon {
    hash: Sha256,
    /// Bytes that are not hashed yet. Most writes are a few bytes, and each update of the hash has
    /// a cost.
    pending: Vec<u8>,
}

/// The number of bytes after which `pending` is hashed.
const BLOCK: usize = 4096;

impl Canon {
    pub(super) fn new(kind: &str) -> Self {
        let mut canon = Canon { hash: Sha256::new(), pending: Vec::new() };
        canon.text(VERSION);
        canon.text(kind);
        canon
    }

    pub(super) fn tag(&mut self, tag: u8) {
        self.pending.push(tag);
    }

    pub(super) fn flag(&mut self, value: bool) {
        self.tag(u8::from(value));
    }

    pub(super) fn number(&mut self, value: u32) {
        self.pending.extend(value.to_be_bytes());
    }

    /// Writes a length. Most are below 128, and take one byte: a digest of many people is mostly
    /// lengths and short texts.
    pub(super) fn count(&mut self, value: usize) {
        let mut rest = value;
        while rest >= 0x80 {
            self.tag(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.tag(rest as u8);
    }

    /// Writes milliseconds since the Unix epoch.
    pub(super) fn time(&mut self, ms: i64) {
        self.pending.extend(ms.to_be_bytes());
    }

    /// Writes a time as a server wrote it. Two spellings of one time are the same.
    pub(super) fn written_time(&mut self, text: &str) {
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

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.pending.extend_from_slice(text.as_bytes());
        // Everything that is written has texts, so that no more than a block is ever pending.
        if self.pending.len() >= BLOCK {
            self.hash.update(&self.pending);
            self.pending.clear();
        }
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn list<'a, T>(&mut self, items: &'a [T], mut write: impl FnMut(&mut Self, &'a T)) {
        self.count(items.len());
        for item in items {
            write(self, item);
        }
    }

    pub(super) fn dialect(&mut self, dialect: Dialect) {
        self.tag(match dialect {
            Dialect::V1 => 1,
            Dialect::V2 => 2,
            Dialect::Scim => 3,
        });
    }

    pub(super) fn user_id(&mut self, id: &UserId) {
        let UserId { dialect, value } = id;
        self.dialect(*dialect);
        self.text(value);
    }

    pub(super) fn group_id(&mut self, id: &GroupId) {
        let GroupId { kind, value } = id;
        self.tag(match kind {
            GroupIdKind::Rest => 1,
            GroupIdKind::Scim => 2,
        });
        self.text(value);
    }

    pub(super) fn group_ref(&mut self, group: &GroupRef) {
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

    pub(super) fn user_type(&mut self, user_type: UserType) {
        self.text(user_type.as_str());
    }

    pub(super) fn user(&mut self, user: &User) {
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
            times: _,
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

    pub(super) fn desired(&mut self, desired: &DesiredUser, with_groups: bool) {
        let DesiredUser { email, fields, groups, details } = desired;
        let Details { by, login, former_emails, attributes, group_admins, way_in } = &**details;
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
    pub(super) fn changes(&mut self, changes: &Changes, spelled: fn(&str) -> Cow<'_, str>) {
        self.count(changes.len());
        for (name, value) in changes {
            self.text(name);
            self.option(value.as_deref(), |canon, value| canon.text(&spelled(value)));
        }
    }

    /// Writes groups whose order has no meaning.
    pub(super) fn group_set(&mut self, groups: &[impl Borrow<GroupRef>]) {
        let mut groups: Vec<&GroupRef> = groups.iter().map(Borrow::borrow).collect();
        sort::sort(&mut groups);
        self.list(&groups, |canon, group| canon.group_ref(group));
    }

    /// Writes the address of an account, if it has one. An account without one has an id.
    pub(super) fn address(&mut self, email: &Email) {
        self.option(Some(email).filter(|email| email.is_address()), |canon, email| {
            canon.text(email.key());
        });
    }

    pub(super) fn user_ref(&mut self, who: &UserRef) {
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
    pub(super) fn user_set(&mut self, refs: &[UserRef]) {
        let mut refs: Vec<&UserRef> = refs.iter().collect();
        sort::sort(&mut refs);
        refs.dedup_by(|a, b| (*a).cmp(b) == Ordering::Equal);
        self.list(&refs, |canon, who| canon.user_ref(who));
    }

    pub(super) fn span(&mut self, span: &Span) {
        let Span { start, before } = span;
        self.option(start.as_deref(), Self::text);
        self.option(before.as_deref(), Self::text);
    }

    pub(super) fn policy(&mut self, policy: &Policy) {
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

    pub(super) fn absence_scope(&mut self, scope: &AbsenceScope) {
        let AbsenceScope { domains, members_of, spare_created_within_days, without_address } =
            scope;
        let mut domains: Vec<&String> = domains.iter().collect();
        sort::sort(&mut domains);
        self.list(&domains, |canon, domain| canon.text(domain));
        self.group_set(members_of);
        self.number(*spare_created_within_days);
        self.flag(*without_address);
    }

    pub(super) fn guard_limits(&mut self, limits: &GuardLimits) {
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

    pub(super) fn step(&mut self, step: &Step) {
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
    pub(super) fn tombstone(&mut self, tombstone: &Tombstone) {
        let Tombstone { user, raw, disabled_since, recorded_at: _ } = tombstone;
        self.user(user);
        self.text(user.email.as_str());
        self.option(user.login(), Self::text);
        self.option(user.invited, Self::flag);
        for time in [&user.times.created_at, &user.times.updated_at, &user.times.last_active_at] {
            self.option(time.as_deref(), Self::text);
        }
        self.option(raw.as_deref(), Self::text);
        self.option(user.groups.as_deref(), |canon, groups| {
            canon.list(groups, |canon, link| {
                let LinkedGroup { id, name, group_admin } = &**link;
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

    pub(super) fn refusal(&mut self, refusal: &Refusal) {
        let Refusal { email, login, user, reason, message: _ } = refusal;
        self.address(email);
        self.option(login.as_deref(), Self::text);
        self.option(user.as_ref(), Self::user_id);
        self.text(reason.as_str());
    }

    pub(super) fn seat_change(&mut self, seats: &SeatChange) {
        let SeatChange { user_type, before, added, removed } = seats;
        self.user_type(*user_type);
        self.number(*before);
        self.number(*added);
        self.number(*removed);
    }

    /// Leaves out the message: it says the same as the numbers, and may be reworded.
    pub(super) fn guard(&mut self, report: &GuardReport) {
        let GuardReport { guard, subject, limit, actual, tripped, message: _ } = report;
        self.text(guard.as_str());
        self.option(subject.as_deref(), Self::text);
        self.number(*limit);
        self.number(*actual);
        self.flag(*tripped);
    }

    pub(super) fn hex(mut self) -> String {
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
