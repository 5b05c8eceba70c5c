//! What is asked of payments.

use quittance_avro::{
    records::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, RefundPayment, RejectPayment, ResolveReview,
        UpdatePayment,
    },
    words::Resolution,
};

use super::{
    Fill,
    parts::{OPERATION, amount, envelope, fingerprint, sealed, search_tokens},
};

pub(super) fn capture_payment(fill: Fill) -> CapturePayment {
    CapturePayment {
        envelope: envelope(fill),
        fingerprint: fingerprint(),
        amount: fill.option(amount(250)),
        is_final: true,
        reason: fill.text("duplicate"),
    }
}

pub(super) fn refund_payment(fill: Fill) -> RefundPayment {
    RefundPayment {
        envelope: envelope(fill),
        fingerprint: fingerprint(),
        amount: fill.option(amount(250)),
        reason: fill.text("duplicate"),
    }
}

pub(super) fn cancel_payment(fill: Fill) -> CancelPayment {
    CancelPayment { envelope: envelope(fill), fingerprint: fingerprint(), reason: fill.text("duplicate") }
}

pub(super) fn confirm_payment(fill: Fill) -> ConfirmPayment {
    ConfirmPayment { envelope: envelope(fill), fingerprint: fingerprint() }
}

pub(super) fn approve_payment(fill: Fill) -> ApprovePayment {
    ApprovePayment { envelope: envelope(fill), fingerprint: fingerprint(), reason: fill.text("duplicate") }
}

pub(super) fn reject_payment(fill: Fill) -> RejectPayment {
    RejectPayment { envelope: envelope(fill), fingerprint: fingerprint(), reason: fill.text("duplicate") }
}

pub(super) fn resolve_review(fill: Fill) -> ResolveReview {
    ResolveReview {
        envelope: envelope(fill),
        fingerprint: fingerprint(),
        operation_id: fill.text(OPERATION),
        resolution: Resolution::Succeeded,
        gateway_reference: fill.text("sim_1"),
        sealed: fill.option(sealed()),
    }
}

pub(super) fn update_payment(fill: Fill) -> UpdatePayment {
    UpdatePayment {
        envelope: envelope(fill),
        fingerprint: fingerprint(),
        sealed: fill.option(sealed()),
        search_tokens: fill.option(search_tokens()),
        text_sequence: fill.option(4),
    }
}
