# Brings to the cache what holds the description of the API to account: Redocly CLI, which lints it, oasdiff, which compares two of them, and
# Schemathesis, which holds a running ingest against it. None of them is the machine's.

REDOCLY_HOME=$SERVERS_CACHE/redocly-$REDOCLY_VERSION
OASDIFF_HOME=$SERVERS_CACHE/oasdiff-$OASDIFF_VERSION
SCHEMATHESIS_HOME=$SERVERS_CACHE/schemathesis-$SCHEMATHESIS_VERSION

redocly_is_installed() { [[ -x $REDOCLY_HOME/node_modules/.bin/redocly ]]; }
oasdiff_is_built() { [[ -x $OASDIFF_HOME/oasdiff ]]; }
schemathesis_is_installed() { [[ -x $SCHEMATHESIS_HOME/bin/schemathesis ]]; }

install_api_tools() {
  install_once redocly "$REDOCLY_VERSION" redocly_is_installed install_redocly "$REDOCLY_HOME"
  build_by_go oasdiff "$OASDIFF_VERSION" github.com/oasdiff/oasdiff "$OASDIFF_HOME"
  install_once schemathesis "$SCHEMATHESIS_VERSION" schemathesis_is_installed install_schemathesis "$SCHEMATHESIS_HOME"
}

install_once() { # PROGRAM VERSION CHECK INSTALL HOME
  local began=$EPOCHREALTIME log=$SERVERS_CACHE/$1.log
  if "$3"; then return; fi
  mkdir -p "$SERVERS_CACHE"
  exec 8>"$SERVERS_CACHE/lock"
  flock 8
  if ! "$3"; then
    say "$1" "downloading $1 $2 ..."
    rm -rf -- "$5"
    if ! "$4" "$5" >"$log" 2>&1; then
      tail -n 3 -- "$log" >&2
      rm -rf -- "$5"
      die "could not install $1 $2 (see $log)"
    fi
    say "$1" "installed in $(seconds_since "$began")"
  fi
  exec 8>&-
}

# Its package has all that it needs in it, so that its version is all there is to pin.
install_redocly() { # HOME
  mkdir -p "$1.new" && rm -rf -- "$1.new/node_modules" &&
    npm install --prefix "$1.new" --no-audit --no-fund --no-package-lock --ignore-scripts "@redocly/cli@$REDOCLY_VERSION" &&
    mv -T -- "$1.new" "$1"
}

# A virtual environment does not survive being renamed, so it is made where it stays, and the program itself comes last.
install_schemathesis() { # HOME
  find_python || die "found no Python $PYTHON_VERSION or newer"
  "$PYTHON" -m venv --clear "$1" && pip_in "$1" --requirement "$dev/openapi.d/requirements.txt" &&
    pip_in "$1" "schemathesis==$SCHEMATHESIS_VERSION"
}

pip_in() { # HOME ARGUMENT...
  local home=$1
  shift
  "$home/bin/python3" -m pip install --quiet --disable-pip-version-check --no-deps "$@"
}
