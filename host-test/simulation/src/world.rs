//! Everything that there is in a run, and how a call is made in it.

use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::error::{Error, Result};
use retool_lifecycle::http::{Entropy, Platform, Transport};
use retool_lifecycle::session::{Connection, Session, Wanted};

use crate::chance::Chance;
use crate::clock::{Ended, VirtualClock};
use crate::defect::Defect;
use crate::dialects::wanted;
use crate::network::Network;
use crate::operation::{Done, Operation, tombstones};
use crate::rival::Rival;
use crate::scenario::Scenario;
use crate::server::Server;
use crate::trace::Trace;
use crate::watch::Watch;
use crate::{nature, organisation};

/// Time between two calls: longer than reads can be stale.
const BETWEEN_CALLS_MS: u64 = 2_000;

/// More than the component may be late: it does not sleep past its deadline.
const GRACE_MS: u64 = 10;

/// The component's own randomness.
struct Jitter(std::cell::RefCell<Chance>);

impl Entropy for Jitter {
    fn random_u64(&self) -> u64 {
        self.0.borrow_mut().number()
    }
}

/// Everything that there is in a run.
pub struct World {
    pub dialect: Dialect,
    pub chance: Chance,
    pub scenario: Scenario,
    pub server: Rc<Server>,
    network: Rc<Network>,
    pub clock: Rc<VirtualClock>,
    pub trace: Rc<Trace>,
    jitter: Rc<Jitter>,
    defect: Option<Defect>,
    kills: u32,
    settings: Vec<(String, String)>,
    wanted: Wanted,
}

impl World {
    /// Draws it from a seed.
    pub fn new(
        seed: u64,
        dialect: Dialect,
        defect: Option<Defect>,
        clock: Rc<VirtualClock>,
        trace: Rc<Trace>,
    ) -> Self {
        let mut chance = Chance::new(seed, 1);
        let mut organisation = organisation::draw(dialect, seed, &mut chance);
        let nature = nature::draw(dialect, seed, &mut chance);
        let invites = nature.habits.options.v2.user_invites;
        if !invites {
            // What nobody can see is not there.
            organisation.invites.clear();
        }
        let scenario = Scenario::new(dialect, seed);
        let mut rival = Rival::new(dialect, seed, *chance.pick(&[0, 0, 30, 120, 300]));
        rival.invites = invites;
        rival.joiners.clone_from(&scenario.joiners);
        rival.new_groups.clone_from(&scenario.new_groups);
        let settings = [
            ("RETOOL_API_TOKEN", "mock-token".to_owned()),
            ("RETOOL_SCIM_TOKEN", "mock-scim-token".to_owned()),
            ("RETOOL_WINDOW", chance.pick(&[1, 2, 8, 64]).to_string()),
            ("RETOOL_PAGE_SIZE", chance.pick(&[1, 2, 5, 17, 100, 500]).to_string()),
            ("RETOOL_MAX_ATTEMPTS", chance.pick(&[1, 2, 3, 3, 10]).to_string()),
        ];
        trace.say(|| format!("seed {seed}: {nature:?}"));
        trace.say(|| format!("settings {:?}", &settings[2..]));
        let start = Rc::new(organisation.clone());
        let watch = Watch::new(
            dialect,
            nature.capabilities(),
            Rc::new(Operation::EnsureGroup(String::new())),
            start,
        );
        let server = Rc::new(Server::new(
            seed,
            nature,
            organisation,
            watch,
            rival,
            Rc::clone(&clock),
            Rc::clone(&trace),
        ));
        World {
            dialect,
            network: Rc::new(Network::new(Rc::clone(&server), Rc::clone(&clock))),
            server,
            scenario,
            clock,
            trace,
            jitter: Rc::new(Jitter(Chance::new(seed, 5).into())),
            defect,
            kills: *chance.pick(&[0, 0, 20, 60]),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
            wanted: if chance.percent(20) {
                Wanted::Auto
            } else {
                Wanted::Dialect(wanted(dialect))
            },
            chance,
        }
    }

    /// Makes a call. `None` if it was killed.
    pub fn attempt(
        &mut self,
        operation: &Rc<Operation>,
        stormy: bool,
    ) -> Option<Result<Done, Error>> {
        let killed = stormy && self.chance.percent(self.kills);
        let kill_in_turn = killed.then(|| {
            let within = *self.chance.pick(&[4, 16, 64, 256]);
            self.chance.below(within) as u32
        });
        let deadline =
            if stormy { *self.chance.pick(&[2_000, 20_000, 120_000]) } else { 3_600_000_u64 };
        self.trace.say(|| format!("CALL {}", operation.describe()));
        {
            let state = &mut *self.server.state();
            state.figures.operations += 1;
            state.age(self.clock.now());
            state.watch.begin(Rc::clone(operation), Rc::new(state.organisation.clone()));
        }
        let (understood, transport): (Rc<Operation>, Rc<dyn Transport>) = match self.defect {
            None => (Rc::clone(operation), self.network.clone()),
            Some(defect) => (
                Rc::new(defect.misunderstood(operation)),
                defect.planted(self.dialect, self.network.clone()),
            ),
        };
        let platform = Platform {
            transport,
            clock: self.clock.clone(),
            entropy: self.jitter.clone(),
            log: self.trace.clone(),
        };
        let connection = Connection {
            base_url: "https://retool.example.com".into(),
            wanted: self.wanted,
            api_token_variable: None,
            scim_token_variable: None,
        };
        let mut settings = self.settings.clone();
        settings.push(("RETOOL_DEADLINE_MS".into(), deadline.to_string()));
        let mut ended = self.clock.run(
            async {
                let session = Session::open(connection, &settings, platform)?;
                understood.perform(session).await
            },
            kill_in_turn,
            deadline + GRACE_MS,
        );
        if let (Some(defect), Ended::Done(result)) = (self.defect, &mut ended) {
            defect.misreport(result);
        }
        let result = self.judge_end(ended);
        self.clock.advance(BETWEEN_CALLS_MS);
        result
    }

    fn judge_end(&mut self, ended: Ended<Result<Done, Error>>) -> Option<Result<Done, Error>> {
        let state = &mut *self.server.state();
        match ended {
            Ended::Done(result) => {
                match &result {
                    Ok(_) => state.figures.succeeded += 1,
                    Err(_) => state.figures.failed += 1,
                }
                self.trace.say(|| match &result {
                    Ok(done) => format!("DONE {}; {:?}", done.outcome(), done.writes()),
                    Err(error) => format!("FAILED {error:?}"),
                });
                state.watch.told(&result);
                self.scenario.tombstones.extend_from_slice(tombstones(&result));
                Some(result)
            }
            Ended::Killed => {
                state.figures.kills += 1;
                self.trace.say(|| "KILLED".into());
                None
            }
            Ended::Stuck(how) => {
                self.trace.say(|| format!("STUCK: {how}"));
                state.watch.violated("no hang", how);
                None
            }
        }
    }
}
