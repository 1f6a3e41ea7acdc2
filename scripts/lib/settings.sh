# shellcheck shell=bash
# The environment variables that the scripts and the shipped pipeline share, with their defaults.
export POSTGRES_HOST=${POSTGRES_HOST:-localhost}
export POSTGRES_PORT=${POSTGRES_PORT:-5432}
export POSTGRES_USER=${POSTGRES_USER:-postgres}
export POSTGRES_PASSWORD=${POSTGRES_PASSWORD:-postgres}
export POSTGRES_DB=${POSTGRES_DB:-projectsdb}
export DEBEZIUM_USER=${DEBEZIUM_USER:-debezium}
export DEBEZIUM_PASSWORD=${DEBEZIUM_PASSWORD:-debezium}
export KAFKA_BROKER=${KAFKA_BROKER:-localhost:9092}
export CONNECT_URL=${CONNECT_URL:-http://localhost:8083}
export OPENSEARCH_URL=${OPENSEARCH_URL:-http://localhost:9200}
export OPENSEARCH_INDEX=${OPENSEARCH_INDEX:-projects}
export PORT=${PORT:-8080}

# run_psql DATABASE ARGS... - quiet, unaligned, stops at the first error
run_psql() {
  local database=$1
  shift
  PGPASSWORD=$POSTGRES_PASSWORD PGCONNECT_TIMEOUT=10 PGOPTIONS='-c client_min_messages=warning' \
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$POSTGRES_HOST" -p "$POSTGRES_PORT" -U "$POSTGRES_USER" -d "$database" "$@"
}
