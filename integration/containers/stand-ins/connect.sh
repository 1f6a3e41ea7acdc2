#!/usr/bin/env bash
# CONNECT_SOME_SETTING becomes some.setting of the worker, and a few settings have names of their own, as in Debezium's image.
set -euo pipefail
file=/kafka/config/connect-distributed.properties
export CONNECT_BOOTSTRAP_SERVERS=$BOOTSTRAP_SERVERS CONNECT_GROUP_ID=$GROUP_ID
export CONNECT_CONFIG_STORAGE_TOPIC=$CONFIG_STORAGE_TOPIC CONNECT_OFFSET_STORAGE_TOPIC=$OFFSET_STORAGE_TOPIC
export CONNECT_STATUS_STORAGE_TOPIC=$STATUS_STORAGE_TOPIC CONNECT_OFFSET_FLUSH_INTERVAL_MS=${OFFSET_FLUSH_INTERVAL_MS:-60000}
export CONNECT_KEY_CONVERTER=${KEY_CONVERTER:-org.apache.kafka.connect.json.JsonConverter}
export CONNECT_VALUE_CONVERTER=${VALUE_CONVERTER:-org.apache.kafka.connect.json.JsonConverter}
export CONNECT_PLUGIN_PATH=/kafka/connect
env | grep '^CONNECT_' | while IFS='=' read -r name value; do
  name=${name#CONNECT_}
  name=${name//_/.}
  printf '%s=%s\n' "${name,,}" "$value"
done >$file

# shellcheck disable=SC2086 # several options
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${HEAP_OPTS:-} -Dlog4j2.configurationFile=/opt/log4j2.properties \
  -cp '/kafka/libs/*' org.apache.kafka.connect.cli.ConnectDistributed $file
