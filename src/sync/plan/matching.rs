//! Matches the entries of the roster with the users in Retool.

use alloc::format;
use alloc::vec::Vec;

use crate::domain::{Email, User};
use crate::error::{Code, Error, Result};
use crate::sort;
use crate::sync::{DesiredUser, Snapshot, SyncRequest};

/// The roster and the users of the snapshot, both sorted by address.
pub(super) struct Matching<'a> {
    roster: Vec<(usize, &'a DesiredUser)>,
    users: Vec<&'a User>,
}

/// An address, with its entry on the roster and its accounts.
pub(super) struct Person<'a, 's> {
    /// The entry, with its place on the roster.
    pub desired: Option<(usize, &'a DesiredUser)>,
    /// The accounts with the address, by id; more than one is ambiguous.
    pub accounts: &'s [&'a User],
}

impl<'a> Matching<'a> {
    /// Sorts both. Fails if a person is on the roster twice: the second entry would otherwise look
    /// like a missing person.
    pub fn of(request: &'a SyncRequest, snapshot: &'a Snapshot) -> Result<Self> {
        let mut roster: Vec<(usize, &DesiredUser)> = request.roster.iter().enumerate().collect();
        sort::sort_by(&mut roster, |(_, a), (_, b)| a.email.cmp(&b.email));
        let twice = roster.windows(2).find(|pair| pair[0].1.email == pair[1].1.email);
        if let Some([_, (index, desired)]) = twice {
            let email = desired.email.as_str();
            let message = format!("{email} is on the roster twice. Name every person once.");
            return Err(Error::new(Code::DuplicatePerson, message)
                .about(email)
                .in_field(format!("request.roster[{index}].user.email")));
        }
        let mut users: Vec<&User> = snapshot.users.iter().collect();
        sort::sort_by(&mut users, |a, b| a.email.cmp(&b.email).then_with(|| a.id.cmp(&b.id)));
        Ok(Matching { roster, users })
    }

    /// Returns whether an address is on the roster.
    pub fn is_on_roster(&self, email: &Email) -> bool {
        self.roster.binary_search_by(|(_, desired)| desired.email.cmp(email)).is_ok()
    }

    /// Iterates over every person on the roster or in the snapshot, each once, by address.
    pub fn by_address(&self) -> impl Iterator<Item = Person<'a, '_>> {
        let mut roster = self.roster.as_slice();
        let mut users = self.users.as_slice();
        core::iter::from_fn(move || {
            let next_desired = roster.first().map(|(_, desired)| &desired.email);
            let next_user = users.first().map(|user| &user.email);
            let email = match (next_desired, next_user) {
                (Some(a), Some(b)) => a.min(b),
                (one, other) => one.or(other)?,
            };
            let desired = match roster {
                [first, rest @ ..] if first.1.email == *email => {
                    roster = rest;
                    Some(*first)
                }
                _ => None,
            };
            let count = users.iter().take_while(|user| user.email == *email).count();
            let (accounts, rest) = users.split_at(count);
            users = rest;
            Some(Person { desired, accounts })
        })
    }
}
