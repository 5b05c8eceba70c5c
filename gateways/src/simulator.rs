//! The gateway simulator in its own dialect.
//!
//! | Answer | Outcome |
//! |---|---|
//! | no byte was written; 429; 503 `memory_full` | `not_processed` |
//! | 201 with what was asked for | as it says: `approved`, `action_required`, `pending`, `declined` |
//! | 402 with a declined charge | `declined` |
//! | 4xx with a code that refuses before anything is processed | `rejected` |
//! | 200 to a query: one charge, none | `reported`, `absent` |
//! | anything else | `unknown` |
//!
//! *Anything else* has every other 5xx, a reset, a time-out, a redirect, a body that is cut off, too large or not of the
//! dialect, and an answer that contradicts itself or the request. It also has two kinds of 409. `in_progress` means
//! that a twin is being processed. `idempotency_key_reused` means that our attempt's id came with another body before:
//! a bug of ours, and all the more reason to let a query find out what was done under it. Calling it rejected would
//! fail a payment that may have been taken.

mod charge;
pub(crate) mod codes;
mod judge;
mod notice;
mod report;
mod request;
#[cfg(test)]
mod tests;

use quittance_avro::records::{GatewayEffect, SetUpEffect};

use crate::{Adapter, Capabilities, Credentials, Exchange, Notice, NoticeError, Request, Verdict, answer};

const DAY_MS: i64 = 86_400_000;

/// What it can do.
const CAPABILITIES: Capabilities = Capabilities {
    manual_capture: true,
    partial_capture: true,
    multiple_captures: true,
    partial_void: true,
    partial_refund: true,
    two_steps: false,
    actions: true,
    saves_methods: false,
    key_memory_ms: DAY_MS,
    authorization_ms: 7 * DAY_MS,
};

/// Speaks with the simulator. It counts in the minor units of ISO 4217, as we do, and wants no credentials.
pub(crate) struct Simulator;

impl Adapter for Simulator {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn requests(&self, effect: &GatewayEffect, _: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
        request::of(effect).map(|request| vec![request])
    }

    fn judge(&self, effect: &GatewayEffect, exchanges: &[Exchange]) -> Verdict {
        judge::judge(effect, exchanges)
    }

    fn set_up_requests(&self, effect: &SetUpEffect, _: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
        Err(Box::new(answer::sets_nothing_up(effect.kind)))
    }

    fn judge_set_up(&self, _: &SetUpEffect, _: &[Exchange]) -> Verdict {
        answer::unusable()
    }

    fn notice(&self, body: &[u8]) -> Result<Notice, NoticeError> {
        notice::parse(body)
    }

    fn signature_header(&self) -> &'static str {
        "simulator-signature"
    }
}
