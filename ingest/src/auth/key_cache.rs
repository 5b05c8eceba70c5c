//! The keys of one issuer, kept fresh.
//!
//! One task fetches them, so that there is never more than one request to an issuer: now and then of its own accord, and when
//! a token names a key that is not there. The latter everybody on the network can bring about, so that it happens once in a
//! while only; whoever comes meanwhile gets what is there.
//!
//! What follows from that: a new key is found with the first token that names it, and a key that the issuer has removed is
//! used for [`Freshness::every`] at the most, and one fetch, after which it is gone. While the issuer cannot be reached, or serves
//! something else, its last keys stay: to lock everybody out because of an outage elsewhere would be worse, and what an issuer
//! wants to take back it has to serve.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quittance_service::backoff::Backoff;
use reqwest::Client;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};

use super::{
    key_set::{KeySet, NoKeySet},
    key_source::{FetchError, KeySource},
};

/// How fresh the keys are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Freshness {
    /// The longest time from one fetch to the next; it is shortened at random by up to a fifth, so that not all of us ask at
    /// once.
    pub(super) every: Duration,
    /// The shortest time between two fetches because of keys that are not there.
    pub(super) asked_every: Duration,
    /// The shortest time to the next fetch after one that failed; it grows up to `every`.
    pub(super) retry: Duration,
    /// How long a fetch may take.
    pub(super) within: Duration,
}

impl Freshness {
    /// What docs/authentication.md tells.
    pub(super) const DEFAULT: Self = Self {
        every: Duration::from_secs(300),
        asked_every: Duration::from_secs(30),
        retry: Duration::from_secs(1),
        within: Duration::from_secs(5),
    };

    fn rest(self) -> Duration {
        Backoff::new(self.every * 4 / 5, self.every).map_or(self.every, |mut evenly| evenly.next_delay())
    }
}

/// The keys of one issuer. Dropping it ends its task.
pub(super) struct KeyCache {
    freshness: Freshness,
    state: watch::Receiver<State>,
    wanted: Arc<Notify>,
    asked: Mutex<Option<Asked>>,
    task: JoinHandle<()>,
}

/// The keys of an issuer that was never reached are not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NeverFetched;

struct State {
    set: Option<Arc<KeySet>>,
    /// Fetches that began, the first with the cache itself, and those of them that ended.
    begun: u64,
    ended: u64,
}

/// The last time that a fetch was asked for, and which one that was.
#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    target: u64,
}

impl State {
    fn has(&self, id: &str) -> bool {
        self.set.as_ref().is_some_and(|set| set.find(id).is_some())
    }
}

impl KeyCache {
    /// Fetches the keys for the first time, and from then on.
    pub(super) fn start(issuer: &str, source: KeySource, client: Client, freshness: Freshness) -> Self {
        let (state, watched) = watch::channel(State { set: None, begun: 1, ended: 0 });
        let wanted = Arc::new(Notify::new());
        let refreshing = Refreshing {
            issuer: issuer.to_owned(),
            source,
            client,
            freshness,
            state,
            wanted: wanted.clone(),
            body: Vec::new(),
        };
        let task = tokio::spawn(refreshing.run());
        Self { freshness, state: watched, wanted, asked: Mutex::default(), task }
    }

    /// The set that has a key of that id; or, without one, the latest, after it was fetched again if it may be.
    pub(super) async fn having(&self, id: &str) -> Result<Arc<KeySet>, NeverFetched> {
        let target = {
            let state = self.state.borrow();
            if state.has(id) { None } else { self.target(&state) }
        };
        if let Some(target) = target {
            let done = |state: &State| state.ended >= target || state.has(id);
            let mut state = self.state.clone();
            // A fetch that was under way when this one was asked for comes first. However it ends, what is there counts.
            let _ = tokio::time::timeout(self.freshness.within * 2, state.wait_for(done)).await;
        }
        self.state.borrow().set.clone().ok_or(NeverFetched)
    }

    /// Whether nothing has changed since that set was current.
    pub(super) fn is_current(&self, set: &Arc<KeySet>) -> bool {
        self.state.borrow().set.as_ref().is_some_and(|current| Arc::ptr_eq(current, set))
    }

    /// Returns when that set is no longer current.
    pub(super) fn replaced(&self, set: Arc<KeySet>) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.state.clone();
        async move {
            let is_other = |state: &State| !state.set.as_ref().is_some_and(|current| Arc::ptr_eq(current, &set));
            if state.wait_for(is_other).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How many fetches must have ended before it is worthwhile to look again; none if it is not.
    fn target(&self, state: &State) -> Option<u64> {
        let under_way = (state.begun > state.ended).then_some(state.begun);
        if state.set.is_none() && under_way.is_some() {
            return under_way;
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = asked.filter(|before| before.at.elapsed() < self.freshness.asked_every) {
            return if state.ended < before.target { Some(before.target) } else { under_way };
        }
        let target = state.begun + 1;
        *asked = Some(Asked { at: Instant::now(), target });
        self.wanted.notify_one();
        Some(target)
    }
}

impl Drop for KeyCache {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why there is no newer set.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    NoKeySet(#[from] NoKeySet),
}

struct Refreshing {
    issuer: String,
    source: KeySource,
    client: Client,
    freshness: Freshness,
    state: watch::Sender<State>,
    wanted: Arc<Notify>,
    /// What the current set was read from.
    body: Vec<u8>,
}

impl Refreshing {
    async fn run(mut self) {
        let Freshness { retry, every, .. } = self.freshness;
        let mut backoff = Backoff::new(retry, every.max(retry)).unwrap_or_default();
        loop {
            let refreshed = self.refresh().await;
            self.state.send_modify(|state| state.ended += 1);
            let rest = match refreshed {
                Ok(()) => {
                    backoff.reset();
                    self.freshness.rest()
                }
                Err(error) => {
                    let rest = backoff.next_delay();
                    let (issuer, source) = (&self.issuer, &self.source);
                    let has_keys = self.state.borrow().set.is_some();
                    tracing::warn!(issuer, %source, %error, has_keys, ?rest, "an issuer's keys were not to be had");
                    rest
                }
            };
            // That somebody asks meanwhile is as good as that the time is over.
            let _ = tokio::time::timeout(rest, self.wanted.notified()).await;
            self.state.send_modify(|state| state.begun += 1);
        }
    }

    /// The set is only exchanged when it has changed: tokens that were verified with it stay verified.
    async fn refresh(&mut self) -> Result<(), RefreshError> {
        let body = self.source.fetch(&self.client, self.freshness.within).await?;
        let before = self.state.borrow().set.clone();
        if before.is_some() && body == self.body {
            return Ok(());
        }
        let set = KeySet::read(&body)?;
        let (issuer, source) = (&self.issuer, &self.source);
        for key in set.newly_left_out(before.as_deref()) {
            tracing::warn!(issuer, %source, %key, "a key of an issuer is not used");
        }
        tracing::info!(issuer, %source, keys = set.len(), "an issuer's keys are new");
        self.body = body;
        self.state.send_modify(|state| state.set = Some(Arc::new(set)));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
