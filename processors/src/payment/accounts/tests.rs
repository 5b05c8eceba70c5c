use quittance_avro::{
    records::GatewayAccount,
    time::Timestamp,
    words::{GatewayKind, HealthStatus},
};

use super::*;
use crate::payment::samples::{create, envelope, start};

fn account(name: &str, gateway: GatewayKind, enabled: bool) -> Configured {
    Configured::Account(GatewayAccount {
        envelope: envelope(format!("gwa_{name}")),
        name: name.to_owned(),
        gateway,
        enabled,
        sealed: None,
        has_secret: false,
        webhook_secret_count: 0,
    })
}

fn health(tenant: Option<&str>, until: Option<Timestamp>) -> GatewayHealth {
    GatewayHealth {
        mode: Mode::Test,
        tenant: tenant.and_then(|tenant| tenant.parse().ok()),
        gateway_account: "main".to_owned(),
        status: if until.is_some() { HealthStatus::Down } else { HealthStatus::Up },
        retry_at: until,
        failures: 5,
        observer: "sink-gateway-0".to_owned(),
        occurred_at: start(),
    }
}

/// What the tenant of the samples has.
fn own(accounts: &Accounts) -> &Gateways {
    accounts.of(create(quittance_avro::words::CaptureMethod::Automatic).envelope())
}

#[test]
fn a_tenants_account_hides_the_installations_with_its_name_and_health() {
    let mut accounts = Accounts::new(Gateways::default().with("main", GatewayKind::Simulator));
    let later = start().plus_ms(10_000);
    assert!(own(&accounts).takes_payments("main"));
    accounts.hear(health(None, Some(later)));
    assert!(own(&accounts).is_down("main", start()));
    assert!(!own(&accounts).is_down("main", later), "a word that has run out says nothing");

    accounts.configure(account("main", GatewayKind::Stripe, true), 0);
    assert!(!own(&accounts).is_down("main", start()), "it is another account");
    assert!(own(&accounts).capabilities("main").is_some_and(|can| can.two_steps));
    accounts.hear(health(Some(envelope(String::new()).tenant.as_str()), Some(later)));
    assert!(own(&accounts).is_down("main", start()));
    accounts.hear(health(Some(envelope(String::new()).tenant.as_str()), None));
    assert!(!own(&accounts).is_down("main", start()));
    assert!(accounts.plain[&Mode::Test].is_down("main", start()), "others have what the installation has");

    accounts.configure(account("main", GatewayKind::Stripe, false), 1);
    assert!(!own(&accounts).takes_payments("main"));
    assert!(own(&accounts).capabilities("main").is_some(), "what is there already goes on");
}
