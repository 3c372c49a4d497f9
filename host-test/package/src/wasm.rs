//! The component with its metadata.

use anyhow::{Context, Result};
use wasm_metadata::{AddMetadata, AddMetadataField, Description, Licenses, Source, Version};

use crate::facts::Facts;

/// Adds name, version, licence, description, source and compiler to the component.
pub(crate) fn with_metadata(component: &[u8], facts: &Facts) -> Result<Vec<u8>> {
    let mut add = AddMetadata::default();
    add.name = AddMetadataField::Set(facts.package.name.to_string());
    add.version = AddMetadataField::Set(Version::new(facts.version()));
    add.description = AddMetadataField::Set(Description::new(facts.description().to_owned()));
    add.licenses = AddMetadataField::Set(Licenses::new(facts.licence()?)?);
    if let Some(source) = &facts.source {
        let source = Source::new(source).with_context(|| format!("{source} is not a URL"))?;
        add.source = AddMetadataField::Set(source);
    }
    add.language = vec![("Rust".to_owned(), facts.package.edition.to_string())];
    if let Some((name, version)) = component::COMPILER.split_once(' ') {
        add.processed_by = vec![(name.to_owned(), version.to_owned())];
    }
    add.to_wasm(component).context("the metadata could not be added to the component")
}
