//! Taking in all that a gateway says of a payment.
//!
//! A report answers a query, or comes because the gateway told us that something happened. Each fact in it is held against
//! the operation that it is about. Facts are recorded whatever we thought before: an operation that was settled otherwise is
//! corrected, and what was done at the gateway without us becomes an operation of its own. That a report lacks something is
//! no fact, but for the attempt that was asked about.

use quittance_avro::{
    ids::{AttemptId, derive},
    money::MinorUnits,
    records::{GatewayDetails, GatewayFact, GatewayReport, GatewayResult, Operation, PaymentOperationCorrected},
    time::Timestamp,
    words::{Closing, FactStatus, OperationKind, OperationStatus, Origin, ReviewReason, TimerKind},
};

use super::{
    approval::{Approval, approve, await_action, capture_of, unwanted},
    attempt::{self, is_settled},
    closing::{release, stay_open, withdraw_action},
    draft::{Draft, Place},
    failing::{Why, fail, named},
    operation::{self, Asked, add},
    result::{contradiction, is_awaited, is_claimed, queried},
    standing::{self, AUTHORIZATION, is_open},
};
use crate::payment::{decision::Ignored, event::Event};

/// What a gateway says of itself when it releases an authorization whose time is over.
const EXPIRED: &str = "expired";

/// A fact with what it stands beside.
#[derive(Clone, Copy)]
struct Told<'r> {
    fact: &'r GatewayFact,
    report: &'r GatewayReport,
    result: &'r GatewayResult,
    /// Whether it answers the query that is waited for.
    is_awaited: bool,
}

impl Told<'_> {
    fn as_of(&self) -> Timestamp {
        self.result.envelope.occurred_at
    }
}

/// What a fact is about.
enum About {
    /// An attempt of ours.
    Attempt(Place),
    /// The capture that came with an authorization.
    CameAlong(usize),
    /// Nothing that we know.
    Nothing,
}

/// Takes a report in. `asked` is the attempt that it was asked for.
pub(super) fn reconcile(draft: &mut Draft<'_>, asked: Place, result: &GatewayResult) -> Option<Ignored> {
    let Some(report) = &result.report else { return Some(Ignored::UnknownAttempt) };
    let was_awaited = is_awaited(draft, asked, result);
    let was_settled = is_settled(draft.attempt(asked));
    let id = draft.attempt(asked).id;
    if was_awaited && was_settled {
        // It was asked what is true, and this is it.
        draft.clear_timers(id);
        let attempt = draft.attempt_mut(asked);
        (attempt.verifications, attempt.contradicted) = (0, false);
    }
    let before = (draft.state.clone(), draft.effects.len());
    draft.hears_more = true;
    for fact in &report.facts {
        // A success that nobody wants has become an authorization of its own by the fact before.
        let authorization = draft.find(id).map_or(AUTHORIZATION, |place| draft.parent(place.operation));
        take_in(draft, authorization, Told { fact, report, result, is_awaited: was_awaited });
    }
    draft.hears_more = false;
    if draft.withdraws && is_open(draft.operation(AUTHORIZATION)) {
        withdraw_action(draft);
    }
    if !was_settled && was_awaited && !is_settled(draft.attempt(asked)) {
        unsettled(draft, asked, result);
    }
    for index in 0..draft.payment().operations.len() {
        if draft.operation(index).kind == OperationKind::Authorize {
            release(draft, index);
        }
    }
    if (&draft.state, draft.effects.len()) == (&before.0, before.1) && !was_awaited {
        return Some(Ignored::AlreadySettled);
    }
    None
}

/// The attempt that was asked about is not settled by the report.
fn unsettled(draft: &mut Draft<'_>, asked: Place, result: &GatewayResult) {
    let waits = draft.timer_of(draft.attempt(asked).id).is_some_and(|timer| timer.kind == TimerKind::Retry);
    let waits_for_customer = draft.payment().next_action.is_some() && asked.operation == AUTHORIZATION;
    let is_under_review = draft.operation(asked.operation).status == OperationStatus::Unknown;
    if !waits && !waits_for_customer && !is_under_review {
        queried(draft, asked, result);
    }
}

fn take_in(draft: &mut Draft<'_>, authorization: usize, told: Told<'_>) {
    match about(draft, authorization, told) {
        About::Attempt(place) if is_settled(draft.attempt(place)) => settled(draft, place, told),
        About::Attempt(place) => open(draft, place, told),
        About::CameAlong(capture) => came_along(draft, authorization, capture, told),
        About::Nothing => made_elsewhere(draft, authorization, told),
    }
}

/// What a fact is about: by the attempt that the gateway keeps with it, or else by the gateway's own name. A void has neither
/// at some gateways; there is only one at a time.
fn about(draft: &Draft<'_>, authorization: usize, told: Told<'_>) -> About {
    let fact = told.fact;
    if let Some(place) = fact.attempt_id.and_then(|id| draft.find(id)) {
        let kind = draft.operation(place.operation).kind;
        if kind == fact.kind {
            return About::Attempt(place);
        }
        let came_along = (fact.kind == OperationKind::Capture).then(|| capture_of(draft, place.operation)).flatten();
        if let Some(capture) = came_along.filter(|_| kind == OperationKind::Authorize) {
            return About::CameAlong(capture);
        }
    }
    let of_kind = |found: &Operation| found.kind == fact.kind;
    let operations = || draft.payment().operations.iter().enumerate().filter(|(_, found)| of_kind(found));
    let by_name = fact.gateway_reference.as_ref().and_then(|reference| {
        operations().find(|(_, found)| found.gateway_reference.as_ref() == Some(reference)).map(|(index, _)| index)
    });
    let by_kind = (fact.kind == OperationKind::Void && by_name.is_none())
        .then(|| {
            operations().filter(|(index, _)| draft.parent(*index) == authorization).map(|(index, _)| index).next_back()
        })
        .flatten();
    match by_name.or(by_kind) {
        Some(index) => match draft.latest(index) {
            Some(place) => About::Attempt(place),
            None => About::CameAlong(index),
        },
        None => About::Nothing,
    }
}

/// What was captured together with an authorization, by the other facts.
fn captured_with(told: Told<'_>) -> MinorUnits {
    let captures = told.report.facts.iter().filter(|fact| {
        fact.kind == OperationKind::Capture
            && fact.status == FactStatus::Succeeded
            && fact.attempt_id == told.fact.attempt_id
    });
    captures.fold(MinorUnits::ZERO, |sum, fact| sum.saturating_add(fact.amount))
}

fn approval(told: Told<'_>) -> Approval {
    let mut details = told.fact.details.clone();
    details.gateway_reference.get_or_insert_with(|| told.report.gateway_reference.clone());
    Approval {
        authorized: told.fact.amount,
        captured: captured_with(told),
        currency: told.fact.currency,
        details,
        card: told.result.card.clone(),
        expires_at: told.result.authorization_expires_at,
        as_of: told.as_of(),
    }
}

/// A fact about an attempt that is not settled.
fn open(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let kind = draft.operation(place.operation).kind;
    let details = &told.fact.details;
    match told.fact.status {
        FactStatus::Succeeded if kind == OperationKind::Authorize => {
            let approval = approval(told);
            if approval.is_bookable(draft.payment()) {
                approve(draft, place, &approval);
            } else {
                contradiction(draft, place, told.result);
            }
        }
        FactStatus::Succeeded => {
            let is_amount = kind == OperationKind::Void || told.fact.amount == draft.operation(place.operation).amount;
            if is_bookable(draft, told.fact) && is_amount {
                operation::done(draft, place, details, told.as_of());
            } else {
                contradiction(draft, place, told.result);
            }
        }
        FactStatus::Failed if is_claimed(draft, place) => {}
        FactStatus::Failed => {
            fail(draft, place, &Why::declined(told.fact.failure.as_ref()), details, told.as_of());
        }
        // A person looks into it, and is told how it ends; that it goes on is nothing to go by.
        FactStatus::Pending | FactStatus::ActionRequired if draft.attempt(place).status == OperationStatus::Unknown => {
        }
        FactStatus::Pending => pending(draft, place, told),
        FactStatus::ActionRequired => match told.fact.next_action.as_ref().filter(|_| kind == OperationKind::Authorize)
        {
            // A query that is under way knows better than what the gateway said before it.
            Some(_) if !told.is_awaited && is_asked(draft, place) => {}
            // Nobody is to act any more. If a void was to see to that, and did not, another one is.
            Some(_) if draft.payment().closing.is_some() && draft.attempt(place).accepted => {
                if told.is_awaited {
                    withdraw_action(draft);
                }
            }
            Some(action) if draft.payment().next_action.as_ref() != Some(action) => {
                name(draft, place, told);
                await_action(draft, place, action);
            }
            Some(_) => {}
            None => pending(draft, place, told),
        },
    }
}

/// Whether a try or query of it is under way.
fn is_asked(draft: &Draft<'_>, place: Place) -> bool {
    draft.timer_of(draft.attempt(place).id).is_some_and(|timer| timer.kind == TimerKind::TryLost)
}

fn pending(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    if !told.is_awaited && draft.attempt(place).accepted {
        return;
    }
    name(draft, place, told);
    draft.attempt_mut(place).accepted = true;
    attempt::later(draft, place);
}

/// Keeps what the gateway calls it.
fn name(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let mut details = told.fact.details.clone();
    let name = match told.fact.kind {
        OperationKind::Authorize => Some(told.report.gateway_reference.clone()),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund => told.fact.gateway_reference.clone(),
    };
    details.gateway_reference = details.gateway_reference.or(name);
    let attempt = draft.attempt_mut(place);
    attempt::note_reference(attempt, &details);
    let reference = attempt.details.as_ref().and_then(|details| details.gateway_reference.clone());
    draft.operation_mut(place.operation).gateway_reference = reference;
}

fn is_bookable(draft: &Draft<'_>, fact: &GatewayFact) -> bool {
    fact.currency == draft.payment().currency && MinorUnits::payable(fact.amount.get()).is_ok()
}

/// A fact about an attempt that is settled: the same again, or the gateway has changed its mind.
fn settled(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    if told.as_of() < draft.attempt(place).as_of {
        // It is older than what is known.
        return;
    }
    let kind = draft.operation(place.operation).kind;
    match (draft.attempt(place).status, told.fact.status) {
        (OperationStatus::Failed, FactStatus::Succeeded) if kind == OperationKind::Authorize => {
            revived(draft, place, told);
        }
        (OperationStatus::Failed, FactStatus::Succeeded) => {
            if is_bookable(draft, told.fact) {
                draft.operation_mut(place.operation).amount = told.fact.amount;
                correct(draft, place, OperationStatus::Succeeded, told);
                operation::book(draft, place, &told.fact.details, told.as_of());
                excess(draft, place, told);
            } else {
                contradiction(draft, place, told.result);
            }
        }
        (OperationStatus::Succeeded, FactStatus::Failed) if kind == OperationKind::Authorize => {
            // What was captured of it cannot be undone by rule.
            contradiction(draft, place, told.result);
        }
        (OperationStatus::Succeeded, FactStatus::Failed) => undone(draft, place, told),
        (OperationStatus::Succeeded, FactStatus::Succeeded)
            if matches!(kind, OperationKind::Capture | OperationKind::Refund)
                && told.fact.amount != draft.operation(place.operation).amount =>
        {
            contradiction(draft, place, told.result);
        }
        _ => {}
    }
}

/// An authorization succeeded that was taken for failed. If nothing else has come of the payment since, it is what the
/// payment is about; else nobody wants it.
fn revived(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let approval = approval(told);
    if !approval.is_bookable(draft.payment()) {
        contradiction(draft, place, told.result);
        return;
    }
    let is_latest = place.operation == AUTHORIZATION && draft.latest(AUTHORIZATION) == Some(place);
    if is_latest && draft.payment().closing != Some(Closing::Rejected) {
        correct(draft, place, OperationStatus::Succeeded, told);
        approve(draft, place, &approval);
    } else {
        unwanted(draft, place, &approval);
    }
}

/// What had succeeded failed after all: a capture, a refund that came back, a void.
fn undone(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let found = draft.operation(place.operation);
    let (kind, parent) = (found.kind, draft.parent(place.operation));
    let was_held = parent == AUTHORIZATION && draft.operation(parent).status == OperationStatus::Succeeded;
    if kind == OperationKind::Void && was_held && draft.payment().closing == Some(Closing::Canceled) {
        stay_open(draft);
    }
    correct(draft, place, OperationStatus::Failed, told);
    draft.post(place.operation, told.as_of(), true);
    release(draft, parent);
}

/// Turns over how an operation was settled.
fn correct(draft: &mut Draft<'_>, place: Place, to: OperationStatus, told: Told<'_>) {
    let found = draft.operation(place.operation);
    let (kind, from, amount) = (found.kind, found.status, found.amount);
    draft.settle(place, to, &told.fact.details, told.as_of());
    if to == OperationStatus::Failed {
        draft.attempt_mut(place).failure.clone_from(&told.fact.failure);
    }
    if kind == OperationKind::Authorize && to == OperationStatus::Succeeded {
        draft.operation_mut(place.operation).amount = told.fact.amount;
    }
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let (currency, failure) = (draft.payment().currency, told.fact.failure.clone());
    let details = told.fact.details.clone();
    draft.event(|envelope, standing| {
        Event::OperationCorrected(PaymentOperationCorrected {
            envelope,
            operation_id,
            kind,
            attempt_id,
            gateway_account,
            amount,
            currency,
            from,
            to,
            failure,
            details,
            standing,
        })
    });
}

/// A fact about the capture that came with an authorization.
fn came_along(draft: &mut Draft<'_>, authorization: usize, capture: usize, told: Told<'_>) {
    let Some(place) = draft.latest(authorization) else { return };
    if told.as_of() < draft.attempt(place).as_of {
        return;
    }
    let found = draft.operation(capture);
    let (status, amount) = (found.status, found.amount);
    let turned = match (status, told.fact.status) {
        (OperationStatus::Succeeded, FactStatus::Failed) => OperationStatus::Failed,
        (OperationStatus::Failed, FactStatus::Succeeded) => OperationStatus::Succeeded,
        (OperationStatus::Succeeded, FactStatus::Succeeded) if told.fact.amount != amount => {
            contradiction(draft, place, told.result);
            return;
        }
        _ => return,
    };
    draft.attempt_mut(place).as_of = told.as_of();
    let now = draft.cx.now;
    let operation = draft.operation_mut(capture);
    (operation.status, operation.updated_at) = (turned, now);
    let (_, attempt_id, gateway_account) = named(draft, place);
    let (operation_id, currency) = (draft.operation(capture).id.clone(), draft.payment().currency);
    let (failure, details) = (told.fact.failure.clone(), told.fact.details.clone());
    draft.event(|envelope, standing| {
        Event::OperationCorrected(PaymentOperationCorrected {
            envelope,
            operation_id,
            kind: OperationKind::Capture,
            attempt_id,
            gateway_account,
            amount,
            currency,
            from: status,
            to: turned,
            failure,
            details,
            standing,
        })
    });
    draft.post(capture, told.as_of(), turned == OperationStatus::Failed);
}

/// Something was done at the gateway that nobody asked us for.
fn made_elsewhere(draft: &mut Draft<'_>, authorization: usize, told: Told<'_>) {
    let fact = told.fact;
    // What failed is noted too: an older word of it, by which it succeeded, may be still on its way.
    let is_settled = match fact.status {
        FactStatus::Succeeded => fact.kind != OperationKind::Authorize,
        FactStatus::Failed => matches!(fact.kind, OperationKind::Capture | OperationKind::Refund),
        FactStatus::Pending | FactStatus::ActionRequired => false,
    };
    if !is_settled {
        return;
    }
    let is_authorized = draft.operation(authorization).status == OperationStatus::Succeeded;
    if !is_bookable(draft, fact) || !is_authorized && fact.kind != OperationKind::Void {
        if let Some(place) = draft.latest(authorization) {
            contradiction(draft, place, told.result);
        }
        return;
    }
    let name =
        fact.gateway_reference.clone().unwrap_or_else(|| format!("{}:{}", told.report.gateway_reference, fact.kind));
    let asked = Asked {
        kind: fact.kind,
        authorization,
        amount: fact.amount,
        origin: Origin::Gateway,
        unwanted: draft.operation(authorization).unwanted,
        is_final: (fact.kind == OperationKind::Capture).then_some(false),
        reason: None,
    };
    let index = add(draft, &asked, &["gateway", &name]);
    let (account, id) = (told.result.gateway_account.clone(), derive(&["attempt of", &name]));
    let mut attempt = attempt::new(AttemptId::new(id), account, draft.cx.now);
    attempt.accepted = true;
    draft.operation_mut(index).attempts.push(attempt);
    let place = Place { operation: index, attempt: 0 };
    if fact.kind == OperationKind::Void && authorization == AUTHORIZATION && fact.reason.as_deref() == Some(EXPIRED) {
        draft.state.state.closing.get_or_insert(Closing::Expired);
    }
    let details = GatewayDetails { gateway_reference: fact.gateway_reference.clone(), ..fact.details.clone() };
    if fact.status == FactStatus::Failed {
        fail(draft, place, &Why::declined(fact.failure.as_ref()), &details, told.as_of());
        return;
    }
    operation::done(draft, place, &details, told.as_of());
    excess(draft, place, told);
}

/// More was moved than the payment has: a fact all the same, and something for a person.
fn excess(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let standing = standing::of(draft.payment());
    let is_excess =
        standing.captured_amount > standing.authorized_amount || standing.refunded_amount > standing.captured_amount;
    if is_excess {
        draft.review(ReviewReason::GatewayExcess, place, &told.fact.details);
    }
}
