//! All that a charge of the simulator says.

use quittance_avro::{
    money::{Currency, MinorUnits},
    records::GatewayFact,
    words::{FactStatus, OperationKind},
};

use super::{
    charge::{Charge, Dispute, Disputed, Moved, Movement, Status, Void},
    codes,
};
use crate::{
    Verdict,
    report::{EXPIRED, named, plain, told},
    texts,
};

/// What is reported of a charge; nothing if it contradicts itself.
pub(super) fn report(charge: &Charge) -> Option<Verdict> {
    let currency = charge.currency()?;
    let (reference, amount) = (charge.reference()?, charge.amount()?);
    charge.captured()?;
    let mut facts: Vec<GatewayFact> = authorization(charge, amount, currency)?.into_iter().collect();
    for capture in &charge.captures {
        facts.push(movement(OperationKind::Capture, capture, currency)?);
    }
    if let Some(void) = &charge.void {
        facts.push(release(void, amount, currency)?);
    }
    for refund in &charge.refunds {
        facts.push(movement(OperationKind::Refund, refund, currency)?);
    }
    for dispute in &charge.disputes {
        facts.push(disputed(dispute, currency)?);
    }
    let reported = told(reference, facts)?;
    Some(Verdict {
        details: charge.details(),
        card: charge.card(),
        authorization_expires_at: charge.expires_at(),
        ..reported
    })
}

/// What became of the authorization. Of one that was given up before the customer acted there is nothing to say but its void,
/// and of one that is over there has to be one.
fn authorization(charge: &Charge, amount: MinorUnits, currency: Currency) -> Option<Option<GatewayFact>> {
    let status = match charge.status {
        Status::Voided | Status::Expired if charge.void.is_none() => return None,
        Status::Voided if !charge.was_authorized() => return Some(None),
        Status::Succeeded | Status::Authorized | Status::Voided | Status::Expired => FactStatus::Succeeded,
        Status::Declined => FactStatus::Failed,
        Status::RequiresAction => FactStatus::ActionRequired,
        Status::Processing => FactStatus::Pending,
    };
    let of_attempt =
        named(plain(OperationKind::Authorize, status, amount, currency), charge.reference(), charge.attempt_id());
    let (code, advice) = (charge.decline_code.as_deref(), charge.advice.as_deref());
    Some(Some(GatewayFact {
        failure: (status == FactStatus::Failed).then(|| codes::declined(code, advice, "the card's issuer declined it")),
        next_action: if status == FactStatus::ActionRequired { Some(charge.next_action()?) } else { None },
        details: charge.details(),
        ..of_attempt
    }))
}

fn movement(kind: OperationKind, moved: &Movement, currency: Currency) -> Option<GatewayFact> {
    let status = match moved.status {
        Moved::Pending => FactStatus::Pending,
        Moved::Succeeded => FactStatus::Succeeded,
        Moved::Failed => FactStatus::Failed,
    };
    let mut fact = named(plain(kind, status, moved.amount()?, currency), Some(moved.reference()?), moved.attempt_id());
    if moved.status == Moved::Failed {
        let code = moved.failure_code.as_deref();
        fact.failure = Some(codes::declined(code, None, "the gateway could not do it, or took it back"));
        fact.details.raw_code = moved.failure_code.clone().and_then(texts::fact);
    }
    Some(fact)
}

fn disputed(dispute: &Dispute, currency: Currency) -> Option<GatewayFact> {
    let status = match dispute.status {
        Disputed::Open => FactStatus::Pending,
        Disputed::Lost => FactStatus::Succeeded,
        Disputed::Won => FactStatus::Failed,
    };
    let fact = plain(OperationKind::Dispute, status, dispute.amount()?, currency);
    Some(GatewayFact { reason: dispute.reason(), ..named(fact, Some(dispute.reference()?), None) })
}

fn release(void: &Void, unheld: MinorUnits, currency: Currency) -> Option<GatewayFact> {
    let fact = plain(OperationKind::Void, FactStatus::Succeeded, void.amount(unheld)?, currency);
    let reason = void.reason.as_deref().filter(|reason| *reason == EXPIRED).map(str::to_owned);
    Some(GatewayFact { reason, ..named(fact, Some(void.reference()?), void.attempt_id()) })
}
