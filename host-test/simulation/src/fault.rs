//! What goes wrong with a request.

use retool_lifecycle::http::Response;

use crate::chance::Chance;
use crate::dialects::Tongue;
use crate::wire::{Ask, Wire, change};

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
    /// A page that says that there is more, and not how to ask for it.
    NoWayOn,
    /// A refusal with 200, as `/api/v2` has it; the request is not served.
    RefusedWith200,
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
            (Ask::Beginning, 0) if tongue.has_tokens() => Fault::NoWayOn,
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
        17 if tongue.has_tokens() && chance.percent(50) => Fault::RefusedWith200,
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

/// What comes back, if anything does.
pub enum Reply {
    /// An answer.
    Answer(Response),
    /// The connection broke.
    Broken,
    /// Nothing, ever.
    Silence,
}

/// What comes back of an answer with a fault.
pub fn spoilt(tongue: &dyn Tongue, mut response: Response, fault: Option<Fault>) -> Reply {
    match fault {
        Some(Fault::LostBefore | Fault::LostAfter) => return Reply::Broken,
        Some(Fault::Silence { .. }) => return Reply::Silence,
        Some(Fault::Status { code, retry_after, .. }) => {
            return Reply::Answer(Response {
                status: code,
                retry_after: retry_after.map(Into::into),
                content_type: Some("application/json".into()),
                body: br#"{"message":"a fault"}"#.to_vec(),
                ..Response::default()
            });
        }
        Some(Fault::LoginPage) => {
            return Reply::Answer(Response {
                status: 200,
                content_type: Some("text/html".into()),
                body: b"<html>Log in</html>".to_vec(),
                ..Response::default()
            });
        }
        Some(Fault::RefusedWith200) => {
            return Reply::Answer(Response {
                status: 200,
                content_type: Some("application/json".into()),
                body: br#"{"success":false,"message":"a fault"}"#.to_vec(),
                ..Response::default()
            });
        }
        Some(Fault::NoWayOn) => change(&mut response.body, |answer| {
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("has_more".into(), true.into());
                answer.remove("next_token");
            }
        }),
        Some(Fault::Half) => response.body.truncate(response.body.len() / 2),
        Some(Fault::Empty) => response.body.clear(),
        Some(Fault::Shifted) => change(&mut response.body, |answer| {
            if let Some(items) = tongue.items(answer)
                && let Some(last) = items.last().cloned()
                && items.len() > 1
            {
                items[0] = last;
            }
        }),
        Some(Fault::MovingTotal(by)) => change(&mut response.body, |answer| {
            let listed = tongue.items(answer).map_or(0, |items| items.len()) as i64;
            if let Some(said) = tongue.total(answer)
                && let Some(total) = said.as_i64()
            {
                let moved = total + i64::from(by);
                // A page that says that there is no other can't be told from the truth.
                *said = if moved > listed { moved } else { total }.into();
            }
        }),
        Some(Fault::IgnoredFilter | Fault::FirstPage) | None => {}
    }
    Reply::Answer(response)
}
