//! An attempt at a gateway account: asking for tries and queries, and what comes next while it is not settled.
//!
//! All operations go the same way. A try is sent under the attempt's id as its idempotency key; while nobody knows what
//! became of it, it is sent again under the same key; past that, the gateway is only asked, and then a person.

use quittance_avro::{
    ids::{AttemptId, EffectId, derive},
    records::{Attempt, GatewayDetails, GatewayEffect, Operation},
    time::Timestamp,
    words::{EffectKind, OperationKind, OperationStatus, ReviewReason, TimerKind},
};

use super::{
    approval::action_over_at,
    dispute::{self, Disputed},
    draft::{Draft, Place},
    failing::{Why, fail},
    standing::AUTHORIZATION,
};
use crate::payment::policy::{KEY_AGE_MAX_MS, Policy};

/// How long a dispute may be open before a person has to find out, and how often it is asked about, should a gateway's word of its
/// end get lost: milliseconds.
const DISPUTE_TTL_MS: i64 = 400 * 86_400_000;
const DISPUTE_POLL_MS: i64 = 86_400_000;

/// What to do next about an attempt that is not settled, or whose end is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Send it (again), under the same idempotency key.
    Try,
    /// Ask what became of it.
    Query,
    /// Nothing, until every try that was asked for is over.
    Wait(Timestamp),
    /// It was definitely not processed, and is given up.
    GiveUp,
    /// Only a person can tell.
    Review(ReviewReason),
    /// It stays as it is: nothing contradicts it, and the gateway cannot be asked.
    LetBe,
}

/// An attempt of which nothing was asked yet.
pub(super) fn new(id: AttemptId, gateway_account: String, now: Timestamp) -> Attempt {
    Attempt {
        id,
        gateway_account,
        status: OperationStatus::Pending,
        tries: 0,
        queries: 0,
        unknowns: 0,
        ambiguous: false,
        last_effect_id: None,
        last_not_after: now,
        started_at: now,
        updated_at: now,
        details: None,
        failure: None,
        confirming: false,
        accepted: false,
        as_of: Timestamp::default(),
        verifications: 0,
        contradicted: false,
        noticed: false,
    }
}

/// Id of the attempt of that number of an operation: the idempotency key at the gateway.
pub(super) fn id(operation_id: &str, gateway_account: &str, number: usize) -> AttemptId {
    AttemptId::new(derive(&["attempt", operation_id, gateway_account, &number.to_string()]))
}

/// Adds an attempt at that account to an operation.
pub(super) fn add(draft: &mut Draft<'_>, operation: usize, gateway_account: &str) -> Place {
    let now = draft.cx.now;
    let found = draft.operation_mut(operation);
    let attempt = found.attempts.len();
    let id = id(&found.id, gateway_account, attempt + 1);
    found.attempts.push(new(id, gateway_account.to_owned(), now));
    Place { operation, attempt }
}

/// The kind of a try of an operation.
fn try_kind(operation: &Operation, attempt: &Attempt) -> EffectKind {
    match operation.kind {
        OperationKind::Authorize if attempt.confirming => EffectKind::Confirm,
        OperationKind::Authorize => EffectKind::Authorize,
        OperationKind::Capture => EffectKind::Capture,
        OperationKind::Void => EffectKind::Void,
        OperationKind::Refund => EffectKind::Refund,
        // It is not ours to make.
        OperationKind::Dispute => EffectKind::Query,
    }
}

/// Asks for the next try.
pub(super) fn send(draft: &mut Draft<'_>, place: Place) {
    let policy = draft.cx.policy;
    let now = draft.cx.now;
    let kind = try_kind(draft.operation(place.operation), draft.attempt(place));
    let attempt = draft.attempt_mut(place);
    if attempt.tries == 0 {
        attempt.started_at = now;
    }
    let not_after = now.plus_ms(policy.try_not_after_ms).min(attempt.started_at.plus_ms(KEY_AGE_MAX_MS));
    attempt.last_not_after = attempt.last_not_after.max(not_after);
    attempt.tries += 1;
    let number = attempt.tries;
    ask(draft, place, kind, number, not_after);
}

/// Asks for the next query.
pub(super) fn query(draft: &mut Draft<'_>, place: Place) {
    let not_after = draft.cx.now.plus_ms(draft.cx.policy.try_not_after_ms);
    let attempt = draft.attempt_mut(place);
    attempt.queries += 1;
    attempt.noticed = false;
    let number = attempt.queries;
    ask(draft, place, EffectKind::Query, number, not_after);
}

/// Asks the gateway for something, and sets the timer that notices a lost result.
fn ask(draft: &mut Draft<'_>, place: Place, kind: EffectKind, try_number: i32, not_after: Timestamp) {
    let now = draft.cx.now;
    let attempt = draft.attempt_mut(place);
    let id = EffectId::new(derive(&["effect", &attempt.id.to_string(), kind.as_str(), &try_number.to_string()]));
    attempt.last_effect_id = Some(id);
    attempt.updated_at = now;
    let attempt_id = attempt.id;
    let effect = effect(draft, place, id, kind, try_number, not_after);
    draft.effects.push(effect);
    let lost_at = not_after.plus_ms(draft.cx.policy.try_lost_ms);
    draft.set_timer(TimerKind::TryLost, Some(attempt_id), lost_at);
}

fn effect(
    draft: &Draft<'_>,
    place: Place,
    id: EffectId,
    kind: EffectKind,
    try_number: i32,
    not_after: Timestamp,
) -> GatewayEffect {
    let (payment, operation, attempt) = (draft.payment(), draft.operation(place.operation), draft.attempt(place));
    let parent = draft.operation(draft.parent(place.operation));
    let mut tokens = payment.payment_method.tokens.iter();
    let token = tokens.find(|token| token.gateway_account == attempt.gateway_account);
    let own = attempt.details.as_ref().and_then(|details| details.gateway_reference.clone());
    GatewayEffect {
        envelope: draft.envelope(id.to_string()),
        kind,
        operation_id: operation.id.clone(),
        attempt_id: attempt.id,
        try_number,
        amount: operation.amount,
        currency: payment.currency,
        capture: payment.capture,
        gateway_account: attempt.gateway_account.clone(),
        // Only an authorization needs it, and none is begun where there is no token.
        token: token.map(|token| token.token.clone()).unwrap_or_default(),
        gateway_reference: own,
        initiator: payment.initiator,
        stored_credential: payment.stored_credential.clone(),
        network_transaction_id: payment.network_transaction_id.clone(),
        not_after,
        operation_kind: operation.kind,
        payment_reference: match operation.kind {
            OperationKind::Authorize => None,
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
                parent.gateway_reference.clone()
            }
        },
        is_final: operation.is_final.unwrap_or(true),
        return_url: payment.return_url.clone(),
        reason: operation.reason.clone(),
    }
}

/// The next step is due.
pub(super) fn go_on(draft: &mut Draft<'_>, place: Place) {
    let details = draft.attempt(place).details.clone().unwrap_or_default();
    match next_step(draft, place) {
        Step::Try => send(draft, place),
        Step::Query => query(draft, place),
        Step::Wait(until) => {
            let id = draft.attempt(place).id;
            draft.set_timer(TimerKind::Retry, Some(id), until);
        }
        Step::GiveUp => fail(draft, place, &Why::given_up(draft.attempt(place)), &details, draft.cx.now),
        Step::Review(reason) => {
            // What comes after that is a new doubt, and is asked about anew.
            let attempt = draft.attempt_mut(place);
            (attempt.verifications, attempt.contradicted) = (0, false);
            draft.review(reason, place, &details);
        }
        Step::LetBe => draft.attempt_mut(place).verifications = 0,
    }
}

/// No result came: the try may have been carried out all the same.
pub(super) fn lost(draft: &mut Draft<'_>, place: Place) {
    let moves_nothing = moves_nothing(draft, place);
    let attempt = draft.attempt_mut(place);
    if is_settled(attempt) {
        attempt.verifications += 1;
    } else if attempt.accepted {
        // The gateway has it, and takes its time.
        return later(draft, place);
    } else {
        attempt.ambiguous |= !moves_nothing;
        // After the first query there are no more tries, so what got lost was a try only if there is none.
        attempt.unknowns += i32::from(attempt.queries == 0);
    }
    go_on(draft, place);
}

/// Whether a try of it, as it stands, moves no money: the first of two steps.
pub(super) fn moves_nothing(draft: &Draft<'_>, place: Place) -> bool {
    let attempt = draft.attempt(place);
    let capabilities = draft.cx.gateways.capabilities(&attempt.gateway_account);
    draft.operation(place.operation).kind == OperationKind::Authorize
        && capabilities.is_some_and(|can| can.two_steps)
        && !attempt.confirming
}

pub(super) fn is_settled(attempt: &Attempt) -> bool {
    matches!(attempt.status, OperationStatus::Succeeded | OperationStatus::Failed)
}

/// How far an attempt has come, by what is noted of it. Each of these has its own way on.
enum Stage {
    /// It succeeded or failed. It is only asked about when something contradicts that.
    Settled,
    /// The gateway has it, and will say what came of it.
    Accepted,
    /// A try of it may have been processed without our knowing.
    InDoubt,
    /// No try of it was processed.
    Clear,
}

fn stage(attempt: &Attempt) -> Stage {
    if is_settled(attempt) {
        Stage::Settled
    } else if attempt.accepted {
        Stage::Accepted
    } else if attempt.ambiguous {
        Stage::InDoubt
    } else {
        Stage::Clear
    }
}

fn next_step(draft: &Draft<'_>, place: Place) -> Step {
    let (policy, now) = (draft.cx.policy, draft.cx.now);
    let attempt = draft.attempt(place);
    match stage(attempt) {
        Stage::Settled if attempt.verifications < policy.queries_max => Step::Query,
        Stage::Settled if attempt.contradicted => Step::Review(ReviewReason::ContradictingResult),
        Stage::Settled => Step::LetBe,
        // It is asked once more after its time is over: the last question may be from long before, if we were down since.
        Stage::Accepted if asked_at(attempt) < attempt.started_at.plus_ms(pending_ttl_ms(draft, place)) => Step::Query,
        Stage::Accepted if has_time_to_act(draft, place) => Step::Query,
        // Once the gateway has been queried, a resend could race with what the query found.
        Stage::InDoubt
            if may_send(draft, place) && attempt.unknowns < policy.unknown_tries_max && attempt.queries == 0 =>
        {
            Step::Try
        }
        Stage::InDoubt if attempt.queries < policy.queries_max => Step::Query,
        Stage::Accepted | Stage::InDoubt => Step::Review(ReviewReason::OutcomeUnknown),
        Stage::Clear if may_send(draft, place) => Step::Try,
        // A sink that crashed may be carrying a try out for a second time.
        Stage::Clear if now < over_at(attempt, policy) && attempt.tries > 0 => Step::Wait(over_at(attempt, policy)),
        Stage::Clear => Step::GiveUp,
    }
}

/// Whether a try may be sent (again). Once the gateway has rejected the attempt, or nobody wants it any more, that is pointless.
fn may_send(draft: &Draft<'_>, place: Place) -> bool {
    let (operation, attempt) = (draft.operation(place.operation), draft.attempt(place));
    let is_wanted = match operation.kind {
        OperationKind::Authorize => draft.payment().closing.is_none(),
        // Or the customer would get the money twice.
        OperationKind::Refund => dispute::of(draft.payment(), draft.parent(place.operation)) == Disputed::No,
        OperationKind::Capture | OperationKind::Void | OperationKind::Dispute => true,
    };
    let ttl_ms = draft.cx.policy.attempt_ttl_ms.min(KEY_AGE_MAX_MS);
    let is_young = attempt.tries == 0 || age_ms(attempt, draft.cx.now) < ttl_ms;
    is_young && is_wanted && attempt.failure.is_none()
}

/// For how long a gateway may take to say what came of something. A dispute takes banks months.
fn pending_ttl_ms(draft: &Draft<'_>, place: Place) -> i64 {
    match draft.operation(place.operation).kind {
        OperationKind::Authorize | OperationKind::Capture | OperationKind::Void | OperationKind::Refund => {
            draft.cx.policy.pending_ttl_ms
        }
        OperationKind::Dispute => DISPUTE_TTL_MS,
    }
}

/// Whether it is the customer whom everything waits for, and their time is not over.
fn has_time_to_act(draft: &Draft<'_>, place: Place) -> bool {
    let over_at = action_over_at(draft).filter(|_| draft.payment().next_action.is_some());
    place.operation == AUTHORIZATION && over_at.is_some_and(|over_at| draft.cx.now < over_at)
}

fn age_ms(attempt: &Attempt, now: Timestamp) -> i64 {
    now.as_ms().saturating_sub(attempt.started_at.as_ms())
}

/// When the gateway was asked last for a try or query of an attempt that is not settled: that is what changes such an attempt.
pub(super) fn asked_at(attempt: &Attempt) -> Timestamp {
    attempt.updated_at
}

/// Whether no try but the latest was ever asked for, in the step that is under way: the first one of two, or the second, which
/// begins when it is asked for the first time.
pub(super) fn is_only_try(attempt: &Attempt) -> bool {
    attempt.tries == 1 || attempt.confirming && asked_at(attempt) == attempt.started_at
}

/// When every try that was asked for so far is over, and the gateway's queries show what it did.
pub(super) fn over_at(attempt: &Attempt, policy: &Policy) -> Timestamp {
    attempt.last_not_after.plus_ms(policy.query_settle_ms)
}

/// The next step is decided after a while.
pub(super) fn later(draft: &mut Draft<'_>, place: Place) {
    let (now, seed) = (draft.cx.now, draft.state.retry_seed);
    let attempt = draft.attempt(place);
    let count = attempt.tries.saturating_add(attempt.queries);
    let waits_for_customer = draft.payment().next_action.is_some();
    let delay_ms = if attempt.accepted {
        // A customer takes longer than a gateway, and whoever knows that they have acted says so.
        let is_dispute = draft.operation(place.operation).kind == OperationKind::Dispute;
        let shortest_ms = match (is_dispute, waits_for_customer) {
            (true, _) => DISPUTE_POLL_MS,
            (false, true) => draft.cx.policy.retry_max_ms,
            (false, false) => 0,
        };
        draft.cx.policy.poll_ms(count, age_ms(attempt, now), seed).max(shortest_ms)
    } else {
        // At least a little: by the time at which it is asked for, a try is told from the one before.
        draft.cx.policy.delay_ms(count, seed).max(1)
    };
    let id = attempt.id;
    draft.set_timer(TimerKind::Retry, Some(id), now.plus_ms(delay_ms));
}

/// Something contradicts how an attempt was settled: the gateway is asked what is true, unless it is being asked just that.
pub(super) fn doubt(draft: &mut Draft<'_>, place: Place) {
    if !is_doubted(draft, place) {
        draft.attempt_mut(place).contradicted = true;
        look_again(draft, place);
    }
}

/// Whether something contradicts how an attempt was settled, and the gateway is asked about that.
pub(super) fn is_doubted(draft: &Draft<'_>, place: Place) -> bool {
    draft.attempt(place).contradicted && draft.is_waiting(place)
}

/// The gateway is asked how an attempt stands, now and not later, unless it is being asked.
pub(super) fn look_again(draft: &mut Draft<'_>, place: Place) {
    if !draft.is_asked(place) {
        query(draft, place);
    }
}

/// The gateway is asked how an attempt stands as soon as all is taken in, even if it is being asked: its answer may be older than
/// what is taken in.
pub(super) fn look_soon(draft: &mut Draft<'_>, place: Place) {
    let (id, now) = (draft.attempt(place).id, draft.cx.now);
    draft.set_timer(TimerKind::Retry, Some(id), now);
}

/// The gateway is asked how an attempt stands once its queries show all that it has done by now, unless it is being asked.
pub(super) fn look_later(draft: &mut Draft<'_>, place: Place) {
    if !draft.is_asked(place) {
        let (id, due_at) = (draft.attempt(place).id, draft.cx.now.plus_ms(draft.cx.policy.query_settle_ms));
        draft.set_timer(TimerKind::Retry, Some(id), due_at);
    }
}

/// Notes under which reference the gateway knows it.
pub(super) fn note_reference(attempt: &mut Attempt, details: &GatewayDetails) {
    if let Some(reference) = &details.gateway_reference {
        let known = attempt.details.get_or_insert_default();
        known.gateway_reference.get_or_insert_with(|| reference.clone());
    }
}
