#!/usr/bin/env bash
# scripts/fuzz.sh - runs the fuzz targets (libFuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer). Installs what
# is missing, builds what they need, and leaves nothing outside build/.
#
#   fuzz.sh                     all targets, 30 seconds each, as many side by side as there are cores
#   fuzz.sh TARGET...           some: a target NAME is tests/fuzz/NAME_fuzz.cpp of the host or a plugin
#   fuzz.sh --seconds N         for N seconds each
#   fuzz.sh --seed N            chooses inputs by this number: a run that failed can be had again, on the same build and corpus
#   fuzz.sh --minimize          then adds to the corpus in the repository what reaches code that it did not, and takes
#                               out what is superfluous; files with a name that says what they are stay
#   fuzz.sh --build             builds them, and runs none
#   fuzz.sh --list              the targets
#
# What is found on the way is kept in build/fuzz/corpus/TARGET for the next run, an input that fails in
# build/fuzz/findings; put that, once mended, in the corpus of its target. The closing line says "fuzz: N passed, N failed".
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
for part in packages build; do
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/lib/$part.sh"
done
cd "$REPO_DIR" || exit

OUT=build/fuzz
SECONDS_EACH=30
SEED=0 # another one in each run
MAX_BYTES=4096 # of an input; a larger one reaches nothing new, and slows everything down
MAX_FILES=250
MAX_CORPUS=500000
minimize=no
build_only=no
targets=()

all_targets() { find host plugins -path '*/tests/fuzz/*_fuzz.cpp' -printf '%f\n' | sed 's/_fuzz\.cpp$//' | sort; }
folder_of() { dirname "$(find host plugins -path "*/tests/fuzz/$1_fuzz.cpp")"; }

# What a run and a rerun of a target have in common.
flags_of() {
  local dict
  dict=$(folder_of "$1")/$1.dict
  printf -- '-max_len=%s -timeout=10 -rss_limit_mb=2048' "$MAX_BYTES"
  [ ! -f "$dict" ] || printf -- ' -dict=%s' "$dict"
}

# fuzz TARGET - one run, in place of the shell that calls it
fuzz() {
  local corpus=$OUT/corpus/$1
  mkdir -p "$corpus" "$OUT/findings"
  # shellcheck disable=SC2046 # the flags are words
  exec "$OUT/fuzz/$1" $(flags_of "$1") -max_total_time="$SECONDS_EACH" -seed="$SEED" \
    -print_final_stats=1 \
    -artifact_prefix="$OUT/findings/$1-" "$corpus" "$(folder_of "$1")/corpus/$1" >"$OUT/$1.log" 2>&1
}

stat_of() { sed -nE "s/^stat::$2: *([0-9]+)/\1/p" "$OUT/$1.log"; }
coverage_of() { sed -nE 's/^#.* cov: ([0-9]+) .*/\1/p' "$OUT/$1.log" | tail -n 1; }

# report TARGET STATUS - a line of figures, or what was found and how to see it again
report() {
  local finding
  if [ "$2" = 0 ]; then
    info "$(printf '%-16s %9s executions %7s/s  %6s edges covered  %5s new inputs' "$1" \
      "$(stat_of "$1" number_of_executed_units)" "$(stat_of "$1" average_exec_per_sec)" "$(coverage_of "$1")" \
      "$(stat_of "$1" new_units_added)")"
    return
  fi
  grep -aE "^$1_fuzz:|ERROR: |SUMMARY: |runtime error:|terminate called|what\(\):" "$OUT/$1.log" | head -n 5 | sed 's/^/    /'
  finding=$(sed -nE 's/.*Test unit written to (.*)/\1/p' "$OUT/$1.log" | tail -n 1)
  warn "$1 failed; all it said: $OUT/$1.log"
  [ -z "$finding" ] || info "    again: $OUT/fuzz/$1 -timeout=10 $finding"
}

# Runs all side by side, and stops them with this script.
fuzz_all() {
  local name status passed=0 failed=0
  local -A pids=()
  trap 'kill "${pids[@]}" 2>/dev/null' EXIT
  for name in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
    fuzz "$name" &
    pids[$name]=$!
  done
  for name in "${targets[@]}"; do
    status=0
    wait "${pids[$name]}" || status=$?
    report "$name" "$status"
    if [ "$status" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  trap - EXIT
  [ "$minimize" = no ] || [ "$failed" != 0 ] || for name in "${targets[@]}"; do minimize_corpus "$name"; done
  info "fuzz: $passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# Files that people named stay. The others, which have hashes for names, are chosen anew: the smallest of those that
# together cover all that is known to be reachable, within MAX_FILES and MAX_CORPUS bytes.
minimize_corpus() {
  local corpus known=$OUT/corpus/$1 chosen=$OUT/chosen file
  corpus=$(folder_of "$1")/corpus/$1
  rm -rf "$chosen" && mkdir "$chosen"
  for file in "$corpus"/*; do
    if is_hash "${file##*/}"; then mv "$file" "$known/"; else cp "$file" "$chosen/"; fi
  done
  # shellcheck disable=SC2046 # the flags are words
  "$OUT/fuzz/$1" $(flags_of "$1") -merge=1 "$chosen" "$known" >"$OUT/$1.merge.log" 2>&1 ||
    die "$1: could not merge, see $OUT/$1.merge.log"
  find "$chosen" -type f -printf '%s %p\n' | sort -n |
    awk -v files="$MAX_FILES" -v bytes="$MAX_CORPUS" 'NR <= files && (sum += $1) <= bytes { print $2 }' |
    while read -r file; do
      if is_hash "${file##*/}"; then cp "$file" "$corpus/"; fi
    done
  rm -rf "$chosen"
  info "$1: $(find "$corpus" -type f | wc -l) files, $(cat "$corpus"/* | wc -c) bytes in $corpus"
}

is_hash() { [[ $1 =~ ^[0-9a-f]{40}$ ]]; }

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
    --list) all_targets && exit 0 ;;
    --minimize) minimize=yes ;;
    --build) build_only=yes ;;
    --seconds)
      SECONDS_EACH=${2:?--seconds needs a number}
      [[ $SECONDS_EACH =~ ^[1-9][0-9]*$ ]] || die "--seconds needs a number, not '$SECONDS_EACH'"
      shift
      ;;
    --seed)
      SEED=${2:?--seed needs a number}
      [[ $SEED =~ ^[0-9]+$ ]] || die "--seed needs a number, not '$SEED'"
      shift
      ;;
    -*) die "unknown option '$1' (fuzz.sh --help)" ;;
    *)
      [ -n "$(find host plugins -path "*/tests/fuzz/$1_fuzz.cpp")" ] || die "no target '$1'; there are: $(all_targets | xargs)"
      targets+=("$1")
      ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(all_targets)
mkdir -p build
install_packages build/packages.log build test
info "== build (fuzz)"
build fuzz "${targets[@]/#/fuzz-}"
[ "$build_only" = yes ] || fuzz_all
