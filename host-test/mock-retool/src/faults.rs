//! What can go wrong, and for which requests.

use std::time::Duration;

use crate::log::LoggedRequest;

/// Something that goes wrong for some requests.
///
/// The rest of the fields say for which: by default for every request, for ever. Several faults
/// may be there at once. A request is compared with them in the order in which they were
/// injected: every one that only changes what is listed ([`FaultKind::RepeatPage`] to
/// [`FaultKind::StaleReads`]) applies, and of those that spoil the exchange the first.
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
    /// What goes wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault that affects every request for ever.
    pub fn new(kind: FaultKind) -> Self {
        Fault { method: None, path: None, skip: 0, times: None, kind }
    }
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
    /// The request is served; every user in the answer, and the answer itself, has a field
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
    /// This field is left out of user records.
    OmitField(String),
    /// This field is left out of the user records of lists.
    OmitInLists(String),
    /// After a write, some reads answer from the state before it.
    StaleReads {
        /// How many reads.
        requests: u32,
    },
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
            FaultKind::StaleReads { .. } => request.is_write(),
            FaultKind::Status { .. }
            | FaultKind::LoseReply
            | FaultKind::Reset
            | FaultKind::ResetInBody
            | FaultKind::Truncate
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

/// How listings and records are to deviate from the truth: the faults that only a dialect can
/// act out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Quirks {
    /// Give page 1 whatever is asked for.
    pub(crate) repeat_page: bool,
    /// Give full pages for ever.
    pub(crate) endless_pages: bool,
    /// Add this to the total.
    pub(crate) total_drift: usize,
    /// Ignore the filter by address.
    pub(crate) ignore_filter: bool,
    /// Compare case in the filter by address.
    pub(crate) exact_filter: bool,
    /// Leave these fields out of user records.
    pub(crate) omit: Vec<String>,
    /// Leave these fields out of user records in lists.
    pub(crate) omit_in_lists: Vec<String>,
}

/// What goes wrong with one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trouble {
    /// What spoils the exchange.
    pub(crate) spoil: Option<FaultKind>,
    /// What deviates in the answer.
    pub(crate) quirks: Quirks,
    /// How many reads after this one shall answer from the state before.
    pub(crate) stale_reads: Option<u32>,
}

/// The faults that are in force.
#[derive(Default)]
pub(crate) struct Faults {
    injected: Vec<(Fault, u32)>,
}

impl Faults {
    /// Puts a fault in force.
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.injected.push((fault, 0));
    }

    /// Lifts every fault.
    pub(crate) fn clear(&mut self) {
        self.injected.clear();
    }

    /// What goes wrong with this request; counts it.
    pub(crate) fn meet(&mut self, request: &LoggedRequest) -> Trouble {
        let mut trouble = Trouble::default();
        for (fault, used) in &mut self.injected {
            let spoils = !changes_listings(&fault.kind);
            if !matches(fault, request) || spoils && trouble.spoil.is_some() {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            match &mut fault.times {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            match &fault.kind {
                FaultKind::RepeatPage => trouble.quirks.repeat_page = true,
                FaultKind::EndlessPages => trouble.quirks.endless_pages = true,
                FaultKind::MovingTotal => trouble.quirks.total_drift += *used as usize,
                FaultKind::IgnoreFilter => trouble.quirks.ignore_filter = true,
                FaultKind::ExactFilter => trouble.quirks.exact_filter = true,
                FaultKind::OmitField(name) => trouble.quirks.omit.push(name.clone()),
                FaultKind::OmitInLists(name) => trouble.quirks.omit_in_lists.push(name.clone()),
                FaultKind::StaleReads { requests } => trouble.stale_reads = Some(*requests),
                kind => trouble.spoil = Some(kind.clone()),
            }
            *used = used.saturating_add(1);
        }
        trouble
    }
}

fn changes_listings(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::RepeatPage
            | FaultKind::EndlessPages
            | FaultKind::MovingTotal
            | FaultKind::IgnoreFilter
            | FaultKind::ExactFilter
            | FaultKind::OmitField(_)
            | FaultKind::OmitInLists(_)
            | FaultKind::StaleReads { .. }
    )
}

fn matches(fault: &Fault, request: &LoggedRequest) -> bool {
    let method = fault.method.as_deref();
    let path = fault.path.as_deref();
    method.is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
        && path.is_none_or(|path| request.path.starts_with(path))
        && fault.kind.concerns(request)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Fault, FaultKind, Faults};
    use crate::log::LoggedRequest;

    fn request(method: &str, path: &str) -> LoggedRequest {
        LoggedRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            body: Value::Null,
            status: None,
        }
    }

    #[test]
    fn a_fault_skips_then_applies_then_is_spent() {
        let mut faults = Faults::default();
        faults.inject(Fault {
            method: Some("post".to_owned()),
            path: Some("/api/v1/users".to_owned()),
            skip: 1,
            times: Some(2),
            ..Fault::new(FaultKind::LoseReply)
        });
        let mut lost = |method, path| faults.meet(&request(method, path)).spoil.is_some();
        assert!(!lost("GET", "/api/v1/users"));
        assert!(!lost("POST", "/api/v1/groups"));
        assert!(!lost("POST", "/api/v1/users"));
        assert!(lost("POST", "/api/v1/users"));
        assert!(lost("POST", "/api/v1/users/1"));
        assert!(!lost("POST", "/api/v1/users"));
    }

    #[test]
    fn one_exchange_is_spoiled_once_and_the_next_fault_keeps() {
        let mut faults = Faults::default();
        for kind in [FaultKind::Reset, FaultKind::RepeatPage, FaultKind::LoseReply] {
            faults.inject(Fault { times: Some(1), ..Fault::new(kind) });
        }
        let first = faults.meet(&request("GET", "/"));
        assert_eq!(first.spoil, Some(FaultKind::Reset));
        assert!(first.quirks.repeat_page);
        let second = faults.meet(&request("GET", "/"));
        assert_eq!(second.spoil, Some(FaultKind::LoseReply));
        assert!(!second.quirks.repeat_page);
    }

    #[test]
    fn a_read_does_not_use_up_stale_reads() {
        let mut faults = Faults::default();
        faults
            .inject(Fault { times: Some(1), ..Fault::new(FaultKind::StaleReads { requests: 2 }) });
        assert_eq!(faults.meet(&request("GET", "/")).stale_reads, None);
        assert_eq!(faults.meet(&request("PUT", "/")).stale_reads, Some(2));
        assert_eq!(faults.meet(&request("PUT", "/")).stale_reads, None);
    }
}
