//! The people of a CSV file, one for each row or for several.

use std::collections::{HashMap, HashSet};

use crate::budget::{self, Budget};
use crate::entry::Entry;
use crate::options::RowsOf;
use crate::{Group, MAX_PEOPLE, Refusal, Roster, RosterError, Source, too_many};

/// Collects the rows.
pub(crate) struct People {
    entries: Vec<Entry>,
    lines: Vec<u64>,
    /// The number of the person with this address in small letters, if rows are memberships.
    by_address: Option<HashMap<String, usize>>,
    budget: Budget,
}

impl People {
    pub(crate) fn new(rows: RowsOf, budget: Budget) -> People {
        let by_address = (rows == RowsOf::Memberships).then(HashMap::new);
        People { entries: Vec::new(), lines: Vec::new(), by_address, budget }
    }

    /// Returns what further people may take.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Adds a row. Fails for one that is too many, or that takes too much.
    pub(crate) fn add(
        &mut self,
        entry: Entry,
        line: u64,
        refusal: &mut Refusal,
    ) -> Result<(), RosterError> {
        if let Some(by_address) = &mut self.by_address {
            let address = entry.email.to_lowercase();
            if let Some(at) = by_address.get(&address) {
                self.budget.take(entry.size_of_lists(), line)?;
                let (first, first_line) = (&mut self.entries[*at], self.lines[*at]);
                for field in merge(first, entry) {
                    let message = format!(
                        "{field}: line {first_line} has another one for the same address; make them equal"
                    );
                    refusal.add(RosterError::new(line, 0, message));
                }
                return Ok(());
            }
            self.budget.take(budget::text(&address), line)?;
            by_address.insert(address, self.entries.len());
        }
        if self.entries.len() == MAX_PEOPLE {
            return Err(RosterError::new(line, 0, too_many()));
        }
        self.budget.take(entry.size(), line)?;
        self.entries.push(entry);
        self.lines.push(line);
        Ok(())
    }

    pub(crate) fn roster(mut self, source: Source) -> Roster {
        if self.by_address.is_some() {
            self.entries.iter_mut().for_each(deduplicate);
        }
        Roster { entries: self.entries, lines: self.lines, source }
    }
}

/// Removes what several rows of a person have. It is done at the end, because a person may have as
/// many rows as a file has.
fn deduplicate(entry: &mut Entry) {
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::with_capacity(entry.groups.len());
    for group in entry.groups.drain(..) {
        match at.get(&group.name) {
            Some(known) => groups[*known].admin = groups[*known].admin.max(group.admin),
            None => {
                at.insert(group.name.clone(), groups.len());
                groups.push(group);
            }
        }
    }
    entry.groups = groups;
    let mut seen = HashSet::new();
    entry.former_emails.retain(|address| seen.insert(address.clone()));
}

/// Adds another row of the same person. Returns the fields that contradict.
fn merge(first: &mut Entry, other: Entry) -> Vec<&'static str> {
    let mut contradicting = Vec::new();
    let mut check = |field, equal: bool| {
        if !equal {
            contradicting.push(field);
        }
    };
    check("first name", same(&mut first.first_name, other.first_name));
    check("last name", same(&mut first.last_name, other.last_name));
    check("user type", same(&mut first.user_type, other.user_type));
    check("admin", same(&mut first.admin, other.admin));
    check("metadata", same(&mut first.metadata, other.metadata));
    for (name, value) in other.attributes {
        match first.attributes.iter().find(|(known, _)| *known == name) {
            Some((_, known)) => check("attribute", *known == value),
            None => first.attributes.push((name, value)),
        }
    }
    first.groups.extend(other.groups);
    first.former_emails.extend(other.former_emails);
    contradicting
}

/// Takes a value if there is none. Returns whether there is no other one.
fn same<T: PartialEq>(first: &mut Option<T>, other: Option<T>) -> bool {
    if first.is_none() {
        *first = other;
        return true;
    }
    other.is_none() || *first == other
}
