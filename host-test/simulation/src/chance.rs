//! The random choices of a run, drawn from its seed.

/// A stream of random choices.
pub struct Chance(fastrand::Rng);

impl Chance {
    /// Creates a stream of a seed. The streams of one seed are independent: one more choice in one
    /// stream does not change the others.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = fastrand::Rng::with_seed(seed);
        let stream = stream.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Chance(fastrand::Rng::with_seed(mixed.u64(..) ^ stream))
    }

    /// Returns true with this probability in percent.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.0.u32(..100) < percent
    }

    /// Returns true with this probability per mille.
    pub fn per_mille(&mut self, rate: u32) -> bool {
        self.0.u32(..1000) < rate
    }

    /// Draws a number from `low` to `high`, both inclusive.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }

    /// Draws an index into a list of this length, which must not be zero.
    pub fn below(&mut self, length: usize) -> usize {
        self.0.usize(..length)
    }

    /// Draws an item of a list, which must not be empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Draws an item of a list. Returns `None` if the list is empty.
    pub fn any<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { Some(self.pick(from)) }
    }

    /// Draws any number.
    pub fn number(&mut self) -> u64 {
        self.0.u64(..)
    }
}
