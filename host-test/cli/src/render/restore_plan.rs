//! What `restore` would do.

use super::lines::Lines;
use super::switches;
use super::words::{self, count};
use crate::failure::Failure;
use host_test::retool::types::{FieldChange, GroupLink, User};
use host_test::text::printable;

/// What `restore` would do to one person.
#[derive(Debug)]
pub(crate) struct WouldRestore {
    /// What the account would be, e.g. `enabled again`.
    pub(crate) what: &'static str,
    /// Why it would fail.
    pub(crate) refused: Option<String>,
    /// The fields that would change.
    pub(crate) changes: Vec<FieldChange>,
    /// The groups that the person would be added to.
    pub(crate) groups: Vec<GroupLink>,
}

/// Renders what `restore` would do.
pub(crate) fn would_restore(people: &[(&User, Result<WouldRestore, Failure>)]) -> String {
    let mut text = Lines::default();
    let mut failing = 0;
    for (user, would) in people {
        let name = words::person(user.email.as_deref(), user.login.as_deref(), Some(&user.id));
        let name = printable(name);
        match would {
            Ok(WouldRestore { refused: Some(why), .. }) => {
                failing += 1;
                text.heading(&format!("{name}: would fail: {}", printable(why)));
            }
            Ok(WouldRestore { what: "unchanged", .. }) => {
                text.heading(&format!("{name}: would stay as it is"));
            }
            Ok(WouldRestore { what, refused: None, changes, groups }) => {
                text.heading(&format!("{name}: would be {what}"));
                text.each(changes.iter().map(words::change));
                text.groups("would be added to", groups);
            }
            Err(failure) => {
                failing += 1;
                let (code, message) = failure.brief();
                let message = switches::of_person(&message, None);
                let why = format!("{} ({})", printable(&message), printable(&code));
                text.heading(&format!("{name}: would fail: {why}"));
            }
        }
    }
    format!(
        "{}\n{}: {failing} would fail; nothing was written, and whether the server takes each \
         write shows only then\n",
        text.done(),
        count(people.len(), "person", "people")
    )
}
