//! Matches the entries of the roster with the users in Retool.
//!
//! An account has several names: its id, its addresses and its login. An entry means each account
//! that has the name it gives. Two accounts that match one entry are ambiguous.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::domain::{Email, User, UserId, UserRef};
use crate::error::{Code, Error, Result};
use crate::sort;
use crate::sync::{DesiredUser, Snapshot, SyncRequest};

/// The roster and the users of the snapshot, both sorted by address.
pub(super) struct Matching<'a> {
    /// The entries, sorted by the address under which the plan reports them.
    entries: Vec<Entry<'a>>,
    /// The users, sorted by address and id.
    users: Vec<&'a User>,
    /// Whether an entry means the user, for each of `users`.
    claimed: Vec<bool>,
}

/// An entry of the roster.
struct Entry<'a> {
    index: usize,
    desired: &'a DesiredUser,
    /// The address under which the plan reports the person: the account's, where one is found.
    email: &'a Email,
    accounts: Accounts<'a>,
}

/// The accounts of an entry.
#[derive(Clone)]
pub(super) enum Accounts<'a> {
    /// Those with the name that the entry gives, by address and id; more than one is ambiguous.
    Named(Vec<&'a User>),
    /// There is none, but these have the address or the login that a new person should have.
    Others(Vec<&'a User>),
}

/// A person on the roster or in the snapshot.
pub(super) struct Person<'a> {
    /// The entry, with its place on the roster.
    pub desired: Option<(usize, &'a DesiredUser)>,
    /// The address under which the plan reports the person.
    pub email: &'a Email,
    /// The accounts.
    pub accounts: Accounts<'a>,
}

impl<'a> Matching<'a> {
    /// Matches both. Fails if a person is on the roster twice: the second entry would otherwise
    /// look like a missing person.
    pub fn of(request: &'a SyncRequest, snapshot: &'a Snapshot) -> Result<Self> {
        let mut users: Vec<&User> = snapshot.users.iter().collect();
        sort::sort_by(&mut users, |a, b| a.email.cmp(&b.email).then_with(|| a.id.cmp(&b.id)));
        let names = NameIndex::new(&users, request);
        let mut claims: Vec<Option<usize>> = vec![None; users.len()];
        let mut entries = Vec::with_capacity(request.roster.len());
        for (index, desired) in request.roster.iter().enumerate() {
            let named = names.find(&users, desired);
            if let [place] = named[..]
                && let Some(first) = claims[place].replace(index)
            {
                return Err(twice(request, first, index, users[place]));
            }
            let places = match named.is_empty() {
                true => names.find_others(&users, desired),
                false => named.clone(),
            };
            let found: Vec<&User> = places.iter().map(|place| users[*place]).collect();
            let email = match (&found[..], named.is_empty()) {
                ([user], false) => &user.email,
                _ => &desired.email,
            };
            let accounts = match named.is_empty() && !found.is_empty() {
                true => Accounts::Others(found),
                false => Accounts::Named(found),
            };
            entries.push((Entry { index, desired, email, accounts }, places));
        }
        let mut claimed: Vec<bool> = claims.iter().map(Option::is_some).collect();
        for (_, places) in &entries {
            places.iter().for_each(|place| claimed[*place] = true);
        }
        let mut entries: Vec<Entry<'_>> = entries.into_iter().map(|(entry, _)| entry).collect();
        sort::sort_by(&mut entries, |a, b| a.email.cmp(b.email).then(a.index.cmp(&b.index)));
        if let Some([one, other]) =
            entries.array_windows().find(|[one, other]| one.email == other.email)
        {
            return Err(named_twice(one, other));
        }
        Ok(Matching { entries, users, claimed })
    }

    /// Returns whether an address is on the roster.
    pub fn is_on_roster(&self, email: &Email) -> bool {
        self.entries.iter().any(|entry| entry.email == email || entry.desired.email == *email)
    }

    /// Iterates over every person on the roster or in the snapshot, each once, by address.
    pub fn by_address(&self) -> impl Iterator<Item = Person<'a>> {
        let mut entries = self.entries.as_slice();
        let mut at = 0;
        core::iter::from_fn(move || {
            while self.claimed.get(at) == Some(&true) {
                at += 1;
            }
            let user = self.users.get(at).map(|user| &user.email);
            if let [entry, rest @ ..] = entries
                && user.is_none_or(|email| entry.email <= email)
            {
                entries = rest;
                let desired = Some((entry.index, entry.desired));
                return Some(Person {
                    desired,
                    email: entry.email,
                    accounts: entry.accounts.clone(),
                });
            }
            let email = user?;
            let mut accounts = Vec::new();
            while let Some(user) = self.users.get(at).filter(|user| user.email == *email) {
                if !self.claimed[at] {
                    accounts.push(*user);
                }
                at += 1;
            }
            Some(Person { desired: None, email, accounts: Accounts::Named(accounts) })
        })
    }
}

/// Returns the error for two entries that mean one account.
fn twice(request: &SyncRequest, first: usize, second: usize, user: &User) -> Error {
    let [one, other] = [first, second].map(|at| request.roster[at].label());
    let email = user.email.as_str();
    let message = match one == other {
        true => format!("{email} is on the roster twice. Name every person once."),
        false => format!(
            "{one} (request.roster[{first}]) and {other} (request.roster[{second}]) are the same account, {email}. \
             Name every person once."
        ),
    };
    duplicate(second, &request.roster[second], email, message)
}

/// Returns the error for two entries that the plan would report under one address.
fn named_twice(one: &Entry<'_>, other: &Entry<'_>) -> Error {
    let email = one.email.as_str();
    let message = match one.desired.email == other.desired.email {
        true => format!("{email} is on the roster twice. Name every person once."),
        false => format!(
            "{} (request.roster[{}]) and {} (request.roster[{}]) both mean an account with the address {email}. Name \
             every person once.",
            one.desired.label(),
            one.index,
            other.desired.label(),
            other.index
        ),
    };
    let later = if one.index > other.index { one } else { other };
    duplicate(later.index, later.desired, email, message)
}

fn duplicate(index: usize, desired: &DesiredUser, email: &str, message: String) -> Error {
    let by = if desired.by.is_none() { ".email" } else { "" };
    Error::new(Code::DuplicatePerson, message)
        .about(email)
        .in_field(format!("request.roster[{index}].user{by}"))
}

/// Finds users by their names. A place is an index of the sorted users.
struct NameIndex<'a> {
    /// The logins and further addresses of the users that have any, sorted.
    more: Vec<(&'a str, usize)>,
    /// The ids, sorted; empty if no entry gives one.
    ids: Vec<(&'a UserId, usize)>,
}

impl<'a> NameIndex<'a> {
    fn new(users: &[&'a User], request: &SyncRequest) -> Self {
        let mut more: Vec<(&str, usize)> = Vec::new();
        for (place, user) in users.iter().enumerate().filter(|(_, user)| user.names.is_some()) {
            more.extend(user.all_names().skip(1).map(|name| (name.key(), place)));
        }
        sort::sort(&mut more);
        let by_id = |desired: &DesiredUser| matches!(desired.by, Some(UserRef::Id(_)));
        let mut ids: Vec<(&UserId, usize)> = match request.roster.iter().any(by_id) {
            true => users.iter().enumerate().map(|(place, user)| (&user.id, place)).collect(),
            false => Vec::new(),
        };
        sort::sort(&mut ids);
        NameIndex { more, ids }
    }

    /// Returns the users with the name that an entry gives, in order.
    fn find(&self, users: &[&User], desired: &DesiredUser) -> Vec<usize> {
        match &desired.by {
            None => self.answering(users, &desired.email),
            Some(UserRef::Email(email)) => self.answering(users, email),
            Some(UserRef::Login(login)) => self.with_login(users, login),
            Some(UserRef::Id(id)) => {
                let first = self.ids.partition_point(|(known, _)| *known < id);
                let same = self.ids[first..].iter().take_while(|(known, _)| *known == id);
                same.map(|(_, place)| *place).collect()
            }
        }
    }

    /// Returns the users that have the address or the login that a new person should have.
    fn find_others(&self, users: &[&User], desired: &DesiredUser) -> Vec<usize> {
        let mut places = match desired.email.is_address() {
            true => self.answering(users, &desired.email),
            false => Vec::new(),
        };
        if let Some(login) = &desired.login {
            places.extend(self.with_login(users, &Email::new(login)));
            in_order(&mut places);
        }
        places
    }

    fn with_login(&self, users: &[&User], login: &Email) -> Vec<usize> {
        let mut places = self.answering(users, login);
        places.retain(|place| users[*place].has_login(login));
        places
    }

    /// Returns the users who answer to an address.
    fn answering(&self, users: &[&User], email: &Email) -> Vec<usize> {
        let first = users.partition_point(|user| user.email < *email);
        let main = users[first..].iter().take_while(|user| user.email == *email).count();
        let mut places: Vec<usize> = (first..first + main).collect();
        if !self.more.is_empty() {
            let first = self.more.partition_point(|(key, _)| *key < email.key());
            let same = self.more[first..].iter().take_while(|(key, _)| *key == email.key());
            places.extend(same.map(|(_, place)| *place));
            in_order(&mut places);
        }
        places
    }
}

fn in_order(places: &mut Vec<usize>) {
    places.sort_unstable();
    places.dedup();
}
