//! The switches for people who are not on the roster.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use host_test::retool::synchronization::{AbsenceScope, AbsentPolicy};
use host_test::retool::types::GroupRef;

#[derive(Debug, Args)]
#[command(next_help_heading = "People who are not on the roster")]
pub(crate) struct AbsenceArgs {
    /// What to do with them.
    #[arg(long, value_enum, default_value_t = Absent::Keep)]
    absent: Absent,
    /// With --absent disable: delete those who have been disabled for this many days. A person
    /// without a date in --grace-file stays disabled.
    #[arg(long, value_name = "N", requires = "grace_file", value_parser = clap::value_parser!(u32).range(1..=3650))]
    delete_after_days: Option<u32>,
    /// The file that stores since when people are disabled, for --delete-after-days. `sync` and
    /// `apply` create and replace it; `plan` only reads it.
    #[arg(long, value_name = "FILE", requires = "delete_after_days")]
    pub(crate) grace_file: Option<PathBuf>,
    /// Only people with an address in one of these domains.
    #[arg(long = "absent-domain", value_name = "DOMAIN", num_args = 1.., action = ArgAction::Append)]
    domains: Vec<String>,
    /// Only members of one of these groups.
    #[arg(long = "absent-member-of", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    members_of: Vec<String>,
    /// Never people whose account was created less than this many days ago.
    #[arg(long, value_name = "N")]
    spare_created_within_days: Option<u32>,
    /// Also accounts without a usable address.
    #[arg(long)]
    absent_without_address: bool,
    /// Treat people who were last active more than this many days ago like people who are not on
    /// the roster, even if they are on it.
    #[arg(long, value_name = "N")]
    pub(crate) inactive_for_days: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Absent {
    /// Nothing.
    Keep,
    /// Disable them.
    Disable,
    /// Delete them permanently.
    Delete,
}

impl AbsenceArgs {
    /// Returns why the switches contradict each other.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let is_wrong = self.delete_after_days.is_some() && self.absent != Absent::Disable;
        is_wrong.then_some("--delete-after-days is only for --absent disable")
    }

    pub(crate) fn policy(&self) -> AbsentPolicy {
        match (self.absent, self.delete_after_days) {
            (Absent::Keep, _) => AbsentPolicy::Keep,
            (Absent::Disable, None) => AbsentPolicy::Disable,
            (Absent::Disable, Some(days)) => AbsentPolicy::DisableThenDelete(days),
            (Absent::Delete, _) => AbsentPolicy::Delete,
        }
    }

    /// Returns the scope; `None` for everyone with an address.
    pub(crate) fn scope(&self) -> Option<AbsenceScope> {
        let scope = AbsenceScope {
            domains: self.domains.clone(),
            members_of: self.members_of.iter().cloned().map(GroupRef::Name).collect(),
            spare_created_within_days: self.spare_created_within_days,
            without_address: self.absent_without_address.then_some(true),
        };
        let everyone = scope.domains.is_empty()
            && scope.members_of.is_empty()
            && scope.spare_created_within_days.is_none()
            && scope.without_address.is_none();
        (!everyone).then_some(scope)
    }
}
