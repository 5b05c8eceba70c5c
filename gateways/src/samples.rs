//! Effects as the processor asks for them, and what holds of every verdict: for tests, those of other crates too.

use quittance_avro::{
    API_VERSION,
    ids::{AttemptId, CommandId, EffectId},
    money::MinorUnits,
    records::{Actor, Envelope, GatewayEffect, SetUpEffect},
    time::Timestamp,
    words::{ActorKind, CaptureMethod, EffectKind, Initiator, Mode, OperationKind, SetUpKind},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{Exchange, Request, Verdict};

/// The effect.
pub const EFFECT_ID: EffectId = EffectId::new(Uuid::from_u128(0xe));
/// The attempt that the effect is of.
pub const ATTEMPT_ID: AttemptId = AttemptId::new(Uuid::from_u128(0xa));
/// Another attempt of ours.
pub const OTHER_ATTEMPT_ID: AttemptId = AttemptId::new(Uuid::from_u128(0xb));
/// The payment that the effect is of.
pub const PAYMENT_ID: &str = "pay_00000000000000000000000000000001";
/// The payment method that is set up.
pub const PAYMENT_METHOD_ID: &str = "pm_00000000000000000000000000000001";

/// Every try, each kind once.
pub const TRIES: [EffectKind; 5] =
    [EffectKind::Authorize, EffectKind::Confirm, EffectKind::Capture, EffectKind::Void, EffectKind::Refund];

/// 12.50 EUR, captured at once, at the account `simulator`. Whatever acts on a payment acts on `ch_1`.
pub fn effect(kind: EffectKind) -> GatewayEffect {
    let operation_kind = match kind {
        EffectKind::Authorize | EffectKind::Confirm | EffectKind::Query => OperationKind::Authorize,
        EffectKind::Capture => OperationKind::Capture,
        EffectKind::Void => OperationKind::Void,
        EffectKind::Refund => OperationKind::Refund,
    };
    GatewayEffect {
        envelope: envelope(PAYMENT_ID),
        kind,
        operation_id: "aut_00000000000000000000000000000001".to_owned(),
        attempt_id: ATTEMPT_ID,
        try_number: 1,
        amount: MinorUnits::payable(1250).expect("an amount"),
        currency: "EUR".parse().expect("a currency"),
        capture: CaptureMethod::Automatic,
        gateway_account: "simulator".to_owned(),
        token: "tok_approve".to_owned(),
        gateway_reference: None,
        initiator: Initiator::Customer,
        stored_credential: None,
        network_transaction_id: None,
        not_after: Timestamp::from_ms(1_793_538_000_123),
        operation_kind,
        payment_reference: (operation_kind != OperationKind::Authorize).then(|| "ch_1".to_owned()),
        is_final: true,
        return_url: None,
        reason: None,
    }
}

/// A payment method that is to be set up at the account `stripe`, or what became of that as `seti_1`.
pub fn set_up(kind: SetUpKind) -> SetUpEffect {
    SetUpEffect {
        envelope: envelope(PAYMENT_METHOD_ID),
        kind,
        attempt_id: ATTEMPT_ID,
        try_number: 1,
        gateway_account: "stripe".to_owned(),
        token: "pm_card_visa".to_owned(),
        gateway_reference: (kind == SetUpKind::Query).then(|| "seti_1".to_owned()),
        return_url: None,
        not_after: Timestamp::from_ms(1_793_538_000_123),
    }
}

fn envelope(aggregate_id: &str) -> Envelope {
    Envelope {
        id: EFFECT_ID.to_string(),
        mode: Mode::Test,
        tenant: "demo".parse().expect("a tenant"),
        merchant_account: "default".to_owned(),
        aggregate_id: aggregate_id.to_owned(),
        sequence: None,
        occurred_at: Timestamp::from_ms(1_793_534_400_123),
        actor: Actor {
            kind: ActorKind::System,
            subject: "processor-payments".to_owned(),
            credential_id: None,
            sealed: None,
        },
        cause: Some(CommandId::new(Uuid::from_u128(0xc))),
        api_version: API_VERSION.to_owned(),
    }
}

/// A status came back with that body.
pub fn answered(status: u16, body: &Value) -> Exchange {
    Exchange::Answered { status, body: Ok(body.to_string().into_bytes()) }
}

/// The object with some members replaced or added.
pub fn with(object: &Value, replaced: &Value) -> Value {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    members(object).into_iter().chain(members(replaced)).collect()
}

/// The one request of an effect.
pub fn only(requests: Result<Vec<Request>, Box<Verdict>>) -> Request {
    let mut requests = requests.unwrap_or_else(|verdict| panic!("nothing is sent: {verdict:?}"));
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

/// Why nothing is sent.
pub fn unsent(requests: Result<Vec<Request>, Box<Verdict>>) -> Verdict {
    match requests {
        Ok(_) => panic!("it is sent"),
        Err(verdict) => *verdict,
    }
}

/// What holds of every verdict, whatever the answer was: what goes with each outcome, and that no text of a gateway's for
/// people gets into ours.
pub fn check(verdict: &Verdict, kind: EffectKind) {
    use quittance_avro::words::ResultOutcome as Outcome;
    check_failure(verdict);
    let is_authorization = matches!(kind, EffectKind::Authorize | EffectKind::Confirm);
    let approved = verdict.outcome == Outcome::Approved;
    assert_eq!(verdict.authorized_amount > MinorUnits::ZERO, approved && is_authorization, "{verdict:?}");
    assert!(verdict.captured_amount <= verdict.authorized_amount, "{verdict:?}");
    assert_eq!(verdict.amount > MinorUnits::ZERO, approved && !is_authorization, "{verdict:?}");
    assert_eq!(verdict.token, None, "{verdict:?}");
    assert_eq!(verdict.next_action.is_some(), verdict.outcome == Outcome::ActionRequired, "{verdict:?}");
    assert_eq!(verdict.report.is_some(), verdict.outcome == Outcome::Reported, "{verdict:?}");
    let named =
        [Outcome::Approved, Outcome::Created, Outcome::ActionRequired, Outcome::Pending].contains(&verdict.outcome);
    assert!(!named || verdict.details.gateway_reference.is_some(), "{verdict:?}");
    // That a query failed says nothing of the try, and a try is never about what is there already.
    let of_queries = [Outcome::Reported, Outcome::Absent].contains(&verdict.outcome);
    let of_tries = !of_queries && ![Outcome::NotProcessed, Outcome::Unknown].contains(&verdict.outcome);
    assert!(if kind == EffectKind::Query { !of_tries } else { !of_queries }, "{verdict:?}");
    assert_ne!(verdict.outcome, Outcome::Expired, "time is not an adapter's to know");
}

/// What holds of every verdict on a set-up.
pub fn check_set_up(verdict: &Verdict, kind: SetUpKind) {
    use quittance_avro::words::ResultOutcome as Outcome;
    check_failure(verdict);
    assert_eq!(verdict.token.is_some(), verdict.outcome == Outcome::Approved, "{verdict:?}");
    assert_eq!(verdict.next_action.is_some(), verdict.outcome == Outcome::ActionRequired, "{verdict:?}");
    let moved = [verdict.authorized_amount, verdict.captured_amount, verdict.amount];
    assert!(moved == [MinorUnits::ZERO; 3] && verdict.report.is_none(), "{verdict:?}");
    let named = [Outcome::Approved, Outcome::ActionRequired, Outcome::Pending].contains(&verdict.outcome);
    assert!(!named || verdict.details.gateway_reference.is_some(), "{verdict:?}");
    // That a query was refused says nothing of the try.
    let is_unnamed = verdict.details.gateway_reference.is_none();
    let is_refused = verdict.outcome == Outcome::Rejected && is_unnamed;
    assert!(kind != SetUpKind::Query || !is_refused, "{verdict:?}");
    let never = [Outcome::Created, Outcome::Reported, Outcome::Expired];
    assert!(!never.contains(&verdict.outcome), "{verdict:?}");
}

/// What goes with each outcome, and that no text of a gateway's for people gets into ours.
fn check_failure(verdict: &Verdict) {
    use quittance_avro::words::ResultOutcome as Outcome;
    let code = match verdict.outcome {
        Outcome::Approved | Outcome::Created | Outcome::ActionRequired | Outcome::Pending | Outcome::Reported => None,
        Outcome::Declined => Some("declined"),
        Outcome::Rejected => Some("rejected"),
        Outcome::NotProcessed | Outcome::Expired | Outcome::Absent => Some("gateway_unavailable"),
        Outcome::Unknown => Some("outcome_unknown"),
    };
    assert_eq!(verdict.failure.as_ref().map(|failure| failure.code.as_str()), code, "{verdict:?}");
    let told = verdict.failure.as_ref().map_or("", |failure| failure.message.as_str());
    assert!(!told.contains("own words"), "{told}");
}
