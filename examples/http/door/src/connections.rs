//! Connections by name. A caller never gives a base URL or a variable's name: tokens of Retool
//! would go where the caller likes.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::access::Token;
use crate::bindings::user_lifecycle::retool::types::Connection;
use crate::configuration::{is_name, read};
use crate::problem::{CONNECTION_REFUSED, CONNECTION_UNKNOWN, Problem};

/// The variable with the connections: an object of names and the contract's `connection`, e.g.
/// `{"acme": {"base_url": "https://acme.retool.com", "dialect": "v2"}}`.
pub(crate) const VARIABLE: &str = "DOOR_CONNECTIONS";

/// The connections that the operator has configured.
#[derive(Debug, Default)]
pub(crate) struct Connections(BTreeMap<String, Connection>);

impl Connections {
    /// Reads them. There are none if the variable is not set. Fails with what is wrong.
    pub(crate) fn read(variable: Option<&str>) -> Result<Connections, String> {
        let Some(text) = variable else { return Ok(Connections::default()) };
        let Given { connections, doubled } = read(text)?;
        if doubled {
            return Err("has a name twice".to_owned());
        }
        if !connections.keys().all(|name| is_name(name)) {
            return Err("has a name that is not 1 to 64 visible ASCII characters".to_owned());
        }
        Ok(Connections(connections))
    }

    /// Returns the connection of this name, for a caller with this token.
    pub(crate) fn find(&self, token: &Token, name: &str) -> Result<&Connection, Problem> {
        if !token.may_use(name) {
            return Err(Problem::own(CONNECTION_REFUSED));
        }
        self.0.get(name).ok_or_else(|| Problem::own(CONNECTION_UNKNOWN))
    }
}

/// The object as it is given. A map alone would keep the last of two connections of one name.
struct Given {
    connections: BTreeMap<String, Connection>,
    doubled: bool,
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
                let mut given = Given { connections: BTreeMap::new(), doubled: false };
                while let Some((name, connection)) = map.next_entry::<String, Connection>()? {
                    given.doubled |= given.connections.insert(name, connection).is_some();
                }
                Ok(given)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = r#"{"base_url": "https://acme.retool.com", "dialect": "v2"}"#;

    #[test]
    fn what_is_wrong_with_the_connections_is_said() {
        let one = |name: &str| format!(r#"{{"{name}": {ACME}}}"#);
        assert_eq!(Connections::read(Some(&one("acme"))).expect("one").0.len(), 1);
        assert_eq!(Connections::read(None).expect("none").0.len(), 0);
        let bad_name = "has a name that is not 1 to 64 visible ASCII characters";
        for (text, expected) in [
            ("[]", "has another form"),
            ("{", "is not JSON"),
            (r#"{"acme": {"base_url": "x"}}"#, "has another form"),
            (&format!(r#"{{"acme": {ACME}, "acme": {ACME}}}"#), "has a name twice"),
            // The same name in another spelling of JSON.
            (&format!(r#"{{"acme": {ACME}, "\u0061cme": {ACME}}}"#), "has a name twice"),
            (&one(""), bad_name),
            (&one("a b"), bad_name),
            (&one(&"a".repeat(65)), bad_name),
        ] {
            assert_eq!(Connections::read(Some(text)).expect_err(text), expected, "{text}");
        }
    }
}
