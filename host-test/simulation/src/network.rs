//! The network between the component and the server. A request takes time, and its caller can stop
//! waiting at any point.

use std::cell::RefCell;
use std::rc::Rc;

use retool_lifecycle::error::Error;
use retool_lifecycle::http::{Clock, Limits, Local, Request, Response, Transport, TransportError};

use crate::call_traffic::CallTraffic;
use crate::clock::VirtualClock;
use crate::fault::Reply;
use crate::in_flight::{self, InFlightWrites};
use crate::operation::Done;
use crate::parse_request::parse_request;
use crate::server::Server;

/// Sends requests to the server.
pub struct Network {
    server: Rc<Server>,
    clock: Rc<VirtualClock>,
    traffic: RefCell<CallTraffic>,
    in_flight: RefCell<InFlightWrites>,
    /// The component's setting for how long a try may go without a byte.
    try_timeout_ms: u64,
}

impl Network {
    /// Creates a connection to a server.
    pub fn new(server: Rc<Server>, clock: Rc<VirtualClock>, try_timeout_ms: u64) -> Self {
        Network {
            server,
            clock,
            traffic: RefCell::default(),
            in_flight: RefCell::default(),
            try_timeout_ms,
        }
    }

    /// Begins a call with this deadline.
    pub fn begin(&self, deadline_ms: u64) {
        self.traffic.borrow_mut().begin(self.clock.now() + deadline_ms);
    }

    /// Returns the rule that a call violates by its result, and how. For calls without edits of the
    /// other administrator.
    pub fn violated_by(&self, result: &Result<Done, Error>) -> Option<(&'static str, String)> {
        self.traffic.borrow().ended(result, self.clock.now())
    }

    fn report(&self, violation: Option<(&'static str, String)>) {
        if let Some((rule, how)) = violation {
            self.server.state().checker.violated(rule, how);
        }
    }
}

/// A request on its way to the server. It may still arrive after its caller stopped waiting.
struct InFlight<'a> {
    server: &'a Server,
    request: Option<&'a Request>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.server.abandoned(request);
        }
    }
}

impl Transport for Network {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let started = self.clock.now();
            self.report(self.traffic.borrow_mut().sent(request, started));
            let begun = parse_request(self.server.dialect(), request).act.and_then(|act| {
                let state = &*self.server.state();
                let one_by_one = state.checker.takes_rights_one_by_one();
                in_flight::begin(&self.in_flight, &act, &state.organisation, one_by_one)
            });
            let _ticket = begun.map(|(ticket, violation)| {
                self.report(violation);
                ticket
            });
            let (there, back) = self.server.latency();
            let mut flight = InFlight { server: &self.server, request: Some(request) };
            // No byte comes before the response.
            let limit_ms = limits.timeout_ms.min(limits.idle_ms);
            if there >= limit_ms {
                self.clock.sleep(limit_ms).await;
                return Err(TransportError::TimedOut);
            }
            self.clock.sleep(there).await;
            flight.request = None;
            let reply = self.server.arrive(request);
            let left = limit_ms.saturating_sub(self.clock.now() - started);
            if matches!(reply, Reply::NoAnswer) || back >= left {
                if there + left > self.try_timeout_ms {
                    let how = format!("a response is waited for {} ms", there + left);
                    self.report(Some(("no hang", how)));
                }
                self.clock.sleep(left).await;
                return Err(TransportError::TimedOut);
            }
            self.clock.sleep(back).await;
            match reply {
                Reply::Answer(response) if response.body.len() <= limits.max_body_bytes => {
                    self.traffic.borrow_mut().answered(request, &response, self.clock.now());
                    Ok(response)
                }
                Reply::Answer(_) => Err(TransportError::TooLarge),
                Reply::Broken | Reply::NoAnswer => Err(TransportError::Failed),
            }
        })
    }
}
