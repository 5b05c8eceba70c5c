//! What is kept of a charge, and what follows from it.

use super::dispute::{Dispute, Verdict};
use crate::tokens::{Decline, Token};
use crate::values::{
    Amount, CaptureId, ChargeId, Credential, Currency, DisputeId, IdempotencyKey, Metadata, Reason, RefundId,
    ReturnUrl, VoidId,
};

/// A charge: what was asked for, how far it got, and what was done to it.
///
/// Its status and sums are never stored: they follow from the rest, so that they cannot contradict it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) id: ChargeId,
    /// The key of the request that created it.
    pub(crate) key: Option<IdempotencyKey>,
    /// None, if it was created without a payment method.
    pub(crate) token: Option<Token>,
    /// What was asked for.
    pub(crate) requested: Amount,
    pub(crate) currency: Currency,
    /// Whether the money is taken as soon as it is approved.
    pub(crate) capture: bool,
    pub(crate) metadata: Metadata,
    pub(crate) return_url: Option<ReturnUrl>,
    pub(crate) credential: Credential,
    pub(crate) created_ms: u64,
    pub(crate) phase: Phase,
    pub(crate) captures: Vec<Capture>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) disputes: Vec<Dispute>,
    pub(crate) void: Option<Void>,
}

/// How far the authorization got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The issuer was not asked.
    Created,
    /// The customer has to act until then.
    RequiresAction {
        expires_ms: u64,
    },
    /// The issuer has not said yet.
    Processing,
    Declined(Decline),
    Approved {
        amount: u64,
        at_ms: u64,
    },
}

/// Where a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The issuer was not asked: only Stripe's dialect makes such.
    Created,
    RequiresAction,
    Processing,
    /// The issuer refused, or the customer did not do what had to be done.
    Declined,
    /// Money is held.
    Authorized,
    /// Money was taken, and nothing more is held.
    Succeeded,
    /// What was held was released, and nothing was taken.
    Voided,
    /// The same, because nobody took it in time.
    Expired,
}

impl Status {
    /// Its word in the simulator's dialect.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Declined => "declined",
            Self::Authorized => "authorized",
            Self::Succeeded => "succeeded",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }
}

/// Money that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capture {
    pub(crate) id: CaptureId,
    pub(crate) amount: u64,
    pub(crate) status: CaptureStatus,
    /// Whether it released what it did not take.
    pub(crate) is_final: bool,
    pub(crate) metadata: Metadata,
    pub(crate) created_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaptureStatus {
    Succeeded,
    Failed,
}

/// Money that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) id: RefundId,
    pub(crate) amount: u64,
    pub(crate) status: RefundStatus,
    pub(crate) reason: Option<Reason>,
    pub(crate) metadata: Metadata,
    pub(crate) created_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

/// Money that was let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Void {
    pub(crate) id: VoidId,
    /// What was held until then; 0 if the issuer had not approved.
    pub(crate) amount: u64,
    pub(crate) reason: VoidReason,
    /// Stripe's word for the reason, where the client gave one.
    pub(crate) word: Option<&'static str>,
    pub(crate) metadata: Metadata,
    pub(crate) created_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VoidReason {
    Requested,
    Expired,
}

impl Charge {
    /// Where it stands.
    pub(crate) fn status(&self) -> Status {
        match (self.phase, &self.void) {
            (Phase::Approved { amount, .. }, void) => self.status_of_approved(amount, void.as_ref()),
            (Phase::Declined(_), _) => Status::Declined,
            (Phase::Created | Phase::RequiresAction { .. } | Phase::Processing, Some(_)) => Status::Voided,
            (Phase::Created, None) => Status::Created,
            (Phase::RequiresAction { .. }, None) => Status::RequiresAction,
            (Phase::Processing, None) => Status::Processing,
        }
    }

    fn status_of_approved(&self, amount: u64, void: Option<&Void>) -> Status {
        let captured = self.captured();
        match void {
            Some(_) if captured > 0 => Status::Succeeded,
            Some(Void { reason: VoidReason::Expired, .. }) => Status::Expired,
            Some(Void { reason: VoidReason::Requested, .. }) => Status::Voided,
            None if captured == amount || self.taken().any(|capture| capture.is_final) => Status::Succeeded,
            None => Status::Authorized,
        }
    }

    fn taken(&self) -> impl Iterator<Item = &Capture> {
        self.captures.iter().filter(|capture| capture.status == CaptureStatus::Succeeded)
    }

    /// What the issuer approved, in minor units like all sums here.
    pub(crate) fn authorized(&self) -> u64 {
        if let Phase::Approved { amount, .. } = self.phase { amount } else { 0 }
    }

    /// What was taken.
    pub(crate) fn captured(&self) -> u64 {
        self.taken().map(|capture| capture.amount).sum()
    }

    /// What was given back or is about to be.
    pub(crate) fn refunded(&self) -> u64 {
        let refunds = self.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
        refunds.map(|refund| refund.amount).sum()
    }

    /// What can still be taken.
    pub(crate) fn capturable(&self) -> u64 {
        if self.status() == Status::Authorized { self.authorized() - self.captured() } else { 0 }
    }

    /// Whether something was taken and all of it was given back.
    pub(crate) fn is_refunded(&self) -> bool {
        self.captured() > 0 && self.captured() == self.refunded()
    }

    /// What was lost in disputes.
    pub(crate) fn lost(&self) -> u64 {
        let lost = self.disputes.iter().filter(|dispute| dispute.verdict == Some(Verdict::Lost));
        lost.map(|dispute| dispute.amount).sum()
    }

    /// Disputes whose money is not the merchant's: the open ones, and those that were lost.
    fn not_won(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.iter().filter(|dispute| dispute.verdict != Some(Verdict::Won))
    }

    /// Whether a dispute is open, or was lost.
    pub(crate) fn is_disputed(&self) -> bool {
        self.not_won().next().is_some()
    }

    /// What was taken, and is neither given back nor in a dispute that is open or was lost.
    pub(crate) fn kept(&self) -> u64 {
        self.captured() - self.refunded() - self.not_won().map(|dispute| dispute.amount).sum::<u64>()
    }

    /// What can still be given back: nothing while a dispute is open, or after one was lost, whatever it is about.
    pub(crate) fn refundable(&self) -> u64 {
        if self.is_disputed() { 0 } else { self.kept() }
    }

    /// When what is held expires; nothing if none is.
    pub(crate) fn expires_ms(&self) -> Option<u64> {
        match (self.phase, self.token) {
            (Phase::Approved { at_ms, .. }, Some(token)) if self.status() == Status::Authorized => {
                Some(at_ms + token.authorization_ms())
            }
            _ => None,
        }
    }

    /// Why it was declined, if it was.
    pub(crate) fn decline(&self) -> Option<Decline> {
        if let Phase::Declined(decline) = self.phase { Some(decline) } else { None }
    }

    /// The issuer's code of its approval: six characters, and like an issuer's not unique for ever.
    pub(crate) fn authorization_code(&self) -> Option<String> {
        self.is_approved().then(|| format!("A{:05}", self.id.0 % 100_000))
    }

    /// The network's id of it.
    pub(crate) fn network_transaction_id(&self) -> Option<String> {
        self.is_approved().then(|| format!("{:015}", self.id.0))
    }

    /// Whether the issuer approved it, whatever came after.
    pub(crate) fn is_approved(&self) -> bool {
        matches!(self.phase, Phase::Approved { .. })
    }

    /// The capture of that id.
    pub(crate) fn capture(&self, id: CaptureId) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.id == id)
    }

    /// The refund of that id.
    pub(crate) fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// The dispute of that id.
    pub(crate) fn dispute(&self, id: DisputeId) -> Option<&Dispute> {
        self.disputes.iter().find(|dispute| dispute.id == id)
    }

    /// The same charge as if the issuer had declined it: what a webhook that lies has to say.
    pub(crate) fn as_if_declined(&self) -> Self {
        Self { phase: Phase::Declined(Decline::DoNotHonor), captures: Vec::new(), ..self.clone() }
    }
}
