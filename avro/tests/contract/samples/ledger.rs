//! Records of the ledger.

use quittance_avro::{
    records::{Posting, Transfer},
    words::{AccountPurpose, Side, TransferKind},
};

use super::{
    Fill,
    parts::{ACCOUNT, GATEWAY_ACCOUNT, OPERATION, amount, currency, envelope, time},
};

pub(super) fn transfer(fill: Fill) -> Transfer {
    Transfer {
        envelope: envelope(fill),
        kind: TransferKind::Suspense,
        operation_id: OPERATION.to_owned(),
        reverses: fill.text("trf_00000000000000000000000000000001"),
        currency: currency(),
        effective_at: time(7),
        posted_at: time(7),
        postings: fill.list(posting(fill)),
    }
}

fn posting(fill: Fill) -> Posting {
    Posting {
        account_id: ACCOUNT,
        purpose: AccountPurpose::GatewayReceivable,
        gateway_account: fill.text(GATEWAY_ACCOUNT),
        side: Side::Credit,
        amount: amount(250),
    }
}
