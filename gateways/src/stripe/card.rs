//! What Stripe tells of the card that was charged.

use quittance_avro::{
    records::{GatewayDetails, PaymentMethod, ThreeDSecure},
    time::Timestamp,
};
use serde::Deserialize;

use crate::texts::{digits, fact};

/// Facts about the card, and about how it was charged.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Card {
    brand: Option<String>,
    funding: Option<String>,
    country: Option<String>,
    iin: Option<String>,
    last4: Option<String>,
    exp_month: Option<i32>,
    exp_year: Option<i32>,
    fingerprint: Option<String>,
    wallet: Option<Wallet>,
    checks: Option<Checks>,
    three_d_secure: Option<Authentication>,
    network_transaction_id: Option<String>,
    authorization_code: Option<String>,
    /// Seconds since the epoch.
    capture_before: Option<i64>,
    pub(super) amount_authorized: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Wallet {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Checks {
    address_line1_check: Option<String>,
    address_postal_code_check: Option<String>,
    cvc_check: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Authentication {
    version: Option<String>,
    electronic_commerce_indicator: Option<String>,
    transaction_id: Option<String>,
    exemption_indicator: Option<String>,
}

impl Card {
    /// Facts about the card. Numbers have the digits they should have or are left out, so that no card number slips in.
    pub(super) fn method(&self) -> PaymentMethod {
        let text = |text: &Option<String>| text.clone().and_then(fact);
        PaymentMethod {
            fingerprint: text(&self.fingerprint),
            brand: text(&self.brand),
            funding: text(&self.funding).filter(|funding| ["credit", "debit", "prepaid"].contains(&funding.as_str())),
            country: text(&self.country),
            iin: self.iin.clone().and_then(|iin| digits(iin, 6..=8)),
            last4: self.last4.clone().and_then(|last4| digits(last4, 4..=4)),
            exp_month: self.exp_month.filter(|month| (1..=12).contains(month)),
            exp_year: self.exp_year.filter(|year| (2000..=9999).contains(year)),
            wallet: self.wallet.as_ref().and_then(|wallet| text(&wallet.kind)),
            ..PaymentMethod::of_tokens("card".to_owned(), Vec::new())
        }
    }

    /// How it was charged.
    pub(super) fn details(&self) -> GatewayDetails {
        let text = |text: &Option<String>| text.clone().and_then(fact);
        let checks = self.checks.as_ref();
        let address = checks
            .and_then(|checks| text(&checks.address_postal_code_check).or_else(|| text(&checks.address_line1_check)));
        GatewayDetails {
            network_transaction_id: text(&self.network_transaction_id),
            authorization_code: text(&self.authorization_code),
            avs_result: address,
            cvc_result: checks.and_then(|checks| text(&checks.cvc_check)),
            three_d_secure: self.three_d_secure.as_ref().and_then(Authentication::result),
            ..GatewayDetails::default()
        }
    }

    /// Until when what is authorized has to be captured.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.capture_before.and_then(|seconds| seconds.checked_mul(1_000)).map(Timestamp::from_ms)
    }
}

impl Authentication {
    /// Nothing if there was none: Stripe has the object for every card. It does not say who is liable.
    fn result(&self) -> Option<ThreeDSecure> {
        let text = |text: &Option<String>| text.clone().and_then(fact);
        let result = ThreeDSecure {
            version: text(&self.version),
            eci: self.electronic_commerce_indicator.clone().and_then(|eci| digits(eci, 2..=2)),
            ds_transaction_id: text(&self.transaction_id),
            liability: None,
            exemption: text(&self.exemption_indicator),
        };
        (result != ThreeDSecure::default()).then_some(result)
    }
}
