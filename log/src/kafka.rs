//! Kafka, by librdkafka: callbacks and error codes turned into values that a loop can match on.

mod admin;
mod config;
mod consumer;
mod context;
mod error;
mod log;
mod producer;
mod range;
mod reader;
mod transaction;

pub use self::{
    admin::{Admin, Applied, TopicPlan},
    config::{KafkaArgs, SecurityProtocol},
    consumer::{GroupConsumer, GroupMetadata},
    log::KafkaLog,
    producer::{ProduceError, Producer},
    range::RangeReader,
    reader::{Reader, Tail, Tailed},
    transaction::TransactionalProducer,
};
