# shellcheck shell=bash
# Serves the composed file in other hosts than wasmtime. Source it after `door.sh`.

# The hosts with a function `serve_with_HOST`, which sets `served` and `served_log` as `serve` does.
hosts=(jco wash)

# serve_at: sets `served` to a free port, and `served_log`. Neither host takes port 0 and says which
# it has got.
serve_at() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  served=http://127.0.0.1:$port
  served_log=$(mktemp -p "$scratch")
}

# wait_for_health WHAT: waits until the process that was started last answers. `wash` listens before
# it has compiled the component, and answers 404 until then.
wait_for_health() {
  local begun=$SECONDS
  until curl --silent --fail --max-time 10 --output "$scratch/healthz" "$served/healthz"; do
    kill -0 "${started[-1]}" 2>/dev/null || fail "$1 ended: $(<"$served_log")"
    ((SECONDS - begun < 120)) || fail "$1 does not answer: $(<"$served_log")"
    sleep 0.2
  done
  printf 'ok: %s answers after %s s\n' "$1" "$((SECONDS - begun))"
}

serve_with_jco() {
  find_node
  npm_packages jco jco
  serve_at
  # It gives the component every variable of its environment.
  env -i PATH="$PATH" DOOR_TOKENS="$DOOR_TOKENS" DOOR_CONNECTIONS="$DOOR_CONNECTIONS" RETOOL_API_TOKEN="$RETOOL_API_TOKEN" \
    "$node_modules/.bin/jco" serve --host 127.0.0.1 --port "$port" "$both" >"$served_log" 2>&1 &
  started+=("$!")
  wait_for_health jco
}

serve_with_wash() {
  python_packages wash wash-requirements.txt
  serve_at
  local folder=$scratch/wash wash
  wash=$("$venv/bin/python" -c 'import wash_cli; print(wash_cli.__path__[0])')/wash
  # Some versions of pip drop the permission to execute it.
  chmod +x "$wash"
  mkdir -p "$folder/.wash"
  cp "$both" "$folder/both.wasm"
  # The file of the README, with the mock's address.
  sed "s|127.0.0.1:8090|127.0.0.1:$port|; s|https://acme.retool.com|$mock|; s|\"v2\"|\"v1\"|" wasmcloud.yaml \
    >"$folder/.wash/config.yaml"
  (cd "$folder" && HOME=$folder exec "$wash" dev --non-interactive) >"$served_log" 2>&1 &
  started+=("$!")
  wait_for_health wash
}
