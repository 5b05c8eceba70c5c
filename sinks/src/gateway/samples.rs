//! An effect as the processor asks for it, for tests.

use quittance_avro::{
    API_VERSION,
    ids::{AttemptId, CommandId, EffectId},
    money::MinorUnits,
    records::{Actor, Envelope, GatewayEffect},
    time::Timestamp,
    words::{ActorKind, CaptureMethod, EffectKind, Initiator, Mode, OperationKind},
};
use uuid::Uuid;

pub(super) const EFFECT_ID: EffectId = EffectId::new(Uuid::from_u128(0xe));
pub(super) const ATTEMPT_ID: AttemptId = AttemptId::new(Uuid::from_u128(0xa));

/// 12.50 EUR, captured at once, at the account `simulator`, to be carried out within an hour.
pub(super) fn effect(kind: EffectKind, token: &str) -> GatewayEffect {
    let operation_kind = match kind {
        EffectKind::Authorize | EffectKind::Confirm | EffectKind::Query => OperationKind::Authorize,
        EffectKind::Capture => OperationKind::Capture,
        EffectKind::Void => OperationKind::Void,
        EffectKind::Refund => OperationKind::Refund,
    };
    GatewayEffect {
        envelope: Envelope {
            id: EFFECT_ID.to_string(),
            mode: Mode::Test,
            tenant: "demo".parse().expect("a tenant"),
            merchant_account: "default".to_owned(),
            aggregate_id: "pay_00000000000000000000000000000001".to_owned(),
            sequence: None,
            occurred_at: Timestamp::now(),
            actor: Actor {
                kind: ActorKind::System,
                subject: "processor-payments".to_owned(),
                credential_id: None,
                sealed: None,
            },
            cause: Some(CommandId::new(Uuid::from_u128(0xc))),
            api_version: API_VERSION.to_owned(),
        },
        kind,
        operation_id: "aut_00000000000000000000000000000001".to_owned(),
        attempt_id: ATTEMPT_ID,
        try_number: 1,
        amount: MinorUnits::payable(1250).expect("an amount"),
        currency: "EUR".parse().expect("a currency"),
        capture: CaptureMethod::Automatic,
        gateway_account: "simulator".to_owned(),
        token: token.to_owned(),
        gateway_reference: None,
        initiator: Initiator::Customer,
        stored_credential: None,
        network_transaction_id: None,
        not_after: Timestamp::now().plus_ms(3_600_000),
        operation_kind,
        payment_reference: None,
        is_final: true,
        return_url: None,
        reason: None,
    }
}
