//! Kafka, by librdkafka: callbacks and error codes turned into values that a loop can match on.

mod admin;
mod config;
mod consumer;
mod context;
mod error;
mod log;
mod metrics;
mod producer;
mod range;
mod reader;
mod transaction;

pub use self::{
    admin::{Admin, Applied, TopicPlan},
    config::{KafkaArgs, SecurityProtocol},
    consumer::{GroupConsumer, GroupMetadata},
    log::KafkaLog,
    metrics::LogMetrics,
    producer::{ProduceError, Producer},
    range::RangeReader,
    reader::{Reader, Tail, Tailed},
    transaction::TransactionalProducer,
};
