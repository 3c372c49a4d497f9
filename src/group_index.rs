//! Finding the groups that a request means.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::domain::{Group, GroupId, GroupRef};
use crate::error::{Code, Error, Result};

/// Every group, to be found by id or by name.
pub struct GroupIndex<'a> {
    by_id: BTreeMap<&'a GroupId, &'a Group>,
    by_name: BTreeMap<&'a str, Vec<&'a Group>>,
}

impl<'a> GroupIndex<'a> {
    /// Indexes a listing.
    pub fn new(groups: &'a [Group]) -> Self {
        let mut index = GroupIndex { by_id: BTreeMap::new(), by_name: BTreeMap::new() };
        for group in groups {
            index.by_id.insert(&group.id, group);
            // Trimmed, so that "Support " is not joined by a second "Support".
            index.by_name.entry(group.name.trim()).or_default().push(group);
        }
        index
    }

    /// The group that a request means; `None` for a name that no group has.
    ///
    /// Fails with `ambiguous-group` for a name of several, and with `group-not-found` for an
    /// unknown id, which nothing could create.
    pub fn find(&self, reference: &GroupRef) -> Result<Option<&'a Group>> {
        match reference {
            GroupRef::Id(id) => match self.by_id.get(id) {
                Some(group) => Ok(Some(group)),
                None => Err(Error::new(
                    Code::GroupNotFound,
                    format!("There is no group with the id {}. Correct the id.", id.value),
                )
                .about(&*id.value)),
            },
            GroupRef::Name(name) => match self.by_name.get(name.trim()).map(Vec::as_slice) {
                None | Some([]) => Ok(None),
                Some([group]) => Ok(Some(group)),
                Some(several) => Err(Error::new(
                    Code::AmbiguousGroup,
                    format!(
                        "{} groups are named \"{name}\". Name the one that is meant by id.",
                        several.len()
                    ),
                )
                .about(name.as_str())),
            },
        }
    }
}

/// Names that no group has, where none may be created: the first, and how many more.
pub fn groups_missing(first: &str, others: usize) -> Error {
    let more = match others {
        0 => "",
        1 => " Another group is missing too.",
        _ => " More groups are missing too.",
    };
    let message = format!(
        "There is no group \"{first}\".{more} Create it, correct the name, or allow missing groups to be created."
    );
    Error::new(Code::GroupNotFound, message).about(first)
}
