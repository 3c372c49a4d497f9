//! How a plan or a report is printed, and what the exit code says.

use clap::Args;

use crate::exit::Exit;
use crate::render::Form;

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormArgs {
    /// Print only the counts, the guards and what needs a look.
    #[arg(long, conflicts_with_all = ["markdown", "json"])]
    summary: bool,
    /// Print Markdown, for a ticket or a pull request.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Exit with 2 if there are changes to make, or if changes were made. Wrong usage then exits
    /// with 1.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// The name of the switch. It also holds for arguments that could not be parsed.
pub(crate) const DETAILED: &str = "--detailed-exitcode";

impl FormArgs {
    pub(crate) fn form(&self) -> Form {
        match (self.summary, self.markdown) {
            (true, _) => Form::Summary,
            (_, true) => Form::Markdown,
            _ => Form::Whole,
        }
    }

    /// Returns the exit code of a run that ended as it should.
    pub(crate) fn exit(&self, exit: Exit, has_changes: bool) -> Exit {
        match exit {
            Exit::Done if self.detailed_exitcode && has_changes => Exit::Changed,
            exit => exit,
        }
    }
}
