# Builds programs from their sources by Go, into the cache.

# Everything but the program itself is Go's, and is thrown away. Built beside its place and then renamed, as what is downloaded.
build_by_go() { # PROGRAM VERSION PACKAGE HOME
  local began=$EPOCHREALTIME log=$SERVERS_CACHE/$1.log folder=$SERVERS_CACHE/go.new
  if [[ -x $4/$1 ]]; then return; fi
  find_go || die "found no Go $GO_OLDEST_VERSION or newer"
  mkdir -p "$SERVERS_CACHE"
  exec 8>"$SERVERS_CACHE/lock"
  flock 8
  if [[ ! -x $4/$1 ]]; then
    say "$1" "downloading and building $1 $2 ..."
    rm -rf -- "$folder" "$4.new"
    if ! { find_go_of_builds "$folder" && GOBIN=$4.new run_go install "$3@v$2"; } >"$log" 2>&1; then
      tail -n 3 -- "$log" >&2
      die "could not build $1 $2 (see $log)"
    fi
    mv -T -- "$4.new" "$4"
    rm -rf -- "$folder"
    say "$1" "built in $(seconds_since "$began")"
  fi
  exec 8>&-
}

# A Go that is too old to build it can still download a newer one, and checks its sum as that of any module. It only does not know
# that there are programs in it.
find_go_of_builds() { # FOLDER: sets GO and GO_FOLDER
  local newer
  GO_FOLDER=$1
  if at_least "$GO_FOUND_VERSION" "$GO_VERSION"; then return; fi
  newer=golang.org/toolchain@v0.0.1-go$GO_VERSION.$("$GO" env GOHOSTOS)-$("$GO" env GOHOSTARCH)
  run_go mod download "$newer" || return
  newer=$GO_FOLDER/pkg/mod/$newer
  chmod -R u+x -- "$newer/bin" "$newer/pkg/tool" || return
  GO=$newer/bin/go
}

# With settings and folders of its own: what somebody else builds with Go has no part in it, and none of it stays. Where modules come
# from (GOPROXY) is the machine's to say.
run_go() { # ARGUMENT...
  (
    unset GOROOT
    cd / &&
      GOPATH=$GO_FOLDER GOMODCACHE='' GOCACHE=$GO_FOLDER/built GOFLAGS=-modcacherw GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 \
        "$GO" "$@"
  )
}
