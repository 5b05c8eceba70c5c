# Our own program: where it is built, and the variables that it runs with on the development stack.

PROGRAM=$CARGO_TARGET_DIR/debug/quittance

need_program() {
  [[ -x $PROGRAM ]] || die 'Quittance is not built yet: make demo'
}

# Made once: with another master key nobody could open what was sealed before. The first one stays, should two scripts make
# them at a time.
make_secrets() {
  local file=$STACK_DIR/quittance.env new=$STACK_DIR/quittance.env.$$
  [[ ! -s $file ]] || return 0
  (
    umask 077
    cat >"$new" <<ENV
QUITTANCE_MASTER_KEY=$(head -c 32 /dev/urandom | base64 -w 0)
QUITTANCE_JWT_HS256_SECRET=$(head -c 32 /dev/urandom | base64 -w 0)
ENV
  )
  mv --no-clobber -- "$new" "$file"
  rm -f -- "$new"
}

load_variables() {
  local file
  for file in "$STACK_DIR"/{env,quittance.env}; do
    [[ -e $file ]] || die 'the demo was never up: make demo'
    set -a
    # shellcheck source=/dev/null
    source "$file"
    set +a
  done
  # One broker cannot keep more than one replica; four partitions are enough to see how records are spread.
  export QUITTANCE_PARTITIONS=4 QUITTANCE_REPLICATION=1
  # The secret for tokens that was made above.
  export QUITTANCE_JWT_HS256_DEVELOPMENT=true
  # A tenant may have accounts of its own at the simulator, too.
  export QUITTANCE_GATEWAY_URLS=simulator=http://127.0.0.1:8090,stripe=https://api.stripe.com
}
