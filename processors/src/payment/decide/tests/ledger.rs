//! What a reader of the transfers alone knows of a payment's money.

use std::collections::{BTreeMap, BTreeSet};

use quittance_avro::{
    money::MinorUnits,
    records::{PaymentState, Transfer},
    words::{AccountPurpose, OperationKind, OperationStatus, Side},
};

/// Balances by purpose and gateway account: debits less credits, minor units.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ledger {
    balances: BTreeMap<(AccountPurpose, String), i64>,
    ids: BTreeSet<String>,
}

impl Ledger {
    pub(super) fn post(&mut self, transfer: &Transfer) {
        assert!(self.ids.insert(transfer.envelope.id.clone()), "a transfer was posted twice");
        if let Some(reversed) = &transfer.reverses {
            assert!(self.ids.contains(reversed), "what is taken back was never posted");
        }
        let mut balance = 0;
        for posting in &transfer.postings {
            assert!(posting.amount > MinorUnits::ZERO);
            let amount = match posting.side {
                Side::Debit => posting.amount.get(),
                Side::Credit => -posting.amount.get(),
            };
            balance += amount;
            let account = posting.gateway_account.clone().unwrap_or_default();
            *self.balances.entry((posting.purpose, account)).or_default() += amount;
        }
        assert_eq!(balance, 0, "a transfer does not balance");
    }

    /// What is left on each account.
    pub(super) fn balances(&self) -> BTreeMap<(AccountPurpose, String), i64> {
        self.balances.iter().filter(|(_, balance)| **balance != 0).map(|(account, of)| (account.clone(), *of)).collect()
    }

    fn of(&self, purpose: AccountPurpose) -> i64 {
        self.balances.iter().filter(|((found, _), _)| *found == purpose).map(|(_, balance)| balance).sum()
    }

    /// The ledger says of the payment what its operations say.
    pub(super) fn agrees(&self, payment: &PaymentState) {
        let sum = |kind: OperationKind, unwanted: bool| -> i64 {
            let of_kind = payment.operations.iter().filter(|found| found.kind == kind && found.unwanted == unwanted);
            of_kind.filter(|found| found.status == OperationStatus::Succeeded).map(|found| found.amount.get()).sum()
        };
        let left = |unwanted| {
            let gone = sum(OperationKind::Refund, unwanted) + sum(OperationKind::Dispute, unwanted);
            sum(OperationKind::Capture, unwanted) - gone
        };
        let fees = |kind: OperationKind| -> i64 {
            let done = payment.operations.iter().filter(|found| found.status == OperationStatus::Succeeded);
            done.filter(|found| found.kind == kind).filter_map(|found| found.fee_amount).map(MinorUnits::get).sum()
        };
        let (wanted, unwanted) = (left(false), left(true));
        let paid = fees(OperationKind::Capture) - fees(OperationKind::Refund);
        assert_eq!(self.of(AccountPurpose::MerchantPayable), paid - wanted, "what we owe the merchant");
        assert_eq!(self.of(AccountPurpose::PlatformFees), -paid, "what the merchant has paid us");
        assert_eq!(self.of(AccountPurpose::Suspense), -unwanted, "what nobody wants");
        assert_eq!(self.of(AccountPurpose::GatewayReceivable), wanted + unwanted, "what gateways owe us");
    }
}
