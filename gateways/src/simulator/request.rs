//! What to ask the simulator. The same attempt asks with the same key and the same bytes at every try.

use quittance_avro::{
    records::GatewayEffect,
    words::{CaptureMethod, EffectKind, Initiator, OperationKind},
};
use serde_json::{Value, json};

use crate::{Method, Request, Verdict, texts};

/// How a query finds what it asks about.
pub(super) enum Sought<'a> {
    /// By the gateway's name.
    Charge(&'a str),
    /// By the key that it was made under.
    Key,
}

/// What to ask for this effect, or why nothing is asked.
pub(super) fn of(effect: &GatewayEffect) -> Result<Request, Box<Verdict>> {
    match effect.kind {
        EffectKind::Authorize => Ok(post(effect, "/v1/charges".to_owned(), &charge(effect))),
        EffectKind::Confirm => {
            Err(Box::new(Verdict::rejected(None, "this gateway authorizes in one step, and nothing was sent")))
        }
        EffectKind::Capture => {
            let body = json!({ "amount": effect.amount.get(), "final": effect.is_final, "metadata": metadata(effect) });
            Ok(post(effect, format!("/v1/charges/{}/captures", acted_on(effect)?), &body))
        }
        EffectKind::Void => {
            let body = json!({ "metadata": metadata(effect) });
            Ok(post(effect, format!("/v1/charges/{}/void", acted_on(effect)?), &body))
        }
        EffectKind::Refund => {
            let mut body = json!({ "amount": effect.amount.get(), "metadata": metadata(effect) });
            if let Some(reason) = &effect.reason {
                body["reason"] = json!(reason);
            }
            Ok(post(effect, format!("/v1/charges/{}/refunds", acted_on(effect)?), &body))
        }
        EffectKind::Query => Ok(match sought(effect)? {
            Sought::Charge(id) => get(format!("/v1/charges/{id}")),
            Sought::Key => get(format!("/v1/charges?idempotency_key={}", effect.attempt_id)),
        }),
    }
}

fn charge(effect: &GatewayEffect) -> Value {
    let mut body = json!({
        "amount": effect.amount.get(),
        "currency": effect.currency.code(),
        "token": effect.token,
        "capture": effect.capture == CaptureMethod::Automatic,
        "metadata": metadata(effect),
    });
    if let Some(return_url) = &effect.return_url {
        body["return_url"] = json!(return_url);
    }
    if effect.initiator == Initiator::Merchant {
        body["initiator"] = json!(effect.initiator);
    }
    if let Some(used) = &effect.stored_credential {
        body["stored_credential"] = json!(used);
    }
    if let Some(id) = &effect.network_transaction_id {
        body["network_transaction_id"] = json!(id);
    }
    body
}

fn metadata(effect: &GatewayEffect) -> Value {
    json!({ "payment_id": effect.envelope.aggregate_id, "attempt_id": effect.attempt_id })
}

/// The charge that a capture, void or refund acts on.
fn acted_on(effect: &GatewayEffect) -> Result<&str, Box<Verdict>> {
    effect.payment_reference.as_deref().and_then(texts::segment).ok_or_else(|| {
        Box::new(Verdict::rejected(None, "the gateway's id of the payment is not known, and nothing was sent"))
    })
}

/// How the charge that a query is about is found. Only one that was never named to us is sought by its key.
pub(super) fn sought(effect: &GatewayEffect) -> Result<Sought<'_>, Box<Verdict>> {
    let reference = match effect.operation_kind {
        OperationKind::Authorize => effect.gateway_reference.as_deref(),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
            Some(effect.payment_reference.as_deref().unwrap_or_default())
        }
    };
    match reference.map(texts::segment) {
        None => Ok(Sought::Key),
        Some(Some(id)) => Ok(Sought::Charge(id)),
        // That nothing could be asked says nothing of what was done.
        Some(None) => {
            Err(Box::new(Verdict::not_processed("the gateway's id of the payment is not known, and nothing was asked")))
        }
    }
}

fn post(effect: &GatewayEffect, target: String, body: &Value) -> Request {
    let json = ("content-type", "application/json".to_owned());
    let headers = vec![json, ("idempotency-key", effect.attempt_id.to_string())];
    Request { method: Method::Post, target, headers, bearer: None, body: Some(body.to_string()) }
}

fn get(target: String) -> Request {
    Request { method: Method::Get, target, headers: Vec::new(), bearer: None, body: None }
}
