//! A faithful mock of Retool's user and group API, for tests and demonstrations.
//!
//! [`Mock::start`] serves the dialects `/api/v1`, `/api/v2` and SCIM 2.0 over one in-memory
//! [`Organisation`], on the loopback interface. It takes requests as literally as a real instance:
//! a PUT resets what it omits, and scopes are enforced. A user created with `/api/v1` is invited by
//! mail. A user deleted with `/api/v2` is only disabled. Tests inspect the [log of
//! requests](Mock::requests) and the [state](Mock::state), change the state [as another
//! administrator would](Mock::edit), and inject [faults](Fault).
//!
//! Some routes need no token. They are for people and for tests in other languages:
//! `GET /_mock/requests`, `GET /_mock/state`, and `POST /_mock/reset`, which restores the initial
//! state.
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

mod call;
mod dialects;
mod faults;
mod hook;
mod log;
mod mock;
mod offline;
mod options;
mod scim;
mod server;
mod state;
mod throttling;
mod v1;
mod v2;

/// The request and response types of [`Offline`].
pub use axum::http;
pub use faults::{Chance, Fault, FaultKind, FaultSyntax, Forbidden};
pub use hook::Hook;
pub use log::LoggedRequest;
pub use mock::Mock;
pub use offline::Offline;
pub use options::{
    AddressChange, Deviations, Dialect, DisabledUsers, FormSupport, IfMatchRule, InviteOptions,
    LargePages, ListingOptions, MemberRemoval, MetadataPaths, Options, PatchAnswer, PatchForms,
    ScimBase, ScimQuirks, Scope, Support, UnknownScope, V2Options,
};
pub use state::{
    ADMIN, Access, EDITOR, Group, Invite, Member, Membership, Organisation, Refused, User,
    UserAttribute, VIEWER, same_email,
};
pub use throttling::{Guidance, Throttling, UnknownGuidance};
