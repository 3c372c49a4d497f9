//! References to groups that many people have in common, each kept once.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;

use super::{GroupId, GroupIdKind, GroupLink, GroupRef};

/// The links of several users. Equal ones share their texts.
#[derive(Debug, Default)]
pub struct SharedLinks {
    by_id: BTreeMap<String, GroupLink>,
}

impl SharedLinks {
    /// Returns the link to a group with this id and name.
    pub fn get(&mut self, kind: GroupIdKind, id: &str, name: Option<&str>) -> GroupLink {
        match self.by_id.get(id) {
            Some(known) if known.id.kind == kind && known.name.as_deref() == name => known.clone(),
            _ => {
                let value = id.to_owned();
                let link = GroupLink::new(GroupId { kind, value }, name.map(str::to_owned));
                self.by_id.insert(id.to_owned(), link.clone());
                link
            }
        }
    }
}

/// The references of several people to groups. Equal ones are kept once.
#[derive(Debug, Default)]
pub struct SharedRefs {
    known: BTreeSet<Arc<GroupRef>>,
}

impl SharedRefs {
    /// Returns the reference that is kept for all that are equal to this one.
    pub fn get(&mut self, group: GroupRef) -> Arc<GroupRef> {
        match self.known.get(&group) {
            Some(known) => known.clone(),
            None => {
                let new = Arc::new(group);
                self.known.insert(new.clone());
                new
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_with_another_name_or_kind_is_another_one() {
        let mut links = SharedLinks::default();
        let sales = links.get(GroupIdKind::Rest, "4", Some("Sales"));
        assert_eq!(links.get(GroupIdKind::Rest, "4", Some("Sales")), sales);
        for (kind, name) in [
            (GroupIdKind::Rest, Some("Sales EMEA")),
            (GroupIdKind::Rest, None),
            (GroupIdKind::Scim, Some("Sales")),
        ] {
            let other = links.get(kind, "4", name);
            assert_eq!((other.id.kind, other.name.as_deref()), (kind, name));
        }
    }

    #[test]
    fn a_change_of_a_link_is_not_that_of_the_links_that_share_it() {
        let mut links = SharedLinks::default();
        let [mut one, other] = [(); 2].map(|()| links.get(GroupIdKind::Rest, "4", Some("Sales")));
        one.set_group_admin(Some(true));
        one.name = None;
        assert_eq!((one.group_admin, one.name.as_deref()), (Some(true), None));
        assert_eq!((other.group_admin, other.name.as_deref()), (None, Some("Sales")));
    }

    #[test]
    fn equal_references_are_kept_once() {
        let mut refs = SharedRefs::default();
        let [one, other] = [(); 2].map(|()| refs.get(GroupRef::Name("Sales".into())));
        assert!(Arc::ptr_eq(&one, &other));
        assert_ne!(refs.get(GroupRef::Name("sales".into())), one);
    }
}
