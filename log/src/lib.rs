//! The log: partitioned topics, consumer groups and transactions, as Kafka has them.
//!
//! This crate knows no payment word. [`seam`](Log) is what the runtime needs of a log; [`kafka`](KafkaLog) is Kafka, and
//! [`model`] is what matters about Kafka, in memory, with faults.

mod dead_letter;
mod error;
mod kafka;
pub mod model;
mod record;
mod registry_args;
mod schemas;
mod seam;

pub use self::{
    dead_letter::dead_letter,
    error::LogError,
    kafka::{
        Admin, Applied, GroupConsumer, GroupMetadata, KafkaArgs, KafkaLog, LogMetrics, ProduceError, Producer,
        RangeReader, Reader, SecurityProtocol, Tail, Tailed, TopicPlan, TransactionalProducer,
    },
    record::{Headers, NewRecord, Record, TopicPartition},
    registry_args::RegistryArgs,
    schemas::{ReadError, Schemas, catch_panic},
    seam::{
        Cause, Committed, Ended, Event, Isolation, Log, Member, Membership, OffsetCommit, Range, Ranged, SendError,
        Span, Transactions,
    },
};
