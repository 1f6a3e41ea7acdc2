#!/usr/bin/env bash
# scripts/setup-debezium.sh - registers the Debezium connector with Kafka Connect, or brings it up to date.
#
# Safe to run again: an unchanged connector is left running, a failed one is restarted. Ends when its task runs;
# if the task fails, prints its stack trace and ends with 1. Needs bash and curl.
#
# Where psql is at hand, it makes what Debezium lacks in the database, as POSTGRES_USER: the role, the publication with the
# captured tables, the heartbeat's table, the grants (scripts/lib/capture.sql). REPLICA IDENTITY is yours to set: see
# "sluice explain".
#
# A connector that captures tables which CAPTURED_TABLES lacks, or another database, slot or topic prefix, is left as it is,
# and the script ends with 1: another pipeline may live on it. Give yours a CONNECTOR_NAME, TOPIC_PREFIX, REPLICATION_SLOT and
# PUBLICATION of its own, or say that you mean it, with REPLACE_CONNECTOR=yes. Tables are added without that.
#
# Environment (with defaults):
#   CONNECT_URL http://localhost:8083
#   POSTGRES_HOST localhost, POSTGRES_PORT 5432, POSTGRES_DB projectsdb     as seen from Kafka Connect
#   DEBEZIUM_USER debezium, DEBEZIUM_PASSWORD debezium
#   CONNECTOR_NAME sluice, TOPIC_PREFIX cdc, REPLICATION_SLOT sluice, PUBLICATION sluice
#   CAPTURED_TABLES public.projects,public.users,...
#   REPLACE_CONNECTOR no                                                    yes: take tables away, change database, slot, prefix
#   SNAPSHOT_MODE no_data for a connector that has not run yet, then when_needed
#   CDC_PARTITIONS 4, CDC_RETENTION_MS 604800000 (7 days)                   of topics that are yet to be made
#   HEARTBEAT_INTERVAL_MS 10000                                             0: none; then the slot may keep all WAL that others write
#   POSTGRES_SSLMODE prefer                                                 of Debezium's connection: require, verify-ca, verify-full
#   POSTGRES_SSLROOTCERT                                                    with these: the CA's file, as seen from Kafka Connect
#   CONNECT_TIMEOUT 60                                                      seconds to wait for Connect, then for the task
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$REPO_DIR/scripts/lib/settings.sh"

case ${1:-} in
  '') ;;
  -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
  *) die "unknown option '$1' (setup-debezium.sh --help)" ;;
esac

NAME=${CONNECTOR_NAME:-sluice}
CONNECTOR_URL=${CONNECT_URL%/}/connectors/$NAME
TIMEOUT=${CONNECT_TIMEOUT:-60}
SLOT=${REPLICATION_SLOT:-sluice}
TABLES=${CAPTURED_TABLES:-public.projects,public.users,public.hashtags,public.user_projects,public.project_hashtags}

SETTINGS=(
  connector.class=io.debezium.connector.postgresql.PostgresConnector
  tasks.max=1 # one slot is read by one task

  database.hostname="$POSTGRES_HOST"
  database.port="$POSTGRES_PORT"
  database.user="$DEBEZIUM_USER"
  database.password="$DEBEZIUM_PASSWORD"
  database.dbname="$POSTGRES_DB"
  database.sslmode="${POSTGRES_SSLMODE:-prefer}"

  # pgoutput is part of PostgreSQL: nothing to install on the server.
  plugin.name=pgoutput
  slot.name="$SLOT"
  # After a crash PostgreSQL holds the slot until it notices: try again soon, and for a minute.
  slot.max.retries=30
  slot.retry.delay.ms=2000
  # Made beforehand (prepare_database), so the role needs no rights to.
  publication.name="${PUBLICATION:-sluice}"
  publication.autocreate.mode=disabled
  table.include.list="$TABLES"
  topic.prefix="${TOPIC_PREFIX:-cdc}"

  # Also truncates, which are skipped by default.
  skipped.operations=none
  # Lets a compacted topic forget deleted rows; the decoder passes over them.
  tombstones.on.delete=true
  # Every event names its transaction in "source" anyway. BEGIN and END messages would be traffic without a reader.
  provide.transaction.metadata=false
  # Two headers on each message that nobody reads.
  extended.headers.enabled=false

  # Writes a row that is published but not captured. That moves the slot on while the captured tables are idle;
  # else PostgreSQL keeps the WAL of all that others write.
  heartbeat.interval.ms="${HEARTBEAT_INTERVAL_MS:-10000}"
  "heartbeat.action.query=UPDATE sluice_heartbeat SET written_at = now() WHERE id = 1"

  # As text, with all that a value says. By default an interval is a number of microseconds, in which 1 day is 24 hours,
  # and NaN in a numeric column that is NOT NULL stops the connector.
  decimal.handling.mode=string
  interval.handling.mode=string

  # Latency: half a second by default, and the producer would linger for 5 ms.
  poll.interval.ms=20
  producer.override.linger.ms=0
  # A restarted database is taken up after a second instead of ten.
  retriable.restart.connector.wait.ms=1000

  # Plain JSON: the schemas that can be sent along are several times as large as the rows.
  key.converter=org.apache.kafka.connect.json.JsonConverter
  value.converter=org.apache.kafka.connect.json.JsonConverter
  key.converter.schemas.enable=false
  value.converter.schemas.enable=false

  # Topics, made by Connect at the first event of a table. Partitions are for throughput only: what is written to the
  # index is read from PostgreSQL and versioned by that read, so documents do not depend on the order of events.
  topic.creation.default.partitions="${CDC_PARTITIONS:-4}"
  topic.creation.default.replication.factor=-1 # the broker's default
  topic.creation.default.cleanup.policy=delete
  # A reconcile replays what came in while it ran, so this must be longer than any run.
  topic.creation.default.retention.ms="${CDC_RETENTION_MS:-604800000}"
  # A row with a long text is one message; at 1 MB, the default, it would stop the connector.
  topic.creation.default.max.message.bytes=16777216
  producer.override.max.request.size=16777216
  producer.override.compression.type=lz4
)

[ -z "${POSTGRES_SSLROOTCERT:-}" ] || SETTINGS+=(database.sslrootcert="$POSTGRES_SSLROOTCERT")

json_string() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//$'\n'/\\n}"
}

connector_json() {
  local setting separator=
  printf '{'
  for setting in "${SETTINGS[@]}"; do
    printf '%s%s: %s' "$separator" "$(json_string "${setting%%=*}")" "$(json_string "${setting#*=}")"
    separator=', '
  done
  printf '}'
}

request() { curl -sS -m 30 -H 'Content-Type: application/json' "$@"; }

refusal=
# Connect answers 409 while it rebalances: not an error, but a "not yet".
put_config() {
  local answer code
  answer=$(connector_json | request -X PUT --data-binary @- -w '\n%{http_code}' "$CONNECTOR_URL/config") || return 1
  code=${answer##*$'\n'}
  case $code in
    200 | 201) ;;
    409 | 5??) return 1 ;;
    *) refusal="($code): ${answer%$'\n'*}" ;; # told once nobody swallows the output any more
  esac
}

# Sets `registered` to the configuration of the connector of this name, empty where there is none.
get_config() {
  local answer
  answer=$(request -w '\n%{http_code}' "$CONNECTOR_URL/config") || return 1
  case ${answer##*$'\n'} in
    200) registered=${answer%$'\n'*} ;;
    404) registered= ;;
    *) return 1 ;;
  esac
}

# registered_setting NAME - of the connector as it is
registered_setting() {
  local value
  value=$(sed -nE 's/.*"'"${1//./\\.}"'":"(([^"\\]|\\.)*)".*/\1/p' <<<"$registered")
  printf '%b' "$value"
}

# tables_left_out OLD NEW - the entries of one list that no entry of the other covers. Entries may be patterns.
tables_left_out() {
  local old new covered
  local -a olds news
  IFS=, read -ra olds <<<"${1//[[:space:]]/}"
  IFS=, read -ra news <<<"${2//[[:space:]]/}"
  for old in "${olds[@]}"; do
    covered=
    for new in "${news[@]}"; do
      if [[ $old == "$new" ]] || [[ ${old//\\/} =~ ^($new)$ ]]; then covered=yes; fi
    done
    [ -n "$covered" ] || printf '%s ' "$old"
  done
}

# Whoever sets up a second pipeline and forgets CONNECTOR_NAME would else stop the first one's changes without a sign.
refuse_replacement() {
  local setting there lost losses=()
  for setting in database.dbname="$POSTGRES_DB" slot.name="$SLOT" topic.prefix="${TOPIC_PREFIX:-cdc}"; do
    there=$(registered_setting "${setting%%=*}")
    [ "$there" = "${setting#*=}" ] || losses+=("${setting%%=*} is '$there' there, not '${setting#*=}'")
  done
  lost=$(tables_left_out "$(registered_setting table.include.list)" "$TABLES")
  [ -z "$lost" ] || losses+=("tables that it would no longer capture: ${lost% }")
  [ ${#losses[@]} -gt 0 ] || return 0
  die "connector $NAME is there already, for something else, and is left as it is:
$(printf '  %s\n' "${losses[@]}")
  Give this pipeline's connector a name of its own (CONNECTOR_NAME, and with it TOPIC_PREFIX, REPLICATION_SLOT and PUBLICATION:
  pipelines/README.md), or say with REPLACE_CONNECTOR=yes that the other is to be replaced."
}

restart_failed() { request -X POST "$CONNECTOR_URL/restart?includeTasks=true&onlyFailed=true" >/dev/null; }
connector_status() { request "$CONNECTOR_URL/status" 2>/dev/null || true; }
task_is() { [[ $(connector_status) == *'"tasks":[{"id":0,"state":"'"$1"'"'* ]]; }
running() { task_is RUNNING; }
# For a moment after a restart the failure before it is still reported.
settled() { running || { task_is FAILED && sleep 3 && task_is FAILED; }; }

print_trace() {
  local trace
  trace=$(connector_status | sed -nE 's/.*"trace":"(([^"\\]|\\.)*)".*/\1/p')
  printf '%b\n' "${trace:-$(connector_status)}" >&2
}

# A slot's name holds for the whole server. Debezium would fail on another database's with a long trace, and stay registered.
refuse_foreign_slot() {
  local database
  database=$(run_psql "$POSTGRES_DB" -c "SELECT database FROM pg_replication_slots
    WHERE slot_name = '$SLOT' AND database <> current_database()") || die "could not look for the slot '$SLOT' (see above)"
  [ -z "$database" ] || die "slot $SLOT belongs to database $database; set REPLICATION_SLOT"
}

# What the connector needs in the database is made where it is missing. A heartbeat without its table would fail for ever
# without a sign of it in the connector's status.
prepare_database() {
  command -v psql >/dev/null || { warn "no psql here: publication, heartbeat table and grants are taken as given" && return; }
  refuse_foreign_slot
  run_psql "$POSTGRES_DB" -v tables="$TABLES" -v publication="${PUBLICATION:-sluice}" \
    -v debezium_user="$DEBEZIUM_USER" -v debezium_password="$DEBEZIUM_PASSWORD" \
    -f "$REPO_DIR/scripts/lib/capture.sql" || die "the database $POSTGRES_DB is not ready for Debezium (see above)"
}

# A slot that fell too far behind is lost for good. Without it the connector reads all rows anew.
drop_lost_slot() {
  command -v psql >/dev/null || return 0
  local dropped
  dropped=$(run_psql "$POSTGRES_DB" -c "SELECT slot_name, pg_drop_replication_slot(slot_name) FROM pg_replication_slots
    WHERE slot_name = '$SLOT' AND wal_status = 'lost' AND NOT active") || warn "could not look for a lost slot '$SLOT'"
  [ -z "$dropped" ] || warn "slot $SLOT was lost: it had fallen further behind than max_slot_wal_keep_size. The connector reads all
  rows anew; rows that were deleted meanwhile stay in the index until the next reconcile (sluice job run FILE reconcile)"
}

# A connector that has yet to begin sends changes from then on, and no event for each row that is there: a job with
# `bootstrap` reads these from the tables, each document once. One that has run before reads all rows anew if its slot
# was lost meanwhile: the gap heals by itself, except for rows deleted in it, which a reconcile
# removes. (With no_data it would fail then, and say so.)
snapshot_mode() {
  if [[ $(request -f "$CONNECTOR_URL/offsets" 2>/dev/null) == *'"offset":{'* ]]; then
    printf when_needed
  else
    printf no_data
  fi
}

stopped() { [[ $(connector_status) == *'"state":"STOPPED"'* ]]; }

# After a failure Debezium's own note of how far it has come may not fit what the slot sends, and then it fails at each start.
# The slot holds all that was not acknowledged: from there, some events come twice and none is left out.
forget_misfit_position() {
  [[ $(connector_status) == *'LSNs seen in the location phase'* ]] || return 0
  warn "connector $NAME lost its place in the log; it goes on from its replication slot"
  wait_until "$TIMEOUT" request -f -X PUT "$CONNECTOR_URL/stop" -o /dev/null &&
    wait_until "$TIMEOUT" stopped &&
    wait_until "$TIMEOUT" request -f -X DELETE "$CONNECTOR_URL/offsets" -o /dev/null ||
    die "connector $NAME: its offsets could not be removed: $(connector_status)"
  SNAPSHOT_MODE=no_data
}

need curl
started=$(now_ms)
wait_until "$TIMEOUT" request -f "${CONNECT_URL%/}/connectors" || die "Kafka Connect does not answer at $CONNECT_URL"
wait_until "$TIMEOUT" get_config || die "Kafka Connect does not say whether there is a connector $NAME"
[ -z "$registered" ] || [ "${REPLACE_CONNECTOR:-no}" = yes ] || refuse_replacement
prepare_database
drop_lost_slot
forget_misfit_position
was_stopped=no
! stopped || was_stopped=yes # asked before it gets its configuration: while it takes that, it has another state
SETTINGS+=("snapshot.mode=${SNAPSHOT_MODE:-$(snapshot_mode)}")
wait_until "$TIMEOUT" put_config || die "Kafka Connect did not take the connector within $TIMEOUT s"
[ -z "$refusal" ] || die "Kafka Connect refuses the connector $refusal"
if [ "$was_stopped" = yes ]; then
  wait_until "$TIMEOUT" request -f -X PUT "$CONNECTOR_URL/resume" -o /dev/null || die "connector $NAME could not be resumed"
elif [ -n "$registered" ]; then
  restart_failed
fi
wait_until "$TIMEOUT" settled || die "connector $NAME: no task after $TIMEOUT s: $(connector_status)"
running || { print_trace && die "connector $NAME: its task failed"; }
info "connector $NAME runs (after $(seconds_since "$started") s): $TABLES"
