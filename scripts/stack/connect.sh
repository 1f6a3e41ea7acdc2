# shellcheck shell=bash
# Kafka Connect, distributed mode with one worker, with the Debezium PostgreSQL connector.
CONNECT_PORT=$(port_of "$CONNECT_URL")

connect_ports() { printf '%s' "$CONNECT_PORT"; }
connect_stop_signal() { printf TERM; }

connect_prepare() {
  mkdir -p "$RUN_DIR/connect-plugins"
  ln -sfn "$JARS_DIR/debezium" "$RUN_DIR/connect-plugins/debezium"
  fill_in connect-worker.properties "$RUN_DIR/connect-worker.properties"
}

connect_command() {
  mapfile -t command < <(java_small "${CONNECT_HEAP:-384m}")
  command+=(org.apache.kafka.connect.cli.ConnectDistributed "$RUN_DIR/connect-worker.properties")
}

# "/" answers before the worker has joined its group; this does not.
connect_healthy() { curl -fsS -m 5 "http://127.0.0.1:$CONNECT_PORT/connectors"; }
