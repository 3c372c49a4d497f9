//! The arguments of the commands for a roster and its plan.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::connection::{ConnectionArgs, Seat};
use super::roster::RosterArgs;
use crate::absence::AbsenceArgs;
use crate::form::FormArgs;
use crate::guards::GuardArgs;
use crate::tombstones::TombstoneArgs;

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
    #[arg(long, alias = "save", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The plan, as `plan --out FILE` wrote it.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// Where to write the plan as a page for the approver. An existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The plan, as `plan --out FILE` wrote it.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) approval: ApprovalArgs,
    /// The first step to apply, counted from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) first: u32,
    /// How many steps to apply; all that follow if not given.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u32>,
    /// The file that stores since when people are disabled, as for `sync`.
    #[arg(long, value_name = "FILE")]
    pub(crate) grace_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tombstones: TombstoneArgs,
    /// Write the report as a page to this new file, for whoever keeps or gets it.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ApprovalArgs {
    /// The digest that was approved.
    #[arg(long, alias = "approved-digest", value_name = "DIGEST")]
    pub(crate) approve: Option<String>,
    /// A file with the digest that was approved, in its first line.
    #[arg(long, value_name = "FILE")]
    pub(crate) approve_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SyncNowArgs {
    #[command(flatten)]
    pub(crate) sync: SyncArgs,
    /// Apply the plan without a question. Without a terminal to ask on, `sync` needs this or
    /// --expect.
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) tombstones: TombstoneArgs,
    /// Write the report as a page to this new file, for whoever keeps or gets it.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) roster: RosterArgs,
    #[command(flatten)]
    pub(crate) absence: AbsenceArgs,
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
    /// Leave people on the roster who are disabled as they are, and do not count them as left out.
    #[arg(long, conflicts_with = "re_enable")]
    pub(crate) leave_disabled: bool,
    /// The user type of new people if the roster has none.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) default_user_type: Option<Seat>,
    /// The first address that the roster covers.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) start: Option<String>,
    /// The first address after those that the roster covers.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) before: Option<String>,
    /// The digest that the plan must have; `sync` then applies it without a question. With
    /// another digest nothing is written, and the exit code is 3.
    #[arg(long, alias = "expected-digest", value_name = "DIGEST")]
    pub(crate) expect: Option<String>,
    #[command(flatten)]
    pub(crate) guards: GuardArgs,
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
