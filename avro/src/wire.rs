//! Records as bytes: a zero byte, the registry's schema id in four bytes (big endian), the Avro datum.
//!
//! This is the wire format of Confluent's serializers, so any compatible client can read our topics.

mod datum;
mod decoder;
mod encoder;

pub use self::{
    decoder::{DecodeError, Decoder, LearnError},
    encoder::{EncodeError, Encoder},
};

/// Bytes before the datum.
const HEADER_BYTES: usize = 5;

/// Takes the schema id off a record; `None` if this is not the wire format.
pub fn split(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (&[0, a, b, c, d], datum) = bytes.split_first_chunk::<HEADER_BYTES>()? else { return None };
    Some((u32::from_be_bytes([a, b, c, d]), datum))
}
