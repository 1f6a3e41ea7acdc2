# shellcheck shell=bash
# The servers' jars, from Maven Central into the cache: once for each state of the poms.
# Gives JARS_DIR with kafka/, debezium/, opensearch/lib/ and opensearch/modules/.
MAVEN_DIR=$REPO_DIR/scripts/stack/maven
JARS_DIR=$CACHE_DIR/servers-$(cd "$MAVEN_DIR" && find . -type f | sort | xargs cat | sha256sum | cut -c1-12)

fetch_jars() {
  [ ! -d "$JARS_DIR" ] || return 0
  need mvn java flock
  mkdir -p "$CACHE_DIR"
  (
    flock -w 900 9 || die "another fetch into $CACHE_DIR did not end within 15 minutes"
    [ -d "$JARS_DIR" ] || download_jars
  ) 9>"$CACHE_DIR/.lock"
}

download_jars() {
  local started partial=$CACHE_DIR/partial log=$CACHE_DIR/fetch.log
  started=$(now_ms)
  info "  jars         fetching Kafka, Connect, Debezium and OpenSearch from Maven Central (160 MB, once)"
  rm -rf "$partial"
  timeout 900 mvn -B -f "$MAVEN_DIR/pom.xml" -Dmaven.repo.local="$CACHE_DIR/maven" -Dstack.home="$partial" \
    dependency:copy-dependencies >"$log" 2>&1 9>&- || {
    log_tail "$log"
    die "Maven could not fetch the servers' jars (behind a proxy: see ~/.m2/settings.xml)"
  }
  lay_out_opensearch "$partial"
  mv "$partial" "$JARS_DIR"
  rm -rf "$CACHE_DIR/maven" # all that is needed has been copied out of it
  info "  jars         ready in $(seconds_since "$started") s: $JARS_DIR"
}

# lay_out_opensearch DIR - one folder a module, each with the descriptor and the policy that the node asks for
lay_out_opensearch() {
  local module name jar version
  version=$(sed -n 's|.*<opensearch.version>\(.*\)</.*|\1|p' "$MAVEN_DIR/pom.xml")
  mkdir -p "$1/home/modules" "$1/home/plugins" "$1/home/bin"
  mv "$1/opensearch" "$1/home/lib"
  for module in "$MAVEN_DIR"/opensearch-modules/*/; do
    name=$(basename "$module")
    mv "$1/$name" "$1/home/modules/$name"
    # A jar that lib/ has too would stop the node ("jar hell").
    for jar in "$1/home/modules/$name"/*.jar; do
      [ ! -e "$1/home/lib/$(basename "$jar")" ] || rm "$jar"
    done
    sed "s/@VERSION@/$version/" "$module/plugin-descriptor.properties" >"$1/home/modules/$name/plugin-descriptor.properties"
    # Under Java 17 the node has a security manager; modules taken from Maven come without their policies.
    echo 'grant { permission java.security.AllPermission; };' >"$1/home/modules/$name/plugin-security.policy"
  done
  mv "$1/home" "$1/opensearch"
}

# java_command - Java 17 where there are several, for OpenSearch 2.x
java_command() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/java-17-openjdk-*; do
    [ ! -x "$home/bin/java" ] || { printf '%s/bin/java' "$home"; return; }
  done
  command -v java || die "no Java found (package openjdk-17-jre-headless)"
}
