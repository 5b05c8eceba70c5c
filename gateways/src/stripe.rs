//! Stripe, by its PaymentIntents.
//!
//! An authorization is two requests. The first only creates a PaymentIntent, which moves nothing; its id is kept, and the second
//! confirms it. So whatever gets lost, what became of the payment can be asked for by its id: there is no asking by
//! an idempotency key, and the search lags behind.
//!
//! | Answer | Outcome |
//! |---|---|
//! | no byte was written; 429; `lock_timeout`, `rate_limit` | `not_processed` |
//! | 200 with what was asked for | as its `status` says |
//! | 402 with a `card_error` | `declined` |
//! | 401; 400, 402, 403, 404 with an `invalid_request_error` | `rejected` |
//! | 200 to a query | `reported` |
//! | anything else | `unknown` |
//!
//! *Anything else* has 409 (a twin is being processed), `idempotency_error` (our key came with another body before: a bug of
//! ours, and a query has to tell what was done under it), every 5xx, replayed or not, and a confirmation that a PaymentIntent
//! refuses for its state: it may have been confirmed already.
//!
//! A payment method is set up by a SetupIntent, in one request. Its `payment_method` is what is charged from then on.
//!
//! A capture has no object of its own at Stripe, so its attempt's id is kept in the PaymentIntent's metadata. A void has
//! nowhere to keep one.

mod amounts;
mod card;
pub(crate) mod codes;
mod dispute;
mod error;
mod intent;
mod judge;
mod notice;
mod refund;
mod report;
mod request;
mod setup;
#[cfg(test)]
mod tests;

use quittance_avro::records::{GatewayEffect, SetUpEffect};

use crate::{Adapter, Capabilities, Credentials, Exchange, Notice, NoticeError, Request, Verdict};

/// The version of Stripe's API that requests and answers are of, whatever the account's own is. Webhooks are of the version that
/// their endpoint was made with; of them only ids and metadata are read. The stripe-mock that tests hold requests against has the
/// description of this version.
pub const API_VERSION: &str = "2025-05-28.basil";

const DAY_MS: i64 = 86_400_000;

/// What it can do. Several captures of one authorization are for accounts with IC+ pricing only, and are not offered.
const CAPABILITIES: Capabilities = Capabilities {
    manual_capture: true,
    partial_capture: true,
    multiple_captures: false,
    partial_void: false,
    partial_refund: true,
    two_steps: true,
    actions: true,
    saves_methods: true,
    // Keys may be pruned after 24 hours.
    key_memory_ms: DAY_MS,
    authorization_ms: 7 * DAY_MS,
};

/// Speaks with Stripe.
pub(crate) struct Stripe;

impl Adapter for Stripe {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn requests(&self, effect: &GatewayEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
        request::of(effect, credentials)
    }

    fn judge(&self, effect: &GatewayEffect, exchanges: &[Exchange]) -> Verdict {
        judge::judge(effect, exchanges)
    }

    fn set_up_requests(&self, effect: &SetUpEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
        setup::requests(effect, credentials)
    }

    fn judge_set_up(&self, effect: &SetUpEffect, exchanges: &[Exchange]) -> Verdict {
        setup::judge(effect, exchanges)
    }

    fn notice(&self, body: &[u8]) -> Result<Notice, NoticeError> {
        notice::parse(body)
    }

    fn signature_header(&self) -> &'static str {
        "stripe-signature"
    }
}
