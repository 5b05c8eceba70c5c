# Redis. It is a cache of what Postgres has: it keeps nothing on disk.

redis_address() { echo "redis://127.0.0.1:$REDIS_PORT/0"; }
redis_ports() { echo "$REDIS_PORT"; }
redis_deadline_s() { echo 20; }
redis_stop_signal() { echo TERM; }

redis_answers() { [[ $(first_line "$REDIS_PORT" 'PING\r\n') == +PONG ]]; }

redis_before_start() { find_redis; }
redis_create() { mkdir -p -- "$1"; }

redis_command() { # DATA
  COMMAND=("$REDIS_SERVER" --bind 127.0.0.1 --port "$REDIS_PORT" --protected-mode yes --dir "$1" --save '' --appendonly no)
}
