//! What librdkafka tells by itself, made fit for our log.

use std::sync::{Mutex, PoisonError};

use quittance_service::throttle::Throttle;
use rdkafka::{
    ClientContext,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{DeliveryResult, ProducerContext},
};

/// Notes a client's global errors: mostly that brokers cannot be reached, which is told again and again. Whoever calls
/// the client gets an error of its own, so this is for the operator alone.
pub(super) struct Errors(Mutex<Throttle>);

/// The context of clients that need no callbacks.
#[derive(Default)]
pub(super) struct Plain {
    errors: Errors,
}

impl Default for Errors {
    fn default() -> Self {
        Self(Mutex::new(Throttle::LOG))
    }
}

impl Errors {
    pub(super) fn note(&self, error: &KafkaError, reason: &str) {
        // The end of a partition is no error to a reader that waits for it.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).is_due() {
            tracing::warn!(%error, reason, "the Kafka client reports an error");
        }
    }
}

impl ClientContext for Plain {
    fn error(&self, error: KafkaError, reason: &str) {
        self.errors.note(&error, reason);
    }
}

impl ConsumerContext for Plain {}

impl ProducerContext for Plain {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}
