# The schema registry: Apicurio, asked through its Confluent-compatible API.

registry_address() { echo "http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7"; }
registry_ports() { echo "$REGISTRY_PORT"; }
registry_deadline_s() { echo 60; }
registry_stop_signal() { echo TERM; }

registry_answers() {
  [[ $(first_line "$REGISTRY_PORT" 'GET /health/ready HTTP/1.0\r\n\r\n') == HTTP/1.?\ 200* ]]
}

registry_before_start() { :; }
registry_create() { mkdir -p -- "$1"; }

# Apicurio keeps its tables in H2: in memory unless it is given a file. With WRITE_DELAY=0 a schema is in the file before its
# id is answered, so that a killed registry never forgets an id that is already in a record.
registry_command() { # DATA
  archive_flags registry
  COMMAND=(env
    "REGISTRY_DATASOURCE_URL=jdbc:h2:file:$1/registry;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE"
    QUARKUS_HTTP_HOST=127.0.0.1 "QUARKUS_HTTP_PORT=$REGISTRY_PORT" LOG_LEVEL=WARN REGISTRY_LOG_LEVEL=WARN QUARKUS_BANNER_ENABLED=false
    "$JAVA" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError
    "-XX:ErrorFile=$STACK_DIR/logs/registry.crash.log" "${ARCHIVE_FLAGS[@]}"
    -jar "$REGISTRY_HOME/apicurio-registry-app-$APICURIO_VERSION-runner.jar")
}
