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

fn read_secret(path: &Path) -> anyhow::Result<SecretString> {
    let unread = || format!("the token file {} could not be read", path.display());
    let file = File::open(path).with_context(unread)?;
    check_private(&file, path)?;
    let bytes = files::read_from(file, MOST_BYTES).with_context(unread)?;
    // No error may have a part of the text.
    let text = SecretString::from(
        String::from_utf8(bytes)
            .map_err(|_| anyhow!("the token file {} is not UTF-8 text", path.display()))?,
    );
    let token = secrecy::ExposeSecret::expose_secret(&text).trim();
    if token.is_empty() {
        return Err(anyhow!("the token file {} is empty", path.display()));
    }
    if token.contains(char::is_whitespace) {
        return Err(anyhow!(
            "the token file {} must have the token and nothing else",
            path.display()
        ));
    }
    Ok(SecretString::from(token))
}

/// Refuses a file that others than its owner can read.
#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let unread = || format!("the token file {} could not be read", path.display());
    let mode = file.metadata().with_context(unread)?.permissions().mode() & 0o777;
    if mode & 0o044 != 0 {
        return Err(anyhow!(
            "the token file {} is not used, because its group or others can read it (mode \
             {mode:04o}): run `chmod 600` on it",
            path.display()
        ));
    }
    Ok(())
}

/// Only Unix has these permissions.
#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> anyhow::Result<()> {
    Ok(())
}
