//! How a request names a person.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Dialect, Email, User, UserId};

/// A person, as a request names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserRef {
    /// By an address: any of the account's, or its login.
    Email(Email),
    /// By id.
    Id(UserId),
    /// By SCIM's `userName`, compared as an address is.
    Login(Email),
}

impl UserRef {
    /// Returns whether an account is meant.
    pub fn means(&self, user: &User) -> bool {
        match self {
            UserRef::Email(email) => user.answers_to(email),
            UserRef::Id(id) => user.id == *id,
            UserRef::Login(login) => user.has_login(login),
        }
    }

    /// Returns the address, login or id, for messages.
    pub fn as_str(&self) -> &str {
        match self {
            UserRef::Email(text) | UserRef::Login(text) => text.as_str(),
            UserRef::Id(id) => &id.value,
        }
    }

    /// Returns the address, if the person is named by it.
    pub fn email(&self) -> Option<&Email> {
        match self {
            UserRef::Email(email) => Some(email),
            UserRef::Id(_) | UserRef::Login(_) => None,
        }
    }

    /// Returns the login, if the person is named by it.
    pub fn login(&self) -> Option<String> {
        match self {
            UserRef::Login(login) => Some(login.as_str().into()),
            UserRef::Email(_) | UserRef::Id(_) => None,
        }
    }

    /// Returns what the person is named by: `address`, `id` or `login`.
    pub fn what(&self) -> &'static str {
        match self {
            UserRef::Email(_) => "address",
            UserRef::Id(_) => "id",
            UserRef::Login(_) => "login",
        }
    }
}

impl From<Email> for UserRef {
    fn from(email: Email) -> Self {
        UserRef::Email(email)
    }
}

/// The people of a list of references, to look users up in.
#[derive(Debug, Default)]
pub struct UserSet<'a> {
    names: BTreeSet<&'a Email>,
    logins: BTreeSet<&'a Email>,
    ids: BTreeSet<&'a UserId>,
}

impl<'a> UserSet<'a> {
    /// Creates the set of these people.
    pub fn of(refs: &'a [UserRef]) -> Self {
        let mut set = UserSet::default();
        for who in refs {
            match who {
                UserRef::Email(email) => {
                    set.names.insert(email);
                }
                UserRef::Login(login) => {
                    set.logins.insert(login);
                }
                UserRef::Id(id) => {
                    set.ids.insert(id);
                }
            }
        }
        set
    }

    /// Returns whether one of the references means this user.
    pub fn has(&self, user: &User) -> bool {
        (!self.names.is_empty() && user.all_names().any(|name| self.names.contains(name)))
            || (!self.ids.is_empty() && self.ids.contains(&user.id))
            || self.logins.iter().any(|login| user.has_login(login))
    }
}

/// An index of users by address, by login and by id.
pub struct UserIndex<'a> {
    names: BTreeMap<&'a Email, Vec<&'a User>>,
    logins: BTreeMap<&'a Email, Vec<&'a User>>,
    ids: BTreeMap<&'a UserId, Vec<&'a User>>,
}

impl<'a> UserIndex<'a> {
    /// Creates the index of these users.
    pub fn of(users: &'a [User]) -> Self {
        let mut index =
            UserIndex { names: BTreeMap::new(), logins: BTreeMap::new(), ids: BTreeMap::new() };
        for user in users {
            for name in user.all_names() {
                let named: &mut Vec<&User> = index.names.entry(name).or_default();
                // A user may have one name as an address and as the login.
                if named.last().is_none_or(|last| !core::ptr::eq(*last, user)) {
                    named.push(user);
                }
            }
            let login = match &user.names {
                Some(names) => names.login.as_ref(),
                None => (user.id.dialect == Dialect::Scim).then_some(&user.email),
            };
            if let Some(login) = login {
                index.logins.entry(login).or_default().push(user);
            }
            index.ids.entry(&user.id).or_default().push(user);
        }
        index
    }

    /// Returns the users that a reference [means](UserRef::means), in their order.
    pub fn meant(&self, who: &UserRef) -> &[&'a User] {
        let found = match who {
            UserRef::Email(email) => self.names.get(email),
            UserRef::Login(login) => self.logins.get(login),
            UserRef::Id(id) => self.ids.get(id),
        };
        found.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::*;
    use crate::domain::Names;
    use crate::testing::plan::{email, user, user_id};

    #[test]
    fn the_index_finds_the_users_that_a_reference_means() {
        let mut other = user("other@x.org");
        other.names = Some(Box::new(Names {
            login: Some(email("ada@x.org")),
            emails: Vec::from([email("ada@x.org"), email("second@x.org")]),
        }));
        let users = [user("ada@x.org"), other, user("ADA@x.org"), user("grace@x.org")];
        let index = UserIndex::of(&users);
        let names = ["ada@x.org", "second@x.org", "grace@x.org", "nobody@x.org"];
        let ids = names.iter().map(|name| UserRef::Id(user_id(name)));
        let emails = names.iter().map(|name| UserRef::Email(email(name)));
        let logins = names.iter().map(|name| UserRef::Login(email(name)));
        for who in ids.chain(emails).chain(logins) {
            let meant: Vec<&User> = users.iter().filter(|user| who.means(user)).collect();
            assert_eq!(index.meant(&who), meant, "{who:?}");
        }
        assert_eq!(index.meant(&UserRef::Email(email("ada@x.org"))).len(), 3);
    }
}
