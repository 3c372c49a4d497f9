//! Retool, in memory: one of the mock's dialects over one organisation, with a nature of its own, with
//! faults, with another administrator, and with the watch looking on.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use mock_retool::http::{Request as HttpRequest, Response as HttpResponse};
use mock_retool::{Offline, Options, Organisation, same_email};
use retool_lifecycle::http::{Request, Response};
use retool_lifecycle::time::parse_iso;

use crate::chance::Chance;
use crate::clock::VirtualClock;
use crate::dialects::{Tongue, tongue};
use crate::fault::{self, Fault, Reply};
use crate::figures::Figures;
use crate::nature::Nature;
use crate::rival::Rival;
use crate::trace::Trace;
use crate::watch::{Watch, Who};
use crate::wire::Wire;

/// The server.
pub struct Server {
    offline: Offline,
    tongue: &'static dyn Tongue,
    nature: Nature,
    clock: Rc<VirtualClock>,
    trace: Rc<Trace>,
    state: RefCell<State>,
}

/// What changes while it runs.
pub struct State {
    /// The organisation.
    pub organisation: Organisation,
    /// The watch.
    pub watch: Watch,
    /// The other administrator.
    pub rival: Rival,
    /// How much was simulated.
    pub figures: Figures,
    /// Whether anything may go wrong, and whether the other administrator is at work.
    pub calm: bool,
    /// A state that reads answer from, and until when.
    stale: Option<(Organisation, u64)>,
    chance: Chance,
    /// When the organisation's own clock was last set.
    aged_at: u64,
}

impl Server {
    /// A server over an organisation.
    pub fn new(
        seed: u64,
        nature: Nature,
        organisation: Organisation,
        watch: Watch,
        rival: Rival,
        clock: Rc<VirtualClock>,
        trace: Rc<Trace>,
    ) -> Self {
        let options = Options {
            max_page_size: nature.max_page_size,
            dialects: vec![nature.dialect],
            ..nature.habits.options.clone()
        };
        Server {
            offline: Offline::new(&options),
            tongue: tongue(nature.dialect),
            nature,
            clock,
            trace,
            state: RefCell::new(State {
                organisation,
                watch,
                rival,
                figures: Figures::default(),
                calm: false,
                stale: None,
                chance: Chance::new(seed, 3),
                aged_at: 0,
            }),
        }
    }

    /// What changes while it runs. Not to be held while a request is under way.
    pub fn state(&self) -> std::cell::RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// How long the next request takes there, and back, in milliseconds.
    pub fn latency(&self) -> (u64, u64) {
        let (low, high) = self.nature.latency;
        let chance = &mut self.state().chance;
        (chance.between(low, high), chance.between(low, high))
    }

    /// A request that nobody waits for any more: with luck it still arrives.
    pub fn abandoned(&self, request: &Request) {
        let state = &mut *self.state();
        let wire = Wire::of(self.nature.dialect, request);
        if wire.is_write() && !state.calm && state.chance.percent(50) {
            self.trace.say(|| format!("{} arrives, though nobody waits for it", wire.line()));
            let answer = self.receive(state, wire, request, Some(Fault::LostAfter));
            debug_assert!(matches!(answer, Reply::Broken));
        }
    }

    /// A request arrives.
    pub fn arrive(&self, request: &Request) -> Reply {
        let state = &mut *self.state();
        let wire = Wire::of(self.nature.dialect, request);
        let mut fault = None;
        if !state.calm {
            if let Some(edit) = state.rival.perhaps_edits(&mut state.organisation, wire.person()) {
                self.trace.say(|| format!("  another administrator: {edit}"));
                state.figures.edits += 1;
                state.watch.changed(Who::Rival, None, &state.organisation);
            }
            let writes = 1 + u32::from(wire.is_write());
            if state.chance.per_mille(self.nature.fault_rate * writes) {
                fault = Some(fault::draw(&mut state.chance, self.tongue, &wire));
                state.figures.faults += 1;
            }
        }
        self.receive(state, wire, request, fault)
    }

    fn receive(
        &self,
        state: &mut State,
        mut wire: Wire,
        request: &Request,
        fault: Option<Fault>,
    ) -> Reply {
        state.age(self.clock.now());
        state.watch.clock(state.organisation.now());
        state.figures.requests += 1;
        wire.served = !matches!(
            fault,
            Some(
                Fault::LostBefore
                    | Fault::Silence { served: false }
                    | Fault::Status { served: false, .. }
                    | Fault::LoginPage
                    | Fault::RefusedWith200
            )
        );
        let mut answer = None;
        if wire.is_write() {
            state.figures.writes += 1;
            let now = state.now_ms();
            state.watch.arrives(&wire, now);
            if wire.served {
                let before = (!state.calm && state.chance.per_mille(self.nature.stale_rate))
                    .then(|| state.organisation.clone());
                answer = Some(self.serve(&mut state.organisation, request, &wire));
                state.watch.changed(Who::Component, Some(&wire), &state.organisation);
                if let Some(before) = before {
                    let until = self.clock.now() + state.chance.between(1, 1000);
                    self.trace.say(|| format!("  reads are stale until {until} ms"));
                    state.stale = Some((before, until));
                }
            }
        } else if wire.served {
            let now = self.clock.now();
            state.stale.take_if(|(_, until)| *until < now || state.calm);
            let asked = self.nature.understood(request, fault, &wire);
            let from = state.stale.as_mut().map_or(&mut state.organisation, |(old, _)| old);
            answer = Some(self.serve(from, &asked, &wire));
        }
        let answer = answer.map(response).unwrap_or_default();
        let mut reply = fault::spoilt(self.tongue, answer, fault);
        if let Reply::Answer(response) = &mut reply {
            response.date = Some(state.http_date());
            wire.answered = Some(response.status);
            let whole = serde_json::from_slice(&response.body).ok();
            if let (200..=299, Some(body)) = (response.status, whole) {
                let stale = state.stale.as_ref().filter(|_| !wire.is_write());
                let from = stale.map_or(&state.organisation, |(old, _)| old);
                state.watch.shows(&wire, &body, from);
            }
        }
        self.trace.say(|| {
            let told = match &reply {
                Reply::Answer(response) => response.status.to_string(),
                Reply::Broken => "broken".into(),
                Reply::Silence => "silence".into(),
            };
            let body = if wire.body.is_null() { String::new() } else { format!(" {}", wire.body) };
            let fault = fault.map(|fault| format!(" because of {fault:?}")).unwrap_or_default();
            let done = if wire.served { "" } else { ", not served" };
            format!("{}{body} -> {told}{fault}{done}", wire.line())
        });
        if wire.is_write() {
            state.watch.wrote(&wire);
        }
        reply
    }

    /// Has the dialect serve a request, and bends the answer to this server's nature.
    fn serve(
        &self,
        organisation: &mut Organisation,
        request: &Request,
        wire: &Wire,
    ) -> HttpResponse<Vec<u8>> {
        let created = wire.created().filter(|_| self.nature.takes_doubles);
        let hidden = created.map(|address| hide(organisation, address));
        let body = request.body.clone().unwrap_or_default();
        let mut http = HttpRequest::builder()
            .method(request.method.as_str())
            .uri(&request.path_and_query)
            .header("authorization", format!("Bearer {}", request.token.expose()))
            .header("content-type", request.media_type);
        if let Some(version) = &request.if_match {
            http = http.header("if-match", version);
        }
        let http = http.body(body).unwrap_or_default();
        let mut answer = self.offline.serve(organisation, http);
        for (id, email) in hidden.into_iter().flatten() {
            if let Some(user) = organisation.user_mut(&id) {
                user.email = email;
            }
        }
        if answer.status().is_success() {
            let terse = wire.is_write().then(|| self.tongue.terse(wire.method, &wire.target));
            if let (true, Some(Some(terse))) = (self.nature.terse, terse) {
                *answer.body_mut() = terse.to_vec();
            } else {
                self.nature.keep_to_itself(&wire.target, answer.body_mut());
            }
        }
        answer
    }
}

impl State {
    /// Lets the organisation's own clock follow.
    pub fn age(&mut self, now: u64) {
        let passed = now.saturating_sub(self.aged_at);
        self.organisation.advance(Duration::from_millis(passed));
        self.aged_at = now;
    }

    /// The server's time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        parse_iso(&self.organisation.now()).unwrap_or(i64::MAX)
    }

    /// The same as `Date` tells it.
    fn http_date(&self) -> String {
        let since_epoch = Duration::from_millis(self.now_ms().try_into().unwrap_or(0));
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_epoch)
    }

    /// Nothing of what was goes wrong any longer.
    pub fn forget_stale(&mut self) {
        self.stale = None;
    }

    /// The other administrator makes an edit between two calls.
    pub fn edit(&mut self, trace: &Trace) {
        if let Some(edit) = self.rival.edits(&mut self.organisation, None) {
            trace.say(|| format!("  another administrator: {edit}"));
            self.figures.edits += 1;
            self.watch.changed(Who::Rival, None, &self.organisation);
        }
    }
}

/// Takes the addresses of everybody who has this one, so that somebody else can get it.
fn hide(organisation: &mut Organisation, address: &str) -> Vec<(String, String)> {
    let same = organisation.users.iter_mut().filter(|user| same_email(&user.email, address));
    same.map(|user| {
        let hidden = format!("hidden-{}", user.id);
        (user.id.clone(), std::mem::replace(&mut user.email, hidden))
    })
    .collect()
}

/// An answer as the component gets it.
fn response(answer: HttpResponse<Vec<u8>>) -> Response {
    let header = |name| {
        let value = answer.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    Response {
        status: answer.status().as_u16(),
        content_type: header("content-type"),
        etag: header("etag"),
        body: answer.into_body(),
        ..Response::default()
    }
}
