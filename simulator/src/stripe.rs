//! Stripe's dialect, as far as payments by card need it: forms in, JSON out, under `/stripe/v1`.
//!
//! A PaymentIntent is a charge of the ledger that may not be confirmed yet, and has its number: `pi_7` is `ch_7`.
//!
//! | File | Has |
//! |---|---|
//! | `routes`, `handlers` | HTTP: what every request needs, and in which order it is looked at |
//! | `form` | nested forms, and what of them nobody asked for |
//! | `request` | which request it is, with its values parsed |
//! | `amounts` | which amounts a currency can have |
//! | `expand` | which objects are told whole |
//! | `intent`, `charge`, `payment_method`, `refund`, `dispute`, `setup`, `list` | the objects |
//! | `problem`, `decline` | the errors |
//! | `event` | webhooks |

mod amounts;
mod charge;
mod decline;
mod dispute;
mod event;
mod expand;
mod form;
mod handlers;
mod intent;
mod list;
mod payment_method;
mod problem;
mod refund;
mod request;
mod routes;
mod setup;

use warp::Reply;
use warp::reply::Response;

use crate::ledger::Refusal;

pub(crate) use event::event;
pub(crate) use routes::routes;

/// What the path of each of its requests begins with.
pub(crate) const PREFIX: &str = "/stripe/v1/";

/// The version whose objects these are.
const API_VERSION: &str = "2025-09-30.clover";

/// The answer to a request that got no further than this.
pub(crate) fn refused(refusal: Refusal) -> Response {
    problem::Problem::from(refusal).into_response()
}
