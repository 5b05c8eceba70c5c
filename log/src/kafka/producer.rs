//! A producer without transactions: idempotent, acknowledged by all in-sync replicas.

use std::time::Duration;

use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::{FutureProducer, FutureRecord, Producer as _},
    util::Timeout,
};

use super::{
    admin::partitions_of,
    config::KafkaArgs,
    context::Plain,
    error::{settings, unavailable},
};
use crate::{LogError, NewRecord, TopicPartition};

/// Writes records and says when all in-sync replicas have them. Cheap to clone.
#[derive(Clone)]
pub struct Producer {
    producer: FutureProducer<Plain>,
}

/// Why a record was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// It is larger than the topic takes. Final, and nothing was written.
    #[error("a record of {bytes} bytes is larger than {topic} takes")]
    TooLarge {
        /// Where to.
        topic: String,
        /// How large its value is.
        bytes: usize,
    },
    /// The client gave up for good. The process has to begin anew.
    #[error("the Kafka client writes nothing any more: {cause}")]
    Dead {
        /// What the client said.
        cause: String,
    },
    /// It was not acknowledged in time; it may have been written all the same. Try again.
    #[error("Kafka did not acknowledge a record for {topic}: {cause}")]
    Unacknowledged {
        /// Where to.
        topic: String,
        /// What the client said.
        cause: KafkaError,
    },
}

impl Producer {
    /// A producer whose records count as failed when they are not acknowledged within `timeout`.
    pub fn open(args: &KafkaArgs, timeout: Duration) -> Result<Self, LogError> {
        let producer = args
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "1")
            .set("message.timeout.ms", timeout.as_millis().to_string())
            .create_with_context(Plain::default())
            .map_err(settings("a producer"))?;
        Ok(Self { producer })
    }

    /// Writes a record; its partition and offset once it is acknowledged.
    pub async fn produce(&self, record: &NewRecord) -> Result<(i32, i64), ProduceError> {
        let mut kafka_record =
            FutureRecord::<[u8], [u8]>::to(&record.topic).key(&record.key).headers(record.headers.to_kafka());
        kafka_record.payload = record.value.as_deref();
        kafka_record.partition = record.partition;
        let delivery = self.producer.send(kafka_record, Timeout::After(Duration::ZERO)).await;
        delivery.map(|delivery| (delivery.partition, delivery.offset)).map_err(|(cause, _)| {
            let topic = record.topic.to_string();
            if let Some(cause) = self.dead() {
                return ProduceError::Dead { cause };
            }
            if cause.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
                ProduceError::TooLarge { topic, bytes: record.value.as_ref().map_or(0, Vec::len) }
            } else {
                ProduceError::Unacknowledged { topic, cause }
            }
        })
    }

    /// The offset behind the last record of a partition. Blocks for at most `timeout`.
    pub fn end(&self, at: &TopicPartition, timeout: Duration) -> Result<i64, LogError> {
        let bounds = self.producer.client().fetch_watermarks(&at.topic, at.partition, timeout);
        bounds.map(|(_, end)| end).map_err(unavailable(format!("asking for the end of {at}")))
    }

    /// Why nothing can be written any more, if that is so: an idempotent producer that has lost count of what it wrote
    /// (the brokers lost some of it, for one) stops for good.
    pub fn dead(&self) -> Option<String> {
        let (code, reason) = self.producer.client().fatal_error()?;
        Some(format!("{code}: {reason}"))
    }

    /// Asks the brokers for a topic's partitions: whether Kafka can be reached. Blocks for at most `timeout`.
    pub fn partitions(&self, topic: &str, timeout: Duration) -> Result<i32, LogError> {
        let metadata = self.producer.client().fetch_metadata(Some(topic), timeout);
        let metadata = metadata.map_err(unavailable(format!("asking for {topic}")))?;
        partitions_of(&metadata, topic)
    }
}
