//! Settings of the gateway sink.

use std::time::Duration;

use super::accounts::{Accounts, AccountsMismatch, GatewayAccounts, GatewaySecrets, GatewayUrls};

/// Which gateway accounts there are, for the processor and the sink alike.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Gateways")]
pub struct GatewayAccountArgs {
    /// Gateway accounts that every tenant may use, `name=url` with commas between, or `name=stripe+url` for one at Stripe; https unless the gateway is
    /// on this machine
    #[arg(
        long,
        env = "QUITTANCE_GATEWAY_ACCOUNTS",
        value_name = "ACCOUNTS",
        default_value = "simulator=http://127.0.0.1:8090"
    )]
    gateway_account: GatewayAccounts,
}

impl GatewayAccountArgs {
    /// The accounts by name.
    pub fn accounts(&self) -> &GatewayAccounts {
        &self.gateway_account
    }
}

/// Settings of the gateway sink.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Gateways")]
pub struct GatewayArgs {
    /// The accounts that are called.
    #[command(flatten)]
    pub listed: GatewayAccountArgs,
    /// Secret keys of gateway accounts, `name=secret` with commas between; an account at Stripe needs one
    #[arg(long, env = "QUITTANCE_GATEWAY_SECRETS", value_name = "SECRETS", hide_env_values = true)]
    pub gateway_secret: Option<GatewaySecrets>,
    /// Where the gateways are at which tenants have accounts of their own, `gateway=url` with commas between; https unless the
    /// gateway is on this machine
    #[arg(long, env = "QUITTANCE_GATEWAY_URLS", value_name = "URLS", default_value = "stripe=https://api.stripe.com")]
    pub gateway_url: GatewayUrls,
    /// How long one try or query at a gateway may take, milliseconds; keep it below the processor's QUITTANCE_QUERY_SETTLE_MS
    #[arg(long, env = "QUITTANCE_GATEWAY_TIMEOUT_MS", default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub gateway_timeout_ms: u64,
    /// How many effects are held at a time: their exchange runs, their result is being published, or another one of
    /// the same payment comes first
    #[arg(long, env = "QUITTANCE_GATEWAY_CONCURRENCY", default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub gateway_concurrency: u16,
}

impl GatewayArgs {
    /// How long one try or query may take, all exchanges of it together.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.gateway_timeout_ms)
    }

    /// The accounts with what is needed to call them.
    pub(super) fn accounts(&self) -> Result<Accounts, AccountsMismatch> {
        let none = GatewaySecrets::default();
        Accounts::new(self.listed.accounts(), self.gateway_secret.as_ref().unwrap_or(&none))
    }

    pub(super) fn concurrency(&self) -> usize {
        usize::from(self.gateway_concurrency)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rstest::rstest;

    use super::*;

    #[derive(Debug, Parser)]
    struct Options {
        #[command(flatten)]
        gateway: GatewayArgs,
    }

    #[test]
    fn defaults() {
        let options = Options::try_parse_from(["quittance"]).expect("defaults");
        assert_eq!(options.gateway.listed.accounts().to_string(), "simulator=http://127.0.0.1:8090");
        assert_eq!((options.gateway.timeout(), options.gateway.concurrency()), (Duration::from_secs(10), 64));
    }

    #[test]
    fn accounts_have_the_secrets_that_are_given() {
        let list = ["--gateway-account", "a=stripe+https://x.example", "--gateway-secret", "a=sk_test_1"];
        let options = Options::try_parse_from(["quittance"].into_iter().chain(list)).expect("good options");
        assert!(options.gateway.accounts().is_ok());
        assert!(!format!("{options:?}").contains("sk_test_1"));
    }

    #[rstest]
    #[case("--gateway-account", "simulator")]
    #[case("--gateway-secret", "sk_test_1")]
    #[case("--gateway-url", "stripe=http://api.stripe.com")]
    #[case("--gateway-timeout-ms", "49")]
    #[case("--gateway-timeout-ms", "60001")]
    #[case("--gateway-concurrency", "0")]
    fn refuses(#[case] option: &str, #[case] value: &str) {
        let error = Options::try_parse_from(["quittance", option, value]).expect_err("a bad value").to_string();
        assert!(error.contains(option), "{error}");
    }
}
