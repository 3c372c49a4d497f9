//! Serves a [`World`] over HTTP/1.1.

mod close;
mod control;
mod exchange;
mod quota;
mod reply;
mod stale;
mod world;

use std::future::poll_fn;
use std::sync::Arc;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use close::Close;
pub(crate) use world::World;

/// Accepts connections for ever. Dropping it closes all of them.
pub(crate) async fn serve(mut listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        // `Listener` waits out errors such as too many open files.
        let (stream, _) = Listener::accept(&mut listener).await;
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(stream, Arc::clone(&world)));
    }
}

/// Serves one connection until either side closes it.
async fn converse(stream: TcpStream, world: Arc<World>) {
    // Small answers must not wait for each other; if it can't be set they do.
    stream.set_nodelay(true).ok();
    let service =
        service_fn(move |request| Box::pin(exchange::exchange(Arc::clone(&world), request)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    if let Err(error) = ended
        && Close::behind(&error) == Some(Close::Reset)
    {
        // What closes a socket that doesn't linger is a reset. If it can't be set, the peer sees
        // an early end instead, which is as bad.
        stream.set_zero_linger().ok();
    }
}
