//! What a transfer becomes.

use std::time::SystemTime;

use quittance_avro::{
    ids::{AccountId, PaymentId, TransferId},
    tenant::Tenant,
    words::Mode,
};
use quittance_log::ReadError;
use serde_json::Value;

use crate::store::Fields;

/// A transfer with its postings.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferRow {
    pub transfer_id: TransferId,
    pub mode: Mode,
    pub tenant: Tenant,
    pub merchant_account: String,
    pub payment_id: PaymentId,
    pub operation_id: String,
    pub kind: String,
    pub reverses: Option<String>,
    pub currency: String,
    pub effective_at: SystemTime,
    pub posted_at: SystemTime,
    pub postings: Vec<PostingRow>,
}

/// A part of a transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct PostingRow {
    pub account_id: AccountId,
    pub purpose: String,
    pub gateway_account: Option<String>,
    pub side: String,
    pub amount: i64,
}

pub(super) fn transfer(json: &Value) -> Result<TransferRow, ReadError> {
    let fields = Fields(json);
    let postings = json.get("postings").and_then(Value::as_array).ok_or(ReadError::Invalid("postings"))?;
    Ok(TransferRow {
        transfer_id: fields.parsed("envelope.id")?,
        mode: fields.mode("envelope.mode")?,
        tenant: fields.parsed("envelope.tenant")?,
        merchant_account: fields.text("envelope.merchant_account")?.to_owned(),
        payment_id: fields.parsed("envelope.aggregate_id")?,
        operation_id: fields.text("operation_id")?.to_owned(),
        kind: fields.text("kind")?.to_owned(),
        reverses: fields.text("reverses").ok().map(str::to_owned),
        currency: fields.text("currency")?.to_owned(),
        effective_at: fields.time("effective_at")?,
        posted_at: fields.time("posted_at")?,
        postings: postings.iter().map(posting).collect::<Result<_, _>>()?,
    })
}

fn posting(json: &Value) -> Result<PostingRow, ReadError> {
    let fields = Fields(json);
    Ok(PostingRow {
        account_id: fields.parsed("account_id")?,
        purpose: fields.text("purpose")?.to_owned(),
        gateway_account: fields.text("gateway_account").ok().map(str::to_owned),
        side: fields.text("side")?.to_owned(),
        amount: fields.integer("amount")?,
    })
}
