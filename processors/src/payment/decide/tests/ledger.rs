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

    fn of(&self, purpose: AccountPurpose) -> i64 {
        self.balances.iter().filter(|((found, _), _)| *found == purpose).map(|(_, balance)| balance).sum()
    }

    /// The ledger says of the payment what its operations say.
    pub(super) fn agrees(&self, payment: &PaymentState) {
        let sum = |kind: OperationKind, unwanted: bool| -> i64 {
            let of_kind = payment.operations.iter().filter(|found| found.kind == kind && found.unwanted == unwanted);
            of_kind.filter(|found| found.status == OperationStatus::Succeeded).map(|found| found.amount.get()).sum()
        };
        let wanted = sum(OperationKind::Capture, false) - sum(OperationKind::Refund, false);
        let unwanted = sum(OperationKind::Capture, true) - sum(OperationKind::Refund, true);
        assert_eq!(self.of(AccountPurpose::MerchantPayable), -wanted, "what we owe the merchant");
        assert_eq!(self.of(AccountPurpose::Suspense), -unwanted, "what nobody wants");
        assert_eq!(self.of(AccountPurpose::GatewayReceivable), wanted + unwanted, "what gateways owe us");
    }
}
