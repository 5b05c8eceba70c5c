# A named stack: its folder, its lock, the variables that lead to it.

open_stack() { # NAME
  STACK_NAME=$1
  STACK_DIR=$(dirname -- "$dev")/.stack/$STACK_NAME
}

# Two commands on one stack at a time would start a server twice or stop one that is just starting.
lock_stack() {
  mkdir -p "$STACK_DIR"/{data,logs,run}
  [[ -e $STACK_DIR/../.gitignore ]] || echo '*' >"$STACK_DIR/../.gitignore"
  exec 9>"$STACK_DIR/lock"
  flock --nonblock 9 && return
  echo "waiting for another dev/stack on \"$STACK_NAME\" to end" >&2
  flock --timeout 180 9 || die "another dev/stack holds $STACK_DIR/lock"
}

in_parallel() { # FUNCTION SERVER...: fails when it fails for any of them
  local function=$1 server failed=0 jobs=()
  shift
  for server; do
    "$function" "$server" &
    jobs+=($!)
  done
  for server in "${jobs[@]}"; do wait "$server" || failed=1; done
  return $failed
}

# Written whole and then renamed, so that a reader never sees half of it. The file holds passwords.
write_env() {
  (
    umask 077
    cat >"$STACK_DIR/env.new" <<ENV
QUITTANCE_KAFKA_BROKERS=$(kafka_address)
QUITTANCE_SCHEMA_REGISTRY_URL=$(registry_address)
QUITTANCE_POSTGRES_URL=postgres://quittance:$(postgres_password postgres)@127.0.0.1:$POSTGRES_PORT/quittance
QUITTANCE_POSTGRES_READER_URL=postgres://quittance_reader:$(postgres_password postgres-reader)@127.0.0.1:$POSTGRES_PORT/quittance
QUITTANCE_REDIS_URL=$(redis_address)
STRIPE_MOCK_URL=$(stripe-mock_address)
ENV
  )
  mv -- "$STACK_DIR/env.new" "$STACK_DIR/env"
}

show_env() {
  [[ -e $STACK_DIR/env ]] || die "stack \"$STACK_NAME\" was never up: dev/stack --name $STACK_NAME up"
  cat -- "$STACK_DIR/env"
}

show_status() { # SERVER...
  local server pid state all_up=0
  ports_known && load_ports
  printf '%-*s %-10s %-8s %s\n' "$SAY_WIDTH" NAME STATE PID ADDRESS
  for server; do
    if ! pid=$(pid_of "$server"); then state=down pid=-
    elif "${server}_answers"; then state=up
    else state='no answer'
    fi
    [[ $state == up ]] || all_up=1
    printf '%-*s %-10s %-8s %s\n' "$SAY_WIDTH" "$server" "$state" "$pid" "$(ports_known && "${server}_address" || echo -)"
  done
  return $all_up
}

# The lock and the ports stay: somebody may be waiting for the one, and the others are worth keeping.
delete_data() {
  postgres_delete
  rm -rf -- "$STACK_DIR"/{data,logs,run,env}
  echo "deleted the data of stack \"$STACK_NAME\""
}
