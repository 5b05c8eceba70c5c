//! What the tests of the payment rules begin with.

use quittance_avro::{
    ids::{CommandId, PaymentId, ResultId, derive},
    money::{Currency, MinorUnits},
    records::{
        Actor, Bytes, CreatePayment, Envelope, Fingerprint, GatewayDetails, GatewayEffect, GatewayResult, GatewayToken,
        PaymentMethod,
    },
    time::Timestamp,
    words::{ActorKind, CaptureMethod, Initiator, Mode, ResultOutcome},
};
use uuid::Uuid;

use super::decision::Input;

pub(super) const PAYMENT: PaymentId = PaymentId::new(Uuid::from_u128(1));
pub(super) const COMMAND: CommandId = CommandId::new(Uuid::from_u128(0xc0));
pub(super) const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// What the gateway calls its charge.
pub(super) const CHARGE: &str = "ch_1";

/// Any amount, also one that no caller may ask for.
pub(super) fn amount(minor_units: i64) -> MinorUnits {
    serde_json::from_value(minor_units.into()).expect("amounts are read as plain integers")
}

pub(super) fn currency(code: &str) -> Currency {
    code.parse().expect("a currency in use")
}

/// When every story begins.
pub(super) fn start() -> Timestamp {
    Timestamp::from_ms(1_793_534_400_123)
}

fn envelope(id: String) -> Envelope {
    Envelope {
        id,
        mode: Mode::Test,
        tenant: "acme".parse().expect("a tenant's name"),
        merchant_account: "berlin".to_owned(),
        aggregate_id: PAYMENT.to_string(),
        sequence: None,
        occurred_at: start(),
        actor: Actor {
            kind: ActorKind::User,
            subject: "till-7".to_owned(),
            credential_id: Some("jti-1".to_owned()),
            sealed: None,
        },
        cause: None,
        api_version: "2026-11-01".to_owned(),
    }
}

/// A request for 12.50 EUR.
pub(super) fn command(capture: CaptureMethod) -> CreatePayment {
    CreatePayment {
        envelope: envelope(COMMAND.to_string()),
        fingerprint: Fingerprint { version: 1, digest: Bytes(vec![7; 32]) },
        amount: amount(1250),
        currency: currency("EUR"),
        capture,
        payment_method: PaymentMethod::of_tokens(
            "card".to_owned(),
            ["other", "simulator"]
                .map(|account| GatewayToken { gateway_account: account.to_owned(), token: format!("tok_{account}") })
                .into(),
        ),
        gateway_account: "simulator".to_owned(),
        initiator: Initiator::Customer,
        stored_credential: None,
        sealed: None,
    }
}

pub(super) fn create(capture: CaptureMethod) -> Input {
    Input::Create { id: COMMAND, command: Box::new(command(capture)) }
}

/// What a sink says of an effect. An approval is for what was asked.
pub(super) fn answer(effect: &GatewayEffect, outcome: ResultOutcome) -> GatewayResult {
    let approved = outcome == ResultOutcome::Approved;
    let captured = approved && effect.capture == CaptureMethod::Automatic;
    let id = ResultId::new(derive(&["result", &effect.envelope.id, outcome.as_str()]));
    GatewayResult {
        envelope: envelope(id.to_string()),
        effect_id: effect.envelope.id.parse().expect("an effect's id"),
        kind: effect.kind,
        operation_id: effect.operation_id.clone(),
        attempt_id: effect.attempt_id,
        gateway_account: effect.gateway_account.clone(),
        outcome,
        authorized_amount: if approved { effect.amount } else { MinorUnits::ZERO },
        captured_amount: if captured { effect.amount } else { MinorUnits::ZERO },
        currency: effect.currency,
        failure: None,
        details: GatewayDetails { gateway_reference: approved.then(|| CHARGE.to_owned()), ..GatewayDetails::default() },
        card: None,
    }
}
