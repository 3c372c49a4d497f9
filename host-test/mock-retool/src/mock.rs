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
use crate::server::{self, World};
use crate::state::Organisation;

/// A mock that serves in the background until it is dropped, or until the runtime that it was
/// started in is.
pub struct Mock {
    address: SocketAddr,
    world: Arc<World>,
    server: JoinHandle<()>,
}

impl Mock {
    /// Starts to serve on the loopback interface. Fails if the port is taken, and if a token is
    /// empty: nobody could send that one.
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
        let world = Arc::new(World::new(options));
        let server = tokio::spawn(server::serve(listener, Arc::clone(&world)));
        Ok(Mock { address, world, server })
    }

    /// Where it is, e.g. `http://127.0.0.1:49152`, with the prefix; the dialects are below that.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.world.options().base_path())
    }

    /// The REST token that it accepts.
    pub fn token(&self) -> &str {
        &self.world.options().token
    }

    /// The SCIM token that it accepts.
    pub fn scim_token(&self) -> &str {
        &self.world.options().scim_token
    }

    /// The requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.world.log().requests()
    }

    /// Forgets the requests so far; the next one is number 1.
    pub fn clear_requests(&self) {
        self.world.log().clear();
    }

    /// A copy of the organisation as it is.
    pub fn state(&self) -> Organisation {
        self.world.organisation().clone()
    }

    /// Changes the organisation between two requests, as another administrator would.
    pub fn edit<T>(&self, f: impl FnOnce(&mut Organisation) -> T) -> T {
        f(&mut self.world.organisation())
    }

    /// Lets something go wrong.
    pub fn inject(&self, fault: Fault) {
        self.world.faults().inject(fault);
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.world.clear_faults();
    }

    /// Asks `hook` about every request from now on, before it is served; it replaces an earlier
    /// hook. It is called with the place of the request in the log, from 1, and the request.
    pub fn on_request(&self, hook: impl Fn(usize, &LoggedRequest) -> Hook + Send + Sync + 'static) {
        self.world.set_hook(Arc::new(hook));
    }

    /// Goes back to the state at the start: organisation, log, faults (those of the options) and
    /// quota. The hook stays.
    pub fn reset(&self) {
        self.world.reset();
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock").field("address", &self.address).finish_non_exhaustive()
    }
}
