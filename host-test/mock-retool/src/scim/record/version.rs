//! Entity tags.

use serde_json::Value;

use crate::scim::attr::Fields;

/// Returns an entity tag that depends only on the content of a resource. It is the same below each
/// base.
pub(super) fn of(resource: &Fields) -> String {
    let mut digest = Digest(0xcbf2_9ce4_8422_2325);
    digest.fields(resource);
    format!("W/\"{:016x}\"", digest.0)
}

/// FNV-1a, which gives the same result on every machine.
struct Digest(u64);

impl Digest {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn fields(&mut self, fields: &Fields) {
        self.bytes(b"{");
        // `$ref` depends on the base of the request.
        for (name, value) in fields.iter().filter(|(name, _)| *name != "$ref") {
            self.bytes(name.as_bytes());
            self.value(value);
        }
        self.bytes(b"}");
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => self.fields(fields),
            Value::Array(values) => {
                self.bytes(b"[");
                values.iter().for_each(|value| self.value(value));
                self.bytes(b"]");
            }
            Value::String(text) => {
                self.bytes(b"\"");
                self.bytes(text.as_bytes());
            }
            plain => self.bytes(plain.to_string().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::of;

    #[test]
    fn the_tag_depends_on_the_content_and_not_on_references() {
        let tag = |value: Value| of(value.as_object().expect("an object"));
        let one = tag(json!({"a": [{"$ref": "http://one", "value": "b"}]}));
        assert_eq!(one, tag(json!({"a": [{"$ref": "http://other", "value": "b"}]})));
        for other in [
            json!({"a": [{"value": "c"}]}),
            json!({"a": [{"value": "b"}, {}]}),
            json!({"a": {"value": "b"}}),
            json!({"b": [{"value": "b"}]}),
            json!({}),
        ] {
            assert_ne!(one, tag(other.clone()), "{other}");
        }
        assert_ne!(tag(json!({"a": true})), tag(json!({"a": "true"})));
    }
}
