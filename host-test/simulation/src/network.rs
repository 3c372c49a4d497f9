//! The network between the component and the server. A request takes time, and its caller can stop
//! waiting at any point.

use std::rc::Rc;

use retool_lifecycle::http::{Clock, Limits, Local, Request, Response, Transport, TransportError};

use crate::clock::VirtualClock;
use crate::fault::Reply;
use crate::server::Server;

/// Sends requests to the server.
pub struct Network {
    server: Rc<Server>,
    clock: Rc<VirtualClock>,
}

impl Network {
    /// Creates a connection to a server.
    pub fn new(server: Rc<Server>, clock: Rc<VirtualClock>) -> Self {
        Network { server, clock }
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
            let (there, back) = self.server.latency();
            let mut flight = InFlight { server: &self.server, request: Some(request) };
            if there >= limits.timeout_ms {
                self.clock.sleep(limits.timeout_ms).await;
                return Err(TransportError::TimedOut);
            }
            self.clock.sleep(there).await;
            flight.request = None;
            let reply = self.server.arrive(request);
            let left = limits.timeout_ms.saturating_sub(self.clock.now() - started);
            if matches!(reply, Reply::NoAnswer) || back >= left {
                self.clock.sleep(left).await;
                return Err(TransportError::TimedOut);
            }
            self.clock.sleep(back).await;
            match reply {
                Reply::Answer(response) if response.body.len() <= limits.max_body_bytes => {
                    Ok(response)
                }
                Reply::Answer(_) => Err(TransportError::TooLarge),
                Reply::Broken | Reply::NoAnswer => Err(TransportError::Failed),
            }
        })
    }
}
