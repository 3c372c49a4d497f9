//! How requests leave the host: which connections they take, whom they trust, what stands
//! between, and what they carry.

mod credentials;
mod pool;
mod proxy;
mod server;
mod tls;
