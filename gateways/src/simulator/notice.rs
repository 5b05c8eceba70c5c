//! The simulator's webhooks: `{id, type, data: {object: charge}}`.

use serde::Deserialize;

use super::charge::Metadata;
use crate::{NOTICE_BYTES_MAX, Notice, NoticeError, texts};

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: String,
    metadata: Option<Metadata>,
}

/// What a webhook is about.
pub(super) fn parse(body: &[u8]) -> Result<Notice, NoticeError> {
    if body.len() > NOTICE_BYTES_MAX {
        return Err(NoticeError::TooLarge);
    }
    let Event { id, kind, data } = serde_json::from_slice(body).map_err(|_| NoticeError::Malformed)?;
    if !kind.starts_with("charge.") {
        return Err(NoticeError::NoPayment);
    }
    let metadata = data.object.metadata.as_ref();
    Ok(Notice {
        id: texts::fact(id).ok_or(NoticeError::Malformed)?,
        kind: texts::fact(kind).ok_or(NoticeError::Malformed)?,
        gateway_reference: texts::segment(&data.object.id).ok_or(NoticeError::Malformed)?.to_owned(),
        payment_id: texts::id(metadata.and_then(|metadata| metadata.payment_id.as_ref())),
        attempt_id: texts::id(metadata.and_then(|metadata| metadata.attempt_id.as_ref())),
    })
}
