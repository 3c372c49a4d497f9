//! The command `retool-lifecycle`.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_test::cli::main()
}
