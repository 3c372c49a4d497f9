# shellcheck shell=bash
# A mock Retool, nodes of the engine, and requests to them.

# The mock's token, which the component must not see.
readonly TOKEN=a-token-that-stays-outside
readonly RETOOL=user-lifecycle:retool
VERSION=$(sed -n 's/^package .*@\(.*\);/\1/p' "$root/wit/world.wit")
readonly VERSION
readonly OFFBOARDING=example:offboarding/offboarding@0.1.0.run

# start_mock OPTION...: sets `origin`.
start_mock() {
    "$mock" mock --port 0 --token "$TOKEN" --json "$@" >"$work/mock.json" 2>"$work/mock.log" &
    processes+=($!)
    wait_for 30 "the mock" grep -q base_url "$work/mock.json"
    origin=$(jq -r .base_url "$work/mock.json")
}

# Prints the requests that the mock has served so far, one JSON object per line, without tokens.
requests() {
    curl --silent --fail "$origin/_mock/requests" | jq -c '.requests[]'
}

writes() {
    requests | jq -c 'select(.method != "GET")'
}

# retool PATH: reads from the mock, like an administrator.
retool() {
    curl --silent --fail --header "Authorization: Bearer $TOKEN" "$origin$1"
}

# prepare_node SERVER-CONFIG: creates the folder that nodes run from.
prepare_node() {
    mkdir -p "$work/node/approval/deps/retool"
    cp "$component" "$workflow" "$here/deployment.toml" "$work/node"
    cp "$here/approval/approval.wit" "$work/node/approval"
    cp "$root"/wit/*.wit "$work/node/approval/deps/retool"
    cp "$here/$1" "$work/node/server.toml"
}

# start_node NAME OPTION...: sets `node` and `OBELISK_API_URL`.
start_node() {
    local name=$1 port
    shift
    port=$(free_port)
    export OBELISK_API_URL=http://127.0.0.1:$port
    RETOOL_ORIGIN=$origin RETOOL_API_TOKEN=$TOKEN OBELISK__API__LISTENING_ADDR=127.0.0.1:$port \
        "$obelisk" server run --server-config "$work/node/server.toml" "$@" >"$work/$name.log" 2>&1 &
    node=$!
    processes+=("$node")
    wait_for 120 "node $name" answers
}

answers() {
    ask functions >/dev/null 2>&1
}

# Prints an unused port.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    say "$port"
}

# ask PATH: sends a request to the engine's API.
ask() {
    curl --silent --fail --header "Authorization: Bearer $OBELISK_API_TOKEN" \
        --header 'Accept: application/json' "$OBELISK_API_URL/v1/$1"
}

# submit FUNCTION PARAMETERS: starts an execution and prints its id.
submit() {
    local id
    id=$("$obelisk" generate execution-id)
    printf '%s' "$2" >"$work/parameters.json"
    "$obelisk" execution submit --execution-id "$id" "$1" "@$work/parameters.json" >>"$work/client.log"
    say "$id"
}

# result ID: waits for the end of the execution, and prints `{"ok": …}` or `{"err": …}`.
result() {
    wait_for "${2:-120}" "the result of $1" finished "$1"
    ask "executions/$1"
}

finished() {
    ask "executions/$1" >/dev/null 2>&1
}

# events ID: prints what the engine has recorded about the execution.
events() {
    ask "executions/$1/events?version=0&including_cursor=true&length=100" | jq '[.events[].event]'
}

# tries ID: prints how often the engine has started the execution.
tries() {
    events "$1" | jq 'map(objects | select(.locked)) | length'
}

# failures ID: prints the errors after which the engine retried, as `["case","code"]`.
failures() {
    events "$1" | jq -c '.[] | objects.temporarily_failed.detail // empty | fromjson.value
        | to_entries[0] | [.key, .value.code]'
}

has_failed() {
    [[ -n $(failures "$1") ]]
}

# desk ID: waits until a workflow asks a person, and prints the id of the question.
desk() {
    wait_for 60 "the question of $1" is_asking "$1"
    questions "$1"
}

is_asking() {
    [[ -n $(questions "$1") ]]
}

questions() {
    ask "executions?execution_id_prefix=$1&show_derived=true&ffqn_prefix=example:approval/&hide_finished=true" |
        jq -r '.[].execution_id'
}

# plan_asked ID: prints the plan of a question.
plan_asked() {
    events "$1" | jq '.[].created.params[0] // empty'
}

# decide QUESTION DIGEST true|false: answers a question, like a person.
decide() {
    "$obelisk" execution stub "$1" \
        "{\"ok\": {\"digest\": \"$2\", \"approved\": $3, \"by\": \"grace@example.com\"}}" >>"$work/client.log"
}

# connection_to URL DIALECT
connection_to() {
    jq -cn --arg url "$1" --arg dialect "$2" \
        '{base_url: $url, dialect: $dialect, api_token_variable: null, scim_token_variable: null}'
}
