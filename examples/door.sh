# shellcheck shell=bash
# Functions for `run` scripts that call the HTTP door. Source it after `shared.sh`.

# build_door: builds the door and composes it with the plugin. Call `build` before. Sets `door`,
# `compose` and `both`, the composed file.
build_door() {
  (cd "$root/examples/http/door" && CARGO_TARGET_DIR=$tools/door \
    cargo build --quiet --locked --release --target wasm32-wasip2) || not_built "The door"
  door=$tools/door/wasm32-wasip2/release/door.wasm
  (cd "$root/examples/http/compose" && cargo build --quiet --locked --target-dir "$tools/compose-wac") ||
    not_built "compose"
  compose=$tools/compose-wac/debug/compose
  both=$scratch/both.wasm
  "$compose" "$root/examples/http/both.wac" "$both" user-lifecycle:plugin="$component" user-lifecycle:door="$door" ||
    fail "the components could not be composed"
}

# configure_door TOKEN: exports the variables of a door with a connection `acme`, the mock, and a
# token that may do everything.
configure_door() {
  export DOOR_CONNECTIONS="{\"acme\": {\"base_url\": \"$mock\", \"dialect\": \"v1\"}}"
  DOOR_TOKENS="[{\"name\": \"me\", \"sha256\": \"$(printf %s "$1" | sha256sum | cut -d' ' -f1)\",
    \"functions\": [\"*\"], \"connections\": [\"acme\"]}]"
  export DOOR_TOKENS
}

# serve VARIABLE…: serves the composition with wasmtime on a free port, with these variables. Sets
# `served` to its base URL once it listens, and `served_log` to its log.
serve() {
  local variable variables=()
  for variable in "$@"; do
    variables+=(--env "$variable")
  done
  served_log=$(mktemp -p "$scratch")
  "$wasmtime" serve -S cli --addr 127.0.0.1:0 "${variables[@]}" "$both" >/dev/null 2>"$served_log" &
  started+=("$!")
  wait_for_served wasmtime
}

# wait_for_served WHAT: waits until the process that was started last has printed its base URL to
# `$served_log`. Sets `served` to it.
wait_for_served() {
  while ! served=$(grep --only-matching --max-count=1 'http://127.0.0.1:[1-9][0-9]*' "$served_log"); do
    kill -0 "${started[-1]}" 2>/dev/null || fail "$1 ended: $(<"$served_log")"
    sleep 0.05
  done
}

# serve_for_engines: serves two doors whose token is `open-sesame`. `served` is one with a mock of its
# own, `throttled` one whose mock always answers 429.
serve_for_engines() {
  local variables=(RETOOL_API_TOKEN DOOR_TOKENS DOOR_CONNECTIONS RETOOL_DEADLINE_MS RETOOL_MAX_ATTEMPTS)
  export RETOOL_API_TOKEN=one RETOOL_MAX_ATTEMPTS=1
  start_mock --token one --fault 'GET 429 retry-after=30'
  configure_door open-sesame
  RETOOL_DEADLINE_MS=2000 serve "${variables[@]}"
  throttled=$served
  start_mock --token one
  configure_door open-sesame
  RETOOL_DEADLINE_MS=60000 serve "${variables[@]}"
}
