//! The log: partitioned topics, consumer groups and transactions, as Kafka has them.
//!
//! This crate knows no payment word. It turns librdkafka's callbacks and error codes into values that a
//! loop can match on: an assignment is an [`Event`], the end of a transaction an [`Ended`].

mod admin;
mod config;
mod consumer;
mod context;
mod dead_letter;
mod error;
mod producer;
mod reader;
mod record;
mod registry_args;
mod schemas;
mod transaction;

pub use self::{
    admin::{Admin, Applied, TopicPlan},
    config::{KafkaArgs, SecurityProtocol},
    consumer::{Committed, Event, GroupConsumer, GroupMetadata, Membership},
    dead_letter::dead_letter,
    error::LogError,
    producer::{ProduceError, Producer},
    reader::{Reader, Tail, Tailed},
    record::{Headers, NewRecord, Record, TopicPartition},
    registry_args::RegistryArgs,
    schemas::{ReadError, Schemas},
    transaction::{Ended, OffsetCommit, SendError, TransactionalProducer},
};
