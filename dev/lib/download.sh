# Brings the Java servers to a cache outside the clone, so that a second clone finds them there.

SERVERS_CACHE=${QUITTANCE_CACHE:-$HOME/.cache/quittance}/servers
KAFKA_HOME=$SERVERS_CACHE/kafka-$KAFKA_VERSION
REGISTRY_HOME=$SERVERS_CACHE/registry-$APICURIO_VERSION

downloaded() { [[ -d $KAFKA_HOME && -d $REGISTRY_HOME ]]; }

download_servers() {
  find_java
  if downloaded && [[ -e $(class_archive kafka) && -e $(class_archive registry) ]]; then return; fi

  mkdir -p "$SERVERS_CACHE"
  exec 8>"$SERVERS_CACHE/lock"
  flock 8
  end_trial_runs
  rm -rf -- "$SERVERS_CACHE"/*.new
  [[ -d $KAFKA_HOME ]] || download "Kafka $KAFKA_VERSION" kafka copy-dependencies "$KAFKA_HOME"
  [[ -d $REGISTRY_HOME ]] || download "Apicurio Registry $APICURIO_VERSION" registry unpack-dependencies "$REGISTRY_HOME"
  in_parallel archive_classes kafka registry
  rm -rf -- "$SERVERS_CACHE"/*.new
  exec 8>&-
}

# Downloaded beside its place and then renamed: an interrupted download leaves nothing that looks whole.
download() { # WHAT SERVER GOAL HOME
  local began=$EPOCHREALTIME log=$SERVERS_CACHE/$2.log
  say "$2" "downloading $1 ..."
  if ! mvn --quiet --batch-mode --file "$dev/servers/$2/pom.xml" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:$3" \
    -DoutputDirectory="$4.new" -DmarkersDirectory="$SERVERS_CACHE/markers.new" -Dstyle.color=never \
    -Dkafka.version="$KAFKA_VERSION" -Dkafka.scala.version="$KAFKA_SCALA_VERSION" \
    -Dslf4j.version="$SLF4J_VERSION" -Dapicurio.version="$APICURIO_VERSION" >"$log" 2>&1; then
    grep -a -m 3 '\[ERROR\] ..' "$log" >&2
    die "could not download $1 (see $log)"
  fi
  mv -T -- "$4.new" "$4"
  say "$2" "downloaded in $(seconds_since "$began")"
}
