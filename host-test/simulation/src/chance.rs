//! Everything that a run leaves to chance, drawn from its seed.

/// A stream of choices.
pub struct Chance(fastrand::Rng);

impl Chance {
    /// The stream of a seed. `stream` tells streams of one seed apart, so that one more choice
    /// in one of them leaves the others as they are.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = fastrand::Rng::with_seed(seed);
        let stream = stream.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Chance(fastrand::Rng::with_seed(mixed.u64(..) ^ stream))
    }

    /// True so many times out of a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.0.u32(..100) < percent
    }

    /// True so many times out of a thousand.
    pub fn per_mille(&mut self, rate: u32) -> bool {
        self.0.u32(..1000) < rate
    }

    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }

    /// A place in a list of `length`, which must not be empty.
    pub fn below(&mut self, length: usize) -> usize {
        self.0.usize(..length)
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of a list; `None` if it is empty.
    pub fn any<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { Some(self.pick(from)) }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.u64(..)
    }
}
