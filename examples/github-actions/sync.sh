#!/usr/bin/env bash
# sync.sh COMMAND: syncs the roster if APPLY is `true`, and only plans otherwise. The report goes to
# the summary of the job. After LIMIT, or when the job is cancelled, the command is asked to end: it
# finishes what it has begun and says what it did.
set -uo pipefail

if [[ ${APPLY:-} == true ]]; then
  arguments=(sync --config retool.toml --yes --tombstones records --markdown)
else
  arguments=(plan --config retool.toml --markdown)
fi

# A shell does not pass signals on to what it waits for. SIGINT becomes SIGTERM, because a process in
# the background ignores it.
stopped=
stop() {
  stopped=yes
  [[ -z ${!-} ]] || kill -TERM "$!" 2>/dev/null
}
trap stop INT TERM

timeout --preserve-status --kill-after=1m "${LIMIT:-60m}" "$1" "${arguments[@]}" >report.md &
# A signal ends `wait` before the command has ended.
code=127
while :; do
  stopped=
  wait "$!"
  ended=$?
  # If both came at once, the code is known already.
  ((ended == 127)) || code=$ended
  [[ -n $stopped ]] || break
done
cat report.md >>"$GITHUB_STEP_SUMMARY"

case $code in
0) ;;
3) echo '::error title=Refused by a guard::Nothing was written. The plan is in the summary of the job.' ;;
4) echo '::error title=Partly done::The next run does what is left. The report is in the summary of the job.' ;;
129 | 130 | 143) echo '::error title=Stopped::The next run does what is left. The log of this step says what was written.' ;;
*) echo "::error title=Failed::The exit code is $code. The log of this step says why." ;;
esac
exit "$code"
