# Functions for the examples' `run` scripts. Source it, then call `build` and `start_mock`. At the
# end of a script, its processes are stopped and the folder `$scratch` is removed.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

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

# say TEXT…: prints a heading.
say() { printf '\n-- %s\n' "$*"; }

# build: builds the component and the command, which includes the mock. Sets `retool` and
# `component`.
build() {
  (cd "$root" && cargo build --quiet --locked --bin retool-lifecycle) ||
    not_built "The component and the command"
  retool=$target/debug/retool-lifecycle
  component=$target/component/wasm32-wasip2/component/retool_lifecycle.wasm
  [[ -x $retool && -f $component ]] || fail "the build left no $retool or no $component"
}

# release ARGUMENT…: writes a release, without the command unless the arguments say otherwise. Sets
# `released` to its folder, and `component`, `wheel` and `tarball` to its files.
release() {
  local arguments=("$@")
  ((${#arguments[@]} > 0)) || arguments=(--without-command)
  released=$tools/release
  (cd "$root" &&
    cargo run --quiet --locked --bin package -- --out "$released" "${arguments[@]}") >/dev/null ||
    not_built "A release"
  component=$released/retool_lifecycle.wasm
  wheel=$(echo "$released"/retool_lifecycle-*.whl)
  tarball=$(echo "$released"/retool-lifecycle-*.tgz)
}

# install_wheel: installs the wheel of the release into the virtual environment `$venv`.
install_wheel() {
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
    --force-reinstall "$wheel" || fail "the wheel could not be installed"
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
