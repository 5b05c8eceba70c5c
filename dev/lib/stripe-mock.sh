# Brings stripe-mock to the cache, built from its sources by Go.

STRIPE_MOCK_HOME=$SERVERS_CACHE/stripe-mock-$STRIPE_MOCK_VERSION

stripe_mock_is_built() { [[ -x $STRIPE_MOCK_HOME/stripe-mock ]]; }

# Everything but the program itself is Go's, and is thrown away. Built beside its place and then renamed, as what is downloaded.
build_stripe_mock() {
  local began=$EPOCHREALTIME log=$SERVERS_CACHE/stripe-mock.log folder=$SERVERS_CACHE/go.new
  if stripe_mock_is_built; then return; fi
  find_go || die "found no Go $GO_OLDEST_VERSION or newer"
  mkdir -p "$SERVERS_CACHE"
  exec 8>"$SERVERS_CACHE/lock"
  flock 8
  if ! stripe_mock_is_built; then
    say stripe-mock "downloading and building stripe-mock $STRIPE_MOCK_VERSION ..."
    rm -rf -- "$folder" "$STRIPE_MOCK_HOME.new"
    if ! { find_go_of_builds "$folder" && GOBIN=$STRIPE_MOCK_HOME.new run_go install "github.com/stripe/stripe-mock@v$STRIPE_MOCK_VERSION"; } \
      >"$log" 2>&1; then
      tail -n 3 -- "$log" >&2
      die "could not build stripe-mock $STRIPE_MOCK_VERSION (see $log)"
    fi
    mv -T -- "$STRIPE_MOCK_HOME.new" "$STRIPE_MOCK_HOME"
    rm -rf -- "$folder"
    say stripe-mock "built in $(seconds_since "$began")"
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
