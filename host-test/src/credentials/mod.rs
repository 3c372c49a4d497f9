//! Tokens that the component never sees. It gets placeholders, which the host replaces in outgoing
//! requests.

mod mask;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use egress_rule::{MINIMUM_TOKEN, Mask, Place, Tokens};
use http::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use wasmtime_wasi_http::WasiBody;

use crate::error::HostError;
use crate::retool::types::Connection;
use mask::Masked;

/// The variables that set limits of the component, as its module `config` names them. They are no
/// secrets.
pub const TUNABLES: [&str; 7] = [
    "RETOOL_DEADLINE_MS",
    "RETOOL_TRY_TIMEOUT_MS",
    "RETOOL_WINDOW",
    "RETOOL_PAGE_SIZE",
    "RETOOL_MAX_BODY_BYTES",
    "RETOOL_MAX_ATTEMPTS",
    "RETOOL_PROFILE",
];

/// The variables of the tokens, unless the connection names others.
const API_TOKEN_VARIABLE: &str = "RETOOL_API_TOKEN";
const SCIM_TOKEN_VARIABLE: &str = "RETOOL_SCIM_TOKEN";

/// An environment, by name.
type Variables = Arc<[(String, SecretString)]>;

/// The environment that the host was given for a component.
#[derive(Clone)]
pub(crate) struct Environment {
    given: Variables,
    injects: bool,
    tokens: Arc<KnownTokens>,
}

impl Environment {
    /// `injects` says whether the tokens are kept out of the component.
    pub(crate) fn new(given: Vec<(String, SecretString)>, injects: bool) -> Environment {
        Environment { given: given.into(), injects, tokens: Arc::default() }
    }

    /// Returns the environment of the component for calls with this connection, and the tokens that
    /// are not in it.
    pub(crate) fn of(&self, connection: &Connection) -> (Variables, Credentials) {
        if self.injects {
            let (variables, credentials) = Credentials::taken_from(&self.given, connection);
            // Without one that is too short, no call is made, and it would damage other answers.
            let tokens = credentials.held.iter().map(|held| &held.token);
            self.tokens.add(tokens.filter(|token| token.as_ref().len() >= MINIMUM_TOKEN));
            (variables, Credentials { tokens: Arc::clone(&self.tokens), ..credentials })
        } else {
            (Arc::clone(&self.given), Credentials::default())
        }
    }
}

/// The tokens of all connections of a tenant. All of them are masked in every answer: a server may
/// repeat one that it got over another connection.
struct KnownTokens(Mutex<Known>);

struct Known {
    all: Vec<Token>,
    masked: Arc<Tokens<Token>>,
}

impl Default for KnownTokens {
    fn default() -> KnownTokens {
        let masked = Arc::new(Tokens::new([]));
        KnownTokens(Mutex::new(Known { all: Vec::new(), masked }))
    }
}

impl KnownTokens {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add<'a>(&self, tokens: impl Iterator<Item = &'a Token>) {
        let mut known = self.lock();
        let before = known.all.len();
        for token in tokens {
            if !known.all.iter().any(|other| other.as_ref() == token.as_ref()) {
                known.all.push(token.clone());
            }
        }
        if known.all.len() > before {
            known.masked = Arc::new(Tokens::new(known.all.iter().cloned()));
        }
    }

    fn masked(&self) -> Arc<Tokens<Token>> {
        Arc::clone(&self.lock().masked)
    }
}

/// The placeholders and their tokens.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    held: Arc<[Credential]>,
    /// The tokens that are masked.
    tokens: Arc<KnownTokens>,
    /// The variable of a token that is too short to be masked.
    too_short: Option<String>,
}

struct Credential {
    placeholder: String,
    token: Token,
}

/// A token, which is erased from memory when its last clone is dropped.
#[derive(Clone)]
struct Token(Arc<SecretString>);

impl AsRef<[u8]> for Token {
    fn as_ref(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl Credentials {
    /// Replaces the tokens of the environment with placeholders. Only the variables that the
    /// connection names are tokens. Of the others, only the tunables are kept: the component reads
    /// no others, and one may be the token of another connection.
    ///
    /// A value that can't be sent is replaced with a placeholder that can't be sent either, so that
    /// the component reports the same error. An empty value stays.
    fn taken_from(
        given: &[(String, SecretString)],
        connection: &Connection,
    ) -> (Variables, Credentials) {
        let named = [
            connection.api_token_variable.as_deref().unwrap_or(API_TOKEN_VARIABLE),
            connection.scim_token_variable.as_deref().unwrap_or(SCIM_TOKEN_VARIABLE),
        ];
        let (mut env, mut held, mut too_short) = (Vec::new(), Vec::new(), None);
        for (name, value) in given {
            let text = value.expose_secret();
            if !named.contains(&name.as_str()) {
                if TUNABLES.contains(&name.as_str()) {
                    env.push((name.clone(), value.clone()));
                }
                continue;
            }
            if text.is_empty() {
                env.push((name.clone(), value.clone()));
                continue;
            }
            let mut placeholder = format!("placeholder-for-{name}");
            // The same rule as in the component.
            if text.bytes().all(|byte| byte.is_ascii_graphic()) {
                if text.len() < MINIMUM_TOKEN {
                    too_short = Some(name.clone());
                }
                let token = Token(Arc::new(value.clone()));
                held.push(Credential { placeholder: placeholder.clone(), token });
            } else {
                placeholder.push('\n');
            }
            env.push((name.clone(), SecretString::from(placeholder)));
        }
        (env.into(), Credentials { held: held.into(), too_short, ..Credentials::default() })
    }

    /// Fails if a token is so short that ordinary text may contain it.
    pub(crate) fn check(&self) -> Result<(), HostError> {
        match &self.too_short {
            None => Ok(()),
            Some(variable) => Err(HostError::Setup {
                message: format!(
                    "the token in {variable} has less than {MINIMUM_TOKEN} characters; a token \
                     that short can't be masked in answers, so it can't be kept out of the \
                     component"
                ),
            }),
        }
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
        let Some(credential) = self.held.iter().find(|held| held.placeholder == placeholder) else {
            return;
        };
        let token = credential.token.as_ref();
        let value = match scheme {
            None => HeaderValue::from_bytes(token),
            Some(scheme) => HeaderValue::from_bytes(&[scheme.as_bytes(), b" ", token].concat()),
        };
        // This can't fail: both parts can be in a header.
        if let Ok(mut value) = value {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }

    /// Masks the tokens in an answer, whatever its status: the component can't recognize a token
    /// that it was not given, and a failure may have the status 200. Lengths stay the same.
    pub(crate) fn kept_out(&self, mut answer: Response<WasiBody>) -> Response<WasiBody> {
        let tokens = self.tokens.masked();
        if tokens.is_empty() {
            return answer;
        }
        let mask = |place| Mask::new(Arc::clone(&tokens), place);
        for value in answer.headers_mut().values_mut() {
            let masked = mask(Place::Header).whole(value.as_bytes());
            if masked != value.as_bytes() {
                // This can't fail: asterisks are valid in a header value.
                *value = HeaderValue::from_bytes(&masked).unwrap_or(HeaderValue::from_static(""));
            }
        }
        answer.map(|body| Masked::new(body, mask(Place::Body)).boxed_unsync())
    }
}
