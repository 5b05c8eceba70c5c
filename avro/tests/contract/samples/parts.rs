//! Records that are parts of others.

use quittance_avro::{
    API_VERSION,
    ids::{AccountId, AttemptId, CommandId, EffectId, EventId, KeyId},
    money::{Currency, MinorUnits},
    records::{
        Actor, Attempt, Bytes, Envelope, Failure, Fingerprint, GatewayDetails, GatewayToken, Hold, NextAction,
        Operation, PaymentMethod, RememberedCommand, RememberedRefusal, Review, Routing, Sealed, Standing,
        ThreeDSecure, Timer,
    },
    tenant::Tenant,
    time::Timestamp,
    words::{ActorKind, Mode, OperationKind, OperationStatus, Origin, PaymentStatus, ReviewReason, TimerKind},
};
use uuid::Uuid;

use super::Fill;

pub(super) const COMMAND: CommandId = CommandId::new(Uuid::from_u128(0xc0));
pub(super) const ATTEMPT: AttemptId = AttemptId::new(Uuid::from_u128(0xa7));
pub(super) const EFFECT: EffectId = EffectId::new(Uuid::from_u128(0xef));
pub(super) const OPERATION: &str = "aut_000000000000000000000000000000a0";
pub(super) const ACCOUNT: AccountId = AccountId::new(Uuid::from_u128(0xacc));
pub(super) const KEY: KeyId = KeyId::new(Uuid::from_u128(0xff << 120));
pub(super) const GATEWAY_ACCOUNT: &str = "simulator";

/// 2026-11-01T12:00:00.123Z, moved on.
pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_793_534_400_123).plus_ms(ms)
}

pub(super) fn amount(minor_units: i64) -> MinorUnits {
    MinorUnits::payable(minor_units).expect("a payable amount")
}

pub(super) fn currency() -> Currency {
    "EUR".parse().expect("a currency in use")
}

pub(super) fn tenant() -> Tenant {
    "acme".parse().expect("a tenant's name")
}

/// Every byte that there is, so that none of them is taken for text.
pub(super) fn every_byte() -> Bytes {
    Bytes((0..=u8::MAX).collect())
}

pub(super) fn search_tokens() -> Vec<Bytes> {
    vec![Bytes(vec![0; 16]), Bytes((0xf0..=0xff).collect())]
}

pub(super) fn envelope(fill: Fill) -> Envelope {
    Envelope {
        id: EventId::new(Uuid::from_u128(0xe7)).to_string(),
        mode: Mode::Test,
        tenant: tenant(),
        merchant_account: "default".to_owned(),
        aggregate_id: "pay_00000000000000000000000000000001".to_owned(),
        sequence: fill.option(3),
        occurred_at: time(0),
        actor: Actor {
            kind: ActorKind::User,
            subject: "jané".to_owned(),
            credential_id: fill.text("jti-1"),
            sealed: fill.option(sealed()),
        },
        cause: fill.option(COMMAND),
        api_version: API_VERSION.to_owned(),
    }
}

pub(super) fn fingerprint() -> Fingerprint {
    Fingerprint { version: 1, digest: Bytes(vec![0xd1; 32]) }
}

pub(super) fn sealed() -> Sealed {
    Sealed {
        key_id: KEY,
        algorithm: "xchacha20poly1305".to_owned(),
        nonce: Bytes(vec![0x4e; 24]),
        ciphertext: every_byte(),
    }
}

pub(super) fn payment_method(fill: Fill) -> PaymentMethod {
    PaymentMethod {
        kind: "card".to_owned(),
        tokens: fill
            .list(GatewayToken { gateway_account: GATEWAY_ACCOUNT.to_owned(), token: "tok_approve".to_owned() }),
        fingerprint: fill.text("fp_1"),
        brand: fill.text("visa"),
        funding: fill.text("debit"),
        country: fill.text("DE"),
        iin: fill.text("424242"),
        last4: fill.text("4242"),
        exp_month: fill.option(12),
        exp_year: fill.option(2031),
        wallet: fill.text("apple_pay"),
    }
}

pub(super) fn details(fill: Fill) -> GatewayDetails {
    GatewayDetails {
        gateway_reference: fill.text("sim_1"),
        network_transaction_id: fill.text("ntx_1"),
        authorization_code: fill.text("A1B2C3"),
        raw_code: fill.text("51"),
        raw_advice: fill.text("02"),
        avs_result: fill.text("Y"),
        cvc_result: fill.text("M"),
        three_d_secure: fill.option(ThreeDSecure {
            version: fill.text("2.2.0"),
            eci: fill.text("05"),
            ds_transaction_id: fill.text("9d2c6a3e-0000-4000-8000-000000000001"),
            liability: fill.text("issuer"),
            exemption: fill.text("low_value"),
        }),
    }
}

pub(super) fn failure(fill: Fill) -> Failure {
    Failure {
        code: "declined".to_owned(),
        decline_code: fill.text("insufficient_funds"),
        network_code: fill.text("51"),
        advice: fill.text("try_again_later"),
        message: "The card has too little money.".to_owned(),
    }
}

pub(super) fn operation(fill: Fill) -> Operation {
    Operation {
        id: OPERATION.to_owned(),
        kind: OperationKind::Authorize,
        amount: amount(1250),
        status: OperationStatus::Unknown,
        reason: fill.text("asked for by the customer"),
        origin: Origin::Api,
        gateway_reference: fill.text("sim_1"),
        attempts: fill.list(attempt(fill)),
        created_at: time(1),
        updated_at: time(2),
        is_final: fill.option(false),
        parent_id: fill.text(OPERATION),
        unwanted: true,
        transfers: 1,
        fee_amount: fill.option(amount(18)),
        fee_version: fill.option(7),
    }
}

fn attempt(fill: Fill) -> Attempt {
    Attempt {
        id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        status: OperationStatus::Pending,
        tries: 2,
        queries: 1,
        unknowns: 1,
        ambiguous: true,
        last_effect_id: fill.option(EFFECT),
        last_not_after: time(30_000),
        started_at: time(3),
        updated_at: time(4),
        details: fill.option(details(fill)),
        failure: fill.option(failure(fill)),
        confirming: true,
        accepted: true,
        as_of: time(8),
        verifications: 1,
        contradicted: true,
        noticed: true,
    }
}

pub(super) fn next_action(fill: Fill) -> NextAction {
    NextAction {
        kind: "redirect".to_owned(),
        url: "https://bank.example/3ds/1".to_owned(),
        expires_at: fill.option(time(900_000)),
    }
}

pub(super) fn standing() -> Standing {
    Standing {
        status: PaymentStatus::Succeeded,
        authorized_amount: amount(1250),
        captured_amount: amount(1000),
        capturable_amount: MinorUnits::ZERO,
        refunded_amount: amount(250),
    }
}

pub(super) fn hold() -> Hold {
    Hold { reason: "requested".to_owned(), placed_at: time(9) }
}

pub(super) fn routing(fill: Fill) -> Routing {
    Routing {
        version: 3,
        rule: fill.text("euros"),
        why: "the first rule that fits".to_owned(),
        candidates: fill.list(GATEWAY_ACCOUNT.to_owned()),
    }
}

pub(super) fn review() -> Review {
    Review { reason: ReviewReason::OutcomeUnknown, opened_at: time(5) }
}

pub(super) fn timer(fill: Fill) -> Timer {
    Timer { kind: TimerKind::Retry, due_at: time(60_000), clock: "real".to_owned(), attempt_id: fill.option(ATTEMPT) }
}

pub(super) fn remembered_refusal() -> RememberedRefusal {
    RememberedRefusal {
        command_id: COMMAND,
        operation: "payments.capture".to_owned(),
        fingerprint: fingerprint(),
        code: "not_capturable".to_owned(),
        reason: "Nothing of the payment can be captured.".to_owned(),
        refused_at: time(10),
    }
}

pub(super) fn remembered_command(fill: Fill) -> RememberedCommand {
    RememberedCommand {
        command_id: COMMAND,
        operation: "payments.create".to_owned(),
        fingerprint: fingerprint(),
        sequence: 1,
        operation_id: fill.text(OPERATION),
        decided_at: fill.option(time(7)),
    }
}
