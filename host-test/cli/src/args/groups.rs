//! The arguments of `groups`.

use clap::{ArgAction, Args, Subcommand};
use host_test::retool::types::AccessSetting;

use super::connection::ConnectionArgs;
use super::directory::OneGroup;
use super::people::PeopleArgs;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct GroupsArgs {
    #[command(flatten)]
    pub(crate) connection: Option<ConnectionArgs>,
    /// Count the members too, which may take one request per group.
    #[arg(long)]
    pub(crate) members: bool,
    /// Print CSV instead of a table.
    #[arg(long)]
    pub(crate) csv: bool,
    #[command(subcommand)]
    pub(crate) change: Option<GroupsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupsCommand {
    /// Create a group if there is none of this name.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups ensure --base-url https://acme.retool.com 'Night shift' \\\n    \
                      --access universal-app-access=use"
    )]
    Ensure(EnsureGroupArgs),

    /// Rename a group.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups rename --base-url https://acme.retool.com Support --to Care"
    )]
    Rename(RenameGroupArgs),

    /// Set what the members of a group may do.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups set --base-url https://acme.retool.com Support \\\n    \
                      --access universal-app-access=edit"
    )]
    Set(SetGroupArgs),

    /// Add people to a group.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups add --base-url https://acme.retool.com Support \\\n    \
                      --email ada@example.com grace@example.com"
    )]
    Add(AddMembersArgs),

    /// Remove people from a group.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups remove --base-url https://acme.retool.com Support \\\n    \
                      --email ada@example.com"
    )]
    Remove(MembersArgs),

    /// Delete a group permanently.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups delete --base-url https://acme.retool.com Finance \\\n    \
                      --even-with-members"
    )]
    Delete(DeleteGroupArgs),
}

#[derive(Debug, Args)]
pub(crate) struct EnsureGroupArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What members of a new group may do, e.g. universal-app-access=use. A group that exists keeps
    /// its settings.
    #[arg(long = "access", value_name = "SETTING=VALUE", value_parser = setting, num_args = 1.., action = ArgAction::Append)]
    pub(crate) access: Vec<AccessSetting>,
}

#[derive(Debug, Args)]
pub(crate) struct RenameGroupArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) group: OneGroup,
    /// The new name.
    #[arg(long = "to", value_name = "NAME")]
    pub(crate) new_name: String,
}

#[derive(Debug, Args)]
pub(crate) struct SetGroupArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) group: OneGroup,
    /// What members may do, e.g. universal-app-access=use. Other settings are kept.
    #[arg(long = "access", value_name = "SETTING=VALUE", value_parser = setting, num_args = 1.., action = ArgAction::Append, required = true)]
    pub(crate) access: Vec<AccessSetting>,
}

#[derive(Debug, Args)]
pub(crate) struct AddMembersArgs {
    #[command(flatten)]
    pub(crate) members: MembersArgs,
    /// Whether they administer the group; `--administer` alone means true. Without it, members keep
    /// what they have, and new ones do not.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) administer: Option<bool>,
}

/// The people who are added to a group or removed.
#[derive(Debug, Args)]
pub(crate) struct MembersArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) group: OneGroup,
    #[command(flatten)]
    pub(crate) people: PeopleArgs,
    #[command(flatten)]
    pub(crate) keep: KeepArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteGroupArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) group: OneGroup,
    /// Delete the group even if it has members.
    #[arg(long)]
    pub(crate) even_with_members: bool,
    #[command(flatten)]
    pub(crate) keep: KeepArgs,
}

/// What a change must leave as it is.
#[derive(Debug, Default, Args)]
pub(crate) struct KeepArgs {
    /// People who must not lose a right or a membership.
    #[arg(long, value_name = "EMAIL", num_args = 1.., action = ArgAction::Append)]
    pub(crate) protect: Vec<String>,
    /// How many enabled administrators must remain if the change removes one; 1 if not given.
    #[arg(long, value_name = "N")]
    pub(crate) minimum_admins: Option<u32>,
}

fn setting(text: &str) -> Result<AccessSetting, String> {
    let (name, value) = text.split_once('=').ok_or("give SETTING=VALUE")?;
    Ok(AccessSetting { name: name.to_owned(), value: value.to_owned() })
}
