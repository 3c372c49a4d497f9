//! The arguments of `mock`.

use clap::{ArgAction, Args};
use mock_retool::{Fault, Guidance, Options, Throttling};
use secrecy::SecretString;

#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// The port to listen on; 0 for any free one.
    #[arg(long, value_name = "N", default_value_t = Options::default().port)]
    pub(crate) port: u16,
    /// How many people to start with.
    #[arg(long, value_name = "N", default_value_t = Options::default().users)]
    pub(crate) users: usize,
    /// How many groups to start with, in addition to the built-in ones.
    #[arg(long, value_name = "N", default_value_t = Options::default().groups)]
    pub(crate) groups: usize,
    /// The token that requests must carry; `mock-token` if not given.
    #[arg(long, value_name = "T")]
    pub(crate) token: Option<SecretString>,
    /// The token that SCIM requests must carry; `mock-scim-token` if not given.
    #[arg(long, value_name = "T")]
    pub(crate) scim_token: Option<SecretString>,
    /// Start without people, and with the built-in groups only.
    #[arg(long)]
    pub(crate) empty: bool,
    /// How long each request takes.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// How many requests are answered per minute; no limit if not given.
    #[arg(long, value_name = "N")]
    pub(crate) quota: Option<u32>,
    /// How the response to a request beyond the quota says when to ask again: retry-after, retry-after-date,
    /// reset-seconds, reset-epoch, reset-date, remaining or nothing.
    #[arg(long, value_name = "HOW", default_value = Guidance::default().name())]
    pub(crate) quota_guidance: Guidance,
    /// The status of a request beyond the quota.
    #[arg(
        long,
        value_name = "CODE",
        default_value_t = Throttling::default().status,
        value_parser = clap::value_parser!(u16).range(400..=599)
    )]
    pub(crate) quota_status: u16,
    /// A fault of the mock; may be given several times (--help describes the syntax).
    ///
    /// [METHOD] [PATH] KIND [skip=N] [times=N] [chance=P [seed=N]] [retry-after=TEXT]
    ///
    /// The fault applies to requests with this method whose path starts with PATH. It skips the
    /// first N of them (skip), affects at most N (times), and each with the probability P from 0
    /// to 1 (chance), drawn from the seed. If several faults apply to a request, the first one
    /// is used. KIND is one of:
    ///
    ///   429, or any status          nothing is done; retry-after=TEXT, last, adds the header
    ///   throttle=CODE/HOW/SECONDS   nothing is done; HOW is one of those of --quota-guidance
    ///   forbidden=WHY               403 because of scope, seats, last-owner, address or plan, or
    ///                               unexplained
    ///   page=CODE                   nothing is done, and the answer is a page of HTML
    ///   silence, stall              no answer, or half of one, on a connection that stays open
    ///   after=502, or any status    the request is done, and the answer has this status
    ///   lose-reply                  the request is done, and no answer is sent
    ///   reset, reset-in-body        a TCP reset: before it is done, or during the answer
    ///   delay=MS                    the request is done after this delay
    ///   truncate, drip=BYTES/MS     the answer ends early, or is sent piece by piece
    ///   content-type=TYPE, html     another content type, or HTML in place of JSON
    ///   invalid-json, deep-json=N   half an answer, or N nested arrays
    ///   huge-body=BYTES             a body of that size
    ///   redirect=URL                302 to that URL
    ///   repeat-page, endless-pages, moving-total, ignore-filter, exact-filter
    ///                               listings that can't be trusted
    ///   second-account              two accounts with one address are accepted
    ///   omit=FIELD, omit-in-lists=FIELD
    ///                               people without that field
    ///   stale-reads=N, stale-for=MS after a write, reads show the state before it
    #[arg(long = "fault", value_name = "FAULT", action = ArgAction::Append, verbatim_doc_comment)]
    pub(crate) faults: Vec<Fault>,
}
