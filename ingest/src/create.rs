//! The bodies of `POST /v1/payments` and `POST /v1/payment-methods`, parsed. Pure.

mod parse;
mod shape;

pub use self::parse::{CreateRequest, PaidWith, parse};
pub(crate) use self::{
    parse::{
        ACCOUNT_NAME, BRAND, COUNTRY, DESCRIPTION_CHARS_MAX, FUNDINGS, REFERENCE_CHARS_MAX, account_name, parse_method,
    },
    shape::{payment as payment_shape, payment_method as payment_method_shape},
};
