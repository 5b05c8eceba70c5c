//! A log in memory that has what matters about Kafka, and fails when it is told to.
