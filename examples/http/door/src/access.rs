//! Who may call what: bearer tokens, by their SHA-256.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::configuration::{is_name, read};

/// The variable with the tokens: an array of objects, e.g.
/// `[{"name": "n8n", "sha256": "…", "functions": ["directory/*"], "connections": ["acme"]}]`.
pub(crate) const VARIABLE: &str = "DOOR_TOKENS";

/// A pattern that ends in this covers every name with the same beginning: `directory/*`.
const ANY: char = '*';

/// A token's rights.
#[derive(Debug)]
pub(crate) struct Token {
    /// Its name in the log.
    pub(crate) name: String,
    hash: [u8; 32],
    functions: Vec<String>,
    connections: Vec<String>,
}

/// A token as the operator writes it.
#[derive(Deserialize)]
struct Given {
    name: String,
    /// The SHA-256 of the token, as 64 hexadecimal digits.
    sha256: String,
    /// The functions that it may call: paths such as `lifecycle/provision`, or beginnings that end
    /// in `*`.
    functions: Vec<String>,
    /// The connections that it may use: names, or beginnings that end in `*`.
    connections: Vec<String>,
}

impl Token {
    fn of(given: Given) -> Result<Token, &'static str> {
        let Given { name, sha256, functions, connections } = given;
        if !is_name(&name) {
            return Err("has a name that is not 1 to 64 visible ASCII characters");
        }
        let mut hash = [0; 32];
        hex::decode_to_slice(&sha256, &mut hash)
            .map_err(|_| "has a sha256 that is not 64 hexadecimal digits")?;
        Ok(Token { name, hash, functions, connections })
    }

    pub(crate) fn may_call(&self, function: &str) -> bool {
        self.functions.iter().any(|pattern| covers(pattern, function))
    }

    pub(crate) fn may_use(&self, connection: &str) -> bool {
        self.connections.iter().any(|pattern| covers(pattern, connection))
    }
}

fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(ANY) {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// Reads the tokens. There are none if the variable is not set. Fails with what is wrong.
pub(crate) fn tokens(variable: Option<&str>) -> Result<Vec<Token>, String> {
    let given: Vec<Given> = variable.map_or(Ok(Vec::new()), read)?;
    let mut tokens: Vec<Token> = Vec::with_capacity(given.len());
    for (index, given) in given.into_iter().enumerate() {
        let token = Token::of(given).map_err(|what| format!("{what} at [{index}]"))?;
        // It would not be known which of them a caller is.
        if tokens.iter().any(|other| other.hash == token.hash) {
            return Err(format!("has a sha256 a second time at [{index}]"));
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// Returns the token of an `Authorization` header. Every token is compared, each in constant time.
/// An empty one is none, whatever is configured.
pub(crate) fn find<'a>(tokens: &'a [Token], authorization: &[u8]) -> Option<&'a Token> {
    let (scheme, given) = authorization.split_at_checked(BEARER.len())?;
    let given = given.trim_ascii();
    if !scheme.eq_ignore_ascii_case(BEARER) || given.is_empty() {
        return None;
    }
    let given = Sha256::digest(given);
    let mut found = None;
    for token in tokens {
        if bool::from(token.hash.as_slice().ct_eq(given.as_slice())) {
            found = Some(token);
        }
    }
    found
}

/// The scheme, which is compared without case.
const BEARER: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `one` and of `two`.
    const ONE: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    const TWO: &str = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

    fn both() -> Vec<Token> {
        tokens(Some(&format!(
            r#"[{{"name": "old", "sha256": "{ONE}", "functions": ["directory/*", "lifecycle/provision"],
                 "connections": ["acme"]}},
                {{"name": "new", "sha256": "{}", "functions": ["*"], "connections": ["*"]}}]"#,
            TWO.to_uppercase()
        )))
        .expect("tokens")
    }

    fn found(authorization: &str) -> Option<String> {
        find(&both(), authorization.as_bytes()).map(|token| token.name.clone())
    }

    #[test]
    fn a_token_is_found_by_its_hash_whatever_the_case_of_the_scheme() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(found(&format!("{scheme} one")).as_deref(), Some("old"));
            assert_eq!(found(&format!("{scheme} two")).as_deref(), Some("new"));
        }
    }

    #[test]
    fn anything_but_a_known_bearer_token_is_refused() {
        for authorization in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer three",
            "Basic one",
            "one",
            "Bearer one two",
            "Bearerone",
        ] {
            assert_eq!(found(authorization), None, "{authorization}");
        }
        // The hash itself is no token.
        assert_eq!(found(&format!("Bearer {ONE}")), None);
    }

    #[test]
    fn a_token_calls_only_its_functions_with_its_connections() {
        let tokens = both();
        let [old, new] = tokens.as_slice() else { panic!("{tokens:?}") };
        assert!(old.may_call("directory/find-user") && old.may_call("lifecycle/provision"));
        assert!(!old.may_call("lifecycle/provision-all") && !old.may_call("groups/remove-group"));
        assert!(old.may_use("acme") && !old.may_use("acme2"));
        assert!(new.may_call("groups/remove-group") && new.may_use("other"));
    }

    /// Returns an array of one token with this name and hash, and with more keys.
    fn one(name: &str, sha256: &str, more: &str) -> String {
        format!(
            r#"[{{"name": "{name}", "sha256": "{sha256}", "functions": [], "connections": []{more}}}]"#
        )
    }

    #[test]
    fn an_empty_token_is_none_even_if_its_hash_is_configured() {
        let empty = hex_of(b"");
        let tokens = tokens(Some(&one("a", &empty, ""))).expect("tokens");
        assert_eq!(tokens.len(), 1);
        for authorization in ["Bearer ", "Bearer    ", "bearer \t"] {
            assert!(find(&tokens, authorization.as_bytes()).is_none(), "{authorization:?}");
        }
    }

    fn hex_of(token: &[u8]) -> String {
        Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn what_is_wrong_with_the_tokens_is_said_with_the_place() {
        assert_eq!(tokens(None).expect("none").len(), 0);
        assert_eq!(tokens(Some("[]")).expect("none").len(), 0);
        assert_eq!(tokens(Some(&one("a", ONE, ""))).expect("one").len(), 1);
        // The same hash, in other letters.
        let doubled = one("a", ONE, "").replace("}]", "},")
            + one("b", &ONE.to_uppercase(), "").trim_start_matches('[');
        for (text, expected) in [
            ("{}", "has another form"),
            ("one", "is not JSON"),
            (&one("a", ONE, r#", "admin": true"#), "has another form at [0]"),
            (&one("a", "one", ""), "has a sha256 that is not 64 hexadecimal digits at [0]"),
            (
                &one("a", &ONE.replace('7', "g"), ""),
                "has a sha256 that is not 64 hexadecimal digits at [0]",
            ),
            (&one("", ONE, ""), "has a name that is not 1 to 64 visible ASCII characters at [0]"),
            (
                &one("a b", ONE, ""),
                "has a name that is not 1 to 64 visible ASCII characters at [0]",
            ),
            (&doubled, "has a sha256 a second time at [1]"),
        ] {
            assert_eq!(tokens(Some(text)).expect_err(text), expected, "{text}");
        }
    }
}
