//! Earlier states that reads still answer from.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::state::Organisation;

/// A state of the organisation.
pub(super) type State = Arc<Mutex<Organisation>>;

/// The earlier states that reads still answer from.
#[derive(Default)]
pub(super) struct Stale {
    /// One for so many more reads.
    counted: Option<(State, u32)>,
    /// Those that hold until a moment, if there is one; the earliest state first.
    timed: VecDeque<(State, Option<Instant>)>,
}

impl Stale {
    /// Has the next reads answer from a state, instead of the one before that.
    pub(super) fn keep_for_reads(&mut self, state: State, reads: u32) {
        self.counted = Some((state, reads));
    }

    /// Has reads answer from a state until then, or for ever, once no earlier one holds any more.
    pub(super) fn keep_until(&mut self, state: State, until: Option<Instant>) {
        self.timed.push_back((state, until));
    }

    /// What a read that comes now answers from, unless from the present state.
    pub(super) fn read(&mut self, now: Instant) -> Option<State> {
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

    use super::{Stale, State};
    use crate::state::Organisation;

    /// A state that is told from others by the number of its people.
    fn state(people: usize) -> State {
        Arc::new(Mutex::new(Organisation::seeded(0, people, 0)))
    }

    fn people(state: Option<State>) -> Option<usize> {
        state.map(|state| state.lock().expect("the state").users.len())
    }

    #[test]
    fn a_state_holds_for_so_many_reads_and_gives_way_to_the_next() {
        let mut stale = Stale::default();
        let now = Instant::now();
        stale.keep_for_reads(state(1), 2);
        assert_eq!(people(stale.read(now)), Some(1));
        stale.keep_for_reads(state(2), 2);
        let seen = [(); 3].map(|()| people(stale.read(now)));
        assert_eq!(seen, [Some(2), Some(2), None]);
    }

    #[test]
    fn each_state_holds_for_its_time_and_the_earliest_comes_first() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut stale = Stale::default();
        stale.keep_until(state(1), Some(at(1000)));
        assert_eq!(people(stale.read(at(0))), Some(1));
        stale.keep_until(state(2), Some(at(1600)));
        let seen = [600, 999, 1000, 1599, 1600].map(|now| people(stale.read(at(now))));
        assert_eq!(seen, [Some(1), Some(1), Some(2), Some(2), None]);
        assert!(stale.timed.is_empty(), "nothing is kept that nobody reads");
        stale.keep_until(state(3), None);
        assert_eq!(people(stale.read(at(u64::from(u32::MAX)))), Some(3));
    }

    #[test]
    fn reads_are_counted_before_time_is() {
        let now = Instant::now();
        let mut stale = Stale::default();
        stale.keep_until(state(1), Some(now + Duration::from_secs(1)));
        stale.keep_for_reads(state(2), 1);
        assert_eq!([(); 2].map(|()| people(stale.read(now))), [Some(2), Some(1)]);
    }
}
