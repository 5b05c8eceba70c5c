//! What clients are shown. Pure.

mod event;
mod method;
mod operation;
mod payment;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::event::event;
pub use self::{
    event::EventView,
    method::{MethodView, method},
    operation::{OperationView, refund},
    payment::{PaymentView, Text, payment},
};

/// Several of something.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// They.
    pub data: Vec<T>,
    /// Whether there are more.
    pub has_more: bool,
}
