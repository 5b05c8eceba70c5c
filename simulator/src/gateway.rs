//! What the handlers share: the ledger and the time it is told, what goes wrong on purpose, and who is told what happened.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use warp::reply::Response;

use crate::Config;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::ledger::{Delivery, Ledger, Rules};
use crate::server;
use crate::webhooks::{Told, Webhooks};

/// How long a request that is not answered is held: longer than any client waits.
const UNANSWERED: Duration = Duration::from_secs(60);

/// A gateway, shared by all requests to it.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Shared>);

struct Shared {
    ledger: Mutex<Ledger>,
    clock: Clock,
    /// Something is due earlier than before.
    is_due_earlier: Notify,
    faults: Faults,
    webhooks: Webhooks,
    base: String,
    slow_ms: u64,
}

impl Gateway {
    /// A gateway with an empty ledger that is reached at `address`.
    ///
    /// # Errors
    /// When the client for webhooks cannot be made, which means that the process has no TLS.
    pub(crate) fn new(config: &Config, address: SocketAddr) -> std::io::Result<Self> {
        let clock = Clock::start();
        let base = base(address);
        let webhooks = Webhooks::new(clock, base.clone()).map_err(std::io::Error::other)?;
        let rules = Rules { slow_ms: config.slow_ms, each_max: config.charges_max };
        let ledger = Mutex::new(Ledger::new(rules));
        let (is_due_earlier, faults, slow_ms) = (Notify::new(), Faults::default(), config.slow_ms);
        Ok(Self(Arc::new(Shared { ledger, clock, is_due_earlier, faults, webhooks, base, slow_ms })))
    }

    /// Asks the ledger as of now.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Ledger) -> T) -> T {
        self.ask_and_hear(question).0
    }

    /// Asks the ledger as of now; also returns when a webhook is told that the answer has to wait for.
    pub(crate) fn ask_and_hear<T>(&self, question: impl FnOnce(&mut Ledger) -> T) -> (T, Option<Told>) {
        let shared = &*self.0;
        let mut ledger = shared.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let due_before_ms = ledger.next_due_ms();
        ledger.advance(shared.clock.now_ms());
        let answer = question(&mut ledger);
        let is_due_earlier = match (ledger.next_due_ms(), due_before_ms) {
            (Some(due_ms), Some(due_before_ms)) => due_ms < due_before_ms,
            (due, _) => due.is_some(),
        };
        // Still under the lock, so that webhooks wait in the order in which things happened.
        let told = shared.webhooks.tell(ledger.take_events());
        drop(ledger);
        if is_due_earlier {
            shared.is_due_earlier.notify_one();
        }
        (answer, told)
    }

    /// Lets things happen when they are due, for ever: without it they would happen when the ledger is asked next, and their
    /// webhooks be late.
    pub(crate) async fn keep_time(&self) {
        loop {
            let is_due_earlier = self.0.is_due_earlier.notified();
            match self.ask(|ledger| ledger.next_due_ms()) {
                Some(due_ms) => {
                    tokio::select! {
                        () = self.0.clock.sleep_until(due_ms) => {}
                        () = is_due_earlier => {}
                    }
                }
                None => is_due_earlier.await,
            }
        }
    }

    /// Holds an answer back as the ledger says. A client that gives up meanwhile ends the waiting and nothing else.
    pub(crate) async fn deliver(&self, delivery: Delivery, told: Option<Told>, response: Response) -> Response {
        match delivery {
            Delivery::Prompt => response,
            Delivery::Late { until_ms } => {
                self.0.clock.sleep_past(until_ms).await;
                response
            }
            Delivery::AfterWebhook => {
                if let Some(told) = told {
                    told.wait().await;
                }
                response
            }
            Delivery::Never => {
                tokio::time::sleep(UNANSWERED).await;
                server::without_answer()
            }
        }
    }

    /// Tells whoever listens what happened, for ever.
    pub(crate) async fn send_webhooks(&self) {
        self.0.webhooks.run().await;
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clock
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    /// Where it is reached, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    pub(crate) fn slow_ms(&self) -> u64 {
        self.0.slow_ms
    }
}

/// Who listens everywhere is reached on its own machine.
fn base(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1:8090", "http://127.0.0.1:8090")]
    #[case("0.0.0.0:8090", "http://127.0.0.1:8090")]
    #[case("[::]:8090", "http://[::1]:8090")]
    fn bases(#[case] address: SocketAddr, #[case] expected: &str) {
        assert_eq!(base(address), expected);
    }
}
