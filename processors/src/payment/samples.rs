//! What the tests of the payment rules begin with.

use quittance_avro::{
    ids::{CommandId, PaymentId, ResultId, derive},
    money::{Currency, MinorUnits},
    records::{
        Actor, ApprovePayment, Bytes, CancelPayment, CapturePayment, ConfirmPayment, CreatePayment, Envelope,
        Fingerprint, GatewayDetails, GatewayEffect, GatewayFact, GatewayReport, GatewayResult, GatewayToken,
        NextAction, PaymentMethod, RefundPayment, RejectPayment, ResolveReview, UpdatePayment,
    },
    time::Timestamp,
    words::{
        ActorKind, CaptureMethod, EffectKind, FactStatus, GatewayKind, Initiator, Mode, OperationKind, Resolution,
        ResultOutcome,
    },
};
use uuid::Uuid;

use super::{
    command::{Command, Request},
    decision::Input,
    gateways::Gateways,
};

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

pub(super) fn envelope(id: String) -> Envelope {
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
        return_url: Some("https://shop.example/thanks".to_owned()),
        hold: false,
        declines_retried_max: 0,
        payment_method_id: None,
        network_transaction_id: None,
        routing_metadata: Vec::new(),
        configuration_version: 0,
        search_tokens: None,
    }
}

/// Two simulators, and Stripe.
pub(super) fn gateways() -> Gateways {
    let simulators = ["simulator", "other"].into_iter();
    let known = simulators.fold(Gateways::default(), |known, name| known.with(name, GatewayKind::Simulator));
    known.with("stripe", GatewayKind::Stripe)
}

pub(super) fn input(id: CommandId, request: impl Into<Request>) -> Input {
    Input::Command(Box::new(Command { id, request: request.into() }))
}

pub(super) fn create(capture: CaptureMethod) -> Input {
    input(COMMAND, command(capture))
}

/// The id of the command of that number.
pub(super) fn command_id(number: u128) -> CommandId {
    CommandId::new(Uuid::from_u128(0xc000 + number))
}

fn asked(number: u128) -> (Envelope, Fingerprint) {
    (envelope(command_id(number).to_string()), Fingerprint { version: 1, digest: Bytes(vec![9; 32]) })
}

/// Something that a client asks of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Create,
    Capture { amount: Option<i64>, is_final: bool },
    Refund { amount: Option<i64> },
    Cancel,
    Confirm,
    Approve,
    Reject,
    Acknowledge,
    Update,
}

/// A command of that number.
pub(super) fn ask(number: u128, what: Ask) -> Input {
    let (envelope, fingerprint) = asked(number);
    let reason = Some("because".to_owned());
    let request: Request = match what {
        Ask::Create => CreatePayment { envelope, fingerprint, ..command(CaptureMethod::Manual) }.into(),
        Ask::Capture { amount: wanted, is_final } => {
            CapturePayment { envelope, fingerprint, amount: wanted.map(amount), is_final, reason }.into()
        }
        Ask::Refund { amount: wanted } => {
            RefundPayment { envelope, fingerprint, amount: wanted.map(amount), reason }.into()
        }
        Ask::Cancel => CancelPayment { envelope, fingerprint, reason }.into(),
        Ask::Confirm => ConfirmPayment { envelope, fingerprint }.into(),
        Ask::Approve => ApprovePayment { envelope, fingerprint, reason }.into(),
        Ask::Reject => RejectPayment { envelope, fingerprint, reason }.into(),
        Ask::Acknowledge => resolution(number, None, Resolution::Acknowledged),
        Ask::Update => update(number, None),
    };
    input(command_id(number), request)
}

/// A change of the text, made of the one that came with an event, if it says so.
pub(super) fn update(number: u128, text_sequence: Option<i64>) -> Request {
    let (envelope, fingerprint) = asked(number);
    UpdatePayment { envelope, fingerprint, sealed: None, search_tokens: None, text_sequence }.into()
}

/// What a person found out.
pub(super) fn resolution(number: u128, operation_id: Option<&str>, resolution: Resolution) -> Request {
    let (envelope, fingerprint) = asked(number);
    let operation_id = operation_id.map(str::to_owned);
    ResolveReview { envelope, fingerprint, operation_id, resolution, gateway_reference: None, sealed: None }.into()
}

/// What the customer has to do.
pub(super) fn action() -> NextAction {
    NextAction { kind: "redirect".to_owned(), url: "https://bank.example/3ds".to_owned(), expires_at: None }
}

/// What a sink says of an effect. An approval is for what was asked, a report says just that the operation was done.
pub(super) fn answer(effect: &GatewayEffect, outcome: ResultOutcome) -> GatewayResult {
    let approved = outcome == ResultOutcome::Approved;
    let is_authorization = effect.operation_kind == OperationKind::Authorize;
    let authorized = approved && is_authorization;
    let captured = authorized && effect.capture == CaptureMethod::Automatic;
    let amount_if = |is: bool| if is { effect.amount } else { MinorUnits::ZERO };
    let id = ResultId::new(derive(&["result", &effect.envelope.id, outcome.as_str()]));
    let reference = match outcome {
        ResultOutcome::Approved | ResultOutcome::Created | ResultOutcome::ActionRequired | ResultOutcome::Pending => {
            Some(if is_authorization { CHARGE.to_owned() } else { format!("of {}", effect.attempt_id) })
        }
        _ => None,
    };
    GatewayResult {
        envelope: envelope(id.to_string()),
        effect_id: effect.envelope.id.parse().expect("an effect's id"),
        kind: effect.kind,
        operation_id: effect.operation_id.clone(),
        attempt_id: effect.attempt_id,
        gateway_account: effect.gateway_account.clone(),
        outcome,
        authorized_amount: amount_if(authorized),
        captured_amount: amount_if(captured),
        currency: effect.currency,
        failure: None,
        details: GatewayDetails { gateway_reference: reference, ..GatewayDetails::default() },
        card: None,
        operation_kind: effect.operation_kind,
        amount: amount_if(approved && !is_authorization),
        next_action: (outcome == ResultOutcome::ActionRequired).then(action),
        authorization_expires_at: None,
        report: (outcome == ResultOutcome::Reported).then(|| report(done(effect))),
    }
}

/// A report of these facts.
pub(super) fn report(facts: Vec<GatewayFact>) -> GatewayReport {
    GatewayReport { gateway_reference: CHARGE.to_owned(), facts }
}

/// The facts of an effect's operation that was done as it was asked.
pub(super) fn done(effect: &GatewayEffect) -> Vec<GatewayFact> {
    let own = fact(effect, effect.operation_kind, FactStatus::Succeeded);
    if effect.operation_kind == OperationKind::Authorize && effect.capture == CaptureMethod::Automatic {
        vec![own, fact(effect, OperationKind::Capture, FactStatus::Succeeded)]
    } else {
        vec![own]
    }
}

/// A fact about what an effect asks for.
pub(super) fn fact(effect: &GatewayEffect, kind: OperationKind, status: FactStatus) -> GatewayFact {
    let is_charge = effect.operation_kind == OperationKind::Authorize;
    let reference = if is_charge { CHARGE.to_owned() } else { format!("of {}", effect.attempt_id) };
    GatewayFact {
        kind,
        status,
        attempt_id: Some(effect.attempt_id),
        gateway_reference: Some(reference.clone()),
        amount: effect.amount,
        currency: effect.currency,
        reason: None,
        failure: None,
        next_action: (status == FactStatus::ActionRequired).then(action),
        details: GatewayDetails { gateway_reference: Some(reference), ..GatewayDetails::default() },
    }
}

/// A report that nobody asked for, about the attempt of an effect: the gateway has told us that something happened.
pub(super) fn notice(effect: &GatewayEffect, facts: Vec<GatewayFact>, at: Timestamp) -> Input {
    let mut result = answer(effect, ResultOutcome::Reported);
    result.kind = EffectKind::Query;
    result.effect_id = quittance_avro::ids::EffectId::new(derive(&["notice", &at.as_ms().to_string()]));
    result.envelope.occurred_at = at;
    result.report = Some(report(facts));
    Input::Result(Box::new(result))
}
