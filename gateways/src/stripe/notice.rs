//! Stripe's webhooks, as far as they are about a payment: its id and our marks, from whatever object is told of.

use serde::Deserialize;

use super::intent::Metadata;
use crate::{NOTICE_BYTES_MAX, Notice, NoticeError, texts};

#[derive(Deserialize)]
struct Event {
    id: String,
    object: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// A PaymentIntent, or what belongs to one: a charge, a refund, a dispute.
#[derive(Deserialize)]
struct Object {
    object: String,
    id: Option<String>,
    payment_intent: Option<Named>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Id(String),
    Whole { id: String },
}

/// What a webhook is about.
pub(super) fn parse(body: &[u8]) -> Result<Notice, NoticeError> {
    if body.len() > NOTICE_BYTES_MAX {
        return Err(NoticeError::TooLarge);
    }
    let event: Event = serde_json::from_slice(body).map_err(|_| NoticeError::Malformed)?;
    if event.object != "event" {
        return Err(NoticeError::Malformed);
    }
    let about = event.data.object;
    let reference = match about.object.as_str() {
        "payment_intent" => about.id,
        "charge" | "refund" | "dispute" => about.payment_intent.map(|named| match named {
            Named::Id(id) | Named::Whole { id } => id,
        }),
        _ => None,
    };
    let metadata = about.metadata.as_ref();
    Ok(Notice {
        id: texts::fact(event.id).ok_or(NoticeError::Malformed)?,
        kind: texts::fact(event.kind).ok_or(NoticeError::Malformed)?,
        gateway_reference: reference
            .and_then(|id| texts::segment(&id).map(str::to_owned))
            .ok_or(NoticeError::NoPayment)?,
        payment_id: texts::id(metadata.and_then(|metadata| metadata.payment_id.as_ref())),
        attempt_id: texts::id(metadata.and_then(|metadata| metadata.attempt_id.as_ref())),
    })
}
