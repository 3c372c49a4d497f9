//! The parts of one run, and how it makes a call of the component.

use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::error::{Error, Result};
use retool_lifecycle::http::{Entropy, Platform, Transport};
use retool_lifecycle::session::{Connection, Session, Wanted};

use crate::chance::Chance;
use crate::checker::{Beliefs, Checker};
use crate::clock::{Ended, VirtualClock};
use crate::concurrent_editor::ConcurrentEditor;
use crate::defect::Defect;
use crate::dialects::component_dialect;
use crate::network::Network;
use crate::operation::{Done, Operation, tombstones};
use crate::scenario::Scenario;
use crate::server::Server;
use crate::trace::Trace;
use crate::{contradictions, names, organisation, server_behavior};

/// Time between two calls. It is longer than reads can be stale.
const BETWEEN_CALLS_MS: u64 = 2_000;

/// How much longer than its deadline a call may take. The component does not sleep past its
/// deadline, so this is more than it needs.
const GRACE_MS: u64 = 10;

/// The source of the component's own random numbers.
struct Jitter(std::cell::RefCell<Chance>);

impl Entropy for Jitter {
    fn random_u64(&self) -> u64 {
        self.0.borrow_mut().number()
    }
}

/// The parts of one run.
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
    /// Draws the parts of a seed's run.
    pub fn new(
        seed: u64,
        dialect: Dialect,
        defect: Option<Defect>,
        clock: Rc<VirtualClock>,
        trace: Rc<Trace>,
    ) -> Self {
        let mut chance = Chance::new(seed, 1);
        let mut organisation = organisation::draw(dialect, seed, &mut chance);
        // On such servers the group of administrators is one like others.
        organisation.admin_group_writable = Chance::new(seed, 11).percent(30);
        let mut server_behavior = server_behavior::draw(dialect, seed, &mut chance);
        let invites = server_behavior.quirks.options.v2.user_invites;
        if !invites {
            // No route shows the invitations of this server.
            organisation.invites.clear();
        }
        let deviations = server_behavior.quirks.options.deviations;
        organisation.remove_disabled(deviations.disabled_users);
        server_behavior.listing = contradictions::draw(seed, &server_behavior, &mut organisation);
        let names = &mut Chance::new(seed, 51);
        names::vary(dialect, &server_behavior.listing, &mut organisation, names);
        names::add_mails(dialect, &mut organisation, &mut Chance::new(seed, 87));
        // A server with logins that look like addresses, and are none, knows that of new users too.
        server_behavior.quirks.options.scim_quirks.mail_is_address =
            organisation.users.iter().any(|user| {
                let login = user.scim.get("userName").and_then(|login| login.as_str());
                login.is_some_and(|login| names::mail_of(&login.to_lowercase()).is_some())
            });
        let scenario = Scenario::new(dialect, seed);
        let mut concurrent_editor =
            ConcurrentEditor::new(dialect, seed, *chance.pick(&[0, 0, 30, 120, 300]));
        concurrent_editor.invites = invites;
        concurrent_editor.joiners.clone_from(&scenario.joiners);
        concurrent_editor.new_groups.clone_from(&scenario.new_groups);
        let settings = [
            ("RETOOL_API_TOKEN", "mock-token".to_owned()),
            ("RETOOL_SCIM_TOKEN", "mock-scim-token".to_owned()),
            ("RETOOL_WINDOW", chance.pick(&[1, 2, 8, 64]).to_string()),
            ("RETOOL_PAGE_SIZE", chance.pick(&[1, 2, 5, 17, 100, 500]).to_string()),
            ("RETOOL_MAX_ATTEMPTS", chance.pick(&[1, 2, 3, 3, 10]).to_string()),
        ];
        // Longer than the slowest server takes.
        let try_timeout_ms = *Chance::new(seed, 43).pick(&[8_000_u64, 30_000, 30_000, 600_000]);
        let settings: Vec<(&str, String)> = settings
            .into_iter()
            .chain([("RETOOL_TRY_TIMEOUT_MS", try_timeout_ms.to_string())])
            .collect();
        trace.add(|| format!("seed {seed}: {server_behavior:?}"));
        trace.add(|| format!("settings {:?}", &settings[2..]));
        let start = Rc::new(organisation.clone());
        let checker = Checker::new(
            dialect,
            server_behavior.capabilities(),
            Beliefs {
                listing: server_behavior.listing.clone(),
                if_match: server_behavior.if_match(),
                short_users: server_behavior.quirks.options.scim_quirks.listed_groups.is_some(),
                keeps_names: dialect == Dialect::V2
                    && !server_behavior.quirks.options.v2.removes_names,
                keeps_addresses: server_behavior.keeps_addresses(),
            },
            deviations,
            Rc::new(Operation::EnsureGroup(String::new(), Vec::new())),
            start,
        );
        let server = Rc::new(Server::new(
            seed,
            server_behavior,
            organisation,
            checker,
            concurrent_editor,
            Rc::clone(&clock),
            Rc::clone(&trace),
        ));
        World {
            dialect,
            network: Rc::new(Network::new(Rc::clone(&server), Rc::clone(&clock), try_timeout_ms)),
            server,
            scenario,
            clock,
            trace,
            jitter: Rc::new(Jitter(Chance::new(seed, 5).into())),
            defect,
            kills: *chance.pick(&[0, 0, 20, 60]),
            settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            wanted: if chance.percent(20) {
                Wanted::Auto
            } else {
                Wanted::Dialect(component_dialect(dialect))
            },
            chance,
        }
    }

    /// Whether each call finds out which dialect the server has, by reading.
    pub fn finds_dialect(&self) -> bool {
        matches!(self.wanted, Wanted::Auto)
    }

    /// Makes a call. Returns `None` if it was killed. Without `with_faults` it is not killed, and
    /// has a deadline of an hour.
    pub fn attempt(
        &mut self,
        operation: &Rc<Operation>,
        with_faults: bool,
    ) -> Option<Result<Done, Error>> {
        let killed = with_faults && self.chance.percent(self.kills);
        let kill_at_poll = killed.then(|| {
            let within = *self.chance.pick(&[4, 16, 64, 256]);
            self.chance.below(within) as u32
        });
        let deadline =
            if with_faults { *self.chance.pick(&[2_000, 20_000, 120_000]) } else { 3_600_000_u64 };
        self.trace.add(|| format!("CALL {}", operation.describe()));
        {
            let state = &mut *self.server.state();
            state.figures.operations += 1;
            state.advance_clock(self.clock.now());
            state.checker.begin(Rc::clone(operation), Rc::new(state.organisation.clone()));
        }
        let (inputs, transport): (Rc<Operation>, Rc<dyn Transport>) = match self.defect {
            None => (Rc::clone(operation), self.network.clone()),
            Some(defect) => (
                Rc::new(defect.change_inputs(operation)),
                defect.wrap(self.dialect, self.network.clone()),
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
        self.network.begin(deadline);
        let mut ended = self.clock.run(
            async {
                let session = Session::open(connection, &settings, platform)?;
                inputs.perform(session).await
            },
            kill_at_poll,
            deadline + GRACE_MS,
        );
        if let (Some(defect), Ended::Done(result)) = (self.defect, &mut ended) {
            defect.change_result(result);
        }
        let result = self.check_end(ended);
        self.clock.advance(BETWEEN_CALLS_MS);
        result
    }

    fn check_end(&mut self, ended: Ended<Result<Done, Error>>) -> Option<Result<Done, Error>> {
        let state = &mut *self.server.state();
        match ended {
            Ended::Done(result) => {
                match &result {
                    Ok(_) => state.figures.succeeded += 1,
                    Err(_) => state.figures.failed += 1,
                }
                self.trace.add(|| match &result {
                    Ok(done) => format!("DONE {}; {:?}", done.outcome(), done.writes()),
                    Err(error) => format!("FAILED {error:?}"),
                });
                if let Some((rule, how)) = self.network.violated_by(&result)
                    && !state.checker.is_disturbed()
                {
                    state.checker.violated(rule, how);
                }
                state.checker.call_ended(&result);
                self.scenario.tombstones.extend_from_slice(tombstones(&result));
                Some(result)
            }
            Ended::Killed => {
                state.figures.kills += 1;
                self.trace.add(|| "KILLED".into());
                None
            }
            Ended::Stuck(how) => {
                self.trace.add(|| format!("STUCK: {how}"));
                state.checker.violated("no hang", how);
                None
            }
        }
    }
}
