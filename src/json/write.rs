//! Writing JSON: small bodies of texts and flags.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A text as JSON, with its quotes.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            ..' ' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}

/// An array of what is JSON already.
pub fn array(items: &[String]) -> String {
    let mut array = String::from("[");
    for (at, item) in items.iter().enumerate() {
        array.push_str(if at == 0 { "" } else { "," });
        array.push_str(item);
    }
    array.push(']');
    array
}

/// An object, as far as it is written.
#[derive(Default)]
pub struct Object(String);

impl Object {
    /// With a field whose value is JSON already.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// With a text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &quoted(value))
    }

    /// With a text, if there is one.
    #[must_use]
    pub fn text_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// With a flag.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// With a flag, if there is one.
    #[must_use]
    pub fn flag_if(self, name: &str, value: Option<bool>) -> Self {
        match value {
            Some(value) => self.flag(name, value),
            None => self,
        }
    }

    /// With an array of what is JSON already.
    #[must_use]
    pub fn list(self, name: &str, items: &[String]) -> Self {
        self.raw(name, &array(items))
    }

    /// The whole object.
    /// Whether it has no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole object.
    pub fn into_json(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
    /// The same, as what is sent.
    pub fn into_body(self) -> Vec<u8> {
        self.into_json().into_bytes()
    }
}
