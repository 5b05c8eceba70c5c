//! What tenants configure, from JSON to records and back. Pure.

mod account;
mod api_key;
mod fees;
mod limits;
mod lists;
mod rules;
mod shape;

pub(crate) use self::{
    account::{AccountRequest, AccountView},
    api_key::{ApiKeyRequest, ApiKeyStatus, ApiKeyView},
    fees::FeesView,
    limits::LimitsView,
    rules::RulesView,
    shape::{
        account as account_shape, api_key as api_key_shape, fees as fees_shape, limits as limits_shape,
        rules as rules_shape,
    },
};
use crate::problem::FieldError;

/// What was read of a body, or everything that is wrong with it.
pub(crate) type Parsed<T> = Result<T, Vec<FieldError>>;

/// Reads the body of `PUT /v1/fees`.
pub(crate) use self::fees::parse as parse_fees;
/// Reads the body of `PUT /v1/limits`.
pub(crate) use self::limits::parse as parse_limits;
/// Reads the body of `PUT /v1/routing-rules`.
pub(crate) use self::rules::parse as parse_rules;
