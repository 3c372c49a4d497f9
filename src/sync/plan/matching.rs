//! Matches the entries of the roster with the users in Retool.
//!
//! An account has several names: its id, its addresses and its login. An entry means each account
//! that has the name it gives. If there is none, an account with a former address of the entry is
//! the person's, who gets the present address. Two accounts that match one entry are ambiguous.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use smallvec::SmallVec;

use crate::domain::{Email, User, UserId, UserRef};
use crate::error::{Code, Error, Result};
use crate::sort;
use crate::sync::{DesiredUser, Snapshot, SyncRequest};

/// The places of accounts among the sorted users: one, as a rule.
type Places = SmallVec<[usize; 1]>;

/// The accounts themselves.
type Users<'a> = SmallVec<[&'a User; 1]>;

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
    Named(Users<'a>),
    /// There is none, but these have the address or the login that a new person should have.
    Others(Users<'a>),
    /// The account has another address than the entry: it has a former one, or the entry names it
    /// by id or login.
    Renamed(&'a User),
    /// Each of these may be the person: by the present address, by a former one, or as another
    /// entry of the roster says.
    Several(Users<'a>),
}

impl<'a> Accounts<'a> {
    /// Returns the accounts.
    pub fn users(&self) -> &[&'a User] {
        match self {
            Accounts::Named(users) | Accounts::Others(users) | Accounts::Several(users) => users,
            Accounts::Renamed(user) => core::slice::from_ref(user),
        }
    }
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
        let mut first: Vec<Option<usize>> = vec![None; users.len()];
        let mut found = Vec::with_capacity(request.roster.len());
        for (index, desired) in request.roster.iter().enumerate() {
            let candidates = Candidates::of(desired, &users, &names);
            if let [place] = candidates.named[..]
                && let Some(first) = first[place].replace(index)
            {
                return Err(twice(request, first, index, users[place]));
            }
            found.push(candidates);
        }
        let claims = Claims::of(&found, users.len());
        let mut claimed: Vec<bool> = vec![false; users.len()];
        let mut entries = Vec::with_capacity(request.roster.len());
        for (index, (candidates, desired)) in found.iter().zip(&request.roster).enumerate() {
            let (places, how) = candidates.meant(desired, &users, &claims);
            let found = places.iter().map(|place| users[*place]).collect();
            let accounts = Accounts::new(how, found);
            let email = match &accounts {
                Accounts::Named(named) if named.len() == 1 => &named[0].email,
                _ => &desired.email,
            };
            places.iter().for_each(|place| claimed[*place] = true);
            entries.push(Entry { index, desired, email, accounts });
        }
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
        self.entries.iter().any(|entry| {
            entry.email == email
                || entry.desired.email == *email
                || entry.desired.details.former_emails.contains(email)
        })
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
            let mut accounts = Users::new();
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

/// The accounts that may be those of an entry. A place is an index of the sorted users.
struct Candidates {
    /// Those with the name that the entry gives.
    named: Places,
    /// Others that have a former address of the entry.
    former: Places,
    /// Others that have the address that the entry gives beside another name, or the login that a
    /// new person should have.
    others: Places,
}

/// What the entries of a roster say about each account.
struct Claims {
    /// Whether an entry names it by the present name.
    is_named: Vec<bool>,
    /// How many entries may mean it by a former address.
    former: Vec<usize>,
}

impl Candidates {
    fn of(desired: &DesiredUser, users: &[&User], names: &NameIndex<'_>) -> Self {
        let named = names.find(users, desired);
        let mut former = Places::new();
        for address in &desired.details.former_emails {
            former.extend(names.answering(users, address));
        }
        in_order(&mut former);
        former.retain(|place| !named.contains(place));
        let mut others = match (&named[..], &desired.details.by) {
            ([], _) => names.find_others(users, desired),
            // The account that is named should have this address.
            (_, Some(_)) if desired.email.is_address() => names.answering(users, &desired.email),
            _ => Places::new(),
        };
        others.retain(|place| !named.contains(place) && !former.contains(place));
        Candidates { named, former, others }
    }

    /// Returns the accounts with a former address that are not another entry's.
    fn own_former<'c>(&'c self, claims: &'c Claims) -> impl Iterator<Item = usize> + 'c {
        let is_own = |place: &usize| self.named.is_empty() || !claims.is_named[*place];
        self.former.iter().copied().filter(is_own)
    }

    /// Decides which accounts the entry means, and how.
    fn meant(&self, desired: &DesiredUser, users: &[&User], claims: &Claims) -> (Places, How) {
        let former: Places = self.own_former(claims).collect();
        let is_contested = |place: usize| match self.named.is_empty() {
            true => claims.is_named[place] || claims.former[place] > 1,
            false => claims.former[place] > 0,
        };
        match (&self.named[..], &former[..], self.others.is_empty()) {
            ([], [], true) => (Places::new(), How::Named),
            ([], [], false) => (self.others.clone(), How::Others),
            ([], &[place], true) if !is_contested(place) => (former, How::Renamed),
            ([], ..) => (both(&self.others, &former), How::Several),
            (&[place], [], is_free) if !is_contested(place) => {
                let user = users[place];
                // The present address may be the login alone, and the mail still the former one.
                let is_former = desired.details.former_emails.contains(&user.email);
                match (user.answers_to(&desired.email) && !is_former, is_free) {
                    _ if !desired.email.is_address() => (self.named.clone(), How::Named),
                    (true, _) => (self.named.clone(), How::Named),
                    (false, true) => (self.named.clone(), How::Renamed),
                    (false, false) => (both(&self.named, &self.others), How::Several),
                }
            }
            ([_, _, ..], [], _) => (self.named.clone(), How::Named),
            _ => (both(&self.named, &former), How::Several),
        }
    }
}

fn both(some: &[usize], others: &[usize]) -> Places {
    some.iter().chain(others).copied().collect()
}

/// How an entry means accounts: see [`Accounts`].
enum How {
    Named,
    Others,
    Renamed,
    Several,
}

impl<'a> Accounts<'a> {
    fn new(how: How, users: Users<'a>) -> Self {
        match (how, &users[..]) {
            (How::Renamed, [user]) => Accounts::Renamed(user),
            (How::Others, _) => Accounts::Others(users),
            (How::Renamed | How::Several, _) => Accounts::Several(users),
            (How::Named, _) => Accounts::Named(users),
        }
    }
}

impl Claims {
    fn of(candidates: &[Candidates], users: usize) -> Self {
        let mut claims = Claims { is_named: vec![false; users], former: vec![0; users] };
        for Candidates { named, .. } in candidates {
            named.iter().for_each(|place| claims.is_named[*place] = true);
        }
        for one in candidates {
            let own: Places = one.own_former(&claims).collect();
            own.into_iter().for_each(|place| claims.former[place] += 1);
        }
        claims
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
fn named_twice<'a>(one: &Entry<'a>, other: &Entry<'a>) -> Error {
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
    let by = if desired.details.by.is_none() { ".email" } else { "" };
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
    /// The place after that of the address which was looked up last.
    next: Cell<usize>,
}

impl<'a> NameIndex<'a> {
    fn new(users: &[&'a User], request: &SyncRequest) -> Self {
        let mut more: Vec<(&str, usize)> = Vec::new();
        for (place, user) in users.iter().enumerate().filter(|(_, user)| user.names.is_some()) {
            more.extend(user.all_names().skip(1).map(|name| (name.key(), place)));
        }
        sort::sort(&mut more);
        let by_id = |desired: &DesiredUser| matches!(desired.details.by, Some(UserRef::Id(_)));
        let mut ids: Vec<(&UserId, usize)> = match request.roster.iter().any(by_id) {
            true => users.iter().enumerate().map(|(place, user)| (&user.id, place)).collect(),
            false => Vec::new(),
        };
        sort::sort(&mut ids);
        NameIndex { more, ids, next: Cell::new(0) }
    }

    /// Returns the users with the name that an entry gives, in order.
    fn find(&self, users: &[&User], desired: &DesiredUser) -> Places {
        match &desired.details.by {
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
    fn find_others(&self, users: &[&User], desired: &DesiredUser) -> Places {
        let mut places = match desired.email.is_address() {
            true => self.answering(users, &desired.email),
            false => Places::new(),
        };
        if let Some(login) = &desired.details.login {
            places.extend(self.with_login(users, &Email::new(login)));
            in_order(&mut places);
        }
        places
    }

    /// Returns the place of the first user whose address does not come before this one.
    fn first_from(&self, users: &[&User], email: &Email) -> usize {
        // A roster is often sorted as the users are. Then this is the place after the last one.
        let next = self.next.get();
        let is_next = users.get(next).is_some_and(|user| user.email == *email)
            && (next == 0 || users[next - 1].email < *email);
        let first = match is_next {
            true => next,
            false => users.partition_point(|user| user.email < *email),
        };
        self.next.set(first + 1);
        first
    }

    fn with_login(&self, users: &[&User], login: &Email) -> Places {
        let mut places = self.answering(users, login);
        places.retain(|place| users[*place].has_login(login));
        places
    }

    /// Returns the users who answer to an address.
    fn answering(&self, users: &[&User], email: &Email) -> Places {
        let first = self.first_from(users, email);
        let main = users[first..].iter().take_while(|user| user.email == *email).count();
        let mut places: Places = (first..first + main).collect();
        if !self.more.is_empty() {
            let first = self.more.partition_point(|(key, _)| *key < email.key());
            let same = self.more[first..].iter().take_while(|(key, _)| *key == email.key());
            places.extend(same.map(|(_, place)| *place));
            in_order(&mut places);
        }
        places
    }
}

fn in_order(places: &mut Places) {
    places.sort_unstable();
    places.dedup();
}
