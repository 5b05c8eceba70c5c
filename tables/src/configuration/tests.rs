use quittance_avro::{
    API_VERSION,
    records::Actor,
    time::Timestamp,
    words::{ActorKind, GatewayKind},
};

use super::*;

fn envelope(tenant: &Tenant, aggregate_id: String) -> Envelope {
    Envelope {
        id: String::new(),
        mode: Mode::Test,
        tenant: tenant.clone(),
        merchant_account: "default".to_owned(),
        aggregate_id,
        sequence: None,
        occurred_at: Timestamp::from_ms(0),
        actor: Actor { kind: ActorKind::User, subject: "admin".to_owned(), credential_id: None, sealed: None },
        cause: None,
        api_version: API_VERSION.to_owned(),
    }
}

fn account(tenant: &Tenant, name: &str, enabled: bool) -> Configured {
    Configured::Account(GatewayAccount {
        envelope: envelope(tenant, gateway_account_id(Mode::Test, tenant, name).to_string()),
        name: name.to_owned(),
        gateway: GatewayKind::Simulator,
        enabled,
        sealed: None,
        has_secret: false,
        webhook_secret_count: 0,
    })
}

#[test]
fn of_two_changes_the_later_one_holds_and_no_tenant_sees_another() -> Result<(), quittance_avro::tenant::TenantError> {
    let (acme, other): (Tenant, Tenant) = ("acme".parse()?, "other".parse()?);
    let mut table = Configuration::default();
    table.take_in(account(&acme, "main", true), 4);
    table.take_in(account(&acme, "main", false), 9);
    table.take_in(account(&other, "main", true), 12);
    assert_eq!(table.version(), 13);
    let found = table.of(Mode::Test, &acme).and_then(|own| own.accounts.get("main"));
    assert_eq!(found.map(|found| (found.version, found.value.enabled)), Some((10, false)));
    let id = gateway_account_id(Mode::Test, &other, "main");
    assert_eq!(table.account(id).map(|found| found.value.envelope.tenant.clone()), Some(other));
    assert_eq!(table.of(Mode::Live, &acme), None);
    assert_ne!(id, gateway_account_id(Mode::Live, &acme, "main"));
    Ok(())
}

#[test]
fn a_record_that_nobody_can_read_has_its_version_too() -> Result<(), quittance_avro::tenant::TenantError> {
    let acme: Tenant = "acme".parse()?;
    let mut table = Configuration::default();
    table.take_in(account(&acme, "main", true), 4);
    table.pass(9);
    assert_eq!(table.version(), 10);
    assert_eq!(
        table.of(Mode::Test, &acme).and_then(|own| own.accounts.get("main")).map(|found| found.version),
        Some(5)
    );
    Ok(())
}
