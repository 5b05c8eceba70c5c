//! What happens to a charge without a request of its client: by itself, by the customer, in the gateway's dashboard.

use std::sync::Arc;

use super::Ledger;
use super::answer::{Act, NewRefund, NewVoid, Refusal, What};
use super::charge::{CaptureStatus, Charge, Phase, RefundStatus, Status, VoidReason};
use super::timeline::Due;
use crate::tokens::Decline;
use crate::values::{Amount, CaptureId, ChargeId, Metadata, RefundId};

impl Ledger {
    /// What was due happens, unless the charge went another way meanwhile.
    pub(super) fn happen(&mut self, id: ChargeId, due: Due) -> Result<(), Refusal> {
        let charge = self.look_up(id)?;
        let (phase, is_open, expires_ms) = (charge.phase, charge.void.is_none(), charge.expires_ms());
        match (due, phase) {
            (Due::ActionExpires, Phase::RequiresAction { expires_ms }) if is_open && expires_ms <= self.now_ms => {
                self.decline(id, Decline::ActionExpired).map(drop)
            }
            (Due::Approves, Phase::Processing) if is_open => self.approve(id).map(drop),
            (Due::AuthorizationExpires, _) if expires_ms.is_some_and(|at_ms| at_ms <= self.now_ms) => {
                self.release(id).map(drop)
            }
            (Due::CaptureFails(capture), _) => self.fail_capture(id, capture).map(drop),
            (Due::RefundSucceeds(refund), _) => self.settle_refund(id, refund),
            (Due::RefundFails(refund), _) => self.fail_refund(refund).map(drop),
            (Due::ActionExpires | Due::Approves | Due::AuthorizationExpires, _) => Ok(()),
        }
    }

    /// The customer acts.
    pub(crate) fn act(&mut self, id: ChargeId, act: Act) -> Result<Arc<Charge>, Refusal> {
        if self.look_up(id)?.status() != Status::RequiresAction {
            return Err(Refusal::NoAction);
        }
        match act {
            Act::Approve => self.approve(id),
            Act::Fail => self.decline(id, Decline::AuthenticationFailed),
        }
    }

    /// What is held, or what waits for the customer, expires before its time.
    pub(crate) fn expire(&mut self, id: ChargeId) -> Result<Arc<Charge>, Refusal> {
        match self.look_up(id)?.status() {
            Status::Authorized => self.release(id),
            Status::RequiresAction => self.decline(id, Decline::ActionExpired),
            Status::Created
            | Status::Processing
            | Status::Declined
            | Status::Succeeded
            | Status::Voided
            | Status::Expired => Err(Refusal::NotExpirable),
        }
    }

    fn release(&mut self, id: ChargeId) -> Result<Arc<Charge>, Refusal> {
        let amount = self.look_up(id)?.capturable();
        let void = self.new_void(amount, VoidReason::Expired, &NewVoid::default());
        self.change(id, What::Voided, |charge| charge.void = Some(void))
    }

    /// A refund in the dashboard: nobody's request, and without marks.
    pub(crate) fn refund_in_dashboard(
        &mut self,
        id: ChargeId,
        amount: Amount,
    ) -> Result<(Arc<Charge>, RefundId), Refusal> {
        let new = NewRefund { amount: Some(amount), reason: None, metadata: Metadata::default() };
        let refund = self.refund_now(id, &new)?;
        self.charge_by_id(id).map(|charge| (charge, refund)).ok_or(Refusal::ChargeNotFound)
    }

    /// A capture turns out to have failed: what it took counts as not taken and can be captured again, in its time. Money
    /// that was given back or disputed meanwhile must have been there: such a capture does not fail.
    pub(crate) fn fail_capture(&mut self, id: ChargeId, capture: CaptureId) -> Result<Arc<Charge>, Refusal> {
        let charge = self.look_up(id)?;
        let failing = charge.capture(capture).ok_or(Refusal::CaptureNotFound)?;
        if failing.status == CaptureStatus::Failed || failing.amount > charge.kept() {
            return Err(Refusal::NotFailable);
        }
        let charge = self.change(id, What::CaptureFailed, |charge: &mut Charge| {
            let failing = charge.captures.iter_mut().filter(|other| other.id == capture);
            failing.for_each(|failing| failing.status = CaptureStatus::Failed);
        })?;
        self.watch_authorization(&charge);
        Ok(charge)
    }

    /// A refund turns out to have failed: the money is the merchant's again.
    pub(crate) fn fail_refund(&mut self, refund: RefundId) -> Result<Arc<Charge>, Refusal> {
        let charge = self.book.charge_of_refund(refund).ok_or(Refusal::RefundNotFound)?;
        let (id, failing) = (charge.id, charge.refund(refund).ok_or(Refusal::RefundNotFound)?);
        if failing.status == RefundStatus::Failed {
            return Err(Refusal::NotFailable);
        }
        self.update_refund(id, refund, RefundStatus::Failed)
    }

    fn settle_refund(&mut self, id: ChargeId, refund: RefundId) -> Result<(), Refusal> {
        let settling = self.look_up(id)?.refund(refund).ok_or(Refusal::RefundNotFound)?;
        if settling.status == RefundStatus::Pending {
            self.update_refund(id, refund, RefundStatus::Succeeded)?;
        }
        Ok(())
    }

    fn update_refund(&mut self, id: ChargeId, refund: RefundId, status: RefundStatus) -> Result<Arc<Charge>, Refusal> {
        self.change(id, What::RefundUpdated(refund), |charge: &mut Charge| {
            let updated = charge.refunds.iter_mut().filter(|other| other.id == refund);
            updated.for_each(|updated| updated.status = status);
        })
    }
}
