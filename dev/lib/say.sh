# How the scripts of this folder talk to a person.

# The widest name that is told of; a script with longer ones says so.
SAY_WIDTH=9

say() { # NAME TEXT: one tidy line for each server or process
  printf '%-*s %s\n' "$SAY_WIDTH" "$1" "$2"
}

die() {
  printf '%s: %s\n' "dev/${0##*/}" "$1" >&2
  exit 1
}

seconds_since() { # EPOCHREALTIME of the beginning: prints "3.2 s"
  local tenths=$(((${EPOCHREALTIME//[!0-9]/} - ${1//[!0-9]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}
