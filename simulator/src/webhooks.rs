//! Webhooks: who listens is told what happened to a charge, signed, a few times until it answers that it heard.
//!
//! They wait in a bounded queue and are sent several at a time, so that one that is tried again does not hold up the others.
//! Their order is therefore only roughly that of what happened, as at real gateways.

mod signature;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use serde::Deserialize;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::ledger::Event;
use crate::{dialect, stripe};

const WAITING_MAX: usize = 10_000;
const AT_ONCE_MAX: usize = 16;
const RETRIES_MAX: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(5);

/// The body of `PUT /admin/webhooks`. It has a secret in it, and no `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    url: String,
    secret: String,
    dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Dialect {
    Simulator,
    Stripe,
}

/// A listener that can be told.
#[derive(Deserialize)]
#[serde(try_from = "Listener")]
pub(crate) struct Target {
    url: reqwest::Url,
    secret: String,
    dialect: Dialect,
}

impl TryFrom<Listener> for Target {
    type Error = &'static str;

    fn try_from(listener: Listener) -> Result<Self, Self::Error> {
        let Listener { url, secret, dialect } = listener;
        let url = reqwest::Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        match url {
            Some(url) if !secret.is_empty() => Ok(Self { url, secret, dialect }),
            Some(_) => Err("the secret must not be empty"),
            None => Err("the url must be an http or https URL"),
        }
    }
}

impl Target {
    fn body(&self, event: &Event, base: &str) -> Option<String> {
        match self.dialect {
            Dialect::Simulator => Some(dialect::event(event, base)),
            Dialect::Stripe => stripe::event(event, base),
        }
    }

    fn header(&self) -> &'static str {
        match self.dialect {
            Dialect::Simulator => "simulator-signature",
            Dialect::Stripe => "stripe-signature",
        }
    }
}

/// The end of a webhook that somebody waits for.
#[derive(Debug)]
pub(crate) struct Told(oneshot::Receiver<()>);

impl Told {
    /// Waits until it was heard or given up.
    pub(crate) async fn wait(self) {
        // A sender that is gone means that it was given up.
        let _ = self.0.await;
    }
}

/// Who listens, and what it still has to be told.
pub(crate) struct Webhooks {
    state: Mutex<State>,
    is_waiting: Notify,
    sender: Sender,
}

#[derive(Default)]
struct State {
    target: Option<Arc<Target>>,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    target: Arc<Target>,
    event: Event,
    /// Dropped when it was heard or given up.
    done: Option<oneshot::Sender<()>>,
}

impl Webhooks {
    pub(crate) fn new(clock: Clock, base: String) -> reqwest::Result<Self> {
        // Neither a proxy of the machine nor a redirect of the listener decides where a webhook goes.
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Self { state: Mutex::default(), is_waiting: Notify::new(), sender: Sender { http, clock, base } })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has this one told from now on, or nobody. What waits for another goes there still.
    pub(crate) fn listen(&self, target: Option<Target>) {
        self.state().target = target.map(Arc::new);
    }

    /// Has these told, if somebody listens. Returns the end of one that is waited for.
    pub(crate) fn tell(&self, events: Vec<Event>) -> Option<Told> {
        if events.is_empty() {
            return None;
        }
        let mut state = self.state();
        let target = state.target.clone()?;
        let mut told = None;
        for event in events {
            let done = if event.is_awaited {
                let (done, end) = oneshot::channel();
                told = Some(Told(end));
                Some(done)
            } else {
                None
            };
            if state.waiting.len() >= WAITING_MAX
                && let Some(oldest) = state.waiting.pop_front()
            {
                tracing::warn!(event = %oldest.event.id, "too many webhooks wait: the oldest is dropped");
            }
            state.waiting.push_back(Waiting { target: Arc::clone(&target), event, done });
        }
        drop(state);
        self.is_waiting.notify_one();
        told
    }

    /// Sends what waits, for ever.
    pub(crate) async fn run(&self) {
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() >= AT_ONCE_MAX {
                under_way.join_next().await;
            }
            let next = self.state().waiting.pop_front();
            match next {
                Some(waiting) => {
                    under_way.spawn(self.sender.clone().send(waiting));
                }
                None => self.is_waiting.notified().await,
            }
        }
    }
}

#[derive(Clone)]
struct Sender {
    http: reqwest::Client,
    clock: Clock,
    base: String,
}

impl Sender {
    async fn send(self, waiting: Waiting) {
        let Waiting { target, event, done: _until_the_end } = waiting;
        // What a dialect has no word for is not told in it.
        let Some(body) = target.body(&event, &self.base) else {
            return;
        };
        for tried in 0..=RETRIES_MAX {
            if tried > 0 {
                tokio::time::sleep(BACKOFF * 2_u32.pow(tried - 1)).await;
            }
            match self.post(&target, body.clone()).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(event = %event.id, tried, error, "a webhook was not heard"),
            }
        }
        tracing::warn!(event = %event.id, charge = %event.charge.id, "a webhook is given up");
    }

    /// Each try is signed anew, because a listener takes no old signature.
    async fn post(&self, target: &Target, body: String) -> Result<(), String> {
        let signature = signature::header(&target.secret, self.clock.now_s(), &body);
        let request = self.http.post(target.url.clone()).header("content-type", "application/json");
        let response = request.header(target.header(), signature).body(body).send().await;
        match response {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(response.status().to_string()),
            // The URL may have a credential in it.
            Err(error) => Err(error.without_url().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ask, Ledger, NewCharge, Rules};
    use crate::tokens::Token;
    use crate::values::{Credential, Metadata};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// What a charge of that token has told.
    fn event(token: Token) -> Result<Event, Box<dyn std::error::Error>> {
        let mut ledger = Ledger::new(Rules { slow_ms: 0, each_max: 1 });
        let new = NewCharge {
            token: Some(token),
            amount: 5.try_into()?,
            currency: "EUR".to_owned().try_into()?,
            capture: true,
            metadata: Metadata::default(),
            return_url: None,
            off_session: false,
            credential: Credential::default(),
        };
        ledger.charge(&Ask { key: None, fingerprint: 0, keeps_failures: false }, &new);
        ledger.take_events().pop().ok_or_else(|| "nothing was told".into())
    }

    fn webhooks() -> reqwest::Result<Webhooks> {
        Webhooks::new(Clock::start(), "http://127.0.0.1:8090".to_owned())
    }

    fn target() -> Result<Target, &'static str> {
        let (url, secret) = ("http://127.0.0.1:9/".to_owned(), "whsec_test".to_owned());
        Listener { url, secret, dialect: Dialect::Simulator }.try_into()
    }

    #[tokio::test]
    async fn nobody_is_told_and_nobody_waits_where_nobody_listens() -> Outcome {
        let webhooks = webhooks()?;
        assert!(webhooks.tell(vec![event(Token::WebhookFirst)?]).is_none());
        assert!(webhooks.state().waiting.is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_the_oldest_is_given_up() -> Outcome {
        let webhooks = webhooks()?;
        webhooks.listen(Some(target()?));
        let told = webhooks.tell(vec![event(Token::WebhookFirst)?]).ok_or("nobody waits")?;
        webhooks.tell(vec![event(Token::Approve)?; WAITING_MAX - 1]);
        assert!(webhooks.state().waiting.front().is_some_and(|waiting| waiting.event.is_awaited));
        webhooks.tell(vec![event(Token::Approve)?]);
        assert_eq!(webhooks.state().waiting.len(), WAITING_MAX);
        tokio::time::timeout(TIMEOUT, told.wait()).await?;
        Ok(())
    }
}
