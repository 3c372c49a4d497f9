//! Reading back what was written.

use super::ReadDirectory;
use crate::error::Result;

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
