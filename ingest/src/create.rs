//! The bodies of `POST /v1/payments` and `POST /v1/payment-methods`, parsed. Pure.

mod parse;

pub use self::parse::{CreateRequest, PaidWith, parse};
pub(crate) use self::parse::{DESCRIPTION_CHARS_MAX, FUNDINGS, REFERENCE_CHARS_MAX, account_name, parse_method};
