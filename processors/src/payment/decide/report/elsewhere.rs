//! What was done at the gateway that nobody asked us for.

use quittance_avro::{
    ids::{AttemptId, derive},
    records::GatewayFact,
    words::{Closing, FactStatus, OperationKind, Origin},
};

use super::{Told, about::Charge, is_bookable};
use crate::payment::decide::{
    attempt,
    closing::is_in_suspense,
    dispute,
    draft::{Draft, Place},
    failing::{Why, fail},
    operation::{self, Asked, add},
    result::contradiction,
    standing::AUTHORIZATION,
};

/// What a gateway says of itself when it releases an authorization whose time is over.
const EXPIRED: &str = "expired";

/// Something was done at the gateway that nobody asked us for.
pub(super) fn made(draft: &mut Draft<'_>, charge: Charge, told: Told<'_>) {
    let fact = told.fact;
    if !is_news(fact) {
        return;
    }
    let is_void = fact.kind == OperationKind::Void;
    if charge.is_abandoned && (is_void || fact.status == FactStatus::Failed) {
        // Nothing of ours was there, and nothing of ours is gone.
        return;
    }
    if !is_bookable(draft, fact) || !is_void && !charge.is_authorized(draft) {
        contradiction(draft, charge.made_by, told.result);
        return;
    }
    let place = book(draft, charge, told);
    if is_void && charge.authorization == AUTHORIZATION && fact.reason.as_deref() == Some(EXPIRED) {
        draft.state.state.closing.get_or_insert(Closing::Expired);
    }
    let details = told.details();
    if fact.kind == OperationKind::Dispute {
        dispute::opened(draft, place, &details);
    }
    match fact.status {
        FactStatus::Succeeded => operation::done(draft, place, &details, told.as_of()),
        FactStatus::Failed => fail(draft, place, &Why::declined(fact.failure.as_ref()), &details, told.as_of()),
        FactStatus::Pending | FactStatus::ActionRequired => attempt::later(draft, place),
    }
}

/// A gateway account says that an attempt which we made at another one succeeded. Only a person can tell what it means.
pub(super) fn mistaken(draft: &mut Draft<'_>, charge: Charge, told: Told<'_>) {
    if told.fact.status == FactStatus::Succeeded {
        contradiction(draft, charge.made_by, told.result);
    }
}

/// Whether it is to be noted: what is at its end, and a dispute from its beginning on. What failed is noted too: an older word of it,
/// by which it succeeded, may be still on its way.
fn is_news(fact: &GatewayFact) -> bool {
    match fact.status {
        FactStatus::Succeeded => fact.kind != OperationKind::Authorize,
        FactStatus::Failed => {
            matches!(fact.kind, OperationKind::Capture | OperationKind::Refund | OperationKind::Dispute)
        }
        FactStatus::Pending | FactStatus::ActionRequired => fact.kind == OperationKind::Dispute,
    }
}

/// What the gateway calls it.
fn name(told: Told<'_>) -> String {
    let name = told.fact.gateway_reference.clone();
    name.unwrap_or_else(|| format!("{}:{}", told.report.gateway_reference, told.fact.kind))
}

/// The id of the operation that is made of it.
pub(super) fn made_id(draft: &Draft<'_>, told: Told<'_>) -> String {
    operation::id(draft, told.fact.kind, &["gateway", &told.result.gateway_account, &name(told)])
}

/// Makes an operation of it, with one attempt, which is still to be settled.
fn book(draft: &mut Draft<'_>, charge: Charge, told: Told<'_>) -> Place {
    let (fact, authorization) = (told.fact, charge.authorization);
    let takes_back = matches!(fact.kind, OperationKind::Refund | OperationKind::Dispute);
    let gives_back = takes_back && is_in_suspense(draft.payment(), authorization);
    let asked = Asked {
        kind: fact.kind,
        authorization,
        amount: fact.amount,
        origin: Origin::Gateway,
        // What is given back of what nobody wants is not the merchant's either.
        unwanted: draft.operation(authorization).unwanted || gives_back,
        is_final: (fact.kind == OperationKind::Capture).then_some(false),
        reason: fact.reason.clone().filter(|_| fact.kind == OperationKind::Dispute),
    };
    let account = told.result.gateway_account.clone();
    let operation = add(draft, &asked, &["gateway", &account, &name(told)]);
    let id = AttemptId::new(derive(&["attempt of", &draft.operation(operation).id]));
    let mut attempt = attempt::new(id, account, draft.cx.now);
    attempt.accepted = true;
    draft.operation_mut(operation).attempts.push(attempt);
    Place { operation, attempt: 0 }
}
