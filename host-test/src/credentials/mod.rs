//! Tokens that the component never sees: it is given a placeholder, which the host replaces on
//! the way out.

mod mask;
#[cfg(test)]
mod scan;

use std::sync::Arc;

use http::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use wasmtime_wasi_http::WasiBody;

use mask::{Mask, Masked};

/// The component's tunables, which it has to read. Every other variable may be a token: the
/// connection names them.
const TUNABLES: [&str; 6] = [
    "RETOOL_DEADLINE_MS",
    "RETOOL_MAX_ATTEMPTS",
    "RETOOL_MAX_BODY_BYTES",
    "RETOOL_PAGE_SIZE",
    "RETOOL_PROFILE",
    "RETOOL_WINDOW",
];

/// What stands for which token.
#[derive(Clone, Default)]
pub(crate) struct Credentials(Arc<[Credential]>);

struct Credential {
    placeholder: String,
    token: HeaderValue,
}

impl Credentials {
    /// Puts a placeholder in the place of each token of the environment.
    ///
    /// A value that can't be sent is replaced too, by one that can't be sent either, so that
    /// the component says the same about it. An empty one stays.
    pub(crate) fn taken_from(env: &mut [(String, String)]) -> Credentials {
        let mut taken = Vec::new();
        for (name, value) in env {
            if value.is_empty() || TUNABLES.contains(&name.as_str()) {
                continue;
            }
            let mut placeholder = format!("placeholder-for-{name}");
            // As the component takes them.
            let token = Some(&*value).filter(|value| value.bytes().all(|b| b.is_ascii_graphic()));
            match token.and_then(|token| HeaderValue::try_from(token).ok()) {
                Some(mut token) => {
                    token.set_sensitive(true);
                    taken.push(Credential { placeholder: placeholder.clone(), token });
                }
                None => placeholder.push('\n'),
            }
            *value = placeholder;
        }
        Credentials(taken.into())
    }

    /// Puts the token in `Authorization` where its placeholder stands there, alone or after a
    /// scheme.
    pub(crate) fn put_into(&self, headers: &mut HeaderMap) {
        let Some(value) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return;
        };
        let (scheme, placeholder) = match value.rsplit_once(' ') {
            Some((scheme, placeholder)) => (Some(scheme), placeholder),
            None => (None, value),
        };
        let Some(credential) = self.0.iter().find(|held| held.placeholder == placeholder) else {
            return;
        };
        let value = match scheme {
            None => Ok(credential.token.clone()),
            Some(scheme) => {
                let token = credential.token.as_bytes();
                HeaderValue::from_bytes(&[scheme.as_bytes(), b" ", token].concat())
            }
        };
        // What two values were made of makes a value.
        if let Ok(mut value) = value {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }
}

impl Credentials {
    /// Masks the tokens in an answer that is an error or a redirect. The component shows what
    /// such an answer says, and can't know a token there that it was not given. Records are left
    /// as they are.
    pub(crate) fn kept_out(&self, mut answer: Response<WasiBody>) -> Response<WasiBody> {
        if self.0.is_empty() || answer.status().is_success() {
            return answer;
        }
        let tokens: Vec<Vec<u8>> =
            self.0.iter().map(|held| held.token.as_bytes().to_vec()).collect();
        for value in answer.headers_mut().values_mut() {
            let shown = Mask::new(tokens.clone()).whole(value.as_bytes());
            if shown != value.as_bytes() {
                // Asterisks in the place of letters are a value as well.
                *value = HeaderValue::from_bytes(&shown).unwrap_or(HeaderValue::from_static(""));
            }
        }
        answer.map(|body| Masked::new(body, Mask::new(tokens)).boxed_unsync())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Vec<(String, String)> {
        [
            ("RETOOL_API_TOKEN", "hunter2"),
            ("RETOOL_ACME_3", "other"),
            ("RETOOL_SCIM_TOKEN", ""),
            ("RETOOL_BROKEN", "secret\n"),
            ("RETOOL_WINDOW", "8"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn sent(credentials: &Credentials, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(value).expect("a value"));
        credentials.put_into(&mut headers);
        let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        value.expect("a value").to_owned()
    }

    #[test]
    fn no_token_is_left_in_the_environment() {
        let mut env = environment();
        Credentials::taken_from(&mut env);
        let values: Vec<&str> = env.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(
            values,
            [
                "placeholder-for-RETOOL_API_TOKEN",
                "placeholder-for-RETOOL_ACME_3",
                "",
                "placeholder-for-RETOOL_BROKEN\n",
                "8"
            ]
        );
    }

    #[test]
    fn a_placeholder_is_replaced_where_it_stands_for_the_whole_credential() {
        let mut env = environment();
        let credentials = Credentials::taken_from(&mut env);
        let sent = |value: &str| sent(&credentials, value);
        assert_eq!(sent("Bearer placeholder-for-RETOOL_API_TOKEN"), "Bearer hunter2");
        assert_eq!(sent("placeholder-for-RETOOL_ACME_3"), "other");
        for other in [
            "Bearer placeholder-for-RETOOL_API_TOKENS",
            "Bearer xplaceholder-for-RETOOL_API_TOKEN",
            "Bearer placeholder-for-RETOOL_WINDOW",
            "Bearer placeholder-for-RETOOL_BROKEN",
            "Bearer",
        ] {
            assert_eq!(sent(other), other);
        }
    }

    #[test]
    fn nothing_is_added_and_no_other_header_is_touched() {
        let mut env = environment();
        let credentials = Credentials::taken_from(&mut env);
        let placeholder = HeaderValue::from_static("placeholder-for-RETOOL_API_TOKEN");
        let mut headers = HeaderMap::new();
        headers.insert("x-copy", placeholder.clone());
        credentials.put_into(&mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers.get("x-copy"), Some(&placeholder));
    }

    #[test]
    fn a_token_is_not_shown_where_headers_are() {
        let mut env = environment();
        let credentials = Credentials::taken_from(&mut env);
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static("Bearer placeholder-for-RETOOL_API_TOKEN");
        headers.insert(AUTHORIZATION, value);
        credentials.put_into(&mut headers);
        assert!(!format!("{headers:?}").contains("hunter2"));
    }
}
