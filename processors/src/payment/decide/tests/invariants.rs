//! What must be true of every change, whatever led to it.

use std::collections::BTreeSet;

use quittance_avro::{
    ids::{EffectId, EventId, OutcomeId, StateId, TransferId},
    money::MinorUnits,
    records::{Envelope, GatewayEffect, Operation, PaymentChangelog, PaymentState},
    words::{
        ActorKind, EffectKind, OperationKind, OperationStatus, Origin, OutcomeStatus, PaymentStatus, ReviewReason,
        TimerKind,
    },
};

use super::scenario::Scenario;
use crate::payment::{
    command::Request,
    decide::standing,
    decision::{Change, Input},
    event::Event,
    policy::KEY_AGE_MAX_MS,
    samples::PAYMENT,
};

/// `before` has the ledger as it is after the change.
pub(super) fn hold(before: &Scenario, input: &Input, change: &Change) {
    says_what_its_operations_say(change);
    waits_for_something(&change.state);
    timers_are_for_something(&change.state);
    capacity_is_kept(before, &change.state.state);
    excess_is_for_a_person(before.state.as_ref(), &change.state.state);
    nothing_changes_in_silence(before.state.as_ref(), change);
    before.ledger.agrees(&change.state.state);
    settled_moves_only_by_a_gateways_word(before.state.as_ref(), input, &change.state);
    bounds_are_kept(before, &change.state);
    failure_is_definite(before, change);
    for effect in &change.effects {
        effect_is_in_order(before, effect, &change.state);
    }
    envelopes_are_right(before, input, change);
    outcome_is_told_once(input, change);
}

fn is_open(operation: &Operation) -> bool {
    matches!(operation.status, OperationStatus::Pending | OperationStatus::Unknown)
}

/// The state is what follows from its operations, and what the last event says; each event has the next sequence.
fn says_what_its_operations_say(change: &Change) {
    let state = &change.state.state;
    let standing = standing::of(state);
    let public =
        (state.status, state.authorized_amount, state.captured_amount, state.capturable_amount, state.refunded_amount);
    let derived = (
        standing.status,
        standing.authorized_amount,
        standing.captured_amount,
        standing.capturable_amount,
        standing.refunded_amount,
    );
    assert_eq!(public, derived);
    if let Some(last) = change.events.last() {
        assert_eq!(last.standing(), Some(&standing), "the events tell another story than the state");
    }
    let failed = state.status == PaymentStatus::Failed;
    assert!(!failed || state.failure.is_some(), "a failure says why");
}

/// Nothing that is not at its end is without a timer or a person, and no operation either.
fn waits_for_something(state: &PaymentChangelog) {
    let public = &state.state;
    let is_over = match public.status {
        PaymentStatus::Succeeded | PaymentStatus::Failed | PaymentStatus::Canceled | PaymentStatus::Expired => true,
        PaymentStatus::RequiresAction
        | PaymentStatus::OnHold
        | PaymentStatus::Processing
        | PaymentStatus::RequiresCapture => false,
    };
    let waits = !state.timers.is_empty() || public.review.is_some() || public.hold.is_some();
    assert!(is_over || waits, "stuck");
    for operation in public.operations.iter().filter(|found| found.status == OperationStatus::Pending) {
        let attempt = operation.attempts.last();
        let has_timer = attempt.is_some_and(|last| state.timers.iter().any(|timer| timer.attempt_id == Some(last.id)));
        let acts = operation.kind == OperationKind::Authorize && public.next_action.is_some();
        let ends = operation.kind == OperationKind::Authorize
            && public.operations.iter().any(|found| found.kind == OperationKind::Void && is_open(found));
        let expires = state.timers.iter().any(|timer| timer.kind == TimerKind::ActionExpiry);
        assert!(has_timer || acts && expires || ends || public.hold.is_some(), "{} is stuck", operation.id);
    }
    for operation in public.operations.iter().filter(|found| found.status == OperationStatus::Unknown) {
        assert!(public.review.is_some(), "{} is unknown, and nobody looks", operation.id);
    }
}

fn timers_are_for_something(state: &PaymentChangelog) {
    let attempts = || state.state.operations.iter().flat_map(|operation| &operation.attempts);
    for timer in &state.timers {
        match (timer.kind, timer.attempt_id) {
            (TimerKind::Retry | TimerKind::TryLost, Some(id)) => assert!(attempts().any(|attempt| attempt.id == id)),
            (TimerKind::AuthorizationExpiry | TimerKind::ActionExpiry, None) => {}
            (kind, id) => panic!("{kind} of {id:?}"),
        }
    }
    let ids: BTreeSet<_> = state.timers.iter().map(|timer| (timer.kind as u8, timer.attempt_id)).collect();
    assert_eq!(ids.len(), state.timers.len(), "two timers for one thing");
}

fn sum<'a>(operations: impl Iterator<Item = &'a Operation>) -> i64 {
    operations.map(|operation| operation.amount.get()).sum()
}

/// A payment in a line.
pub(super) fn summary(payment: &PaymentState) -> String {
    let operation = |found: &Operation| {
        let word = if found.unwanted { "unwanted " } else { "" };
        let tries: Vec<_> = found.attempts.iter().map(|attempt| (attempt.tries, attempt.queries)).collect();
        format!("{word}{} of {} {} by {}, {tries:?}", found.kind, found.amount, found.status, found.origin)
    };
    let operations: Vec<String> = payment.operations.iter().map(operation).collect();
    format!("{} closing {:?}: {}", payment.status, payment.closing, operations.join(", "))
}

/// Captured ≤ authorized and refunded ≤ captured, what is under way included, unless a gateway did it without us or changed its
/// mind, and then a person looks.
fn capacity_is_kept(before: &Scenario, payment: &PaymentState) {
    let wanted = |kind| payment.operations.iter().filter(move |found| found.kind == kind && !found.unwanted);
    let not_failed = |found: &&Operation| found.status != OperationStatus::Failed;
    let done = |found: &&Operation| found.status == OperationStatus::Succeeded;
    let captures = sum(wanted(OperationKind::Capture).filter(not_failed));
    let refunds = sum(wanted(OperationKind::Refund).chain(wanted(OperationKind::Dispute)).filter(not_failed));
    let captured = sum(wanted(OperationKind::Capture).filter(done));
    let touched = before.was_corrected || payment.operations.iter().any(|found| found.origin == Origin::Gateway);
    let doubted = payment.review.as_ref().is_some_and(|review| review.reason == ReviewReason::GatewayExcess);
    if !touched && !doubted {
        assert!(captures <= payment.authorized_amount.get(), "captured more than authorized: {}", summary(payment));
        assert!(refunds <= captured, "refunded more than captured: {}", summary(payment));
    }
    assert!(payment.captured_amount >= MinorUnits::ZERO && payment.capturable_amount >= MinorUnits::ZERO);
}

/// Whoever moved more than there was to move, a person hears of it.
fn excess_is_for_a_person(before: Option<&PaymentChangelog>, after: &PaymentState) {
    let known = before.map_or(MinorUnits::ZERO, |before| standing::excess(&before.state));
    let is_told = after.review.as_ref().is_some_and(|review| review.reason == ReviewReason::GatewayExcess);
    assert!(standing::excess(after) <= known || is_told, "more than there is: {}", summary(after));
}

/// What others can see of a payment changes only by an event. What an attempt notes for itself is no concern of theirs.
fn nothing_changes_in_silence(before: Option<&PaymentChangelog>, change: &Change) {
    let told = |payment: &PaymentState| {
        let mut told = payment.clone();
        for operation in &mut told.operations {
            operation.attempts.clear();
            operation.gateway_reference = None;
        }
        told
    };
    if let Some(before) = before.filter(|_| change.events.is_empty()) {
        assert_eq!(told(&before.state), told(&change.state.state), "it changed, and no event says so");
    }
}

/// An operation that is settled is settled otherwise only by the word of a gateway or a person, and then an event says so.
fn settled_moves_only_by_a_gateways_word(before: Option<&PaymentChangelog>, input: &Input, after: &PaymentChangelog) {
    let Some(before) = before else { return };
    assert!(after.state.operations.len() >= before.state.operations.len(), "an operation is gone");
    for (then, now) in before.state.operations.iter().zip(&after.state.operations) {
        assert_eq!(then.id, now.id);
        assert!(then.attempts.len() <= now.attempts.len());
        if !is_open(then) && then.status != now.status {
            let by_a_person =
                matches!(input, Input::Command(command) if matches!(command.request, Request::Resolve(_)));
            let is_said = by_a_person || matches!(input, Input::Result(_));
            assert!(is_said, "{} was settled otherwise by {input:?}", then.id);
        }
        if then.status == OperationStatus::Succeeded && now.status == OperationStatus::Succeeded {
            assert_eq!(then.amount, now.amount);
        }
    }
}

fn bounds_are_kept(before: &Scenario, state: &PaymentChangelog) {
    let policy = &before.policy;
    for operation in &state.state.operations {
        assert!(i32::try_from(operation.attempts.len()).expect("few") <= policy.attempts_max);
        for attempt in &operation.attempts {
            assert!(attempt.unknowns <= policy.unknown_tries_max);
            assert!(attempt.verifications <= policy.queries_max + 1);
        }
    }
    assert!(state.refusals.len() <= 20 && state.commands.len() <= 400 && state.state.operations.len() <= 140);
}

/// A try that is given up as not processed is over, and nobody is in doubt about it, unless the gateway itself said so.
fn failure_is_definite(before: &Scenario, change: &Change) {
    for event in &change.events {
        let (Event::Failed(failed), false) = (event, before.state.is_none()) else { continue };
        if failed.failure.code != "gateway_unavailable" {
            continue;
        }
        let attempts = change.state.state.operations.iter().flat_map(|operation| &operation.attempts);
        for attempt in attempts.filter(|attempt| attempt.id == failed.attempt_id) {
            let asked = before.effects.iter().filter(|effect| effect.attempt_id == attempt.id);
            let was_queried = attempt.queries > 0;
            assert!(!attempt.ambiguous || was_queried, "nobody knows what became of it");
            for effect in asked.filter(|effect| effect.kind != EffectKind::Query) {
                let over_at = effect.not_after.plus_ms(before.policy.query_settle_ms);
                assert!(over_at <= before.now, "a try of it may still be under way");
            }
        }
    }
}

/// An effect is one more step of its attempt, never after its key may be forgotten, and its loss is noticed.
fn effect_is_in_order(before: &Scenario, effect: &GatewayEffect, state: &PaymentChangelog) {
    let operations = state.state.operations.iter();
    let mut found = operations
        .filter_map(|found| Some((found, found.attempts.iter().find(|attempt| attempt.id == effect.attempt_id)?)));
    let (operation, attempt) = found.next_back().expect("an effect is of an attempt");
    assert_eq!(effect.operation_kind, operation.kind);
    let earlier = || before.effects.iter().filter(|earlier| earlier.attempt_id == effect.attempt_id);
    assert!(before.effects.iter().all(|earlier| earlier.envelope.id != effect.envelope.id), "issued twice");
    if effect.kind == EffectKind::Query {
        let queries = earlier().filter(|earlier| earlier.kind == EffectKind::Query).count();
        assert_eq!(usize::try_from(effect.try_number), Ok(queries + 1));
    } else {
        let tries = earlier().filter(|earlier| earlier.kind != EffectKind::Query).count();
        assert_eq!(usize::try_from(effect.try_number), Ok(tries + 1));
        let queried = earlier().any(|earlier| earlier.kind == EffectKind::Query);
        assert!(!queried, "sent again after a query");
        assert!(effect.not_after <= attempt.started_at.plus_ms(KEY_AGE_MAX_MS));
        assert!(attempt.last_not_after >= effect.not_after);
        assert_eq!(effect.amount, operation.amount);
    }
    assert_eq!(effect.gateway_account, attempt.gateway_account);
    if operation.kind == OperationKind::Authorize {
        assert_eq!(effect.token, format!("tok_{}", effect.gateway_account));
    } else {
        let parents = state.state.operations.iter().filter(|found| Some(&found.id) == operation.parent_id.as_ref());
        let known = parents.map(|found| found.gateway_reference.clone()).next().flatten();
        assert_eq!(effect.payment_reference, known, "it acts on its authorization");
    }
    assert!(effect.not_after > before.now && effect.not_after <= before.now.plus_ms(before.policy.try_not_after_ms));
    // Once a person looks into it, nothing is waited for.
    let is_waited_for = state.state.review.is_none();
    if is_waited_for && attempt.last_effect_id.is_some_and(|id| id.to_string() == effect.envelope.id) {
        let timer = state.timers.iter().find(|timer| timer.attempt_id == Some(attempt.id));
        let timer = timer.expect("a result may get lost");
        assert_eq!(timer.kind, TimerKind::TryLost);
        assert_eq!(timer.due_at, effect.not_after.plus_ms(before.policy.try_lost_ms));
    }
}

fn envelopes_are_right(before: &Scenario, input: &Input, change: &Change) {
    let actor = match input {
        Input::Command(_) => ActorKind::User,
        Input::Result(_) | Input::Notice(_) => ActorKind::Gateway,
        Input::Timer => ActorKind::System,
    };
    let known = before.state.as_ref().and_then(|state| state.state.envelope.sequence).unwrap_or(0);
    for (event, sequence) in change.events.iter().zip(known + 1..) {
        let envelope = event.envelope();
        assert_eq!(envelope.sequence, Some(sequence), "a gap in the sequence");
        assert!(envelope.id.parse::<EventId>().is_ok());
        assert_eq!(envelope.actor.kind, actor);
        is_of_the_payment(before, envelope);
    }
    let state = &change.state.state.envelope;
    if let Some(last) = change.events.last() {
        assert!(state.id.parse::<StateId>().is_ok());
        let expected = Envelope { id: state.id.clone(), ..last.envelope().clone() };
        assert_eq!(*state, expected);
    }
    for effect in &change.effects {
        assert!(effect.envelope.id.parse::<EffectId>().is_ok());
        assert_eq!((effect.envelope.sequence, effect.envelope.actor.kind), (None, ActorKind::System));
        is_of_the_payment(before, &effect.envelope);
    }
    for transfer in &change.transfers {
        assert!(transfer.envelope.id.parse::<TransferId>().is_ok());
        is_of_the_payment(before, &transfer.envelope);
    }
    if let Some(outcome) = &change.outcome {
        assert!(outcome.envelope.id.parse::<OutcomeId>().is_ok());
        assert_eq!((outcome.envelope.sequence, outcome.envelope.actor.kind), (None, ActorKind::System));
        is_of_the_payment(before, &outcome.envelope);
    }
}

fn is_of_the_payment(before: &Scenario, envelope: &Envelope) {
    assert_eq!(envelope.aggregate_id, PAYMENT.to_string());
    assert_eq!((envelope.tenant.as_str(), &*envelope.merchant_account), ("acme", "berlin"));
    assert_eq!(envelope.occurred_at, before.now);
    assert!(envelope.cause.is_some());
}

/// A command is answered when it is applied and not again by what it leads to.
fn outcome_is_told_once(input: &Input, change: &Change) {
    assert_eq!(change.outcome.is_some(), matches!(input, Input::Command(_)));
    if let (Some(outcome), Input::Command(command)) = (&change.outcome, input) {
        let known = change.state.commands.last().expect("it is remembered");
        assert_eq!((outcome.command_id, known.command_id), (command.id, command.id));
        assert_eq!(outcome.status, OutcomeStatus::Applied);
        assert_eq!(outcome.sequence, change.state.state.envelope.sequence);
        assert_eq!(&outcome.fingerprint, command.request.fingerprint());
    }
}
