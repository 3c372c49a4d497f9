# shellcheck shell=bash
# Functions to print, to check, to wait, and to stop processes.

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }

# expect WHAT WANTED FOUND
expect() {
    [[ $2 == "$3" ]] || fail "$1: expected $2, found $3"
}

# wait_for SECONDS WHAT COMMAND...: waits until the command succeeds.
wait_for() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < limit)) || fail "waited too long for $what"
        for process in "${processes[@]}"; do
            [[ -e /proc/$process ]] || fail "a process ended while waiting for $what"
        done
        sleep 0.1
    done
}

# The processes to stop at the end, and a command to run then.
processes=()
at_the_end=

# Removes a process that has ended from the list.
forget() {
    local process kept=()
    for process in "${processes[@]}"; do
        [[ $process == "$1" ]] || kept+=("$process")
    done
    processes=("${kept[@]}")
    wait "$1" 2>/dev/null || true
}

stop() {
    kill "$1" 2>/dev/null || true
    forget "$1"
}

clean_up() {
    local status=$? log
    trap - EXIT
    for process in "${processes[@]}"; do
        kill -KILL "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    [[ -z $at_the_end ]] || "$at_the_end" || true
    if ((status != 0)) && [[ -d ${work:-} ]]; then
        for log in "$work"/*.log; do
            [[ -s $log ]] && printf -- '--- %s\n%s\n' "${log##*/}" "$(tail -n 25 "$log")" >&2
        done
    fi
    rm -rf "${work:-}"
    exit "$status"
}
