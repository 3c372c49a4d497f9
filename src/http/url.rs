//! The base URL of an organisation, and safely encoded paths and queries.

use alloc::format;
use alloc::string::{String, ToString};
use core::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Code, Error, Result};

/// The longest base URL in bytes.
const MAX_LENGTH: usize = 2048;

/// The name of the field in errors.
const FIELD: &str = "connection.base-url";

/// The validated address of an instance: host in lower case, no default port, no slash at the
/// end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    https: bool,
    authority: String,
    prefix: String,
}

impl BaseUrl {
    /// Validates an address. Fails with `base-url-invalid` or `https-required`. No message
    /// repeats any part of the address, because it may contain a password.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(invalid(format!("it must have 1 to {MAX_LENGTH} characters")));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid(
                "it has a space, a control character or a letter outside ASCII (write such a \
                 host as xn--…)",
            ));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(invalid("it must start with https://"));
        };
        let https = if scheme.eq_ignore_ascii_case("https") {
            true
        } else if scheme.eq_ignore_ascii_case("http") {
            false
        } else {
            return Err(invalid("it must start with https://"));
        };
        let (authority, path) = match rest.find(['/', '?', '#', '\\']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(invalid("it must not hold a user name or password"));
        }
        if path.contains(['?', '#']) {
            return Err(invalid("it must not have a query or a fragment"));
        }
        let (host, port) = split_port(authority)?;
        let host = host.to_ascii_lowercase();
        let loopback = check_host(&host)?;
        if !https && !loopback {
            return Err(Error::new(
                Code::HttpsRequired,
                "The base URL must start with https://, because the token would cross the \
                 network in the clear. Plain http:// is allowed to localhost, 127.0.0.0/8 and \
                 [::1] only.",
            )
            .in_field(FIELD));
        }
        let authority = match port {
            Some(port) if port != if https { 443 } else { 80 } => format!("{host}:{port}"),
            _ => host,
        };
        Ok(BaseUrl { https, authority, prefix: check_prefix(path)? })
    }

    /// Returns whether to use TLS.
    pub fn https(&self) -> bool {
        self.https
    }

    /// Returns the host, and the port if it is not the scheme's default.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the prefix of every path: empty, or `/…` without a slash at the end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Fails with `base-url-invalid` if the base URL contains SCIM's path. For use with the
    /// other APIs.
    pub fn check_not_scim(&self) -> Result<()> {
        if self.prefix.to_ascii_lowercase().ends_with("/scim/v2") {
            return Err(invalid("it ends in /scim/v2, where SCIM is and no other API"));
        }
        Ok(())
    }

    /// Returns the base URL in its normal form, which identifies the organisation however the
    /// URL was written.
    pub fn organisation(&self) -> String {
        self.origin() + self.prefix()
    }

    /// Returns scheme and authority, e.g. `https://acme.retool.com`. Two base URLs with the same
    /// origin and prefix are the same organisation.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.authority)
    }
}

fn invalid(why: impl AsRef<str>) -> Error {
    Error::new(
        Code::BaseUrlInvalid,
        format!(
            "The base URL can't be used: {}. Give the instance's address, for example \
             https://acme.retool.com.",
            why.as_ref()
        ),
    )
    .in_field(FIELD)
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>)> {
    // Colons inside the brackets of an IPv6 address belong to the host.
    let host_end = authority.find(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[host_end..].find(':').map(|at| host_end + at) else {
        return Ok((authority, None));
    };
    let port = &authority[colon + 1..];
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => Ok((&authority[..colon], Some(number))),
        _ => Err(invalid("its port must be a number from 1 to 65535")),
    }
}

/// Validates a host in lower case. Returns whether it is a loopback host.
fn check_host(host: &str) -> Result<bool> {
    let wrong = || invalid("its host is not a name or an address");
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').ok_or_else(wrong)?;
        return address
            .parse::<Ipv6Addr>()
            .map(|address| address.is_loopback())
            .map_err(|_| wrong());
    }
    let label_is_good = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if host.len() > 253 || !host.split('.').all(label_is_good) {
        return Err(wrong());
    }
    // URL parsers read a host that ends in a number as an address, even in unusual forms (127.1,
    // 0x7f.0.0.1). Only the plain form is accepted.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hex || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().map(|address| address.is_loopback()).map_err(|_| wrong());
    }
    Ok(host == "localhost")
}

fn check_prefix(path: &str) -> Result<String> {
    let prefix = path.trim_end_matches('/');
    let mut rest = prefix.bytes();
    while let Some(byte) = rest.next() {
        let good = match byte {
            b'%' => {
                let mut hex = || rest.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                hex() && hex()
            }
            b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' => true,
            byte => is_unreserved(byte),
        };
        if !good {
            return Err(invalid("its path has a character that must be percent-encoded"));
        }
    }
    let lower = prefix.to_ascii_lowercase();
    if lower.split('/').any(|segment| matches!(segment.replace("%2e", ".").as_str(), "." | "..")) {
        return Err(invalid("its path must not contain . or .. as a segment"));
    }
    for api in ["/api/v1", "/api/v2"] {
        if lower.ends_with(api) {
            return Err(invalid(format!(
                "it must not end in {api}: the path of the API is added to it"
            )));
        }
    }
    Ok(prefix.to_string())
}

/// A path of the API. Every `{…}` of the template is replaced by one segment.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    /// The path with placeholders, e.g. `/api/v1/users/{id}`. Errors and logs contain this.
    pub template: &'static str,
    /// The values of the placeholders, in order, not encoded.
    pub segments: &'a [&'a str],
}

/// A segment that would not stay one segment: empty, `.` or `..`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsafeSegment;

impl Path<'_> {
    /// Appends the path, percent-encoded, to `out`. Also fails if the number of segments differs
    /// from the number of placeholders.
    pub fn write(&self, out: &mut String) -> Result<(), UnsafeSegment> {
        let mut segments = self.segments.iter();
        let mut rest = self.template;
        while let Some((before, from)) = rest.split_once('{') {
            let (_, after) = from.split_once('}').ok_or(UnsafeSegment)?;
            let segment = *segments.next().ok_or(UnsafeSegment)?;
            // URL parsers remove these segments, whether encoded or not.
            if matches!(segment, "" | "." | "..") {
                return Err(UnsafeSegment);
            }
            out.push_str(before);
            encode(segment, out);
            rest = after;
        }
        if segments.next().is_some() {
            return Err(UnsafeSegment);
        }
        out.push_str(rest);
        Ok(())
    }
}

/// Appends `?key=value&…`, keys and values percent-encoded, to `out`. Appends nothing if there
/// are no pairs.
pub(super) fn write_query(pairs: &[(&str, &str)], out: &mut String) {
    let mut separator = '?';
    for (key, value) in pairs {
        out.push(separator);
        encode(key, out);
        out.push('=');
        encode(value, out);
        separator = '&';
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encode(text: &str, out: &mut String) {
    /// All but the unreserved characters of RFC 3986.
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    out.extend(utf8_percent_encode(text, RESERVED));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        BaseUrl::parse(text).expect_err(text).code
    }

    #[test]
    fn an_address_is_split_and_normalised() {
        let cases = [
            ("https://acme.retool.com", "https://acme.retool.com", ""),
            ("https://acme.retool.com/", "https://acme.retool.com", ""),
            ("HTTPS://Acme.Retool.COM:443///", "https://acme.retool.com", ""),
            ("https://acme.retool.com:8443", "https://acme.retool.com:8443", ""),
            ("https://proxy.example/Tools/re%20tool/", "https://proxy.example", "/Tools/re%20tool"),
            ("https://x/api/v1beta", "https://x", "/api/v1beta"),
            ("https://10.0.0.7:3000", "https://10.0.0.7:3000", ""),
            ("https://[2001:DB8::1]:3000/r", "https://[2001:db8::1]:3000", "/r"),
            ("https://retool_api:3000", "https://retool_api:3000", ""),
            ("http://localhost:3000", "http://localhost:3000", ""),
            ("http://LOCALHOST:80", "http://localhost", ""),
            ("http://127.0.0.1:1", "http://127.0.0.1:1", ""),
            ("http://127.255.0.9", "http://127.255.0.9", ""),
            ("http://[::1]:65535", "http://[::1]:65535", ""),
            ("http://[0:0:0:0:0:0:0:1]", "http://[0:0:0:0:0:0:0:1]", ""),
        ];
        for (text, origin, prefix) in cases {
            let base = BaseUrl::parse(text).expect(text);
            assert_eq!((base.origin().as_str(), base.prefix()), (origin, prefix), "{text}");
            assert_eq!(base.https(), origin.starts_with("https:"), "{text}");
            assert_eq!(base.origin().split("//").nth(1), Some(base.authority()), "{text}");
        }
    }

    #[test]
    fn plain_http_is_allowed_to_loopback_hosts_only() {
        let cases = [
            "http://acme.retool.com",
            "http://localhost.evil.com",
            "http://127.0.0.1.evil.com",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "http://[::2]",
            "http://[::ffff:127.0.0.1]",
            "HTTP://retool",
        ];
        for text in cases {
            assert_eq!(code(text), Code::HttpsRequired, "{text}");
        }
    }

    #[test]
    fn an_invalid_base_url_is_refused() {
        let long_label = format!("https://{}.com", "a".repeat(64));
        let long_host = format!("https://{}com", "abcdefg.".repeat(32));
        let long = format!("https://x/{}", "a".repeat(2048));
        let cases = [
            "",
            "acme.retool.com",
            "//x",
            "ftp://x",
            "https:x",
            "https:/x",
            "https://",
            "https:///x",
            "https://?",
            "https://x?",
            "https://x/?a=b",
            "https://x/#",
            "https://x#f",
            "https://x?a=b",
            " https://x",
            "https://x ",
            "https://x\n",
            "https://x/\t",
            "https://x/a b",
            "https://x\u{0}",
            "https://é.com",
            "https://x\\y",
            "https://x:",
            "https://x:0",
            "https://x:65536",
            "https://x:+80",
            "https://x:80:80",
            "https://x:a",
            "https://.x",
            "https://x.",
            "https://x..y",
            "https://-x",
            "https://x-",
            "https://x_-.y",
            "https://a,b",
            "https://a%41",
            "https://*.x",
            "https://127.1",
            "https://0x7f.0.0.1",
            "https://2130706433",
            "https://0x7f000001",
            "https://0177.0.0.1",
            "https://127.0.0.256",
            "https://1.2.3.4.5",
            "https://[::1",
            "https://::1",
            "https://[::1]x",
            "https://[::1%25eth0]",
            "https://[]",
            "https://[x]",
            "https://x]",
            "https://x/a%2",
            "https://x/a%zz",
            "https://x/<a>",
            "https://x/\"",
            "https://x/a|b",
            "https://x/a\\b",
            "https://x/..",
            "https://x/../y",
            "https://x/./y",
            "https://x/%2e%2E/y",
            "https://x/.%2e",
            &long_label,
            &long_host,
            &long,
        ];
        for text in cases {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error.code, Code::BaseUrlInvalid, "{text:?}");
            assert_eq!(error.field.as_deref(), Some("connection.base-url"));
        }
    }

    #[test]
    fn a_base_url_with_an_api_path_is_refused_with_an_explanation() {
        for text in
            ["https://acme.retool.com/api/v1", "https://x/api/v2/", "https://x/pre/API/V1//"]
        {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error.code, Code::BaseUrlInvalid);
            assert!(error.message.contains("must not end in /api/v"), "{}", error.message);
            assert!(error.message.contains("https://acme.retool.com."), "{}", error.message);
        }
    }

    #[test]
    fn a_password_is_refused_and_never_repeated() {
        let cases = [
            "https://user:hunter2@acme.retool.com",
            "http://user:hunter2@localhost",
            "https://hunter2@x",
            "https://x:hunter2",
            "https://hunter2@",
            "hunter2://x",
            "https://x/ hunter2",
            "https://u:hunter2\\@x",
        ];
        for text in cases {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error.code, Code::BaseUrlInvalid, "{text}");
            assert!(!error.message.contains("hunter2"), "{}", error.message);
        }
    }

    fn path(template: &'static str, segments: &[&str]) -> Result<String, UnsafeSegment> {
        let mut out = String::new();
        Path { template, segments }.write(&mut out).map(|()| out)
    }

    #[test]
    fn an_id_stays_one_segment_whatever_is_in_it() {
        let cases = [
            ("a7d1-B_x.~", "a7d1-B_x.~"),
            ("../groups/1", "..%2Fgroups%2F1"),
            ("a b", "a%20b"),
            ("%2e%2e", "%252e%252e"),
            ("a?b#c", "a%3Fb%23c"),
            ("a+b@x:;=&!$'()*,", "a%2Bb%40x%3A%3B%3D%26%21%24%27%28%29%2A%2C"),
            ("ü\u{0}\n", "%C3%BC%00%0A"),
            ("...", "..."),
            ("{id}", "%7Bid%7D"),
            ("a\\b", "a%5Cb"),
        ];
        for (id, encoded) in cases {
            assert_eq!(path("/users/{id}/x", &[id]), Ok(format!("/users/{encoded}/x")), "{id:?}");
        }
    }

    #[test]
    fn a_segment_that_url_parsers_remove_is_an_error() {
        for bad in ["", ".", ".."] {
            assert_eq!(
                path("/groups/{group}/members/{user}", &["1", bad]),
                Err(UnsafeSegment),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn placeholders_and_segments_must_match_in_number() {
        assert_eq!(path("/users", &[]).as_deref(), Ok("/users"));
        assert_eq!(path("/g/{g}/m/{u}", &["1", "2"]).as_deref(), Ok("/g/1/m/2"));
        assert_eq!(path("/users/{id}", &[]), Err(UnsafeSegment));
        assert_eq!(path("/users", &["1"]), Err(UnsafeSegment));
    }

    #[test]
    fn a_query_value_cannot_end_or_add_a_parameter() {
        let mut out = String::from("/users");
        write_query(&[("email", "a+b&page=2#@x.com"), ("page", "1")], &mut out);
        assert_eq!(out, "/users?email=a%2Bb%26page%3D2%23%40x.com&page=1");
        let mut none = String::new();
        write_query(&[], &mut none);
        assert_eq!(none, "");
    }
}
