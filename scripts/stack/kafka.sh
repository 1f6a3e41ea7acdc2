# shellcheck shell=bash
# One Kafka broker that is its own controller (KRaft).
KAFKA_PORT=$(port_of "$KAFKA_BROKER")
KAFKA_CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-$((KAFKA_PORT + 1))}

# A quick start matters more than peak speed to the broker and the Connect worker of a development stack.
java_small() {
  printf '%s\n' "$(java_command)" -Xms128m "-Xmx$1" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError \
    -Djava.awt.headless=true "-Dlog4j2.configurationFile=file:$RUN_DIR/kafka-log4j2.properties" \
    -Dlog4j2.disableJmx=true -cp "$JARS_DIR/kafka/*"
}

kafka_ports() { printf '%s %s' "$KAFKA_PORT" "$KAFKA_CONTROLLER_PORT"; }
kafka_stop_signal() { printf TERM; }

kafka_prepare() {
  fill_in kafka-server.properties "$RUN_DIR/kafka-server.properties"
  # Of a property that is given twice, the broker takes the last.
  [ -z "${KAFKA_EXTRA_PROPERTIES:-}" ] || cat "$KAFKA_EXTRA_PROPERTIES" >>"$RUN_DIR/kafka-server.properties"
  [ ! -f "$DATA_DIR/kafka/meta.properties" ] || return 0
  mkdir -p "$DATA_DIR/kafka"
  own "$DATA_DIR/kafka"
  local java
  mapfile -t java < <(java_small 256m)
  as_stack_user "${java[@]}" kafka.tools.StorageTool format --cluster-id "$(cluster_id)" \
    --config "$RUN_DIR/kafka-server.properties" >"$LOG_DIR/kafka-format.log" 2>&1 || {
    log_tail "$LOG_DIR/kafka-format.log"
    die "Kafka's storage could not be formatted"
  }
}

# 16 random bytes, base64url without padding; a leading "-" would be taken for an option
cluster_id() { printf 'S%s' "$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=' | cut -c2-)"; }

kafka_command() {
  mapfile -t command < <(java_small "${KAFKA_HEAP:-384m}")
  command+=(kafka.Kafka "$RUN_DIR/kafka-server.properties")
}

kafka_healthy() { timeout 5 kcat -b "127.0.0.1:$KAFKA_PORT" -L -m 2; }
