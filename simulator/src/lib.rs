//! A small stateful payment gateway over HTTP, for development and tests. It is no server for the open internet: it has no
//! authentication, no header time-out and no connection cap, and forgets everything when it stops.
//!
//! It behaves like a real gateway where a client's correctness is decided: a key is charged once, a client that gave up has
//! been charged all the same, and the outcome can be asked for afterwards. What each token does is one table (`tokens.rs`).
//!
//! | Request | Answer |
//! |---|---|
//! | `POST /v1/charges` with `Idempotency-Key` | 201 approved, 402 declined, 400/409/500/503 and nothing was processed |
//! | `GET /v1/charges?idempotency_key=K` | the key's charge in `data`, or an empty `data` |
//! | `GET /v1/charges/{id}` | the charge, or 404 |
//! | `GET /admin/keys?limit=1000&after=K` | what each key was asked, and how often it was charged; sorted by key |
//! | `GET /admin/keys/{key}` | the same of one key, or 404 |
//! | `GET /admin/totals` | sums since the start or the last reset |
//! | `POST /admin/reset` | 204; everything is forgotten, but ids are not given out again |
//!
//! The same key with the same body is answered with the stored charge and `Idempotent-Replayed: true`, with another body by
//! 409 `idempotency_key_reused`. While the first answer of a key is still under way (`tok_slow` only: it processes at once and
//! answers late) a twin gets 409 `in_progress`, also when the first client has given up meanwhile; the query by key already
//! shows the charge. An `invalid_token` leaves its key free for another body.

#![forbid(unsafe_code)]

mod dialect;
mod error;
mod handlers;
mod ledger;
mod routes;
mod tokens;

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How the gateway behaves beyond what its tokens say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How late `tok_slow` answers, in milliseconds. Default 2,000.
    pub slow_ms: u64,
    /// How many keys, and so charges, are remembered: a new key beyond that is refused with 503. Default 1,000,000.
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
/// When the listener's address cannot be read, which means that it is not usable.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = warp::serve(routes::routes(&config))
        .incoming(listener)
        .graceful(async {
            // A dropped sender is the signal.
            let _ = stopped.await;
        })
        .run();
    tracing::info!(%address, "gateway simulator listens");
    let mut server = std::pin::pin!(server);
    tokio::select! {
        () = &mut server => {}
        () = shutdown => {
            drop(stop);
            let drain = Duration::from_millis(config.slow_ms.saturating_add(DRAIN_MS));
            if tokio::time::timeout(drain, server).await.is_err() {
                tracing::warn!("gateway simulator stops with connections still open");
            }
        }
    }
    Ok(())
}
