//! The size of the component, and the share of each crate.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use host_test::Host;
use rustc_demangle::demangle;
use serde::Serialize;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// The measured sizes.
#[derive(Serialize)]
pub struct Size {
    bytes: usize,
    gzipped: usize,
    /// Bytes of code by crate, the largest first.
    code: Vec<(String, usize)>,
    data: usize,
}

/// Measures the embedded component, and the same component with function names.
pub fn measure() -> Size {
    let component = Host::embedded_component();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(component).expect("memory");
    let named = named();
    let shares = shares(&named);
    let mut code: Vec<(String, usize)> = shares.code.into_iter().collect();
    code.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let gzipped = gzip.finish().expect("memory").len();
    eprintln!("component: {} bytes, {gzipped} gzipped", component.len());
    Size { bytes: component.len(), gzipped, code, data: shares.data }
}

/// Builds the component again, with the names of its functions.
fn named() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("named");
    let done = Command::new(env!("CARGO"))
        .current_dir(&root)
        .args(["build", "--quiet", "--lib", "--package", "retool-lifecycle"])
        .args(["--profile", "component", "--target", "wasm32-wasip2"])
        .args(["--config", "profile.component.strip=false", "--target-dir"])
        .arg(&target)
        .status();
    assert!(done.is_ok_and(|status| status.success()), "the component did not build with names");
    std::fs::read(target.join("wasm32-wasip2/component/retool_lifecycle.wasm")).expect("its file")
}

struct Shares {
    code: BTreeMap<String, usize>,
    data: usize,
}

/// Sums the functions of the one large module in the component by crate.
fn shares(component: &[u8]) -> Shares {
    let mut modules: Vec<Module> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.expect("a component");
        match payload {
            Payload::ModuleSection { .. } => modules.push(Module::default()),
            other => {
                if let Some(module) = modules.last_mut() {
                    module.take(other);
                }
            }
        }
    }
    let largest = modules.into_iter().max_by_key(|module| module.sizes.len());
    let module = largest.expect("a module");
    let mut code = BTreeMap::new();
    for (index, size) in module.sizes.iter().enumerate() {
        let name = module.names.get(&(module.imported + index as u32));
        let owner = name.map_or("(no name)".to_owned(), |name| owner(name));
        *code.entry(owner).or_default() += size;
    }
    Shares { code, data: module.data }
}

/// One core module.
#[derive(Default)]
struct Module {
    imported: u32,
    sizes: Vec<usize>,
    names: BTreeMap<u32, String>,
    data: usize,
}

impl Module {
    fn take(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::ImportSection(imports) => {
                let functions = imports.into_imports().flatten();
                let functions = functions.filter(|import| matches!(import.ty, TypeRef::Func(_)));
                self.imported += functions.count() as u32;
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                self.sizes.push(range.end - range.start);
            }
            Payload::DataSection(data) => {
                self.data += data.into_iter().flatten().map(|data| data.data.len()).sum::<usize>();
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for name in names.into_iter().flatten() {
                        let Name::Function(functions) = name else { continue };
                        for function in functions.into_iter().flatten() {
                            self.names.insert(function.index, function.name.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Returns the crate of a function: the first one in its path.
fn owner(name: &str) -> String {
    let name = format!("{:#}", demangle(name));
    const CRATES: [&str; 13] = [
        "retool_lifecycle",
        "serde_json",
        "serde_core",
        "serde",
        "base64",
        "percent_encoding",
        "sha2",
        "siphasher",
        "uuid",
        "dlmalloc",
        "wasip2",
        "alloc",
        "core",
    ];
    if name.contains("user-lifecycle:retool/") {
        return "retool_lifecycle".to_owned();
    }
    let at = |owner: &&&str| name.find(&format!("{owner}::"));
    let first = CRATES.iter().filter(|owner| at(owner).is_some()).min_by_key(|owner| at(owner));
    first.map_or_else(|| "others".to_owned(), |owner| (*owner).to_owned())
}
