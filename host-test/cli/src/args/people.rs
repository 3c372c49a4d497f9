//! The arguments that name several people.

use std::path::PathBuf;

use clap::{ArgAction, Args};

#[derive(Clone, Debug, Default, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct PeopleArgs {
    /// The person; several may be given.
    #[arg(long = "email", value_name = "EMAIL", num_args = 1.., action = ArgAction::Append)]
    pub(crate) emails: Vec<String>,
    /// A file with one address per line; `-` is standard input. Blank lines are skipped, and lines
    /// that begin with `#`.
    #[arg(long, value_name = "FILE")]
    pub(crate) emails_from: Option<PathBuf>,
}
