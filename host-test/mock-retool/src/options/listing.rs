//! The options of listings, over every dialect.

/// How listings of users deviate from correct ones. By default they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingOptions {
    /// The total is the number of users on the page, and not in the whole listing.
    pub page_totals: bool,
    /// How the server handles a page size above the maximum.
    pub large_pages: LargePages,
    /// A listing without a page size is refused (400), although `/api/v2` documents that it contains
    /// everyone.
    pub demands_size: bool,
    /// These fields are missing from user records in listings, by their names in the dialect.
    pub omit_in_lists: Vec<String>,
    /// These fields are missing from every user record.
    pub omit: Vec<String>,
    /// The users with these addresses are in no listing of everyone. A search by address finds them.
    pub hidden: Vec<String>,
    /// No listing and no search finds the users with these addresses. They can be read by id.
    pub unfindable: Vec<String>,
    /// In the records of the users with these addresses, the given name (over SCIM the name) is an
    /// array.
    pub odd_records: Vec<String>,
    /// Records of `/api/v1` say when users were last active (`lastActive`), which the guide does not
    /// document.
    pub v1_activity: bool,
}

/// How a server handles a page size above its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LargePages {
    /// The page has the maximum size.
    #[default]
    Reduced,
    /// The request is refused.
    Refused {
        /// The status.
        status: u16,
        /// Whether the message names the maximum.
        names_maximum: bool,
    },
}

impl LargePages {
    /// Returns status and message of a refusal; `None` if the size is accepted.
    pub(crate) fn refusal(self, asked: Option<usize>, maximum: usize) -> Option<(u16, String)> {
        let LargePages::Refused { status, names_maximum } = self else { return None };
        let message = if names_maximum {
            format!("the page size must be a whole number from 1 to {maximum}")
        } else {
            "the page size is too large".to_owned()
        };
        asked.is_some_and(|asked| asked > maximum).then_some((status, message))
    }
}

impl ListingOptions {
    /// Whether a listing lacks the user with this address.
    pub(crate) fn lacks(&self, email: &str, is_search: bool) -> bool {
        let has = |list: &[String]| list.iter().any(|one| one == email);
        has(&self.unfindable) || !is_search && has(&self.hidden)
    }

    /// Whether the record of the user with this address is odd.
    pub(crate) fn is_odd(&self, email: &str) -> bool {
        self.odd_records.iter().any(|one| one == email)
    }
}

#[cfg(test)]
mod tests {
    use super::LargePages;

    #[test]
    fn only_a_size_above_the_maximum_is_refused() {
        let refused = LargePages::Refused { status: 422, names_maximum: true };
        assert_eq!(LargePages::Reduced.refusal(Some(500), 100), None);
        for accepted in [None, Some(1), Some(100)] {
            assert_eq!(refused.refusal(accepted, 100), None);
        }
        let (status, message) = refused.refusal(Some(101), 100).expect("a refusal");
        assert_eq!(status, 422);
        assert!(message.ends_with("to 100"), "{message}");
        let silent = LargePages::Refused { status: 400, names_maximum: false };
        let (_, message) = silent.refusal(Some(101), 100).expect("a refusal");
        assert!(!message.contains("100"), "{message}");
    }
}
