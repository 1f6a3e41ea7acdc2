# shellcheck shell=bash disable=SC2154 # work_dir and failed are run.sh's
# The compose stack under test: its settings, images, start and removal.
VENDORS=(postgres kafka connect opensearch)

# Free ports and a project of its own, so that it runs beside anything else; small heaps.
choose_settings() {
  local port
  read -ra port <<<"$(free_ports 5)"
  export COMPOSE_PROJECT_NAME=sluice-test-$$ COMPOSE_FILE=$REPO_DIR/docker-compose.yml SLUICE_VERSION=test
  export PORT=${port[0]} POSTGRES_PORT=${port[1]} KAFKA_PORT=${port[2]} CONNECT_PORT=${port[3]} OPENSEARCH_PORT=${port[4]}
  export KAFKA_HEAP=256m CONNECT_HEAP=256m OPENSEARCH_HEAP=512m
  cd "$REPO_DIR" || return
}

# interruptible COMMAND... - a trap waits for a command in the foreground, but not for this
interruptible() { "$@" & wait $!; }

compose() { docker compose "$@"; }

# pull IMAGE - fails at once where there is no way to the registry
pull() { docker image inspect "$1" >/dev/null 2>&1 || timeout 600 docker pull -q "$1" >/dev/null 2>&1; }

# The images that docker-compose.yml names and this repository does not build.
vendor_images() { COMPOSE_FILE=$REPO_DIR/docker-compose.yml compose config --images | grep -v '^sluice' | sort; }

pull_all() {
  local image
  for image in "$@"; do pull "$image" || return 1; done
}

provide_images() {
  local images
  provide_base
  mapfile -t images < <(vendor_images)
  if [ "$BASE_IMAGE" = "$REAL_BASE" ] && pull_all "${images[@]}"; then
    info "images: the real ones: $BASE_IMAGE ${images[*]}"
    return
  fi
  COMPOSE_FILE+=:$REPO_DIR/integration/containers/docker-compose.stand-ins.yml
  SLUICE_JARS=$(jars)
  export SLUICE_JARS
  info "images: STAND-INS, for these could not be pulled:"
  [ "$BASE_IMAGE" = "$REAL_BASE" ] || info "  $REAL_BASE: bookworm by mmdebstrap"
  printf '  %s: built here from Debian packages and Maven Central jars\n' "${images[@]}"
}

# jars - the folder that the native stack runs from
jars() (
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/stack/environment.sh"
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/stack/jars.sh"
  fetch_jars >&2
  printf '%s' "$JARS_DIR"
)

# One after the other: what two images share is then built once. The build stage is tagged, so that its layers outlive
# the removal of old images.
build_images() {
  local started
  started=$(now_ms)
  info "images: building (minutes the first time; log: $work_dir/build.log)"
  interruptible build_all >"$work_dir/build.log" 2>&1 || { log_tail "$work_dir/build.log" 40 && die "the images do not build"; }
  info "images: built in $(seconds_since "$started") s; sluice:$SLUICE_VERSION is \
$(($(docker image inspect -f '{{.Size}}' "sluice:$SLUICE_VERSION") / 1000000)) MB, of which the base \
$(($(docker image inspect -f '{{.Size}}' "$BASE_IMAGE") / 1000000)) MB"
}
build_all() {
  build_stage && compose_build migrate && compose_build index || return
  [[ $COMPOSE_FILE != *stand-ins* ]] || compose_build_each "${VENDORS[@]}"
}
build_stage() {
  BASE_IMAGE="$BASE_IMAGE" timeout 2400 docker compose -f integration/containers/docker-compose.build.yml build build
}
compose_build() { timeout 900 docker compose build "$1"; }
compose_build_each() {
  local service
  for service in "$@"; do compose_build "$service" || return 1; done
}

start_stack() {
  local started
  started=$(now_ms)
  if interruptible timeout 420 docker compose up -d --wait --wait-timeout 300 --no-build >"$work_dir/up.log" 2>&1; then
    info "stack: healthy in $(seconds_since "$started") s"
    return
  fi
  failed=$((failed + 1))
  info "  FAIL  the stack is not healthy after $(seconds_since "$started") s"
  tail -n 5 "$work_dir/up.log"
  tell_of_failed_services
  return 1
}

# The state of all, and the logs of those that are neither healthy nor done.
tell_of_failed_services() {
  local service state health code
  compose ps -a --format '  {{.Service}}: {{.Status}}'
  while read -r service state health code; do
    case $state/$health/$code in running/healthy/* | exited/none/0) continue ;; esac
    compose logs --no-log-prefix --tail 25 "$service" | sed "s/^/    $service: /"
  done < <(compose ps -a --format '{{.Service}} {{.State}} {{or .Health "none"}} {{.ExitCode}}')
}

# In a private engine the images are the next run's cache, and only those that newer ones have replaced go;
# in a found one all of ours would be litter.
remove_stack() {
  timeout 120 docker compose down -v --remove-orphans -t 10 >/dev/null 2>&1 || true
  if [ "$SLUICE_ENGINE" = private ]; then
    timeout 60 docker image prune -f >/dev/null 2>&1 || true
  else
    timeout 60 docker rmi -f "sluice:$SLUICE_VERSION" "sluice-tools:$SLUICE_VERSION" sluice-build:test "$STAND_IN_BASE" \
      sluice-stand-in/{postgres,kafka,connect,opensearch} >/dev/null 2>&1 || true
  fi
}
