//! The choice of the proxy for a request.

use std::fmt;
use std::sync::Arc;

use egress_rule::Origin;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// Proxies and their exceptions. There are none by default: a library must not read the
/// environment.
#[derive(Clone, Default)]
pub struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// Creates proxies from settings, which have the meaning of curl's variables `https_proxy`,
    /// `all_proxy` and `no_proxy`. A proxy only opens tunnels, for HTTPS to other machines. Loopback
    /// addresses are always reached directly, over HTTPS too.
    ///
    /// - a proxy is a URL with the scheme `http` (the default) or `https`. It may have
    ///   `user:password@`. Its default port is 1080 for `http` and 443 for `https`;
    /// - `all` is used if `https` is empty;
    /// - `no` is a list of domains (including their subdomains), addresses and networks that are
    ///   reached directly, separated by commas or spaces, or `*` for all.
    ///
    /// An empty setting means none.
    pub fn new(https: &str, all: &str, no: &str) -> Result<Proxies, ProxyError> {
        let mut matcher = Matcher::builder().no(no.replace(char::is_whitespace, ","));
        let mut any = false;
        if let Some(https) = proxy(https, "https_proxy")? {
            (any, matcher) = (true, matcher.https(https));
        }
        if let Some(all) = proxy(all, "all_proxy")? {
            (any, matcher) = (true, matcher.all(all));
        }
        // The matcher would apply `*` only to names, not to addresses.
        any &= no.trim() != "*";
        Ok(Proxies(any.then(|| Arc::new(matcher.build()))))
    }

    /// Creates proxies from an environment: `https_proxy`, `all_proxy` and `no_proxy`, also in
    /// capitals. `http_proxy` is not read, because no request for plain HTTP goes to a proxy.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Proxies, ProxyError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let either = |name: &str| set(name).or_else(|| set(&name.to_ascii_uppercase()));
        let text = |value: Option<String>| value.unwrap_or_default();
        Proxies::new(
            &text(either("https_proxy")),
            &text(either("all_proxy")),
            &text(either("no_proxy")),
        )
    }

    /// Returns the proxy that opens a tunnel to a server.
    pub(super) fn of(&self, server: &Uri) -> Option<Intercept> {
        let origin = Origin::new(server.scheme_str()?, server.authority()?.as_str());
        if server.scheme() != Some(&Scheme::HTTPS) || origin.is_some_and(|it| it.is_loopback()) {
            return None;
        }
        self.0.as_ref()?.intercept(server)
    }
}

/// Prints only whether there are proxies, because their URLs may contain passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Proxies(..)" } else { "Proxies(none)" })
    }
}

/// A proxy that can't be used. It does not contain the URL, which may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyError {
    /// The name of the variable.
    pub setting: &'static str,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = self.setting;
        write!(
            f,
            "{setting} is not a usable proxy: it must be a URL like \
             http://proxy.example:3128 or https://user:password@proxy.example, with special \
             characters of the password as %XX"
        )
    }
}

impl std::error::Error for ProxyError {}

/// Returns the URL with scheme and port, because the matcher ignores URLs that it doesn't
/// understand, and has other default ports than curl.
fn proxy(url: &str, setting: &'static str) -> Result<Option<String>, ProxyError> {
    let url = url.trim();
    if url.is_empty() {
        return Ok(None);
    }
    complete(url).map(Some).ok_or(ProxyError { setting })
}

fn complete(url: &str) -> Option<String> {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "http" => 1080,
        "https" => 443,
        _ => return None,
    };
    let authority = uri.authority()?.as_str();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let user = authority.strip_suffix(place)?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let port: u16 = match place.strip_prefix(host)? {
        "" => default,
        port => port.strip_prefix(':')?.parse().ok()?,
    };
    Some(format!("{scheme}://{user}{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the proxy for a request to this URL.
    fn through(proxies: &Proxies, server: &str) -> Option<String> {
        let proxy = proxies.of(&server.parse().expect("a URI"))?;
        Some(proxy.uri().to_string())
    }

    fn from(environment: &[(&str, &str)]) -> Proxies {
        let environment: Vec<(String, String)> =
            environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Proxies::from_env(|name| {
            environment.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
        })
        .expect("proxies")
    }

    #[test]
    fn a_proxy_url_is_completed_like_in_curl() {
        let completed = |url: &str| complete(url);
        assert_eq!(completed("proxy.example").as_deref(), Some("http://proxy.example:1080"));
        assert_eq!(completed("proxy.example:3128/").as_deref(), Some("http://proxy.example:3128"));
        assert_eq!(
            completed("HTTPS://u:p%40ss@proxy.example").as_deref(),
            Some("https://u:p%40ss@proxy.example:443")
        );
        assert_eq!(completed("http://u@[::1]:8080").as_deref(), Some("http://u@[::1]:8080"));
    }

    #[test]
    fn an_error_about_an_invalid_proxy_does_not_repeat_its_url() {
        for url in ["socks5://h:1", "http://", "http://u:se cret@h", "http://h:99999", "ftp://h"] {
            let error = Proxies::new(url, "", "").expect_err("a refusal");
            assert_eq!(error.setting, "https_proxy", "{url}");
            assert!(!error.to_string().contains("se cret"), "{error}");
        }
    }

    #[test]
    fn all_proxy_is_used_without_https_proxy() {
        let proxies = from(&[("https_proxy", "http://one:1"), ("ALL_PROXY", "http://two:2")]);
        assert_eq!(through(&proxies, "https://acme.retool.com/").as_deref(), Some("http://one:1/"));
        let proxies = from(&[("ALL_PROXY", "http://two:2")]);
        assert_eq!(through(&proxies, "https://acme.retool.com/").as_deref(), Some("http://two:2/"));
        assert_eq!(through(&from(&[]), "https://acme.retool.com/"), None);
    }

    #[test]
    fn plain_http_and_this_machine_are_reached_without_a_proxy() {
        let proxies = from(&[
            ("http_proxy", "http://plain:1"),
            ("https_proxy", "http://one:1"),
            ("all_proxy", "http://all:1"),
        ]);
        for direct in [
            "http://acme.retool.com/",
            "http://127.0.0.1:8080/",
            "http://localhost/",
            "http://[::1]:1/",
            "https://127.0.0.1/",
            "https://127.3.2.1:8443/",
            "https://LocalHost/",
            "https://[::1]/",
        ] {
            assert_eq!(through(&proxies, direct), None, "{direct}");
        }
        for proxied in ["https://localhost.example/", "https://10.0.0.1/", "https://[::2]/"] {
            assert_eq!(through(&proxies, proxied).as_deref(), Some("http://one:1/"), "{proxied}");
        }
        let plain = from(&[("http_proxy", "not a proxy"), ("HTTP_PROXY", "socks5://h:1")]);
        assert_eq!(through(&plain, "https://acme.retool.com/"), None);
    }

    #[test]
    fn lower_case_variables_win() {
        let proxies =
            from(&[("HTTPS_PROXY", "http://capital:1"), ("https_proxy", "http://small:1")]);
        assert_eq!(
            through(&proxies, "https://acme.retool.com/").as_deref(),
            Some("http://small:1/")
        );
        let capital = from(&[("HTTPS_PROXY", "http://capital:1"), ("https_proxy", "")]);
        assert_eq!(
            through(&capital, "https://acme.retool.com/").as_deref(),
            Some("http://capital:1/")
        );
    }

    #[test]
    fn no_proxy_takes_domains_addresses_and_networks() {
        let proxies = from(&[
            ("https_proxy", "http://proxy:1"),
            ("no_proxy", "retool.example, .internal 10.0.0.0/8,2001:db8::1"),
        ]);
        for direct in
            ["retool.example", "a.RETOOL.example", "x.internal", "10.1.2.3", "[2001:db8::1]"]
        {
            assert_eq!(through(&proxies, &format!("https://{direct}/")), None, "{direct}");
        }
        for proxied in ["notretool.example", "retool.example.com", "11.0.0.1"] {
            assert!(through(&proxies, &format!("https://{proxied}/")).is_some(), "{proxied}");
        }
        let none = from(&[("https_proxy", "http://proxy:1"), ("NO_PROXY", "*")]);
        assert_eq!(through(&none, "https://acme.retool.com/"), None);
        assert_eq!(through(&none, "https://10.0.0.1/"), None);
    }

    #[test]
    fn debug_output_hides_the_password() {
        let proxies = Proxies::new("http://user:hunter2@proxy:1", "", "").expect("proxies");
        assert!(!format!("{proxies:?}").contains("hunter2"));
        let proxy = proxies.of(&"https://acme.retool.com/".parse().expect("a URI"));
        let credentials = proxy.expect("a proxy").basic_auth().cloned().expect("credentials");
        assert_eq!(credentials, "Basic dXNlcjpodW50ZXIy");
        assert!(!format!("{credentials:?}").contains("dXNl"));
    }
}
