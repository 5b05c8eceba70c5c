# Brings stripe-mock to the cache, built from its sources by Go.

STRIPE_MOCK_HOME=$SERVERS_CACHE/stripe-mock-$STRIPE_MOCK_VERSION

stripe_mock_is_built() { [[ -x $STRIPE_MOCK_HOME/stripe-mock ]]; }

build_stripe_mock() {
  build_by_go stripe-mock "$STRIPE_MOCK_VERSION" github.com/stripe/stripe-mock "$STRIPE_MOCK_HOME"
}
