//! Reading back what was written.

use super::ReadDirectory;
use crate::domain::GroupId;
use crate::error::{Code, Error, Result};

/// How often what was written is read back before it counts as not held: a server may answer
/// from the state before the write for a moment.
pub const READINGS: u32 = 5;

/// What a look at the server showed.
pub enum Look<T, W> {
    /// What was written is there.
    Holds(T),
    /// It is not there, or not yet; what is missing.
    Waits(W),
}

/// Looks until what was written shows, and says what is missing if it does not.
pub async fn settled<T, W>(
    directory: &dyn ReadDirectory,
    mut look: impl AsyncFnMut() -> Result<Look<T, W>>,
) -> Result<core::result::Result<T, W>> {
    let mut reading = 1;
    loop {
        match look().await? {
            Look::Holds(value) => return Ok(Ok(value)),
            Look::Waits(missing) if reading == READINGS || !directory.settle(reading).await => {
                return Ok(Err(missing));
            }
            Look::Waits(_) => reading += 1,
        }
    }
}

/// Reads a group until it shows: one that was just created may not at once.
pub async fn shown_group<T>(
    directory: &dyn ReadDirectory,
    group: &GroupId,
    mut read: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let look = async || Ok(read().await?.map_or(Look::Waits(()), Look::Holds));
    settled(directory, look).await?.map_err(|()| {
        Error::new(
            Code::GroupNotFound,
            "There is no such group in this organisation. The group may have been deleted.",
        )
        .about(&*group.value)
    })
}
