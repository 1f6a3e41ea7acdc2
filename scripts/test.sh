#!/usr/bin/env bash
# scripts/test.sh - every test, or some groups of them. Installs what is missing, builds, starts servers of its own on
# free ports, and leaves nothing running.
#
#   test.sh                 all groups
#   test.sh GROUP...        unit         unit tests of host, SDK and plugins (and of a plugin outside this tree)
#                           api          every parameter and error of search-api, on a real OpenSearch
#                           attack       hostile clients, and load while OpenSearch is away, on a real OpenSearch
#                           e2e          PostgreSQL to HTTP, on the whole stack
#                           any-index    documents of other tables, by configuration alone, on the whole stack
#                           bad-input    records that can never be processed, and their dead letters, on the whole stack
#                           access       TLS, passwords, secrets, held commits, the replication slot, on the whole stack
#                           chaos        faults of every kind under a workload, on the whole stack
#                           fuzz         each fuzz target for a short time (fuzz.sh runs them for longer)
#                           containers   the image and docker-compose.yml, on a Docker Engine
#   test.sh --preset NAME   build and test debug, asan or tsan instead of release
#   test.sh --seeds N       chaos: seeds 1 to N instead of 1 to 3
#
# What failed is repeated at the end. The closing line says "N passed, N failed", over all groups.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
for part in settings process packages build; do
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/lib/$part.sh"
done
cd "$REPO_DIR" || exit

ALL_GROUPS=(unit api attack e2e any-index bad-input access chaos fuzz containers)
preset=release
seeds=3
groups=()
passed=0
failed=0
compiling=
declare -A failures=()

# group NAME COMMAND... - runs it, shows its output, and adds up its last "N passed, N failed". One that ends badly
# without saying so has one failure.
group() {
  local name=$1 log=build/test-$1.log status=0 started line bad
  shift
  started=$(now_ms)
  info "== $name"
  "$@" 2>&1 | tee "$log" || status=$?
  line=$(grep -aoE '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1) || line='0 passed, 0 failed'
  bad=$(cut -d' ' -f3 <<<"$line")
  [ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
  [ "$bad" = 0 ] || failures[$name]="$bad failed, exit code $status"
  passed=$((passed + ${line%% *}))
  failed=$((failed + bad))
  info "== $name: $(seconds_since "$started") s"
}

# repeat_failures - what each group that failed said of it
repeat_failures() {
  local name
  for name in "${!failures[@]}"; do
    grep -aE -A 12 '^(FAIL|ERROR): |^[A-Za-z.]*Error: |: FAILED after |^ +FAIL |tests FAILED:| failed; all it said: ' \
      "build/test-$name.log" | cut -c 1-500 | head -n 80 || true
    info "FAILED: $name (${failures[$name]})"
  done
}

# CTest says "100% tests passed, 0 tests failed out of N".
unit_tests() {
  local log=build/ctest.log status=0 total=0 bad=0 at_once
  at_once=$(nproc)
  [ "$preset" != release ] || at_once=$((3 * at_once)) # most of them wait; under a sanitizer they work
  ctest --preset "$preset" --parallel "$at_once" --timeout 300 >"$log" 2>&1 || status=$?
  [ "$status" = 0 ] || grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed)' "$log" || true
  read -r bad total < <(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$log") || bad=1
  total=$((total + 1))
  out_of_tree_plugin || bad=$((bad + 1))
  info "$((total - bad)) passed, $bad failed"
  [ "$bad" = 0 ] && [ "$status" = 0 ]
}

build_example() {
  cmake --install "build/$preset" --component sdk --prefix "$1/sdk" &&
    cmake -S sdk/example -B "$1/build" -DCMAKE_PREFIX_PATH="$1/sdk" &&
    cmake --build "$1/build"
}

# A plugin builds against the installed SDK alone, and the host takes it.
out_of_tree_plugin() {
  local dir list
  dir=$(mktemp -d /tmp/sluice-sdk.XXXXXX)
  # shellcheck disable=SC2064
  trap "rm -rf '$dir'" RETURN
  if ! build_example "$dir" >"$dir/log" 2>&1; then
    log_tail "$dir/log"
    return 1
  fi
  list=$("$SLUICE_BIN" --plugin-path "$dir/build/plugins" plugins list)
  [[ $list == *keep-tables* ]] || {
    warn "the host does not list the plugin that was built outside: $list"
    return 1
  }
}

# Compiling wants processors and nothing else. The groups before mostly wait, so it takes what they leave.
compile_fuzz_targets_beside() {
  setsid bash -c 'echo 19 >/proc/self/autogroup || true; exec chrt --idle 0 scripts/fuzz.sh --build' \
    >build/fuzz-build.log 2>&1 &
  compiling=$!
  trap 'kill -- "-$compiling" 2>/dev/null' EXIT
}

await_fuzz_targets() {
  [ -n "$compiling" ] || return 0
  wait "$compiling" || true # what failed there fails again, and says why
  trap - EXIT
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
    --preset)
      preset=${2:?--preset needs a name}
      shift
      ;;
    --seeds)
      seeds=${2:?--seeds needs a number}
      shift
      ;;
    unit | api | attack | e2e | any-index | bad-input | access | chaos | fuzz | containers) groups+=("$1") ;;
    *) die "unknown group or option '$1' (test.sh --help)" ;;
  esac
  shift
done
[ ${#groups[@]} -gt 0 ] || groups=("${ALL_GROUPS[@]}")

started=$(now_ms)
mkdir -p build
install_packages build/packages.log build stack test
info "== build ($preset)"
build "$preset"
info "== build: $(seconds_since "$started") s"
export SLUICE_BIN=$REPO_DIR/build/$preset/bin/sluice
[ ${#groups[@]} = 1 ] || [[ " ${groups[*]} " != *' fuzz '* ]] || compile_fuzz_targets_beside
for name in "${groups[@]}"; do
  case $name in
    unit) group unit unit_tests ;;
    api) group api python3 integration/api/run.py ;;
    attack) group attack python3 integration/attack/run.py ;;
    e2e) group e2e python3 integration/e2e/run.py ;;
    any-index) group any-index python3 integration/any-index/run.py ;;
    bad-input) group bad-input python3 integration/bad-input/run.py ;;
    access) group access python3 integration/access/run.py ;;
    chaos) group chaos python3 integration/chaos/run.py --seeds "$seeds" ;;
    fuzz)
      await_fuzz_targets
      group fuzz scripts/fuzz.sh --seconds 20 --seed 1 # a fixed seed: what fails is most likely the change
      ;;
    containers) group containers integration/containers/run.sh ;;
  esac
done
repeat_failures
info "all groups took $(seconds_since "$started") s"
info "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ ${#failures[@]} = 0 ]
