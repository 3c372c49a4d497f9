//! Finds the groups that a request names.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::domain::{Group, GroupId, GroupRef, text};
use crate::error::{Code, Error, Result};
use crate::input::excerpt;

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
    /// Fails with `ambiguous-group` if several groups have the name, with `similar-group` if none
    /// has it and one only [looks](text::look) as if it had, and with `group-not-found` for an
    /// unknown id, because a group can't be created with a given id.
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
                None | Some([]) => match self.looking_like(name, None) {
                    Some(group) => Err(similar(name, group)),
                    None => Ok(None),
                },
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

    /// Returns a group that looks as if it had this name, and is not the one with this id.
    pub fn looking_like(&self, name: &str, except: Option<&GroupId>) -> Option<&'a Group> {
        let look = text::look(name);
        let groups = self.by_id.values().filter(|group| Some(&group.id) != except);
        groups.copied().find(|group| text::look(&group.name) == look)
    }
}

/// Returns the error for a name that is not a group's, and looks like that of one.
pub fn similar(name: &str, group: &Group) -> Error {
    let message = format!(
        "There is no group \"{}\", but there is \"{}\" (id {}): the names differ only in case, in the way that a letter \
         is written, or in characters that can't be seen. No second group of that look is made, and nothing was \
         written. Give the name exactly as the group has it, or its id, or rename the group in Retool.",
        excerpt(name.trim()),
        shown(&group.name),
        group.id.value
    );
    Error::new(Code::SimilarGroup, message).about(name.trim())
}

/// Fails if two names of groups that don't exist yet look the same: they would become twins.
pub fn check_new_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<()> {
    let mut looks = BTreeMap::new();
    for name in names {
        let Some(first) = looks.insert(text::look(name), name) else { continue };
        if first.trim() == name.trim() {
            continue;
        }
        let message = format!(
            "The groups \"{}\" and \"{}\" are missing, and their names look the same: they differ only in case, or in \
             the way that a letter is written. Nothing was written. Write the name in one way.",
            excerpt(first.trim()),
            excerpt(name.trim())
        );
        return Err(Error::new(Code::SimilarGroup, message).about(name.trim()));
    }
    Ok(())
}

/// Returns a name from the server for a message.
fn shown(name: &str) -> Cow<'_, str> {
    match text::has_invisible(name) {
        true => Cow::Owned(excerpt(name)),
        false => Cow::Borrowed(name),
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

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::testing::plan::group;

    fn found(existing: &[&str], name: &str) -> core::result::Result<Option<String>, Code> {
        let groups: Vec<Group> = existing.iter().map(|name| group(name)).collect();
        let found = GroupIndex::new(&groups).find(&GroupRef::Name(name.into()));
        found.map(|found| found.map(|group| group.name.clone())).map_err(|error| error.code)
    }

    #[test]
    fn a_group_is_found_by_its_exact_name() {
        assert_eq!(found(&["Eng", "Ops"], "Eng"), Ok(Some("Eng".into())));
        assert_eq!(found(&["Eng "], " Eng"), Ok(Some("Eng ".into())));
        assert_eq!(found(&["eng", "Eng"], "Eng"), Ok(Some("Eng".into())), "beside a look-alike");
        assert_eq!(found(&["Ops"], "Eng"), Ok(None));
    }

    #[test]
    fn a_name_that_only_looks_like_a_groups_is_refused() {
        for (existing, name) in [
            ("Engineering", "engineering"),
            ("Cafe\u{301}", "Café"),
            ("Café", "Cafe\u{301}"),
            ("CAFÉ", "cafe\u{301}"),
            ("Eng\u{200b}", "Eng"),
            ("\u{feff}Eng", "eng"),
            ("Data\u{a0}Team", "Data Team"),
            ("\u{212b}ngström", "Ångström"),
            ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς"),
            ("admin", "Admin"),
        ] {
            assert_eq!(found(&[existing], name), Err(Code::SimilarGroup), "{name} by {existing}");
        }
        for (existing, name) in
            [("Straße", "Strasse"), ("ısparta", "isparta"), ("Ｅｎｇ", "Eng"), ("Cafe", "Café")]
        {
            assert_eq!(found(&[existing], name), Ok(None), "{name} by {existing}");
        }
    }

    #[test]
    fn the_error_names_both_and_shows_what_can_not_be_seen() {
        let groups = [group("Eng\u{200b}")];
        let error = GroupIndex::new(&groups).find(&GroupRef::Name("Eng".into())).expect_err("one");
        assert!(error.message.contains("\"Eng\""), "{}", error.message);
        assert!(error.message.contains("\"Eng\\u{200b}\""), "{}", error.message);
        assert!(error.message.contains(&*groups[0].id.value), "{}", error.message);
    }

    #[test]
    fn new_groups_must_not_look_the_same() {
        assert!(check_new_names(["Eng", "Ops", "Eng"]).is_ok());
        for (one, other) in [("Eng", "eng"), ("Café", "Cafe\u{301}")] {
            let error = check_new_names([one, other]).expect_err("twins");
            assert_eq!(error.code, Code::SimilarGroup);
        }
    }
}
