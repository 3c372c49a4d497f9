//! What goes wrong with a request.

use crate::chance::Chance;
use crate::dialects::Tongue;
use crate::wire::{Ask, Wire};

/// Something that goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks, and the request never arrives.
    LostBefore,
    /// The request is served, and its answer never comes back.
    LostAfter,
    /// Nobody answers, whether the request was served or not.
    Silence {
        /// Whether it was.
        served: bool,
    },
    /// Another status.
    Status {
        /// The status.
        code: u16,
        /// `Retry-After`.
        retry_after: Option<&'static str>,
        /// Whether the request is served all the same.
        served: bool,
    },
    /// The request is served, and half the answer's body comes back.
    Half,
    /// The request is served, and the answer is empty.
    Empty,
    /// A login page, with 200.
    LoginPage,
    /// Everything, instead of what was looked for.
    IgnoredFilter,
    /// The first page, whatever page was asked for.
    FirstPage,
    /// The last one on the page comes twice, and the first one not at all.
    Shifted,
    /// A total that is off by so many.
    MovingTotal(i8),
}

const RETRY_AFTER: [Option<&str>; 10] = [
    None,
    None,
    Some("0"),
    Some("1"),
    Some("2"),
    Some("30"),
    Some("86400"),
    Some("-1"),
    Some("soon"),
    Some("Mon, 05 Jan 2026 09:00:20 GMT"),
];

/// Draws a fault that a request can show.
pub fn draw(chance: &mut Chance, tongue: &dyn Tongue, wire: &Wire) -> Fault {
    let is_listing = !wire.is_write() && tongue.is_paged(&wire.target);
    if is_listing && chance.percent(40) {
        return match (&wire.ask, chance.below(3)) {
            (Ask::Named(_), _) => Fault::IgnoredFilter,
            (_, 0) => Fault::FirstPage,
            (_, 1) => Fault::Shifted,
            (_, _) => Fault::MovingTotal(*chance.pick(&[-1, 1, 3])),
        };
    }
    match chance.below(20) {
        0..=2 => Fault::LostBefore,
        3..=6 => Fault::LostAfter,
        7 => Fault::Silence { served: chance.percent(50) },
        8..=10 => {
            Fault::Status { code: 429, retry_after: *chance.pick(&RETRY_AFTER), served: false }
        }
        11..=16 => {
            let code = *chance.pick(&[500, 502, 503, 504, 408]);
            let retry_after = if code == 503 { *chance.pick(&RETRY_AFTER) } else { None };
            Fault::Status { code, retry_after, served: chance.percent(50) }
        }
        17 => Fault::Half,
        18 => {
            if chance.percent(50) {
                Fault::Empty
            } else {
                Fault::LoginPage
            }
        }
        _ if chance.percent(20) => {
            Fault::Status { code: *chance.pick(&[401, 403]), retry_after: None, served: false }
        }
        _ => Fault::LostAfter,
    }
}
