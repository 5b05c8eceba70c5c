//! Creating a payment.

use quittance_avro::{
    ids::{AuthorizationId, derive},
    money::MinorUnits,
    records::{
        CreatePayment, Envelope, Hold, Operation, PaymentChangelog, PaymentCreated, PaymentHeld, PaymentState, Routing,
    },
    refusals::Refusal,
    words::{OperationKind, OperationStatus, Origin, PaymentStatus},
};

use super::remember;
use crate::payment::{
    command::Command,
    decide::{STATE_VERSION, attempt, draft::Draft, outcome, standing::AUTHORIZATION},
    decision::{Context, Decision, Refused},
    event::Event,
    routing::route,
};

/// Why it is held back, if a merchant asks for that.
const REQUESTED: &str = "requested";

/// A payment that is not there yet.
pub(in crate::payment::decide) fn create(command: &Command, asked: &CreatePayment, cx: Context<'_>) -> Decision {
    match begin(command, asked, cx) {
        Ok(draft) => draft.finish(),
        // There is no payment that could remember it.
        Err(refusal) => {
            Decision::Refused(Box::new(Refused { state: None, outcome: outcome::refused(command, cx.now, refusal) }))
        }
    }
}

fn begin<'a>(command: &Command, asked: &CreatePayment, cx: Context<'a>) -> Result<Draft<'a>, Refusal> {
    MinorUnits::payable(asked.amount.get()).map_err(|_| Refusal::AmountInvalid)?;
    let routing = route(asked, cx.gateways, cx.now)?;
    let account = routing.candidates.first().ok_or(Refusal::NoRoute)?.clone();
    let state = created(command, asked, &account, routing.clone(), cx);
    let mut draft = Draft::new(state, asked.envelope.actor.clone(), cx);
    let place = (!asked.hold).then(|| attempt::add(&mut draft, AUTHORIZATION, &account));
    if asked.hold {
        draft.state.state.hold = Some(Hold { reason: REQUESTED.to_owned(), placed_at: cx.now });
    }
    announce(&mut draft, asked, account, routing);
    match place {
        Some(place) => attempt::send(&mut draft, place),
        None => draft
            .event(|envelope, standing| Event::Held(PaymentHeld { envelope, reason: REQUESTED.to_owned(), standing })),
    }
    remember(&mut draft, command, None);
    Ok(draft)
}

fn announce(draft: &mut Draft<'_>, asked: &CreatePayment, gateway_account: String, routing: Routing) {
    let asked = asked.clone();
    draft.event(|envelope, standing| {
        Event::Created(PaymentCreated {
            envelope,
            amount: asked.amount,
            currency: asked.currency,
            capture: asked.capture,
            payment_method: asked.payment_method,
            gateway_account,
            initiator: asked.initiator,
            stored_credential: asked.stored_credential,
            sealed: asked.sealed,
            return_url: asked.return_url,
            hold: asked.hold,
            declines_retried_max: asked.declines_retried_max,
            payment_method_id: asked.payment_method_id,
            network_transaction_id: asked.network_transaction_id,
            routing: Some(routing),
            standing,
        })
    });
}

fn created(
    command: &Command,
    asked: &CreatePayment,
    gateway_account: &str,
    routing: Routing,
    cx: Context<'_>,
) -> PaymentChangelog {
    let now = cx.now;
    let payment_id = &asked.envelope.aggregate_id;
    let uuid = derive(&["authorization", payment_id, "1"]);
    let authorization = Operation {
        id: AuthorizationId::new(uuid).to_string(),
        kind: OperationKind::Authorize,
        amount: asked.amount,
        status: OperationStatus::Pending,
        reason: None,
        origin: Origin::Api,
        gateway_reference: None,
        attempts: Vec::new(),
        created_at: now,
        updated_at: now,
        is_final: None,
        parent_id: None,
        unwanted: false,
        transfers: 0,
        fee_amount: None,
        fee_version: None,
    };
    let state = PaymentState {
        envelope: Envelope { sequence: Some(0), cause: Some(command.id), ..asked.envelope.clone() },
        state_version: STATE_VERSION,
        status: PaymentStatus::Processing,
        amount: asked.amount,
        currency: asked.currency,
        capture: asked.capture,
        authorized_amount: MinorUnits::ZERO,
        captured_amount: MinorUnits::ZERO,
        capturable_amount: MinorUnits::ZERO,
        refunded_amount: MinorUnits::ZERO,
        payment_method: asked.payment_method.clone(),
        gateway_account: gateway_account.to_owned(),
        initiator: asked.initiator,
        stored_credential: asked.stored_credential.clone(),
        operations: vec![authorization],
        failure: None,
        review: None,
        sealed: asked.sealed.clone(),
        created_at: now,
        updated_at: now,
        return_url: asked.return_url.clone(),
        next_action: None,
        hold: None,
        closing: None,
        closing_reason: None,
        authorization_expires_at: None,
        action_expires_at: None,
        declines_retried_max: asked.declines_retried_max,
        routing: Some(routing),
        payment_method_id: asked.payment_method_id.clone(),
        network_transaction_id: asked.network_transaction_id.clone(),
        search_tokens: asked.search_tokens.clone(),
        text_sequence: None,
    };
    // One seed for each payment, so that deciding again gives the same and payments do not all come back at once.
    let (_, retry_seed) = uuid.as_u64_pair();
    PaymentChangelog {
        state_version: STATE_VERSION,
        state,
        commands: Vec::new(),
        timer: None,
        traceparent: cx.traceparent.to_owned(),
        retry_seed: retry_seed.cast_signed(),
        timers: Vec::new(),
        refusals: Vec::new(),
    }
}
