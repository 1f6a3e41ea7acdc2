# shellcheck shell=bash
# PostgreSQL 15: a cluster of its own, on loopback, with passwords.
POSTGRES_BIN=${POSTGRES_BIN:-/usr/lib/postgresql/15/bin}

postgres_ports() { printf '%s' "$POSTGRES_PORT"; }
postgres_stop_signal() { printf INT; } # "fast": ends sessions, writes a checkpoint

postgres_prepare() {
  local data=$DATA_DIR/postgres secret
  [ -x "$POSTGRES_BIN/initdb" ] || die "no PostgreSQL 15 in $POSTGRES_BIN (package postgresql-15; POSTGRES_BIN names another folder)"
  if [ -s "$data/PG_VERSION" ]; then
    forget_dead_postmaster "$data/postmaster.pid"
    return
  fi
  rm -rf "$data"
  mkdir -p "$data"
  chmod 700 "$data"
  secret=$(mktemp "$RUN_DIR/secret.XXXXXX")
  printf '%s\n' "$POSTGRES_PASSWORD" >"$secret"
  own "$data" "$secret"
  (cd / && as_stack_user "$POSTGRES_BIN/initdb" -D "$data" -U "$POSTGRES_USER" --pwfile="$secret" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync) >"$LOG_DIR/initdb.log" 2>&1 || {
    rm -rf "$secret" "$data"
    log_tail "$LOG_DIR/initdb.log"
    die "initdb failed"
  }
  rm -f "$secret"
}

# A killed server leaves its lock file. Where process 1 does not reap (containers), the dead one stays as a zombie,
# which PostgreSQL would take for a running server.
forget_dead_postmaster() {
  local pid
  [ -s "$1" ] && read -r pid <"$1" || return 0
  start_time "$pid" >/dev/null || rm -f "$1"
}

# Settings are arguments, so that a changed port or switch takes effect at the next start.
postgres_command() {
  local settings=(
    listen_addresses=127.0.0.1
    port="$POSTGRES_PORT"
    unix_socket_directories=
    wal_level=logical
    max_wal_senders=10
    max_replication_slots=10
    # A consumer that is away for long must not fill the disk: past this bound its slot is given up.
    max_slot_wal_keep_size="${POSTGRES_MAX_SLOT_WAL:-4GB}"
    max_wal_size=2GB
    log_line_prefix='%m [%p] %u@%d '
  ) setting extra
  # For tests: no waiting for the disk. A crash of the machine (not of the server) may then corrupt the cluster.
  [ "${SLUICE_STACK_FSYNC:-on}" != off ] || settings+=(fsync=off synchronous_commit=off full_page_writes=off)
  read -ra extra <<<"${POSTGRES_EXTRA_SETTINGS:-}"
  settings+=("${extra[@]}")
  command=("$POSTGRES_BIN/postgres" -D "$DATA_DIR/postgres")
  for setting in "${settings[@]}"; do command+=(-c "$setting"); done
}

postgres_healthy() {
  PGPASSWORD=$POSTGRES_PASSWORD PGCONNECT_TIMEOUT=2 \
    psql -X -q -h 127.0.0.1 -p "$POSTGRES_PORT" -U "$POSTGRES_USER" -d postgres -c 'SELECT 1'
}
