//! The arguments of `invite` and `reset-2fa`.

use clap::{ArgAction, Args};
use host_test::retool::types::Attribute;

use super::connection::{ConnectionArgs, Seat};
use super::person::attribute;

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The person.
    #[arg(long)]
    pub(crate) email: String,
    /// What the seat is billed as: for /api/v1, where the account exists at once.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) user_type: Option<Seat>,
    /// Groups that the person must be in, by name.
    #[arg(long = "group", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    pub(crate) groups: Vec<String>,
    /// Create the groups that are missing.
    #[arg(long)]
    pub(crate) create_missing_groups: bool,
    /// Metadata to set: a JSON object.
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// A user attribute to set.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute, action = ArgAction::Append)]
    pub(crate) attributes: Vec<Attribute>,
}

#[derive(Debug, Args)]
pub(crate) struct ResetTwoFactorArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The person.
    #[arg(long)]
    pub(crate) email: String,
    /// The id that the person with this address must have.
    #[arg(long, value_name = "ID")]
    pub(crate) expect_id: Option<String>,
}
