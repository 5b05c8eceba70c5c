//! The body of `POST /v1/payments`, parsed. Pure.

mod fields;
mod parse;

pub use self::parse::{CreateRequest, parse};
