//! People that a request names by former addresses, or by id with another address.

use mock_retool::{Dialect, User};
use retool_lifecycle::domain::{Email, UserId, UserRef};
use retool_lifecycle::lifecycle::Arrival;
use retool_lifecycle::sync::{Step, StepKind, SyncRequest};

use crate::allowed_writes::wanted;
use crate::change::key;
use crate::dialects::user_id;
use crate::operation::Operation;

/// A person of a request who may have an account with another address.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// The address that the person should have.
    pub present: &'a Email,
    /// The addresses that the person had before.
    pub former: &'a [Email],
    /// The account, if the request gives it.
    pub id: Option<&'a UserId>,
}

impl Naming<'_> {
    /// Whether the address is the present one.
    pub fn is_present(&self, person: &str) -> bool {
        &*key(self.present.as_str()) == person
    }

    /// Whether the address is a former one.
    pub fn is_former(&self, person: &str) -> bool {
        !self.is_present(person) && self.former.iter().any(|one| &*key(one.as_str()) == person)
    }

    /// Whether the address is the present or a former one.
    pub fn is_any(&self, person: &str) -> bool {
        self.is_present(person) || self.is_former(person)
    }

    /// Whether the request gives the id of this account.
    pub fn has_id_of(&self, dialect: Dialect, user: &User) -> bool {
        self.id.is_some_and(|id| *id == user_id(dialect, user))
    }
}

/// Returns the people of a roster who are named by former addresses or by id.
pub fn namings(request: &SyncRequest) -> impl Iterator<Item = Naming<'_>> {
    let namings = request.roster.iter().map(|entry| Naming {
        present: &entry.email,
        former: &entry.details.former_emails,
        id: match &entry.details.by {
            Some(UserRef::Id(id)) => Some(id),
            _ => None,
        },
    });
    namings.filter(|naming| !naming.former.is_empty() || naming.id.is_some())
}

impl Operation {
    /// Returns the people that the request names by former addresses or by id. Steps of a plan name
    /// none.
    pub fn namings(&self) -> Vec<Naming<'_>> {
        match self {
            Operation::Provision(arrival) if !arrival.former_emails.is_empty() => {
                let Arrival { email: present, former_emails: former, .. } = arrival;
                vec![Naming { present, former, id: None }]
            }
            Operation::Sync(request) | Operation::Plan(request) => namings(request).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the address that the account with this address should get. `None` if the request
    /// does not name it by a former address, or names two people by it.
    pub fn new_address(&self, person: &str) -> Option<&str> {
        let of_request = || {
            let mut namings = self.namings().into_iter().filter(|one| one.is_former(person));
            let naming = namings.next().filter(|_| namings.next().is_none());
            naming.filter(|_| !self.names(person)).map(|naming| naming.present.as_str())
        };
        let of_steps = || {
            let step = self.steps().iter().find(|step| renamed_by(step).as_deref() == Some(person));
            step.and_then(|step| step.email.as_ref()).map(Email::as_str)
        };
        of_request().or_else(of_steps)
    }

    /// Whether the roster has a person with this address.
    pub fn names(&self, person: &str) -> bool {
        self.sync_request().is_some_and(|request| wanted(request, person).is_some())
    }

    /// Returns the address that a person should have who has it, or is named by a former one.
    pub fn present_address(&self, person: &str) -> Option<&str> {
        let of_request = || {
            let naming = self.namings().into_iter().find(|naming| naming.is_present(person));
            naming.map(|naming| naming.present.as_str())
        };
        let of_steps = || {
            let renames = |step: &&Step| step.kind == StepKind::RenameUser;
            let mut addresses =
                self.steps().iter().filter(renames).filter_map(|step| step.email.as_ref());
            addresses.find(|email| key(email.as_str()) == person).map(Email::as_str)
        };
        self.new_address(person).or_else(of_request).or_else(of_steps)
    }

    /// Returns every address under which a person may be known: this one, and the present and the
    /// former ones of the person who has it.
    pub fn known_as(&self, person: &str) -> Vec<String> {
        let namings = self.namings().into_iter().filter(|naming| naming.is_any(person));
        let mut known: Vec<String> = namings
            .flat_map(|naming| naming.former.iter().chain([naming.present]))
            .map(|email| key(email.as_str()))
            .collect();
        known.push(person.to_owned());
        known.extend(self.present_address(person).map(key));
        let is_theirs =
            |step: &&Step| step.email.as_ref().is_some_and(|one| key(one.as_str()) == person);
        known.extend(self.steps().iter().filter(is_theirs).filter_map(renamed_by));
        known
    }
}

/// Returns the former address of a person who gets another one by a step.
pub fn renamed_by(step: &Step) -> Option<String> {
    let change = step.changes.iter().find(|change| change.field == "email")?;
    (step.kind == StepKind::RenameUser).then(|| change.before.as_deref().map(key))?
}
