//! The active faults, and their effects on one request.

use std::time::Duration;

use fastrand::Rng;

use super::{Fault, FaultKind};
use crate::log::LoggedRequest;
use crate::options::ListingOptions;

/// How listings and records deviate: the faults that only a dialect can apply.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Quirks {
    /// Return page 1 whatever page is requested.
    pub(crate) repeat_page: bool,
    /// Return full pages without end.
    pub(crate) endless_pages: bool,
    /// Add this to the total.
    pub(crate) total_drift: usize,
    /// Ignore the filter by address.
    pub(crate) ignore_filter: bool,
    /// Compare the filter by address with case.
    pub(crate) exact_filter: bool,
    /// Accept a second account with the same address.
    pub(crate) second_account: bool,
    /// Omit these fields from user records.
    pub(crate) omit: Vec<String>,
    /// Omit these fields from user records in lists.
    pub(crate) omit_in_lists: Vec<String>,
    /// How listings always deviate on this server.
    pub(crate) listing: ListingOptions,
}

impl Quirks {
    /// Adds how listings always deviate on this server.
    pub(crate) fn of_server(mut self, listing: &ListingOptions) -> Self {
        self.omit.extend_from_slice(&listing.omit);
        self.omit_in_lists.extend_from_slice(&listing.omit_in_lists);
        self.listing = listing.clone();
        self
    }
}

/// The effects of the faults on one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Effects {
    /// The fault that replaces, changes or delays the response.
    pub(crate) response_fault: Option<FaultKind>,
    /// How listings and records in the response deviate.
    pub(crate) quirks: Quirks,
    /// How many reads after this request return the state before it.
    pub(crate) stale_reads: Option<u32>,
    /// How long reads after this request return the state before it.
    pub(crate) stale_for: Option<Duration>,
}

/// The active faults.
#[derive(Default)]
pub(crate) struct Faults {
    injected: Vec<Injected>,
}

/// An active fault and its progress. Its `skip` and `times` are counted down.
struct Injected {
    fault: Fault,
    /// How many requests it has affected.
    used: u32,
    /// Decides at random which requests it affects; `None` if it affects all.
    draws: Option<Rng>,
}

impl Injected {
    /// Draws whether the fault affects a request that matches it.
    fn draw(&mut self) -> bool {
        match (&self.fault.chance, &mut self.draws) {
            (Some(chance), Some(draws)) => draws.u16(..1000) < chance.per_mille,
            _ => true,
        }
    }

    /// Counts a matching request. Returns whether `skip` and `times` allow the fault to affect it.
    fn is_due(&mut self) -> bool {
        if self.fault.skip > 0 {
            self.fault.skip -= 1;
            return false;
        }
        self.fault.times != Some(0)
    }
}

impl Faults {
    /// Activates these faults.
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let mut in_force = Faults::default();
        faults.iter().for_each(|fault| in_force.inject(fault.clone()));
        in_force
    }

    /// Activates a fault.
    pub(crate) fn inject(&mut self, fault: Fault) {
        let draws = fault.chance.map(|chance| Rng::with_seed(chance.seed));
        self.injected.push(Injected { fault, used: 0, draws });
    }

    /// Removes every fault.
    pub(crate) fn clear(&mut self) {
        self.injected.clear();
    }

    /// Returns the effects of the faults on this request, and counts the request.
    pub(crate) fn apply(&mut self, request: &LoggedRequest) -> Effects {
        let mut effects = Effects::default();
        for injected in &mut self.injected {
            if !injected.fault.matches(request) {
                continue;
            }
            // Drawn before anything else, so that the draws depend on nothing else.
            let applies = injected.draw();
            let changes_response = !changes_listings(&injected.fault.kind);
            let is_taken = changes_response && effects.response_fault.is_some();
            if is_taken || !injected.is_due() || !applies {
                continue;
            }
            if let Some(left) = &mut injected.fault.times {
                *left -= 1;
            }
            match &injected.fault.kind {
                FaultKind::RepeatPage => effects.quirks.repeat_page = true,
                FaultKind::EndlessPages => effects.quirks.endless_pages = true,
                FaultKind::MovingTotal => effects.quirks.total_drift += injected.used as usize,
                FaultKind::IgnoreFilter => effects.quirks.ignore_filter = true,
                FaultKind::ExactFilter => effects.quirks.exact_filter = true,
                FaultKind::SecondAccount => effects.quirks.second_account = true,
                FaultKind::OmitField(name) => effects.quirks.omit.push(name.clone()),
                FaultKind::OmitInLists(name) => effects.quirks.omit_in_lists.push(name.clone()),
                FaultKind::StaleReads { requests } => effects.stale_reads = Some(*requests),
                FaultKind::StaleFor(time) => effects.stale_for = Some(*time),
                kind => effects.response_fault = Some(kind.clone()),
            }
            injected.used = injected.used.saturating_add(1);
        }
        effects
    }
}

fn changes_listings(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::RepeatPage
            | FaultKind::EndlessPages
            | FaultKind::MovingTotal
            | FaultKind::IgnoreFilter
            | FaultKind::ExactFilter
            | FaultKind::SecondAccount
            | FaultKind::OmitField(_)
            | FaultKind::OmitInLists(_)
            | FaultKind::StaleReads { .. }
            | FaultKind::StaleFor(_)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::Faults;
    use crate::faults::{Chance, Fault, FaultKind};
    use crate::log::LoggedRequest;

    fn request(method: &str, path: &str) -> LoggedRequest {
        LoggedRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            body: Value::Null,
            status: None,
        }
    }

    /// A fault that affects some of the requests with this method.
    fn likely(method: &str, per_mille: u16, seed: u64, kind: FaultKind) -> Fault {
        Fault {
            method: Some(method.to_owned()),
            chance: Some(Chance { per_mille, seed }),
            ..Fault::new(kind)
        }
    }

    /// Whether each of this many GETs was affected.
    fn affected(faults: &mut Faults, requests: usize) -> Vec<bool> {
        (0..requests).map(|_| faults.apply(&request("GET", "/")).response_fault.is_some()).collect()
    }

    #[test]
    fn a_fault_skips_requests_then_applies_then_ends() {
        let mut faults = Faults::default();
        faults.inject(Fault {
            method: Some("post".to_owned()),
            path: Some("/api/v1/users".to_owned()),
            skip: 1,
            times: Some(2),
            ..Fault::new(FaultKind::LoseReply)
        });
        let mut lost = |method, path| faults.apply(&request(method, path)).response_fault.is_some();
        assert!(!lost("GET", "/api/v1/users"));
        assert!(!lost("POST", "/api/v1/groups"));
        assert!(!lost("POST", "/api/v1/users"));
        assert!(lost("POST", "/api/v1/users"));
        assert!(lost("POST", "/api/v1/users/1"));
        assert!(!lost("POST", "/api/v1/users"));
    }

    #[test]
    fn only_the_first_fault_changes_a_response_and_the_next_one_is_not_used_up() {
        let mut faults = Faults::default();
        for kind in [FaultKind::Reset, FaultKind::RepeatPage, FaultKind::LoseReply] {
            faults.inject(Fault { times: Some(1), ..Fault::new(kind) });
        }
        let first = faults.apply(&request("GET", "/"));
        assert_eq!(first.response_fault, Some(FaultKind::Reset));
        assert!(first.quirks.repeat_page);
        let second = faults.apply(&request("GET", "/"));
        assert_eq!(second.response_fault, Some(FaultKind::LoseReply));
        assert!(!second.quirks.repeat_page);
    }

    #[test]
    fn a_read_does_not_use_up_a_stale_read_fault() {
        let mut faults = Faults::default();
        for kind in
            [FaultKind::StaleReads { requests: 2 }, FaultKind::StaleFor(Duration::from_secs(1))]
        {
            faults.inject(Fault { times: Some(1), ..Fault::new(kind) });
        }
        let mut stale = |method| {
            let effects = faults.apply(&request(method, "/"));
            (effects.stale_reads, effects.stale_for)
        };
        assert_eq!(stale("GET"), (None, None));
        assert_eq!(stale("PUT"), (Some(2), Some(Duration::from_secs(1))));
        assert_eq!(stale("PUT"), (None, None));
    }

    #[test]
    fn a_chance_affects_the_expected_share_of_requests() {
        for (per_mille, expected) in
            [(0, 0..=0), (20, 150..=250), (500, 4800..=5200), (1000, 10_000..=10_000)]
        {
            let mut faults = Faults::default();
            faults.inject(likely("GET", per_mille, 7, FaultKind::Reset));
            let affected =
                affected(&mut faults, 10_000).into_iter().filter(|affected| *affected).count();
            assert!(expected.contains(&affected), "{per_mille}: {affected}");
        }
    }

    #[test]
    fn the_same_seed_affects_the_same_requests_and_another_seed_affects_others() {
        let decisions = |seed| {
            let mut faults = Faults::default();
            faults.inject(likely("GET", 300, seed, FaultKind::Reset));
            affected(&mut faults, 200)
        };
        assert_eq!(decisions(1), decisions(1));
        assert_ne!(decisions(1), decisions(2));
    }

    #[test]
    fn draws_depend_on_no_other_fault_and_no_other_request() {
        let mut alone = Faults::default();
        alone.inject(likely("GET", 300, 1, FaultKind::Reset));
        let expected = affected(&mut alone, 200);

        let mut crowded = Faults::default();
        crowded.inject(likely("GET", 500, 2, FaultKind::Html200));
        crowded.inject(likely("GET", 300, 1, FaultKind::Reset));
        crowded.inject(likely("POST", 300, 1, FaultKind::LoseReply));
        let mut left = 0;
        for (at, applies) in expected.into_iter().enumerate() {
            crowded.apply(&request("POST", "/"));
            match crowded.apply(&request("GET", "/")).response_fault {
                Some(FaultKind::Html200) => {}
                other => {
                    assert_eq!(other.is_some(), applies, "request {at}");
                    left += usize::from(applies);
                }
            }
        }
        assert!(left > 5, "{left}");
    }

    #[test]
    fn skipped_requests_use_a_draw_too() {
        let decisions = |skip| {
            let mut faults = Faults::default();
            faults.inject(Fault { skip, ..likely("GET", 300, 1, FaultKind::Reset) });
            affected(&mut faults, 200)
        };
        let (all, later) = (decisions(0), decisions(10));
        assert!(all[..10].contains(&true) && !later[..10].contains(&true));
        assert_eq!(all[10..], later[10..]);
    }

    #[test]
    fn only_affected_requests_use_up_the_times_of_a_chance() {
        let mut faults = Faults::default();
        faults.inject(Fault { times: Some(3), ..likely("GET", 300, 1, FaultKind::Reset) });
        let affected = affected(&mut faults, 200);
        assert_eq!(affected.iter().filter(|affected| **affected).count(), 3);
        assert_ne!(affected[..3], [true; 3]);
    }
}
