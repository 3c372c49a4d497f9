//! The arguments that every command with a connection has.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use host_test::retool::types::{Dialect, UserType};

#[derive(Debug, Args)]
pub(crate) struct ConnectionArgs {
    /// The URL of the organisation, e.g. https://acme.retool.com.
    #[arg(long, value_name = "URL", env = "RETOOL_BASE_URL", hide_env_values = true)]
    pub(crate) base_url: String,
    /// Which API to use.
    #[arg(long, value_enum, default_value_t = Api::Auto)]
    pub(crate) api: Api,
    /// The file with the token, which only its owner, this user or root, may read and write. It
    /// stands for RETOOL_API_TOKEN, and with --api scim for RETOOL_SCIM_TOKEN.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// A TOML file with switches: the tables connection, roster, policy and guards. What is also on
    /// the command line counts there.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
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
