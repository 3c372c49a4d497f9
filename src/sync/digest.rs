//! Digests of what a plan was computed from: SHA-256 over a canonical encoding, as 64
//! lower-case hexadecimal digits.
//!
//! Texts and lists are preceded by their length, options and kinds by a tag byte, so that two
//! different states never have the same encoding. Plans are stored as JSON and applied later,
//! perhaps by a later build. A change of the encoding makes every stored plan stale, so it must
//! come with another `VERSION`.

use alloc::string::String;

mod canon;

use canon::Canon;

use super::{DesiredUser, Plan, PlanContext, SyncRequest};
use crate::domain::metadata::canonical;
use crate::domain::{FieldChange, GroupId, User, UserId};

/// The first text of everything that is hashed.
const VERSION: &str = "retool-lifecycle 6";

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
    canon.option(user.times.updated_at.as_deref(), Canon::written_time);
    canon.hex()
}

/// Returns the digest of an account that is disabled or deleted because its user was last active
/// too long ago: its fields, and when that was. A login after the plan changes it.
pub fn inactive_state(user: &User) -> String {
    let mut canon = Canon::new("inactive-user");
    canon.user(user);
    canon.option(user.times.last_active_at.as_deref(), Canon::written_time);
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

#[cfg(test)]
mod tests;
