//! What the operator configures, in the variables of the environment.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use contract_json::{Keys, Refusal, from_slice};
use serde::de::DeserializeOwned;

use crate::access::{self, Token};
use crate::connections::{self, Connections};

/// The variable with the largest body of a request, in bytes.
pub(crate) const MOST_BYTES: &str = "DOOR_MAX_BODY_BYTES";

/// The largest body where the variable is not set: 16 MiB.
const DEFAULT_MOST_BYTES: u32 = 16 << 20;

/// The longest name of a token or a connection, in characters.
const LONGEST_NAME: usize = 64;

/// The variables of the door.
pub(crate) struct Environment(pub(crate) Vec<(String, String)>);

impl Environment {
    /// Returns a variable's value. One that is empty is not set.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// The configuration, if nothing in it is wrong.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// Who may call what. Nobody may, if there are none.
    pub(crate) tokens: Vec<Token>,
    pub(crate) connections: Connections,
    /// The largest body of a request, in bytes.
    pub(crate) most_bytes: usize,
}

/// What is wrong with a variable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) variable: &'static str,
    /// The rest of a sentence that begins with the variable, for the log. It repeats no part of the
    /// value.
    pub(crate) what: String,
}

impl Configuration {
    pub(crate) fn read(environment: &Environment) -> Result<Configuration, Mistake> {
        let of = |variable| move |what| Mistake { variable, what };
        let (tokens, connections) = (access::VARIABLE, connections::VARIABLE);
        Ok(Configuration {
            tokens: access::tokens(environment.get(tokens)).map_err(of(tokens))?,
            connections: Connections::read(environment.get(connections))
                .map_err(of(connections))?,
            most_bytes: most_bytes(environment.get(MOST_BYTES)).map_err(of(MOST_BYTES))?,
        })
    }
}

fn most_bytes(text: Option<&str>) -> Result<usize, String> {
    let number = text.map_or(Ok(DEFAULT_MOST_BYTES), str::parse);
    match number.ok().and_then(|number| usize::try_from(number).ok()).filter(|most| *most > 0) {
        Some(most) => Ok(most),
        None => Err(format!("is not a number of bytes from 1 to {}", u32::MAX)),
    }
}

/// Reads a variable that is JSON. What is wrong with it names the place by indices only, as keys
/// may be anything.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    from_slice(text.as_bytes(), Keys::Known).map_err(|refusal| match refusal {
        Refusal::Syntax(_) => "is not JSON".to_owned(),
        Refusal::Form { field, .. } => match field.split_once(']') {
            Some((index, _)) => format!("has another form at {index}]"),
            None => "has another form".to_owned(),
        },
    })
}

/// Returns whether a name may stand in a line of the log.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Configuration, Mistake> {
        Configuration::read(&Environment(vec![(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn the_largest_body_is_a_number_or_the_configuration_is_wrong() {
        for (text, expected) in [("1", 1), ("4294967295", u32::MAX as usize), ("", 16 << 20)] {
            assert_eq!(read(MOST_BYTES, text).expect(text).most_bytes, expected);
        }
        for text in ["0", "-1", "16 MiB", "1e6", "4294967296", " 5", "0x10"] {
            let mistake = read(MOST_BYTES, text).expect_err(text);
            assert_eq!(mistake.variable, "DOOR_MAX_BODY_BYTES");
            assert_eq!(mistake.what, "is not a number of bytes from 1 to 4294967295");
        }
    }

    #[test]
    fn names_are_short_and_graphic() {
        for name in ["a", "n8n", "acme:eu/2", &"x".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a b", "a\nb", "\u{e9}", "a\u{7f}", &"x".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_mistake_repeats_nothing_of_the_value() {
        for value in [
            r#"[{"name": "secret"}]"#,
            r#"[{"secret": 1}]"#,
            r#"{"secret": 1}"#,
            "secret",
            r#"["secret"]"#,
        ] {
            for variable in [access::VARIABLE, connections::VARIABLE] {
                let mistake = read(variable, value).expect_err(value);
                assert!(!mistake.what.contains("secret"), "{mistake:?}");
            }
        }
        let tokens = r#"[{"name": "secret"}]"#;
        assert_eq!(
            read(access::VARIABLE, tokens).expect_err(tokens).what,
            "has another form at [0]"
        );
    }
}
