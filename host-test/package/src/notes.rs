//! How a release is pushed to a registry, and how it is precompiled.

use crate::COMPONENT;
use crate::facts::Facts;

/// What the manifest in a registry says, by the names that the OCI image specification gives.
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

/// A script that pushes the component: the command of `wkg`.
pub(crate) fn push(facts: &Facts) -> String {
    let mut script = format!(
        "#!/bin/sh\n\
         # Pushes the component to an OCI registry: ./push REGISTRY/NAMESPACE/NAME\n\
         # REVISION, if it is set, is the commit that it was built from. wkg takes the credentials of\n\
         # `docker login`, or WKG_OCI_USERNAME and WKG_OCI_PASSWORD.\n\
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

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What a `.cwasm` must match.
pub(crate) fn precompile(facts: &Facts) -> String {
    let version = facts.wasmtime().unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    format!(
        "# Precompiling

`{COMPONENT}` runs anywhere, and is compiled where it is loaded, which takes a fraction of a
second. A `.cwasm` is that machine code, made beforehand. It is not part of a release, because it
fits one kind of host only; wasmtime refuses it where one of these differs:

- the major version of wasmtime: this release was tested with wasmtime {version}, whose machine
  code another {major}.x loads, and no other major version;
- the target: processor and operating system, and the processor's features that were compiled for;
- the settings of the engine that change code. The command `retool-lifecycle` sets
  `epoch_interruption(true)` and `concurrency_support(false)`, and leaves the others as they are.

Make it with the engine that loads it, so that they agree:

```rust
let code = engine.precompile_component(&std::fs::read(\"{COMPONENT}\")?)?;
std::fs::write(\"retool_lifecycle.cwasm\", code)?;
// Unsafe, because it is run as it stands: only what you made yourself, where nobody else writes.
let component = unsafe {{ Component::deserialize_file(&engine, \"retool_lifecycle.cwasm\")? }};
```

For an engine with wasmtime's own settings, its command line does the same:

```console
$ wasmtime compile {COMPONENT} -o retool_lifecycle.cwasm
$ wasmtime run --allow-precompiled -S http --invoke '…' retool_lifecycle.cwasm
```

The command `retool-lifecycle` needs none of it: it keeps the machine code in the user's cache.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_shell_cannot_be_left() {
        assert_eq!(quoted("it's $HOME `x`"), r"'it'\''s $HOME `x`'");
    }
}
