//! Which proxy a request goes through.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// Proxies, and what they are not used for. None by default: a library reads no environment.
#[derive(Clone, Default)]
pub struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// Those that these settings name, with the meaning that curl gives to the variables
    /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`:
    ///
    /// - a proxy is a URL with the scheme `http` (meant where there is none) or `https`, maybe
    ///   with `user:password@`, and with port 1080 or 443 where it has none;
    /// - `all` is for where there is none of the scheme's own;
    /// - `no` is a list, separated by commas or spaces, of domains (which mean their subdomains
    ///   too), addresses and networks that are reached directly, or `*` for all.
    ///
    /// An empty text is none.
    pub fn new(http: &str, https: &str, all: &str, no: &str) -> Result<Proxies, ProxyError> {
        let mut matcher = Matcher::builder().no(no.replace(char::is_whitespace, ","));
        let mut any = false;
        if let Some(http) = proxy(http, "http_proxy")? {
            (any, matcher) = (true, matcher.http(http));
        }
        if let Some(https) = proxy(https, "https_proxy")? {
            (any, matcher) = (true, matcher.https(https));
        }
        if let Some(all) = proxy(all, "all_proxy")? {
            (any, matcher) = (true, matcher.all(all));
        }
        // The matcher would except names alone, and no addresses.
        any &= no.trim() != "*";
        Ok(Proxies(any.then(|| Arc::new(matcher.build()))))
    }

    /// Those of an environment: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, and but
    /// for the first also in capitals. As curl does it, `HTTP_PROXY` is not read: to a program
    /// that serves CGI requests, it would be what a client sent in a header `Proxy`.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Proxies, ProxyError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let either = |name: &str| set(name).or_else(|| set(&name.to_ascii_uppercase()));
        let text = |value: Option<String>| value.unwrap_or_default();
        Proxies::new(
            &text(set("http_proxy")),
            &text(either("https_proxy")),
            &text(either("all_proxy")),
            &text(either("no_proxy")),
        )
    }

    /// The proxy between here and a server.
    pub(super) fn of(&self, server: &Uri) -> Option<Intercept> {
        self.0.as_ref()?.intercept(server)
    }
}

/// Whether there are any: their URLs may hold passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Proxies(..)" } else { "Proxies(none)" })
    }
}

/// A proxy that can't be used. The URL is not in it, as it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyError {
    /// The setting, as the variable is called.
    pub setting: &'static str,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = self.setting;
        write!(
            f,
            "{setting} is no proxy that can be used: it must be a URL like \
             http://proxy.example:3128 or https://user:password@proxy.example, with special \
             characters of the password as %XX"
        )
    }
}

impl std::error::Error for ProxyError {}

/// The URL with scheme and port, because the matcher passes over what it doesn't understand, and
/// has other ports than curl.
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

    /// Where a request for this URL goes.
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
    fn a_proxy_is_completed_as_curl_does() {
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
    fn what_is_no_proxy_is_refused_and_not_repeated() {
        for url in ["socks5://h:1", "http://", "http://u:se cret@h", "http://h:99999", "ftp://h"] {
            let error = Proxies::new("", url, "", "").expect_err("a refusal");
            assert_eq!(error.setting, "https_proxy", "{url}");
            assert!(!error.to_string().contains("se cret"), "{error}");
        }
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_is_for_the_rest() {
        let proxies = from(&[("https_proxy", "http://one:1"), ("ALL_PROXY", "http://two:2")]);
        assert_eq!(through(&proxies, "https://acme.retool.com/").as_deref(), Some("http://one:1/"));
        assert_eq!(through(&proxies, "http://acme.retool.com/").as_deref(), Some("http://two:2/"));
        assert_eq!(through(&from(&[]), "https://acme.retool.com/"), None);
    }

    #[test]
    fn small_letters_go_first_and_http_proxy_has_no_others() {
        let proxies = from(&[
            ("HTTP_PROXY", "http://client:1"),
            ("HTTPS_PROXY", "http://capital:1"),
            ("https_proxy", "http://small:1"),
        ]);
        assert_eq!(through(&proxies, "http://acme.retool.com/"), None);
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
    fn exceptions_are_domains_addresses_and_networks() {
        let proxies = from(&[
            ("https_proxy", "http://proxy:1"),
            ("no_proxy", "retool.example, .internal 10.0.0.0/8,::1"),
        ]);
        for direct in ["retool.example", "a.RETOOL.example", "x.internal", "10.1.2.3", "[::1]"] {
            assert_eq!(through(&proxies, &format!("https://{direct}/")), None, "{direct}");
        }
        for proxied in ["notretool.example", "retool.example.com", "11.0.0.1"] {
            assert!(through(&proxies, &format!("https://{proxied}/")).is_some(), "{proxied}");
        }
        let none = from(&[("https_proxy", "http://proxy:1"), ("NO_PROXY", "*")]);
        assert_eq!(through(&none, "https://acme.retool.com/"), None);
        assert_eq!(through(&none, "https://127.0.0.1/"), None);
    }

    #[test]
    fn a_password_is_not_shown() {
        let proxies = Proxies::new("", "http://user:hunter2@proxy:1", "", "").expect("proxies");
        assert!(!format!("{proxies:?}").contains("hunter2"));
        let proxy = proxies.of(&"https://acme.retool.com/".parse().expect("a URI"));
        let credentials = proxy.expect("a proxy").basic_auth().cloned().expect("credentials");
        assert_eq!(credentials, "Basic dXNlcjpodW50ZXIy");
        assert!(!format!("{credentials:?}").contains("dXNl"));
    }
}
