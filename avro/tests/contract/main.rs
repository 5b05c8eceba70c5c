//! The contract with everybody who reads our topics: names, bytes, and what may change.
//!
//! One crate with a module for each concern, so that the samples are compiled once and nothing in them is unused.

mod evolution;
mod golden;
mod malformed;
mod rules;
mod samples;
mod types;

/// What a test ends with.
type TestResult = Result<(), Box<dyn std::error::Error>>;
