# The folder in which a server keeps its data.

# The first data is made beside its place and then renamed: what an interruption leaves is never taken for whole.
prepare() { # SERVER
  local data=$STACK_DIR/data/$1
  "${1}_before_start" "$data" || return
  [[ ! -e $data ]] || return 0
  if ! "${1}_create" "$data.new" >"$STACK_DIR/logs/$1.create.log" 2>&1; then
    say "$1" "cannot make its first data:" >&2
    show_log "$STACK_DIR/logs/$1.create.log"
    return 1
  fi
  mv -T -- "$data.new" "$data"
  [[ ! -L $data ]] || say "$1" "keeps its data in $(readlink -- "$data"), because its user cannot reach $STACK_DIR"
}
