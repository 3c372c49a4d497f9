# shellcheck shell=bash
# Two nodes on one PostgreSQL, one of which is killed.

readonly EACH=100

postgres() {
    step "PostgreSQL, a mock Retool and two nodes"
    start_database
    # The answer to the 51st creation is slow, so that the node can be killed while it waits: the
    # person has been created, but the engine has not recorded that yet.
    start_mock --users $((EACH + EACH / 4)) --fault "POST /api/v1/users drip=1/1000 skip=$((EACH / 2)) times=1"
    prepare_node server-postgres.toml
    export POSTGRES_HOST=$work/postgres POSTGRES_USER=obelisk POSTGRES_PASSWORD=unused POSTGRES_DATABASE=obelisk
    start_node one --deployment "$work/node/deployment.toml"
    local one=$node url=$OBELISK_API_URL
    # It takes the deployment from the database.
    start_node two
    local two=$node
    say "node one is at $url, node two at $OBELISK_API_URL"

    step "$((EACH * 2)) steps: $EACH people to create, $EACH to disable"
    local connection request id question plan
    connection=$(connection_to "$origin" v1)
    # The last $EACH people who are not administrators are left out; all others stay unchanged.
    request=$(people | jq -c --argjson each "$EACH" -L "$here/lib" 'include "request";
        map(select(.isDisabled | not)) | sort_by(.isAdmin | not) | .[:-$each]
        | map(.email | stays) + [range($each) | "new\(.)@example.com" | arrives("New"; "Person"; [])]
        | request(100)')
    people >"$work/before.json"
    id=$(submit "$OFFBOARDING" "[$connection, $request]")
    question=$(desk "$id")
    plan=$(plan_asked "$question")
    expect "planned steps" $((EACH * 2)) "$(jq '.steps | length' <<<"$plan")"
    decide "$question" "$(jq -r .digest <<<"$plan")" true

    wait_for 300 "the creation that is answered slowly" writes_are $((EACH / 2 + 1))
    local victim survivor
    if holds_a_connection "$one"; then
        victim=$one survivor=$two
    elif holds_a_connection "$two"; then
        victim=$two survivor=$one OBELISK_API_URL=$url
    else
        fail "no node has a request under way"
    fi
    kill -KILL "$victim"
    forget "$victim"
    say "after $(writes | wc -l) writes, a node was killed in the middle of a request"

    local report
    report=$(result "$id" 600 | jq -c .ok)
    [[ -e /proc/$survivor ]] || fail "the other node ended"
    say "report of the other node: $(jq -c 'del(.digest) | .tombstones |= length' <<<"$report")"
    nothing_is_lost_or_repeated
}

nothing_is_lost_or_repeated() {
    step "nothing is lost, nothing is done twice"
    expect "the report" '["carried_out",199,1,[],0]' \
        "$(jq -c '[.outcome, .applied, .already_so, .undone, .left]' <<<"$report")"
    # Compare by method and person, because the id of a new person is not known.
    local each
    each=$(writes | jq -r '"\(.method) \(if .method == "POST" then .body.email else .path end)"' | sort)
    expect "writes" $((EACH * 2)) "$(wc -l <<<"$each")"
    expect "writes that were made twice" "" "$(uniq -d <<<"$each")"
    expect "creations" "$EACH" "$(grep -c '^POST new[0-9]*@example.com$' <<<"$each")"
    expect "people who were disabled according to the log" "$(leavers)" "$(sed -n 's/^PUT .*\///p' <<<"$each" | sort)"

    # Expected: the people from before, with the leavers disabled, and the new people.
    local expected
    expected=$(jq --arg leavers "$(leavers)" --argjson each "$EACH" '
        ($leavers | split("\n")) as $leavers
        | map({email, isDisabled: (.isDisabled or (.id | IN($leavers[])))})
            + [range($each) | {email: "new\(.)@example.com", isDisabled: false}]
        | sort_by(.email)' "$work/before.json")
    expect "people" "$expected" "$(people | jq 'map({email, isDisabled}) | sort_by(.email)')"
    say "$(wc -l <<<"$each") writes, one for each person; the interrupted step was already so"
}

# Prints the ids of the people that the request leaves out, sorted.
leavers() {
    jq -r --argjson each "$EACH" '
        map(select(.isDisabled | not)) | sort_by(.isAdmin | not) | .[-$each:][].id' "$work/before.json" | sort
}

people() {
    retool '/api/v1/users?pageSize=1000' | jq -c .users
}

writes_are() {
    (($(writes | wc -l) >= $1))
}

# Checks whether a process has a connection to the mock. The kernel's table lists the sockets of
# open connections, and the process's folder lists the sockets of the process.
holds_a_connection() {
    local port sockets
    printf -v port '%04X' "${origin##*:}"
    sockets=$(awk -v port=":$port" '$3 ~ port "$" && $4 == "01" { print "socket:[" $10 "]" }' /proc/net/tcp)
    [[ -n $sockets ]] && ls -l "/proc/$1/fd" | grep --quiet --fixed-strings "$sockets"
}

# Starts a new database cluster. It is reachable only through a socket in its folder.
start_database() {
    local tool
    [[ -n $(postgres_tool initdb) ]] || debian_package postgresql "PostgreSQL's initdb"
    for tool in initdb pg_ctl; do
        [[ -n $(postgres_tool "$tool") ]] || fail "PostgreSQL's $tool was not found"
    done
    mkdir "$work/postgres"
    # The server refuses to run as root.
    as=()
    if [[ $(id -u) == 0 ]]; then
        local owner=postgres
        id "$owner" >/dev/null 2>&1 || owner=nobody
        chown "$owner" "$work/postgres"
        as=(runuser -u "$owner" --)
    fi
    at_the_end=stop_database
    in_database "$(postgres_tool initdb)" --pgdata data --username obelisk --auth trust >"$work/initdb.log"
    in_database "$(postgres_tool pg_ctl)" --pgdata data --wait --timeout 60 --log log \
        --options "-c listen_addresses= -c unix_socket_directories=$work/postgres" start >"$work/pg_ctl.log"
    say "$("$(postgres_tool initdb)" --version | sed 's/.*(PostgreSQL)/PostgreSQL/')"
}

stop_database() {
    in_database "$(postgres_tool pg_ctl)" --pgdata data --mode immediate stop >/dev/null 2>&1
}

in_database() {
    (cd "$work/postgres" && "${as[@]}" "$@")
}

# Finds a PostgreSQL tool. On Debian they are not on the path.
postgres_tool() {
    command -v "$1" || compgen -G "/usr/lib/postgresql/*/bin/$1" | sort --version-sort | tail -n 1
}
