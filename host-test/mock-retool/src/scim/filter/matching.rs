//! Matching resources and values against filters.

use std::cmp::Ordering;
use std::time::SystemTime;

use serde_json::Value;

use super::{Filter, Operator, Test};
use crate::scim::attr::{AttrPath, Fields, field};
use crate::scim::schema::{Attribute, Kind, ResourceType};
use crate::state::same_email;

/// The object that the names in a filter refer to.
#[derive(Clone, Copy, Debug)]
pub(in crate::scim) enum Scope {
    /// A resource.
    Resource(&'static ResourceType),
    /// One value of a multi-valued attribute. `None` if the attribute is unknown.
    Value(Option<&'static Attribute>),
}

impl Scope {
    fn definition(self, path: &AttrPath) -> Option<&'static Attribute> {
        match self {
            Scope::Resource(kind) => path.definition(kind),
            Scope::Value(attribute) => attribute?.part(&path.name),
        }
    }
}

/// How values are compared.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::scim) struct Matching {
    /// Whether every attribute is compared with case.
    pub(in crate::scim) exact: bool,
}

impl Matching {
    /// Whether the filter matches an object.
    pub(in crate::scim) fn holds(self, filter: &Filter, fields: &Fields, scope: Scope) -> bool {
        match filter {
            Filter::All(filters) => filters.iter().all(|filter| self.holds(filter, fields, scope)),
            Filter::Any(filters) => filters.iter().any(|filter| self.holds(filter, fields, scope)),
            Filter::Not(filter) => !self.holds(filter, fields, scope),
            Filter::Attribute(path, test) => {
                let definition = scope.definition(path);
                let found: Vec<&Value> = path.find(fields).map(each).unwrap_or_default();
                self.passes(test, &found, definition, path.part.as_deref())
            }
            Filter::Value { of, filter, and } => {
                let definition = scope.definition(of);
                let mut entries = of.find(fields).map(each).unwrap_or_default();
                entries.retain(|entry| self.holds_for_value(filter, entry, definition));
                match and {
                    Some((part, test)) => self.passes(test, &entries, definition, Some(part)),
                    None => !entries.is_empty(),
                }
            }
        }
    }

    /// Whether the filter matches one value of a multi-valued attribute. A value that is not an
    /// object counts as its own `value`.
    pub(in crate::scim) fn holds_for_value(
        self,
        filter: &Filter,
        value: &Value,
        definition: Option<&'static Attribute>,
    ) -> bool {
        match value {
            Value::Object(fields) => self.holds(filter, fields, Scope::Value(definition)),
            plain => {
                let fields = Fields::from_iter([("value".to_owned(), plain.clone())]);
                self.holds(filter, &fields, Scope::Value(definition))
            }
        }
    }

    /// Whether at least one value of an attribute passes the test; for `ne`, whether none is equal.
    fn passes(
        self,
        test: &Test,
        values: &[&Value],
        definition: Option<&'static Attribute>,
        part: Option<&str>,
    ) -> bool {
        let (operator, given) = match test {
            Test::Present => {
                return values.iter().any(|value| match part {
                    Some(part) => value
                        .as_object()
                        .and_then(|fields| field(fields, part))
                        .is_some_and(is_there),
                    None => is_there(value),
                });
            }
            Test::Is(operator, given) => (*operator, given),
        };
        // For an object, its `value` is compared, unless a sub-attribute is named.
        let mut actuals = values.iter().filter_map(|value| match value {
            Value::Object(fields) => field(fields, part.unwrap_or("value")),
            plain => part.is_none().then_some(*plain),
        });
        let definition = definition.and_then(|attribute| {
            if attribute.parts().is_empty() {
                Some(attribute)
            } else {
                attribute.part(part.unwrap_or("value"))
            }
        });
        if given.is_null() {
            let is_absent = !actuals.any(is_there);
            return if operator == Operator::NotEqual { !is_absent } else { is_absent };
        }
        let exact = self.exact || definition.is_some_and(|attribute| attribute.case_exact);
        let is_time = definition.is_some_and(|attribute| matches!(attribute.kind, Kind::Time));
        match operator {
            Operator::NotEqual => !actuals.any(|actual| is_equal(actual, given, exact, is_time)),
            Operator::Equal => actuals.any(|actual| is_equal(actual, given, exact, is_time)),
            _ => actuals.any(|actual| compares(operator, actual, given, exact, is_time)),
        }
    }
}

/// Lists the values of an attribute, which may be multi-valued.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(is_there),
        Value::Object(fields) => fields.values().any(is_there),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn is_equal(actual: &Value, given: &Value, exact: bool, is_time: bool) -> bool {
    match (actual, given) {
        (Value::String(actual), Value::String(given)) if is_time => {
            order_in_time(actual, given).is_eq()
        }
        (Value::String(actual), Value::String(given)) if exact => actual == given,
        (Value::String(actual), Value::String(given)) => same_email(actual, given),
        // Some clients put quotes around booleans.
        (Value::Bool(actual), Value::String(given)) => {
            given.eq_ignore_ascii_case(if *actual { "true" } else { "false" })
        }
        (Value::Number(actual), Value::Number(given)) => {
            actual == given || actual.as_f64() == given.as_f64()
        }
        _ => actual == given,
    }
}

fn compares(operator: Operator, actual: &Value, given: &Value, exact: bool, is_time: bool) -> bool {
    let order = match (actual, given) {
        (Value::String(actual), Value::String(given)) => {
            let fold = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
            let (folded, wanted) = (fold(actual), fold(given));
            match operator {
                Operator::Contains => return folded.contains(&wanted),
                Operator::StartsWith => return folded.starts_with(&wanted),
                Operator::EndsWith => return folded.ends_with(&wanted),
                _ if is_time => order_in_time(actual, given),
                _ => folded.cmp(&wanted),
            }
        }
        (Value::Number(actual), Value::Number(given)) => {
            match actual.as_f64().partial_cmp(&given.as_f64()) {
                Some(order) => order,
                None => return false,
            }
        }
        _ => return false,
    };
    match operator {
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        _ => false,
    }
}

/// Compares two times. Texts that are not UTC times are compared as texts.
fn order_in_time(one: &str, other: &str) -> Ordering {
    let time = |text: &str| -> Option<SystemTime> { humantime::parse_rfc3339(text).ok() };
    match (time(one), time(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Matching, Scope};
    use crate::scim::filter::read;
    use crate::scim::schema::USER;

    fn holds(matching: Matching, filter: &str) -> bool {
        let Value::Object(user) = json!({
            "id": "Ab",
            "userName": "Ada@Example.com",
            "name": {"givenName": "Ada", "familyName": ""},
            "active": true,
            "emails": [
                {"value": "ada@work.example", "type": "work", "primary": true},
                {"value": "ada@home.example", "type": "home"},
            ],
            "tags": ["red", "green"],
            "floor": 12,
            "meta": {"created": "2026-01-05T09:00:00.000Z"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales", "manager": {"value": "M1"},
            },
        }) else {
            panic!("an object");
        };
        let filter = read(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        matching.holds(&filter, &user, Scope::Resource(&USER))
    }

    #[test]
    fn filters_match_what_they_describe() {
        for filter in [
            r#"username eq "ADA@example.COM""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada""#,
            r#"userName ew ".com" and userName co "@""#,
            r#"name.givenName ge "Ad" and name.givenName lt "B""#,
            "active eq true",
            r#"active eq "True""#,
            "active ne false",
            r#"emails eq "ADA@home.example""#,
            r#"emails.type eq "home""#,
            r#"emails[type eq "work" and primary eq true]"#,
            r#"emails[type eq "work"].value eq "ada@WORK.example""#,
            r#"not (emails[type eq "other"])"#,
            r#"tags eq "green""#,
            r#"tags[value eq "red"]"#,
            "floor gt 11.5",
            "floor eq 12.0",
            r#"id eq "Ab""#,
            r#"meta.created eq "2026-01-05T09:00:00Z""#,
            r#"meta.created gt "2026-01-05T08:59:59.999Z""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "M1""#,
            "nickName eq null",
            "title ne \"Boss\"",
            "name pr and emails pr and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr",
        ] {
            assert!(holds(Matching::default(), filter), "{filter}");
        }
    }

    #[test]
    fn filters_do_not_match_anything_else() {
        for filter in [
            r#"userName eq "ada""#,
            r#"userName ne "ada@example.com""#,
            r#"id eq "ab""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "m1""#,
            r#"emails[type eq "home"].value eq "ada@work.example""#,
            r#"emails[type eq "home" and primary eq true]"#,
            r#"emails ne "ada@home.example""#,
            "nickName pr",
            "name.familyName pr",
            "emails.display pr",
            "floor gt 12",
            r#"floor co "1""#,
            r#"active eq "false""#,
            "active eq null",
            r#"department eq "Sales""#,
            r#"title gt "A""#,
        ] {
            assert!(!holds(Matching::default(), filter), "{filter}");
        }
    }

    #[test]
    fn exact_matching_compares_case() {
        let exact = Matching { exact: true };
        assert!(!holds(exact, r#"userName eq "ada@example.com""#));
        assert!(holds(exact, r#"USERNAME eq "Ada@Example.com""#));
        assert!(!holds(exact, r#"userName sw "ada""#));
    }
}
