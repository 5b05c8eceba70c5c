//! Change notices: Redis tells on one channel which payments changed, and whoever waits for one of them looks again.
//!
//! A notice says only *that* something changed. Missing one is harmless but slow, so waiters also look by themselves now
//! and then, and all of them are woken when the connection comes back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::StreamExt;
use quittance_avro::{cache, ids::PaymentId};
use quittance_service::{backoff::Backoff, shutdown::Shutdown};
use tokio::sync::Notify;

/// Who waits for which payment. Cheap to clone.
#[derive(Clone, Default)]
pub struct Notices {
    waiting: Arc<Mutex<HashMap<PaymentId, Slot>>>,
}

struct Slot {
    notify: Arc<Notify>,
    waiters: usize,
}

/// One who waits; dropped when the wait is over.
pub(crate) struct Waiter {
    notices: Notices,
    id: PaymentId,
    notify: Arc<Notify>,
}

impl Notices {
    /// Waits for a payment from now on: a change after this call is not missed.
    pub(crate) fn subscribe(&self, id: PaymentId) -> Waiter {
        let mut waiting = self.lock();
        let slot = waiting.entry(id).or_insert_with(|| Slot { notify: Arc::new(Notify::new()), waiters: 0 });
        slot.waiters += 1;
        Waiter { notices: self.clone(), id, notify: Arc::clone(&slot.notify) }
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

    fn wake(&self, id: PaymentId) {
        if let Some(slot) = self.lock().get(&id) {
            slot.wake();
        }
    }

    fn wake_all(&self) {
        self.lock().values().for_each(Slot::wake);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PaymentId, Slot>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn wake(&self) {
        // Those who are waiting now, and one who subscribed but does not wait yet.
        self.notify.notify_waiters();
        self.notify.notify_one();
    }
}

impl Waiter {
    /// Returns when the payment may have changed since the last call.
    pub(crate) async fn changed(&self) {
        self.notify.notified().await;
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
    use quittance_avro::ids::derive;

    use super::*;

    #[tokio::test]
    async fn a_notice_between_subscribing_and_waiting_is_not_missed() {
        let (notices, id) = (Notices::default(), PaymentId::new(derive(&["a"])));
        let waiter = notices.subscribe(id);
        notices.wake(id);
        waiter.changed().await;
    }

    #[tokio::test]
    async fn the_last_waiter_leaves_nothing_behind() {
        let (notices, id) = (Notices::default(), PaymentId::new(derive(&["a"])));
        let (one, two) = (notices.subscribe(id), notices.subscribe(id));
        drop(one);
        assert_eq!(notices.lock().len(), 1);
        drop(two);
        assert_eq!(notices.lock().len(), 0);
        notices.wake(id);
    }
}
