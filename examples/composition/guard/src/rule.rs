//! The rule: which requests are allowed.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use egress_rule::Origin;

/// The variable with the allowed origin, e.g. `https://acme.retool.com`. Plain HTTP is allowed to
/// loopback addresses only, because requests carry the token.
pub const ORIGIN: &str = "EGRESS_GUARD_ORIGIN";

/// The variable with the allowed methods, separated by commas, e.g. `GET` for reading only. If it
/// is not set, all methods are allowed.
pub const METHODS: &str = "EGRESS_GUARD_METHODS";

/// Which requests are allowed. Without an origin, none is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rule {
    origin: Option<Origin>,
    methods: Option<Vec<String>>,
}

impl Rule {
    /// Reads the rule from the environment.
    pub fn of(environment: &[(String, String)]) -> Rule {
        let value = |name| {
            environment.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
        };
        let origin = value(ORIGIN).and_then(|text| {
            let (scheme, authority) = text.trim().trim_end_matches('/').split_once("://")?;
            Origin::new(scheme, authority).filter(Origin::protects_tokens)
        });
        let methods = value(METHODS)
            .map(|text| text.split(',').map(|method| method.trim().to_owned()).collect());
        Rule { origin, methods }
    }

    /// Returns whether a request is allowed. Methods are compared exactly, like in servers.
    pub fn allows(&self, method: &str, scheme: &str, authority: &str) -> bool {
        let origin = self.origin.is_some() && self.origin == Origin::new(scheme, authority);
        let listed = |methods: &Vec<String>| methods.iter().any(|other| other == method);
        origin && self.methods.as_ref().is_none_or(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origin: &str, methods: Option<&str>) -> Rule {
        let mut environment = vec![(ORIGIN.to_owned(), origin.to_owned())];
        environment.extend(methods.map(|methods| (METHODS.to_owned(), methods.to_owned())));
        Rule::of(&environment)
    }

    #[test]
    fn only_the_origin_is_allowed_in_any_spelling() {
        for origin in ["https://acme.retool.com", "HTTPS://Acme.Retool.com:443/"] {
            let rule = rule(origin, None);
            assert!(rule.allows("GET", "https", "acme.retool.com"));
            assert!(rule.allows("DELETE", "https", "ACME.retool.com:443"));
            assert!(!rule.allows("GET", "http", "acme.retool.com"));
            assert!(!rule.allows("GET", "https", "acme.retool.com:8443"));
            assert!(!rule.allows("GET", "https", "acme.retool.com.example"));
            assert!(!rule.allows("GET", "https", "acme.retool.com@example.com"));
            assert!(!rule.allows("GET", "ftp", "acme.retool.com"));
        }
        assert!(rule("http://[::1]", None).allows("GET", "http", "[::1]:80"));
        assert!(!rule("http://[::1]", None).allows("GET", "http", "[::1]:81"));
    }

    #[test]
    fn plain_http_is_allowed_to_loopback_addresses_only() {
        for origin in ["http://acme.retool.com", "http://10.0.0.1:3000", "http://localhost.example"]
        {
            let authority = origin.trim_start_matches("http://");
            assert!(!rule(origin, None).allows("GET", "http", authority), "{origin}");
        }
        assert!(rule("http://localhost:3000", None).allows("GET", "http", "LOCALHOST:3000"));
        assert!(rule("http://127.0.0.1", None).allows("GET", "http", "127.0.0.1:80"));
    }

    #[test]
    fn only_listed_methods_are_allowed() {
        let rule = rule("http://127.0.0.1:8080", Some("GET, PUT"));
        assert!(rule.allows("GET", "http", "127.0.0.1:8080"));
        assert!(rule.allows("PUT", "http", "127.0.0.1:8080"));
        assert!(!rule.allows("POST", "http", "127.0.0.1:8080"));
        assert!(!rule.allows("get", "http", "127.0.0.1:8080"));
    }

    #[test]
    fn without_a_valid_origin_nothing_is_allowed() {
        for rule in [Rule::of(&[]), rule("", None), rule("acme", None), rule("ftp://acme", None)] {
            assert!(!rule.allows("GET", "https", "acme"));
            assert!(!rule.allows("GET", "ftp", "acme"));
            assert!(!rule.allows("GET", "", ""));
        }
        assert!(!rule("https://acme", Some("")).allows("GET", "https", "acme"));
        assert!(!rule("https://acme/path", None).allows("GET", "https", "acme"));
    }
}
