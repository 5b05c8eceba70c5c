//! The simulator's answers as they are read: members that we do not know are skipped.

use quittance_avro::{
    money::{Currency, MinorUnits},
    records::{GatewayDetails, PaymentMethod},
};
use serde::Deserialize;

/// How a charge ended. Another word is not of this dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// The money was taken.
    Succeeded,
    /// The money is held, and nothing was taken.
    Authorized,
    /// The issuer refused.
    Declined,
}

/// A charge as the gateway tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    id: String,
    pub(super) status: Status,
    amount: i64,
    amount_captured: i64,
    currency: String,
    authorization_code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) advice: Option<String>,
    network_transaction_id: Option<String>,
    avs_result: Option<String>,
    cvc_result: Option<String>,
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
struct Card {
    brand: Option<String>,
    funding: Option<String>,
    country: Option<String>,
    iin: Option<String>,
    last4: Option<String>,
    exp_month: Option<i32>,
    exp_year: Option<i32>,
    fingerprint: Option<String>,
}

/// The answer to a query.
#[derive(Debug, Deserialize)]
pub(super) struct Charges {
    pub(super) data: Vec<Charge>,
}

/// The answer to a request that was declined.
#[derive(Debug, Deserialize)]
pub(super) struct Decline {
    pub(super) charge: Charge,
}

/// The code of an error, if the body is one of the dialect.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        code: String,
    }
    fact(serde_json::from_slice::<Body>(body).ok()?.error.code)
}

/// Our code for a decline code of this gateway; one that is not in the table is kept as the raw code only.
pub(super) fn decline_code(raw: Option<&str>) -> Option<String> {
    let ours = match raw? {
        "insufficient_funds" => "insufficient_funds",
        "stolen_card" => "stolen_card",
        _ => return None,
    };
    Some(ours.to_owned())
}

/// Our word for an advice of this gateway.
pub(super) fn advice(raw: Option<&str>) -> Option<String> {
    let ours = match raw? {
        "do_not_try_again" => "do_not_try_again",
        "try_again_later" => "try_again_later",
        _ => return None,
    };
    Some(ours.to_owned())
}

/// A text that a gateway reports, unless it is empty or longer than any such text: what is kept must be bounded.
fn fact(text: String) -> Option<String> {
    const BYTES_MAX: usize = 255;
    ((1..=BYTES_MAX).contains(&text.len())).then_some(text)
}

/// So many digits and nothing else.
fn digits(text: String, lengths: std::ops::RangeInclusive<usize>) -> Option<String> {
    (lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

impl Charge {
    /// What was authorized and what of it was captured; nothing if the numbers or the status make no approval.
    pub(super) fn amounts(&self) -> Option<(MinorUnits, MinorUnits)> {
        let authorized = MinorUnits::payable(self.amount).ok()?;
        match self.status {
            Status::Succeeded => {
                let captured = MinorUnits::payable(self.amount_captured).ok()?;
                (captured <= authorized).then_some((authorized, captured))
            }
            Status::Authorized => (self.amount_captured == 0).then_some((authorized, MinorUnits::ZERO)),
            Status::Declined => None,
        }
    }

    /// Whether it is in the currency that was asked for.
    pub(super) fn is_in(&self, currency: Currency) -> bool {
        self.currency == currency.code()
    }

    /// Facts about the card. Numbers have the digits they should have or are left out, so that no card number slips in.
    pub(super) fn card(&self) -> Option<PaymentMethod> {
        let card = self.card.as_ref()?;
        let text = |text: &Option<String>| text.clone().and_then(fact);
        Some(PaymentMethod {
            kind: "card".to_owned(),
            tokens: Vec::new(),
            fingerprint: text(&card.fingerprint),
            brand: text(&card.brand),
            funding: text(&card.funding),
            country: text(&card.country),
            iin: card.iin.clone().and_then(|iin| digits(iin, 6..=8)),
            last4: card.last4.clone().and_then(|last4| digits(last4, 4..=4)),
            exp_month: card.exp_month.filter(|month| (1..=12).contains(month)),
            exp_year: card.exp_year.filter(|year| (2000..=9999).contains(year)),
            wallet: None,
        })
    }

    /// What else it says.
    pub(super) fn details(self) -> GatewayDetails {
        GatewayDetails {
            gateway_reference: fact(self.id),
            network_transaction_id: self.network_transaction_id.and_then(fact),
            authorization_code: self.authorization_code.and_then(fact),
            raw_code: self.decline_code.and_then(fact),
            raw_advice: self.advice.and_then(fact),
            avs_result: self.avs_result.and_then(fact),
            cvc_result: self.cvc_result.and_then(fact),
            three_d_secure: None,
        }
    }
}
