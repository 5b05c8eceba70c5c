//! The contract of Quittance: Avro schemas, the Rust types that go with them, typed ids, money, topics.
//!
//! The `.avsc` files under `schemas/` come first; [`records`] is checked against them by the tests. Nothing here
//! talks to Kafka, and only [`registry`] talks to anything.

pub mod cache;
pub mod fingerprint;
pub mod ids;
pub mod money;
mod openapi;
pub mod records;
pub mod refusals;
pub mod registry;
pub mod schema;
pub mod seal;
pub mod tenant;
pub mod time;
pub mod topics;
pub mod wire;
pub mod words;

/// The dated version of the HTTP API that this build speaks.
pub const API_VERSION: &str = "2026-11-01";
