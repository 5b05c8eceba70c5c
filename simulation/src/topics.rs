//! The topics of the world.

use std::sync::Arc;

use quittance_avro::topics::{Part, Topic};
use quittance_log::{
    OffsetCommit, TopicPartition,
    model::{Cleanup, Model},
};

/// First part of every topic's and group's name.
pub(crate) const PREFIX: &str = "sim";

const TOPICS: [Topic; 13] = [
    Topic::PaymentCommands,
    Topic::PaymentResults,
    Topic::PaymentNotices,
    Topic::PaymentEvents,
    Topic::PaymentState,
    Topic::PaymentChangelog,
    Topic::PaymentGatewayEffects,
    Topic::PaymentOutcomes,
    Topic::LedgerTransfers,
    Topic::GatewayAnomalies,
    Topic::PaymentMethodEvents,
    Topic::PaymentMethodState,
    Topic::ProcessorPaymentsDeadLetters,
];

pub(crate) fn name(topic: Topic) -> Arc<str> {
    Arc::from(topic.name(PREFIX))
}

pub(crate) fn at(topic: Topic, partition: i32) -> TopicPartition {
    TopicPartition { topic: name(topic), partition }
}

/// Makes them, and gives the processor's group its first positions.
pub(crate) fn create(model: &Model, partitions: i32) {
    for topic in TOPICS {
        let cleanup = if topic == Topic::PaymentChangelog { Cleanup::Compact } else { Cleanup::Delete };
        model.create_topic(&topic.name(PREFIX), partitions, cleanup);
    }
    for table in [Topic::Configuration, Topic::GatewayHealth] {
        model.create_topic(&table.name(PREFIX), 1, Cleanup::Compact);
    }
    let group = Part::ProcessorPayments.group(PREFIX);
    for topic in [Topic::PaymentCommands, Topic::PaymentResults, Topic::PaymentNotices] {
        for partition in 0..partitions {
            let commit = OffsetCommit { at: at(topic, partition), offset: 0, metadata: String::new() };
            model.set_position(&group, &commit);
        }
    }
}
