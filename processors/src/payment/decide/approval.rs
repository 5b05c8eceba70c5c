//! A gateway authorized what it was asked for, or something like it.

use quittance_avro::{
    ids::{AuthorizationId, derive},
    money::{Currency, MinorUnits},
    records::{
        GatewayDetails, NextAction, Operation, PaymentActionRequired, PaymentAuthorized, PaymentCaptured,
        PaymentConfirmed, PaymentMethod, PaymentState, PaymentUnwantedSuccess,
    },
    time::Timestamp,
    words::{CaptureMethod, Closing, OperationKind, OperationStatus, Origin, ReviewReason, TimerKind},
};

use super::{
    attempt::{asked_at, later},
    draft::{Draft, Place},
    failing::named,
    operation::{Asked, add, request},
    standing::{AUTHORIZATION, acting_on},
};
use crate::payment::event::Event;

/// What a gateway says it authorized.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Approval {
    pub(super) authorized: MinorUnits,
    /// What was captured with it.
    pub(super) captured: MinorUnits,
    pub(super) currency: Currency,
    pub(super) details: GatewayDetails,
    /// Facts about the card that the gateway reported.
    pub(super) card: Option<PaymentMethod>,
    pub(super) expires_at: Option<Timestamp>,
    /// As of when that holds.
    pub(super) as_of: Timestamp,
}

impl Approval {
    /// Whether its amounts can be booked at all: money in another currency, or more taken than reserved, has no place in a
    /// payment.
    pub(super) fn is_bookable(&self, payment: &PaymentState) -> bool {
        self.currency == payment.currency
            && MinorUnits::payable(self.authorized.get()).is_ok()
            && (MinorUnits::ZERO..=self.authorized).contains(&self.captured)
    }

    /// Whether it says the same as the one that was booked. Two references under one key are two charges. What was
    /// captured later, in an operation of its own, was not captured with it.
    pub(super) fn is_booked(&self, draft: &Draft<'_>, place: Place) -> bool {
        let operation = draft.operation(place.operation);
        let known = operation.gateway_reference.as_ref();
        let other_charge = known.zip(self.details.gateway_reference.as_ref()).is_some_and(|(one, other)| one != other);
        let came_along = capture_of(draft, place.operation).map(|index| draft.operation(index).amount);
        !other_charge
            && self.currency == draft.payment().currency
            && self.authorized == operation.amount
            && self.captured == came_along.unwrap_or_default()
    }
}

/// The capture that came with an authorization: it has no attempt of its own.
pub(super) fn capture_of(draft: &Draft<'_>, authorization: usize) -> Option<usize> {
    let mut captures = acting_on(draft.payment(), authorization, OperationKind::Capture);
    let came_along = captures.find(|found| found.attempts.is_empty())?;
    draft.payment().operations.iter().position(|found| found.id == came_along.id)
}

/// Books an approval of the payment's own authorization. One that is not what was asked for is booked as the gateway says:
/// what is less than that, or comes too late, is given back, and at anything else a person looks.
pub(super) fn approve(draft: &mut Draft<'_>, place: Place, approval: &Approval) {
    draft.settle(place, OperationStatus::Succeeded, &approval.details, approval.as_of);
    draft.operation_mut(AUTHORIZATION).amount = approval.authorized;
    draft.end_action();
    // Whatever end was announced before, it was another one.
    draft.was_open = true;
    let payment = &mut draft.state.state;
    payment.failure = None;
    if payment.closing.is_none() && approval.authorized < payment.amount {
        payment.closing = Some(Closing::PartiallyApproved);
    }
    if let Some(card) = &approval.card {
        fill_in(&mut payment.payment_method, card);
    }
    let is_wanted = payment.closing.is_none();
    let lasts_ms =
        draft.cx.gateways.capabilities(&draft.attempt(place).gateway_account).map(|can| can.authorization_ms);
    let expires_at = approval.expires_at.or(lasts_ms.map(|ms| draft.cx.now.plus_ms(ms)));
    draft.state.state.authorization_expires_at = expires_at;
    let captured = (approval.captured > MinorUnits::ZERO).then(|| captured_with(draft, place, approval, !is_wanted));
    authorized(draft, place, approval);
    match captured {
        Some(capture) if is_wanted => announce_capture(draft, place, capture, approval),
        Some(_) => announce_unwanted(draft, place, approval),
        None => {}
    }
    if is_wanted {
        check(draft, place, approval);
    }
}

/// Whether what was taken is what was promised.
fn check(draft: &mut Draft<'_>, place: Place, approval: &Approval) {
    let payment = draft.payment();
    let promised = match payment.capture {
        CaptureMethod::Automatic => payment.amount,
        CaptureMethod::Manual => MinorUnits::ZERO,
    };
    if approval.authorized == payment.amount && approval.captured == MinorUnits::ZERO && promised > MinorUnits::ZERO {
        // The gateway only holds what was to be taken at once.
        let asked = Asked {
            kind: OperationKind::Capture,
            authorization: AUTHORIZATION,
            amount: approval.authorized,
            origin: Origin::System,
            unwanted: false,
            is_final: Some(true),
            reason: None,
        };
        request(draft, &asked, &["system", "automatic"]);
    } else if approval.authorized != payment.amount || approval.captured != promised {
        draft.review(ReviewReason::ContradictingResult, place, &approval.details);
    }
}

/// A success of an attempt that was taken for failed, after another one was made: an authorization of its own, to be given
/// back.
pub(super) fn unwanted(draft: &mut Draft<'_>, place: Place, approval: &Approval) {
    let now = draft.cx.now;
    let attempt = draft.attempt(place).clone();
    let uuid = derive(&["unwanted", &draft.payment().envelope.aggregate_id, &attempt.id.to_string()]);
    draft.state.state.operations.push(Operation {
        id: AuthorizationId::new(uuid).to_string(),
        kind: OperationKind::Authorize,
        amount: approval.authorized,
        status: OperationStatus::Pending,
        reason: None,
        origin: Origin::Api,
        gateway_reference: None,
        attempts: vec![attempt],
        created_at: now,
        updated_at: now,
        is_final: None,
        parent_id: None,
        unwanted: true,
        transfers: 0,
        fee_amount: None,
        fee_version: None,
    });
    let operation = draft.payment().operations.len() - 1;
    let place = Place { operation, attempt: 0 };
    draft.settle(place, OperationStatus::Succeeded, &approval.details, approval.as_of);
    if approval.captured > MinorUnits::ZERO {
        captured_with(draft, place, approval, true);
    }
    announce_unwanted(draft, place, approval);
}

/// The capture that came with an authorization: an operation of its own, at the same attempt. Gives its index.
fn captured_with(draft: &mut Draft<'_>, place: Place, approval: &Approval, unwanted: bool) -> usize {
    let is_whole = approval.captured == approval.authorized;
    let asked = Asked {
        kind: OperationKind::Capture,
        authorization: place.operation,
        amount: approval.captured,
        origin: Origin::Api,
        unwanted,
        // Nobody said that the rest of a partial capture is released.
        is_final: Some(is_whole),
        reason: None,
    };
    let authorization = draft.operation(place.operation).id.clone();
    let operation = add(draft, &asked, &[&authorization]);
    let found = draft.operation_mut(operation);
    found.status = OperationStatus::Succeeded;
    found.gateway_reference.clone_from(&approval.details.gateway_reference);
    draft.post(operation, approval.as_of, false);
    operation
}

fn authorized(draft: &mut Draft<'_>, place: Place, approval: &Approval) {
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    draft.event(|envelope, standing| {
        Event::Authorized(PaymentAuthorized {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount: approval.authorized,
            currency: approval.currency,
            authorized_amount: approval.authorized,
            details: approval.details.clone(),
            standing,
        })
    });
}

fn announce_capture(draft: &mut Draft<'_>, place: Place, capture: usize, approval: &Approval) {
    let (_, attempt_id, gateway_account) = named(draft, place);
    let found = draft.operation(capture);
    let (operation_id, is_final) = (found.id.clone(), found.is_final.unwrap_or(true));
    draft.event(|envelope, standing| {
        Event::Captured(PaymentCaptured {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount: approval.captured,
            currency: approval.currency,
            captured_amount: approval.captured,
            is_final,
            details: approval.details.clone(),
            standing,
        })
    });
}

fn announce_unwanted(draft: &mut Draft<'_>, place: Place, approval: &Approval) {
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    draft.event(|envelope, standing| {
        Event::UnwantedSuccess(PaymentUnwantedSuccess {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            authorized_amount: approval.authorized,
            captured_amount: approval.captured,
            currency: approval.currency,
            details: approval.details.clone(),
            standing,
        })
    });
}

/// The customer has to act. The attempt is then only asked about: now and then, when the merchant says so, when the gateway
/// does, and when the time is over.
pub(super) fn await_action(draft: &mut Draft<'_>, place: Place, action: &NextAction) {
    let now = draft.cx.now;
    draft.attempt_mut(place).accepted = true;
    let known = draft.state.state.next_action.replace(action.clone());
    later(draft, place);
    if draft.payment().closing.is_some() {
        // Nobody is to act: what follows from that is done when all is taken in.
        return;
    }
    let latest_at = now.plus_ms(draft.cx.policy.action_ttl_ms);
    let expires_at = draft.payment().action_expires_at.or(action.expires_at).unwrap_or(latest_at);
    draft.state.state.action_expires_at = Some(expires_at);
    let over_at = action_over_at(draft).unwrap_or(expires_at);
    draft.set_timer(TimerKind::ActionExpiry, None, over_at.max(now));
    if known.as_ref() == Some(action) {
        return;
    }
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let next_action = action.clone();
    draft.event(|envelope, standing| {
        Event::ActionRequired(PaymentActionRequired {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            next_action,
            standing,
        })
    });
}

/// When the customer's time is over, and the gateway's queries show whether they acted in it.
pub(super) fn action_over_at(draft: &Draft<'_>) -> Option<Timestamp> {
    draft.payment().action_expires_at.map(|expires_at| expires_at.plus_ms(draft.cx.policy.query_settle_ms))
}

/// Whether the gateway was asked when the customer's time was over.
pub(super) fn is_action_over(draft: &Draft<'_>, place: Place) -> bool {
    action_over_at(draft).is_some_and(|over_at| asked_at(draft.attempt(place)) >= over_at)
}

/// The gateway goes on without the customer, who then has acted.
pub(super) fn has_acted(draft: &mut Draft<'_>, place: Place) {
    if place.operation == AUTHORIZATION && draft.payment().action_expires_at.is_some() {
        draft.end_action();
        draft.event(|envelope, standing| Event::Confirmed(PaymentConfirmed { envelope, standing }));
    }
}

/// The customer's payment method as a gateway knows it: facts fill in what the client did not say.
fn fill_in(method: &mut PaymentMethod, card: &PaymentMethod) {
    let texts = [
        (&mut method.fingerprint, &card.fingerprint),
        (&mut method.brand, &card.brand),
        (&mut method.funding, &card.funding),
        (&mut method.country, &card.country),
        (&mut method.iin, &card.iin),
        (&mut method.last4, &card.last4),
        (&mut method.wallet, &card.wallet),
    ];
    for (known, reported) in texts {
        if known.is_none() {
            known.clone_from(reported);
        }
    }
    method.exp_month = method.exp_month.or(card.exp_month);
    method.exp_year = method.exp_year.or(card.exp_year);
}
