//! `changes`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use host_test::CancellationToken;

use super::args::{ChangesArgs, ConnectionArgs};
use super::connection::tenant;
use super::failure::Failure;
use super::files;
use super::lock::Lock;
use super::log;
use super::output::{Output, print_json_lines};
use super::signals;
use crate::exit::Exit;
use host_test::retool::types::{Error, ErrorDetail};
use host_test::text::printable;

/// Polls for changes once, or until a signal comes, which is the ordinary end. Stdout gets only the
/// changes, with or without `--json`.
pub(crate) async fn run(arguments: ChangesArgs) -> Result<Exit, Failure> {
    let ChangesArgs { connection, cursor_file, interval, once } = arguments;
    let interval = Duration::from_secs(interval);
    let mut file = CursorFile::open(cursor_file)?;
    if file.cursor.is_none() {
        note_missing_file(&file.path);
    }
    signals::listen();
    let stop = signals::token();
    loop {
        let wait = match poll(&connection, &mut file, &stop).await {
            Ok(Polled::Stopped) => return Ok(stopped(once)),
            Ok(Polled::Printed) if once => return Ok(Exit::Done),
            Ok(Polled::Printed) => interval,
            Err(failure) => {
                let exit = Output::new(false).failure(&failure);
                match retry_after(&failure) {
                    Some(wanted) if !once => pause(interval, wanted),
                    _ => return Ok(exit),
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(stopped(once)),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Returns the exit code after a signal. A single poll has not been made then.
fn stopped(once: bool) -> Exit {
    match signals::received() {
        Some(signal) if once => signal.exit(),
        _ => Exit::Done,
    }
}

/// Prints a note that there is no cursor file yet. Without it, a lost file would go unnoticed.
fn note_missing_file(path: &Path) {
    let path = path.to_string_lossy();
    log::note(&format!(
        "{} is not there: it is created now, and earlier changes are not reported",
        printable(&path)
    ));
}

/// How a poll ended.
enum Polled {
    /// The changes were printed, and the cursor was stored.
    Printed,
    /// A signal ended the poll; nothing was printed or stored.
    Stopped,
}

/// Polls once. A signal ends the call, which only reads. It can't come between printing the changes
/// and storing the cursor, unless it is the second one.
async fn poll(
    connection: &ConnectionArgs,
    file: &mut CursorFile,
    stop: &CancellationToken,
) -> Result<Polled, Failure> {
    let (tenant, progress) = tenant(connection, "asking for changes")?;
    let answer = tokio::select! {
        // The signal first, so that it is noticed before anything is sent.
        biased;
        () = stop.cancelled() => return Ok(Polled::Stopped),
        answer = progress.reading(tenant.changes_since(file.cursor.as_deref())) => answer,
    };
    let answer = answer.map_err(|failure| failure.located(|error| place(error, &file.path)))?;
    print_json_lines(&answer.changes)?;
    file.store(answer.cursor)?;
    Ok(Polled::Printed)
}

/// Returns the path that the user gave for the component's parameter `cursor`.
fn place(error: &ErrorDetail, path: &Path) -> Option<String> {
    (error.field.as_deref() == Some("cursor")).then(|| path.display().to_string())
}

/// Returns the minimum time to wait before the next try; `None` if a retry can't help.
fn retry_after(failure: &Failure) -> Option<Duration> {
    let Failure::Component { error, .. } = failure else {
        return None;
    };
    let Error::Transient(detail) = &**error else {
        return None;
    };
    Some(Duration::from_millis(detail.retry_after_ms.unwrap_or(0).into()))
}

fn pause(interval: Duration, wanted: Duration) -> Duration {
    interval.max(wanted)
}

/// The file that stores the cursor, and the cursor in it.
#[derive(Debug)]
struct CursorFile {
    path: PathBuf,
    cursor: Option<String>,
    /// Two processes with one cursor would each print a part of the changes, or all of them twice.
    _lock: Lock,
}

impl CursorFile {
    /// Locks and reads the file. If it does not exist, there is no cursor yet.
    fn open(path: PathBuf) -> Result<Self, Failure> {
        let locked = files::target(&path).and_then(|target| Lock::take(&target));
        let locked = locked
            .with_context(|| format!("{} could not be locked", path.display()))
            .map_err(Failure::Usage)?;
        let Some(lock) = locked else {
            return Err(Failure::Other(anyhow!(
                "another process is using {}: wait until it has ended, or give this one a cursor \
                 file of its own",
                path.display()
            )));
        };
        let cursor = match files::read(&path, files::MOST_BYTES) {
            // What is not UTF-8 is no cursor, which the component finds.
            Ok(text) => Some(String::from_utf8_lossy(text.trim_ascii_end()).into_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                let why = format!("{} could not be read", path.display());
                return Err(Failure::Usage(anyhow::Error::new(error).context(why)));
            }
        };
        Ok(CursorFile { path, cursor, _lock: lock })
    }

    /// Replaces the file atomically: a reader sees either the old or the new cursor.
    fn store(&mut self, cursor: String) -> Result<(), Failure> {
        if self.cursor.as_ref() != Some(&cursor) {
            files::replace(&self.path, &format!("{cursor}\n"))
                .with_context(|| format!("{} could not be written", self.path.display()))?;
            self.cursor = Some(cursor);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::detail;
    use host_test::HostError;

    #[test]
    fn only_transient_errors_are_retried() {
        let wanted = |error: Error| retry_after(&error.into());
        let transient = ErrorDetail {
            retry_after_ms: Some(90_000),
            ..detail("rate-limited", "Too many requests.")
        };
        let silent = ErrorDetail { retry_after_ms: None, ..transient.clone() };
        assert_eq!(wanted(Error::Permanent(transient.clone())), None);
        assert_eq!(wanted(Error::Transient(transient)), Some(Duration::from_secs(90)));
        assert_eq!(wanted(Error::Transient(silent)), Some(Duration::ZERO));
        assert_eq!(wanted(Error::ExecutionFailed), None);
        let host = HostError::Setup { message: "bad".to_owned() };
        assert_eq!(retry_after(&Failure::Host(host)), None);
    }

    #[test]
    fn the_wait_is_the_longer_of_interval_and_retry_after() {
        let [minute, hour] = [60, 3600].map(Duration::from_secs);
        assert_eq!(pause(minute, hour), hour);
        assert_eq!(pause(hour, minute), hour);
    }

    #[test]
    fn storing_a_cursor_replaces_the_file_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        let mut file = CursorFile::open(path.clone()).expect("no file yet");
        assert_eq!(file.cursor, None);
        for cursor in ["one", "two"] {
            file.store(cursor.to_owned()).expect("a written file");
            assert_eq!(fs::read_to_string(&path).expect("a file"), format!("{cursor}\n"));
        }
        drop(file);
        let file = CursorFile::open(path.clone()).expect("a file");
        assert_eq!(file.cursor.as_deref(), Some("two"));
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_cursor_file_is_used_by_one_process_at_a_time_also_behind_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        let file = CursorFile::open(path.clone()).expect("no file yet");
        let busy = CursorFile::open(path.clone()).expect_err("it is in use").text();
        assert!(busy.contains("another process is using"), "{busy}");
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("cursor", &link).expect("a link");
            CursorFile::open(link).expect_err("it is in use");
        }
        drop(file);
        CursorFile::open(path).expect("free again");
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_cursor_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().expect("a folder");
        // A folder that is not empty can't be renamed over.
        let path = folder.path().join("cursor");
        fs::create_dir(&path).expect("a folder");
        fs::write(path.join("kept"), "kept").expect("a file");
        assert!(matches!(CursorFile::open(path.clone()), Err(Failure::Usage(_))));
        let lock = Lock::take(&path).expect("a lock file").expect("the lock");
        let mut file = CursorFile { path: path.clone(), cursor: None, _lock: lock };
        assert!(matches!(file.store("one".to_owned()), Err(Failure::Other(_))));
        assert_eq!(file.cursor, None);
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert_eq!(fs::read_to_string(path.join("kept")).expect("a file"), "kept");
    }
}
