//! The arguments of the commands that show people and groups, and of `export`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::connection::ConnectionArgs;

#[derive(Debug, Args)]
pub(crate) struct UsersArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) filter: UserFilterArgs,
    /// Print CSV instead of a table.
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Who is shown. All conditions that are given must hold.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Who is shown")]
pub(crate) struct UserFilterArgs {
    /// Only people who are disabled.
    #[arg(long)]
    pub(crate) disabled: bool,
    /// Only people who administer the organisation.
    #[arg(long)]
    pub(crate) admins: bool,
    /// Only people who were last active more than N days ago, by this machine's clock. Nobody
    /// without such a date. Not over SCIM.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) inactive_days: Option<u32>,
    /// Only members of one of these groups, by name.
    #[arg(long = "group", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    pub(crate) groups: Vec<String>,
    /// Only people with an address in one of these domains.
    #[arg(long = "domain", value_name = "DOMAIN", num_args = 1.., action = ArgAction::Append)]
    pub(crate) domains: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The person.
    #[arg(value_name = "EMAIL")]
    pub(crate) email: String,
}

#[derive(Debug, Args)]
pub(crate) struct GroupArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) group: OneGroup,
}

/// One group, by name or by id.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OneGroup {
    /// The group, by its whole name.
    #[arg(value_name = "GROUP")]
    pub(crate) name: Option<String>,
    /// The group, by id.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

impl OneGroup {
    /// Returns the name or the id for messages.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().or(self.id.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Where to write the roster: CSV, or JSON if the name ends in `.json`. An existing file is
    /// never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write disabled people too. Plan such a roster with --leave-disabled: a plan with --re-enable
    /// would enable them.
    #[arg(long)]
    pub(crate) with_disabled: bool,
}
