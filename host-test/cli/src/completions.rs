//! `completions`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::args::Arguments;
use super::failure::Failure;
use super::output;
use crate::exit::Exit;

/// Prints the script. It is not JSON, not even with `--json`.
pub(crate) fn print(shell: Shell) -> Result<Exit, Failure> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    // Into a buffer, because `generate` panics if it can't write.
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    output::print_script(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
