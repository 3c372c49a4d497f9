# shellcheck shell=bash
# Builds the component, the mock, the workflow and the engine if they are missing.

readonly OBELISK_VERSION=0.41.5

# Builds everything, once. Sets `mock`, `obelisk`, `component` and `workflow`.
#
# If they are missing, it installs Obelisk, with `cargo install`, and to build it protoc and its
# include files, as a Python package, into `$tools`. With INSTALL_PACKAGES=1 it also installs these:
#
# - curl and jq, as Debian packages;
# - Rust's target wasm32-unknown-unknown, with rustup.
set_up() {
    need curl curl
    need jq jq

    say "building the component and the mock"
    (cd "$root" && cargo build --quiet --locked --package retool-lifecycle-cli) ||
        not_built "The component and the mock"
    mock=$target/debug/retool-lifecycle
    component=$target/component/wasm32-wasip2/component/retool_lifecycle.wasm

    say "building the workflow"
    (
        cd "$here/offboarding-workflow"
        rust_target wasm32-unknown-unknown
        cargo build --quiet --locked --release --target wasm32-unknown-unknown --target-dir "$tools/workflow" ||
            not_built "The workflow"
    )
    workflow=$tools/workflow/wasm32-unknown-unknown/release/offboarding_workflow.wasm

    find_obelisk
    say "engine: Obelisk $("$obelisk" --version | sed 's/.* //')"
}

# rust_target TARGET: makes sure that Rust can build for a target.
rust_target() {
    if rustup target list --installed | grep -x "$1" >/dev/null; then return; fi
    [[ ${INSTALL_PACKAGES:-} == 1 ]] || fail "Rust's target $1 is needed. Add it (rustup target add $1)" \
        "and run this again. With INSTALL_PACKAGES=1, this script adds it."
    rustup --quiet target add "$1" || not_installed "Rust's target $1"
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
        python_packages protoc "$here/requirements.txt"
        export PROTOC=$venv/bin/protoc
        unset PROTOC_INCLUDE
    fi
    # The web interface is not built, because the feature `embed-assets` is off. Obelisk declares a
    # newer Rust version than it needs.
    cargo_tool obelisk "$OBELISK_VERSION" --ignore-rust-version obelisk
    obelisk=$installed
}
