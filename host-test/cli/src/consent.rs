//! Whether `sync` may write: the user is asked, or has said so with a switch.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::anyhow;

use super::args::SyncNowArgs;
use super::failure::Failure;

/// How the user agrees to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// With a switch, to any plan that no guard refuses or to the one with the digest.
    Given,
    /// By an answer on the terminal.
    Asked,
}

/// The longest answer that is read, in bytes.
const MOST_OF_ANSWER: u64 = 1024;

impl Consent {
    /// Returns how the user agrees. Fails if there is no way to ask.
    pub(super) fn of(arguments: &SyncNowArgs) -> Result<Consent, Failure> {
        if arguments.yes || arguments.sync.expect.is_some() {
            return Ok(Consent::Given);
        }
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            return Ok(Consent::Asked);
        }
        Err(Failure::Usage(anyhow!(
            "`sync` asks before it writes, and there is no terminal to ask on: give --yes to apply \
             every plan that the guards allow, or --expect DIGEST to apply the plan that `plan` \
             showed; nothing was written"
        )))
    }
}

/// Shows the plan on the terminal, and asks whether to apply it. Stdout is for the report.
pub(super) fn ask(plan: &str) -> Result<(), Failure> {
    let question = format!("{plan}\nApply this plan? [y/N] ");
    let asked = write!(anstream::stderr(), "{question}").and_then(|()| io::stderr().flush());
    let mut answer = String::new();
    let answered = asked
        .and_then(|()| io::stdin().lock().take(MOST_OF_ANSWER).read_line(&mut answer))
        .map(|_| is_yes(&answer));
    match answered {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Other(anyhow!(
            "the plan was not applied, as you said; nothing was written"
        ))),
        Err(error) => Err(Failure::Other(anyhow!(
            "the plan was not applied, because the question could not be asked: {error}"
        ))),
    }
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_y_and_yes_mean_yes() {
        for answer in ["y\n", "Y\r\n", " yes \n", "YES"] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n\n", "yn\n", "yeah\n", "ja\n"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
