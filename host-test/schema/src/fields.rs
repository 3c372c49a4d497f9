//! Names of fields in the paths that the component gives.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use wit_parser::TypeDefKind;

use crate::Contract;

impl Contract {
    /// Returns every name of a record's field or a parameter that has another spelling in JSON, in
    /// order. In a path such as `request.former-emails[0]`, these are the names to spell with `_`.
    ///
    /// Fails if one of them is also a case with a payload, as a path may go through such a case, and
    /// its name has `-` in JSON too.
    pub fn respelled_fields(&self) -> Result<BTreeSet<&str>> {
        let mut fields = BTreeSet::new();
        let mut cases = BTreeSet::new();
        for id in self.types.values() {
            match &self.resolve.types[*id].kind {
                TypeDefKind::Record(record) => {
                    fields.extend(record.fields.iter().map(|field| field.name.as_str()));
                }
                TypeDefKind::Variant(variant) => {
                    let carrying = variant.cases.iter().filter(|case| case.ty.is_some());
                    cases.extend(carrying.map(|case| case.name.as_str()));
                }
                _ => {}
            }
        }
        for place in &self.functions {
            fields.extend(place.parameters.iter().map(|parameter| parameter.name.as_str()));
        }
        fields.retain(|name| name.contains('-'));
        for name in &fields {
            ensure!(!cases.contains(name), "{name} is a field, and a case with a payload too");
        }
        Ok(fields)
    }
}
