# shellcheck shell=bash
# One machine with SQLite.

sqlite() {
    step "a mock Retool and the engine"
    # The first three requests for groups fail. That is how often the component tries.
    start_mock --users 12 --fault 'GET /api/v2/groups 503 times=3'
    prepare_node server-sqlite.toml
    start_node node --deployment "$work/node/deployment.toml"
    say "the mock is at $origin, the engine at $OBELISK_API_URL"
    connection=$(connection_to "$origin" v2)

    every_function_is_there
    what_is_permanent_is_tried_once
    no_other_origin
    a_person_decides
    the_token_stays_outside
}

functions() {
    start_mock
    prepare_node server-sqlite.toml
    start_node node --deployment "$work/node/deployment.toml"
    every_function_is_there
}

# The engine silently ignores a function whose signature it does not support.
every_function_is_there() {
    step "the engine accepts every function of wit/"
    local wanted found
    wanted=$(exports)
    [[ -n $wanted ]] || fail "no function was found in wit/"
    found=$(ask functions | jq -r '.[].ffqn' | grep "^$RETOOL/" | sort)
    diff <(say "$wanted") <(say "$found") >&2 || fail "the engine's functions are not those of wit/"
    say "$found"
    say "all $(wc -l <<<"$found") are there"
}

# Prints every function of the contract, with the engine's name for it.
exports() {
    awk '
        /^package / { sub(/;$/, "", $2); split($2, package, "@") }
        /^interface / { interface = $2 }
        /^    [a-z0-9-]+: func\(/ { sub(/:$/, "", $1); print package[1] "/" interface "@" package[2] "." $1 }
    ' "$root"/wit/*.wit | sort
}

what_is_permanent_is_tried_once() {
    step "the engine tries again, but not what is permanent"
    local id
    id=$(submit "$RETOOL/directory@$VERSION.page-groups" \
        "[$connection, {\"cursor\": null, \"page_size\": null, \"with_members\": false, \"with_other_ids\": false}]")
    expect "the end of a call that failed once" ok "$(result "$id" | jq -r 'keys[0]')"
    expect "how often it was tried" 2 "$(tries "$id")"
    say "the server fails for a while: $(failures "$id"), then ok; tried twice"

    id=$(submit "$RETOOL/lifecycle@$VERSION.provision" "[$connection, {
        \"email\": \"ada@example.com\", \"login\": null, \"former_emails\": [],
        \"first_name\": \"Ada\", \"last_name\": \"Byron\", \"user_type\": \"default\", \"admin\": null,
        \"profile_photo_url\": null, \"metadata\": null, \"attributes\": [], \"clear\": [],
        \"groups\": [{\"group\": {\"name\": \"No such group\"}, \"group_admin\": null}],
        \"create_missing_groups\": false, \"create_missing\": true, \"update_existing\": true,
        \"re_enable_disabled\": false, \"way_in\": null, \"skip_lookup\": null}]")
    expect "the end of a call for a group that is missing" '["permanent","not_found"]' \
        "$(result "$id" | jq -c '.err | to_entries[0] | [.key, .value.kind]')"
    expect "how often it was tried" 1 "$(tries "$id")"
    expect "writes" "" "$(writes)"
    say "a group is missing: permanent, not_found; tried once"
}

no_other_origin() {
    step "no other origin is reached"
    local id before
    before=$(requests | wc -l)
    # The same server by another name.
    id=$(submit "$RETOOL/directory@$VERSION.find-user" \
        "[$(connection_to "${origin/127.0.0.1/localhost}" v2), {\"email\": \"ada@example.com\"}]")
    wait_for 30 "the failure of $id" has_failed "$id"
    "$obelisk" execution cancel "$id" >>"$work/client.log"
    expect "the error" '["transient","connection-failed"]' "$(failures "$id" | head -n 1)"
    expect "requests" "$before" "$(requests | wc -l)"
    say "${origin/127.0.0.1/localhost} is not allowed: nothing was sent"
}

a_person_decides() {
    # All stay except the last two who are not administrators, and Ada is new.
    local request
    request=$(retool '/api/v2/users' | jq -c -L "$here/lib" 'include "request";
        [.data[] | select(.active)] | sort_by(.is_admin | not) | .[:-2]
        | map(.email | stays) + ["ada@example.com" | arrives("Ada"; "Byron"; ["Engineering"])]
        | request(null)')

    step "a plan that is refused"
    offboard "$request" false this
    expect "the outcome" not_approved "$(jq -r .outcome <<<"$report")"
    expect "writes" "" "$(writes)"

    step "an approval of another plan"
    offboard "$request" true other
    expect "the outcome" not_approved "$(jq -r .outcome <<<"$report")"
    expect "writes" "" "$(writes)"

    step "a plan that is approved"
    offboard "$request" true this
    expect "the outcome" carried_out "$(jq -r .outcome <<<"$report")"
    expect "steps applied" 4 "$(jq .applied <<<"$report")"
    expect "steps left" 0 "$(jq .left <<<"$report")"
    expect "tombstones" 2 "$(jq '.tombstones | length' <<<"$report")"
    writes | jq -r '"  \(.method) \(.path) \(.status)"'
    expect "writes" "POST POST PATCH POST PATCH POST" "$(writes | jq -r .method | xargs)"

    step "the same again"
    local id before
    before=$(writes)
    id=$(submit "$OFFBOARDING" "[$connection, $request]")
    expect "the outcome" nothing_to_do "$(result "$id" | jq -r .ok.outcome)"
    expect "writes" "$before" "$(writes)"
    say "nothing to do; no decision was requested"
}

# offboard REQUEST true|false this|other: runs the workflow, and decides; sets `report`.
offboard() {
    local id question plan digest
    id=$(submit "$OFFBOARDING" "[$connection, $1]")
    question=$(desk "$id")
    plan=$(plan_asked "$question")
    jq -r '.steps[] | "  planned: \(.kind) \(.email) \(.group_name // "")"' <<<"$plan"
    digest=$(jq -r .digest <<<"$plan")
    [[ $3 == this ]] || digest=${digest//[0-9]/a}
    decide "$question" "$digest" "$2"
    report=$(result "$id" | jq -c .ok)
    say "  report: $(jq -c 'del(.digest) | .tombstones |= map(.user.email)' <<<"$report")"
    last=$id
}

# The engine replaces the component's placeholder, and stores neither it nor the token.
the_token_stays_outside() {
    step "the token is not in the component, in the database or in a log"
    local id
    stop "$node"
    if grep --recursive --files-with-matches --text --fixed-strings "$TOKEN" "$work/node" "$work"/*.log; then
        fail "the token is in a file"
    fi
    # If the engine replaces it only in bodies, the header is sent with the placeholder.
    sed -i 's/^replace_in = .*/replace_in = ["body"]/' "$work/node/server.toml" "$work/node/deployment.toml"
    start_node node --deployment "$work/node/deployment.toml"
    expect "an outcome after the restart" carried_out "$(result "$last" | jq -r .ok.outcome)"
    id=$(submit "$RETOOL/directory@$VERSION.find-user" "[$connection, {\"email\": \"ada@example.com\"}]")
    expect "the error for a placeholder" '["permanent","token-rejected"]' \
        "$(result "$id" | jq -c '.err | to_entries[0] | [.key, .value.code]')"
    say "after a restart, the engine still has the report; if it may not replace the placeholder,"
    say "the server rejects the request"
}
