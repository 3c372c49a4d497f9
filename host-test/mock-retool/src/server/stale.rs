//! Earlier states that reads still return.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::state::Organisation;

/// The organisation, or an earlier state of it.
pub(super) type SharedOrganisation = Arc<Mutex<Organisation>>;

/// The earlier states that reads still return.
#[derive(Default)]
pub(super) struct Stale {
    /// A state, and how many more reads return it.
    counted: Option<(SharedOrganisation, u32)>,
    /// States, and until when reads return each; `None` for ever. The earliest state is first.
    timed: VecDeque<(SharedOrganisation, Option<Instant>)>,
}

impl Stale {
    /// Lets this many of the next reads return a state. It replaces the previous such state.
    pub(super) fn keep_for_reads(&mut self, state: SharedOrganisation, reads: u32) {
        self.counted = Some((state, reads));
    }

    /// Lets reads return a state until `until`, or for ever. Earlier states come first, until they
    /// end.
    pub(super) fn keep_until(&mut self, state: SharedOrganisation, until: Option<Instant>) {
        self.timed.push_back((state, until));
    }

    /// Returns the earlier state for a read at this time. Returns `None` if the read uses the
    /// current state.
    pub(super) fn read(&mut self, now: Instant) -> Option<SharedOrganisation> {
        if let Some((state, left)) = &mut self.counted
            && *left > 0
        {
            *left -= 1;
            return Some(Arc::clone(state));
        }
        while self.timed.front().is_some_and(|(_, until)| until.is_some_and(|until| until <= now)) {
            self.timed.pop_front();
        }
        self.timed.front().map(|(state, _)| Arc::clone(state))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{SharedOrganisation, Stale};
    use crate::state::Organisation;

    /// A state that is recognised by its number of users.
    fn state(user_count: usize) -> SharedOrganisation {
        Arc::new(Mutex::new(Organisation::seeded(0, user_count, 0)))
    }

    fn user_count(state: Option<SharedOrganisation>) -> Option<usize> {
        state.map(|state| state.lock().expect("the state").users.len())
    }

    #[test]
    fn a_state_is_returned_for_its_number_of_reads_or_until_the_next_one() {
        let mut stale = Stale::default();
        let now = Instant::now();
        stale.keep_for_reads(state(1), 2);
        assert_eq!(user_count(stale.read(now)), Some(1));
        stale.keep_for_reads(state(2), 2);
        let seen = [(); 3].map(|()| user_count(stale.read(now)));
        assert_eq!(seen, [Some(2), Some(2), None]);
    }

    #[test]
    fn each_state_is_returned_for_its_time_and_the_earliest_comes_first() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut stale = Stale::default();
        stale.keep_until(state(1), Some(at(1000)));
        assert_eq!(user_count(stale.read(at(0))), Some(1));
        stale.keep_until(state(2), Some(at(1600)));
        let seen = [600, 999, 1000, 1599, 1600].map(|now| user_count(stale.read(at(now))));
        assert_eq!(seen, [Some(1), Some(1), Some(2), Some(2), None]);
        assert!(stale.timed.is_empty(), "ended states are dropped");
        stale.keep_until(state(3), None);
        assert_eq!(user_count(stale.read(at(u64::from(u32::MAX)))), Some(3));
    }

    #[test]
    fn counted_states_come_before_timed_states() {
        let now = Instant::now();
        let mut stale = Stale::default();
        stale.keep_until(state(1), Some(now + Duration::from_secs(1)));
        stale.keep_for_reads(state(2), 1);
        assert_eq!([(); 2].map(|()| user_count(stale.read(now))), [Some(2), Some(1)]);
    }
}
