# Kafka: one node in KRaft mode.

kafka_address() { echo "127.0.0.1:$KAFKA_PORT"; }
kafka_ports() { echo "$KAFKA_PORT $KAFKA_CONTROLLER_PORT"; }
kafka_deadline_s() { echo 60; }
kafka_stop_signal() { echo TERM; }

# A Metadata request, version 1, for no topic: size, key 3, version 1, correlation 1, no client id, an empty list.
# The answer begins with size, correlation and the number of brokers: there is one when the controller has admitted it.
kafka_answers() {
  local answer
  answer=$(first_bytes "$KAFKA_PORT" '\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff\x00\x00\x00\x00' 12) &&
    [[ $answer == ????????0000000100000001 ]]
}

kafka_before_start() { # DATA
  local config=$STACK_DIR/run/kafka.properties
  {
    cat "$dev/servers/kafka/server.properties"
    echo "listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT"
    echo "controller.quorum.voters=1@127.0.0.1:$KAFKA_CONTROLLER_PORT"
    echo "log.dirs=$1"
  } >"$config"
}

kafka_create() { # DATA
  local cluster
  rm -rf -- "$1"
  # In the alphabet for URLs it could begin with a dash, once in 64 times, and the tool would take it for an option.
  cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB')
  sed "s|^log.dirs=.*|log.dirs=$1|" "$STACK_DIR/run/kafka.properties" >"$STACK_DIR/run/kafka.format.properties"
  kafka_java -XX:+UseSerialGC -XX:TieredStopAtLevel=1
  "${COMMAND[@]}" kafka.tools.StorageTool format --cluster-id "${cluster%%=*}" --config "$STACK_DIR/run/kafka.format.properties"
}

# The broker's log tells what goes wrong, and what groups and transactions do. KAFKA_JVM_OPTIONS: more options, for
# measurements; an archive of classes is one of the broker without them.
kafka_command() { # DATA
  local level=-Dorg.slf4j.simpleLogger options=()
  [[ -n ${NEW_ARCHIVE-} ]] || read -ra options <<<"${KAFKA_JVM_OPTIONS-}"
  archive_flags kafka
  kafka_java -Xmx512m -XX:+ExitOnOutOfMemoryError "-XX:ErrorFile=$STACK_DIR/logs/kafka.crash.log" "${ARCHIVE_FLAGS[@]}" "${options[@]}" \
    "$level.defaultLogLevel=warn" "$level.log.kafka.server.KafkaRaftServer=info" \
    "$level.log.org.apache.kafka.coordinator=info" \
    "$level.showDateTime=true" "$level.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS" "$level.levelInBrackets=true"
  COMMAND+=(kafka.Kafka "$STACK_DIR/run/kafka.properties")
}

# Every file is named: the archive of classes fits only the same class path in the same order.
kafka_java() { # FLAG...: sets COMMAND
  local jars=("$KAFKA_HOME"/*.jar) IFS=:
  COMMAND=("$JAVA" "$@" -cp "${jars[*]}")
}
