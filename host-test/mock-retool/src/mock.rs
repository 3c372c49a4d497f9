//! The running mock.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::faults::Fault;
use crate::hook::Hook;
use crate::log::LoggedRequest;
use crate::options::Options;
use crate::server::{self, ServerState};
use crate::state::Organisation;

/// A mock that serves in the background until it, or the runtime that it was started in, is
/// dropped.
pub struct Mock {
    address: SocketAddr,
    server: Arc<ServerState>,
    task: JoinHandle<()>,
}

impl Mock {
    /// Starts to serve on the loopback interface. Fails if the port is taken. Also fails if a token
    /// is empty, because no client could send it.
    pub async fn start(options: Options) -> std::io::Result<Mock> {
        let refused = |why| Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
        if options.token.is_empty() {
            return refused("the token is empty");
        }
        if options.scim_token.is_empty() {
            return refused("the SCIM token is empty");
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let server = Arc::new(ServerState::new(options));
        let task = tokio::spawn(server::serve(listener, Arc::clone(&server)));
        Ok(Mock { address, server, task })
    }

    /// Returns the base URL with the prefix, e.g. `http://127.0.0.1:49152`. The dialects are below
    /// it.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.server.options().base_path())
    }

    /// Returns the REST token that it accepts.
    pub fn token(&self) -> &str {
        &self.server.options().token
    }

    /// Returns the SCIM token that it accepts.
    pub fn scim_token(&self) -> &str {
        &self.server.options().scim_token
    }

    /// Returns the requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.log().requests()
    }

    /// Forgets the requests so far; the next one is number 1.
    pub fn clear_requests(&self) {
        self.server.log().clear();
    }

    /// Returns a copy of the current organisation.
    pub fn state(&self) -> Organisation {
        self.server.organisation().clone()
    }

    /// Changes the organisation between two requests, as another administrator would.
    pub fn edit<T>(&self, f: impl FnOnce(&mut Organisation) -> T) -> T {
        f(&mut self.server.organisation())
    }

    /// Activates a fault.
    pub fn inject(&self, fault: Fault) {
        self.server.faults().inject(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.server.clear_faults();
    }

    /// Calls `hook` for every request from now on, before the request is served. It replaces an
    /// earlier hook. Its arguments are the position of the request in the log, from 1, and the
    /// request.
    pub fn on_request(&self, hook: impl Fn(usize, &LoggedRequest) -> Hook + Send + Sync + 'static) {
        self.server.set_hook(Arc::new(hook));
    }

    /// Restores the initial state: organisation, log, faults (those of the options) and quota. The
    /// hook stays.
    pub fn reset(&self) {
        self.server.reset();
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock").field("address", &self.address).finish_non_exhaustive()
    }
}
