#!/usr/bin/env bash
# scripts/setup.sh - from a bare Debian 12 to a search that follows the database. Safe to run again.
#
#   setup.sh            with Docker Compose where a Docker engine answers, else natively
#   setup.sh --docker   with Docker Compose
#   setup.sh --native   natively: installs packages (as root or by sudo), builds, starts the servers of scripts/stack.sh
#   setup.sh --down     stops all that setup.sh started; the data stay (scripts/stack.sh wipe deletes them)
#
# Then creates tables, sample rows, index and connector, starts the host with pipelines/projects.yaml, and shows a project
# that is inserted in PostgreSQL found over HTTP.
#
# Environment: see scripts/stack.sh --help; also PORT 8080 (the search API).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

engine_answers() { timeout 15 docker info >/dev/null 2>&1 && timeout 15 docker compose version >/dev/null 2>&1; }

# Compose's settings are those of .env, where the environment has no others; so they must be ours, too.
use_env_file() {
  local name value
  while IFS='=' read -r name value; do
    [[ $name =~ ^[A-Z_]+$ ]] || continue
    [ -n "${!name+set}" ] || export "$name=$value"
  done <"$REPO_DIR/.env"
}

mode=${1:-}
[ -n "$mode" ] || if engine_answers; then mode=--docker; else mode=--native; fi
[ "$mode" != --docker ] || use_env_file
for part in settings process packages build; do
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/lib/$part.sh"
done
cd "$REPO_DIR" || exit

PIPELINE=$REPO_DIR/pipelines/projects.yaml
SEARCH_URL=http://localhost:$PORT/api/v1/projects/search
DEADLINE=${SLUICE_SETUP_TIMEOUT:-120}

step() { printf '\n== %s\n' "$*"; }

# The stack's folders depend on a user that comes with a package, so they are known only then.
know_the_stack() {
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/stack/environment.sh"
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/lib/host.sh"
}

native() {
  mkdir -p build
  step "packages"
  install_packages build/packages.log build stack
  info "  all are there"
  step "build (release)"
  build release sluice plugins # not the tests, which take as long as both
  know_the_stack
  step "servers"
  scripts/stack.sh up
  step "database"
  scripts/migrate.sh --seed
  step "index"
  host_stop
  scripts/init-index.sh "$PIPELINE"
  step "connector"
  scripts/setup-debezium.sh
  step "host"
  host_start "$PIPELINE"
  psql_command=(run_psql "$POSTGRES_DB")
  evidence=$(logfile host)
  closing=("  admin API    $ADMIN_URL/pipelines" "  host's log   $evidence")
}

compose() {
  engine_answers || die "no Docker engine answers (docker info), or it has no Compose; try --native"
  step "Docker Compose"
  # "up" returns when the one-shot services are done and the host is started.
  timeout 1800 docker compose up --detach --build || die "docker compose could not bring the stack up"
  psql_command=(docker compose exec -T postgres psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB")
  cat schemas/postgres/seeds/*.sql | "${psql_command[@]}"
  evidence="docker compose logs"
  closing=("  host's log   docker compose logs host") # its admin API is not published
}

# found QUERY SLUG - does a search for QUERY give the project with that slug?
found() { [[ $(curl -fsS -m 5 -G --data-urlencode "q=$1" "$SEARCH_URL" 2>/dev/null) == *"\"$2\""* ]]; }

not_found() {
  info "--- $SEARCH_URL?q=$1 answers:" >&2
  curl -sS -m 5 -i "$SEARCH_URL?q=$1" >&2 || true
  [ ! -f "$evidence" ] || log_tail "$evidence"
  die "$2 was not found within $DEADLINE s (look into: $evidence)"
}

prove() {
  local token slug committed started
  step "search"
  started=$(now_ms)
  wait_until "$DEADLINE" found glacier glacier-watch || not_found glacier "the sample project 'glacier-watch'"
  info "  the sample rows are found (after $(seconds_since "$started") s)"
  token=setup$(date +%s)
  slug=hello-$token
  "${psql_command[@]}" -c "DELETE FROM projects WHERE slug LIKE 'hello-setup%'" # of earlier runs
  info "  psql> INSERT INTO projects (name, slug, description) VALUES ('Hello $token', '$slug', 'Inserted by setup')"
  "${psql_command[@]}" -c "INSERT INTO projects (name, slug, description) VALUES ('Hello $token', '$slug', 'Inserted by setup')"
  committed=$(now_ms)
  POLL=0.02 wait_until "$DEADLINE" found "$token" "$slug" || not_found "$token" "the inserted project '$slug'"
  info "  found $(($(now_ms) - committed)) ms after the insert:"
  info "  curl '$SEARCH_URL?q=$token'"
  curl -fsS -m 5 "$SEARCH_URL?q=$token" | sed 's/^/  /'
  printf '\n'
}

down() {
  if id -u "${SLUICE_STACK_USER:-postgres}" >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    know_the_stack
    host_stop
    scripts/stack.sh down
  fi
  if [ -f docker-compose.yml ] && engine_answers && [ -n "$(docker compose ps --all --quiet)" ]; then
    timeout 120 docker compose down
  fi
  info "all stopped"
}

started=$(now_ms)
case $mode in
  --native) native ;;
  --docker) compose ;;
  --down) down && exit 0 ;;
  -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
  *) die "unknown option '$1' (setup.sh --help)" ;;
esac
prove
step "done in $(seconds_since "$started") s"
info "  search API   http://localhost:$PORT/api/v1/projects/search?q=glacier"
printf '%s\n' "${closing[@]}"
info "  stop         scripts/setup.sh --down"
