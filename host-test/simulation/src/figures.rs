//! Counts of what was simulated.

use std::ops::AddAssign;

/// Counts over one run or many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Seeds.
    pub seeds: u64,
    /// Calls of the component, repetitions included.
    pub operations: u64,
    /// Requests that reached the server.
    pub requests: u64,
    /// Number of these requests that may write.
    pub writes: u64,
    /// Injected faults.
    pub faults: u64,
    /// Requests that were throttled because the quota was used up.
    pub throttled: u64,
    /// Calls that were killed.
    pub kills: u64,
    /// Edits by another administrator.
    pub edits: u64,
    /// Edits of another administrator that a PUT undid, because they happened between the read and
    /// the write of the record. `/api/v1` has no protection against that.
    pub overwritten: u64,
    /// Calls that ended with a result.
    pub succeeded: u64,
    /// Calls that ended with an error.
    pub failed: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Figures) {
        let Figures {
            seeds,
            operations,
            requests,
            writes,
            faults,
            throttled,
            kills,
            edits,
            overwritten,
            succeeded,
            failed,
        } = other;
        self.seeds += seeds;
        self.operations += operations;
        self.requests += requests;
        self.writes += writes;
        self.faults += faults;
        self.throttled += throttled;
        self.kills += kills;
        self.edits += edits;
        self.overwritten += overwritten;
        self.succeeded += succeeded;
        self.failed += failed;
    }
}
