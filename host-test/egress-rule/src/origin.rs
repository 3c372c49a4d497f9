//! Origins: scheme, host and port of a server.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Scheme, host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Origin {
    /// Returns the origin of an absolute `http` or `https` URL. If the URL has no port, the origin
    /// has the scheme's default port. Returns `None` for anything else, and for a URL with user
    /// information.
    pub fn of(url: &str) -> Option<Origin> {
        let (scheme, rest) = url.trim().split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        Origin::new(scheme, authority)
    }

    /// Returns the origin of a request to this scheme and authority (`host` or `host:port`).
    pub fn new(scheme: &str, authority: &str) -> Option<Origin> {
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
            }
            None => {
                let end = authority.find(':').unwrap_or(authority.len());
                let (name, port) = authority.split_at(end);
                (name.to_ascii_lowercase(), port)
            }
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        if host.is_empty() || !host.bytes().all(allowed) {
            return None;
        }
        let port = match (port, scheme) {
            ("", Scheme::Http) => 80,
            ("", Scheme::Https) => 443,
            (port, _) => {
                let digits = port.strip_prefix(':')?;
                // `parse` alone would accept a sign.
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                digits.parse().ok()?
            }
        };
        Some(Origin { scheme, host, port })
    }

    /// Returns whether a token may be sent there: over HTTPS, or to this machine. Over plain HTTP
    /// everyone on the way could read it.
    pub fn protects_tokens(&self) -> bool {
        self.scheme == Scheme::Https || self.is_loopback()
    }

    /// Returns whether the server is this machine. Only the name `localhost` and addresses in their
    /// usual form count; no name is resolved.
    pub fn is_loopback(&self) -> bool {
        let inner = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match inner {
            Some(address) => address.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback()),
            None => {
                self.host == "localhost"
                    || self.host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        url: String,
        /// The origin as text; `None` if there is none.
        origin: Option<String>,
        /// Whether a token may be sent there.
        #[serde(default)]
        protects_tokens: bool,
    }

    #[test]
    fn the_shared_cases_hold() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../cases/origins.json")).expect("cases");
        assert!(cases.len() > 20);
        for Case { url, origin, protects_tokens } in cases {
            let found = Origin::of(&url);
            assert_eq!(found.as_ref().map(ToString::to_string), origin, "{url}");
            let protects = found.is_some_and(|origin| origin.protects_tokens());
            assert_eq!(protects, protects_tokens, "{url}");
        }
    }

    #[test]
    fn an_authority_with_more_than_host_and_port_is_no_origin() {
        for authority in ["", "a@b", "a/b", "a?b", "a#b", "a\\b", "a b", "a%2fb", "ä", "a:1:2"] {
            assert_eq!(Origin::new("https", authority), None, "{authority}");
        }
        for authority in ["[::1", "::1", "[::1]x", "[::1]:", "a:", "a:+1", "a:-1", "a:65536"] {
            assert_eq!(Origin::new("https", authority), None, "{authority}");
        }
    }
}
