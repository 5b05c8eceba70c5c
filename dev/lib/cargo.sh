# Where cargo is, and where it builds: outside the clone, so that a second clone finds what it depends on built.

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${QUITTANCE_CACHE:-$HOME/.cache/quittance}/target}
[[ $CARGO_TARGET_DIR == /* ]] || CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR
# Where rustup puts it, for shells that have not read its profile.
type -P cargo >/dev/null || PATH=$PATH:$HOME/.cargo/bin

# Our own crates have the same names in every clone, and cargo looks only whether their files are younger than what was
# built: a clone that is older than what another one built last would get that. So they are built anew.
claim_target() {
  local clone
  clone=$(cd -- "$dev/.." && pwd -P)
  [[ -e $CARGO_TARGET_DIR/clone && $(<"$CARGO_TARGET_DIR/clone") == "$clone" ]] && return
  mkdir -p "$CARGO_TARGET_DIR"
  rm -rf -- "$CARGO_TARGET_DIR"/*/.fingerprint/quittance-*
  echo "$clone" >"$CARGO_TARGET_DIR/clone"
}
