//! Reading a body that is bounded.

use std::{error::Error, pin::pin};

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use quittance_service::http::BodyError;
use warp::http::{HeaderMap, header};

use crate::problem::Problem;

/// The largest body that is read.
pub(crate) const BODY_BYTES_MAX: u64 = 64 * 1024;

/// A body as it comes in.
pub(crate) trait Chunks: Stream<Item = Result<Self::Chunk, warp::Error>> + Send {
    /// A piece of it.
    type Chunk: Buf;
}

impl<S, B> Chunks for S
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    type Chunk = B;
}

/// Of a body that is too large so much is read and thrown away: a client that is still sending would otherwise see the
/// connection break instead of the answer.
const DISCARDED_BYTES_MAX: u64 = 16 * BODY_BYTES_MAX;

/// The whole body, if it is within the bound of what clients ask.
pub(crate) async fn read_body(headers: &HeaderMap, body: impl Chunks) -> Result<Bytes, Problem> {
    read_body_of(headers, body, BODY_BYTES_MAX).await
}

/// The whole body, if it has no more than so many bytes.
pub(crate) async fn read_body_of(headers: &HeaderMap, body: impl Chunks, bytes_max: u64) -> Result<Bytes, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > DISCARDED_BYTES_MAX) {
        return Err(Problem::TooLarge(bytes_max));
    }
    let mut body = pin!(body);
    let (mut bytes, mut received) = (BytesMut::new(), 0);
    while let Some(chunk) = body.next().await {
        let mut chunk = chunk.map_err(|error| {
            tracing::debug!(%error, "a body did not arrive");
            if is_late(&error) { Problem::TooSlow } else { Problem::malformed("body", "is cut off") }
        })?;
        received += chunk.remaining() as u64;
        if received > DISCARDED_BYTES_MAX {
            break;
        }
        if received <= bytes_max {
            bytes.extend_from_slice(&chunk.copy_to_bytes(chunk.remaining()));
        }
    }
    if received > bytes_max { Err(Problem::TooLarge(bytes_max)) } else { Ok(bytes.freeze()) }
}

fn is_late(error: &warp::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(BodyError::Timeout(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}
