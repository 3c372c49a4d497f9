//! Reads back what was written.

use super::ReadDirectory;
use super::write_once::after_write;
use crate::domain::GroupId;
use crate::error::{Code, Error, Result};

/// How often a write is read back before it counts as not held. A server may answer from the
/// state before the write for a moment.
pub const READINGS: u32 = 5;

/// The result of one reading.
pub enum ReadBack<T, W> {
    /// The write is visible.
    Holds(T),
    /// The write is not visible, or not yet. Contains what is missing.
    NotYet(W),
}

/// Reads until the write is visible. The inner error contains what is missing after the last
/// reading. If there is no time for all readings, it is unknown whether the write holds: that is
/// the outer error, with `maybe_applied`.
pub async fn read_back<T, W>(
    directory: &dyn ReadDirectory,
    mut read: impl AsyncFnMut() -> Result<ReadBack<T, W>>,
) -> Result<core::result::Result<T, W>> {
    let mut reading = 1;
    loop {
        match read().await? {
            ReadBack::Holds(value) => return Ok(Ok(value)),
            ReadBack::NotYet(missing) if reading == READINGS => return Ok(Err(missing)),
            ReadBack::NotYet(_) => {
                if !directory.wait_to_read_back(reading).await {
                    return Err(after_write(not_read_back()));
                }
                reading += 1;
            }
        }
    }
}

/// Returns the error for a write that was accepted and could not be read back in time. It may hold.
pub fn not_read_back() -> Error {
    Error::new(
        Code::DeadlineExceeded,
        "The time allowed for the call ran out while a write was read back, so it is not known whether \
         it holds. Call again, or allow more (RETOOL_DEADLINE_MS).",
    )
}

/// Reads a group until it is visible. A group that was just created may not be visible at once.
pub async fn visible_group<T>(
    directory: &dyn ReadDirectory,
    group: &GroupId,
    mut read: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let read = async || Ok(read().await?.map_or(ReadBack::NotYet(()), ReadBack::Holds));
    let visible = read_back(directory, read).await.map_err(|mut error| {
        // This comes before the write that the caller is about to make.
        error.maybe_applied = false;
        error
    });
    visible?.map_err(|()| {
        Error::new(
            Code::GroupNotFound,
            "There is no such group in this organisation. The group may have been deleted.",
        )
        .about(&*group.value)
    })
}
