//! What must be true of every change, whatever led to it.

use quittance_avro::{
    ids::{CommandId, EffectId, EventId, OutcomeId, StateId},
    money::MinorUnits,
    records::{Envelope, GatewayEffect, PaymentChangelog},
    time::Timestamp,
    words::{
        ActorKind, CaptureMethod, EffectKind, OperationStatus, OutcomeStatus, PaymentStatus, ResultOutcome, TimerKind,
    },
};

use super::{folded::envelope, scenario::Scenario};
use crate::payment::{
    decision::{Change, Event, Input},
    policy::KEY_AGE_MAX_MS,
    samples::{COMMAND, PAYMENT, command},
};

pub(super) fn hold(before: &Scenario, input: &Input, change: &Change) {
    waits_for_something(&change.state);
    amounts_add_up(&change.state);
    money_comes_from_approvals(before.state.as_ref(), input, &change.state);
    settled_stays_settled(before.state.as_ref(), &change.state);
    bounds_are_kept(before, &change.state);
    failure_is_definite(before, input, change);
    if let Some(effect) = &change.effect {
        effect_is_in_order(before, effect, &change.state);
    }
    envelopes_are_right(before, input, change);
    outcome_is_told_once(before, change);
}

/// Nothing is ever processing without a timer or a person; and nothing else has either of them for nothing.
fn waits_for_something(state: &PaymentChangelog) {
    let public = &state.state;
    let is_open = public.status == PaymentStatus::Processing;
    assert!(!is_open || state.timer.is_some() || public.review.is_some(), "stuck");
    assert!(state.timer.is_none() || is_open && public.review.is_none(), "a timer for nothing");
    let status = public.operations[0].status;
    assert_eq!(is_open, matches!(status, OperationStatus::Pending | OperationStatus::Unknown));
    assert_eq!(public.status == PaymentStatus::Failed, status == OperationStatus::Failed);
    assert_eq!(status, public.operations[0].attempts[0].status);
    assert_eq!(public.failure.is_some(), public.status == PaymentStatus::Failed);
}

fn amounts_add_up(state: &PaymentChangelog) {
    let public = &state.state;
    assert!(public.captured_amount >= MinorUnits::ZERO);
    assert!(public.captured_amount <= public.authorized_amount, "captured more than authorized");
    assert_eq!(public.refunded_amount, MinorUnits::ZERO);
    assert_eq!(public.capturable_amount, public.authorized_amount.saturating_sub(public.captured_amount));
    assert_eq!(public.capturable_amount > MinorUnits::ZERO, public.status == PaymentStatus::RequiresCapture);
    let all_taken = public.captured_amount > MinorUnits::ZERO && public.capturable_amount == MinorUnits::ZERO;
    assert_eq!(all_taken, public.status == PaymentStatus::Succeeded);
    let unasked = public.authorized_amount != MinorUnits::ZERO && public.authorized_amount != public.amount;
    assert!(!unasked || public.review.is_some(), "another amount than the one that was asked for");
}

fn money_comes_from_approvals(before: Option<&PaymentChangelog>, input: &Input, after: &PaymentChangelog) {
    let amounts = |state: &PaymentChangelog| (state.state.authorized_amount, state.state.captured_amount);
    let nothing = (MinorUnits::ZERO, MinorUnits::ZERO);
    let known = before.map_or(nothing, amounts);
    if amounts(after) != known {
        let Input::Result(result) = input else { panic!("money out of nothing") };
        assert_eq!(result.outcome, ResultOutcome::Approved);
        assert_eq!(result.currency, after.state.currency);
        assert_eq!((known, amounts(after)), (nothing, (result.authorized_amount, result.captured_amount)));
    }
}

/// Of a settled payment nothing changes but that a person is asked.
fn settled_stays_settled(before: Option<&PaymentChangelog>, after: &PaymentChangelog) {
    let Some(before) = before.filter(|before| before.state.status != PaymentStatus::Processing) else { return };
    let mut expected = before.clone();
    expected.state.review.clone_from(&after.state.review);
    expected.state.envelope.clone_from(&after.state.envelope);
    expected.state.updated_at = after.state.updated_at;
    assert_eq!(*after, expected);
    assert!(after.state.review.is_some());
}

fn bounds_are_kept(before: &Scenario, state: &PaymentChangelog) {
    let attempt = &state.state.operations[0].attempts[0];
    assert!(attempt.unknowns <= before.policy.unknown_tries_max);
    assert!(attempt.queries <= before.policy.queries_max);
    let known = before.state.as_ref().map(|state| &state.state.operations[0].attempts[0]);
    assert!(!known.is_some_and(|known| known.ambiguous) || attempt.ambiguous, "a doubt was forgotten");
    assert_eq!((state.state.operations.len(), state.commands.len()), (1 + captures(state), 1));
}

fn captures(state: &PaymentChangelog) -> usize {
    usize::from(state.state.captured_amount > MinorUnits::ZERO)
}

/// Nothing is given up while a try may still be under way, or when nobody knows what one did.
fn failure_is_definite(before: &Scenario, input: &Input, change: &Change) {
    if !change.events.iter().any(|event| matches!(event, Event::Failed(_))) {
        return;
    }
    let over = |effect: &GatewayEffect, at: Timestamp| {
        effect.kind == EffectKind::Query || effect.not_after.plus_ms(before.policy.query_settle_ms) <= at
    };
    let all_over_at = |at| before.effects.iter().all(|effect| over(effect, at));
    let in_doubt = change.state.state.operations[0].attempts[0].ambiguous;
    match input {
        Input::Result(result) if result.outcome == ResultOutcome::Absent => {
            assert_eq!(result.kind, EffectKind::Query);
            assert!(all_over_at(before.latest().envelope.occurred_at), "the query may have come too early");
        }
        Input::Result(result) => {
            assert_eq!((result.outcome, before.effects.len()), (ResultOutcome::Rejected, 1));
            assert!(!in_doubt);
        }
        Input::Timer => assert!(!in_doubt && all_over_at(before.now)),
        Input::Create { .. } => panic!("a payment that was just created cannot have failed"),
    }
}

/// An effect is one more step of the one attempt, never after its key may be forgotten, and its loss is noticed.
fn effect_is_in_order(before: &Scenario, effect: &GatewayEffect, state: &PaymentChangelog) {
    let attempt = &state.state.operations[0].attempts[0];
    let earlier = |kind| before.effects.iter().filter(move |effect| effect.kind == kind).count();
    assert_eq!(usize::try_from(effect.try_number), Ok(earlier(effect.kind) + 1));
    assert!(before.effects.iter().all(|earlier| earlier.envelope.id != effect.envelope.id));
    assert_eq!(effect.attempt_id, attempt.id);
    assert_eq!(before.effects.first().map_or(effect.attempt_id, |first| first.attempt_id), effect.attempt_id);
    assert_eq!(attempt.last_effect_id.map(|id| id.to_string()), Some(effect.envelope.id.clone()));
    if effect.kind == EffectKind::Authorize {
        assert_eq!(earlier(EffectKind::Query), 0, "sent again after a query");
        let age_ms = before.age_ms();
        assert!(effect.try_number == 1 || age_ms < before.policy.attempt_ttl_ms, "sent again after {age_ms} ms");
        assert!(effect.not_after <= attempt.started_at.plus_ms(KEY_AGE_MAX_MS));
        assert!(attempt.last_not_after >= effect.not_after);
    }
    let asked = command(state.state.capture);
    assert_eq!((effect.amount, effect.currency, effect.capture), (asked.amount, asked.currency, asked.capture));
    assert_eq!((&*effect.gateway_account, &*effect.token), ("simulator", "tok_simulator"));
    assert!(effect.not_after > before.now && effect.not_after <= before.now.plus_ms(before.policy.try_not_after_ms));
    let timer = state.timer.as_ref().expect("a result may get lost");
    assert_eq!(timer.kind, TimerKind::TryLost);
    assert_eq!(timer.due_at, effect.not_after.plus_ms(before.policy.try_lost_ms));
}

fn envelopes_are_right(before: &Scenario, input: &Input, change: &Change) {
    let actor = match input {
        Input::Create { .. } => ActorKind::User,
        Input::Result(_) => ActorKind::Gateway,
        Input::Timer => ActorKind::System,
    };
    for event in &change.events {
        let envelope = envelope(event);
        let known = before.folded.sequence;
        assert!(envelope.sequence > Some(known));
        assert!(envelope.id.parse::<EventId>().is_ok());
        assert_eq!(envelope.actor.kind, actor);
        is_of_the_payment(before, envelope);
    }
    let state = &change.state.state.envelope;
    assert!(state.id.parse::<StateId>().is_ok());
    if let Some(last) = change.events.last() {
        let expected = Envelope { id: state.id.clone(), ..envelope(last).clone() };
        assert_eq!(*state, expected);
    }
    if let Some(effect) = &change.effect {
        assert!(effect.envelope.id.parse::<EffectId>().is_ok());
        assert_eq!((effect.envelope.sequence, effect.envelope.actor.kind), (None, ActorKind::System));
        is_of_the_payment(before, &effect.envelope);
    }
    if let Some(outcome) = &change.outcome {
        assert!(outcome.envelope.id.parse::<OutcomeId>().is_ok());
        assert_eq!((outcome.envelope.sequence, outcome.envelope.actor.kind), (None, ActorKind::System));
        is_of_the_payment(before, &outcome.envelope);
    }
}

fn is_of_the_payment(before: &Scenario, envelope: &Envelope) {
    let asked = command(CaptureMethod::Manual).envelope;
    let expected = Envelope {
        id: envelope.id.clone(),
        sequence: envelope.sequence,
        actor: envelope.actor.clone(),
        aggregate_id: PAYMENT.to_string(),
        occurred_at: before.now,
        cause: Some(COMMAND),
        ..asked
    };
    assert_eq!(*envelope, expected);
}

/// The command is answered when it is applied and not again by what it leads to.
fn outcome_is_told_once(before: &Scenario, change: &Change) {
    assert_eq!(change.outcome.is_some(), before.state.is_none());
    if let Some(outcome) = &change.outcome {
        let known: &CommandId = &change.state.commands[0].command_id;
        assert_eq!((outcome.command_id, outcome.status), (*known, OutcomeStatus::Applied));
        assert_eq!(outcome.sequence, Some(change.state.commands[0].sequence));
        assert_eq!(outcome.fingerprint, change.state.commands[0].fingerprint);
    }
}
