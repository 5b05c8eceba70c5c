//! Disputes: money that was taken is asked back through the customer's bank, and no client is asked about that.

use std::sync::Arc;

use super::Ledger;
use super::answer::{Refusal, What};
use super::charge::Charge;
use crate::values::{Amount, ChargeId, DisputeId, Reason};

/// Money that the customer's bank asks back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dispute {
    pub(crate) id: DisputeId,
    pub(crate) amount: u64,
    pub(crate) reason: Reason,
    /// None, while it is open.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) created_ms: u64,
}

/// How a dispute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The merchant keeps the money.
    Won,
    /// The customer has it back.
    Lost,
}

/// What to dispute.
#[derive(Debug, Clone)]
pub(crate) struct NewDispute {
    /// None is all that can be disputed.
    pub(crate) amount: Option<Amount>,
    pub(crate) reason: Reason,
}

impl Dispute {
    /// Its status in the simulator's dialect.
    pub(crate) fn word(&self) -> &'static str {
        match self.verdict {
            None => "open",
            Some(Verdict::Won) => "won",
            Some(Verdict::Lost) => "lost",
        }
    }
}

impl Ledger {
    /// The customer's bank asks money back that was taken. One dispute of a charge is open at a time.
    pub(crate) fn dispute(&mut self, id: ChargeId, new: &NewDispute) -> Result<(Arc<Charge>, DisputeId), Refusal> {
        let charge = self.look_up(id)?;
        let left = charge.kept();
        if left == 0 || charge.disputes.iter().any(|dispute| dispute.verdict.is_none()) {
            return Err(Refusal::NotDisputable);
        }
        let amount = new.amount.map_or(left, |amount| amount.minor_units());
        if amount > left {
            return Err(Refusal::AmountTooLarge);
        }
        if !self.book.take_place() {
            return Err(Refusal::Full);
        }
        let dispute_id = self.book.next_dispute_id(id);
        let (reason, created_ms) = (new.reason.clone(), self.now_ms);
        let dispute = Dispute { id: dispute_id, amount, reason, verdict: None, created_ms };
        let charge = self.change(id, What::Disputed(dispute_id), |charge| charge.disputes.push(dispute))?;
        Ok((charge, dispute_id))
    }

    /// The bank decides, and may decide otherwise later. Money that was won and has been given back or disputed again since
    /// is not there any more: it cannot be lost.
    pub(crate) fn close_dispute(&mut self, dispute: DisputeId, verdict: Verdict) -> Result<Arc<Charge>, Refusal> {
        let charge = self.book.charge_of_dispute(dispute).ok_or(Refusal::DisputeNotFound)?;
        let (id, closing) = (charge.id, charge.dispute(dispute).ok_or(Refusal::DisputeNotFound)?);
        let was_won = closing.verdict == Some(Verdict::Won);
        if closing.verdict == Some(verdict) || (was_won && closing.amount > charge.kept()) {
            return Err(Refusal::NotClosable);
        }
        self.change(id, What::DisputeClosed(dispute), |charge: &mut Charge| {
            let closing = charge.disputes.iter_mut().filter(|other| other.id == dispute);
            closing.for_each(|closing| closing.verdict = Some(verdict));
        })
    }
}
