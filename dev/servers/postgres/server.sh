# Postgres. It refuses to run as root, so root runs it as another user.

postgres_address() { echo "127.0.0.1:$POSTGRES_PORT"; }
postgres_ports() { echo "$POSTGRES_PORT"; }
postgres_deadline_s() { echo 60; }
# SIGINT ends the sessions that are open; SIGTERM would wait for their clients.
postgres_stop_signal() { echo INT; }

postgres_answers() {
  [[ -n ${POSTGRES_BIN-} ]] || find_postgres || return
  "$POSTGRES_BIN/pg_isready" --quiet --timeout 2 --username quittance --host 127.0.0.1 --port "$POSTGRES_PORT"
}

postgres_before_start() { # DATA
  local version=''
  if [[ -e $1/PG_VERSION ]]; then read -r version <"$1/PG_VERSION"; fi
  find_postgres "$version" || { say postgres "its data needs Postgres $version, which is not installed" >&2; return 1; }
  [[ -e $1/postmaster.pid ]] || return 0
  postgres_end_orphans "$1" || return
  # Postgres would refuse to start when the process id in this file belongs to another program by now.
  rm -f -- "$1/postmaster.pid"
}

# The children of a killed Postgres go on with the query that they have, and keep the data locked. They are known by their
# working folder, which is the data's.
postgres_end_orphans() { # DATA
  local main process orphans=()
  read -r main <"$1/postmaster.pid"
  if [[ /proc/$main/cwd -ef $1 ]]; then
    say postgres "cannot start: process $main, which dev/stack did not start, uses its data" >&2
    return 1
  fi
  for process in /proc/[0-9]*; do
    [[ ! $process/cwd -ef $1 ]] || orphans+=("${process##*/}")
  done
  for process in "${orphans[@]}"; do
    kill -s KILL "$process" 2>/dev/null || true
    while [[ /proc/$process/cwd -ef $1 ]]; do sleep 0.02; done
  done
}

# Passwords are made with the data. Whoever may read the stack's folder as its owner may use the server, nobody else. The role that
# reads is made by `quittance migrate`, with the password in its URL.
postgres_password() { # WHOSE
  local file=$STACK_DIR/data/$1.password
  [[ -s $file ]] || (umask 077 && od -An -N16 -v -tx1 /dev/urandom | tr -d ' \n' >"$file")
  cat -- "$file"
}

postgres_create() { # DATA
  local data
  postgres_remove "$1"
  postgres_make_folder "$1"
  data=$(readlink -f -- "$1")
  postgres_user
  # No sync: nothing is lost yet if the machine stops now. The running server does sync.
  "${AS_USER[@]}" "$POSTGRES_BIN/initdb" --pgdata "$data" --username quittance --encoding UTF8 --locale C.UTF-8 --auth trust --no-sync || return
  # Initdb takes a password from a file only, which the other user may be unable to read. So it comes here.
  "${AS_USER[@]}" "$POSTGRES_BIN/postgres" --single -D "$data" postgres <<SQL || return
ALTER ROLE quittance PASSWORD '$(postgres_password postgres)'
CREATE DATABASE quittance
SQL
  echo 'host all all 127.0.0.1/32 scram-sha-256' >"$data/pg_hba.conf"
}

# A clone under a folder that is closed to the other user, such as /root, cannot hold the data: then it is kept elsewhere
# and a link leads to it.
postgres_make_folder() { # DATA
  postgres_user
  if "${AS_USER[@]}" test -x "${1%/*}"; then
    mkdir -- "$1"
  else
    ln -s -- "$(mktemp -d /var/lib/quittance-dev.XXXXXX)" "$1"
  fi
  if ((EUID == 0)); then chown "$(postgres_user_name)": -- "$1/"; fi
  chmod 700 -- "$1/"
}

postgres_remove() { # DATA
  if [[ -L $1 ]]; then rm -rf -- "$(readlink -- "$1")"; fi
  rm -rf -- "$1"
}

postgres_delete() {
  postgres_remove "$STACK_DIR/data/postgres"
  postgres_remove "$STACK_DIR/data/postgres.new"
}

postgres_user_name() { if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi; }

# Unlike runuser and sudo, setpriv becomes the program that it starts: the process id is the server's own.
postgres_user() { # sets AS_USER
  local user
  AS_USER=(env)
  ((EUID == 0)) || return 0
  user=$(postgres_user_name)
  AS_USER=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups)
}

postgres_command() { # DATA
  postgres_user
  COMMAND=("${AS_USER[@]}" "$POSTGRES_BIN/postgres" -D "$(readlink -f -- "$1")" -p "$POSTGRES_PORT"
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200
    -c shared_buffers=256MB -c max_wal_size=2GB -c timezone=UTC -c log_timezone=UTC
    -c 'log_line_prefix=%m [%p] %u ')
}
