//! Bodies of PATCH: operations as in RFC 6902. A server supports three of them.

use json_patch::PatchOperation;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Refusal;
use crate::options::MetadataPaths;

/// The body of a PATCH.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operations {
    operations: Vec<PatchOperation>,
}

impl Operations {
    /// Leaves out the operations inside the metadata, or refuses them, as the server does.
    pub(super) fn with_metadata_paths(mut self, paths: MetadataPaths) -> Result<Self, Refusal> {
        let is_inside =
            |operation: &PatchOperation| operation.path().to_string().starts_with("/metadata/");
        match paths {
            MetadataPaths::Known => {}
            MetadataPaths::Ignored => self.operations.retain(|operation| !is_inside(operation)),
            MetadataPaths::Refused if self.operations.iter().any(is_inside) => {
                return Err(Refusal::bad_request("Invalid path inside /metadata"));
            }
            MetadataPaths::Refused => {}
        }
        Ok(self)
    }

    /// Applies the operations to a record with these fields, all or none. No other fields can be
    /// changed.
    pub(super) fn apply<T: DeserializeOwned>(
        &self,
        fields: Map<String, Value>,
    ) -> Result<T, Refusal> {
        for operation in &self.operations {
            let name = match operation {
                PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Replace(_) => {
                    continue;
                }
                PatchOperation::Move(_) => "move",
                PatchOperation::Copy(_) => "copy",
                PatchOperation::Test(_) => "test",
            };
            return Err(Refusal::bad_request(format!("The operation {name} is not supported")));
        }
        let mut record = Value::Object(fields.clone());
        json_patch::patch(&mut record, &self.operations)
            .map_err(|error| Refusal::bad_request(format!("Invalid operation: {error}")))?;
        let unknown = record
            .as_object()
            .and_then(|after| after.keys().find(|name| !fields.contains_key(*name)));
        if let Some(name) = unknown {
            return Err(Refusal::bad_request(format!("/{name} cannot be changed")));
        }
        serde_json::from_value(record)
            .map_err(|error| Refusal::bad_request(format!("Invalid value: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Operations, Refusal};

    fn apply(operations: Value) -> Result<Value, Refusal> {
        let fields: Map<String, Value> =
            [("name".to_owned(), json!("a")), ("metadata".to_owned(), json!({"x/y": 1, "~": 2}))]
                .into_iter()
                .collect();
        let body: Operations =
            serde_json::from_value(json!({ "operations": operations })).expect("a body");
        body.apply(fields)
    }

    #[test]
    fn each_operation_does_what_the_rfc_says() {
        let result = apply(json!([
            {"op": "replace", "path": "/name", "value": "b"},
            {"op": "add", "path": "/metadata/new", "value": {"deep": [1, 2]}},
            {"op": "add", "path": "/metadata/new/deep/1", "value": null},
            {"op": "replace", "path": "/metadata/x~1y", "value": true},
            {"op": "remove", "path": "/metadata/~0"},
        ]));
        let metadata = json!({"x/y": true, "new": {"deep": [1, null, 2]}});
        assert_eq!(result, Ok(json!({"name": "b", "metadata": metadata})));
    }

    #[test]
    fn impossible_operations_are_refused() {
        for operation in [
            json!({"op": "add", "path": "/other", "value": 1}),
            json!({"op": "replace", "path": "/other", "value": 1}),
            json!({"op": "remove", "path": "/other"}),
            json!({"op": "remove", "path": "/metadata/other"}),
            json!({"op": "replace", "path": "/metadata/other", "value": 1}),
            json!({"op": "add", "path": "/metadata/other/deep", "value": 1}),
            json!({"op": "move", "from": "/name", "path": "/metadata/name"}),
            json!({"op": "copy", "from": "/name", "path": "/metadata/name"}),
            json!({"op": "test", "path": "/name", "value": "a"}),
        ] {
            assert!(apply(json!([operation])).is_err(), "{operation}");
        }
    }
}
