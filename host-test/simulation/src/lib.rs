//! The component's core against an in-memory Retool: on a virtual clock, with faults, kills and
//! another administrator at work, everything drawn from one seed.
//!
//! [`run`] makes one run over one [`Dialect`] and judges it; a [`Campaign`] makes many. A run draws
//! an organisation, a server with a nature of its own, and some jobs. Each job is tried under faults, perhaps
//! killed, and repeated; then, with nothing going wrong any more, it must come to its end, and a
//! further repetition must find nothing to write. All the while a watch looks at the wire and at
//! every change of the organisation. It knows the request and the truth, and none of the
//! component's own logic. A [`Defect`] can be planted on the way between the component and the
//! server, to show that the watch sees it.

mod campaign;
mod chance;
mod change;
mod clock;
mod defect;
mod dialects;
mod fault;
mod figures;
mod mandate;
mod nature;
mod network;
mod operation;
mod organisation;
mod rival;
mod run;
mod scenario;
mod server;
mod trace;
mod watch;
mod wire;
mod world;

pub use campaign::{Campaign, Tally};
pub use defect::Defect;
pub use figures::Figures;
pub use mock_retool::Dialect;
pub use run::{Run, dialect_of, run};
