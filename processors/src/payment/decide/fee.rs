//! What merchants pay for captures, and get back for refunds.
//!
//! A fee is reckoned when its operation moves money, by the rules as they are then, and noted with the operation: what turns out not to
//! have moved takes the same fee back. What the merchant gets back is reckoned over all refunds so far, so
//! that rounding adds nothing up: when all is refunded, all of the fee is back. A lost dispute gives no fee back.

use quittance_avro::{
    money::MinorUnits,
    records::{FeeRule, PaymentState},
    words::{OperationKind, OperationStatus, TransferKind},
};

use super::{draft::Draft, standing::sum};

/// A share of one, in millionths.
const ONE_PPM: i128 = 1_000_000;

/// What an operation that moves money moves beside that; if it is reversed, what it has moved before.
pub(super) fn of(draft: &mut Draft<'_>, operation: usize, is_reversed: bool) -> Option<(TransferKind, MinorUnits)> {
    let found = draft.operation(operation);
    let kind = match (found.kind, found.unwanted) {
        (OperationKind::Capture, false) => TransferKind::Fee,
        (OperationKind::Refund, false) => TransferKind::FeeReturn,
        (
            OperationKind::Authorize
            | OperationKind::Capture
            | OperationKind::Void
            | OperationKind::Refund
            | OperationKind::Dispute,
            _,
        ) => return None,
    };
    if !is_reversed {
        reckon(draft, operation);
    }
    draft.operation(operation).fee_amount.map(|amount| (kind, amount))
}

fn reckon(draft: &mut Draft<'_>, operation: usize) {
    let found = draft.operation_mut(operation);
    (found.fee_amount, found.fee_version) = (None, None);
    let Some((rule, version)) = draft.cx.gateways.fee(draft.payment().currency) else { return };
    let found = draft.operation(operation);
    let fee = match found.kind {
        OperationKind::Capture => charged(rule, found.amount),
        OperationKind::Refund if rule.returned => returned(draft.payment()),
        OperationKind::Authorize | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => return,
    };
    if fee > MinorUnits::ZERO {
        let found = draft.operation_mut(operation);
        (found.fee_amount, found.fee_version) = (Some(fee), Some(version));
    }
}

/// The fee of a capture; never more than what was captured.
fn charged(rule: &FeeRule, amount: MinorUnits) -> MinorUnits {
    let share = rounded(i128::from(amount.get()) * i128::from(rule.rate_ppm), ONE_PPM);
    share.saturating_add(rule.fixed_amount).min(amount)
}

/// What of the fees is to come back after the latest refund, less what has come back before.
fn returned(payment: &PaymentState) -> MinorUnits {
    let done = |kind| {
        let wanted = payment.operations.iter().filter(move |found| found.kind == kind && !found.unwanted);
        wanted.filter(|found| found.status == OperationStatus::Succeeded)
    };
    let (captured, refunded) = (sum(done(OperationKind::Capture)), sum(done(OperationKind::Refund)));
    let fees =
        |kind| done(kind).filter_map(|found| found.fee_amount).fold(MinorUnits::ZERO, MinorUnits::saturating_add);
    if captured == MinorUnits::ZERO {
        return MinorUnits::ZERO;
    }
    let refunded = refunded.min(captured);
    let due = rounded(
        i128::from(fees(OperationKind::Capture).get()) * i128::from(refunded.get()),
        i128::from(captured.get()),
    );
    due.saturating_sub(fees(OperationKind::Refund))
}

/// A fraction to the nearest whole, halves up.
fn rounded(numerator: i128, denominator: i128) -> MinorUnits {
    let whole = (2 * numerator + denominator).div_euclid(2 * denominator);
    i64::try_from(whole).ok().and_then(|whole| MinorUnits::payable(whole).ok()).unwrap_or_default()
}
