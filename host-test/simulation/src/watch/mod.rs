//! The watch: it sees everything that goes over the wire and every change of the organisation,
//! and judges both against what the call was asked to do.
//!
//! It knows the request, the wire and the truth, and none of the component's own logic.

mod effects;
mod goal;
mod report;
mod shown;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mock_retool::{ADMIN, Dialect, Organisation};
use retool_lifecycle::retool::Capabilities;

use crate::change::{Change, address_of_invitation, changes, key, takes_admin};
use crate::dialects::capabilities;
use crate::operation::Operation;
use crate::wire::{Act, Fields, Wire};

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The component.
    Component,
    /// The other administrator.
    Rival,
}

/// A change, and the organisation after it.
pub struct Moment {
    /// Who made it.
    pub who: Who,
    /// What is different.
    pub changes: Vec<Change>,
    /// The organisation since.
    pub after: Rc<Organisation>,
}

/// One reading of the listing of everybody, page by page.
#[derive(Default)]
struct Reading {
    /// Those whom the component was shown.
    shown: BTreeSet<String>,
    /// Those who were there whenever a page was served.
    there: Option<BTreeSet<String>>,
    /// Enabled people in the request's span: the most at any page.
    enabled: usize,
    /// Members by group: the most at any page.
    members: BTreeMap<u32, usize>,
}

impl Reading {
    fn is_complete(&self) -> bool {
        self.there.as_ref().is_some_and(|there| there.is_subset(&self.shown))
    }
}

/// What is known about the call that runs, and what was wrong so far.
pub struct Watch {
    dialect: Dialect,
    can: Capabilities,
    operation: Rc<Operation>,
    /// The server's time, in RFC 3339.
    time: String,
    /// The organisation when the call began.
    start: Rc<Organisation>,
    /// Every change since.
    moments: Vec<Moment>,
    /// Every write that arrived.
    writes: Vec<Wire>,
    /// The record of a person that the component was shown last, by id.
    shown: BTreeMap<String, Fields>,
    /// Those whose record was read on its own.
    read: BTreeSet<String>,
    /// Every address that the component was shown for an id.
    addresses: BTreeMap<String, BTreeSet<String>>,
    /// The record of a group that the component was shown last.
    groups_shown: BTreeMap<u32, Fields>,
    groups_read: BTreeSet<u32>,
    readings: Vec<Reading>,
    /// Addresses that were looked for, and whether somebody was found.
    looks: BTreeMap<String, bool>,
    listed: bool,
    groups_listed: bool,
    /// Addresses and group names that were posted, and not looked for since.
    posted: BTreeSet<String>,
    groups_posted: BTreeSet<String>,
    /// Edits of the other administrator that a PUT undid; kept over all calls.
    overwritten: u64,
    /// How often an address became free, or was taken by the other administrator between a
    /// look and a creation, over all calls.
    vacated: BTreeMap<String, usize>,
    violations: Vec<String>,
}

impl Watch {
    /// Before the first call.
    pub fn new(dialect: Dialect, operation: Rc<Operation>, now: Rc<Organisation>) -> Self {
        Watch {
            dialect,
            can: capabilities(dialect),
            operation,
            time: now.now(),
            start: now,
            moments: Vec::new(),
            writes: Vec::new(),
            shown: BTreeMap::new(),
            read: BTreeSet::new(),
            addresses: BTreeMap::new(),
            groups_shown: BTreeMap::new(),
            groups_read: BTreeSet::new(),
            readings: Vec::new(),
            looks: BTreeMap::new(),
            listed: false,
            groups_listed: false,
            posted: BTreeSet::new(),
            groups_posted: BTreeSet::new(),
            overwritten: 0,
            vacated: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// A call begins. What was wrong so far stays.
    pub fn begin(&mut self, operation: Rc<Operation>, now: Rc<Organisation>) {
        let violations = std::mem::take(&mut self.violations);
        let vacated = std::mem::take(&mut self.vacated);
        let overwritten = self.overwritten;
        *self =
            Watch { violations, vacated, overwritten, ..Watch::new(self.dialect, operation, now) };
    }

    /// What time it is by the server's clock.
    pub fn clock(&mut self, time: String) {
        self.time = time;
    }

    /// What was wrong.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Edits of the other administrator that were undone.
    pub fn overwritten(&self) -> u64 {
        self.overwritten
    }

    /// All calls are over: nobody was invited more often than their address was free.
    pub fn finish(&mut self, organisation: &Organisation) {
        if !self.can.create_invites {
            // Then any invitation by the component is one too many.
            return;
        }
        let mut sent: BTreeMap<String, usize> = BTreeMap::new();
        for address in &organisation.invitations {
            *sent.entry(key(address)).or_default() += 1;
        }
        for (person, invitations) in sent {
            let free = 1 + self.vacated.get(&person).copied().unwrap_or(0);
            if invitations > free {
                self.violated("one invitation", format!("{person} got {invitations} of {free}"));
            }
        }
    }

    /// How many writes arrived in this call. With `effective` only those that the server did
    /// not refuse as a whole.
    pub fn writes(&self, effective: bool) -> usize {
        // To the groups that the server manages it is the same whether it refuses or ignores.
        let refused = |wire: &&Wire| {
            wire.answered.is_some_and(|status| (400..500).contains(&status))
                || matches!(wire.act, Some(Act::Leave { group: ADMIN, .. }))
        };
        self.writes.iter().filter(|wire| !effective || !refused(wire)).count()
    }

    /// Whether the other administrator changed anything in this call.
    pub fn is_disturbed(&self) -> bool {
        self.moments.iter().any(|moment| moment.who == Who::Rival)
    }

    /// Something is wrong.
    pub fn violated(&mut self, invariant: &str, what: impl std::fmt::Display) {
        self.violations.push(format!("{invariant}: {what}"));
    }

    /// The organisation as it is.
    fn now(&self) -> &Rc<Organisation> {
        self.moments.last().map_or(&self.start, |moment| &moment.after)
    }

    /// The organisation may have changed.
    pub fn changed(&mut self, who: Who, wire: Option<&Wire>, after: &Organisation) {
        let before = Rc::clone(self.now());
        let changes = changes(&before, after);
        if changes.is_empty() {
            return;
        }
        if who == Who::Component {
            self.judge_changes(&before, after, &changes, wire);
        }
        for change in &changes {
            let left = match change {
                Change::UserDeleted { email, .. } => email,
                Change::UserField { email, field, .. } if field == "email" => email,
                _ => continue,
            };
            *self.vacated.entry(key(left)).or_default() += 1;
        }
        self.moments.push(Moment { who, changes, after: Rc::new(after.clone()) });
        if who == Who::Component {
            self.judge_guards();
        }
    }

    /// A write is over, as far as the component can see.
    pub fn wrote(&mut self, wire: &Wire) {
        // 429 says for sure that nothing was done; then it may simply be posted again.
        if wire.answered != Some(429) {
            match &wire.act {
                Some(Act::Create { email, .. }) => {
                    self.posted.insert(key(email));
                }
                Some(Act::CreateGroup { name }) => {
                    self.groups_posted.insert(name.trim().to_owned());
                }
                _ => {}
            }
        }
        self.writes.push(wire.clone());
    }

    /// The states of this call, the first included.
    fn states(&self) -> impl DoubleEndedIterator<Item = &Organisation> {
        std::iter::once(&*self.start).chain(self.moments.iter().map(|moment| &*moment.after))
    }

    /// Every name that a group had in this call, trimmed.
    fn group_names(&self, id: u32) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self
            .states()
            .filter_map(|state| state.group(id))
            .map(|group| group.name.trim().to_owned())
            .collect();
        let shown = self.groups_shown.get(&id).and_then(|record| record.get("name"));
        if let Some(name) = shown.and_then(|name| name.as_str()) {
            names.insert(name.trim().to_owned());
        }
        names
    }

    /// Every address that an id had in this call, or that was shown for it.
    fn addresses_of(&self, id: &str) -> BTreeSet<String> {
        let mut addresses = self.addresses.get(id).cloned().unwrap_or_default();
        addresses
            .extend(self.states().filter_map(|state| state.user(id)).map(|user| key(&user.email)));
        addresses.extend(self.states().filter_map(|state| address_of_invitation(state, id)));
        addresses
    }

    /// How many enabled administrators the other one took in this call.
    fn admins_taken_by_rival(&self) -> u32 {
        let mut before = &self.start;
        let mut taken = 0;
        for moment in &self.moments {
            if moment.who == Who::Rival {
                let takes = moment.changes.iter().any(|change| takes_admin(change, before));
                taken += u32::from(takes);
            }
            before = &moment.after;
        }
        taken
    }
}
