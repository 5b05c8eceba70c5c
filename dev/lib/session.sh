# A script that has a stack to itself, runs its steps one after the other, and leaves nothing behind however it ends.

SESSION_FOLDER=$(dirname -- "$dev")/.stack
SESSION_LOGS=$SESSION_FOLDER/logs
RUNNING='' # the process group of the step that runs

begin_session() { # STACK
  export QUITTANCE_STACK=$1
  mkdir -p "$SESSION_FOLDER"
  [[ -e $SESSION_FOLDER/.gitignore ]] || echo '*' >"$SESSION_FOLDER/.gitignore"
  exec 6>"$SESSION_FOLDER/$1.lock"
  flock --nonblock 6 || die 'it is already running in this clone'
  forget_variables
  trap end_session EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Whoever has set up an installation of their own must not have it tested, nor its options take part.
forget_variables() {
  local variable
  for variable in "${!QUITTANCE_@}"; do
    [[ $variable == QUITTANCE_CACHE || $variable == QUITTANCE_STACK ]] || unset "$variable"
  done
}

fresh_stack() { "$dev/stack" reset && "$dev/stack" up; }

step() { # WHAT COMMAND...
  local what=$1 began=$EPOCHREALTIME
  shift
  printf '\n==> %s\n' "$what"
  if in_group "$@"; then
    echo "    $what: $(seconds_since "$began")"
  else
    echo "    $what: failed after $(seconds_since "$began")" >&2
    exit 1
  fi
}

# A process group of its own: all that the command started can be ended with it, and this shell hears a signal at once
# instead of when the command has ended.
in_group() { # COMMAND...
  local status=0
  set -m
  "$@" </dev/null &
  RUNNING=$!
  set +m
  wait "$RUNNING" || status=$?
  RUNNING=''
  return $status
}

end_session() {
  local status=$?
  # Cleaning up is short, and a second Ctrl-C must not stop it halfway.
  trap '' HUP INT TERM
  trap - EXIT
  end_group
  keep_server_logs
  "$dev/stack" reset || status=1
  if ((status != 0)); then echo "the logs of servers and processes are in $SESSION_LOGS/" >&2; fi
  exit $status
}

end_group() {
  local signal tenths
  [[ -n $RUNNING ]] || return 0
  for signal in TERM KILL; do
    for ((tenths = 0; tenths < 50; tenths++)); do
      kill -s "$signal" -- "-$RUNNING" 2>/dev/null || return 0
      sleep 0.1
    done
  done
}

keep_server_logs() {
  mkdir -p "$SESSION_LOGS/servers"
  cp -- "$SESSION_FOLDER/$QUITTANCE_STACK/logs"/* "$SESSION_LOGS/servers/" 2>/dev/null || true
}
