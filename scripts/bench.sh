#!/usr/bin/env bash
# scripts/bench.sh - benchmarks on the real servers, each against a roofline in the same run. Installs what is missing,
# builds, starts servers of its own on free ports, and leaves nothing running.
#
#   bench.sh NAME...       some; bench.sh --list says which there are
#   bench.sh all
#   bench.sh --json FILE   writes every figure to this file, too
#   bench.sh --small       a twentieth of the sizes, to see that all works; its figures mean nothing
#
# Ends with 1 if a goal is missed. Figures mean something on a machine that does nothing else.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
for part in settings process packages build; do
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/lib/$part.sh"
done

case ${1:-} in
  '' | -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
  --list) exec python3 "$REPO_DIR/integration/bench/run.py" --list ;;
esac

(
  cd "$REPO_DIR"
  mkdir -p build
  install_packages build/packages.log build stack bench
  info "== build (release)"
  build release sluice plugins intake-bench
)
SLUICE_BIN=$REPO_DIR/build/release/bin/sluice exec python3 -u "$REPO_DIR/integration/bench/run.py" "$@"
