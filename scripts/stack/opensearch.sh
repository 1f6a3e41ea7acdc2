# shellcheck shell=bash
# One OpenSearch node without the security plugin, on loopback.
OPENSEARCH_PORT=$(port_of "$OPENSEARCH_URL")
OPENSEARCH_TRANSPORT_PORT=${OPENSEARCH_TRANSPORT_PORT:-$((OPENSEARCH_PORT + 100))}

opensearch_ports() { printf '%s %s' "$OPENSEARCH_PORT" "$OPENSEARCH_TRANSPORT_PORT"; }
opensearch_stop_signal() { printf TERM; }

opensearch_prepare() {
  local conf=$RUN_DIR/opensearch
  mkdir -p "$conf" "$DATA_DIR/opensearch" "$RUN_DIR/opensearch-tmp"
  fill_in opensearch.yml "$conf/opensearch.yml"
  cp "$REPO_DIR/scripts/stack/conf/opensearch-log4j2.properties" "$conf/log4j2.properties"
  : >"$conf/jvm.options"
  own "$conf" "$DATA_DIR/opensearch" "$RUN_DIR/opensearch-tmp"
}

opensearch_command() {
  local heap=${OPENSEARCH_HEAP:-1g} home=$JARS_DIR/opensearch
  command=(
    "$(java_command)" "-Xms$heap" "-Xmx$heap" -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError -XX:-OmitStackTraceInFastThrow
    -Dfile.encoding=UTF-8 -Djava.awt.headless=true -Djava.io.tmpdir="$RUN_DIR/opensearch-tmp" -Djna.nosys=true
    -Djava.security.manager=allow # Java 17 warns of it, 2.x needs it
    -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0
    -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true
    -Dopensearch.path.home="$home" -Dopensearch.path.conf="$RUN_DIR/opensearch"
    -Dopensearch.distribution.type=tar -Dopensearch.bundled_jdk=false
    -cp "$home/lib/*" org.opensearch.bootstrap.OpenSearch
  )
}

opensearch_healthy() {
  curl -fsS -m 5 "http://127.0.0.1:$OPENSEARCH_PORT/_cluster/health?wait_for_status=yellow&timeout=1s"
}
