//! The responses of a server, as a text that people can read and a fuzzer can change.
//!
//! The first line names the operation. Each line that starts with `=== ` begins a response: a
//! status, or `lost` or `too-large`, and optionally `after` and milliseconds. Headers, an empty
//! line and the body follow, as in HTTP:
//!
//! ```text
//! read-user
//! === 503 after 20
//! retry-after: 2
//! === 200
//! content-type: application/json
//!
//! {"id": "u-1", "email": "ada@example.com"}
//! ```

use retool_lifecycle::http::{Response, TransportError};

use crate::world::Reply;

const SEPARATOR: &[u8] = b"=== ";

/// The responses of a server, in order.
pub struct Script<'a> {
    /// The name of the operation.
    pub operation: &'a [u8],
    /// The responses. Their invalid parts are ignored.
    pub answers: Vec<Reply>,
}

impl<'a> Script<'a> {
    /// Parses a script. Any bytes are a valid script.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let (operation, mut rest) = split_line(bytes);
        let mut answers = Vec::new();
        while let Some(head) = rest.strip_prefix(SEPARATOR) {
            let end = head
                .windows(SEPARATOR.len() + 1)
                .position(|window| window[0] == b'\n' && window[1..] == *SEPARATOR);
            let (this, next) = match end {
                Some(end) => (&head[..end], &head[end + 1..]),
                None => (head, &head[head.len()..]),
            };
            answers.push(answer(this));
            rest = next;
        }
        Script { operation, answers }
    }
}

/// Splits off the first line. Returns it without its line break, and the rest.
pub fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &bytes[bytes.len()..]),
    }
}

fn answer(bytes: &[u8]) -> Reply {
    let (head, mut rest) = split_line(bytes);
    let head = String::from_utf8_lossy(head);
    let mut words = head.split_ascii_whitespace();
    let kind = words.next().unwrap_or_default();
    let after_ms = match (words.next(), words.next().map(str::parse)) {
        (Some("after"), Some(Ok(ms))) => ms,
        _ => 0,
    };
    let outcome = match kind {
        "lost" => Err(TransportError::Failed),
        "too-large" => Err(TransportError::TooLarge),
        status => {
            let mut response =
                Response { status: status.parse().unwrap_or(200), ..Response::default() };
            while !rest.is_empty() {
                let (header, next) = split_line(rest);
                rest = next;
                if header.is_empty() {
                    break;
                }
                let header = String::from_utf8_lossy(header);
                let (name, value) = header.split_once(':').unwrap_or_default();
                let value = Some(value.trim().to_owned());
                match name {
                    "date" => response.date = value,
                    "content-type" => response.content_type = value,
                    "retry-after" => response.retry_after = value,
                    "x-ratelimit-reset" => response.rate_limit_reset = value,
                    "x-ratelimit-remaining" => response.rate_limit_remaining = value,
                    "www-authenticate" => response.www_authenticate = value,
                    "x-request-id" => response.request_id = value,
                    _ => {}
                }
            }
            response.body = rest.to_vec();
            Ok(response)
        }
    };
    Reply { after_ms, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_parsed() {
        let text = b"read-user\n=== 503 after 20\nretry-after: 2\n=== lost\n=== 200\n\
                     content-type: application/json\n\n{\n\n}\n=== too-large";
        let Script { operation, answers } = Script::parse(text);
        assert_eq!(operation, b"read-user");
        let [throttled, lost, good, large] = <[Reply; 4]>::try_from(answers).expect("four");
        assert_eq!(throttled.after_ms, 20);
        let throttled = throttled.outcome.expect("an answer");
        assert_eq!((throttled.status, throttled.retry_after.as_deref()), (503, Some("2")));
        assert_eq!(lost.outcome.expect_err("none"), TransportError::Failed);
        let good = good.outcome.expect("an answer");
        assert_eq!((good.status, good.content_type.as_deref()), (200, Some("application/json")));
        assert_eq!(good.body, b"{\n\n}");
        assert_eq!(large.outcome.expect_err("none"), TransportError::TooLarge);
    }
}
