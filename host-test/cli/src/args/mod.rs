//! The arguments.

mod call;
mod changes;
mod connection;
mod directory;
mod groups;
mod invite;
mod mock;
mod people;
mod person;
mod roster;
mod sync;

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::log::LogFormat;

pub(crate) use call::{CallArgs, SchemaArgs};
pub(crate) use changes::ChangesArgs;
pub(crate) use connection::{Api, ConnectionArgs};
pub(crate) use directory::{ExportArgs, GroupArgs, OneGroup, UserArgs, UserFilterArgs, UsersArgs};
pub(crate) use groups::{AddMembersArgs, GroupsArgs, GroupsCommand, KeepArgs, MembersArgs};
pub(crate) use invite::{InviteArgs, ResetTwoFactorArgs};
pub(crate) use mock::MockArgs;
pub(crate) use people::PeopleArgs;
pub(crate) use person::{DeprovisionArgs, Mode, ProvisionArgs, RestoreArgs};
pub(crate) use roster::RosterArgs;
pub(crate) use sync::{
    ApplyArgs, ApprovalArgs, Memberships, PlanArgs, ShowArgs, SyncArgs, SyncNowArgs,
};

/// Provisions, deprovisions and syncs the people of a Retool organisation.
///
/// Tokens come from the environment, RETOOL_API_TOKEN and RETOOL_SCIM_TOKEN, or from --token-file,
/// and never from an argument. Every other
/// RETOOL_ variable is passed to the component unchanged; with --inject-credentials, only its
/// settings are.
#[derive(Debug, Parser)]
#[command(
    name = "retool-lifecycle",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or file, 3 refused by a guard, \
                  4 partly done or with people left alone,\n129, 130 or 143 ended by a \
                  signal while writing.\n\n\
                  Colours are for terminals: NO_COLOR turns them off, CLICOLOR_FORCE=1 on \
                  everywhere.\n\n\
                  Example:\n  retool-lifecycle demo"
)]
pub(crate) struct Arguments {
    /// Print one JSON document on stdout, and nothing else there.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Begin each line of the log with its time and level, or write it as JSON.
    #[arg(long, value_name = "FORMAT", value_enum, global = true)]
    pub(crate) log_format: Option<LogFormat>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show everything against a mock Retool (the default command).
    #[command(after_help = "Example:\n  retool-lifecycle demo --latency-ms 20")]
    Demo(DemoArgs),

    /// Serve a mock Retool on the loopback interface until interrupted.
    #[command(
        after_help = "Example:\n  retool-lifecycle mock --port 8080 --users 200 --token secret \\\n    \
                      --fault 'POST /api/v1/users lose-reply chance=0.1 seed=7' --fault 'GET 429 retry-after=2 times=1'"
    )]
    Mock(MockArgs),

    /// Check whether the server is reachable and what the token may do.
    #[command(
        after_help = "Example:\n  RETOOL_API_TOKEN=... retool-lifecycle check --base-url https://acme.retool.com"
    )]
    Check(ConnectionArgs),

    /// Show the people in Retool.
    #[command(
        after_help = "Example:\n  retool-lifecycle users --base-url https://acme.retool.com --inactive-days 90\n  \
                      retool-lifecycle users --base-url https://acme.retool.com --csv > people.csv\n\n\
                      The table is complete, or there is an error. In CSV, an apostrophe is before what a \
                      spreadsheet would\nrun as a formula."
    )]
    Users(UsersArgs),

    /// Show one person with all fields.
    #[command(
        after_help = "Example:\n  retool-lifecycle user --base-url https://acme.retool.com ada@example.com"
    )]
    User(UserArgs),

    /// Show the groups in Retool, or change one.
    #[command(
        after_help = "Example:\n  retool-lifecycle groups --base-url https://acme.retool.com --members"
    )]
    Groups(Box<GroupsArgs>),

    /// Show one group with its members.
    #[command(
        after_help = "Example:\n  retool-lifecycle group --base-url https://acme.retool.com Engineering"
    )]
    Group(GroupArgs),

    /// Write the people in Retool as a roster, whose plan changes nothing.
    #[command(
        after_help = "Example:\n  retool-lifecycle export --base-url https://acme.retool.com --out roster.csv\n  \
                      retool-lifecycle plan --base-url https://acme.retool.com --roster roster.csv"
    )]
    Export(ExportArgs),

    /// Create or update one person, with the given fields and groups.
    #[command(
        after_help = "Example:\n  retool-lifecycle provision --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --first-name Ada --user-type default --group Engineering"
    )]
    Provision(Box<ProvisionArgs>),

    /// Invite one person. One who has an account keeps it, and only joins the groups.
    #[command(
        after_help = "Example:\n  retool-lifecycle invite --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --group Engineering"
    )]
    Invite(InviteArgs),

    /// Reset the second factor of one person, who sets it up again at the next login.
    #[command(
        name = "reset-2fa",
        after_help = "Example:\n  retool-lifecycle reset-2fa --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com"
    )]
    ResetTwoFactor(ResetTwoFactorArgs),

    /// Disable or delete people; --mode says which.
    #[command(
        after_help = "Example:\n  retool-lifecycle deprovision --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --mode delete-after --days 30 --tombstone ada.json\n  \
                      retool-lifecycle deprovision --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --mode delete-after --days 30 \\\n    \
                      --disabled-since 2026-03-09T12:30:45.000Z\n  \
                      retool-lifecycle deprovision --base-url https://acme.retool.com \\\n    \
                      --emails-from leavers.txt --dry-run\n  \
                      retool-lifecycle deprovision --base-url https://acme.retool.com \\\n    \
                      --emails-from leavers.txt --tombstones leavers\n\n\
                      Several people are deprovisioned one after the other, with one line for each. The \
                      failure of one\nleaves the others alone; a rejected token ends the run."
    )]
    Deprovision(DeprovisionArgs),

    /// Restore people from the records that `deprovision` made.
    #[command(
        after_help = "Example:\n  retool-lifecycle restore --base-url https://acme.retool.com --tombstone ada.json\n  \
                      retool-lifecycle restore --base-url https://acme.retool.com --tombstone leavers --dry-run"
    )]
    Restore(RestoreArgs),

    /// Show what a roster would change. Writes nothing.
    #[command(
        after_help = "Example:\n  retool-lifecycle plan --base-url https://acme.retool.com \\\n    \
                      --roster people.csv --absent disable --html plan.html\n  \
                      retool-lifecycle plan --base-url https://acme.retool.com \\\n    \
                      --roster employees.csv --map 'Work email=email' --where 'Status=Active' \\\n    \
                      --ignore-other-columns\n  \
                      retool-lifecycle plan --base-url https://acme.retool.com \\\n    \
                      --roster users.csv --from entra\n\n\
                      A CSV roster has the columns email, first name, last name, user type, admin and \
                      groups\n(separated by `;`). A JSON roster is an array of objects with the same fields: \
                      admin is true or\nfalse, groups is an array, the rest are strings. User types are \
                      default, end-user, mobile, embed."
    )]
    Plan(Box<PlanArgs>),

    /// Show a plan that `plan --out` wrote. Asks no server.
    #[command(after_help = "Example:\n  retool-lifecycle show plan.json --html plan.html")]
    Show(ShowArgs),

    /// Apply exactly the plan that was approved.
    #[command(
        after_help = "Example:\n  retool-lifecycle plan --base-url https://acme.retool.com \\\n    \
                      --roster people.csv --out plan.json\n  \
                      retool-lifecycle apply plan.json --base-url https://acme.retool.com \\\n    \
                      --approve 3f2a... --tombstones records\n\n\
                      A plan that was altered, or that has another digest, is refused, and nothing is \
                      written.\nSteps that hold already are skipped, so the command may be repeated. A long \
                      plan is applied\nin several calls."
    )]
    Apply(ApplyArgs),

    /// Bring the organisation to the state that a roster describes.
    #[command(
        after_help = "Example:\n  retool-lifecycle sync --base-url https://acme.retool.com \\\n    \
                      --roster people.csv --absent disable --protect boss@example.com --yes\n\n\
                      It plans, shows the plan, asks, and applies that very plan. Without a terminal it \
                      goes on\nonly with --yes or --expect.\n\n\
                      While it runs on a terminal, stderr shows the progress, the rate and the time \
                      left.\nThe component reports each page that it reads and every 25 steps that it \
                      applies."
    )]
    Sync(Box<SyncNowArgs>),

    /// Print changes, one line of JSON each, until interrupted.
    #[command(
        after_help = "Example:\n  retool-lifecycle changes --base-url https://acme.retool.com \\\n    \
                      --cursor-file acme.cursor --interval 60\n\n\
                      If the cursor file does not exist, it is created, and only later changes are \
                      printed.\nThe file is replaced after the lines are printed. If a run is killed in \
                      between, the next one\nprints them again. So every change is printed at least once."
    )]
    Changes(ChangesArgs),

    /// Call any function of the contract, with its request as JSON.
    #[command(after_help = call::CALL_EXAMPLE)]
    Call(CallArgs),

    /// Print the JSON Schema of a function's request, result and error, or list the functions.
    #[command(after_help = call::SCHEMA_EXAMPLE)]
    Schema(SchemaArgs),

    /// Print a script that completes this command in a shell.
    #[command(after_help = "Example:\n  retool-lifecycle completions bash \\\n    \
                      > ~/.local/share/bash-completion/completions/retool-lifecycle")]
    Completions(CompletionsArgs),
}

impl Default for Command {
    fn default() -> Self {
        Command::Demo(DemoArgs { latency_ms: 0 })
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that reads the script.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How long the mock takes for each request.
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
}

impl DemoArgs {
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_argument_definitions_are_valid() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn debug_output_of_the_arguments_hides_the_mocks_tokens() {
        let line =
            ["retool-lifecycle", "mock", "--token=a-chosen-one", "--scim-token=a-chosen-one"];
        let arguments = Arguments::try_parse_from(line).expect("arguments");
        assert!(!format!("{arguments:?}").contains("a-chosen-one"));
    }

    #[test]
    fn help_prints_no_value_of_the_environment() {
        let commands = Arguments::command();
        let arguments = commands.get_subcommands().flat_map(clap::Command::get_arguments);
        for argument in arguments.chain(commands.get_arguments()) {
            let hides = argument.get_env().is_none() || argument.is_hide_env_values_set();
            assert!(hides, "{}", argument.get_id());
        }
    }

    #[test]
    fn admin_means_true_without_a_value() {
        let admin = |flag: &str| {
            let line = ["retool-lifecycle", "provision", "--base-url=x", "--email=a", flag];
            match Arguments::try_parse_from(line).expect("arguments").command {
                Some(Command::Provision(options)) => options.admin,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(admin("--admin"), Some(true));
        assert_eq!(admin("--admin=true"), Some(true));
        assert_eq!(admin("--admin=false"), Some(false));
        assert_eq!(admin("--re-enable"), None);
    }

    #[test]
    fn every_command_has_an_example_in_its_help() {
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(
                help.contains(&format!("retool-lifecycle {}", command.get_name())),
                "{}: {help}",
                command.get_name()
            );
        }
    }
}
