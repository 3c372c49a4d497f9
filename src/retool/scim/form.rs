//! The forms in which a change can be sent. Servers differ in the forms that they accept, and in
//! how they compare versions. What a server taught is kept for the rest of the call.

use alloc::string::String;
use core::cell::Cell;
use core::cmp::Ordering;
use core::fmt::Write as _;

use crate::error::{Code, Error};

/// How a request names the attributes that it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// A PATCH with one operation for each attribute, which its path names.
    #[default]
    ByPath,
    /// A PATCH with one operation, whose value contains the attributes.
    ByValue,
    /// A PUT of the whole resource.
    Whole,
    /// Not at all: no form is safe with this server.
    Never,
}

impl Form {
    /// Returns the form to try after this one was refused or ignored.
    pub(super) fn next(self, has_no_patch: bool) -> Form {
        match self {
            Form::ByPath if !has_no_patch => Form::ByValue,
            Form::ByPath | Form::ByValue => Form::Whole,
            Form::Whole | Form::Never => Form::Never,
        }
    }
}

/// How a write demands that the record still has the version that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Demand {
    /// With the entity tag as the server gave it.
    #[default]
    AsGiven,
    /// With the strong form of a weak tag. Servers that follow RFC 9110 never match a weak tag. A
    /// proxy may have weakened the tag.
    Strong,
    /// Not at all: this server refuses a version that is right.
    Nothing,
}

impl Demand {
    /// Returns the `If-Match` for a version.
    pub(super) fn if_match(self, version: &str) -> Option<String> {
        match self {
            Demand::AsGiven => Some(version.into()),
            Demand::Strong => Some(version.strip_prefix("W/").unwrap_or(version).into()),
            Demand::Nothing => None,
        }
    }

    /// Returns the weaker demand to try for a version that was refused and is right.
    fn weaker(self, version: &str) -> Option<Demand> {
        match self {
            Demand::AsGiven if version.starts_with("W/") => Some(Demand::Strong),
            Demand::AsGiven | Demand::Strong => Some(Demand::Nothing),
            Demand::Nothing => None,
        }
    }
}

/// The demands of one change.
pub(super) struct Demands {
    demand: Cell<Demand>,
    /// The version that the last write was about.
    version: Cell<Option<String>>,
    /// How many writes were refused although their version was the last one read.
    conflicts: Cell<u32>,
}

impl Demands {
    /// Starts with what the server taught so far.
    pub(super) fn new(learned: Demand) -> Self {
        Demands { demand: Cell::new(learned), version: Cell::new(None), conflicts: Cell::new(0) }
    }

    /// Returns the current demand.
    pub(super) fn current(&self) -> Demand {
        self.demand.get()
    }

    /// Returns the `If-Match` of a write of a record with this version.
    pub(super) fn if_match(&self, version: Option<String>) -> Option<String> {
        let if_match = version.as_deref().and_then(|version| self.demand.get().if_match(version));
        self.version.set(version);
        if_match
    }

    /// Returns whether the last write demanded a version.
    pub(super) fn is_demanding(&self) -> bool {
        self.demand.get() != Demand::Nothing && self.last_version().is_some()
    }

    /// Returns whether the last write was about this version.
    pub(super) fn was_about(&self, version: Option<&str>) -> bool {
        self.last_version().as_deref() == version
    }

    /// Counts a conflict. Returns whether it was not the first.
    pub(super) fn conflicts_again(&self) -> bool {
        self.conflicts.replace(self.conflicts.get() + 1) > 0
    }

    /// Weakens the demand. Returns `false` if there is no weaker one.
    pub(super) fn weaken(&self) -> bool {
        let Some(version) = self.last_version() else { return false };
        let weaker = self.demand.get().weaker(&version);
        weaker.is_some_and(|weaker| {
            self.demand.set(weaker);
            true
        })
    }

    fn last_version(&self) -> Option<String> {
        let version = self.version.take();
        self.version.set(version.clone());
        version
    }
}

/// Returns whether the server refuses this form of a request, and certainly did nothing. The
/// refusal may also concern the values: then every form is refused.
pub(super) fn is_refused(error: &Error) -> bool {
    match error.http_status {
        Some(501) => true,
        Some(400 | 405 | 422) => error.code == Code::ServerRefused && !error.maybe_applied,
        _ => false,
    }
}

/// Returns whether the server has no PATCH for this resource.
pub(super) fn has_no_patch(error: &Error) -> bool {
    matches!(error.http_status, Some(404 | 405))
}

/// Returns the refusal that says more: one about the values rather than about the form. Of two that
/// say as much, the first, with what the server says about the other form.
pub(super) fn better(first: Option<Error>, other: Error) -> Error {
    let Some(mut first) = first else { return other };
    match says(&first).cmp(&says(&other)) {
        Ordering::Less => other,
        Ordering::Equal => {
            if says(&other) != Says::NotKnown && !first.message.contains(&other.message) {
                let _ = write!(first.message, " In another form: {}", other.message);
            }
            first
        }
        Ordering::Greater => first,
    }
}

/// How much a refusal says about the change itself.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// The server does not know the form.
    NotKnown,
    /// The reason is the form.
    Form,
    /// There is no reason, or one that only people understand.
    Unclear,
    /// The reason is the change.
    Change,
}

fn says(refusal: &Error) -> Says {
    match (refusal.http_status, refusal.refuses_form) {
        (Some(404 | 405 | 501), _) => Says::NotKnown,
        (_, Some(true)) => Says::Form,
        (_, None) => Says::Unclear,
        (_, Some(false)) => Says::Change,
    }
}
