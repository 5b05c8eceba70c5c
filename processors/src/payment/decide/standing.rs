//! Where a payment stands. Nothing of that is decided: it follows from the operations, and from why the payment was closed.

use quittance_avro::{
    money::MinorUnits,
    records::{Operation, PaymentState, Standing},
    words::{Closing, OperationKind, OperationStatus, PaymentStatus},
};

/// The authorization that a payment is about: it is there from its creation on, before all other operations.
pub(super) const AUTHORIZATION: usize = 0;

/// Whether it is not settled.
pub(super) fn is_open(operation: &Operation) -> bool {
    matches!(operation.status, OperationStatus::Pending | OperationStatus::Unknown)
}

/// The amounts of operations, added up.
pub(super) fn sum<'a>(operations: impl Iterator<Item = &'a Operation>) -> MinorUnits {
    operations.fold(MinorUnits::ZERO, |sum, operation| sum.saturating_add(operation.amount))
}

/// The operations of a kind that act on an authorization. Those of the first builds do not say on which: there was but one.
pub(super) fn acting_on(
    payment: &PaymentState,
    authorization: usize,
    kind: OperationKind,
) -> impl Iterator<Item = &Operation> {
    let id = &payment.operations[authorization].id;
    let is_on_it =
        move |found: &Operation| found.parent_id.as_ref().map_or(authorization == AUTHORIZATION, |parent| parent == id);
    payment.operations.iter().filter(move |found| found.kind == kind && is_on_it(found))
}

/// The captures and voids of the payment's own authorization.
pub(super) fn takes_or_releases(payment: &PaymentState) -> impl Iterator<Item = &Operation> {
    let own = Own { payment, authorization: &payment.operations[AUTHORIZATION] };
    own.all(OperationKind::Capture, false).chain(own.all(OperationKind::Void, false))
}

/// What was moved beyond what there was to move: taken beyond what was authorized, and given back, or lost, beyond what was taken. What
/// nobody wants counts by itself.
pub(super) fn excess(payment: &PaymentState) -> MinorUnits {
    let is_authorization = |index: &usize| payment.operations[*index].kind == OperationKind::Authorize;
    let authorizations = (0..payment.operations.len()).filter(is_authorization);
    authorizations.fold(MinorUnits::ZERO, |excess, index| excess.saturating_add(excess_of(payment, index)))
}

fn excess_of(payment: &PaymentState, authorization: usize) -> MinorUnits {
    let is_done = |found: &&Operation| found.status == OperationStatus::Succeeded;
    let done = |kind, unwanted| {
        let all = acting_on(payment, authorization, kind).filter(is_done);
        sum(all.filter(move |found| found.unwanted == unwanted))
    };
    let found = &payment.operations[authorization];
    let authorized = if is_done(&found) { found.amount } else { MinorUnits::ZERO };
    let (taken, unwanted) = (done(OperationKind::Capture, false), done(OperationKind::Capture, true));
    let given_back = [(taken, false), (unwanted, true)].map(|(taken, is_unwanted)| {
        let lost = done(OperationKind::Dispute, is_unwanted);
        done(OperationKind::Refund, is_unwanted).saturating_add(lost).saturating_sub(taken)
    });
    let beyond = taken.saturating_add(unwanted).saturating_sub(authorized);
    given_back.into_iter().fold(beyond, MinorUnits::saturating_add)
}

/// What the operations come to.
pub(super) fn of(payment: &PaymentState) -> Standing {
    let authorization = &payment.operations[AUTHORIZATION];
    let is_authorized = authorization.status == OperationStatus::Succeeded;
    let authorized_amount = if is_authorized { authorization.amount } else { MinorUnits::ZERO };
    let own = Own { payment, authorization };
    let done = |found: &&Operation| found.status == OperationStatus::Succeeded;
    let captured_amount = sum(own.all(OperationKind::Capture, false).filter(done));
    let refunded_amount = sum(own.all(OperationKind::Refund, false).filter(done));
    let capturable_amount =
        if is_authorized && !own.is_released() { own.left(authorized_amount) } else { MinorUnits::ZERO };
    let status = if is_authorized {
        own.status(captured_amount, capturable_amount)
    } else if authorization.status == OperationStatus::Failed {
        ended(payment.closing, PaymentStatus::Failed)
    } else if payment.hold.is_some() {
        PaymentStatus::OnHold
    } else if payment.next_action.is_some() && payment.closing.is_none() {
        PaymentStatus::RequiresAction
    } else {
        PaymentStatus::Processing
    };
    Standing { status, authorized_amount, captured_amount, capturable_amount, refunded_amount }
}

/// Has the payment say so.
pub(super) fn put(payment: &mut PaymentState, standing: &Standing) {
    payment.status = standing.status;
    payment.authorized_amount = standing.authorized_amount;
    payment.captured_amount = standing.captured_amount;
    payment.capturable_amount = standing.capturable_amount;
    payment.refunded_amount = standing.refunded_amount;
}

/// What a payment is of which nothing was taken in the end.
fn ended(closing: Option<Closing>, otherwise: PaymentStatus) -> PaymentStatus {
    match closing {
        Some(Closing::Canceled) => PaymentStatus::Canceled,
        Some(Closing::Expired) => PaymentStatus::Expired,
        Some(Closing::Rejected | Closing::PartiallyApproved) => PaymentStatus::Failed,
        None => otherwise,
    }
}

/// The operations that act on the payment's own authorization, and not on one that nobody wants.
struct Own<'a> {
    payment: &'a PaymentState,
    authorization: &'a Operation,
}

impl<'a> Own<'a> {
    fn all(&self, kind: OperationKind, unwanted: bool) -> impl Iterator<Item = &'a Operation> + use<'a> {
        acting_on(self.payment, AUTHORIZATION, kind).filter(move |found| found.unwanted == unwanted)
    }

    /// Whether what is left is released, or is to be as soon as what is under way succeeds.
    fn is_released(&self) -> bool {
        let releases = |found: &Operation| found.status != OperationStatus::Failed;
        self.payment.closing.is_some()
            || self.all(OperationKind::Void, false).any(releases)
            || self.all(OperationKind::Capture, false).any(|found| found.is_final == Some(true) && releases(found))
    }

    /// What can still be taken of it.
    fn left(&self, authorized: MinorUnits) -> MinorUnits {
        let takes = |found: &&Operation| found.status != OperationStatus::Failed;
        let taken = sum(self.all(OperationKind::Capture, false).filter(takes));
        let unwanted = sum(self.all(OperationKind::Capture, true).filter(takes));
        authorized.saturating_sub(taken.saturating_add(unwanted))
    }

    /// What an authorized payment is.
    fn status(&self, captured: MinorUnits, capturable: MinorUnits) -> PaymentStatus {
        let is_under_way = self.all(OperationKind::Capture, false).any(is_open)
            || self.all(OperationKind::Void, false).any(is_open)
            || self.is_to_be_given_back()
            || self.is_to_be_released();
        if capturable > MinorUnits::ZERO {
            PaymentStatus::RequiresCapture
        } else if is_under_way {
            PaymentStatus::Processing
        } else if captured > MinorUnits::ZERO {
            PaymentStatus::Succeeded
        } else {
            // Released, and nothing of it was taken.
            ended(self.payment.closing, PaymentStatus::Canceled)
        }
    }

    /// Whether something is held that nobody wants any more, and is not released yet.
    fn is_to_be_released(&self) -> bool {
        let done = |found: &Operation| found.status == OperationStatus::Succeeded;
        self.payment.closing.is_some()
            && self.left(self.authorization.amount) > MinorUnits::ZERO
            && !self.all(OperationKind::Void, false).any(done)
            && !self.all(OperationKind::Capture, false).any(|found| found.is_final == Some(true) && done(found))
    }

    /// Whether something was taken that nobody wants, and not all of it is given back yet.
    fn is_to_be_given_back(&self) -> bool {
        let done = |found: &&Operation| found.status == OperationStatus::Succeeded;
        let taken = sum(self.all(OperationKind::Capture, true).filter(done));
        let given_back = self.all(OperationKind::Refund, true).chain(self.all(OperationKind::Dispute, true));
        taken > sum(given_back.filter(done))
    }
}
