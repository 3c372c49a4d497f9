//! What can go wrong, and for which requests.

mod in_force;
mod text;

use std::time::Duration;

use crate::log::LoggedRequest;
pub(crate) use in_force::{Faults, Quirks, Trouble};
pub use text::FaultSyntax;

/// Something that goes wrong for some requests.
///
/// The rest of the fields say for which: by default for every request, for ever. Several faults
/// may be there at once. A request is compared with them in the order in which they were
/// injected: every one that only changes what is listed ([`FaultKind::RepeatPage`] to
/// [`FaultKind::StaleFor`]) applies, and of those that spoil the exchange the first.
///
/// A fault can also be [read from text](#impl-FromStr-for-Fault).
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Only requests with this method; any where `None`.
    pub method: Option<String>,
    /// Only requests whose path starts so; any where `None`.
    pub path: Option<String>,
    /// How many matching requests to let through first.
    pub skip: u32,
    /// How many matching requests to affect after those; all of them where `None`.
    pub times: Option<u32>,
    /// How likely each of them is to be affected; all of them are where `None`.
    pub chance: Option<Chance>,
    /// What goes wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault that affects every request for ever.
    pub fn new(kind: FaultKind) -> Self {
        Fault { method: None, path: None, skip: 0, times: None, chance: None, kind }
    }

    /// Whether it is about this request.
    fn matches(&self, request: &LoggedRequest) -> bool {
        let method = self.method.as_deref();
        let path = self.path.as_deref();
        method.is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && path.is_none_or(|path| request.path.starts_with(path))
            && self.kind.concerns(request)
    }
}

/// A probability, and what its draws come from.
///
/// One draw is made for each request that matches the fault's method and path, in the order of
/// their arrival, whether or not another fault spoils it and also for those that are let
/// through: the same seed decides the same about the n-th matching request, whatever else goes
/// wrong. Two faults of one seed about the same requests strike together, so give each its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// How many of 1000 matching requests are affected on average; all from 1000 on.
    pub per_mille: u16,
    /// What the draws come from.
    pub seed: u64,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Nothing is done and this is the answer.
    Status {
        /// The status, 200 to 599.
        code: u16,
        /// The `Retry-After` header, as it stands.
        retry_after: Option<String>,
        /// The body, as it stands; a message in JSON where `None`.
        body: Option<String>,
    },
    /// The request is served, and the answer has this status, 200 to 599, with a message in
    /// JSON in place of what it should say, or with no body where the status allows none.
    StatusAfter(u16),
    /// The request is served, and the connection is closed without an answer.
    LoseReply,
    /// Nothing is done, and the connection is reset.
    Reset,
    /// The request is served; the headers and half the body are sent, and then the connection
    /// is reset.
    ResetInBody,
    /// The request is served; the answer announces a longer body than is sent before the
    /// connection is closed.
    Truncate,
    /// The request is served that much later.
    Delay(Duration),
    /// The request is served; the body comes in small pieces.
    Drip {
        /// How many bytes come at once; at least 1.
        bytes_per_tick: usize,
        /// How long it takes to the next ones.
        tick: Duration,
    },
    /// The request is served; the answer says that it is of this type.
    ContentType(String),
    /// Nothing is done, and a login page is the answer, with 200.
    Html200,
    /// The request is served; the answer stops in the middle of its JSON. Its length is right.
    InvalidJson,
    /// The request is served; every record in the answer, and the answer itself, has a field
    /// `nested` of this many arrays in each other.
    DeepJson(usize),
    /// Nothing is done, and the answer is a JSON object of this many bytes, whose length is not
    /// announced.
    HugeBody(usize),
    /// Nothing is done, and the answer is 302 to this place.
    Redirect(String),
    /// Listings give page 1 whatever page is asked for.
    RepeatPage,
    /// Listings of people never end: every page is full, with people who don't exist after those
    /// who do, and the total grows.
    EndlessPages,
    /// The total of listings is 1 higher with every request; right for the first.
    MovingTotal,
    /// The listing of people ignores the filter by address.
    IgnoreFilter,
    /// The filter by address finds only addresses written exactly so.
    ExactFilter,
    /// A creation is done though somebody has the address: there are two accounts of it then,
    /// and two invitations.
    SecondAccount,
    /// This field is left out of user records.
    OmitField(String),
    /// This field is left out of the user records of lists, and on `/api/v2` of the lists: without
    /// `next_token` there is more that can't be asked for.
    OmitInLists(String),
    /// After a write, some reads answer from the state before it.
    StaleReads {
        /// How many reads.
        requests: u32,
    },
    /// A write shows only so long after it was made: until then reads answer from the state
    /// before it, as from a copy that lags behind.
    StaleFor(Duration),
}

impl FaultKind {
    /// Whether a request can show the fault at all; one that can't does not use it up.
    fn concerns(&self, request: &LoggedRequest) -> bool {
        match self {
            FaultKind::RepeatPage
            | FaultKind::EndlessPages
            | FaultKind::MovingTotal
            | FaultKind::IgnoreFilter
            | FaultKind::ExactFilter
            | FaultKind::OmitInLists(_) => !request.is_write(),
            FaultKind::SecondAccount => request.method == "POST",
            FaultKind::StaleReads { .. } | FaultKind::StaleFor(_) => request.is_write(),
            FaultKind::Status { .. }
            | FaultKind::StatusAfter(_)
            | FaultKind::LoseReply
            | FaultKind::Reset
            | FaultKind::ResetInBody
            | FaultKind::Truncate
            | FaultKind::Delay(_)
            | FaultKind::Drip { .. }
            | FaultKind::ContentType(_)
            | FaultKind::Html200
            | FaultKind::InvalidJson
            | FaultKind::DeepJson(_)
            | FaultKind::HugeBody(_)
            | FaultKind::Redirect(_)
            | FaultKind::OmitField(_) => true,
        }
    }
}
