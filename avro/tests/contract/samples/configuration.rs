//! What tenants configure.

use quittance_avro::{
    records::{
        CurrencyLimit, FeeRule, FeeRules, GatewayAccount, MetadataCondition, PaymentLimits, RoutingConditions,
        RoutingRule, RoutingRules, WeightedAccount,
    },
    words::GatewayKind,
};

use super::{
    Fill,
    parts::{GATEWAY_ACCOUNT, amount, currency, envelope, sealed},
};

pub(super) fn gateway_account(fill: Fill) -> GatewayAccount {
    GatewayAccount {
        envelope: envelope(fill),
        name: GATEWAY_ACCOUNT.to_owned(),
        gateway: GatewayKind::Stripe,
        enabled: false,
        sealed: fill.option(sealed()),
        has_secret: true,
        webhook_secret_count: 2,
    }
}

pub(super) fn routing_rules(fill: Fill) -> RoutingRules {
    RoutingRules {
        envelope: envelope(fill),
        rules: fill.list(RoutingRule {
            name: "euros".to_owned(),
            priority: 10,
            conditions: conditions(fill),
            accounts: fill.list(WeightedAccount { gateway_account: GATEWAY_ACCOUNT.to_owned(), weight: 80 }),
        }),
    }
}

fn conditions(fill: Fill) -> RoutingConditions {
    RoutingConditions {
        currencies: fill.list(currency()),
        minimum_amount: fill.option(amount(100)),
        maximum_amount: fill.option(amount(100_000)),
        brands: fill.list("visa".to_owned()),
        fundings: fill.list("credit".to_owned()),
        countries: fill.list("DE".to_owned()),
        metadata: fill.list(MetadataCondition { key: "shop".to_owned(), values: fill.list("bücher".to_owned()) }),
    }
}

pub(super) fn payment_limits(fill: Fill) -> PaymentLimits {
    PaymentLimits {
        envelope: envelope(fill),
        currencies: fill.list(CurrencyLimit {
            currency: currency(),
            minimum_amount: fill.option(amount(50)),
            maximum_amount: fill.option(amount(500_000)),
        }),
    }
}

pub(super) fn fee_rules(fill: Fill) -> FeeRules {
    FeeRules {
        envelope: envelope(fill),
        rules: fill.list(FeeRule { currency: currency(), rate_ppm: 14_000, fixed_amount: amount(25), returned: true }),
    }
}
