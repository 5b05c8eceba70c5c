//! Captures, voids and refunds.

use super::answer::{Answer, Ask, Delivery, Done, NewCapture, NewRefund, NewVoid, Refusal, What};
use super::charge::{Capture, CaptureStatus, Charge, Refund, RefundStatus, Status, Void, VoidReason};
use super::timeline::Due;
use super::{Ledger, Work};
use crate::tokens::Token;
use crate::values::{ChargeId, RefundId};

impl Ledger {
    /// Takes some or all of what is held.
    pub(crate) fn capture(&mut self, ask: &Ask, id: ChargeId, new: &NewCapture) -> Answer {
        self.once(ask, |ledger, _| {
            ledger.note_charge(ask, id)?;
            ledger.capture_now(id, new)
        })
    }

    /// Lets go of what is held, or of what waits for the customer.
    pub(crate) fn void(&mut self, ask: &Ask, id: ChargeId, new: &NewVoid) -> Answer {
        self.once(ask, |ledger, _| {
            ledger.note_charge(ask, id)?;
            ledger.void_now(id, new)
        })
    }

    /// Gives some or all of what was taken back.
    pub(crate) fn refund(&mut self, ask: &Ask, id: ChargeId, new: &NewRefund) -> Answer {
        self.once(ask, |ledger, _| {
            ledger.note_charge(ask, id)?;
            let refund = ledger.refund_now(id, new)?;
            let charge = ledger.charge_by_id(id).ok_or(Refusal::ChargeNotFound)?;
            Ok((Done::Refunded(charge, refund), Delivery::Prompt))
        })
    }

    fn note_charge(&mut self, ask: &Ask, id: ChargeId) -> Result<(), Refusal> {
        let charge = self.look_up(id)?;
        let (currency, token) = (charge.currency, charge.token);
        self.keys.note(ask, currency, token);
        Ok(())
    }

    fn capture_now(&mut self, id: ChargeId, new: &NewCapture) -> Work {
        let charge = self.look_up(id)?;
        let left = charge.capturable();
        if charge.status() != Status::Authorized {
            return Err(Refusal::NotCapturable);
        }
        let amount = new.amount.map_or(left, |amount| amount.minor_units());
        if amount > left {
            return Err(Refusal::AmountTooLarge);
        }
        if !self.book.take_place() {
            return Err(Refusal::Full);
        }
        let capture = Capture {
            id: self.book.next_capture_id(),
            amount,
            status: CaptureStatus::Succeeded,
            is_final: new.is_final,
            metadata: new.metadata.clone(),
            created_ms: self.now_ms,
        };
        let capture_id = capture.id;
        let charge = self.change(id, What::Captured, |charge| charge.captures.push(capture))?;
        self.watch_capture(&charge, capture_id);
        Ok((Done::Captured(charge, capture_id), Delivery::Prompt))
    }

    fn void_now(&mut self, id: ChargeId, new: &NewVoid) -> Work {
        let charge = self.look_up(id)?;
        let can_be_voided = charge.void.is_none()
            && match charge.status() {
                Status::RequiresAction | Status::Authorized => true,
                Status::Created | Status::Declined => new.cancels_unconfirmed,
                Status::Processing | Status::Succeeded | Status::Voided | Status::Expired => false,
            };
        if !can_be_voided {
            return Err(Refusal::NotVoidable);
        }
        let held = charge.capturable();
        let void = self.new_void(held, VoidReason::Requested, new);
        let charge = self.change(id, What::Voided, |charge| charge.void = Some(void))?;
        Ok((Done::Voided(charge), Delivery::Prompt))
    }

    pub(super) fn new_void(&mut self, amount: u64, reason: VoidReason, new: &NewVoid) -> Void {
        let (id, metadata) = (self.book.next_void_id(), new.metadata.clone());
        Void { id, amount, reason, word: new.word, metadata, created_ms: self.now_ms }
    }

    pub(super) fn refund_now(&mut self, id: ChargeId, new: &NewRefund) -> Result<RefundId, Refusal> {
        let charge = self.look_up(id)?;
        let (left, token) = (charge.refundable(), charge.token);
        if charge.captured() == 0 {
            return Err(Refusal::NotRefundable);
        }
        if charge.is_disputed() {
            return Err(Refusal::ChargeDisputed);
        }
        let amount = new.amount.map_or(left, |amount| amount.minor_units());
        if amount == 0 || amount > left {
            return Err(Refusal::AmountTooLarge);
        }
        if !self.book.take_place() {
            return Err(Refusal::Full);
        }
        let refund_id = self.book.next_refund_id(id);
        let later_ms = self.now_ms + self.rules.slow_ms;
        let status = match token {
            Some(Token::RefundPending) => {
                self.timeline.add(later_ms, id, Due::RefundSucceeds(refund_id));
                RefundStatus::Pending
            }
            Some(Token::RefundFails) => {
                self.timeline.add(later_ms, id, Due::RefundFails(refund_id));
                RefundStatus::Succeeded
            }
            _ => RefundStatus::Succeeded,
        };
        let (reason, metadata, created_ms) = (new.reason.clone(), new.metadata.clone(), self.now_ms);
        let refund = Refund { id: refund_id, amount, status, reason, metadata, created_ms };
        self.change(id, What::Refunded, |charge: &mut Charge| charge.refunds.push(refund))?;
        Ok(refund_id)
    }
}
