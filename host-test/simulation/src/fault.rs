//! Faults of single requests.

use mock_retool::Forbidden;
use retool_lifecycle::http::Response;

use crate::chance::Chance;
use crate::dialects::DialectWire;
use crate::request::{ListQuery, ParsedRequest, edit_json};

/// A fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks, and the request never arrives.
    LostBefore,
    /// The request is served, and its response is lost.
    LostAfter,
    /// No response and no error, until the time is over.
    NoAnswer {
        /// Whether the request is served.
        served: bool,
    },
    /// An error status.
    Status {
        /// The status.
        code: u16,
        /// `Retry-After`.
        retry_after: Option<&'static str>,
        /// Whether the request is served despite the error.
        served: bool,
    },
    /// A 403 for a reason. The request is not served.
    Forbidden(Forbidden),
    /// A page of HTML with status 403. The request is not served.
    Page,
    /// The request is served, and the response has half of its body.
    Half,
    /// The request is served, and the response has no body.
    Empty,
    /// A login page with status 200. The request is not served.
    LoginPage,
    /// The whole listing instead of the matches of the filter.
    IgnoredFilter,
    /// The first page, whichever page was requested.
    FirstPage,
    /// The last item of the page comes twice, and the first item is missing.
    Shifted,
    /// A page that says that there are more, without the token of the next page.
    NoNextToken,
    /// A refusal with status 200, as `/api/v2` sends it. The request is not served.
    RefusedWith200,
    /// A total that is off by this number.
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

/// Draws a fault that this request can have.
pub fn draw(chance: &mut Chance, dialect_wire: &dyn DialectWire, parsed: &ParsedRequest) -> Fault {
    let is_listing = !parsed.is_write() && dialect_wire.is_paged(&parsed.target);
    if is_listing && chance.percent(40) {
        return match (&parsed.list_query, chance.below(3)) {
            (ListQuery::FirstPage, 0) if dialect_wire.has_tokens() => Fault::NoNextToken,
            (ListQuery::Named(_), _) => Fault::IgnoredFilter,
            (_, 0) => Fault::FirstPage,
            (_, 1) => Fault::Shifted,
            (_, _) => Fault::MovingTotal(*chance.pick(&[-1, 1, 3])),
        };
    }
    match chance.below(20) {
        0..=2 => Fault::LostBefore,
        3..=6 => Fault::LostAfter,
        7 => Fault::NoAnswer { served: chance.percent(50) },
        8..=10 => {
            Fault::Status { code: 429, retry_after: *chance.pick(&RETRY_AFTER), served: false }
        }
        11..=16 => {
            let code = *chance.pick(&[500, 502, 503, 504, 408]);
            let retry_after = if code == 503 { *chance.pick(&RETRY_AFTER) } else { None };
            Fault::Status { code, retry_after, served: chance.percent(50) }
        }
        17 if dialect_wire.has_tokens() && chance.percent(50) => Fault::RefusedWith200,
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

/// Statuses with which a server, or a proxy in between, says for good that it does not do it.
const FINAL: [u16; 9] = [301, 302, 303, 307, 308, 407, 501, 505, 511];

/// Draws a fault that is about what a status says.
pub fn draw_status(chance: &mut Chance) -> Fault {
    match chance.below(4) {
        0 => Fault::Page,
        1 => Fault::Forbidden(*chance.pick(&Forbidden::ALL)),
        _ => Fault::Status { code: *chance.pick(&FINAL), retry_after: None, served: false },
    }
}

/// What the network returns for a request.
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
pub enum Reply {
    /// A response.
    Answer(Response),
    /// The connection broke.
    Broken,
    /// Neither a response nor an error.
    NoAnswer,
}

/// Applies a fault to a response.
pub fn apply_fault(
    dialect_wire: &dyn DialectWire,
    mut response: Response,
    fault: Option<Fault>,
) -> Reply {
    match fault {
        Some(Fault::LostBefore | Fault::LostAfter) => return Reply::Broken,
        Some(Fault::NoAnswer { .. }) => return Reply::NoAnswer,
        Some(Fault::Status { code, retry_after, .. }) => {
            return Reply::Answer(Response {
                status: code,
                retry_after: retry_after.map(Into::into),
                content_type: Some("application/json".into()),
                body: br#"{"message":"a fault"}"#.to_vec(),
                ..Response::default()
            });
        }
        Some(Fault::Forbidden(reason)) => {
            let body = serde_json::json!({ "message": reason.message() });
            return Reply::Answer(Response {
                status: 403,
                content_type: Some("application/json".into()),
                body: body.to_string().into_bytes(),
                ..Response::default()
            });
        }
        Some(Fault::LoginPage | Fault::Page) => {
            return Reply::Answer(Response {
                status: if fault == Some(Fault::Page) { 403 } else { 200 },
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
        Some(Fault::NoNextToken) => edit_json(&mut response.body, |answer| {
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("has_more".into(), true.into());
                answer.remove("next_token");
            }
        }),
        Some(Fault::Half) => response.body.truncate(response.body.len() / 2),
        Some(Fault::Empty) => response.body.clear(),
        Some(Fault::Shifted) => edit_json(&mut response.body, |answer| {
            if let Some(items) = dialect_wire.items(answer)
                && let Some(last) = items.last().cloned()
                && items.len() > 1
            {
                items[0] = last;
            }
        }),
        Some(Fault::MovingTotal(by)) => edit_json(&mut response.body, |answer| {
            let listed = dialect_wire.items(answer).map_or(0, |items| items.len()) as i64;
            if let Some(stated) = dialect_wire.total(answer)
                && let Some(total) = stated.as_i64()
            {
                let moved = total + i64::from(by);
                // The component could not detect a total that makes this page the last one.
                *stated = if moved > listed { moved } else { total }.into();
            }
        }),
        Some(Fault::IgnoredFilter | Fault::FirstPage) | None => {}
    }
    Reply::Answer(response)
}
