//! What is kept of a charge: everything else that the gateway tells about it follows from that.

use crate::dialect::{Amount, Charge, ChargeId, ChargeRequest, Currency, Status};
use crate::tokens::Token;

/// A charge that was processed, approved or declined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    id: ChargeId,
    token: Token,
    amount: Amount,
    currency: Currency,
    capture: bool,
}

impl Record {
    pub(super) fn new(id: ChargeId, token: Token, request: &ChargeRequest) -> Self {
        Self { id, token, amount: request.amount, currency: request.currency, capture: request.capture }
    }
}

impl From<Record> for Charge {
    fn from(record: Record) -> Self {
        let Record { id, token, amount, currency, capture } = record;
        let decline = token.decline();
        let status = match (decline, capture) {
            (Some(_), _) => Status::Declined,
            (None, true) => Status::Succeeded,
            (None, false) => Status::Authorized,
        };
        let approved = decline.is_none();
        Self {
            id,
            status,
            amount,
            amount_captured: if status == Status::Succeeded { amount.minor_units() } else { 0 },
            currency,
            // Six characters like an issuer's, and like an issuer's not unique for ever.
            authorization_code: approved.then(|| format!("A{:05}", id.0 % 100_000)),
            decline_code: decline.map(|decline| decline.code),
            advice: decline.map(|decline| decline.advice),
            network_transaction_id: approved.then(|| format!("{:015}", id.0)),
            // Address and code match, in the networks' own letters; a decline is never for these.
            avs_result: "Y",
            cvc_result: "M",
            card: token.card(),
        }
    }
}
