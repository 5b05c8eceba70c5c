//! Records of `schemas/ledger/`.

use serde::{Deserialize, Serialize};

use super::Envelope;
use crate::{
    ids::AccountId,
    money::{Currency, MinorUnits},
    time::Timestamp,
    words::{AccountPurpose, Side, TransferKind},
};

/// A balanced set of postings, caused by one event of a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `capture`, `refund`, `suspense` (a success that nobody wants), `suspense_return`, `dispute` (one that was lost), `fee` or `fee_return`.
    pub kind: TransferKind,
    /// The operation that moved the money.
    pub operation_id: String,
    /// The transfer that this one takes back, `trf_…`.
    pub reverses: Option<String>,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// When the gateway did it, as far as is known.
    pub effective_at: Timestamp,
    /// When it was posted.
    pub posted_at: Timestamp,
    /// Their debits and credits are equal.
    pub postings: Vec<Posting>,
}

/// A part of a transfer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Posting {
    /// `acc_…`.
    pub account_id: AccountId,
    /// `gateway_receivable`, `merchant_payable`, `suspense` or `platform_fees`.
    pub purpose: AccountPurpose,
    /// Name of the gateway account, of accounts that are kept for each.
    pub gateway_account: Option<String>,
    /// `debit` or `credit`.
    pub side: Side,
    /// Positive amount, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
}
