//! The arguments of `provision`, `deprovision` and `restore`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use host_test::retool::types::{Attribute, ClearableField, WayIn};

use super::connection::{ConnectionArgs, Seat};
use super::people::PeopleArgs;

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
    /// An address that the person had before. An account with it is renamed.
    #[arg(long = "former-email", value_name = "EMAIL", action = ArgAction::Append)]
    pub(crate) former_emails: Vec<String>,
    /// Metadata to set: a JSON object. Its other keys are kept.
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// A user attribute to set.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute, action = ArgAction::Append)]
    pub(crate) attributes: Vec<Attribute>,
    /// A field to clear: first-name, last-name, profile-photo-url, metadata:KEY or attribute:NAME.
    #[arg(long, value_name = "FIELD", value_parser = clearable, action = ArgAction::Append)]
    pub(crate) clear: Vec<ClearableField>,
    /// Groups that the person must be in, by name.
    #[arg(long = "group", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    pub(crate) groups: Vec<String>,
    /// Groups that the person must be in, by id.
    #[arg(long = "group-id", value_name = "ID", num_args = 1.., action = ArgAction::Append)]
    pub(crate) group_ids: Vec<String>,
    /// Groups that the person must be in and administer, by name.
    #[arg(long = "administer-group", value_name = "NAME", num_args = 1.., action = ArgAction::Append)]
    pub(crate) administered_groups: Vec<String>,
    /// Create the groups that are missing.
    #[arg(long)]
    pub(crate) create_missing_groups: bool,
    /// How a new person gets access; an account is created if not given.
    #[arg(long, value_enum, value_name = "WAY")]
    pub(crate) way_in: Option<Way>,
    /// Do not look the person up first: for a token that may invite and may not read. Never repeat
    /// such a command before you know what the first one did.
    #[arg(long, requires = "way_in")]
    pub(crate) skip_lookup: bool,
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

/// How a new person gets access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// An account is created. Without SSO the person can't log in before an invitation.
    Account,
    /// An invitation is sent.
    Invitation,
}

impl From<Way> for WayIn {
    fn from(way: Way) -> WayIn {
        match way {
            Way::Account => WayIn::Account,
            Way::Invitation => WayIn::Invitation,
        }
    }
}

pub(super) fn attribute(text: &str) -> Result<Attribute, String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    Ok(Attribute { name: name.to_owned(), value: value.to_owned() })
}

fn clearable(text: &str) -> Result<ClearableField, String> {
    Ok(match (text, text.split_once(':')) {
        ("first-name", _) => ClearableField::FirstName,
        ("last-name", _) => ClearableField::LastName,
        ("profile-photo-url", _) => ClearableField::ProfilePhotoUrl,
        (_, Some(("metadata", key))) => ClearableField::MetadataKey(key.to_owned()),
        (_, Some(("attribute", name))) => ClearableField::Attribute(name.to_owned()),
        _ => {
            return Err(
                "give first-name, last-name, profile-photo-url, metadata:KEY or attribute:NAME"
                    .to_owned(),
            );
        }
    })
}

#[derive(Debug, Args)]
pub(crate) struct DeprovisionArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) people: PeopleArgs,
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
    /// The id that the person with this address must have. Only for one person.
    #[arg(long, value_name = "ID")]
    pub(crate) expect_id: Option<String>,
    /// Show what would be done, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where to keep the record of the person, as JSON; `restore` needs it. It is printed if
    /// not given. The file is written before anything changes in Retool, so that a deprovision
    /// that fails halfway can be undone. An existing file is never overwritten.
    #[arg(long, value_name = "FILE", conflicts_with = "tombstones")]
    pub(crate) tombstone: Option<PathBuf>,
    /// For several people: the folder for their records, one file for each, as --tombstone writes
    /// it. Needed unless --mode is disable. It is created if it is missing, and may be that of an
    /// earlier run that ended before everyone was done.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tombstones: Option<PathBuf>,
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
    /// Delete the account permanently. The API v2 deletes no accounts: they are disabled there.
    Delete,
    /// Disable now; a later call deletes after --days.
    DeleteAfter,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The record of the person, as `deprovision --tombstone FILE` wrote it. Several may be given,
    /// and folders, as `deprovision --tombstones FOLDER` wrote them.
    #[arg(long = "tombstone", value_name = "FILE", num_args = 1.., action = ArgAction::Append, required = true)]
    pub(crate) tombstones: Vec<PathBuf>,
    /// Show what would be done, as far as that can be said without a write.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Create the account again if it is gone, which sends an invitation, or restore to the
    /// account that has the address now.
    #[arg(long)]
    pub(crate) re_create: bool,
    /// With --re-create: how the person gets access; if not given, an account is created, or an
    /// invitation sent if the record is that of one.
    #[arg(long, value_enum, value_name = "WAY", requires = "re_create")]
    pub(crate) way_in: Option<Way>,
}
