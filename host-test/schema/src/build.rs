//! What build scripts share that write the contract as Rust.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use heck::ToUpperCamelCase;

use crate::{Contract, Function};

/// A build script that is running.
pub struct BuildScript {
    /// The contract.
    pub contract: Contract,
    /// The folder with its WIT.
    pub wit: PathBuf,
    out: PathBuf,
}

impl BuildScript {
    /// Reads the contract from a folder, relative to that of the package. Cargo runs the script
    /// again when it changes.
    pub fn start(wit: &str) -> Result<BuildScript> {
        let wit = Path::new(&variable("CARGO_MANIFEST_DIR")?).join(wit);
        println!("cargo::rerun-if-changed={}", wit.display());
        let out = PathBuf::from(variable("OUT_DIR")?);
        Ok(BuildScript { contract: Contract::read(&wit)?, wit, out })
    }

    /// Writes a file to the folder `OUT_DIR`.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let file = self.out.join(name);
        fs::write(&file, content).with_context(|| format!("writing {}", file.display()))
    }
}

/// Returns the value of a variable that cargo sets for build scripts.
pub fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; run this through cargo"))
}

impl Contract {
    /// Returns the functions as an invocation of a macro `functions!`, and `RESPELLED`, which has
    /// [`Contract::respelled_fields`]. `package` is the module of the package. An entry is
    ///
    /// ```text
    /// "directory/find-user" FindUser directory find_user given { user: retool::types::UserRef, } (&given.user, );
    /// ```
    ///
    /// the path, a name for an enumeration, the module and the name in the bindings, the fields of
    /// the request, and how they are passed if the request is in a variable `given`.
    pub fn rust_functions(&self, package: &str) -> Result<String> {
        let mut text = String::from("functions! {\n");
        for function in self.functions() {
            text += &entry(function, package)?;
        }
        let respelled: Vec<&str> = self.respelled_fields()?.into_iter().collect();
        writeln!(text, "}}\npub(crate) const RESPELLED: &[&str] = &{respelled:?};")?;
        Ok(text)
    }
}

fn entry(function: Function<'_>, package: &str) -> Result<String> {
    let mut fields = String::new();
    let mut passed = String::new();
    for parameter in function.parameters(package)? {
        let (name, (before, after)) = (&parameter.name, parameter.lent);
        write!(fields, "{name}: {}, ", parameter.owned)?;
        write!(passed, "{before}given.{name}{after}, ")?;
    }
    let (path, variant) = (function.path(), function.name().to_upper_camel_case());
    let (module, name) = (function.rust_module(), function.rust_name());
    Ok(format!("    {path:?} {variant} {module} {name} given {{ {fields}}} ({passed});\n"))
}
