//! The body of `POST /v1/payments`, parsed. Pure.

mod parse;

pub use self::parse::{CreateRequest, parse};
pub(crate) use self::parse::{
    DESCRIPTION_CHARS_MAX, FUNDINGS, METADATA_KEY_CHARS_MAX, METADATA_KEYS_MAX, METADATA_VALUE_CHARS_MAX,
    REFERENCE_CHARS_MAX, account_name,
};
