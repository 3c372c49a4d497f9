//! A faithful mock of Retool's user and group API, for tests and demonstrations.
//!
//! [`Mock::start`] serves the `/api/v1` dialect over one [`Organisation`] in memory, on the
//! loopback interface. It takes requests as literally as a real instance: a PUT resets what it
//! omits, scopes are enforced, a new user is invited by mail. Tests look at the [log of
//! requests](Mock::requests) and the [state](Mock::state), change the state [as another
//! administrator would](Mock::edit), and let things [go wrong](Fault).
//!
//! Without a token, for people and for tests in other languages: `GET /_mock/requests`,
//! `GET /_mock/state`, and `POST /_mock/reset`, which goes back to the state at the start.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use mock_retool::{Fault, FaultKind, Mock, Options};
//!
//! let mock = Mock::start(Options::default()).await?;
//! mock.inject(Fault {
//!     method: Some("POST".to_owned()),
//!     times: Some(1),
//!     ..Fault::new(FaultKind::LoseReply)
//! });
//! println!("{} with the token {}", mock.base_url(), mock.token());
//! # Ok(())
//! # }
//! ```

mod dialects;
mod faults;
mod hook;
mod log;
mod mock;
mod offline;
mod options;
mod server;
mod state;
mod v1;

/// The types of requests and answers that [`Offline`] takes and gives.
pub use axum::http;
pub use faults::{Fault, FaultKind};
pub use hook::Hook;
pub use log::LoggedRequest;
pub use mock::Mock;
pub use offline::Offline;
pub use options::{Options, Scope, UnknownScope};
pub use state::{
    ADMIN, EDITOR, Group, Member, Membership, Organisation, Refused, User, VIEWER, same_email,
};
