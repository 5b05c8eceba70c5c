//! Writing.

use std::{marker::PhantomData, sync::Arc};

use apache_avro::writer::datum::GenericDatumWriter;

use super::HEADER_BYTES;
use crate::{records::Record, schema};

/// Writes records of one type under one schema id. Cheap to clone.
pub struct Encoder<R> {
    id: u32,
    writer: Arc<GenericDatumWriter<'static>>,
    record: PhantomData<fn(&R)>,
}

/// A record does not fit its schema: a mistake of ours, never of an input.
#[derive(Debug, thiserror::Error)]
#[error("{record} cannot be written by its schema: {cause}")]
pub struct EncodeError {
    record: &'static str,
    cause: Box<apache_avro::Error>,
}

impl<R> Clone for Encoder<R> {
    fn clone(&self) -> Self {
        Self { id: self.id, writer: Arc::clone(&self.writer), record: PhantomData }
    }
}

impl<R: Record> Encoder<R> {
    /// An encoder that writes `id`, the registry's id of the schema of this build under the subject of its topic.
    pub fn new(id: u32) -> Self {
        let writer = GenericDatumWriter::builder(&schema::of::<R>().parsed)
            .human_readable(false)
            .build()
            .expect("a self-contained schema resolves, which a test holds");
        Self { id, writer: Arc::new(writer), record: PhantomData }
    }

    /// An encoder that writes [`schema::number_of`], for a log that no registry stands beside.
    pub fn of_this_build() -> Self {
        Self::new(schema::number_of(R::NAME))
    }

    /// The record in the wire format.
    pub fn encode(&self, record: &R) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(0);
        bytes.extend_from_slice(&self.id.to_be_bytes());
        debug_assert_eq!(bytes.len(), HEADER_BYTES);
        self.writer
            .write_ser(&mut bytes, record)
            .map_err(|cause| EncodeError { record: R::NAME, cause: Box::new(cause) })?;
        Ok(bytes)
    }
}
