//! Runs the component's core against an in-memory Retool on a virtual clock, with faults, kills and
//! a concurrent editor. One seed determines everything in a run.
//!
//! [`run`] makes one run over one [`Dialect`] and checks it. A [`Campaign`] makes many runs. A run
//! draws an organisation, a server with its own behaviour, and some jobs. Each job is tried under
//! faults, is killed in some runs, and is repeated. Then it is tried without faults: it must
//! succeed, and a further repetition must write nothing. A checker looks at every request and at
//! every change of the organisation. It knows what was requested and the true state, and uses none
//! of the component's own logic. A [`Defect`] can be planted between the component and the server,
//! to prove that the checker finds it.

mod allowed_writes;
mod call_traffic;
mod campaign;
mod chance;
mod change;
mod checker;
mod clock;
mod concurrent_editor;
mod contradictions;
mod defect;
mod dialects;
mod fault;
mod figures;
mod former;
mod in_flight;
mod names;
mod network;
mod operation;
mod organisation;
mod parse_request;
mod request;
mod run;
mod run_slices;
mod scenario;
mod server;
mod server_behavior;
mod slices;
mod trace;
mod world;

pub use campaign::{Campaign, Tally};
pub use defect::Defect;
pub use figures::Figures;
pub use mock_retool::Dialect;
pub use run::{Run, dialect_of, run};
