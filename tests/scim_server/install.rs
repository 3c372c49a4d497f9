//! Installs the server and its packages under `target/`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

/// The folder of the sources.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// The files that npm reads.
const PACKAGE: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// The script that node runs. It imports packages from the folder that it is in.
const SERVER: &str = "server.js";

/// Returns the path of the server. It is installed again when its packages change.
pub fn server() -> Result<&'static Path, &'static str> {
    static SERVER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| install().map_err(|error| format!("{error:#}")));
    server.as_deref().map_err(String::as_str)
}

/// Returns a message that says what to install if a program of Node.js does not start.
pub fn missing(program: &str, error: &io::Error) -> String {
    format!(
        "`{program}` does not start ({error}): install Node.js 20 or newer with npm, from \
         https://nodejs.org or a package manager, and put it on the PATH"
    )
}

fn install() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scim-server");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    // Held until the end of this function, so that no other test process installs meanwhile.
    let lock = File::create(folder.join("lock")).context("creating the lock")?;
    lock.lock().context("waiting for the lock")?;

    copy(SERVER, &folder)?;
    let mut wanted = Vec::new();
    for name in PACKAGE {
        wanted.extend(copy(name, &folder)?);
    }
    let installed = folder.join("installed");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(folder.join(SERVER));
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--loglevel=error"]).current_dir(&folder);
    let output = npm.output().map_err(|error| anyhow::Error::msg(missing("npm", &error)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`npm ci` failed in {}: {said}", folder.display());
    fs::write(&installed, wanted).context("noting what is installed")?;
    Ok(folder.join(SERVER))
}

/// Copies a file of the sources, unless the folder has it already. Returns its bytes.
fn copy(name: &str, folder: &Path) -> Result<Vec<u8>> {
    let (source, copy) = (Path::new(SOURCES).join(name), folder.join(name));
    let bytes = fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
    if !fs::read(&copy).is_ok_and(|found| found == bytes) {
        fs::write(&copy, &bytes).with_context(|| format!("writing {}", copy.display()))?;
    }
    Ok(bytes)
}
