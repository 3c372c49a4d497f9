//! User attributes: which ones there are, and changes of one user's.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::person::reread;
use crate::domain::{
    Account, AttributeDefinition, Changes, Email, FieldChange, User, UserId, WriteKind,
    attribute_change, attribute_differences, metadata_attribute,
};
use crate::error::{Code, Error, Result};
use crate::input::excerpt;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::v2::no_attributes;
use crate::retool::{Directory, ReadDirectory};
use crate::write_log::WriteLog;

/// The most names of attributes that an error lists.
const MOST_LISTED: usize = 20;

/// The attributes that an organisation defines.
#[derive(Clone, Debug, Default)]
pub struct Definitions(Vec<AttributeDefinition>);

impl Definitions {
    /// Creates them from a list.
    pub fn new(definitions: Vec<AttributeDefinition>) -> Self {
        Definitions(definitions)
    }

    /// Reads them, if there are changes. Fails, before anything is written, for an attribute that
    /// does not exist, and for an API or a server without attributes.
    pub async fn of(directory: &dyn ReadDirectory, changes: &Changes) -> Result<Self> {
        if changes.is_empty() {
            return Ok(Definitions::default());
        }
        if !directory.capabilities().sets_attributes {
            return Err(Error::new(
                Code::OperationUnsupported,
                "This API has no user attributes, so nothing was written. Leave them out, or use /api/v2.",
            )
            .in_field(field(changes)));
        }
        let definitions = directory.list_attributes().await?;
        let definitions =
            Definitions(definitions.ok_or_else(|| no_attributes().in_field(field(changes)))?);
        definitions.check(changes)?;
        Ok(definitions)
    }

    /// Returns whether an attribute exists.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|one| one.name == name)
    }

    /// Fails for an attribute that does not exist. The error lists those that do.
    pub fn check(&self, changes: &Changes) -> Result<()> {
        let Some((name, value)) = changes.iter().find(|(name, _)| !self.has(name)) else {
            return Ok(());
        };
        let mut message = format!(
            "The organisation has no user attribute \"{}\", so nothing was written.",
            excerpt(name)
        );
        message.push_str(match self.0.len() {
            0 => " It has none at all.",
            _ => " It has: ",
        });
        for (at, one) in self.0.iter().take(MOST_LISTED).enumerate() {
            message.push_str(if at == 0 { "" } else { ", " });
            message.push_str(&excerpt(&one.name));
        }
        match self.0.len().checked_sub(MOST_LISTED) {
            Some(more @ 1..) => message.push_str(&format!(" and {more} more.")),
            _ if self.0.is_empty() => {}
            _ => message.push('.'),
        }
        message.push_str(" Correct the name, or create the attribute in Retool.");
        let field = if value.is_some() { "request.attributes" } else { "request.clear" };
        Err(Error::new(Code::AttributeNotFound, message).in_field(field))
    }

    /// Returns the attributes in which a user differs from the wanted values.
    pub fn differences(&self, wanted: &Changes, user: &User) -> Vec<FieldChange> {
        attribute_differences(wanted, user, |name| self.default_of(name).map(String::from))
    }

    /// Returns the changes that give a new user the wanted values. A new user has the defaults.
    pub fn of_new(&self, wanted: &Changes) -> Vec<FieldChange> {
        let given = wanted.iter().filter(|(_, value)| value.is_some());
        given
            .map(|(name, value)| {
                let default = self.default_of(name).filter(|it| Some(*it) != value.as_deref());
                attribute_change(name, default.map(String::from), value)
            })
            .collect()
    }

    fn default_of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|one| one.name == name)?.default.as_deref()
    }

    /// Sets the attributes of a user whose metadata shows them.
    pub fn fill(&self, user: &mut User) {
        if self.0.is_empty() {
            return;
        }
        let shown = self
            .0
            .iter()
            .filter_map(|one| Some((one.name.clone(), metadata_attribute(user, &one.name)?)));
        user.attributes = Some(Box::new(shown.collect::<BTreeMap<_, _>>()));
    }
}

/// Returns the field of a request that names the first change.
fn field(changes: &Changes) -> &'static str {
    match changes.values().next() {
        Some(None) => "request.clear",
        _ => "request.attributes",
    }
}

/// Makes changes of attributes, one after the other. `account` was just read. Returns the user
/// afterwards.
pub async fn change_attributes(
    directory: &dyn Directory,
    mut account: Account,
    changes: &[FieldChange],
    write_log: &mut WriteLog,
) -> Result<User> {
    let address = account.user.email.as_str().to_owned();
    for change in changes {
        let Some(name) = change.attribute() else { continue };
        let made = directory.set_attribute(&account, name, change.after.as_deref()).await;
        account.user = write_log.record(WriteKind::AttributeChanged, &address, None, made)?;
    }
    Ok(account.user)
}

/// Reads an account that was just created. It may not be visible at once.
pub async fn read_new(directory: &dyn Directory, id: &UserId, email: &Email) -> Result<Account> {
    let read = read_back(directory, async || {
        Ok(reread(directory, id, email).await?.map_or(ReadBack::NotYet(()), ReadBack::Holds))
    });
    read.await?.map_err(|()| {
        Error::new(
            Code::NotVerified,
            "The person was created, and is not visible yet, so the user attributes were not set. Ask again.",
        )
        .about(String::from(email.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_attribute_is_an_error_that_lists_at_most_20_known_ones() {
        let changes = Changes::from([("tema".into(), None)]);
        let message = |count: usize| {
            let all =
                (0..count).map(|at| AttributeDefinition { name: format!("a{at}"), default: None });
            let error = Definitions::new(all.collect()).check(&changes).expect_err("unknown");
            assert_eq!(error.code, Code::AttributeNotFound);
            assert_eq!(error.field.as_deref(), Some("request.clear"));
            error.message.clone()
        };
        assert!(message(0).contains("It has none at all. Correct"));
        assert!(message(2).contains("It has: a0, a1. Correct"));
        assert!(
            message(20).ends_with("a18, a19. Correct the name, or create the attribute in Retool.")
        );
        assert!(message(22).contains("a19 and 2 more. Correct"));
    }
}
