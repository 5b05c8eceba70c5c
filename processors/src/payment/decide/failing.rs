//! The ways in which an operation comes to nothing.

use quittance_avro::{
    ids::AttemptId,
    records::{
        Attempt, Failure, GatewayDetails, PaymentAttemptStarted, PaymentDeclined, PaymentFailed, PaymentOperationFailed,
    },
    time::Timestamp,
    words::{OperationKind, OperationStatus, Origin, TimerKind},
};

use super::{
    attempt,
    closing::stay_open,
    dispute,
    draft::{Draft, Place},
    standing::{AUTHORIZATION, is_open},
};
use crate::payment::event::Event;

/// The word of an issuer that a decline may be tried again.
const SOFT: &str = "try_again_later";

/// Our code for an attempt of which nothing was processed, since the gateway could not be asked.
pub(super) const UNAVAILABLE: &str = "gateway_unavailable";

/// Why an attempt definitely came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Why {
    /// The gateway processed it and said no.
    Declined(Failure),
    /// The gateway does not even take the request.
    Rejected(Failure),
    /// It could not be reached, or took no requests.
    Unavailable(Failure),
}

impl Why {
    /// Why an attempt is given up that is not settled.
    pub(super) fn given_up(attempt: &Attempt) -> Self {
        match &attempt.failure {
            Some(failure) => Self::Rejected(failure.clone()),
            None => {
                Self::Unavailable(plain(UNAVAILABLE, "the gateway could not be reached, and nothing was processed"))
            }
        }
    }

    /// A decline, by what the gateway said.
    pub(super) fn declined(failure: Option<&Failure>) -> Self {
        Self::Declined(failure.cloned().unwrap_or_else(|| plain("declined", "the gateway declined it")))
    }

    /// A rejection, by what the gateway said.
    pub(super) fn rejected(failure: Option<&Failure>) -> Self {
        Self::Rejected(failure.cloned().unwrap_or_else(|| plain("rejected", "the gateway does not take this request")))
    }

    pub(super) fn failure(&self) -> &Failure {
        match self {
            Self::Declined(failure) | Self::Rejected(failure) | Self::Unavailable(failure) => failure,
        }
    }
}

pub(super) fn plain(code: &str, message: &str) -> Failure {
    Failure { code: code.to_owned(), decline_code: None, network_code: None, advice: None, message: message.to_owned() }
}

/// An attempt definitely came to nothing, as of a time.
pub(super) fn fail(draft: &mut Draft<'_>, place: Place, why: &Why, details: &GatewayDetails, as_of: Timestamp) {
    draft.settle(place, OperationStatus::Failed, details, as_of);
    if draft.operation(place.operation).kind != OperationKind::Dispute {
        draft.attempt_mut(place).failure = Some(why.failure().clone());
    }
    match draft.operation(place.operation).kind {
        OperationKind::Authorize => authorization(draft, place, why, details),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund => operation(draft, place, why, details),
        OperationKind::Dispute => dispute::closed(draft, place, false, details),
    }
}

fn authorization(draft: &mut Draft<'_>, place: Place, why: &Why, details: &GatewayDetails) {
    draft.end_action();
    if draft.payment().closing.is_some() {
        // That is its end, and is announced as what it was closed for.
        return;
    }
    if let Some((account, is_delayed)) = next_account(draft, why) {
        try_elsewhere(draft, &account, is_delayed, why);
    } else {
        end(draft, place, why, details);
    }
}

/// The payment has failed.
fn end(draft: &mut Draft<'_>, place: Place, why: &Why, details: &GatewayDetails) {
    let failure = why.failure().clone();
    draft.state.state.failure = Some(failure.clone());
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let details = details.clone();
    draft.event(|envelope, standing| match why {
        Why::Declined(_) => Event::Declined(PaymentDeclined {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            failure,
            details,
            standing,
        }),
        Why::Rejected(_) | Why::Unavailable(_) => Event::Failed(PaymentFailed {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            failure,
            details,
            standing,
        }),
    });
}

/// Where the authorization can be tried next, and whether only after a while.
///
/// Never after a hard decline. After a soft one as often as the merchant wants: at another account, or, once all have been
/// tried, at the same one later.
fn next_account(draft: &Draft<'_>, why: &Why) -> Option<(String, bool)> {
    let payment = draft.payment();
    let attempts = &payment.operations[AUTHORIZATION].attempts;
    if i32::try_from(attempts.len()).unwrap_or(i32::MAX) >= draft.cx.policy.attempts_max {
        return None;
    }
    let candidates = payment.routing.as_ref().map_or(&[][..], |routing| &routing.candidates);
    let mut untried = candidates.iter().filter(|name| attempts.iter().all(|attempt| attempt.gateway_account != **name));
    let elsewhere = untried.next().map(|account| (account.clone(), false));
    match why {
        Why::Rejected(_) | Why::Unavailable(_) => elsewhere,
        Why::Declined(failure) if failure.advice.as_deref() == Some(SOFT) => {
            let declined = attempts.iter().filter(|attempt| is_soft_decline(attempt)).count();
            let may = i32::try_from(declined).unwrap_or(i32::MAX) <= payment.declines_retried_max;
            let same = attempts.last().map(|attempt| (attempt.gateway_account.clone(), true));
            may.then(|| elsewhere.or(same)).flatten()
        }
        Why::Declined(_) => None,
    }
}

fn is_soft_decline(attempt: &Attempt) -> bool {
    attempt.failure.as_ref().is_some_and(|failure| failure.advice.as_deref() == Some(SOFT))
}

/// Whether a definite failure of the authorization's latest attempt could be made up for at another account.
pub(super) fn has_alternative(draft: &Draft<'_>) -> bool {
    let unavailable = Why::Unavailable(plain(UNAVAILABLE, ""));
    draft.payment().closing.is_none() && next_account(draft, &unavailable).is_some()
}

fn try_elsewhere(draft: &mut Draft<'_>, account: &str, is_delayed: bool, why: &Why) {
    let now = draft.cx.now;
    let authorization = draft.operation_mut(AUTHORIZATION);
    authorization.status = OperationStatus::Pending;
    authorization.updated_at = now;
    authorization.gateway_reference = None;
    let place = attempt::add(draft, AUTHORIZATION, account);
    account.clone_into(&mut draft.state.state.gateway_account);
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let after = why.failure().clone();
    draft.event(|envelope, standing| {
        Event::AttemptStarted(PaymentAttemptStarted {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            after,
            standing,
        })
    });
    if is_delayed {
        let due_at = now.plus_ms(draft.cx.policy.decline_retry_ms);
        draft.set_timer(TimerKind::Retry, Some(attempt_id), due_at);
    } else {
        attempt::send(draft, place);
    }
}

/// A capture, void or refund was not done.
fn operation(draft: &mut Draft<'_>, place: Place, why: &Why, details: &GatewayDetails) {
    let found = draft.operation(place.operation);
    let (kind, amount, origin) = (found.kind, found.amount, found.origin);
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let is_of_system = origin == Origin::System;
    if kind == OperationKind::Void && !is_of_system {
        stay_open(draft);
    }
    let (currency, failure, said) = (draft.payment().currency, why.failure().clone(), details.clone());
    draft.event(|envelope, standing| {
        Event::OperationFailed(PaymentOperationFailed {
            envelope,
            operation_id,
            kind,
            attempt_id,
            gateway_account,
            amount,
            currency,
            failure,
            details: said,
            standing,
        })
    });
    let parent = draft.parent(place.operation);
    // What the gateway does not take may be out of date: it may have been voided, or have expired there. And what is still open
    // may go on.
    let may_be_outdated = matches!(why, Why::Rejected(_)) || is_open(draft.operation(parent));
    match draft.latest(parent).filter(|_| may_be_outdated) {
        // We would ask for the same again if the gateway's queries did not show yet why it was not done.
        Some(authorization) if is_of_system => attempt::look_later(draft, authorization),
        Some(authorization) => attempt::look_again(draft, authorization),
        None => {}
    }
}

/// What events name of an attempt: its operation, itself and its account.
pub(super) fn named(draft: &Draft<'_>, place: Place) -> (String, AttemptId, String) {
    let attempt = draft.attempt(place);
    (draft.operation(place.operation).id.clone(), attempt.id, attempt.gateway_account.clone())
}
