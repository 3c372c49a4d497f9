//! Finds the groups that a request names.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::domain::{Group, GroupId, GroupRef};
use crate::error::{Code, Error, Result};

/// An index of all groups by id and by name.
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
            // Trimmed, so that no second "Support" is created beside "Support ".
            index.by_name.entry(group.name.trim()).or_default().push(group);
        }
        index
    }

    /// Finds the group that a request names. Returns `None` if no group has the name.
    ///
    /// Fails with `ambiguous-group` if several groups have the name, and with `group-not-found` for
    /// an unknown id, because a group can't be created with a given id.
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
                        "{} groups are named \"{name}\". Give the id of the one that you mean.",
                        several.len()
                    ),
                )
                .about(name.as_str())),
            },
        }
    }
}

/// Returns the error for groups that don't exist and may not be created: `first` is the name of
/// one, `others` is the number of the rest.
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
