//! What goes wrong on purpose between a client and the gateway: nothing, until a test asks for it.
//!
//! Each request to one of the two APIs meets a fault with a chance, and both the chance and the fault are drawn from a seed:
//! the same requests one after the other meet the same faults again.
//!
//! | Fault | What the client sees | What was processed |
//! |---|---|---|
//! | 500 before | 500 | nothing |
//! | 500 after | 500 | the request; in Stripe's dialect its key answers 500 from then on |
//! | busy | 429 | nothing |
//! | dropped before | a closed connection | nothing |
//! | dropped after | a closed connection | the request |
//! | late | its answer, up to [`Config::slow_ms`](crate::Config::slow_ms) later | the request |
//! | down | a closed connection | nothing |

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use warp::Reply;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::ledger::Refusal;
use crate::server::Unanswered;
use crate::stripe;
use crate::values::IdempotencyKey;

/// The body of `PUT /admin/faults`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    seed: u64,
    /// How many requests of a hundred meet a fault.
    percent: u8,
    /// For how long from now every connection is closed.
    #[serde(default)]
    down_ms: u64,
}

impl Order {
    pub(crate) fn is_valid(&self) -> bool {
        self.percent <= 100
    }
}

/// A way in which a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    FailedBefore,
    FailedAfter,
    Busy,
    DroppedBefore,
    DroppedAfter,
    Late { ms: u64 },
}

/// The faults that were ordered.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    plan: Option<Plan>,
    down_until_ms: u64,
}

#[derive(Debug)]
struct Plan {
    random: StdRng,
    percent: u8,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place of what was ordered before.
    pub(crate) fn order(&self, order: Order, now_ms: u64) {
        let Order { seed, percent, down_ms } = order;
        let plan = (percent > 0).then(|| Plan { random: StdRng::seed_from_u64(seed), percent });
        *self.state() = State { plan, down_until_ms: now_ms.saturating_add(down_ms) };
    }

    fn is_down(&self, now_ms: u64) -> bool {
        now_ms < self.state().down_until_ms
    }

    fn draw(&self, late_ms_max: u64) -> Option<Fault> {
        self.state().plan.as_mut()?.draw(late_ms_max)
    }
}

impl Plan {
    fn draw(&mut self, late_ms_max: u64) -> Option<Fault> {
        if self.random.random_range(0..100) >= self.percent {
            return None;
        }
        Some(match self.random.random_range(0..6_u8) {
            0 => Fault::FailedBefore,
            1 => Fault::FailedAfter,
            2 => Fault::Busy,
            3 => Fault::DroppedBefore,
            4 => Fault::DroppedAfter,
            _ => Fault::Late { ms: self.random.random_range(0..=late_ms_max) },
        })
    }
}

/// The APIs that faults are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    Own,
    Stripe,
}

impl Api {
    fn of(path: &str) -> Option<Self> {
        if path.starts_with("/v1/") {
            Some(Self::Own)
        } else if path.starts_with(stripe::PREFIX) {
            Some(Self::Stripe)
        } else {
            None
        }
    }

    fn refused(self, refusal: Refusal) -> Response {
        match self {
            Self::Own => Error::Refused(refusal).into_response(),
            Self::Stripe => stripe::refused(refusal),
        }
    }
}

/// Serves a request, unless it meets a fault.
pub(crate) async fn meet<F: Future<Output = Response> + Send>(
    gateway: &Gateway,
    request: Request<Incoming>,
    serve: impl FnOnce(Request<Incoming>) -> F + Send,
) -> Result<Response, Unanswered> {
    let Some(api) = Api::of(request.uri().path()) else {
        return Ok(serve(request).await);
    };
    if gateway.faults().is_down(gateway.clock().now_ms()) {
        return Err(Unanswered);
    }
    let Some(fault) = gateway.faults().draw(gateway.slow_ms()) else {
        return Ok(serve(request).await);
    };
    tracing::debug!(?fault, path = request.uri().path(), "request meets a fault");
    match fault {
        Fault::FailedBefore => Ok(api.refused(Refusal::Failed)),
        Fault::Busy => Ok(api.refused(Refusal::Busy)),
        Fault::DroppedBefore => Err(Unanswered),
        Fault::DroppedAfter => {
            serve(request).await;
            Err(Unanswered)
        }
        Fault::FailedAfter => {
            let key = key_to_spoil(api, request.method(), request.headers());
            let response = serve(request).await;
            if let Some(key) = key.filter(|_| was_worked_on(&response)) {
                gateway.ask(|ledger| ledger.spoil(&key));
            }
            Ok(api.refused(Refusal::Failed))
        }
        Fault::Late { ms } => {
            let response = serve(request).await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(response)
        }
    }
}

/// The key that answers with the error from then on: Stripe stores what it answered, whatever that was.
fn key_to_spoil(api: Api, method: &Method, headers: &HeaderMap) -> Option<IdempotencyKey> {
    let key = headers.get("idempotency-key").filter(|_| api == Api::Stripe && method == Method::POST)?;
    IdempotencyKey::try_from(key.to_str().ok()?.to_owned()).ok()
}

/// Whether the answer was found just now and stored: a twin, or one that comes again, spoils nothing.
fn was_worked_on(response: &Response) -> bool {
    let is_new = !response.headers().contains_key("idempotent-replayed");
    is_new && matches!(response.status(), StatusCode::OK | StatusCode::PAYMENT_REQUIRED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn drawn(order: Order, count: usize) -> Vec<Option<Fault>> {
        let faults = Faults::default();
        faults.order(order, 0);
        (0..count).map(|_| faults.draw(100)).collect()
    }

    #[test]
    fn every_fault_is_drawn_and_no_more_often_than_ordered() {
        let faults = drawn(Order { seed: 1, percent: 30, down_ms: 0 }, 10_000);
        let met = faults.iter().flatten().collect::<Vec<_>>();
        assert!((2_500..3_500).contains(&met.len()), "{}", met.len());
        for fault in [Fault::FailedBefore, Fault::FailedAfter, Fault::Busy, Fault::DroppedBefore, Fault::DroppedAfter] {
            let count = met.iter().filter(|other| ***other == fault).count();
            assert!((300..700).contains(&count), "{fault:?}: {count}");
        }
        assert!(met.iter().any(|fault| matches!(fault, Fault::Late { ms } if *ms > 0)));
    }

    #[rstest]
    #[case::never(0, 0)]
    #[case::always(100, 100)]
    fn chances(#[case] percent: u8, #[case] met: usize) {
        let faults = drawn(Order { seed: 7, percent, down_ms: 0 }, 100);
        assert_eq!(faults.iter().flatten().count(), met);
    }

    #[test]
    fn down_ends_by_itself_and_with_the_next_order() {
        let faults = Faults::default();
        faults.order(Order { seed: 0, percent: 0, down_ms: 10 }, 100);
        assert!(faults.is_down(109) && !faults.is_down(110));
        faults.order(Order { seed: 0, percent: 0, down_ms: 0 }, 105);
        assert!(!faults.is_down(105));
    }

    #[rstest]
    #[case("/v1/charges", Some(Api::Own))]
    #[case("/stripe/v1/refunds", Some(Api::Stripe))]
    #[case("/admin/reset", None)]
    #[case("/actions/ch_1", None)]
    fn apis(#[case] path: &str, #[case] api: Option<Api>) {
        assert_eq!(Api::of(path), api);
    }

    proptest! {
        #[test]
        fn a_seed_draws_the_same_again(seed: u64, percent in 0..=100_u8) {
            let order = Order { seed, percent, down_ms: 0 };
            prop_assert_eq!(drawn(order, 50), drawn(order, 50));
        }
    }
}
