//! What comes in.

use std::hash::Hash;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use warp::http::HeaderMap;
use warp::http::header::CONTENT_TYPE;

use crate::error::Error;
use crate::ledger::{Ask, NewCapture, NewCharge, NewRefund, NewVoid};
use crate::tokens::Token;
use crate::values::{
    Amount, Credential, CredentialUse, Currency, IdempotencyKey, Initiator, Metadata, NetworkTransactionId, Reason,
    ReturnUrl, fingerprint,
};

/// The body of `POST /v1/charges`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChargeRequest {
    amount: Amount,
    currency: Currency,
    token: String,
    /// Whether the money is taken at once (the default) or only held.
    #[serde(default = "yes")]
    capture: bool,
    /// The client's own marks.
    #[serde(default)]
    metadata: Metadata,
    return_url: Option<ReturnUrl>,
    /// Who charges: `customer` (the default) or `merchant`.
    #[serde(default)]
    initiator: Initiator,
    /// What a stored card is charged for: `first`, `recurring`, `installment` or `unscheduled`.
    stored_credential: Option<CredentialUse>,
    /// The network's id of the charge that this one goes back to.
    network_transaction_id: Option<NetworkTransactionId>,
}

/// The body of `POST /v1/charges/{id}/captures`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureRequest {
    amount: Amount,
    /// Whether what is left is released (the default) or can be captured later.
    #[serde(rename = "final", default = "yes")]
    is_final: bool,
    #[serde(default)]
    metadata: Metadata,
}

/// The body of `POST /v1/charges/{id}/void`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidRequest {
    #[serde(default)]
    metadata: Metadata,
}

/// The body of `POST /v1/charges/{id}/refunds`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRequest {
    amount: Amount,
    reason: Option<Reason>,
    #[serde(default)]
    metadata: Metadata,
}

fn yes() -> bool {
    true
}

impl From<ChargeRequest> for NewCharge {
    fn from(request: ChargeRequest) -> Self {
        let ChargeRequest { amount, currency, token, capture, metadata, return_url, .. } = request;
        let ChargeRequest { initiator, stored_credential: used, network_transaction_id: goes_back_to, .. } = request;
        let (token, off_session) = (Token::parse(&token), initiator == Initiator::Merchant);
        let credential = Credential { initiator, used, goes_back_to };
        Self { token, amount, currency, capture, metadata, return_url, off_session, credential }
    }
}

impl From<CaptureRequest> for NewCapture {
    fn from(request: CaptureRequest) -> Self {
        let CaptureRequest { amount, is_final, metadata } = request;
        Self { amount: Some(amount), is_final, metadata }
    }
}

impl From<VoidRequest> for NewVoid {
    fn from(request: VoidRequest) -> Self {
        Self { metadata: request.metadata, ..Self::default() }
    }
}

impl From<RefundRequest> for NewRefund {
    fn from(request: RefundRequest) -> Self {
        let RefundRequest { amount, reason, metadata } = request;
        Self { amount: Some(amount), reason, metadata }
    }
}

/// Reads a request that changes something, with the key under which it comes. `path` tells it from requests to other paths
/// with the same body.
pub(super) fn parse<R: DeserializeOwned + Hash>(
    headers: &HeaderMap,
    body: &[u8],
    path: &impl Hash,
) -> Result<(Ask, R), Error> {
    require_json(headers)?;
    let key = parse_key(headers)?;
    let request: R = serde_json::from_slice(body)?;
    let ask = Ask { key: Some(key), fingerprint: fingerprint(&(path, &request)), keeps_failures: false };
    Ok((ask, request))
}

/// Reads a request that needs no key.
pub(crate) fn parse_json<R: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<R, Error> {
    require_json(headers)?;
    Ok(serde_json::from_slice(body)?)
}

fn require_json(headers: &HeaderMap) -> Result<(), Error> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Error::UnsupportedMediaType) }
}

fn parse_key(headers: &HeaderMap) -> Result<IdempotencyKey, Error> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(Error::KeyRequired);
    };
    // Bytes beyond ASCII become characters that a key cannot have.
    let key = String::from_utf8_lossy(key.as_bytes()).into_owned();
    key.try_into().map_err(Error::InvalidKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_a_body_and_its_path_tell_it_from_another() -> Result<(), Error> {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, warp::http::HeaderValue::from_static("application/json")),
            ("idempotency-key".parse().expect("a name"), warp::http::HeaderValue::from_static("k")),
        ]);
        let print = |path: u64, body: &str| parse::<RefundRequest>(&headers, body.as_bytes(), &path);
        let plain = print(1, r#"{"amount":1}"#)?.0.fingerprint;
        assert_eq!(plain, print(1, r#"{ "metadata": {}, "amount": 1, "reason": null }"#)?.0.fingerprint);
        for (path, body) in [
            (2, r#"{"amount":1}"#),
            (1, r#"{"amount":2}"#),
            (1, r#"{"amount":1,"reason":"broken"}"#),
            (1, r#"{"amount":1,"metadata":{"attempt_id":"att_1"}}"#),
        ] {
            assert_ne!(plain, print(path, body)?.0.fingerprint, "{path} {body}");
        }
        Ok(())
    }
}
