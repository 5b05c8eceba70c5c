//! Those who wait for news of something, and how they are woken.
//!
//! A wake-up says only *that* there may be news. It is not lost if it comes before the wait, and two of them may be one.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// Who waits for what. Cheap to clone.
pub(crate) struct Waiting<K> {
    slots: Arc<Mutex<HashMap<K, Slot>>>,
}

/// The sender is dropped with the last waiter. It counts wake-ups only to tell one from the next.
struct Slot {
    wakes: watch::Sender<u64>,
    waiters: usize,
}

/// One who waits; dropped when the wait is over.
pub(crate) struct Waiter<K: Eq + Hash> {
    waiting: Waiting<K>,
    key: K,
    told: watch::Receiver<u64>,
}

impl<K> Clone for Waiting<K> {
    fn clone(&self) -> Self {
        Self { slots: Arc::clone(&self.slots) }
    }
}

impl<K> Default for Waiting<K> {
    fn default() -> Self {
        Self { slots: Arc::default() }
    }
}

impl<K: Clone + Eq + Hash> Waiting<K> {
    /// Waits for news of it from now on: what comes after this call is not missed.
    pub(crate) fn subscribe(&self, key: K) -> Waiter<K> {
        let mut slots = self.lock();
        let slot = slots.entry(key.clone()).or_insert_with(|| Slot { wakes: watch::Sender::new(0), waiters: 0 });
        slot.waiters += 1;
        Waiter { waiting: self.clone(), key, told: slot.wakes.subscribe() }
    }
}

impl<K: Eq + Hash> Waiting<K> {
    /// Wakes those who wait for it.
    pub(crate) fn wake(&self, key: &K) {
        if let Some(slot) = self.lock().get(key) {
            slot.wake();
        }
    }

    /// Wakes everybody.
    pub(crate) fn wake_all(&self) {
        self.lock().values().for_each(Slot::wake);
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn wake(&self) {
        self.wakes.send_modify(|count| *count += 1);
    }
}

impl<K: Eq + Hash> Waiter<K> {
    /// Waits until there may be news since the last call.
    pub(crate) async fn told(&mut self) {
        // The slot, and with it the sender, stays for as long as there is a waiter.
        let _ = self.told.changed().await;
    }

    /// The same, but no longer than the pause and not beyond the deadline. True if there may be news.
    pub(crate) async fn changed(&mut self, pause: Duration, deadline: Instant) -> bool {
        timeout_at(deadline.min(Instant::now() + pause), self.told()).await.is_ok()
    }
}

impl<K: Eq + Hash> Drop for Waiter<K> {
    fn drop(&mut self) {
        let mut slots = self.waiting.lock();
        if let Some(slot) = slots.get_mut(&self.key) {
            slot.waiters -= 1;
            if slot.waiters == 0 {
                slots.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_between_subscribing_and_waiting_are_not_missed() {
        let waiting = Waiting::default();
        let [mut one, mut two] = [waiting.subscribe("a"), waiting.subscribe("a")];
        waiting.wake(&"a");
        let deadline = Instant::now() + Duration::from_secs(60);
        for waiter in [&mut one, &mut two] {
            assert!(waiter.changed(Duration::from_secs(60), deadline).await);
            assert!(!waiter.changed(Duration::ZERO, deadline).await, "one wake-up is one change");
        }
    }

    #[tokio::test]
    async fn the_last_waiter_leaves_nothing_behind() {
        let waiting = Waiting::default();
        let (one, two) = (waiting.subscribe("a"), waiting.subscribe("a"));
        drop(one);
        assert!(!waiting.is_empty());
        drop(two);
        assert!(waiting.is_empty());
        waiting.wake(&"a");
    }
}
