//! How the command ends.

use std::process::ExitCode;

/// How a command ended: its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is done.
    Done,
    /// It failed. Nothing was written; or the component was stopped, and it is not known what was
    /// written.
    Failed,
    /// Everything is done, and there are changes. Only for those who want to know that.
    Changed,
    /// The arguments, the environment or an input file are wrong.
    Usage,
    /// A guard refused it.
    Refused,
    /// It is partly done, or a person was left alone.
    Partly,
    /// Its terminal was closed (SIGHUP). As with the next two signals, it has printed what it had
    /// written by then. After a second signal it has not.
    HungUp,
    /// It was interrupted (SIGINT).
    Interrupted,
    /// It was terminated (SIGTERM).
    Terminated,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changed | Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Partly => 4,
            Exit::HungUp => 129,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
