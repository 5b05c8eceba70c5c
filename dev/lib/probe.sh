# Asks a server on loopback by bash's own sockets: a client program, above all a Java one, would start more slowly than the server.

port_is_open() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

first_line() { # PORT REQUEST (as for printf %b): prints the first line of the answer
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf '%b' "$2" >&3
    read -r -t 2 line <&3 || exit 1
    printf '%s' "${line%$'\r'}"
  ) 2>/dev/null
}

first_bytes() { # PORT REQUEST (as for printf %b) COUNT: prints the first bytes of the answer in hex
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf '%b' "$2" >&3
    timeout 2 head -c "$3" <&3 | od -An -v -tx1 | tr -d ' \n'
  ) 2>/dev/null
}

listener_of() { # PORT: prints who listens there, as far as this user may know
  local hex inode fd='' pid name=''
  printf -v hex '%04X' "$1"
  # One line for each socket: the second field ends with its port, 0A in the fourth means that it listens.
  inode=$(awk -v port=":$hex" '$4 == "0A" && index($2, port) == length($2) - 4 { inode = $10 } END { print inode }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null) || true
  [[ -z $inode ]] || fd=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" -print -quit 2>/dev/null) || true
  pid=${fd#/proc/}
  pid=${pid%%/*}
  { read -r name <"/proc/$pid/comm"; } 2>/dev/null || true
  if [[ -n $name ]]; then echo "process $pid ($name)"; else echo 'a process of another user'; fi
}
