//! Who may call what: bearer tokens, by their SHA-256.

use alloc::string::String;
use alloc::vec::Vec;

use contract_json::{Keys, from_slice};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The variable with the tokens: an array of objects, e.g.
/// `[{"name": "n8n", "sha256": "…", "functions": ["directory/*"], "connections": ["acme"]}]`.
pub(crate) const VARIABLE: &str = "DOOR_TOKENS";

/// What a name ends in that stands for all names with this beginning.
const ANY: char = '*';

/// A token's rights.
#[derive(Debug, Deserialize)]
pub(crate) struct Token {
    /// Its name in the log.
    pub(crate) name: String,
    /// The SHA-256 of the token, as 64 hexadecimal digits.
    sha256: String,
    /// The functions that it may call: paths such as `lifecycle/provision`, or beginnings that end
    /// in `*`.
    functions: Vec<String>,
    /// The connections that it may use: names, or beginnings that end in `*`.
    connections: Vec<String>,
}

impl Token {
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

/// Reads the tokens. There are none if the variable is missing, or if anything in it is wrong: then
/// nobody may call anything.
pub(crate) fn tokens(variable: Option<&str>) -> Vec<Token> {
    let tokens: Vec<Token> =
        variable.and_then(|text| from_slice(text.as_bytes(), Keys::Known).ok()).unwrap_or_default();
    if tokens.iter().all(|token| hash(&token.sha256).is_some()) { tokens } else { Vec::new() }
}

/// Returns the token of an `Authorization` header. Every token is compared, each in constant time.
pub(crate) fn find<'a>(tokens: &'a [Token], authorization: &[u8]) -> Option<&'a Token> {
    let (scheme, given) = authorization.split_at_checked(BEARER.len())?;
    if !scheme.eq_ignore_ascii_case(BEARER) {
        return None;
    }
    let given = Sha256::digest(given.trim_ascii());
    let mut found = None;
    for token in tokens {
        let expected = hash(&token.sha256)?;
        if bool::from(expected.as_slice().ct_eq(given.as_slice())) {
            found = Some(token);
        }
    }
    found
}

/// The scheme, which is compared without case.
const BEARER: &[u8] = b"Bearer ";

/// Returns the bytes of 64 hexadecimal digits.
fn hash(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

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

    #[test]
    fn without_valid_tokens_nobody_has_access() {
        let wrong = |text: &str| tokens(Some(text)).len();
        assert_eq!(tokens(None).len(), 0);
        let valid = |sha: &str, more: &str| {
            format!(
                r#"[{{"name": "a", "sha256": "{sha}", "functions": [], "connections": []{more}}}]"#
            )
        };
        assert_eq!(wrong(&valid(ONE, "")), 1);
        for text in ["", "[]", "{}", "one", &valid("one", ""), &valid(ONE, r#", "admin": true"#)] {
            assert_eq!(wrong(text), 0, "{text}");
        }
    }
}
