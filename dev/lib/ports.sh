# Which loopback ports a stack uses. They are chosen once, so that a server that died comes back where its clients look.

ports_known() { [[ -e $STACK_DIR/ports.env ]]; }

load_ports() {
  ports_known || choose_ports
  PORTS_FILE=$STACK_DIR/ports.env
  # shellcheck source=/dev/null
  source "$PORTS_FILE"
  # Stacks from before there was this server have kept its port free too.
  : "${STRIPE_MOCK_PORT:=$((REDIS_PORT + 1))}"
}

choose_ports() {
  if [[ $STACK_NAME == dev ]]; then
    write_ports 19092 19093 18081 15432 16379 16380
    return
  fi
  # Two new stacks must not choose the same block at the same moment.
  exec 7>"$STACK_DIR/../ports.lock"
  flock 7
  local first
  first=$(free_block) || die "found no ten free ports between 21000 and 29000"
  write_ports "$first" $((first + 1)) $((first + 2)) $((first + 3)) $((first + 4)) $((first + 5))
  exec 7>&-
}

write_ports() { # KAFKA CONTROLLER REGISTRY POSTGRES REDIS STRIPE-MOCK
  cat >"$STACK_DIR/ports.env.new" <<PORTS
KAFKA_PORT=$1
KAFKA_CONTROLLER_PORT=$2
REGISTRY_PORT=$3
POSTGRES_PORT=$4
REDIS_PORT=$5
STRIPE_MOCK_PORT=$6
PORTS
  mv -- "$STACK_DIR/ports.env.new" "$STACK_DIR/ports.env"
}

# The scan begins at a place of the stack's own, so that stacks of several clones rarely want the same block.
free_block() {
  local start try first
  start=$(cksum <<<"$STACK_DIR")
  start=${start%% *}
  for ((try = 0; try < 800; try++)); do
    first=$((21000 + (start + try) % 800 * 10))
    block_is_free "$first" && echo "$first" && return
  done
  return 1
}

# The kernel gives ports of its ephemeral range to anybody's outgoing connection: none of them can be kept.
block_is_free() { # FIRST
  local first=$1 port low=32768 high=60999
  [[ ! -r /proc/sys/net/ipv4/ip_local_port_range ]] || read -r low high </proc/sys/net/ipv4/ip_local_port_range
  ((first + 9 < low || first > high)) || return 1
  ! grep -qs "=$first\$" "$STACK_DIR"/../*/ports.env || return 1
  for ((port = first; port < first + 6; port++)); do
    ! port_is_open "$port" || return 1
  done
}
