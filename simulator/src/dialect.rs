//! The gateway's own dialect: the JSON that comes in and goes out under `/v1`.

mod handlers;
mod offline;
mod requests;
mod routes;
mod view;

pub use offline::{Asked, Machine, MachineLine, Told};
pub(crate) use requests::parse_json;
pub(crate) use routes::routes;
pub(crate) use view::{ChargeView, DisputeAnswer, RefundAnswer, event};
