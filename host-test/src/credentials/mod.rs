//! Tokens that the component never sees. It gets placeholders, which the host replaces in outgoing
//! requests.

mod mask;
#[cfg(test)]
mod scan;

use std::sync::Arc;

use http::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use wasmtime_wasi_http::WasiBody;

use mask::{Mask, Masked};

/// The component's tunables, which it must be able to read. Any other variable may be a token,
/// because the connection names the token variables.
const TUNABLES: [&str; 7] = [
    "RETOOL_DEADLINE_MS",
    "RETOOL_MAX_ATTEMPTS",
    "RETOOL_MAX_BODY_BYTES",
    "RETOOL_PAGE_SIZE",
    "RETOOL_PROFILE",
    "RETOOL_TRY_TIMEOUT_MS",
    "RETOOL_WINDOW",
];

/// The placeholders and their tokens.
#[derive(Clone, Default)]
pub(crate) struct Credentials(Arc<[Credential]>);

struct Credential {
    placeholder: String,
    token: HeaderValue,
}

impl Credentials {
    /// Replaces each token of the environment with a placeholder.
    ///
    /// A value that can't be sent is replaced with a placeholder that can't be sent either, so that
    /// the component reports the same error. An empty value stays.
    pub(crate) fn taken_from(env: &mut [(String, String)]) -> Credentials {
        let mut taken = Vec::new();
        for (name, value) in env {
            if value.is_empty() || TUNABLES.contains(&name.as_str()) {
                continue;
            }
            let mut placeholder = format!("placeholder-for-{name}");
            // The same rule as in the component.
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

    /// Replaces a placeholder in `Authorization` with its token. The placeholder must be the whole
    /// value or follow a scheme.
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
        // This can't fail: both parts come from valid header values.
        if let Ok(mut value) = value {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }
}

impl Credentials {
    /// Masks the tokens in a response that is an error or a redirect. The component prints text of
    /// such responses, and can't recognize a token that it was not given. Successful responses
    /// are not changed.
    pub(crate) fn kept_out(&self, mut answer: Response<WasiBody>) -> Response<WasiBody> {
        if self.0.is_empty() || answer.status().is_success() {
            return answer;
        }
        let tokens: Vec<Vec<u8>> =
            self.0.iter().map(|held| held.token.as_bytes().to_vec()).collect();
        for value in answer.headers_mut().values_mut() {
            let masked = Mask::new(tokens.clone()).whole(value.as_bytes());
            if masked != value.as_bytes() {
                // This can't fail: asterisks are valid in a header value.
                *value = HeaderValue::from_bytes(&masked).unwrap_or(HeaderValue::from_static(""));
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
    fn a_placeholder_is_replaced_only_if_it_is_the_whole_credential() {
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
    fn a_placeholder_in_another_header_is_not_replaced() {
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
    fn debug_output_of_the_headers_hides_the_token() {
        let mut env = environment();
        let credentials = Credentials::taken_from(&mut env);
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static("Bearer placeholder-for-RETOOL_API_TOKEN");
        headers.insert(AUTHORIZATION, value);
        credentials.put_into(&mut headers);
        assert!(!format!("{headers:?}").contains("hunter2"));
    }
}
