# Where cargo is, and where it builds: outside the clone, so that a second clone finds everything built.

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${QUITTANCE_CACHE:-$HOME/.cache/quittance}/target}
[[ $CARGO_TARGET_DIR == /* ]] || CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR
# Where rustup puts it, for shells that have not read its profile.
type -P cargo >/dev/null || PATH=$PATH:$HOME/.cargo/bin
