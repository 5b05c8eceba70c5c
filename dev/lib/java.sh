# A Java server starts in half the time from an archive of the classes that it loaded the last time. The archive is made
# once for each server and Java version, by a trial run whose data is thrown away; without it all works, more slowly.

class_archive() { # SERVER: prints the archive's path
  case $1 in
    kafka) echo "$KAFKA_HOME/classes-$JAVA_FOUND_VERSION.jsa" ;;
    registry) echo "$REGISTRY_HOME/classes-$JAVA_FOUND_VERSION.jsa" ;;
  esac
}

archive_flags() { # SERVER: sets ARCHIVE_FLAGS
  local archive
  archive=$(class_archive "$1")
  ARCHIVE_FLAGS=()
  if [[ -n ${NEW_ARCHIVE-} ]]; then
    ARCHIVE_FLAGS=("-XX:ArchiveClassesAtExit=$NEW_ARCHIVE")
  elif [[ -e $archive ]]; then
    ARCHIVE_FLAGS=("-XX:SharedArchiveFile=$archive")
  fi
}

archive_classes() { # SERVER
  local server=$1 archive log=$SERVERS_CACHE/$1.log began=$EPOCHREALTIME
  archive=$(class_archive "$1")
  [[ ! -e $archive ]] || return 0
  say "$1" 'trial run, to start faster from then on ...'
  # However it ends, the server of the trial ends with it.
  if (trap 'bring_down_at_once "$server"' EXIT && trap 'exit 143' HUP INT TERM && trial_run "$server" "$archive.new") \
    >"$log" 2>&1 && mv -- "$archive.new" "$archive"; then
    say "$1" "trial run ended after $(seconds_since "$began")"
  else
    say "$1" "the trial run failed (see $log): it will start more slowly" >&2
  fi
}

trial_run() { # SERVER ARCHIVE
  use_trial_folder "$1"
  mkdir -p "$STACK_DIR"/{data,logs,run}
  load_ports
  NEW_ARCHIVE=$2 bring_up "$1" && bring_down "$1"
}

# What an interrupted trial run left running.
end_trial_runs() {
  local server
  for server in kafka registry; do
    (use_trial_folder "$server" && bring_down_at_once "$server") >/dev/null
  done
}

use_trial_folder() { # SERVER
  STACK_NAME=trial
  STACK_DIR=$SERVERS_CACHE/trial.new/$1
}
