# stripe-mock, of Stripe: holds each request against the description of Stripe's API, and answers what fits it with a sample. It
# remembers nothing. Only tests ask it.

stripe-mock_address() { echo "http://127.0.0.1:$STRIPE_MOCK_PORT"; }
stripe-mock_ports() { echo "$STRIPE_MOCK_PORT"; }
stripe-mock_deadline_s() { echo 20; }
stripe-mock_stop_signal() { echo TERM; }

# It lets nobody in without a key, and says so once it listens.
stripe-mock_answers() { [[ $(first_line "$STRIPE_MOCK_PORT" 'GET /v1/refunds HTTP/1.0\r\n\r\n') == HTTP/1.?\ 401* ]]; }

stripe-mock_before_start() { :; }
stripe-mock_create() { mkdir -p -- "$1"; }

# A version of the API other than that of its description is refused.
stripe-mock_command() { # DATA
  COMMAND=("$STRIPE_MOCK_HOME/stripe-mock" -http-addr "127.0.0.1:$STRIPE_MOCK_PORT" -strict-version-check)
}
