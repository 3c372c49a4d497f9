//! The faults in force, and what they come to for one request.

use std::time::Duration;

use fastrand::Rng;

use super::{Fault, FaultKind};
use crate::log::LoggedRequest;

/// How listings and records are to deviate from the truth: the faults that only a dialect can
/// act out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Quirks {
    /// Give page 1 whatever is asked for.
    pub(crate) repeat_page: bool,
    /// Give full pages for ever.
    pub(crate) endless_pages: bool,
    /// Add this to the total.
    pub(crate) total_drift: usize,
    /// Ignore the filter by address.
    pub(crate) ignore_filter: bool,
    /// Compare case in the filter by address.
    pub(crate) exact_filter: bool,
    /// Take a second account of one address.
    pub(crate) second_account: bool,
    /// Leave these fields out of user records.
    pub(crate) omit: Vec<String>,
    /// Leave these fields out of user records in lists.
    pub(crate) omit_in_lists: Vec<String>,
}

/// What goes wrong with one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trouble {
    /// What spoils the exchange.
    pub(crate) spoil: Option<FaultKind>,
    /// What deviates in the answer.
    pub(crate) quirks: Quirks,
    /// How many reads after this one shall answer from the state before.
    pub(crate) stale_reads: Option<u32>,
    /// How long reads after this one shall answer from the state before.
    pub(crate) stale_for: Option<Duration>,
}

/// The faults that are in force.
#[derive(Default)]
pub(crate) struct Faults {
    injected: Vec<Injected>,
}

/// A fault, and how far it has got. Its `skip` and `times` are counted down.
struct Injected {
    fault: Fault,
    /// How often it has struck.
    used: u32,
    /// Where the next draw of its chance comes from.
    draws: Option<Rng>,
}

impl Injected {
    /// Draws whether the fault strikes the request that it has just been found to match.
    fn draw(&mut self) -> bool {
        match (&self.fault.chance, &mut self.draws) {
            (Some(chance), Some(draws)) => draws.u16(..1000) < chance.per_mille,
            _ => true,
        }
    }

    /// Whether this one is to be affected, going by how many were before it.
    fn is_due(&mut self) -> bool {
        if self.fault.skip > 0 {
            self.fault.skip -= 1;
            return false;
        }
        self.fault.times != Some(0)
    }
}

impl Faults {
    /// These faults.
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let mut in_force = Faults::default();
        faults.iter().for_each(|fault| in_force.inject(fault.clone()));
        in_force
    }

    /// Puts a fault in force.
    pub(crate) fn inject(&mut self, fault: Fault) {
        let draws = fault.chance.map(|chance| Rng::with_seed(chance.seed));
        self.injected.push(Injected { fault, used: 0, draws });
    }

    /// Lifts every fault.
    pub(crate) fn clear(&mut self) {
        self.injected.clear();
    }

    /// What goes wrong with this request; counts it.
    pub(crate) fn meet(&mut self, request: &LoggedRequest) -> Trouble {
        let mut trouble = Trouble::default();
        for injected in &mut self.injected {
            if !injected.fault.matches(request) {
                continue;
            }
            // Before all else, so that nothing else moves the draws.
            let strikes = injected.draw();
            let spoils = !changes_listings(&injected.fault.kind);
            if spoils && trouble.spoil.is_some() || !injected.is_due() || !strikes {
                continue;
            }
            if let Some(left) = &mut injected.fault.times {
                *left -= 1;
            }
            match &injected.fault.kind {
                FaultKind::RepeatPage => trouble.quirks.repeat_page = true,
                FaultKind::EndlessPages => trouble.quirks.endless_pages = true,
                FaultKind::MovingTotal => trouble.quirks.total_drift += injected.used as usize,
                FaultKind::IgnoreFilter => trouble.quirks.ignore_filter = true,
                FaultKind::ExactFilter => trouble.quirks.exact_filter = true,
                FaultKind::SecondAccount => trouble.quirks.second_account = true,
                FaultKind::OmitField(name) => trouble.quirks.omit.push(name.clone()),
                FaultKind::OmitInLists(name) => trouble.quirks.omit_in_lists.push(name.clone()),
                FaultKind::StaleReads { requests } => trouble.stale_reads = Some(*requests),
                FaultKind::StaleFor(time) => trouble.stale_for = Some(*time),
                kind => trouble.spoil = Some(kind.clone()),
            }
            injected.used = injected.used.saturating_add(1);
        }
        trouble
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

    /// A fault for a part of the requests with this method.
    fn likely(method: &str, per_mille: u16, seed: u64, kind: FaultKind) -> Fault {
        Fault {
            method: Some(method.to_owned()),
            chance: Some(Chance { per_mille, seed }),
            ..Fault::new(kind)
        }
    }

    /// Which of so many GETs were spoiled.
    fn spoiled(faults: &mut Faults, requests: usize) -> Vec<bool> {
        (0..requests).map(|_| faults.meet(&request("GET", "/")).spoil.is_some()).collect()
    }

    #[test]
    fn a_fault_skips_then_applies_then_is_spent() {
        let mut faults = Faults::default();
        faults.inject(Fault {
            method: Some("post".to_owned()),
            path: Some("/api/v1/users".to_owned()),
            skip: 1,
            times: Some(2),
            ..Fault::new(FaultKind::LoseReply)
        });
        let mut lost = |method, path| faults.meet(&request(method, path)).spoil.is_some();
        assert!(!lost("GET", "/api/v1/users"));
        assert!(!lost("POST", "/api/v1/groups"));
        assert!(!lost("POST", "/api/v1/users"));
        assert!(lost("POST", "/api/v1/users"));
        assert!(lost("POST", "/api/v1/users/1"));
        assert!(!lost("POST", "/api/v1/users"));
    }

    #[test]
    fn one_exchange_is_spoiled_once_and_the_next_fault_keeps() {
        let mut faults = Faults::default();
        for kind in [FaultKind::Reset, FaultKind::RepeatPage, FaultKind::LoseReply] {
            faults.inject(Fault { times: Some(1), ..Fault::new(kind) });
        }
        let first = faults.meet(&request("GET", "/"));
        assert_eq!(first.spoil, Some(FaultKind::Reset));
        assert!(first.quirks.repeat_page);
        let second = faults.meet(&request("GET", "/"));
        assert_eq!(second.spoil, Some(FaultKind::LoseReply));
        assert!(!second.quirks.repeat_page);
    }

    #[test]
    fn a_read_does_not_use_up_stale_reads() {
        let mut faults = Faults::default();
        for kind in
            [FaultKind::StaleReads { requests: 2 }, FaultKind::StaleFor(Duration::from_secs(1))]
        {
            faults.inject(Fault { times: Some(1), ..Fault::new(kind) });
        }
        let mut stale = |method| {
            let trouble = faults.meet(&request(method, "/"));
            (trouble.stale_reads, trouble.stale_for)
        };
        assert_eq!(stale("GET"), (None, None));
        assert_eq!(stale("PUT"), (Some(2), Some(Duration::from_secs(1))));
        assert_eq!(stale("PUT"), (None, None));
    }

    #[test]
    fn a_chance_strikes_as_often_as_it_says() {
        for (per_mille, expected) in
            [(0, 0..=0), (20, 150..=250), (500, 4800..=5200), (1000, 10_000..=10_000)]
        {
            let mut faults = Faults::default();
            faults.inject(likely("GET", per_mille, 7, FaultKind::Reset));
            let struck = spoiled(&mut faults, 10_000).into_iter().filter(|struck| *struck).count();
            assert!(expected.contains(&struck), "{per_mille}: {struck}");
        }
    }

    #[test]
    fn the_same_seed_decides_the_same_and_another_one_otherwise() {
        let decisions = |seed| {
            let mut faults = Faults::default();
            faults.inject(likely("GET", 300, seed, FaultKind::Reset));
            spoiled(&mut faults, 200)
        };
        assert_eq!(decisions(1), decisions(1));
        assert_ne!(decisions(1), decisions(2));
    }

    #[test]
    fn draws_depend_on_no_other_fault_and_no_other_request() {
        let mut alone = Faults::default();
        alone.inject(likely("GET", 300, 1, FaultKind::Reset));
        let expected = spoiled(&mut alone, 200);

        let mut crowded = Faults::default();
        crowded.inject(likely("GET", 500, 2, FaultKind::Html200));
        crowded.inject(likely("GET", 300, 1, FaultKind::Reset));
        crowded.inject(likely("POST", 300, 1, FaultKind::LoseReply));
        let mut left = 0;
        for (at, strikes) in expected.into_iter().enumerate() {
            crowded.meet(&request("POST", "/"));
            match crowded.meet(&request("GET", "/")).spoil {
                Some(FaultKind::Html200) => {}
                other => {
                    assert_eq!(other.is_some(), strikes, "request {at}");
                    left += usize::from(strikes);
                }
            }
        }
        assert!(left > 5, "{left}");
    }

    #[test]
    fn who_is_let_through_is_drawn_for_too() {
        let decisions = |skip| {
            let mut faults = Faults::default();
            faults.inject(Fault { skip, ..likely("GET", 300, 1, FaultKind::Reset) });
            spoiled(&mut faults, 200)
        };
        let (all, later) = (decisions(0), decisions(10));
        assert!(all[..10].contains(&true) && !later[..10].contains(&true));
        assert_eq!(all[10..], later[10..]);
    }

    #[test]
    fn a_chance_is_spent_by_what_it_strikes() {
        let mut faults = Faults::default();
        faults.inject(Fault { times: Some(3), ..likely("GET", 300, 1, FaultKind::Reset) });
        let struck = spoiled(&mut faults, 200);
        assert_eq!(struck.iter().filter(|struck| **struck).count(), 3);
        assert_ne!(struck[..3], [true; 3]);
    }
}
