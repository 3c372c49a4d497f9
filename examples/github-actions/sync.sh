#!/usr/bin/env bash
# sync.sh COMMAND: syncs the roster if APPLY is `true`, and only plans otherwise. The report goes to
# the summary of the job.
set -uo pipefail

if [[ ${APPLY:-} == true ]]; then
  "$1" sync --config retool.toml --yes --tombstones records --markdown >report.md
else
  "$1" plan --config retool.toml --markdown >report.md
fi
code=$?
cat report.md >>"$GITHUB_STEP_SUMMARY"

if compgen -G 'records/*' >/dev/null; then
  echo 'records=true' >>"$GITHUB_OUTPUT"
fi
case $code in
0) ;;
3) echo '::error title=Refused by a guard::Nothing was written. The plan is in the summary of the job.' ;;
4) echo '::error title=Partly done::The next run does what is left. The report is in the summary of the job.' ;;
*) echo "::error title=Failed::The exit code is $code. The log of this step says why." ;;
esac
exit "$code"
