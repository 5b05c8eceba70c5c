# Starts and stops one server, or one process of Quittance itself, which is asked the same questions. It is known by its
# process id and the time at which that process began, so that a number which the kernel gave to somebody else in the
# meantime is never taken for ours.

start_time() { # PID: prints when the process began, in clock ticks since boot; fails for none and for a zombie
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The second field is the program's name in parentheses, which may hold blanks: count from behind it.
  read -ra fields <<<"${line##*) }"
  [[ ${fields[0]} != Z ]] && echo "${fields[19]}"
}

pid_of() { # SERVER: prints its process id; fails when it does not run
  local pid began
  { read -r pid began <"$STACK_DIR/run/$1.pid"; } 2>/dev/null || return 1
  [[ $(start_time "$pid") == "$began" ]] && echo "$pid"
}

bring_up() { # SERVER
  local server=$1 began=$EPOCHREALTIME
  if ! pid_of "$server" >/dev/null; then
    refuse_taken_ports "$server" || return
    prepare "$server" || return
    launch "$server"
  elif "${server}_answers"; then
    say "$server" "is up at $("${server}_address")"
    return
  fi
  await "$server" "${began%[.,]*}" || return
  say "$server" "came up at $("${server}_address") in $(seconds_since "$began")"
}

refuse_taken_ports() { # SERVER
  local port
  for port in $("${1}_ports"); do
    if port_is_open "$port"; then
      say "$1" "cannot start: $(listener_of "$port") has its port $port${PORTS_FILE:+ (see $PORTS_FILE)}" >&2
      return 1
    fi
  done
}

# The child itself notes its process id before it becomes the server: no interruption can lose a running server.
# It leaves the caller's session, terminal and open files behind, lest a pipe or a lock of the caller stay open with it.
launch() { # SERVER
  local server=$1 log=$STACK_DIR/logs/$1.log self fd
  [[ ! -e $log ]] || mv -- "$log" "$log.1"
  "${server}_command" "$STACK_DIR/data/$server"
  (
    cd /
    self=$BASHPID
    echo "$self $(start_time "$self")" >"$STACK_DIR/run/$server.pid.new"
    mv -- "$STACK_DIR/run/$server.pid.new" "$STACK_DIR/run/$server.pid"
    for fd in /proc/"$self"/fd/*; do
      fd=${fd##*/}
      ((fd <= 2)) || exec {fd}>&-
    done
    exec setsid "${COMMAND[@]}"
  ) </dev/null >"$log" 2>&1 &
  # The caller must not go on to look at the process id of an earlier start.
  until [[ $(pid_of "$server") == "$!" ]]; do
    start_time $! >/dev/null || return 0
    sleep 0.01
  done
}

await() { # SERVER SECONDS (the time at which the wait began)
  local server=$1 deadline=$(($2 + $("${1}_deadline_s")))
  until "${server}_answers"; do
    if ! pid_of "$server" >/dev/null; then
      say "$server" "ended instead of coming up. Its log, $STACK_DIR/logs/$server.log, ends with:" >&2
    elif ((EPOCHSECONDS > deadline)); then
      say "$server" "does not answer after $("${server}_deadline_s") s. Its log, $STACK_DIR/logs/$server.log, ends with:" >&2
    else
      sleep 0.1
      continue
    fi
    show_log "$STACK_DIR/logs/$server.log"
    return 1
  done
}

show_log() { tail -n 15 -- "$1" | sed 's/^/          | /' >&2; }

bring_down() { # SERVER
  local server=$1 pid began=$EPOCHREALTIME
  if ! pid=$(pid_of "$server"); then
    say "$server" 'is down'
    return
  fi
  kill -s "$("${server}_stop_signal")" "$pid" 2>/dev/null || true
  # One that was stopped in its tracks hears it only when it goes on.
  kill -s CONT "$pid" 2>/dev/null || true
  if ! await_end "$server" 20; then
    say "$server" 'did not stop within 20 s and is killed' >&2
    bring_down_at_once "$server"
    return
  fi
  say "$server" "stopped in $(seconds_since "$began")"
}

# Postgres is a family of processes: the children that outlive their parent would keep the data locked.
bring_down_at_once() { # SERVER
  local server=$1 pid children=''
  if ! pid=$(pid_of "$server"); then
    say "$server" 'is down'
    return
  fi
  { read -r children <"/proc/$pid/task/$pid/children"; } 2>/dev/null || true
  # shellcheck disable=SC2086 # a list of numbers
  kill -s KILL "$pid" $children 2>/dev/null || true
  await_end "$server" 10 || { say "$server" "process $pid does not end" >&2; return 1; }
  say "$server" 'killed'
}

await_end() { # SERVER SECONDS
  local deadline=$((EPOCHSECONDS + $2))
  while pid_of "$1" >/dev/null; do
    ((EPOCHSECONDS <= deadline)) || return 1
    sleep 0.05
  done
}
