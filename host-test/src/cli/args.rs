//! The arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mock_retool::{Fault, Guidance, Options, Throttling};
use secrecy::SecretString;

use super::guards::GuardArgs;
use crate::retool::types::{Dialect, UserType};

/// Provisions, deprovisions and syncs the people of a Retool organisation.
///
/// Tokens come only from the environment: RETOOL_API_TOKEN and RETOOL_SCIM_TOKEN. Every other
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

    /// Create or update one person, with the given fields and groups.
    #[command(
        after_help = "Example:\n  retool-lifecycle provision --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --first-name Ada --user-type default --group Engineering"
    )]
    Provision(Box<ProvisionArgs>),

    /// Disable or delete one person; --mode says which.
    #[command(
        after_help = "Example:\n  retool-lifecycle deprovision --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --mode delete-after --days 30 --tombstone ada.json\n  \
                      retool-lifecycle deprovision --base-url https://acme.retool.com \\\n    \
                      --email ada@example.com --mode delete-after --days 30 \\\n    \
                      --disabled-since 2026-03-09T12:30:45.000Z"
    )]
    Deprovision(DeprovisionArgs),

    /// Restore a person from the record that `deprovision` made.
    #[command(
        after_help = "Example:\n  retool-lifecycle restore --base-url https://acme.retool.com --tombstone ada.json"
    )]
    Restore(RestoreArgs),

    /// Show what a roster would change. Writes nothing.
    #[command(
        after_help = "Example:\n  retool-lifecycle plan --base-url https://acme.retool.com \\\n    \
                      --roster people.csv --absent disable --html plan.html\n\n\
                      A CSV roster has the columns email, first name, last name, user type, admin and \
                      groups\n(separated by `;`). A JSON roster is an array of objects with the same fields: \
                      admin is true or\nfalse, groups is an array, the rest are strings. User types are \
                      default, end-user, mobile, embed."
    )]
    Plan(Box<PlanArgs>),

    /// Show a plan that `plan --save` wrote. Asks no server.
    #[command(after_help = "Example:\n  retool-lifecycle show plan.json --html plan.html")]
    Show(ShowArgs),

    /// Apply exactly the plan that was approved, whole or in part.
    #[command(
        after_help = "Example:\n  retool-lifecycle plan --base-url https://acme.retool.com \\\n    \
                      --roster people.csv --save plan.json\n  \
                      retool-lifecycle apply plan.json --base-url https://acme.retool.com \\\n    \
                      --approved-digest 3f2a... --count 500\n\n\
                      A plan that was altered, or that has another digest, is refused, and nothing is \
                      written.\nSteps that were applied already are skipped, so the command may be \
                      repeated."
    )]
    Apply(ApplyArgs),

    /// Bring the organisation to the state that a roster describes.
    #[command(
        after_help = "Example:\n  retool-lifecycle sync --base-url https://acme.retool.com \\\n    \
                      --roster people.csv --absent disable --protect boss@example.com\n\n\
                      While it runs on a terminal, stderr shows the progress, the rate and the time \
                      left.\nThe component reports each page that it reads and every 25 steps that it \
                      applies."
    )]
    Sync(Box<SyncArgs>),

    /// Print changes, one line of JSON each, until interrupted.
    #[command(
        after_help = "Example:\n  retool-lifecycle changes --base-url https://acme.retool.com \\\n    \
                      --cursor-file acme.cursor --interval 60\n\n\
                      If the cursor file does not exist, it is created, and only later changes are \
                      printed.\nThe file is replaced after the lines are printed. If a run is killed in \
                      between, the next one\nprints them again. So every change is printed at least once."
    )]
    Changes(ChangesArgs),

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

#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// The port to listen on; 0 for any free one.
    #[arg(long, value_name = "N", default_value_t = Options::default().port)]
    pub(crate) port: u16,
    /// How many people to start with.
    #[arg(long, value_name = "N", default_value_t = Options::default().users)]
    pub(crate) users: usize,
    /// How many groups to start with, in addition to the built-in ones.
    #[arg(long, value_name = "N", default_value_t = Options::default().groups)]
    pub(crate) groups: usize,
    /// The token that requests must carry; `mock-token` if not given.
    #[arg(long, value_name = "T")]
    pub(crate) token: Option<SecretString>,
    /// The token that SCIM requests must carry; `mock-scim-token` if not given.
    #[arg(long, value_name = "T")]
    pub(crate) scim_token: Option<SecretString>,
    /// Start without people, and with the built-in groups only.
    #[arg(long)]
    pub(crate) empty: bool,
    /// How long each request takes.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// How many requests are answered per minute; no limit if not given.
    #[arg(long, value_name = "N")]
    pub(crate) quota: Option<u32>,
    /// How the response to a request beyond the quota says when to ask again: retry-after, retry-after-date,
    /// reset-seconds, reset-epoch, reset-date, remaining or nothing.
    #[arg(long, value_name = "HOW", default_value = Guidance::default().name())]
    pub(crate) quota_guidance: Guidance,
    /// The status of a request beyond the quota.
    #[arg(
        long,
        value_name = "CODE",
        default_value_t = Throttling::default().status,
        value_parser = clap::value_parser!(u16).range(400..=599)
    )]
    pub(crate) quota_status: u16,
    /// A fault of the mock; may be given several times (--help describes the syntax).
    ///
    /// [METHOD] [PATH] KIND [skip=N] [times=N] [chance=P [seed=N]] [retry-after=TEXT]
    ///
    /// The fault applies to requests with this method whose path starts with PATH. It skips the
    /// first N of them (skip), affects at most N (times), and each with the probability P from 0
    /// to 1 (chance), drawn from the seed. If several faults apply to a request, the first one
    /// is used. KIND is one of:
    ///
    ///   429, or any status          nothing is done; retry-after=TEXT, last, adds the header
    ///   throttle=CODE/HOW/SECONDS   nothing is done; HOW is one of those of --quota-guidance
    ///   forbidden=WHY               403 because of scope, seats, last-owner, address or plan, or
    ///                               unexplained
    ///   page=CODE                   nothing is done, and the answer is a page of HTML
    ///   silence, stall              no answer, or half of one, on a connection that stays open
    ///   after=502, or any status    the request is done, and the answer has this status
    ///   lose-reply                  the request is done, and no answer is sent
    ///   reset, reset-in-body        a TCP reset: before it is done, or during the answer
    ///   delay=MS                    the request is done after this delay
    ///   truncate, drip=BYTES/MS     the answer ends early, or is sent piece by piece
    ///   content-type=TYPE, html     another content type, or HTML in place of JSON
    ///   invalid-json, deep-json=N   half an answer, or N nested arrays
    ///   huge-body=BYTES             a body of that size
    ///   redirect=URL                302 to that URL
    ///   repeat-page, endless-pages, moving-total, ignore-filter, exact-filter
    ///                               listings that can't be trusted
    ///   second-account              two accounts with one address are accepted
    ///   omit=FIELD, omit-in-lists=FIELD
    ///                               people without that field
    ///   stale-reads=N, stale-for=MS after a write, reads show the state before it
    #[arg(long = "fault", value_name = "FAULT", action = ArgAction::Append, verbatim_doc_comment)]
    pub(crate) faults: Vec<Fault>,
}

#[derive(Debug, Args)]
pub(crate) struct ConnectionArgs {
    /// The URL of the organisation, e.g. https://acme.retool.com.
    #[arg(long, value_name = "URL", env = "RETOOL_BASE_URL", hide_env_values = true)]
    pub(crate) base_url: String,
    /// Which API to use.
    #[arg(long, value_enum, default_value_t = Api::Auto)]
    pub(crate) api: Api,
    /// Also trust the certificate authorities in this PEM file.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Give placeholders to the component, replace them with the tokens in each request, and mask
    /// the tokens in each answer. Tokens must have 8 characters or more.
    #[arg(long)]
    pub(crate) inject_credentials: bool,
    /// Report where the time went.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Show every line of the log, even on a terminal.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Api {
    /// Ask the server.
    Auto,
    /// The REST API under /api/v1.
    V1,
    /// The REST API under /api/v2.
    V2,
    /// SCIM 2.0.
    Scim,
}

impl From<Api> for Dialect {
    fn from(api: Api) -> Dialect {
        match api {
            Api::Auto => Dialect::Auto,
            Api::V1 => Dialect::V1,
            Api::V2 => Dialect::V2,
            Api::Scim => Dialect::Scim,
        }
    }
}

/// What a seat is billed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Seat {
    /// A standard user.
    Default,
    /// An end user (v1 only).
    EndUser,
    /// A mobile user (v2 only).
    Mobile,
    /// An embed user (v2 only).
    Embed,
}

impl From<Seat> for UserType {
    fn from(seat: Seat) -> UserType {
        match seat {
            Seat::Default => UserType::Default,
            Seat::EndUser => UserType::EndUser,
            Seat::Mobile => UserType::Mobile,
            Seat::Embed => UserType::Embed,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ProvisionArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The person.
    #[arg(long)]
    pub(crate) email: String,
    /// Given name.
    #[arg(long, value_name = "NAME")]
    pub(crate) first_name: Option<String>,
    /// Family name.
    #[arg(long, value_name = "NAME")]
    pub(crate) last_name: Option<String>,
    /// What the seat is billed as; required to create a person.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) user_type: Option<Seat>,
    /// Whether the person administers the organisation; `--admin` alone means true.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) admin: Option<bool>,
    /// The URL of the profile photo.
    #[arg(long, value_name = "URL")]
    pub(crate) profile_photo_url: Option<String>,
    /// Groups that the person must be in, by name.
    #[arg(long = "group", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    pub(crate) groups: Vec<String>,
    /// Groups that the person must be in, by id.
    #[arg(long = "group-id", value_name = "ID", num_args = 1.., action = ArgAction::Append)]
    pub(crate) group_ids: Vec<String>,
    /// Create the groups that are missing.
    #[arg(long)]
    pub(crate) create_missing_groups: bool,
    /// Fail instead of creating the person.
    #[arg(long)]
    pub(crate) no_create: bool,
    /// Do not change the fields of an existing person; report the differences.
    #[arg(long)]
    pub(crate) no_update: bool,
    /// Enable the person if disabled, instead of failing.
    #[arg(long)]
    pub(crate) re_enable: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeprovisionArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The person.
    #[arg(long)]
    pub(crate) email: String,
    /// What to do with the account.
    #[arg(long, value_enum, default_value_t = Mode::Disable)]
    pub(crate) mode: Mode,
    /// For delete-after: how many days the account must have been disabled.
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// For delete-after: since when the account is disabled, as the call that disabled it printed.
    /// Without it nothing is deleted.
    #[arg(long, value_name = "TIME")]
    pub(crate) disabled_since: Option<String>,
    /// The id that the person with this address must have.
    #[arg(long, value_name = "ID")]
    pub(crate) expect_id: Option<String>,
    /// Where to keep the record of the person, as JSON; `restore` needs it. It is printed if
    /// not given. The file is written before anything changes in Retool, so that a deprovision
    /// that fails halfway can be undone. An existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) tombstone: Option<PathBuf>,
    /// People who must not be removed.
    #[arg(long, value_name = "EMAIL", num_args = 1.., action = ArgAction::Append)]
    pub(crate) protect: Vec<String>,
    /// How many other administrators must remain; 1 if not given.
    #[arg(long, value_name = "N")]
    pub(crate) minimum_admins: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Disable the account, so that the person can't log in.
    Disable,
    /// Disable, and remove every membership.
    Strip,
    /// Delete the account permanently.
    Delete,
    /// Disable now; a later call deletes after --days.
    DeleteAfter,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The record of the person, as `deprovision --tombstone FILE` wrote it.
    #[arg(long, value_name = "FILE")]
    pub(crate) tombstone: PathBuf,
    /// Create the account again if it is gone, which sends an invitation, or restore to the
    /// account that has the address now.
    #[arg(long)]
    pub(crate) re_create: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) sync: SyncArgs,
    /// Where to write the plan as a page for the approver: one HTML file that a browser opens
    /// without a network. An existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Where to write the plan as JSON, for `show` and `apply`. An existing file is never
    /// overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The plan, as `plan --save FILE` wrote it.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// Where to write the plan as a page for the approver. An existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The plan, as `plan --save FILE` wrote it.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// The digest that was approved.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) approved_digest: String,
    /// The first step to apply, counted from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) first: u32,
    /// How many steps to apply; all that follow if not given.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The file with the people, CSV or JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: PathBuf,
    /// What to do with people who are not on the roster.
    #[arg(long, value_enum, default_value_t = Absent::Keep)]
    pub(crate) absent: Absent,
    /// What to do with memberships.
    #[arg(long, value_enum, default_value_t = Memberships::Add)]
    pub(crate) memberships: Memberships,
    /// More groups that --memberships covers, in addition to those on the roster.
    #[arg(long = "manage-group", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    pub(crate) manage_groups: Vec<String>,
    /// Create the groups that are missing.
    #[arg(long)]
    pub(crate) create_missing_groups: bool,
    /// Do not create people.
    #[arg(long)]
    pub(crate) no_create: bool,
    /// Do not change the fields of existing people.
    #[arg(long)]
    pub(crate) no_update: bool,
    /// Enable people on the roster who are disabled.
    #[arg(long)]
    pub(crate) re_enable: bool,
    /// The user type of new people if the roster has none.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) default_user_type: Option<Seat>,
    /// The first address that the roster covers.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) start: Option<String>,
    /// The first address after those that the roster covers.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) before: Option<String>,
    /// The digest that the plan must have. With another one nothing is written.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) expected_digest: Option<String>,
    #[command(flatten)]
    pub(crate) guards: GuardArgs,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Memberships {
    /// Nothing.
    Leave,
    /// Add people to their groups; remove no members.
    Add,
    /// Groups on the roster have exactly the members that the roster gives them.
    Exact,
}

#[derive(Debug, Args)]
pub(crate) struct ChangesArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The file that stores the position up to which changes were printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) cursor_file: PathBuf,
    /// How long to wait between polls.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) interval: u64,
    /// Poll once, then exit.
    #[arg(long)]
    pub(crate) once: bool,
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
