# Finds the programs that come from the machine. Each function sets one variable and fails when there is none that will do.

at_least() { # VERSION WANTED: compares like 7.0.15 with 7.0
  [[ $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

# A Java tells its version in the file "release" beside its programs; to start it only for that would take longer.
find_java() { # sets JAVA and JAVA_FOUND_VERSION
  local candidate release
  for candidate in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} "$(type -P java || true)" /usr/lib/jvm/*/bin/java; do
    [[ -x $candidate ]] || continue
    JAVA=$(readlink -f -- "$candidate")
    release=${JAVA%/bin/java}/release
    if [[ -r $release ]]; then
      JAVA_FOUND_VERSION=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$release")
    else
      JAVA_FOUND_VERSION=$("$JAVA" -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')
    fi
    if at_least "$JAVA_FOUND_VERSION" "$JAVA_VERSION"; then return; fi
  done
  return 1
}

# Debian keeps Postgres's server programs off the PATH, one folder for each major version.
find_postgres() { # [MAJOR that the data demands]: sets POSTGRES_BIN
  local demanded=${1-} candidate major best=0
  for candidate in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres "$(type -P postgres || true)"; do
    [[ -x $candidate ]] || continue
    candidate=$(readlink -f -- "$candidate")
    [[ $("$candidate" --version) =~ \)\ ([0-9]+) ]] || continue
    major=${BASH_REMATCH[1]}
    ((major >= POSTGRES_VERSION)) || continue
    [[ -x ${candidate%/*}/initdb && -x ${candidate%/*}/pg_isready ]] || continue
    if [[ $major == "${demanded:-$POSTGRES_VERSION}" ]]; then
      POSTGRES_BIN=${candidate%/*}
      return
    elif [[ -z $demanded ]] && ((major > best)); then
      best=$major
      POSTGRES_BIN=${candidate%/*}
    fi
  done
  ((best > 0))
}

find_redis() { # sets REDIS_SERVER
  REDIS_SERVER=$(type -P redis-server) || return
  [[ $("$REDIS_SERVER" --version) =~ v=([0-9.]+) ]] && at_least "${BASH_REMATCH[1]}" "$REDIS_VERSION"
}

# Debian keeps it where only root looks.
find_haproxy() { type -P haproxy || [[ -x /usr/sbin/haproxy ]]; }

# Debian has each version in a folder of its own, and other systems unpack it where Go's own instructions say.
find_go() { # sets GO and GO_FOUND_VERSION
  local candidate
  for candidate in "$(type -P go || true)" /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
    [[ -x $candidate && $("$candidate" version 2>/dev/null) =~ go([0-9.]+) ]] || continue
    GO=$candidate GO_FOUND_VERSION=${BASH_REMATCH[1]}
    if at_least "$GO_FOUND_VERSION" "$GO_OLDEST_VERSION"; then return; fi
  done
  return 1
}

# Redocly CLI takes no Node of an odd version, and none of the early ones of an even one.
find_node() {
  type -P npm >/dev/null && [[ $(node --version 2>/dev/null) =~ ^v([0-9.]+) ]] && at_least "${BASH_REMATCH[1]}" "$NODE_VERSION"
}

find_python() { # sets PYTHON
  PYTHON=$(type -P python3) && "$PYTHON" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))' \
    "$PYTHON_VERSION"
}

find_cargo() {
  local cargo
  cargo=$(type -P cargo || echo "$HOME/.cargo/bin/cargo")
  [[ -x $cargo && $("$cargo" --version) =~ cargo\ ([0-9.]+) ]] && at_least "${BASH_REMATCH[1]}" "$RUST_VERSION"
}
