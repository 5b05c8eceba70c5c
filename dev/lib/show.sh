# Shows a person what is asked over HTTP and what is answered.

if [[ -t 1 ]]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; else BOLD='' PLAIN=''; fi

title() { printf '\n%s%s%s\n' "$BOLD" "$1" "$PLAIN"; }

# Breaks JSON into lines behind commas that are not in a string. Nothing else is changed: it can be copied.
wrap_json() {
  awk -v width=112 '
    function put(piece) {
      if (line != "" && length(line) + length(piece) > width) { print "    " line; line = "" }
      line = line piece
    }
    {
      line = ""; start = 1; in_string = 0
      for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (in_string && c == "\\") i++
        else if (c == "\"") in_string = !in_string
        else if (c == "," && !in_string) { put(substr($0, start, i - start + 1)); start = i + 1 }
      }
      put(substr($0, start))
      print "    " line
    }'
}

# Asks and shows; sets STATUS and ANSWER.
request() { # METHOD PATH [KEY BODY]
  local method=$1 path=$2 key=${3-} body=${4-}
  printf '  %s %s\n' "$method" "$path"
  if [[ -n $body ]]; then
    printf '  Idempotency-Key: %s\n' "$key"
    wrap_json <<<"$body"
  fi
  ask "$@"
  printf '  answer: %s\n' "$STATUS"
  wrap_json <<<"$ANSWER"
}

# Loopback is never asked by way of a proxy.
ask() { # METHOD PATH [KEY BODY]
  local answer arguments=(--silent --show-error --noproxy '*' --max-time 30 --write-out '\n%{http_code}'
    --request "$1" --header "Authorization: Bearer $TOKEN")
  if (($# > 2)); then
    arguments+=(--header "Idempotency-Key: $3" --header 'Content-Type: application/json' --data "$4")
  fi
  answer=$(curl "${arguments[@]}" "$URL$2") || die "$1 $2 was not answered"
  STATUS=${answer##*$'\n'}
  ANSWER=${answer%$'\n'*}
}

expect() { # STATUS TEXT...: the last answer must have been this, and hold each text
  local text
  [[ $STATUS == "$1" ]] || die "the answer should have been $1"
  for text in "${@:2}"; do
    [[ $ANSWER == *"$text"* ]] || die "the answer should have held $text"
  done
}

# Ids come first in every answer, before those of parts.
first_id() { [[ $ANSWER =~ \"id\":\"(pay_[^\"]+)\" ]] && echo "${BASH_REMATCH[1]}"; }
