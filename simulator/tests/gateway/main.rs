//! The simulator as its clients meet it: served on a port of its own, driven over HTTP.

mod admin;
mod charges;
mod errors;
mod harness;
mod shutdown;
