#!/usr/bin/env bash
# A variable whose name has a dot is a setting, as in the official image. There is no security plugin to disable here.
set -euo pipefail
home=/usr/share/opensearch
settings=(-Enetwork.host=0.0.0.0)
while IFS='=' read -r name value; do
  [[ ! $name =~ ^[a-z0-9_]+\.[a-z0-9_.]+$ ]] || settings+=("-E$name=$value")
done < <(env)

# shellcheck disable=SC2086 # several options
exec java -XX:+UseSerialGC -Djava.security.manager=allow -Djna.nosys=true -Dlog4j2.disable.jmx=true \
  -Dlog4j.shutdownHookEnabled=false -Dio.netty.noUnsafe=true ${OPENSEARCH_JAVA_OPTS:-} \
  -Dopensearch.path.home=$home -Dopensearch.path.conf=$home/config \
  -Dopensearch.distribution.type=docker -Dopensearch.bundled_jdk=false \
  -cp "$home/lib/*" org.opensearch.bootstrap.OpenSearch "${settings[@]}"
