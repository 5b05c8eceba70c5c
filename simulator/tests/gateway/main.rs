//! The simulator as its clients meet it: served on a port of its own, driven over HTTP.

mod actions;
mod admin;
mod charges;
mod dashboard;
mod disputes;
mod errors;
mod faults;
mod harness;
mod operations;
mod shutdown;
mod stripe;
mod webhooks;
