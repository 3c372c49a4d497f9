//! Serves a [`ServerState`] over HTTP/1.1.

mod close;
mod control;
mod exchange;
mod quota;
mod reply;
mod stale;
mod state;

use std::future::poll_fn;
use std::sync::Arc;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use close::Close;
pub(crate) use state::ServerState;

/// Accepts connections for ever. Dropping the future closes all of them.
pub(crate) async fn serve(mut listener: TcpListener, server: Arc<ServerState>) {
    let mut connections = JoinSet::new();
    loop {
        // `Listener` waits and retries after errors such as too many open files.
        let (stream, _) = Listener::accept(&mut listener).await;
        while connections.try_join_next().is_some() {}
        connections.spawn(serve_connection(stream, Arc::clone(&server)));
    }
}

/// Serves one connection until either side closes it.
async fn serve_connection(stream: TcpStream, server: Arc<ServerState>) {
    // Small responses must not wait for each other. If the option can't be set, they do.
    stream.set_nodelay(true).ok();
    let service =
        service_fn(move |request| Box::pin(exchange::exchange(Arc::clone(&server), request)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    if let Err(error) = ended
        && Close::behind(&error) == Some(Close::Reset)
    {
        // Closing a socket with zero linger sends a reset. If the option can't be set, the peer
        // sees an early end instead, which is also a failure.
        stream.set_zero_linger().ok();
    }
}
