//! The faults that can be injected, and the requests they affect.

mod forbidden;
mod in_force;
mod text;

use std::time::Duration;

use crate::log::LoggedRequest;
use crate::throttling::Throttling;
pub use forbidden::Forbidden;
pub(crate) use in_force::{Effects, Faults, Quirks};
pub use text::FaultSyntax;

/// A fault that affects some requests.
///
/// The fields besides `kind` select the requests. By default a fault affects every request, for
/// ever. Several faults can be active at once. A request is matched against them in the order in
/// which they were injected. Every fault that only changes listings and records
/// ([`FaultKind::RepeatPage`] to [`FaultKind::StaleFor`]) applies. Of the faults that change the
/// response, only the first one applies.
///
/// A fault can also be [read from text](#impl-FromStr-for-Fault).
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Only requests with this method; any method if `None`.
    pub method: Option<String>,
    /// Only requests whose path starts with this; any path if `None`.
    pub path: Option<String>,
    /// The number of matching requests to skip first.
    pub skip: u32,
    /// The number of matching requests to affect after those; all if `None`.
    pub times: Option<u32>,
    /// The probability with which each of them is affected; always if `None`.
    pub chance: Option<Chance>,
    /// The kind of fault.
    pub kind: FaultKind,
}

impl Fault {
    /// Creates a fault that affects every request for ever.
    pub fn new(kind: FaultKind) -> Self {
        Fault { method: None, path: None, skip: 0, times: None, chance: None, kind }
    }

    /// Whether it matches this request.
    fn matches(&self, request: &LoggedRequest) -> bool {
        let method = self.method.as_deref();
        let path = self.path.as_deref();
        method.is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && path.is_none_or(|path| request.path.starts_with(path))
            && self.kind.can_affect(request)
    }
}

/// A probability, and the seed of its draws.
///
/// One draw is made for each request that matches the fault's method and path, in the order of
/// arrival. It is also made if the request is skipped, or if another fault changes its response.
/// So the same seed decides the same for the n-th matching request, whatever other faults do. Two
/// faults with one seed that match the same requests affect the same ones, so give each its own
/// seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// How many of 1000 matching requests are affected on average; all from 1000 on.
    pub per_mille: u16,
    /// The seed of the draws.
    pub seed: u64,
}

/// The kind of a fault.
///
/// "Not served" means that the request changes nothing. "Served" means that the dialect handles it
/// as usual, writes included.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// The request is not served, and this is the response.
    Status {
        /// The status, 200 to 599.
        code: u16,
        /// The `Retry-After` header, verbatim.
        retry_after: Option<String>,
        /// The body, verbatim; a message in JSON if `None`.
        body: Option<String>,
    },
    /// The request is not served, and the response says in this way that there were too many.
    Throttled {
        /// The status, and how the response says when to ask again.
        throttling: Throttling,
        /// How long the response asks to wait.
        wait: Duration,
    },
    /// The request is not served, and the response is a 403 for this reason, in the dialect's form.
    Forbidden(Forbidden),
    /// The request is served, and the response has this status, 200 to 599. Its body is a message
    /// in JSON instead of the real body, or empty if the status allows no body.
    StatusAfter(u16),
    /// The request is served, and the connection is closed without a response.
    LoseReply,
    /// The request is not served, and the connection is reset.
    Reset,
    /// The request is served. The headers and half the body are sent, and then the connection
    /// is reset.
    ResetInBody,
    /// The request is served. The response announces a longer body than is sent before the
    /// connection is closed.
    Truncate,
    /// The request is served after this delay.
    Delay(Duration),
    /// The request is not served. The connection stays open, and no byte is ever sent.
    Silence,
    /// The request is served. The headers and half the body are sent. Then the connection stays
    /// open, and no byte is ever sent.
    Stall,
    /// The request is served. The body is sent in small pieces.
    Drip {
        /// The number of bytes in a piece; at least 1.
        bytes_per_tick: usize,
        /// The pause between two pieces.
        tick: Duration,
    },
    /// The request is served. The response has this content type.
    ContentType(String),
    /// The request is not served, and the response is a login page with 200.
    Html200,
    /// The request is not served, and the response is a page of HTML with this status, 200 to 599.
    Page(u16),
    /// The request is served. The body ends in the middle of its JSON; its length is correct.
    InvalidJson,
    /// The request is served. Every record in the response, and the response itself, has a field
    /// `nested` with this many nested arrays.
    DeepJson(usize),
    /// The request is not served. The response is a JSON object of this many bytes, without a
    /// content length.
    HugeBody(usize),
    /// The request is not served, and the response is a 302 to this location.
    Redirect(String),
    /// Listings return page 1 whatever page is requested.
    RepeatPage,
    /// Listings of users never end. Every page is full, the real users are followed by made-up
    /// ones, and the total grows.
    EndlessPages,
    /// The total of listings grows by 1 with every request; it is correct in the first.
    MovingTotal,
    /// The listing of users ignores the filter by address.
    IgnoreFilter,
    /// The filter by address finds only addresses with the same case.
    ExactFilter,
    /// A user is created although the address is taken. There are two accounts with the address
    /// then, and two invitations.
    SecondAccount,
    /// This field is missing from user records.
    OmitField(String),
    /// This field is missing from the user records in lists, and on `/api/v2` also from the lists
    /// themselves. Without `next_token` there are more items that can't be requested.
    OmitInLists(String),
    /// After a write, some reads return the state before it.
    StaleReads {
        /// The number of reads.
        requests: u32,
    },
    /// A write becomes visible only after this time. Until then reads return the state before it,
    /// as from a replica that lags behind.
    StaleFor(Duration),
}

impl FaultKind {
    /// Whether the fault can affect this request at all. A request that it can't affect does not
    /// use it up.
    fn can_affect(&self, request: &LoggedRequest) -> bool {
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
            | FaultKind::Throttled { .. }
            | FaultKind::Forbidden(_)
            | FaultKind::Silence
            | FaultKind::Stall
            | FaultKind::Page(_)
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
