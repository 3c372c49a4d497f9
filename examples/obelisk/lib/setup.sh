# shellcheck shell=bash
# The component, the mock, the workflow and the engine, built where they are missing.

readonly OBELISK_VERSION=0.41.5

# Builds all that is needed, once; sets `mock`, `obelisk`, `component` and `workflow`.
set_up() {
    local tool target
    for tool in cargo curl jq rustup; do
        command -v "$tool" >/dev/null || die "$tool is needed"
    done
    target=$(cargo metadata --manifest-path "$root/Cargo.toml" --format-version 1 --no-deps --locked |
        jq -r .target_directory)

    say "building the component and the mock"
    (cd "$root" && cargo build --quiet --locked --package host-test)
    mock=$target/debug/retool-lifecycle
    component=$target/component/wasm32-wasip2/component/retool_lifecycle.wasm

    say "building the workflow"
    (
        cd "$here/offboarding-workflow"
        rustup target add wasm32-unknown-unknown >/dev/null 2>&1
        cargo build --quiet --locked --release --target wasm32-unknown-unknown \
            --target-dir "$target/obelisk/workflow"
    )
    workflow=$target/obelisk/workflow/wasm32-unknown-unknown/release/offboarding_workflow.wasm

    obelisk=$(command -v obelisk || true)
    if [[ $(version_of "$obelisk") != "$OBELISK_VERSION" ]]; then
        obelisk=$target/obelisk/engine/bin/obelisk
    fi
    if [[ $(version_of "$obelisk") != "$OBELISK_VERSION" ]]; then
        install_protoc
        say "building Obelisk $OBELISK_VERSION, which takes 20 minutes of processor time"
        # Its web interface is left out unless the feature `embed-assets` is asked for. It says
        # that it needs a newer Rust than it does.
        cargo install obelisk --version "$OBELISK_VERSION" --locked --ignore-rust-version \
            --root "$target/obelisk/engine" --target-dir "$target/obelisk/build"
        rm -rf "$target/obelisk/build"
    fi
    say "engine: Obelisk $("$obelisk" --version | sed 's/.* //')"
}

version_of() {
    [[ -x $1 ]] && "$1" --version | sed 's/.* //'
}

install_protoc() {
    command -v protoc >/dev/null && return
    if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
        say "installing protobuf-compiler"
        { apt-get update && apt-get install --yes --no-install-recommends protobuf-compiler; } >/dev/null
    else
        die "protoc is needed to build Obelisk (Debian: apt-get install protobuf-compiler)"
    fi
}
