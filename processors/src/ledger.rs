//! The ledger: which accounts money moves between. One table says it all.

use quittance_avro::{
    ids::{AccountId, TransferId, derive},
    money::{Currency, MinorUnits},
    records::{Envelope, Posting, Transfer},
    time::Timestamp,
    words::{AccountPurpose, Side, TransferKind},
};

/// Money that moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Movement {
    /// Why.
    pub kind: TransferKind,
    /// The operation that moved it.
    pub operation_id: String,
    /// Amount, minor units of `currency`.
    pub amount: MinorUnits,
    /// ISO 4217.
    pub currency: Currency,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// When the gateway did it, as far as is known.
    pub effective_at: Timestamp,
    /// How many transfers the operation has caused before.
    pub number: i32,
    /// Whether it takes back the transfer before.
    pub is_reversed: bool,
}

/// What is debited and what is credited, by the kind of the transfer. A transfer that takes another one back has them the other
/// way round.
pub const fn accounts(kind: TransferKind) -> (AccountPurpose, AccountPurpose) {
    use AccountPurpose::{GatewayReceivable, MerchantPayable, PlatformFees, Suspense};
    match kind {
        TransferKind::Capture => (GatewayReceivable, MerchantPayable),
        TransferKind::Refund | TransferKind::Dispute => (MerchantPayable, GatewayReceivable),
        TransferKind::Suspense => (GatewayReceivable, Suspense),
        TransferKind::SuspenseReturn => (Suspense, GatewayReceivable),
        TransferKind::Fee => (MerchantPayable, PlatformFees),
        TransferKind::FeeReturn => (PlatformFees, MerchantPayable),
    }
}

/// Whether there is one account of it for each gateway account, or one for all.
const fn is_of_gateway_account(purpose: AccountPurpose) -> bool {
    match purpose {
        AccountPurpose::GatewayReceivable | AccountPurpose::Suspense => true,
        AccountPurpose::MerchantPayable | AccountPurpose::PlatformFees => false,
    }
}

/// The transfer of a movement. `envelope` is the payment's; the transfer's id is put in.
pub fn transfer(movement: &Movement, envelope: Envelope) -> Transfer {
    let (debit, credit) = accounts(movement.kind);
    let (debit, credit) = if movement.is_reversed { (credit, debit) } else { (debit, credit) };
    let posting = |purpose, side| posting(movement, &envelope, purpose, side);
    let id = |number| id(movement, number);
    Transfer {
        kind: movement.kind,
        operation_id: movement.operation_id.clone(),
        reverses: movement.is_reversed.then(|| id(movement.number - 1)),
        currency: movement.currency,
        effective_at: movement.effective_at,
        posted_at: envelope.occurred_at,
        postings: vec![posting(debit, Side::Debit), posting(credit, Side::Credit)],
        envelope: Envelope { id: id(movement.number), ..envelope },
    }
}

/// An operation moves what it is for, and a fee beside that.
fn id(movement: &Movement, number: i32) -> String {
    let what = match movement.kind {
        TransferKind::Capture
        | TransferKind::Refund
        | TransferKind::Suspense
        | TransferKind::SuspenseReturn
        | TransferKind::Dispute => "transfer",
        TransferKind::Fee | TransferKind::FeeReturn => "fee",
    };
    TransferId::new(derive(&[what, &movement.operation_id, &number.to_string()])).to_string()
}

fn posting(movement: &Movement, envelope: &Envelope, purpose: AccountPurpose, side: Side) -> Posting {
    let gateway_account = is_of_gateway_account(purpose).then(|| movement.gateway_account.clone());
    let id = derive(&[
        "account",
        envelope.mode.as_str(),
        envelope.tenant.as_str(),
        &envelope.merchant_account,
        movement.currency.code(),
        purpose.as_str(),
        gateway_account.as_deref().unwrap_or_default(),
    ]);
    Posting { account_id: AccountId::new(id), purpose, gateway_account, side, amount: movement.amount }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_the_whole_table() {
        let told = include_str!("../../docs/payments.md");
        for kind in TransferKind::ALL {
            let (debit, credit) = accounts(*kind);
            let line = format!("| `{}` | `{}` | `{}` |", kind.as_str(), debit.as_str(), credit.as_str());
            assert!(told.lines().any(|told| told == line), "docs/payments.md lacks {line}");
        }
    }
}
