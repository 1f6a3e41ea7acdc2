# shellcheck shell=bash
# The Sluice host as a background process of the native stack. Needs stack/environment.sh.
SLUICE_BIN=${SLUICE_BIN:-$REPO_DIR/build/release/bin/sluice}
ADMIN_URL=${ADMIN_URL:-http://127.0.0.1:8084}

host_stop() {
  if gone "$(pidfile host)"; then return; fi
  stop_process "$(pidfile host)" TERM 15
  printf '  %-12s stopped\n' host
}

host_answers() { curl -fsS -m 2 "$ADMIN_URL/ready"; }
host_settled() { host_answers || gone "$(pidfile host)"; }

# host_start PIPELINE... - returns when it is ready
host_start() {
  local started port holder
  started=$(now_ms)
  for port in "$PORT" "$(port_of "$ADMIN_URL")"; do
    ! holder=$(listener_of "$port") || die "port $port, which the host needs, is taken by $holder"
  done
  mkdir -p "$RUN_DIR" "$LOG_DIR"
  start_process "$(pidfile host)" "$(logfile host)" "$SLUICE_BIN" run "$@"
  if ! wait_until 60 host_settled || gone "$(pidfile host)"; then
    log_tail "$(logfile host)"
    ! gone "$(pidfile host)" || die "the host ended while starting"
    die "the host is not ready after 60 s; $ADMIN_URL/ready says: $(curl -sS -m 2 "$ADMIN_URL/ready" 2>&1)"
  fi
  printf '  %-12s ready in %s s on port %s\n' host "$(seconds_since "$started")" "$PORT"
}
