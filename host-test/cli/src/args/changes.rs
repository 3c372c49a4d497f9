//! The arguments of `changes`.

use std::path::PathBuf;

use clap::Args;

use super::connection::ConnectionArgs;

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
