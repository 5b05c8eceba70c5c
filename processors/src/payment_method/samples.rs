//! What the tests of the rules begin with.

use quittance_avro::{
    ids::{CommandId, PaymentMethodId, ResultId, derive},
    records::{
        Actor, Bytes, ConfirmPaymentMethod, CreatePaymentMethod, Envelope, Fingerprint, GatewayDetails, GatewayToken,
        NextAction, PaymentMethod, RemovePaymentMethod, SetUpEffect, SetUpResult,
    },
    time::Timestamp,
    words::{ActorKind, GatewayKind, Mode, SetUpOutcome},
};
use uuid::Uuid;

use super::{Command, Input, Request};
use crate::payment::Gateways;

pub(crate) const METHOD: PaymentMethodId = PaymentMethodId::new(Uuid::from_u128(1));
/// What the gateway calls its set-up.
pub(crate) const SETUP: &str = "seti_1";
pub(crate) const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// When every story begins.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_ms(1_793_534_400_123)
}

pub(crate) fn envelope(id: String) -> Envelope {
    Envelope {
        id,
        mode: Mode::Test,
        tenant: "acme".parse().expect("a tenant's name"),
        merchant_account: "berlin".to_owned(),
        aggregate_id: METHOD.to_string(),
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

/// A simulator, whose tokens are charged as they are, and two accounts at Stripe.
pub(crate) fn gateways() -> Gateways {
    let known = Gateways::default().with("simulator", GatewayKind::Simulator);
    known.with("stripe", GatewayKind::Stripe).with("other", GatewayKind::Stripe)
}

/// Something that a client asks of the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Create,
    Confirm,
    Remove,
}

/// The creation of a method with a token at each of these accounts.
pub(crate) fn creation(accounts: &[&str]) -> Input {
    let id = CommandId::new(Uuid::from_u128(0xc0));
    let token =
        |account: &&str| GatewayToken { gateway_account: (*account).to_owned(), token: format!("pm_{account}") };
    let create = CreatePaymentMethod {
        envelope: envelope(id.to_string()),
        fingerprint: fingerprint(),
        payment_method: PaymentMethod::of_tokens("card".to_owned(), accounts.iter().map(token).collect()),
        return_url: Some("https://shop.example/thanks".to_owned()),
        configuration_version: 0,
    };
    Input::Command(Box::new(Command { id, request: create.into() }))
}

/// A command of that number.
pub(crate) fn ask(number: u128, what: Ask) -> Input {
    let id = CommandId::new(Uuid::from_u128(0xc000 + number));
    let (envelope, fingerprint) = (envelope(id.to_string()), fingerprint());
    let request: Request = match what {
        Ask::Create => CreatePaymentMethod {
            envelope,
            fingerprint,
            payment_method: PaymentMethod::of_tokens("card".to_owned(), Vec::new()),
            return_url: None,
            configuration_version: 0,
        }
        .into(),
        Ask::Confirm => ConfirmPaymentMethod { envelope, fingerprint }.into(),
        Ask::Remove => RemovePaymentMethod { envelope, fingerprint }.into(),
    };
    Input::Command(Box::new(Command { id, request }))
}

fn fingerprint() -> Fingerprint {
    Fingerprint { version: 1, digest: Bytes(vec![7; 32]) }
}

/// What a sink says of an effect.
pub(crate) fn answer(effect: &SetUpEffect, outcome: SetUpOutcome) -> SetUpResult {
    let is_named = [SetUpOutcome::Approved, SetUpOutcome::ActionRequired, SetUpOutcome::Pending].contains(&outcome);
    let id = ResultId::new(derive(&["result", &effect.envelope.id, outcome.as_str()]));
    let action =
        || NextAction { kind: "redirect".to_owned(), url: "https://bank.example/3ds".to_owned(), expires_at: None };
    SetUpResult {
        envelope: envelope(id.to_string()),
        effect_id: effect.envelope.id.parse().expect("an effect's id"),
        kind: effect.kind,
        attempt_id: effect.attempt_id,
        gateway_account: effect.gateway_account.clone(),
        outcome,
        token: (outcome == SetUpOutcome::Approved).then(|| "pm_saved".to_owned()),
        failure: None,
        details: GatewayDetails { gateway_reference: is_named.then(|| SETUP.to_owned()), ..GatewayDetails::default() },
        card: None,
        next_action: (outcome == SetUpOutcome::ActionRequired).then(action),
    }
}
