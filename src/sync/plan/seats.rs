//! Counts the billed seats that a plan takes and frees.

use alloc::vec::Vec;

use crate::domain::UserType;
use crate::sync::SeatChange;

/// Seats taken and freed so far, by type. Enabled users hold a seat, disabled users hold none.
/// Users whose type is not known count as [`UserType::Default`].
#[derive(Debug, Default)]
pub(super) struct Seats([(u32, u32); UserType::ALL.len()]);

impl Seats {
    /// Counts a seat that is taken.
    pub fn take(&mut self, user_type: Option<UserType>) {
        self.row(user_type).0 += 1;
    }

    /// Counts a seat that is freed.
    pub fn free(&mut self, user_type: Option<UserType>) {
        self.row(user_type).1 += 1;
    }

    /// Counts a seat that changes its type.
    pub fn exchange(&mut self, before: Option<UserType>, after: Option<UserType>) {
        if before.unwrap_or(UserType::Default) != after.unwrap_or(UserType::Default) {
            self.free(before);
            self.take(after);
        }
    }

    fn row(&mut self, user_type: Option<UserType>) -> &mut (u32, u32) {
        &mut self.0[user_type.unwrap_or(UserType::Default) as usize]
    }

    /// Returns the types with any seat taken or freed. `before` returns how many seats of a type
    /// are held before the plan.
    pub fn rows(&self, before: impl Fn(UserType) -> u32) -> Vec<SeatChange> {
        UserType::ALL
            .into_iter()
            .map(|user_type| {
                let (added, removed) = self.0[user_type as usize];
                SeatChange { user_type, before: before(user_type), added, removed }
            })
            .filter(|row| row.added > 0 || row.removed > 0)
            .collect()
    }
}
