//! What goes out.

use serde::Serialize;
use serde_json::json;

use crate::ledger::{
    Capture, CaptureStatus, Charge, Dispute, Event, Phase, Refund, RefundStatus, Status, Void, VoidReason, What,
};
use crate::tokens::{Advice, Card, Decline};
use crate::values::{
    CaptureId, ChargeId, CredentialUse, Currency, DisputeId, Initiator, Metadata, NetworkTransactionId, Reason,
    RefundId, VoidId,
};

/// A charge as the gateway tells it.
#[derive(Debug, Serialize)]
pub(crate) struct ChargeView<'a> {
    id: ChargeId,
    status: &'static str,
    /// What was approved; until then, and if it never is, what was asked for.
    amount: u64,
    /// Captures that did not fail.
    amount_captured: u64,
    /// Refunds that did not fail.
    amount_refunded: u64,
    currency: Currency,
    /// Null unless it was approved, whatever came after.
    authorization_code: Option<String>,
    decline_code: Option<&'static str>,
    advice: Option<Advice>,
    network_transaction_id: Option<String>,
    avs_result: &'static str,
    cvc_result: &'static str,
    card: Option<Card>,
    initiator: Initiator,
    stored_credential: Option<CredentialUse>,
    /// The network's id of the charge that this one goes back to, as the client told it.
    goes_back_to: Option<&'a NetworkTransactionId>,
    metadata: &'a Metadata,
    next_action: Option<NextAction>,
    /// Until when it must be captured, in milliseconds since the Unix epoch like all times here.
    expires_at: Option<u64>,
    captures: Vec<CaptureView<'a>>,
    refunds: Vec<RefundView<'a>>,
    disputes: Vec<DisputeView<'a>>,
    void: Option<VoidView<'a>>,
}

/// What the customer has to do.
#[derive(Debug, Serialize)]
struct NextAction {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    expires_at: u64,
}

#[derive(Debug, Serialize)]
struct CaptureView<'a> {
    id: CaptureId,
    amount: u64,
    status: &'static str,
    #[serde(rename = "final")]
    is_final: bool,
    metadata: &'a Metadata,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct RefundView<'a> {
    id: RefundId,
    amount: u64,
    status: &'static str,
    metadata: &'a Metadata,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct DisputeView<'a> {
    id: DisputeId,
    amount: u64,
    status: &'static str,
    reason: &'a Reason,
    created: u64,
}

#[derive(Debug, Serialize)]
struct VoidView<'a> {
    id: VoidId,
    amount: u64,
    reason: &'static str,
    metadata: &'a Metadata,
    created: u64,
}

impl<'a> ChargeView<'a> {
    /// The charge at the gateway that is reached at `base`.
    pub(crate) fn new(charge: &'a Charge, base: &str) -> Self {
        let decline = charge.decline();
        let next_action = match (charge.phase, charge.status()) {
            (Phase::RequiresAction { expires_ms }, Status::RequiresAction) => {
                let url = format!("{base}/actions/{}", charge.id);
                Some(NextAction { kind: "redirect", url, expires_at: expires_ms })
            }
            _ => None,
        };
        Self {
            id: charge.id,
            status: charge.status().word(),
            amount: if charge.is_approved() { charge.authorized() } else { charge.requested.minor_units() },
            amount_captured: charge.captured(),
            amount_refunded: charge.refunded(),
            currency: charge.currency,
            authorization_code: charge.authorization_code(),
            decline_code: decline.map(Decline::code),
            advice: decline.and_then(Decline::advice),
            network_transaction_id: charge.network_transaction_id(),
            // Address and code match, in the networks' own letters, unless it was declined for that.
            avs_result: "Y",
            cvc_result: if decline == Some(Decline::IncorrectCvc) { "N" } else { "M" },
            card: charge.token.map(|token| token.card()),
            initiator: charge.credential.initiator,
            stored_credential: charge.credential.used,
            goes_back_to: charge.credential.goes_back_to.as_ref(),
            metadata: &charge.metadata,
            next_action,
            expires_at: charge.expires_ms(),
            captures: charge.captures.iter().map(CaptureView::from).collect(),
            refunds: charge.refunds.iter().map(RefundView::from).collect(),
            disputes: charge.disputes.iter().map(DisputeView::from).collect(),
            void: charge.void.as_ref().map(VoidView::from),
        }
    }
}

impl<'a> From<&'a Capture> for CaptureView<'a> {
    fn from(capture: &'a Capture) -> Self {
        let (status, failure_code) = match capture.status {
            CaptureStatus::Succeeded => ("succeeded", None),
            CaptureStatus::Failed => ("failed", Some("capture_failed")),
        };
        let Capture { id, amount, is_final, ref metadata, created_ms, .. } = *capture;
        Self { id, amount, status, is_final, metadata, created: created_ms, failure_code }
    }
}

impl<'a> From<&'a Refund> for RefundView<'a> {
    fn from(refund: &'a Refund) -> Self {
        let (status, failure_code) = match refund.status {
            RefundStatus::Pending => ("pending", None),
            RefundStatus::Succeeded => ("succeeded", None),
            RefundStatus::Failed => ("failed", Some("refund_failed")),
        };
        let Refund { id, amount, ref metadata, created_ms, .. } = *refund;
        Self { id, amount, status, metadata, created: created_ms, failure_code }
    }
}

impl<'a> From<&'a Dispute> for DisputeView<'a> {
    fn from(dispute: &'a Dispute) -> Self {
        let Dispute { id, amount, ref reason, created_ms, .. } = *dispute;
        Self { id, amount, status: dispute.word(), reason, created: created_ms }
    }
}

impl<'a> From<&'a Void> for VoidView<'a> {
    fn from(void: &'a Void) -> Self {
        let reason = match void.reason {
            VoidReason::Requested => "requested",
            VoidReason::Expired => "expired",
        };
        Self { id: void.id, amount: void.amount, reason, metadata: &void.metadata, created: void.created_ms }
    }
}

/// The answer to a capture.
#[derive(Debug, Serialize)]
pub(super) struct CaptureAnswer<'a> {
    charge: ChargeId,
    #[serde(flatten)]
    capture: CaptureView<'a>,
}

impl<'a> CaptureAnswer<'a> {
    pub(super) fn new(charge: &'a Charge, id: CaptureId) -> Option<Self> {
        charge.capture(id).map(|capture| Self { charge: charge.id, capture: capture.into() })
    }
}

/// The answer to a void.
#[derive(Debug, Serialize)]
pub(super) struct VoidAnswer<'a> {
    charge: ChargeId,
    #[serde(flatten)]
    void: VoidView<'a>,
}

impl<'a> VoidAnswer<'a> {
    pub(super) fn new(charge: &'a Charge) -> Option<Self> {
        charge.void.as_ref().map(|void| Self { charge: charge.id, void: void.into() })
    }
}

/// The answer to a refund.
#[derive(Debug, Serialize)]
pub(crate) struct RefundAnswer<'a> {
    charge: ChargeId,
    reason: Option<&'a Reason>,
    #[serde(flatten)]
    refund: RefundView<'a>,
}

impl<'a> RefundAnswer<'a> {
    pub(crate) fn new(charge: &'a Charge, id: RefundId) -> Option<Self> {
        let refund = charge.refund(id)?;
        Some(Self { charge: charge.id, reason: refund.reason.as_ref(), refund: refund.into() })
    }
}

/// The answer to who disputed a charge: the charge, and which of its disputes is the new one.
#[derive(Debug, Serialize)]
pub(crate) struct DisputeAnswer<'a> {
    dispute: DisputeId,
    #[serde(flatten)]
    charge: ChargeView<'a>,
}

impl<'a> DisputeAnswer<'a> {
    pub(crate) fn new(charge: &'a Charge, id: DisputeId, base: &str) -> Self {
        Self { dispute: id, charge: ChargeView::new(charge, base) }
    }
}

/// The body of a webhook.
pub(crate) fn event(event: &Event, base: &str) -> String {
    let kind = match event.what {
        What::Declined => "charge.declined",
        What::Refunded => "charge.refunded",
        What::Disputed(_) => "charge.disputed",
        What::DisputeClosed(_) => "charge.dispute_closed",
        What::ActionRequired
        | What::Processing
        | What::Authorized
        | What::Captured
        | What::CaptureFailed
        | What::Voided
        | What::RefundUpdated(_) => "charge.updated",
    };
    let object = ChargeView::new(&event.charge, base);
    json!({ "id": event.id, "type": kind, "created": event.at_ms / 1_000, "data": { "object": object } }).to_string()
}
