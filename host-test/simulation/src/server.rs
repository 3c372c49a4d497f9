//! The in-memory Retool: one dialect of the mock over one organisation, with the behaviour of this
//! server, faults and another administrator. It reports every request and change to the checker.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use mock_retool::http::{Request as HttpRequest, Response as HttpResponse};
use mock_retool::{Dialect, DisabledUsers, Offline, Options, Organisation, same_email};
use retool_lifecycle::http::{Request, Response};
use retool_lifecycle::time::parse_iso;

use crate::chance::Chance;
use crate::checker::{Checker, Who};
use crate::clock::{START_UNIX_MS, VirtualClock};
use crate::concurrent_editor::ConcurrentEditor;
use crate::dialects::{DialectWire, dialect_wire};
use crate::fault::{self, Fault, Reply};
use crate::figures::Figures;
use crate::parse_request::parse_request;
use crate::request::ParsedRequest;
use crate::server_behavior::{Quota, ServerBehavior};
use crate::trace::Trace;

/// The server.
pub struct Server {
    offline: Offline,
    dialect_wire: &'static dyn DialectWire,
    server_behavior: ServerBehavior,
    clock: Rc<VirtualClock>,
    trace: Rc<Trace>,
    state: RefCell<State>,
}

/// The mutable state of the server.
pub struct State {
    /// The organisation.
    pub organisation: Organisation,
    /// The checker.
    pub checker: Checker,
    /// The other administrator.
    pub concurrent_editor: ConcurrentEditor,
    /// Counts of what was simulated.
    pub figures: Figures,
    /// No faults, no stale reads, and no edits of the other administrator during a call.
    pub faults_off: bool,
    /// What becomes of disabled users.
    disabled_users: DisabledUsers,
    /// The state that stale reads return, and the time until which they do.
    stale: Option<(Organisation, u64)>,
    chance: Chance,
    /// The choices of faults that are about statuses.
    status_chance: Chance,
    /// The start of the quota's window, and the number of requests in it.
    window: (u64, u32),
    /// The time at which the organisation's own clock was last advanced.
    clock_set_at: u64,
}

impl Server {
    /// Creates a server over an organisation.
    pub fn new(
        seed: u64,
        server_behavior: ServerBehavior,
        organisation: Organisation,
        checker: Checker,
        concurrent_editor: ConcurrentEditor,
        clock: Rc<VirtualClock>,
        trace: Rc<Trace>,
    ) -> Self {
        let options = Options {
            max_page_size: server_behavior.max_page_size,
            dialects: vec![server_behavior.dialect],
            listing: server_behavior.listing.clone(),
            ..server_behavior.quirks.options.clone()
        };
        let disabled_users = options.deviations.disabled_users;
        Server {
            offline: Offline::new(&options),
            dialect_wire: dialect_wire(server_behavior.dialect),
            server_behavior,
            clock,
            trace,
            state: RefCell::new(State {
                organisation,
                checker,
                concurrent_editor,
                figures: Figures::default(),
                faults_off: false,
                disabled_users,
                stale: None,
                chance: Chance::new(seed, 3),
                status_chance: Chance::new(seed, 42),
                window: (0, 0),
                clock_set_at: 0,
            }),
        }
    }

    /// Returns the only dialect of the server.
    pub fn dialect(&self) -> Dialect {
        self.server_behavior.dialect
    }

    /// Borrows the state. The caller must not hold it while a request is under way.
    pub fn state(&self) -> std::cell::RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// Draws the time that the next request takes to the server and back, in milliseconds.
    pub fn latency(&self) -> (u64, u64) {
        let (low, high) = self.server_behavior.latency;
        let chance = &mut self.state().chance;
        (chance.between(low, high), chance.between(low, high))
    }

    /// Handles a request whose caller stopped waiting. Half of the writes still arrive.
    pub fn abandoned(&self, request: &Request) {
        let state = &mut *self.state();
        let parsed = parse_request(self.server_behavior.dialect, request);
        if parsed.is_write() && !state.faults_off && state.chance.percent(50) {
            self.trace
                .add(|| format!("{} arrives after its caller stopped waiting", parsed.line()));
            let answer = self.receive(state, parsed, request, Some(Fault::LostAfter));
            debug_assert!(matches!(answer, Reply::Broken));
        }
    }

    /// Handles a request that arrives.
    pub fn arrive(&self, request: &Request) -> Reply {
        let state = &mut *self.state();
        let parsed = parse_request(self.server_behavior.dialect, request);
        if let Some(response) = self.throttle(state) {
            self.trace.add(|| format!("{} -> {}, throttled", parsed.line(), response.status));
            return Reply::Answer(response);
        }
        let mut fault = None;
        if !state.faults_off {
            if let Some(edit) =
                state.concurrent_editor.maybe_edit(&mut state.organisation, parsed.user_id())
            {
                self.trace.add(|| format!("  another administrator: {edit}"));
                state.figures.edits += 1;
                state.organisation.remove_disabled(state.disabled_users);
                state.checker.changed(Who::ConcurrentEditor, None, &state.organisation);
            }
            let writes = 1 + u32::from(parsed.is_write());
            if state.chance.per_mille(self.server_behavior.fault_rate * writes) {
                fault = Some(fault::draw(&mut state.chance, self.dialect_wire, &parsed));
                if state.status_chance.percent(15) {
                    fault = Some(fault::draw_status(&mut state.status_chance));
                    // A 501 is taken for a refusal of the form, and the other one empties the group.
                    if self.server_behavior.empties_groups()
                        && matches!(fault, Some(Fault::Status { code: 501, .. }))
                    {
                        fault = None;
                    }
                }
                state.figures.faults += 1;
            }
        }
        self.receive(state, parsed, request, fault)
    }

    /// Counts a request. Returns the response to it if it is beyond the quota.
    fn throttle(&self, state: &mut State) -> Option<Response> {
        let Quota { requests, window_ms, throttling } = self.server_behavior.quota?;
        let now = self.clock.now();
        let (mut start, mut used) = state.window;
        if now >= start + window_ms {
            (start, used) = (now, 0);
        }
        state.window = (start, used + 1);
        if used < requests {
            return None;
        }
        state.figures.throttled += 1;
        let wait = Duration::from_millis(start + window_ms - now);
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(START_UNIX_MS + now);
        let mut response = Response {
            status: throttling.status,
            content_type: Some("application/json".into()),
            body: br#"{"message":"not now"}"#.to_vec(),
            ..Response::default()
        };
        for (name, value) in throttling.guidance.headers(wait, now) {
            match name {
                "retry-after" => response.retry_after = Some(value),
                "ratelimit-reset" | "x-ratelimit-reset" => response.rate_limit_reset = Some(value),
                _ => response.rate_limit_remaining = Some(value),
            }
        }
        Some(response)
    }

    fn receive(
        &self,
        state: &mut State,
        mut parsed: ParsedRequest,
        request: &Request,
        fault: Option<Fault>,
    ) -> Reply {
        state.advance_clock(self.clock.now());
        state.checker.set_time(state.organisation.now());
        state.figures.requests += 1;
        parsed.served = !matches!(
            fault,
            Some(
                Fault::LostBefore
                    | Fault::NoAnswer { served: false }
                    | Fault::Status { served: false, .. }
                    | Fault::LoginPage
                    | Fault::Page
                    | Fault::Forbidden(_)
                    | Fault::RefusedWith200
            )
        );
        let mut answer = None;
        if parsed.is_write() {
            state.figures.writes += 1;
            let now = state.now_ms();
            state.checker.write_arrives(&parsed, now);
            if parsed.served {
                let before = (!state.faults_off
                    && state.chance.per_mille(self.server_behavior.stale_rate))
                .then(|| state.organisation.clone());
                answer = Some(self.serve(&mut state.organisation, request, &parsed));
                parsed.changed =
                    state.checker.changed(Who::Component, Some(&parsed), &state.organisation);
                if let Some(before) = before {
                    let until = self.clock.now() + state.chance.between(1, 1000);
                    self.trace.add(|| format!("  reads are stale until {until} ms"));
                    state.stale = Some((before, until));
                }
            }
        } else if parsed.served {
            state.checker.read_arrives(&parsed);
            let now = self.clock.now();
            state.stale.take_if(|(_, until)| *until < now || state.faults_off);
            let asked = self.server_behavior.understood(request, fault, &parsed);
            let from = state.stale.as_mut().map_or(&mut state.organisation, |(old, _)| old);
            answer = Some(self.serve(from, &asked, &parsed));
        }
        let answer = answer.map(response).unwrap_or_default();
        let mut reply = fault::apply_fault(self.dialect_wire, answer, fault);
        if let Reply::Answer(response) = &mut reply {
            response.date = Some(state.http_date());
            parsed.answered = Some(response.status);
            let whole = serde_json::from_slice(&response.body).ok();
            if whole.is_none() && response.status == 200 {
                state.checker.page_arrives(&parsed);
            }
            if let (200..=299, Some(body)) = (response.status, whole) {
                let stale = state.stale.as_ref().filter(|_| !parsed.is_write());
                let from = stale.map_or(&state.organisation, |(old, _)| old);
                state.checker.response_arrives(&parsed, &body, from);
            }
        }
        self.trace.add(|| {
            let reply = match &reply {
                Reply::Answer(response) => response.status.to_string(),
                Reply::Broken => "broken".into(),
                Reply::NoAnswer => "no answer".into(),
            };
            let body =
                if parsed.body.is_null() { String::new() } else { format!(" {}", parsed.body) };
            let fault = fault.map(|fault| format!(" because of {fault:?}")).unwrap_or_default();
            let done = if parsed.served { "" } else { ", not served" };
            format!("{}{body} -> {reply}{fault}{done}", parsed.line())
        });
        if parsed.is_write() {
            state.checker.write_ends(&parsed);
        }
        reply
    }

    /// Serves a request through the dialect, and changes the response to this server's behaviour.
    fn serve(
        &self,
        organisation: &mut Organisation,
        request: &Request,
        parsed: &ParsedRequest,
    ) -> HttpResponse<Vec<u8>> {
        let created = parsed.created().filter(|_| self.server_behavior.accepts_duplicate_emails);
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
            let short = parsed
                .is_write()
                .then(|| self.dialect_wire.short_reply(parsed.method, &parsed.target));
            if let (true, Some(Some(short))) = (self.server_behavior.short_replies, short) {
                *answer.body_mut() = short.to_vec();
            } else {
                self.server_behavior.remove_hidden_fields(&parsed.target, answer.body_mut());
            }
        }
        answer
    }
}

impl State {
    /// Advances the organisation's own clock to this time.
    pub fn advance_clock(&mut self, now: u64) {
        let passed = now.saturating_sub(self.clock_set_at);
        self.organisation.advance(Duration::from_millis(passed));
        self.clock_set_at = now;
    }

    /// Returns the server's time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        parse_iso(&self.organisation.now()).unwrap_or(i64::MAX)
    }

    /// Returns the server's time in the format of the `Date` header.
    fn http_date(&self) -> String {
        let since_epoch = Duration::from_millis(self.now_ms().try_into().unwrap_or(0));
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_epoch)
    }

    /// Ends stale reads.
    pub fn clear_stale(&mut self) {
        self.stale = None;
    }

    /// Lets the other administrator make an edit between two calls.
    pub fn edit(&mut self, trace: &Trace) {
        if let Some(edit) = self.concurrent_editor.edit(&mut self.organisation, None) {
            trace.add(|| format!("  another administrator: {edit}"));
            self.figures.edits += 1;
            self.organisation.remove_disabled(self.disabled_users);
            self.checker.changed(Who::ConcurrentEditor, None, &self.organisation);
        }
    }
}

/// Replaces the address of every user who has this one, so that another user can be created with
/// it. Returns the ids and the original addresses.
fn hide(organisation: &mut Organisation, address: &str) -> Vec<(String, String)> {
    let same = organisation.users.iter_mut().filter(|user| same_email(&user.email, address));
    same.map(|user| {
        let hidden = format!("hidden-{}", user.id);
        (user.id.clone(), std::mem::replace(&mut user.email, hidden))
    })
    .collect()
}

/// Converts a response to the component's type.
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
