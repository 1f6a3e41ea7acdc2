#!/usr/bin/env bash
# scripts/stack.sh - the servers that Sluice works with, run natively on this machine.
#
#   stack.sh up [SERVICE...]        start what does not run yet, and wait until it is healthy
#   stack.sh down [SERVICE...]      stop
#   stack.sh restart SERVICE...     down, then up
#   stack.sh kill SERVICE [SIGNAL]  send SIGKILL (or STOP, CONT, ...) to a server and its children
#   stack.sh status                 what runs; exit 0 if all do
#   stack.sh logs [SERVICE...]      follow the logs; "host" is that of the host that setup.sh started
#   stack.sh wipe                   down, then delete all data
#   stack.sh ports                  print exports that put a second stack on free ports
#
# Services: postgres kafka connect opensearch. All listen on loopback only.
#
# Environment (with defaults):
#   POSTGRES_PORT 5432, POSTGRES_USER postgres, POSTGRES_PASSWORD postgres
#   KAFKA_BROKER localhost:9092, KAFKA_CONTROLLER_PORT the broker's + 1
#   CONNECT_URL http://localhost:8083
#   OPENSEARCH_URL http://localhost:9200, OPENSEARCH_TRANSPORT_PORT the node's + 100
#   KAFKA_HEAP 384m, CONNECT_HEAP 384m, OPENSEARCH_HEAP 1g
#   KAFKA_EXTRA_PROPERTIES        a file that is appended to the broker's properties
#   POSTGRES_MAX_SLOT_WAL 4GB     log that a replication slot may hold back before it is given up (max_slot_wal_keep_size)
#   POSTGRES_EXTRA_SETTINGS       words such as ssl=on, for PostgreSQL's command line
#   SLUICE_STACK_DIR .stack       pids, logs and data; a second stack needs a folder of its own
#   SLUICE_CACHE ~/.cache/sluice  the servers' jars, fetched once from Maven Central
#   SLUICE_STACK_FSYNC on         off: PostgreSQL does not wait for the disk (for tests)
#   SLUICE_STACK_USER postgres    whom the servers run as when root starts them
#   SLUICE_STACK_TIMEOUT 120      seconds that a server may take to become healthy
#
# Example of a second stack beside the first:
#   eval "$(scripts/stack.sh ports)"; SLUICE_STACK_DIR=/tmp/second scripts/stack.sh up
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

case ${1:-} in
  '' | -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
esac

for part in environment jars postgres kafka connect opensearch; do
  # shellcheck source=/dev/null
  source "$REPO_DIR/scripts/stack/$part.sh"
done

SERVICES=(postgres kafka connect opensearch)
TIMEOUT=${SLUICE_STACK_TIMEOUT:-120}

# chosen_services NAME... - all of them if none is named
chosen_services() {
  local name
  for name in "$@"; do
    [[ " ${SERVICES[*]} " == *" $name "* ]] || die "no service '$name' (there are: ${SERVICES[*]})"
  done
  chosen=("$@")
  [ $# -gt 0 ] || chosen=("${SERVICES[@]}")
}

chosen_has() { [[ " ${chosen[*]} " == *" $1 "* ]]; }

# fill_in TEMPLATE TARGET - replaces each @NAME@ by the variable of that name
fill_in() {
  local text name
  text=$(<"$REPO_DIR/scripts/stack/conf/$1")
  while [[ $text =~ @([A-Z_]+)@ ]]; do
    name=${BASH_REMATCH[1]}
    text=${text//"@$name@"/${!name}}
  done
  printf '%s\n' "$text" >"$2"
}

require_loopback() {
  local address
  for address in "$POSTGRES_HOST:$POSTGRES_PORT" "$KAFKA_BROKER" "$CONNECT_URL" "$OPENSEARCH_URL"; do
    case $(host_of "$address") in
      localhost | 127.0.0.1) ;;
      *) die "the native stack listens on loopback only, but the environment says '$address'" ;;
    esac
  done
}

first_port() {
  local ports
  read -ra ports <<<"$("$1_ports")"
  printf '%s' "${ports[0]}"
}

refuse_taken_ports() {
  local service=$1 port holder
  gone "$(pidfile "$service")" || return 0
  for port in $("${service}_ports"); do
    if holder=$(listener_of "$port"); then
      die "$service: port $port is taken by $holder, which is not of this stack ($STACK_DIR). Stop it, or choose other ports (stack.sh --help)"
    fi
  done
}

# healthy SERVICE - it answers, and the one that answers is ours
healthy() {
  local pid
  pid=$(recorded_pid "$(pidfile "$1")") && listens "$pid" "$(first_port "$1")" && "$1_healthy" >/dev/null 2>&1
}

healthy_or_dead() { healthy "$1" || gone "$(pidfile "$1")"; }

launch() {
  local service=$1 command=()
  "${service}_prepare"
  "${service}_command" # sets command
  [ "$(id -u)" != 0 ] || command=(setpriv --reuid="$STACK_USER" --regid="$STACK_USER" --init-groups -- "${command[@]}")
  cd / # no server keeps the caller's folder busy
  start_process "$(pidfile "$service")" "$(logfile "$service")" "${command[@]}"
}

start_service() {
  local service=$1 started running=
  started=$(now_ms)
  if gone "$(pidfile "$service")"; then launch "$service"; else running=' (already running)'; fi
  if ! wait_until "$TIMEOUT" healthy_or_dead "$service" || ! healthy "$service"; then
    local what="not healthy after $TIMEOUT s"
    ! gone "$(pidfile "$service")" || what="ended while starting"
    log_tail "$(logfile "$service")"
    [ -n "$running" ] || stop_process "$(pidfile "$service")" KILL 5
    die "$service: $what"
  fi
  printf '  %-12s ready in %s s on port %s%s\n' "$service" "$(seconds_since "$started")" "$(first_port "$service")" "$running"
}

up() {
  chosen_services "$@"
  require_loopback
  need psql kcat curl ss pgrep setsid setpriv
  mkdir -p "$RUN_DIR" "$LOG_DIR" "$DATA_DIR"
  local service started worker workers=() failed=0
  for service in "${chosen[@]}"; do refuse_taken_ports "$service"; done
  # beside the pids, for the servers' user may not see into the repository
  cp "$REPO_DIR/scripts/stack/conf/kafka-log4j2.properties" "$RUN_DIR/"
  info "stack: starting ${chosen[*]} in $STACK_DIR"
  if [ "${chosen[*]}" != postgres ]; then fetch_jars; fi
  # All at once: Connect waits by itself for the broker.
  started=$(now_ms)
  for service in "${chosen[@]}"; do
    start_service "$service" &
    workers+=($!)
  done
  for worker in "${workers[@]}"; do wait "$worker" || failed=1; done
  [ "$failed" = 0 ] || die "the stack is not up; logs are in $LOG_DIR"
  info "stack: up in $(seconds_since "$started") s"
}

stop_service() {
  ! gone "$(pidfile "$1")" || return 0
  signal_tree "$(pidfile "$1")" CONT # a stopped process could not react
  stop_process "$(pidfile "$1")" "$("$1_stop_signal")" 30
  printf '  %-12s stopped\n' "$1"
}

down() {
  chosen_services "$@"
  local service
  # Connect leaves its group while the broker still answers.
  ! chosen_has connect || stop_service connect
  for service in "${chosen[@]}"; do stop_service "$service" & done
  wait
}

restart() {
  [ $# -gt 0 ] || die "restart: which service? (${SERVICES[*]})"
  down "$@"
  up "$@"
}

kill_service() {
  [ $# -gt 0 ] || die "kill: which service? (${SERVICES[*]})"
  chosen_services "$1"
  signal_tree "$(pidfile "$1")" "${2:-KILL}" || die "$1 is not running"
}

status() {
  local service pid all=0
  for service in "${SERVICES[@]}"; do
    if ! pid=$(recorded_pid "$(pidfile "$service")"); then
      printf '  %-12s stopped\n' "$service" && all=1
    elif healthy "$service"; then
      printf '  %-12s running  pid %s, port %s, %s MB\n' "$service" "$pid" "$(first_port "$service")" \
        "$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status")"
    else
      printf '  %-12s not healthy  pid %s, see %s\n' "$service" "$pid" "$(logfile "$service")" && all=1
    fi
  done
  return "$all"
}

follow_logs() {
  local SERVICES=("${SERVICES[@]}" host)
  chosen_services "$@"
  local service files=()
  for service in "${chosen[@]}"; do
    [ ! -f "$(logfile "$service")" ] || files+=("$(logfile "$service")")
  done
  [ ${#files[@]} -gt 0 ] || die "no logs in $LOG_DIR"
  exec tail -n 20 -F "${files[@]}"
}

wipe() {
  down
  rm -rf "$DATA_DIR" "$RUN_DIR" "$LOG_DIR"
  rmdir --ignore-fail-on-non-empty "$STACK_DIR" 2>/dev/null || true
  info "stack: deleted data, logs and pids in $STACK_DIR"
}

print_free_ports() {
  need ss
  local port
  read -ra port <<<"$(free_ports 6)"
  printf 'export %s\n' POSTGRES_HOST=localhost "POSTGRES_PORT=${port[0]}" \
    "KAFKA_BROKER=localhost:${port[1]}" "KAFKA_CONTROLLER_PORT=${port[2]}" "CONNECT_URL=http://localhost:${port[3]}" \
    "OPENSEARCH_URL=http://localhost:${port[4]}" "OPENSEARCH_TRANSPORT_PORT=${port[5]}"
}

verb=$1
shift
case $verb in
  up | down | restart | status | wipe) "$verb" "$@" ;;
  kill) kill_service "$@" ;;
  logs) follow_logs "$@" ;;
  ports) print_free_ports ;;
  *) die "unknown command '$verb' (stack.sh --help)" ;;
esac
