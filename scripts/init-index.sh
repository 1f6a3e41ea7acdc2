#!/usr/bin/env bash
# scripts/init-index.sh [PIPELINE.yaml] - creates the pipeline's index with its mapping, and the alias that readers use.
# Leaves what exists alone. Default: pipelines/projects.yaml.
#
# Environment (with defaults): OPENSEARCH_URL http://localhost:9200, OPENSEARCH_INDEX projects,
#   SLUICE_BIN build/release/bin/sluice
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$REPO_DIR/scripts/lib/settings.sh"

case ${1:-} in
  -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
esac
SLUICE_BIN=${SLUICE_BIN:-$REPO_DIR/build/release/bin/sluice}
[ -x "$SLUICE_BIN" ] || die "$SLUICE_BIN is not built (cmake --preset release && cmake --build --preset release)"

exec "$SLUICE_BIN" --log-format text index init "${1:-$REPO_DIR/pipelines/projects.yaml}"
