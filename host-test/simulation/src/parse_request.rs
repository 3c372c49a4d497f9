//! Parses a request of any dialect.

use mock_retool::Dialect;
use retool_lifecycle::http::{Method, Request};

use crate::dialects::dialect_wire;
use crate::request::{Act, ParsedRequest};

/// Parses a request of a dialect.
pub fn parse_request(dialect: Dialect, request: &Request) -> ParsedRequest {
    let (path, query) =
        request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
    let query: Vec<(&str, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, decoded(value)))
        .collect();
    let body = request
        .body
        .as_deref()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let dialect_wire = dialect_wire(dialect);
    let target = dialect_wire.target(path);
    let act = (request.method != Method::Get)
        .then(|| dialect_wire.act(request.method, &target, path, &body).unwrap_or(Act::Unknown));
    ParsedRequest {
        method: request.method,
        list_query: dialect_wire.list_query(&query),
        target,
        act,
        if_match: request.if_match.clone(),
        body,
        path_and_query: request.path_and_query.clone(),
        served: false,
        answered: None,
        changed: false,
    }
}

/// Decodes the percent-encoding of a query value.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digits = [*high, *low];
                std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            }
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_percent_decoded() {
        assert_eq!(decoded("a%2Bb%40example.com+%"), "a+b@example.com %");
    }
}
