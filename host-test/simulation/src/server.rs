//! Retool, in memory: the mock's dialect over one organisation, with a nature of its own, with
//! faults, with another administrator, and with the watch looking on.

use std::cell::RefCell;
use std::rc::Rc;

use mock_retool::http::{Request as HttpRequest, Response as HttpResponse};
use mock_retool::{Offline, Options, Organisation, same_email};
use retool_lifecycle::http::{Clock, Method, Request, Response};
use serde_json::Value;

use crate::chance::Chance;
use crate::clock::VirtualClock;
use crate::fault::{self, Fault};
use crate::figures::Figures;
use crate::rival::Rival;
use crate::trace::Trace;
use crate::watch::{Watch, Who};
use crate::wire::{Target, Wire};

/// What holds for a server always: servers differ.
#[derive(Clone, Debug)]
pub struct Nature {
    /// The largest page that it gives.
    pub max_page_size: usize,
    /// It does not know the filter by address.
    pub ignores_filter: bool,
    /// Its people do not say which groups they are in.
    pub silent_about_groups: bool,
    /// Its writes are answered with a bare acknowledgement.
    pub terse: bool,
    /// It takes two people of one address, and invites both.
    pub takes_doubles: bool,
    /// How long a request takes at least and at most, there and back, in milliseconds.
    pub latency: (u64, u64),
    /// How many requests in a thousand meet a fault; of writes, twice as many.
    pub fault_rate: u32,
    /// How many writes in a thousand are followed by stale reads, for up to a second.
    pub stale_rate: u32,
}

/// What comes back, if anything does.
pub enum Reply {
    /// An answer.
    Answer(Response),
    /// The connection broke.
    Broken,
    /// Nothing, ever.
    Silence,
}

/// The server.
pub struct Server {
    offline: Offline,
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
        let options = Options { max_page_size: nature.max_page_size, ..Options::default() };
        Server {
            offline: Offline::new(&options),
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
        let wire = Wire::of(request);
        if wire.is_write() && !state.calm && state.chance.percent(50) {
            self.trace.say(|| format!("{} arrives, though nobody waits for it", wire.line()));
            let answer = self.receive(state, wire, request, Some(Fault::LostAfter));
            debug_assert!(matches!(answer, Reply::Broken));
        }
    }

    /// A request arrives.
    pub fn arrive(&self, request: &Request) -> Reply {
        let state = &mut *self.state();
        let wire = Wire::of(request);
        let mut fault = None;
        if !state.calm {
            if let Some(edit) = state.rival.perhaps_edits(&mut state.organisation, wire.person()) {
                self.trace.say(|| format!("  another administrator: {edit}"));
                state.figures.edits += 1;
                state.watch.changed(Who::Rival, None, &state.organisation);
            }
            let writes = 1 + u32::from(wire.is_write());
            if state.chance.per_mille(self.nature.fault_rate * writes) {
                fault = Some(fault::draw(&mut state.chance, &wire));
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
        state.figures.requests += 1;
        wire.served = !matches!(
            fault,
            Some(
                Fault::LostBefore
                    | Fault::Silence { served: false }
                    | Fault::Status { served: false, .. }
                    | Fault::LoginPage
            )
        );
        let mut answer = None;
        if wire.is_write() {
            state.figures.writes += 1;
            let now = i64::try_from(self.clock.unix_ms()).unwrap_or(i64::MAX);
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
            let asked = altered(request, fault, self.nature.ignores_filter);
            let from = state.stale.as_mut().map_or(&mut state.organisation, |(old, _)| old);
            answer = Some(self.serve(from, &asked, &wire));
        }
        let mut reply = reply(answer, fault);
        if let Reply::Answer(response) = &mut reply {
            response.date = Some(httpdate::fmt_http_date(self.clock.system_time()));
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
        let creates = wire.method == Method::Post && wire.target == Target::Users;
        let hidden = (creates && self.nature.takes_doubles)
            .then(|| hide(organisation, wire.body["email"].as_str().unwrap_or_default()));
        let body = request.body.clone().unwrap_or_default();
        let http = HttpRequest::builder()
            .method(request.method.as_str())
            .uri(&request.path_and_query)
            .header("authorization", format!("Bearer {}", request.token.expose()))
            .header("content-type", request.media_type)
            .body(body)
            .unwrap_or_default();
        let mut answer = self.offline.serve(organisation, http);
        for (id, email) in hidden.into_iter().flatten() {
            if let Some(user) = organisation.user_mut(&id) {
                user.email = email;
            }
        }
        if answer.status().is_success() {
            if self.nature.terse && wire.method == Method::Put {
                *answer.body_mut() = br#"{"success":true}"#.to_vec();
            } else if self.nature.silent_about_groups {
                silence(answer.body_mut());
            }
        }
        answer
    }
}

impl State {
    /// Lets the organisation's own clock follow.
    fn age(&mut self, now: u64) {
        let passed = now.saturating_sub(self.aged_at);
        self.organisation.advance(std::time::Duration::from_millis(passed));
        self.aged_at = now;
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

/// The request as the server understands it.
fn altered(request: &Request, fault: Option<Fault>, ignores_filter: bool) -> Request {
    let mut request = request.clone();
    let Some((path, query)) = request.path_and_query.split_once('?') else { return request };
    let pairs = query.split('&').filter_map(|pair| match pair.split_once('=') {
        Some(("email", _)) if ignores_filter || fault == Some(Fault::IgnoredFilter) => None,
        Some(("page", _)) if fault == Some(Fault::FirstPage) => Some("page=1"),
        _ => Some(pair),
    });
    let query: Vec<&str> = pairs.collect();
    request.path_and_query = format!("{path}?{}", query.join("&"));
    request
}

fn silence(body: &mut Vec<u8>) {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return };
    let listed = answer.get_mut("users").and_then(Value::as_array_mut);
    for user in listed.into_iter().flatten().filter_map(Value::as_object_mut) {
        user.remove("groups");
    }
    if let Some(record) = answer.as_object_mut().filter(|record| record.contains_key("email")) {
        record.remove("groups");
    }
    *body = answer.to_string().into_bytes();
}

/// What comes back, with the fault.
fn reply(answer: Option<HttpResponse<Vec<u8>>>, fault: Option<Fault>) -> Reply {
    let mut response = match answer {
        Some(answer) => Response {
            status: answer.status().as_u16(),
            content_type: Some("application/json".into()),
            body: answer.into_body(),
            ..Response::default()
        },
        None => Response::default(),
    };
    match fault {
        Some(Fault::LostBefore | Fault::LostAfter) => return Reply::Broken,
        Some(Fault::Silence { .. }) => return Reply::Silence,
        Some(Fault::Status { code, retry_after, .. }) => {
            return Reply::Answer(Response {
                status: code,
                retry_after: retry_after.map(Into::into),
                content_type: Some("application/json".into()),
                body: br#"{"message":"a fault"}"#.to_vec(),
                ..Response::default()
            });
        }
        Some(Fault::LoginPage) => {
            return Reply::Answer(Response {
                status: 200,
                content_type: Some("text/html".into()),
                body: b"<html>Log in</html>".to_vec(),
                ..Response::default()
            });
        }
        Some(Fault::Half) => response.body.truncate(response.body.len() / 2),
        Some(Fault::Empty) => response.body.clear(),
        Some(Fault::Shifted) => change_listing(&mut response.body, |answer| {
            if let Some(users) = answer.get_mut("users").and_then(Value::as_array_mut)
                && let Some(last) = users.last().cloned()
                && users.len() > 1
            {
                users[0] = last;
            }
        }),
        Some(Fault::MovingTotal(by)) => change_listing(&mut response.body, |answer| {
            let listed = answer["users"].as_array().map_or(0, Vec::len) as i64;
            if let Some(total) = answer["total"].as_i64() {
                let moved = total + i64::from(by);
                // A page that says that there is no other can't be told from the truth.
                answer["total"] = if moved > listed { moved } else { total }.into();
            }
        }),
        Some(Fault::IgnoredFilter | Fault::FirstPage) | None => {}
    }
    Reply::Answer(response)
}

fn change_listing(body: &mut Vec<u8>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut answer) = serde_json::from_slice::<Value>(body) {
        change(&mut answer);
        *body = answer.to_string().into_bytes();
    }
}
