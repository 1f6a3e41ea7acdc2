#!/usr/bin/env bash
# KAFKA_SOME_SETTING becomes some.setting of the broker, as in the official image.
set -euo pipefail
file=/opt/kafka/config/server.properties
env | grep '^KAFKA_' | grep -v '^KAFKA_HEAP_OPTS=' | while IFS='=' read -r name value; do
  name=${name#KAFKA_}
  name=${name//_/.}
  printf '%s=%s\n' "${name,,}" "$value"
done >$file

java=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/log4j2.properties -cp '/opt/kafka/libs/*')
[ -f "$KAFKA_LOG_DIRS/meta.properties" ] || "${java[@]}" kafka.tools.StorageTool format --cluster-id "$CLUSTER_ID" --config $file
# shellcheck disable=SC2086 # several options
exec "${java[@]}" ${KAFKA_HEAP_OPTS:-} kafka.Kafka $file
