//! A small stateful payment gateway over HTTP, for development and tests. It is no server for the open internet: its
//! authentication is for show, it has no header time-out and no connection cap, and it forgets everything when it stops.
//!
//! It behaves like a real gateway where a client's correctness is decided: a key is charged once, a client that gave up has
//! been charged all the same, things turn out otherwise later, and the outcome can be asked for afterwards. What each token
//! does is one table (`tokens.rs`). One ledger is behind two dialects: the simulator's own, and Stripe's.
//!
//! # The simulator's dialect
//!
//! JSON. Amounts are in minor units, times in milliseconds since the Unix epoch. Every `POST` needs an `Idempotency-Key`.
//!
//! | Request | Answer |
//! |---|---|
//! | `POST /v1/charges` `{amount, currency, token, capture = true, metadata = {}, return_url?, initiator = customer, stored_credential?, network_transaction_id?}` | 201 a charge; 402 declined, with the charge |
//! | `GET /v1/charges/{id}` | the charge, or 404 `charge_not_found` |
//! | `GET /v1/charges?idempotency_key=K` | in `data` the charges that requests with this key made or acted on: mostly one or none |
//! | `POST /v1/charges/{id}/captures` `{amount, final = true, metadata = {}}` | 201 a capture; 409 `not_capturable`, 422 `amount_too_large` |
//! | `POST /v1/charges/{id}/void` `{metadata = {}}` | 201 a void; 409 `not_voidable` |
//! | `POST /v1/charges/{id}/refunds` `{amount, reason?, metadata = {}}` | 201 a refund; 409 `not_refundable`, `charge_disputed`, 422 `amount_too_large` |
//!
//! A charge:
//!
//! | Member | Is |
//! |---|---|
//! | `id` | `ch_<n>` |
//! | `status` | see below |
//! | `amount` | what was approved; until then, and if it never is, what was asked for |
//! | `amount_captured`, `amount_refunded` | captures, and refunds, that did not fail |
//! | `currency` | three capital letters |
//! | `authorization_code`, `network_transaction_id` | null unless it was approved, whatever came after |
//! | `decline_code`, `advice` | null unless it was declined; the advice is `try_again_later`, `do_not_try_again` or null |
//! | `avs_result`, `cvc_result` | in the networks' own letters |
//! | `card` | `{brand, funding, country, iin, last4, exp_month, exp_year, fingerprint}` |
//! | `initiator`, `stored_credential`, `goes_back_to` | who charges, what for if the card is stored, and the `network_transaction_id` that the client gave |
//! | `metadata` | the client's marks: up to 50, names of up to 40 characters, values of up to 500 |
//! | `next_action` | null, or `{type: "redirect", url, expires_at}` |
//! | `expires_at` | until when it must be captured; null unless money is held |
//! | `captures` | `[{id: "cap_<n>", amount, status: succeeded or failed, final, metadata, created, failure_code?}]`; one made at once has the charge's metadata |
//! | `refunds` | `[{id: "re_<n>", amount, status: pending, succeeded or failed, metadata, created, failure_code?}]` |
//! | `disputes` | `[{id: "dp_<n>", amount, status: open, won or lost, reason, created}]`; a won one is the merchant's |
//! | `void` | null, or `{id: "void_<n>", amount, reason: requested or expired, metadata, created}`; the amount is what was held until then |
//!
//! Captures, voids and refunds as answers have `charge` as well, and refunds their `reason`.
//!
//! | `status` | Means | Next |
//! |---|---|---|
//! | `requires_action` | the customer has to act | approve, fail, void, or its time is over |
//! | `processing` | the issuer takes its time | it approves |
//! | `declined` | the issuer refused, or the customer failed (`authentication_failed`) or was too late (`action_expired`) | |
//! | `authorized` | money is held, and a part may have been taken by captures that were not `final` | capture, void, or its time is over |
//! | `succeeded` | money was taken and nothing more is held: all of it, or the rest was released | refund; a capture that fails makes it `authorized` again |
//! | `voided`, `expired` | all was released | |
//! | `created` | it was made in Stripe's dialect and not confirmed | |
//!
//! Errors are `{error: {code, message}}`, and `decline_code` in a decline:
//!
//! | Status | `code` | Was it processed? |
//! |---|---|---|
//! | 400 | `malformed_json`, `invalid_request`, `invalid_token`, `invalid_query`, `idempotency_key_required`, `invalid_idempotency_key`, `body_unreadable` | no |
//! | 402 | `card_declined` | yes, and declined |
//! | 404, 405, 411, 413, 415 | `not_found`, `charge_not_found`, `method_not_allowed`, `length_required`, `body_too_large`, `unsupported_media_type` | no |
//! | 409 | `not_capturable`, `not_voidable`, `not_refundable`, `charge_disputed` | no, and the key keeps that answer |
//! | 409 | `in_progress` | the key's first request may be |
//! | 409 | `idempotency_key_reused` | not this request |
//! | 422 | `amount_too_large` | no, and the key keeps that answer |
//! | 429 | `too_many_requests` | no |
//! | 500 | `gateway_error` | that is the question |
//! | 503 | `memory_full` | no |
//!
//! A key is remembered with its request: method, path and body. The same request is answered with what came of it the first
//! time and `Idempotent-Replayed: true`, another by 409 `idempotency_key_reused`. While the first answer of a key is still
//! under way (`tok_slow` only: it processes at once and answers late) a twin gets 409 `in_progress`, also when the first client
//! has given up meanwhile; the query by key already shows the charge. An `invalid_token` leaves its key free for another
//! request, and so does a charge that is not there.
//!
//! While a dispute is open, and after one was lost, nothing of the charge is given back. Lost money is gone like money that was
//! given back, and has sums of its own.
//!
//! # Where the customer acts
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /actions/{charge}` | a page with two buttons |
//! | `POST /actions/{charge}/approve` | the charge, `succeeded` or `authorized`; 409 `no_action` |
//! | `POST /actions/{charge}/fail` | the charge, `declined`; 409 `no_action` |
//!
//! Who accepts `text/html` is sent on to the charge's `return_url` by 303 instead.
//!
//! # Stripe's dialect
//!
//! Forms in, JSON out, as Stripe documents them. `Authorization: Bearer sk_test_…` and `Stripe-Version` are required, a key is
//! not. Parameters that are not known are refused.
//!
//! | Request | Parameters |
//! |---|---|
//! | `POST /stripe/v1/payment_intents` | `amount`, `currency`, `capture_method`, `payment_method`, `metadata`, `setup_future_usage`; with `confirm=true` also `return_url`, `off_session` |
//! | `POST /stripe/v1/payment_intents/{id}/confirm` | `payment_method`, `return_url`, `off_session`, `setup_future_usage` |
//! | `POST /stripe/v1/payment_intents/{id}/capture` | `amount_to_capture`, `metadata`, `final_capture` (true only: the rest is released) |
//! | `POST /stripe/v1/payment_intents/{id}/cancel` | `cancellation_reason` |
//! | `GET /stripe/v1/payment_intents/{id}` | |
//! | `GET /stripe/v1/payment_intents` | `limit`, `starting_after` |
//! | `POST /stripe/v1/refunds` | `payment_intent` or `charge`, `amount`, `reason`, `metadata` |
//! | `GET /stripe/v1/refunds/{id}` | |
//! | `GET /stripe/v1/refunds` | `payment_intent`, `limit`, `starting_after` |
//! | `GET /stripe/v1/disputes/{id}` | |
//! | `GET /stripe/v1/disputes` | `payment_intent`, `charge`, `limit`, `starting_after` |
//! | `POST /stripe/v1/setup_intents` | `payment_method`, `confirm`, `usage`, `metadata`, `return_url` |
//! | `GET /stripe/v1/setup_intents/{id}`, `/stripe/v1/payment_methods/{id}` | |
//!
//! | Of | `expand[]` takes (in lists after `data.`) |
//! |---|---|
//! | intents | `latest_charge`, `latest_charge.refunds`, `payment_method` |
//! | refunds, disputes | `charge`, `payment_intent` |
//! | setups | `payment_method` |
//!
//! `pi_<n>` is `ch_<n>` of the other dialect, and each dialect shows the charges of both. Payment methods are `pm_<name>` or
//! `tok_<name>` for each `tok_<name>`, and a few of Stripe's own (`stripe/payment_method.rs`). A stored answer is told again
//! with `Idempotent-Replayed: true`, also a 500; only what was turned down before it was worked on (a parameter, 401, 404, 409,
//! 429) is not stored. Errors are tables in `stripe/problem.rs` and `stripe/decline.rs`, amounts in `stripe/amounts.rs`.
//!
//! # Webhooks
//!
//! | | Simulator | Stripe |
//! |---|---|---|
//! | body | `{id: "evt_<n>", type, created (seconds), data: {object: charge}}` | Stripe's event |
//! | `type` | `charge.declined`, `charge.refunded`, `charge.disputed`, `charge.dispute_closed`, and `charge.updated` for the rest | a table in `stripe/event.rs` |
//! | signature | `Simulator-Signature` | `Stripe-Signature` |
//!
//! They are sent after every change of a charge. The signature is `t=<unix seconds>,v1=<hex of HMAC-SHA256(secret,
//! "<t>.<body>")>`. What is not answered with 2xx within 5 s is sent again, five times, after 200 ms and then twice as long each
//! time. Up to 10,000 wait; then the oldest is dropped.
//!
//! # For tests and operators
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /admin/keys?limit=1000&after=K` | what each key was asked, and how often it was charged; sorted by key |
//! | `GET /admin/keys/{key}` | the same of one key, or 404 |
//! | `GET /admin/totals` | sums since the start or the last reset: `{requests, charges, declines, amount_captured, amount_lost}`, the amounts by currency |
//! | `GET /admin/ledger?limit=1000&after=ch_<n>` | what each charge came to: `{charge, payment_id, attempt_id, currency, authorized, captured, refunded, lost, voided}`, the ids from its metadata |
//! | `POST /admin/charges/{id}/refunds` `{amount}` | 201; a refund in the dashboard, without metadata |
//! | `POST /admin/charges/{id}/expire` | the charge; what is held or waits for the customer expires now; 409 `not_expirable` |
//! | `POST /admin/charges/{id}/captures/{cap}/fail` | the charge; 409 `not_failable` if it failed before, or its money was given back or disputed |
//! | `POST /admin/refunds/{id}/fail` | the charge; 409 `not_failable` if it failed before |
//! | `POST /admin/charges/{id}/disputes` `{amount?, reason = "fraudulent"}` | 201 the charge, and in `dispute` the dispute's id; without an amount all that was taken, is not given back and not disputed; 409 `not_disputable` if there is none, or another dispute is open, 422 `amount_too_large` |
//! | `POST /admin/disputes/{id}/close` `{won}` | the charge; also the other way than before; 409 `not_closable` if it is the same way, or money that was won has been given back or disputed again since |
//! | `PUT /admin/webhooks` `{url, secret, dialect: simulator or stripe}` | 204; `DELETE` ends it |
//! | `PUT /admin/faults` `{seed, percent, down_ms = 0}` | 204; what goes wrong is a table in `faults.rs`; `percent: 0` ends it |
//! | `POST /admin/keys/forget` | 204; keys are new again, what was charged stays, and `GET /admin/keys` shows who charged twice |
//! | `POST /admin/reset` | 204; everything is forgotten, but ids are not given out again; webhooks and faults stay as they are |

#![forbid(unsafe_code)]

mod actions;
mod admin;
mod clock;
mod dialect;
mod error;
mod faults;
mod gateway;
mod ledger;
mod routes;
mod server;
mod stripe;
mod tokens;
mod values;
mod webhooks;

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;

pub use dialect::{Asked, Machine, MachineLine, Told};
use gateway::Gateway;

/// How the gateway behaves beyond what its tokens say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How late `tok_slow` answers, and how much later things happen that happen later, in milliseconds. Default 2,000.
    pub slow_ms: u64,
    /// How many keys are remembered, and how many charges, setups, and captures, refunds and disputes together: one more is
    /// refused with 503. Default 1,000,000.
    pub charges_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { slow_ms: 2_000, charges_max: 1_000_000 }
    }
}

/// How long open connections may take to end after the shutdown, beyond the slowest answer.
const DRAIN_MS: u64 = 1_000;

/// Serves the gateway on `listener` until `shutdown` is ready. Then nothing new is accepted, exchanges under way are answered,
/// and connections that do not end (a half-sent request) are left to the end of the process after `slow_ms` and a second.
///
/// # Errors
/// When the listener's address cannot be read, which means that it is not usable, or when the client for webhooks cannot be
/// made.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let gateway = Gateway::new(&config, address)?;
    let drain = Duration::from_millis(config.slow_ms.saturating_add(DRAIN_MS));
    tracing::info!(%address, "gateway simulator listens");
    tokio::select! {
        () = server::run(listener, &gateway, shutdown, drain) => {}
        // Neither of these ends.
        () = gateway.keep_time() => {}
        () = gateway.send_webhooks() => {}
    }
    Ok(())
}
