//! The instructions of a release: what its files are, how to push it to a registry, and how to
//! precompile it.

use anyhow::{Context, Result};

use crate::facts::Facts;
use crate::{BILL, COMPONENT, CONTRACT, File, GUARDED, OPENAPI, PLATFORM, SCHEMAS, SERVED, SUMS};

/// Returns the notes about the files. Fails if one of them has no description.
pub(crate) fn contents(facts: &Facts, files: &[File]) -> Result<String> {
    let mut contents = format!(
        "# retool-lifecycle {}\n\n{}\n\nThe contract is `{}`. `sha256sum --check {SUMS}` checks the \
         files.\n\n| file | |\n| --- | --- |\n",
        facts.version(),
        facts.description(),
        component::CONTRACT,
    );
    let mut described: Vec<(&str, String)> = Vec::new();
    for File { path, .. } in files {
        // A folder has one line.
        let name = path.find('/').map_or(path.as_str(), |end| &path[..=end]);
        if described.last().is_none_or(|(last, _)| *last != name) {
            let purpose = purpose(name).with_context(|| format!("{name} has no description"))?;
            described.push((name, purpose));
        }
    }
    for (name, purpose) in described {
        contents += &format!("| `{name}` | {purpose} |\n");
    }
    Ok(contents)
}

/// Returns what a file of the release, or a folder, is for.
fn purpose(name: &str) -> Option<String> {
    let purpose = match name {
        COMPONENT => "the component, for any host of WASI 0.2 with outgoing HTTP",
        GUARDED => {
            "the component composed with a guard, for hosts that can't limit the origin: it reaches \
             only the one in the variable `EGRESS_GUARD_ORIGIN`"
        }
        SERVED => {
            "the component composed with the door, which serves every function over HTTP: \
             `wasmtime serve -S cli --addr 127.0.0.1:8090 …`; it answers nothing until \
             `DOOR_TOKENS` and `DOOR_CONNECTIONS` are set"
        }
        OPENAPI => "what the door answers, as OpenAPI 3.1",
        CONTRACT => "the contract as a WIT package in the binary format",
        BILL => "everything that is compiled into the component (CycloneDX)",
        "LICENSE" => "the licence",
        "PRECOMPILE.md" => "how to make a `.cwasm`, and what it must match",
        "push" => "pushes the component to an OCI registry",
        "wit/" => "the contract as text",
        _ if name.strip_suffix('/') == Some(SCHEMAS) => {
            "JSON Schema of every function: request, result and error"
        }
        _ if name.ends_with(".whl") => "the Python package: `pip install` it",
        _ if name.ends_with(".tgz") => "the npm package: `npm install` it",
        _ if name.ends_with(".tar.gz") => {
            return Some(format!("the command `retool-lifecycle` for {PLATFORM}"));
        }
        _ => return None,
    };
    Some(purpose.to_owned())
}

/// Returns the annotations of the manifest in a registry, with the names of the OCI image
/// specification.
fn annotations(facts: &Facts) -> Vec<(&'static str, String)> {
    let mut annotations = vec![
        ("title", facts.package.name.to_string()),
        ("description", facts.description().to_owned()),
        ("version", facts.version()),
        ("licenses", facts.package.license.clone().unwrap_or_default()),
    ];
    annotations.extend(facts.source.clone().map(|source| ("source", source)));
    annotations
}

/// Returns a script that pushes the component with `wkg`.
pub(crate) fn push(facts: &Facts) -> String {
    let mut script = format!(
        "#!/bin/sh\n\
         # Pushes the component to an OCI registry: ./push REGISTRY/NAMESPACE/NAME\n\
         # If REVISION is set, it is the commit that the component was built from. wkg uses the\n\
         # credentials of `docker login`, or WKG_OCI_USERNAME and WKG_OCI_PASSWORD.\n\
         set -eu\n\
         cd \"$(dirname \"$0\")\"\n\
         to=\"${{1:?where to: REGISTRY/NAMESPACE/NAME}}\"\n\
         set -- \"$to:{}\" {COMPONENT}\n\
         if [ -n \"${{REVISION:-}}\" ]; then\n  \
         set -- \"$@\" --annotation \"org.opencontainers.image.revision=$REVISION\"\n\
         fi\n\
         exec wkg oci push \"$@\"",
        facts.version()
    );
    for (name, value) in annotations(facts) {
        let annotation = quoted(&format!("org.opencontainers.image.{name}={value}"));
        script += &format!(" \\\n  --annotation {annotation}");
    }
    script.push('\n');
    script
}

/// Quotes a text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns the notes about precompiling, with the conditions that a `.cwasm` must meet.
pub(crate) fn precompile(facts: &Facts) -> String {
    let version = facts.wasmtime().unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    format!(
        "# Precompiling

`{COMPONENT}` runs anywhere. It is compiled when it is loaded, which takes a fraction of a second.
A `.cwasm` is the machine code from such a compilation. It is not part of a release, because it fits
only one kind of host. wasmtime refuses it if one of these differs:

- the major version of wasmtime. This release was tested with wasmtime {version}. Only wasmtime
  {major}.x loads its machine code;
- the target: processor and operating system, and the features of the processor that were used;
- the engine's settings that change code. The command `retool-lifecycle` sets
  `epoch_interruption(true)` and `concurrency_support(false)`, and no others.

Compile with the engine that loads the code, so that all of these match:

```rust
let code = engine.precompile_component(&std::fs::read(\"{COMPONENT}\")?)?;
std::fs::write(\"retool_lifecycle.cwasm\", code)?;
// Unsafe, because the code is run without checks. Load only a file that you have made yourself, in
// a folder that only you can write to.
let component = unsafe {{ Component::deserialize_file(&engine, \"retool_lifecycle.cwasm\")? }};
```

For an engine with wasmtime's own settings, its command line does the same:

```console
$ wasmtime compile {COMPONENT} -o retool_lifecycle.cwasm
$ wasmtime run --allow-precompiled -S http --invoke '…' retool_lifecycle.cwasm
```

The command `retool-lifecycle` does not need a `.cwasm`: it caches the machine code for the user.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_are_escaped_for_the_shell() {
        assert_eq!(quoted("it's $HOME `x`"), r"'it'\''s $HOME `x`'");
    }
}
