//! Taking in all that a gateway says of a payment.
//!
//! A report answers a query, or comes because the gateway told us that something happened. It is of one charge at one gateway
//! account, and acts on nothing else. Each fact in it is held against the operation that it is about ([`about`]). Facts are
//! recorded whatever we thought before: what is open is settled ([`open`]), an operation that was settled otherwise is corrected
//! ([`settled`]), and what was done at the gateway without us becomes an operation of its own ([`elsewhere`]). That a report
//! lacks something is no fact, but for the attempt that was asked about.

mod about;
mod elsewhere;
mod open;
mod settled;

use quittance_avro::{
    ids::AttemptId,
    money::MinorUnits,
    records::{GatewayDetails, GatewayFact, GatewayReport, GatewayResult},
    time::Timestamp,
    words::{OperationKind, OperationStatus, TimerKind},
};

use self::about::{About, Charge, about};
use super::{
    attempt::is_settled,
    draft::{Draft, Place},
    result::{is_awaited, queried},
};
use crate::payment::decision::Ignored;

/// A fact with what it stands beside.
#[derive(Clone, Copy)]
struct Told<'r> {
    fact: &'r GatewayFact,
    report: &'r GatewayReport,
    result: &'r GatewayResult,
    /// The attempt whose awaited query the report answers, if it does.
    answered: Option<AttemptId>,
}

impl Told<'_> {
    fn as_of(&self) -> Timestamp {
        self.result.envelope.occurred_at
    }

    /// What the gateway said, under the fact's own name: by that it is found again.
    fn details(&self) -> GatewayDetails {
        let known = &self.fact.details;
        let name = self.fact.gateway_reference.as_ref().or(known.gateway_reference.as_ref());
        GatewayDetails { gateway_reference: name.cloned(), ..known.clone() }
    }

    /// Whether it is what the gateway was asked about that attempt.
    fn answers(&self, draft: &Draft<'_>, place: Place) -> bool {
        self.answered == Some(draft.attempt(place).id)
    }
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
    for fact in &report.facts {
        // A success that nobody wants has become an authorization of its own by the fact before.
        let charge = Charge::of(draft, draft.find(id).unwrap_or(asked));
        take_in(draft, charge, Told { fact, report, result, answered: was_awaited.then_some(id) });
    }
    if !was_settled && was_awaited && !is_settled(draft.attempt(asked)) {
        unsettled(draft, asked, result);
    }
    let is_news = (&draft.state, draft.effects.len()) != (&before.0, before.1);
    (!is_news && !was_awaited).then_some(Ignored::AlreadySettled)
}

/// The attempt that was asked about is not settled by the report.
fn unsettled(draft: &mut Draft<'_>, asked: Place, result: &GatewayResult) {
    let waits = draft.timer_of(draft.attempt(asked).id).is_some_and(|timer| timer.kind == TimerKind::Retry);
    let is_under_review = draft.operation(asked.operation).status == OperationStatus::Unknown;
    if !waits && !is_under_review {
        queried(draft, asked, result);
    }
}

fn take_in(draft: &mut Draft<'_>, charge: Charge, told: Told<'_>) {
    match about(draft, charge, told) {
        About::Attempt(place) if is_settled(draft.attempt(place)) => settled::attempt(draft, place, told),
        About::Attempt(place) => open::take_in(draft, place, told),
        About::CameAlong(capture) => settled::came_along(draft, capture, told),
        About::ComesAlong => {}
        About::Elsewhere => elsewhere::mistaken(draft, charge, told),
        About::Nothing => elsewhere::made(draft, charge, told),
    }
}

fn is_bookable(draft: &Draft<'_>, fact: &GatewayFact) -> bool {
    fact.currency == draft.payment().currency && MinorUnits::payable(fact.amount.get()).is_ok()
}

/// Whether a capture or refund, as a fact has it, is not what was booked: a void releases what there is, and how much an
/// authorization is for is looked at when it is booked.
fn is_other_amount(draft: &Draft<'_>, operation: usize, fact: &GatewayFact) -> bool {
    let moves_money = matches!(fact.kind, OperationKind::Capture | OperationKind::Refund | OperationKind::Dispute);
    let is_same = (fact.amount, fact.currency) == (draft.operation(operation).amount, draft.payment().currency);
    moves_money && !is_same
}
