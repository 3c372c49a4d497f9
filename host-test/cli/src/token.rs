//! The token in a file.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, anyhow};
use secrecy::SecretString;

use super::args::Api;
use super::failure::Failure;
use super::files;

/// The most bytes of a token's file.
const MOST_BYTES: usize = 64 << 10;

/// Returns the variable that the component reads the token of the API from.
pub(crate) fn variable(api: Api) -> &'static str {
    match api {
        Api::Scim => "RETOOL_SCIM_TOKEN",
        Api::Auto | Api::V1 | Api::V2 => "RETOOL_API_TOKEN",
    }
}

/// Reads a token. Spaces and line ends around it are left out.
pub(crate) fn read(path: &Path) -> Result<SecretString, Failure> {
    read_secret(path).map_err(Failure::Usage)
}

/// An error names the path only if there is a file: what was given instead may be the token.
fn read_secret(path: &Path) -> anyhow::Result<SecretString> {
    let file = File::open(path).context(
        "the file of --token-file could not be opened; give the path of a file, not the token",
    )?;
    let name = path.display();
    let unread = || format!("the token file {name} could not be read");
    check_private(&file).with_context(|| format!("the token file {name} is not used"))?;
    let bytes = files::read_from(file, MOST_BYTES).with_context(unread)?;
    // No error may have a part of the text.
    let text = SecretString::from(
        String::from_utf8(bytes).map_err(|_| anyhow!("the token file {name} is not UTF-8 text"))?,
    );
    let token = secrecy::ExposeSecret::expose_secret(&text).trim();
    if token.is_empty() {
        return Err(anyhow!("the token file {name} is empty"));
    }
    if token.contains(char::is_whitespace) {
        return Err(anyhow!("the token file {name} must have the token and nothing else"));
    }
    Ok(SecretString::from(token))
}

/// Refuses a file that another user may have written, or can read.
#[cfg(unix)]
fn check_private(file: &File) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata()?;
    // SAFETY: it has no conditions.
    let user = unsafe { libc::geteuid() };
    private(metadata.uid(), metadata.mode(), user).map_err(anyhow::Error::msg)
}

/// Fails if another user than this one and root owns a file, or if its group or others can read or
/// write it.
#[cfg(unix)]
fn private(owner: u32, mode: u32, user: u32) -> Result<(), String> {
    if owner != user && owner != 0 {
        return Err(format!("it belongs to another user (number {owner})"));
    }
    if mode & 0o066 != 0 {
        return Err(format!(
            "its group or others can read or write it (mode {:04o}): run `chmod 600` on it",
            mode & 0o777
        ));
    }
    Ok(())
}

/// Only Unix has these permissions.
#[cfg(not(unix))]
fn check_private(_: &File) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_this_user_or_of_root_that_nobody_else_can_read_or_write_is_private() {
        for (owner, mode) in [(1000, 0o600), (1000, 0o100_400), (0, 0o600), (1000, 0o700)] {
            assert_eq!(private(owner, mode, 1000), Ok(()), "{owner} {mode:o}");
        }
        for (owner, mode, why) in [
            (1001, 0o600, "another user (number 1001)"),
            (1000, 0o640, "chmod 600"),
            (1000, 0o620, "chmod 600"),
            (1000, 0o604, "chmod 600"),
            (0, 0o602, "chmod 600"),
        ] {
            let refused = private(owner, mode, 1000).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
        assert!(private(1000, 0o600, 0).is_err(), "root trusts only itself");
    }
}
