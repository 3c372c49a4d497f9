//! Reads back what was written.

use super::ReadDirectory;
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
/// reading.
pub async fn read_back<T, W>(
    directory: &dyn ReadDirectory,
    mut read: impl AsyncFnMut() -> Result<ReadBack<T, W>>,
) -> Result<core::result::Result<T, W>> {
    let mut reading = 1;
    loop {
        match read().await? {
            ReadBack::Holds(value) => return Ok(Ok(value)),
            ReadBack::NotYet(missing)
                if reading == READINGS || !directory.wait_to_read_back(reading).await =>
            {
                return Ok(Err(missing));
            }
            ReadBack::NotYet(_) => reading += 1,
        }
    }
}

/// Reads a group until it is visible. A group that was just created may not be visible at once.
pub async fn visible_group<T>(
    directory: &dyn ReadDirectory,
    group: &GroupId,
    mut read: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let read = async || Ok(read().await?.map_or(ReadBack::NotYet(()), ReadBack::Holds));
    read_back(directory, read).await?.map_err(|()| {
        Error::new(
            Code::GroupNotFound,
            "There is no such group in this organisation. The group may have been deleted.",
        )
        .about(&*group.value)
    })
}
