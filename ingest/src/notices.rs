//! Change notices: Redis tells on one channel which payments and payment methods changed, and whoever waits for one of them looks again.
//!
//! A notice says only *that* something changed. Missing one is harmless but slow, so waiters also look by themselves now
//! and then, and all of them are woken when the connection comes back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use quittance_avro::{cache, ids::AggregateId};
use quittance_service::{backoff::Backoff, shutdown::Shutdown};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// Who waits for what. Cheap to clone.
#[derive(Clone, Default)]
pub struct Notices {
    waiting: Arc<Mutex<HashMap<AggregateId, Slot>>>,
}

/// The sender is dropped with the last waiter. It counts notices only to tell one from the next.
struct Slot {
    notices: watch::Sender<u64>,
    waiters: usize,
}

/// One who waits; dropped when the wait is over.
pub(crate) struct Waiter {
    notices: Notices,
    id: AggregateId,
    told: watch::Receiver<u64>,
}

impl Notices {
    /// Waits for a payment, or payment method, from now on: a change after this call is not missed.
    pub(crate) fn subscribe(&self, id: impl Into<AggregateId>) -> Waiter {
        let id = id.into();
        let mut waiting = self.lock();
        let slot = waiting.entry(id).or_insert_with(|| Slot { notices: watch::Sender::new(0), waiters: 0 });
        slot.waiters += 1;
        Waiter { notices: self.clone(), id, told: slot.notices.subscribe() }
    }

    /// Listens until shutdown, and connects again whenever the connection breaks.
    pub async fn listen(&self, client: redis::Client, prefix: String, shutdown: Shutdown) {
        let channel = cache::notices_channel(&prefix);
        let mut backoff = Backoff::default();
        while !shutdown.is_requested() {
            tokio::select! {
                () = shutdown.requested() => return,
                ended = self.listen_once(&client, &channel, &mut backoff) => {
                    let why = ended.err().map_or_else(|| "it was closed".to_owned(), |error| error.to_string());
                    tracing::warn!(why, "no change notices from Redis; connecting again");
                }
            }
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(backoff.next_delay()) => {}
            }
        }
    }

    async fn listen_once(
        &self,
        client: &redis::Client,
        channel: &str,
        backoff: &mut Backoff,
    ) -> Result<(), redis::RedisError> {
        let mut pubsub = client.get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        backoff.reset();
        self.wake_all();
        let mut messages = pubsub.on_message();
        while let Some(message) = messages.next().await {
            if let Some(id) = message.get_payload::<String>().ok().and_then(|text| text.parse().ok()) {
                self.wake(id);
            }
        }
        Ok(())
    }

    fn wake(&self, id: AggregateId) {
        if let Some(slot) = self.lock().get(&id) {
            slot.wake();
        }
    }

    fn wake_all(&self) {
        self.lock().values().for_each(Slot::wake);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AggregateId, Slot>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn wake(&self) {
        self.notices.send_modify(|count| *count += 1);
    }
}

impl Waiter {
    /// Waits until it may have changed since the last call, but no longer than the pause and not beyond the
    /// deadline. True if it was told so.
    pub(crate) async fn changed(&mut self, pause: Duration, deadline: Instant) -> bool {
        // The slot, and with it the sender, stays for as long as there is a waiter.
        timeout_at(deadline.min(Instant::now() + pause), self.told.changed()).await.is_ok()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.notices.lock();
        if let Some(slot) = waiting.get_mut(&self.id) {
            slot.waiters -= 1;
            if slot.waiters == 0 {
                waiting.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::ids::{PaymentId, derive};

    use super::*;

    #[tokio::test]
    async fn a_notice_between_subscribing_and_waiting_is_not_missed() {
        let (notices, id) = (Notices::default(), AggregateId::from(PaymentId::new(derive(&["a"]))));
        let [mut one, mut two] = [notices.subscribe(id), notices.subscribe(id)];
        notices.wake(id);
        let deadline = Instant::now() + Duration::from_secs(60);
        for waiter in [&mut one, &mut two] {
            assert!(waiter.changed(Duration::from_secs(60), deadline).await);
            assert!(!waiter.changed(Duration::ZERO, deadline).await, "one notice is one change");
        }
    }

    #[tokio::test]
    async fn the_last_waiter_leaves_nothing_behind() {
        let (notices, id) = (Notices::default(), AggregateId::from(PaymentId::new(derive(&["a"]))));
        let (one, two) = (notices.subscribe(id), notices.subscribe(id));
        drop(one);
        assert_eq!(notices.lock().len(), 1);
        drop(two);
        assert_eq!(notices.lock().len(), 0);
        notices.wake(id);
    }
}
