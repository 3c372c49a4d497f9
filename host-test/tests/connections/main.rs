//! How requests leave the host: connections, TLS trust, proxies and credentials.

mod addresses;
mod credentials;
mod flood;
mod pool;
mod proxy;
mod repeated_token;
#[path = "../support/server.rs"]
mod server;
mod tls;
