//! The sinks: they never decide.
//!
//! Stores fold the log into a database that can be dropped and rebuilt from it. Effects carry out one try at one thing
//! in the outside world and publish what happened as a result.

pub mod gateway;
pub mod postgres;
pub mod redis;
pub mod store;
