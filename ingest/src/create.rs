//! The body of `POST /v1/payments`, parsed. Pure.

mod fields;
mod parse;

pub(crate) use self::parse::account_name;
pub use self::parse::{CreateRequest, parse};
