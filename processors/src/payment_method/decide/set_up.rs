//! The set-up at one gateway account: asking for tries and queries, and what comes next while it is not settled.
//!
//! A try is sent under the attempt's id as its idempotency key. While nothing is known of it, it is sent again under the same key; once
//! the gateway has named it, it is only asked about. What is given up may have been done all the same, which costs nobody anything.

use quittance_avro::{
    ids::{AttemptId, EffectId, derive},
    records::{
        Failure, GatewayDetails, PaymentMethod, PaymentMethodSetUp, PaymentMethodSetUpFailed, SetUp, SetUpEffect,
        SetUpResult,
    },
    time::Timestamp,
    words::{SetUpKind, SetUpStatus, TimerKind},
};

use super::draft::{Draft, plain};
use crate::{
    payment::{KEY_AGE_MAX_MS, Policy},
    payment_method::event::Event,
};

/// How long a customer has to act, and a gateway to settle what it has taken, milliseconds.
pub(super) const OPEN_MAX_MS: i64 = 24 * 3_600_000;

/// What to do next about a set-up that is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Send it (again), under the same idempotency key.
    Try,
    /// Ask what became of it.
    Query,
    /// It is given up.
    GiveUp,
}

/// A set-up of which nothing was asked yet.
pub(super) fn new(method_id: &str, gateway_account: &str, now: Timestamp) -> SetUp {
    SetUp {
        attempt_id: AttemptId::new(derive(&["set_up", method_id, gateway_account])),
        gateway_account: gateway_account.to_owned(),
        status: SetUpStatus::Pending,
        tries: 0,
        queries: 0,
        unanswered: 0,
        last_effect_id: None,
        started_at: now,
        asked_at: now,
        gateway_reference: None,
        next_action: None,
        action_expires_at: None,
        failure: None,
    }
}

/// Asks for the next try.
pub(super) fn send(draft: &mut Draft<'_>, index: usize) {
    let (now, policy) = (draft.cx.now, draft.cx.policy);
    let set_up = draft.set_up_mut(index);
    set_up.tries = set_up.tries.saturating_add(1);
    let not_after = now.plus_ms(policy.try_not_after_ms).min(set_up.started_at.plus_ms(KEY_AGE_MAX_MS));
    let number = set_up.tries;
    ask(draft, index, SetUpKind::SetUp, number, not_after);
}

/// Asks for the next query.
pub(super) fn query(draft: &mut Draft<'_>, index: usize) {
    let not_after = draft.cx.now.plus_ms(draft.cx.policy.try_not_after_ms);
    let set_up = draft.set_up_mut(index);
    set_up.queries = set_up.queries.saturating_add(1);
    let number = set_up.queries;
    ask(draft, index, SetUpKind::Query, number, not_after);
}

/// Asks the gateway for something, and sets the timer that notices a lost result.
fn ask(draft: &mut Draft<'_>, index: usize, kind: SetUpKind, try_number: i32, not_after: Timestamp) {
    let now = draft.cx.now;
    let set_up = draft.set_up_mut(index);
    let attempt_id = set_up.attempt_id;
    let id = EffectId::new(derive(&["effect", &attempt_id.to_string(), kind.as_str(), &try_number.to_string()]));
    (set_up.last_effect_id, set_up.asked_at) = (Some(id), now);
    let (gateway_account, gateway_reference) = (set_up.gateway_account.clone(), set_up.gateway_reference.clone());
    let mut tokens = draft.method().payment_method.tokens.iter();
    let token = tokens.find(|token| token.gateway_account == gateway_account);
    let effect = SetUpEffect {
        envelope: draft.envelope(id.to_string()),
        kind,
        attempt_id,
        try_number,
        token: token.map(|token| token.token.clone()).unwrap_or_default(),
        gateway_account,
        gateway_reference,
        return_url: draft.method().return_url.clone(),
        not_after,
    };
    draft.effects.push(effect);
    draft.set_timer(TimerKind::TryLost, attempt_id, not_after.plus_ms(draft.cx.policy.try_lost_ms));
}

/// The next step is due.
pub(super) fn go_on(draft: &mut Draft<'_>, index: usize) {
    match next_step(draft.set_up(index), draft.cx.policy, draft.cx.now) {
        Step::Try => send(draft, index),
        Step::Query => query(draft, index),
        Step::GiveUp => {
            let failure = given_up(draft.set_up(index));
            fail(draft, index, failure);
        }
    }
}

fn next_step(set_up: &SetUp, policy: &Policy, now: Timestamp) -> Step {
    let age_ms = now.as_ms().saturating_sub(set_up.started_at.as_ms());
    match &set_up.gateway_reference {
        // It is asked once more after its time is over: a customer may have acted at the last moment.
        Some(_) if set_up.asked_at < over_at(set_up) => Step::Query,
        // And a few times more if the gateway does not say.
        Some(_) if (1..policy.queries_max).contains(&set_up.unanswered) => Step::Query,
        None if set_up.unanswered < policy.unknown_tries_max && age_ms < policy.attempt_ttl_ms.min(KEY_AGE_MAX_MS) => {
            Step::Try
        }
        Some(_) | None => Step::GiveUp,
    }
}

/// When the time of one that the gateway has taken is over.
fn over_at(set_up: &SetUp) -> Timestamp {
    set_up.action_expires_at.unwrap_or_else(|| set_up.started_at.plus_ms(OPEN_MAX_MS))
}

fn given_up(set_up: &SetUp) -> Failure {
    if set_up.action_expires_at.is_some() && set_up.unanswered == 0 {
        plain("action_expired", "the customer did not act in time")
    } else {
        plain("gateway_unavailable", "the gateway could not be reached, or did not say in time what became of it")
    }
}

/// The next step is decided after a while, unless it is the last. A customer takes longer than a gateway, and whoever knows that they
/// have acted says so.
pub(super) fn wait(draft: &mut Draft<'_>, index: usize) {
    let (now, policy, seed) = (draft.cx.now, draft.cx.policy, draft.state.retry_seed);
    let set_up = draft.set_up(index);
    if next_step(set_up, policy, now) == Step::GiveUp {
        return go_on(draft, index);
    }
    let attempt_id = set_up.attempt_id;
    let due_at = if set_up.gateway_reference.is_some() {
        let age_ms = now.as_ms().saturating_sub(set_up.started_at.as_ms());
        let shortest_ms = if set_up.next_action.is_some() { policy.retry_max_ms } else { 1 };
        let due_at = now.plus_ms(policy.poll_ms(set_up.queries, age_ms, seed).max(shortest_ms));
        // At its end it is asked once more.
        if now < over_at(set_up) { due_at.min(over_at(set_up)) } else { due_at }
    } else {
        now.plus_ms(policy.delay_ms(set_up.tries, seed).max(1))
    };
    draft.set_timer(TimerKind::Retry, attempt_id, due_at);
}

/// The gateway has set it up.
pub(super) fn succeed(draft: &mut Draft<'_>, index: usize, result: &SetUpResult) {
    end(draft, index, SetUpStatus::Succeeded);
    let (attempt_id, gateway_account) = (draft.set_up(index).attempt_id, draft.set_up(index).gateway_account.clone());
    let method = &mut draft.state.state;
    let own = method.payment_method.tokens.iter_mut().find(|token| token.gateway_account == gateway_account);
    if let (Some(own), Some(token)) = (own, &result.token) {
        own.token.clone_from(token);
    }
    if let Some(card) = &result.card {
        learn(&mut method.payment_method, card);
    }
    if method.network_transaction_id.is_none() {
        method.network_transaction_id.clone_from(&result.details.network_transaction_id);
    }
    let details: GatewayDetails = result.details.clone();
    draft.event(|envelope, status| {
        Event::SetUp(PaymentMethodSetUp { envelope, attempt_id, gateway_account, details, status })
    });
}

/// It is not set up, and its token is dropped.
pub(super) fn fail(draft: &mut Draft<'_>, index: usize, failure: Failure) {
    end(draft, index, SetUpStatus::Failed);
    let set_up = draft.set_up_mut(index);
    set_up.failure = Some(failure.clone());
    let (attempt_id, gateway_account) = (set_up.attempt_id, set_up.gateway_account.clone());
    draft.state.state.payment_method.tokens.retain(|token| token.gateway_account != gateway_account);
    draft.event(|envelope, status| {
        Event::SetUpFailed(PaymentMethodSetUpFailed { envelope, attempt_id, gateway_account, failure, status })
    });
}

fn end(draft: &mut Draft<'_>, index: usize, status: SetUpStatus) {
    let set_up = draft.set_up_mut(index);
    (set_up.status, set_up.next_action) = (status, None);
    let attempt_id = set_up.attempt_id;
    draft.clear_timer(attempt_id);
}

/// Takes over what the gateway knows of the card. What it does not say stays as the client said it.
fn learn(method: &mut PaymentMethod, card: &PaymentMethod) {
    let texts = [
        (&mut method.fingerprint, &card.fingerprint),
        (&mut method.brand, &card.brand),
        (&mut method.funding, &card.funding),
        (&mut method.country, &card.country),
        (&mut method.iin, &card.iin),
        (&mut method.last4, &card.last4),
        (&mut method.wallet, &card.wallet),
    ];
    for (known, told) in texts {
        if told.is_some() {
            known.clone_from(told);
        }
    }
    method.exp_month = card.exp_month.or(method.exp_month);
    method.exp_year = card.exp_year.or(method.exp_year);
}
