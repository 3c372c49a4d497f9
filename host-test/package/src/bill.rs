//! The bill of materials: everything that is compiled into the component, and nothing that only
//! tests or runs it. It has no time and no random number, so it is the same for the same sources.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Package, PackageId};
use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::external_models::uri::{Purl, Uri};
use cyclonedx_bom::models::bom::{Bom, SpecVersion};
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::external_reference::{
    self, ExternalReference, ExternalReferenceType, ExternalReferences,
};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;

use crate::facts::Facts;

/// Creates the bill of materials as CycloneDX 1.5 in JSON.
pub(crate) fn json(facts: &Facts) -> Result<Vec<u8>> {
    let used = used(facts)?;
    let packages: BTreeMap<&PackageId, &Package> =
        facts.metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let package = |id: &PackageId| packages.get(id).copied().context(INCOMPLETE);
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (id, needs) in &used {
        let user = package(id)?;
        if **id != facts.package.id {
            components.push(component(user, facts)?);
        }
        let mut needs: Vec<String> =
            needs.iter().map(|id| Ok(purl(package(id)?)?.to_string())).collect::<Result<_>>()?;
        needs.sort();
        dependencies
            .push(Dependency { dependency_ref: purl(user)?.to_string(), dependencies: needs });
    }
    // Sort by name, not by cargo's ids, because they contain folders of this machine.
    components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
    dependencies.sort_by(|one, other| one.dependency_ref.cmp(&other.dependency_ref));
    let bom = Bom {
        serial_number: None,
        spec_version: SpecVersion::V1_5,
        metadata: Some(Metadata {
            component: Some(component(&facts.package, facts)?),
            ..Metadata::default()
        }),
        components: Some(Components(components)),
        dependencies: Some(Dependencies(dependencies)),
        ..Bom::default()
    };
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json).context("the bill of materials could not be written")?;
    json.push(b'\n');
    Ok(json)
}

/// The message if cargo's metadata lacks a package.
const INCOMPLETE: &str = "cargo's dependency tree is incomplete";

/// Lists the component's package and everything that is compiled into it, each with its
/// dependencies.
fn used(facts: &Facts) -> Result<BTreeMap<&PackageId, BTreeSet<&PackageId>>> {
    let resolve = facts.metadata.resolve.as_ref().context("cargo listed no dependencies")?;
    let mut used = BTreeMap::new();
    let mut waiting = vec![&facts.package.id];
    while let Some(id) = waiting.pop() {
        if used.contains_key(id) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == *id);
        let node = node.context(INCOMPLETE)?;
        let compiled_in = node.deps.iter().filter(|dependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        });
        let needs: BTreeSet<_> = compiled_in.map(|dependency| &dependency.pkg).collect();
        waiting.extend(&needs);
        used.insert(id, needs);
    }
    Ok(used)
}

fn purl(package: &Package) -> Result<Purl> {
    let purl = Purl::new("cargo", package.name.as_str(), &package.version.to_string());
    purl.with_context(|| format!("{} has no package URL", package.name))
}

fn component(package: &Package, facts: &Facts) -> Result<Component> {
    let purl = purl(package)?;
    let (name, version) = (package.name.as_str(), package.version.to_string());
    let own = package.id == facts.package.id;
    let class = if own { Classification::Application } else { Classification::Library };
    let mut component = Component::new(class, name, &version, Some(purl.to_string()));
    component.purl = Some(purl);
    component.description = package.description.as_deref().map(|text| {
        let text: Vec<&str> = text.split_whitespace().collect();
        NormalizedString::new(&text.join(" "))
    });
    component.licenses = package.license.as_deref().map(|licence| {
        // Older manifests use `/`, from before SPDX had expressions.
        Licenses(vec![LicenseChoice::expression(&licence.replace('/', " OR "))])
    });
    component.hashes = checksum(package, facts).map(|content| {
        Hashes(vec![Hash { alg: HashAlgorithm::SHA_256, content: HashValue(content) }])
    });
    let source = if own { &facts.source } else { &package.repository };
    component.external_references = source.as_deref().map(|url| {
        let url = external_reference::Uri::Url(Uri::new(url));
        ExternalReferences(vec![ExternalReference::new(ExternalReferenceType::Vcs, url)])
    });
    Ok(component)
}

/// Returns the checksum of the published package, which cargo has verified.
fn checksum(package: &Package, facts: &Facts) -> Option<String> {
    let version = package.version.to_string();
    let mut locked = facts.lock.packages.iter();
    let locked = locked.find(|locked| {
        locked.name.as_str() == package.name.as_str() && locked.version.to_string() == version
    })?;
    Some(locked.checksum.as_ref()?.to_string())
}
