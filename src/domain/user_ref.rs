//! How a request names a person.

use alloc::collections::BTreeSet;
use alloc::string::String;

use super::{Email, User, UserId};

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
